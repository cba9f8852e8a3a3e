"""Generated operations against the whole platform: whatever is asked, no server error and no internal detail."""

import re

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.core.transport import Response
from schemathesis.graphql import nodes

from .conftest import Platform

pytestmark = pytest.mark.stack

INTERNAL = re.compile(
    r"Traceback|File \"|\.py\b|sqlalchemy|asyncpg|psycopg|strawberry|aiohttp|Errno"
    r"|/(usr|home|root|tmp|work|opt)/"
    r"|\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\s|current_setting|pg_|127\.0\.0\.1|localhost"
    r"|object at 0x|Exception|KeyError|TypeError|ValueError|NoneType"
)
"""What must not be in any error message: where the code is, what it is written in, what it asks the database."""


schemathesis.graphql.scalar("DateTime", st.sampled_from(["2026-01-05T09:00:00Z", "x"]).map(nodes.String))
schemathesis.graphql.scalar("Time", st.sampled_from(["09:00", "24:00", "x"]).map(nodes.String))
schemathesis.graphql.scalar("Micros", st.sampled_from(["0", "1000", "-1", "x"]).map(nodes.String))
schemathesis.graphql.scalar("ExactDecimal", st.sampled_from(["19.90", "-1", "1e400", "x"]).map(nodes.String))
schemathesis.graphql.scalar("PositiveDecimal", st.sampled_from(["19.90", "-1", "x"]).map(nodes.String))
schemathesis.graphql.scalar("GenericScalar", st.sampled_from(["", "x", "{}"]).map(nodes.String))
schemathesis.graphql.scalar("JSONString", st.sampled_from(["", "x", "{}"]).map(nodes.String))
schemathesis.graphql.scalar("JSON", st.sampled_from(["", "x", "{}"]).map(nodes.String))


def test_generated_operations(platform: Platform) -> None:
    """Every root field with generated arguments and selections; mutations, too."""
    schema = schemathesis.graphql.from_url(f"{platform.url}/graphql")
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 40
    for operation in operations:
        attempts(operation, platform)


def attempts(operation: schemathesis.schemas.APIOperation, platform: Platform) -> None:
    """A few generated calls of one root field, as somebody who may do nearly everything."""

    @settings(
        max_examples=3,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def attempt(case: schemathesis.Case) -> None:
        response = case.call(headers={"authorization": f"Bearer {platform.token('ben@globex')}"})
        check(response, f"{operation.label}: {case.body}")

    attempt()


def check(response: Response | httpx.Response, asked: str = "") -> None:
    assert response.status_code < 500, f"{response.text}\n{asked}"
    body = response.json()
    for error in body.get("errors", ()):
        shown = str({name: value for name, value in error.items() if name != "path"})
        assert not INTERNAL.search(shown), f"{shown}\n{asked}"
        assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR", f"{shown}\n{asked}"
        assert set(error) <= {"message", "locations", "path", "extensions"}


BROKEN = [
    "",
    "{",
    "query {",
    "{ nope }",
    "{ businesses(first: -1) { totalCount } }",
    "{ businesses(first: 100000) { totalCount } }",
    '{ businesses(after: "nonsense", first: 1) { totalCount edges { node { id } } } }',
    '{ business(id: "not a uuid") { id } }',
    '{ business(id: "\\u0000") { id } }',
    '{ searchBusinesses(query: "\\u0000") { totalCount } }',
    '{ searchBusinesses(query: "a & | ! ( \' :*") { totalCount } }',
    "{ ...A } fragment A on Query { ...A }",
    "subscription { x }",
    "{ __schema { types { fields { type { ofType { ofType { ofType { name } } } } } } } }",
    "{ " + "a" * 250_000 + " }",
    "{" + "viewer {" * 500 + "id" + "}" * 501,
]


@pytest.mark.parametrize("query", BROKEN, ids=lambda q: q[:40])
def test_broken_operations(platform: Platform, query: str) -> None:
    check(platform.ask(query, user="ben@globex"))


@pytest.mark.parametrize(
    ("content", "headers"),
    [
        (b"", {}),
        (b"{", {}),
        (b"[]", {}),
        (b"null", {}),
        (b'"text"', {}),
        (b'{"query": 1}', {}),
        (b'{"query": "{ viewer { id } }", "variables": []}', {}),
        (b'{"query": "{ viewer { id } }", "variables": {"a": ' + b"[" * 2000 + b"]" * 2000 + b"}}", {}),
        (b"\xff\xfe", {}),
        (b'{"query": "{ viewer { id } }"}', {"content-type": "text/plain"}),
        (b'{"query": "{ viewer { id } }"}', {"accept": "text/html"}),
        (b'{"query": "{ viewer { id } }"}', {"accept": "image/png"}),
        (b'{"query": "{ viewer { id } }"}', {"x-tenant": "\xe9"}),
        (b'{"query": "{ viewer { id } }"}', {"authorization": "Bearer \xe9"}),
    ],
)
def test_broken_requests(platform: Platform, content: bytes, headers: dict[str, str]) -> None:
    sent = {"content-type": "application/json"} | headers
    raw = {name: value.encode("latin-1") for name, value in sent.items()}
    check(platform.client.post("/graphql", content=content, headers=raw))
