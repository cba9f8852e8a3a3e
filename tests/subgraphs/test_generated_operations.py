"""Generated operations against every subgraph, served as in production: no 5xx, no internal detail in any error."""

import asyncio
import importlib
import os
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from graphql import build_schema, introspection_from_schema, parse_value
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from brain.embedded.ports import free_port
from resolvers.demo import demo_id
from resolvers.settings import Settings
from subgraphs import CONTEXTS

INTERNAL = re.compile(
    r"Traceback|File \"|\.py\b|sqlalchemy|asyncpg|strawberry|redis|Errno|/(usr|home|root|tmp|opt)/"
    r"|\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\s|current_setting|pg_|127\.0\.0\.1"
    r"|object at 0x|Exception|KeyError|TypeError|ValueError|NoneType",
)

_known = (("user", "ada"), ("lead", "l001"), ("business", "b001"), ("instrument", "coin"))
_ids = [str(demo_id("acme", kind, key)) for kind, key in _known]
_times = ["2026-01-05T09:00:00Z", "2026-01-05T09:00:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "", "x"]
schemathesis.graphql.scalar("DateTime", st.sampled_from(_times).map(lambda time: parse_value(f'"{time}"')))
schemathesis.graphql.scalar("Time", st.sampled_from(["09:00", "24:00", "", "x"]).map(lambda t: parse_value(f'"{t}"')))
schemathesis.graphql.scalar(
    "JSON", st.sampled_from(["{}", '{a: [1, 2.5, null, "x"]}', "[]", '"x"', "1"]).map(parse_value)
)
schemathesis.graphql.scalar(
    "Micros", st.sampled_from(["0", "1000", "9007199254740991", "-1", "1.5", '"1"']).map(parse_value)
)
schemathesis.graphql.scalar("Date", st.sampled_from(["2026-03-02", ""]).map(lambda day: parse_value(f'"{day}"')))
schemathesis.graphql.scalar(
    "ExactDecimal", st.sampled_from(['"19.90"', "0", "-1", '"1e400"', '"x"', "99999999999999"]).map(parse_value)
)
schemathesis.graphql.scalar("Upload", st.sampled_from(['"x"', "1", "{}"]).map(parse_value))  # no file at all
schemathesis.graphql.scalar(
    "_Any",
    st.builds(
        lambda type_name, entity: parse_value(f'{{__typename: "{type_name}", id: "{entity}"}}'),
        st.sampled_from(["Account", "Tenant", "Lead", "Contact", "Business", "AgentRun", "Instrument", "Query", ""]),
        st.sampled_from([*_ids, "", "x"]),
    ),
)


@pytest.fixture(scope="module")
async def served(subgraph_settings: Settings, start_subgraph: Callable[[str], Awaitable[Any]]) -> AsyncIterator[str]:
    """The base URL of `python -m subgraphs serve` with all contexts. It takes events, too: nothing runs beside it."""
    for name in CONTEXTS:
        await start_subgraph(name)
    port = free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("BRAIN_")},
        "BRAIN_DATABASE_URL": subgraph_settings.database_url.get_secret_value(),
        "BRAIN_DATABASE_APP_PASSWORD": subgraph_settings.database_app_password.get_secret_value(),
        "BRAIN_REDIS_URL": subgraph_settings.redis_url.get_secret_value(),
        "BRAIN_CONTEXT_KEYS_FILE": str(subgraph_settings.context_keys_file),
        "BRAIN_IDENTITY_PRIVATE_KEY_FILE": str(subgraph_settings.identity_private_key_file),
        "BRAIN_LOG_LEVEL": "warning",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "subgraphs", "serve", "--port", str(port),
        cwd=Path(__file__).parents[2], env=environment,
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}"
    try:
        async with httpx.AsyncClient() as client, asyncio.timeout(120):
            for name in CONTEXTS:
                while True:
                    assert process.returncode is None
                    try:
                        if (await client.get(f"{url}/{name}/health")).status_code == 200:
                            break
                    except httpx.TransportError:
                        pass
                    await asyncio.sleep(0.1)
        yield url
    finally:
        process.terminate()
        async with asyncio.timeout(60):
            assert await process.wait() in {0, -15}


def _schema(context: str) -> schemathesis.BaseSchema:
    """Read from the SDL when tests are collected, so that every field becomes a test of its own."""
    sdl = importlib.import_module(f"subgraphs.{context}.app").sdl()
    known = build_schema(sdl, assume_valid=True, assume_valid_sdl=True)
    return schemathesis.graphql.from_dict({"data": introspection_from_schema(known)})


bounded = settings(
    max_examples=5,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@_schema("identity").parametrize()
@bounded
def test_identity(case: schemathesis.Case, served: str, sign_context: Any) -> None:
    # `internal` too: what only the Brain may ask must hold as well.
    check(
        case,
        f"{served}/identity/graphql",
        sign_context("identity", scopes=["identity:read", "identity:write", "identity:admin", "internal"]),
    )


@_schema("crm").parametrize()
@bounded
def test_crm(case: schemathesis.Case, served: str, sign_context: Any) -> None:
    check(case, f"{served}/crm/graphql", sign_context("crm"))


@_schema("directory").parametrize()
@bounded
def test_directory(case: schemathesis.Case, served: str, sign_context: Any) -> None:
    check(case, f"{served}/directory/graphql", sign_context("directory"))


@_schema("agents").parametrize()
@bounded
def test_agents(case: schemathesis.Case, served: str, sign_context: Any) -> None:
    scopes = ["agents:read", "agents:write", "agents:approve", "agents:admin", "internal"]
    check(case, f"{served}/agents/graphql", sign_context("agents", scopes=scopes))


@_schema("storefront").parametrize()
@bounded
def test_storefront(case: schemathesis.Case, served: str, sign_context: Any) -> None:
    check(case, f"{served}/storefront/graphql", sign_context("storefront"))


@_schema("gaming").parametrize()
@bounded
def test_gaming(case: schemathesis.Case, served: str, sign_context: Any) -> None:
    check(case, f"{served}/gaming/graphql", sign_context("gaming"))


@_schema("trading").parametrize()
@bounded
def test_trading(case: schemathesis.Case, served: str, sign_context: Any) -> None:
    check(case, f"{served}/trading/graphql", sign_context("trading"))


@_schema("analytics").parametrize()
@bounded
def test_analytics(case: schemathesis.Case, served: str, sign_context: Any) -> None:
    check(case, f"{served}/analytics/graphql", sign_context("analytics"))


@_schema("campaigns").parametrize()
@bounded
def test_campaigns(case: schemathesis.Case, served: str, sign_context: Any) -> None:
    check(case, f"{served}/campaigns/graphql", sign_context("campaigns"))


@_schema("content").parametrize()
@bounded
def test_content(case: schemathesis.Case, served: str, sign_context: Any) -> None:
    check(case, f"{served}/content/graphql", sign_context("content"))


@_schema("sourcing").parametrize()
@bounded
def test_sourcing(case: schemathesis.Case, served: str, sign_context: Any) -> None:
    check(case, f"{served}/sourcing/graphql", sign_context("sourcing"))


@_schema("notifications").parametrize()
@bounded
def test_notifications(case: schemathesis.Case, served: str, sign_context: Any) -> None:
    check(case, f"{served}/notifications/graphql", sign_context("notifications"))


def check(case: schemathesis.Case, url: str, header: str) -> None:
    response = case.call(base_url=url, headers={"x-brain-context": header})
    assert response.status_code < 500, response.text
    assert response.status_code != 401, response.text
    body = response.json()
    assert "data" in body or "errors" in body
    for error in body.get("errors", ()):
        shown = str({name: value for name, value in error.items() if name != "path"})
        assert set(error) <= {"message", "locations", "path", "extensions"}, shown
        assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR", f"{shown}\n{case.body}"
        assert not INTERNAL.search(shown), shown
