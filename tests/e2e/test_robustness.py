"""Generated operations against the whole platform: whatever is asked, no server error and no internal detail."""

import re

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.core.transport import Response

from .conftest import Platform

pytestmark = pytest.mark.stack

INTERNAL = re.compile(
    r"Traceback|File \"|\.py\b|sqlalchemy|asyncpg|psycopg|strawberry|aiohttp|Errno"
    r"|/(usr|home|root|tmp|work|opt)/"
    r"|\b(SELECT|INSERT INTO|UPDATE|DELETE FROM)\s|current_setting|pg_|127\.0\.0\.1|localhost"
    r"|object at 0x|Exception|KeyError|TypeError|ValueError|NoneType"
)
"""What must not be in any error message: where the code is, what it is written in, what it asks the database."""


@pytest.fixture(scope="session")
def brain_schema(platform: Platform) -> schemathesis.BaseSchema:
    return schemathesis.graphql.from_url(f"{platform.url}/graphql")


schema = schemathesis.pytest.from_fixture("brain_schema")


@schema.parametrize()
@settings(
    max_examples=6,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_generated_operations(case: schemathesis.Case, platform: Platform) -> None:
    response = case.call(headers={"authorization": f"Bearer {platform.token('ben@globex')}"})
    check(response)


def check(response: Response | httpx.Response) -> None:
    assert response.status_code < 500, response.text
    body = response.json()
    for error in body.get("errors", ()):
        shown = str({name: value for name, value in error.items() if name != "path"})
        assert not INTERNAL.search(shown), shown
        assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR", shown
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
    "{" + "me {" * 500 + "id" + "}" * 501,
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
        (b'{"query": "{ me { id } }", "variables": []}', {}),
        (b'{"query": "{ me { id } }", "variables": {"a": ' + b"[" * 2000 + b"]" * 2000 + b"}}", {}),
        (b"\xff\xfe", {}),
        (b'{"query": "{ me { id } }"}', {"content-type": "text/plain"}),
        (b'{"query": "{ me { id } }"}', {"accept": "text/html"}),
        (b'{"query": "{ me { id } }"}', {"accept": "image/png"}),
        (b'{"query": "{ me { id } }"}', {"x-tenant": "\x7f"}),
        (b'{"query": "{ me { id } }"}', {"authorization": "Bearer \xe9"}),
    ],
)
def test_broken_requests(platform: Platform, content: bytes, headers: dict[str, str]) -> None:
    sent = {"content-type": "application/json"} | headers
    raw = {name: value.encode("latin-1") for name, value in sent.items()}
    check(platform.client.post("/graphql", content=content, headers=raw))
