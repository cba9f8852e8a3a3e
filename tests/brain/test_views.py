"""Who sees which part of the platform's graph: API keys the partner view, everybody else the full schema."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from brain.app import create_brain_app
from brain.config import BrainSettings
from router import load_contract, load_supergraph, view_of
from router.commands.compose import VIEW_HEADER

from .conftest import ACME, Identity

SCHEMA = Path(__file__).parents[2] / "schema"
KEY = "bk_abcdefgh_secret"
EVERYTHING = """{
  __schema { mutationType { name } types { name } }
  query: __type(name: "Query") { fields { name } }
  account: __type(name: "Account") { fields { name } }
}"""


@pytest.fixture
def settings(identity: Identity, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BrainSettings:
    monkeypatch.setenv("BRAIN_CONFIG", str(tmp_path / "brain.yaml"))
    (tmp_path / "brain.yaml").write_text("")
    (tmp_path / "context.secret").write_text(identity.context_secret.line())
    identity.api_keys[KEY] = {
        "tenantId": ACME["id"],
        "tenantSlug": "acme",
        "userId": None,
        "roles": [],
        "scopes": ["crm:read", "directory:read", "identity:admin"],
        "plan": "growth",
        "locale": "en-GB",
        "channel": "uk",
    }
    return BrainSettings(
        supergraph=SCHEMA / "supergraph.graphql",
        subgraphs_url=identity.url,
        redis_url=redis_url,
        context_secret_file=tmp_path / "context.secret",
        data_dir=tmp_path,
    )


@pytest.fixture
async def client(settings: BrainSettings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_brain_app(settings)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8001") as client:
            yield client


async def ask(client: httpx.AsyncClient, query: str, **headers: str) -> dict[str, Any]:
    response = await client.post("/graphql", json={"query": query}, headers=headers)
    return dict(response.json())


def codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


def names(items: list[dict[str, str]]) -> set[str]:
    return {item["name"] for item in items}


@pytest.mark.parametrize("header", ["x-api-key", "authorization"])
async def test_an_api_key_sees_the_partner_view(client: httpx.AsyncClient, header: str) -> None:
    credential = {header: KEY if header == "x-api-key" else f"Bearer {KEY}"}
    seen = (await ask(client, EVERYTHING, **credential))["data"]
    assert seen["__schema"]["mutationType"] is None
    assert {"leads", "businesses", "searchBusinesses"} <= names(seen["query"]["fields"])
    assert not {"apiKeys", "accounts", "memberships", "viewer", "roles"} & names(seen["query"]["fields"])
    assert names(seen["account"]["fields"]) == {"id", "name", "assignedLeads"}
    assert not {"ApiKey", "Membership", "AuthTokens"} & names(seen["__schema"]["types"])


async def test_users_and_anonymous_callers_see_everything(client: httpx.AsyncClient, identity: Identity) -> None:
    for credential in ({}, {"authorization": f"Bearer {identity.token()}"}):
        seen = (await ask(client, EVERYTHING, **credential))["data"]
        assert seen["__schema"]["mutationType"] == {"name": "Mutation"}
        assert {"apiKeys", "accounts", "leads"} <= names(seen["query"]["fields"])


@pytest.mark.parametrize(
    "query",
    [
        "{ apiKeys(first: 1) { edges { node { prefix } } } }",
        "{ leads(first: 1) { edges { node { notes } } } }",
        "{ leads(first: 1) { edges { node { assignee { email } } } } }",
        'mutation { logOut(refreshToken: "x") { errors { code } } }',
    ],
)
async def test_what_is_not_for_partners_is_no_field_whatever_the_scopes(
    client: httpx.AsyncClient, identity: Identity, query: str
) -> None:
    assert codes(await ask(client, query, **{"x-api-key": KEY})) == ["GRAPHQL_VALIDATION_FAILED"]
    assert identity.calls == ["api key"], "no subgraph was asked"


async def test_without_the_contract_an_api_key_opens_nothing(
    settings: BrainSettings, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    alone = tmp_path / "supergraph.graphql"
    alone.write_text((SCHEMA / "supergraph.graphql").read_text())
    app = create_brain_app(settings.model_copy(update={"supergraph": alone}))
    assert "API keys will be refused" in caplog.text
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=True)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8001") as client:
            assert codes(await ask(client, "{ __typename }", **{"x-api-key": KEY})) == ["UNKNOWN_VIEW"]
            assert await ask(client, "{ __typename }") == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("name", ["partner", "public"])
def test_committed_views_are_current_and_tell_no_secrets(name: str) -> None:
    supergraph = load_supergraph((SCHEMA / "supergraph.graphql").read_text())
    view = view_of(load_contract(SCHEMA / "contracts" / f"{name}.toml"), supergraph)
    assert f"{VIEW_HEADER}\n{view.sdl}" == (SCHEMA / "contracts" / f"{name}.graphql").read_text()
    assert view.schema.mutation_type is None
    assert "Membership" not in view.sdl
    assert "For the Brain alone" not in view.sdl


def test_the_public_view_names_nobody() -> None:
    sdl = (SCHEMA / "contracts" / "public.graphql").read_text()
    assert "type Business " in sdl
    for word in ("type Account", "Lead", "owner"):
        assert word not in sdl
    # Whose name stands above an article is published; who wrote a review is not.
    told = {line.strip() for line in sdl.splitlines() if "author" in line.lower() and '"""' not in line}
    assert told == {"authors: [ContentAuthor!]!", "type ContentAuthor {", "author: String = null"}
