"""Whatever is sent: an answer, never status 5xx, and always well-formed GraphQL errors with codes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.server.app import RouterApp, create_app
from router.server.config import RouterConfig
from tests.server.shop import SUPERGRAPH, ShopTransport

FUZZ = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def app() -> Iterator[RouterApp]:
    config = RouterConfig.model_validate({"batching": {"enabled": True}, "csrf": {"enabled": False}})
    router = create_app(SUPERGRAPH, config=config, transport=ShopTransport())
    yield router
    router.pipeline.close()


def send(app: RouterApp, request: Callable[[httpx.AsyncClient], Awaitable[httpx.Response]]) -> httpx.Response:
    """Run one request on a loop of its own; hypothesis calls synchronous tests."""

    async def sending() -> httpx.Response:
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://router.test") as client:
            return await request(client)

    return asyncio.run(sending())


def check(response: httpx.Response) -> None:
    assert response.status_code < 500, response.text
    payload = response.json()
    for part in payload if isinstance(payload, list) else [payload]:
        assert part
        assert set(part) <= {"data", "errors", "extensions"}
        assert "errors" not in part or part["errors"]
        for error in part.get("errors", ()):
            assert isinstance(error["message"], str)
            assert error["message"]
            assert isinstance(error["extensions"]["code"], str)
            assert "Traceback" not in error["message"]
            assert error["extensions"]["code"] != "INTERNAL_SERVER_ERROR"
            for place in error.get("locations", ()):
                assert place["line"] >= 1
                assert place["column"] >= 1
        if "data" not in part:
            assert response.status_code != 294


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)

# Words of the grammar and of the schema, in any order: many are nearly right.
WORDS = [
    *("{", "}", "(", ")", "[", "]", ":", "!", "$", "@", "...", "=", ",", "|", "&"),
    *("query", "mutation", "subscription", "fragment", "on", "F", "Q", "product", "products", "related", "reviews"),
    *("stars", "name", "id", "echo", "broken", "review", "__typename", "__schema", "__type", "types", "Query"),
    *("Product", "Review", "Filter", "Size", "SMALL", "JSON", "Int", "ID", "$id", "$f", "first", "filter", "size"),
    *("value", "text", "1", "-1", "1.5", "1e999", '"a"', '"""b"""', "null", "true", "@skip(if: true)"),
    *("@include(if: $x)", "a:", "#x\n", "\ufeff", "\u0000", "\ud7ff", "🦊", "99999999999999999999"),
]
word_soup = st.lists(st.sampled_from(WORDS), max_size=40).map(" ".join)


@st.composite
def nearly_valid(draw: st.DrawFn) -> str:
    """A document of the shop's fields, nested at random, sometimes with unknown or badly used ones."""

    def selections(depth: int, names: list[str]) -> str:
        chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=4))
        return " ".join(one(name, depth) for name in chosen)

    def one(name: str, depth: int) -> str:
        alias = draw(st.sampled_from(["", "", "a: ", "name: ", "id: "]))
        condition = draw(st.sampled_from(["", "", "", " @skip(if: $s)", " @include(if: $i)", " @skip(if: true)"]))
        below = {
            "related": PRODUCT_FIELDS,
            "products": PRODUCT_FIELDS,
            "product": PRODUCT_FIELDS,
            "reviews": REVIEW_FIELDS,
        }
        arguments = {"product": "(id: $id)", "products": draw(st.sampled_from(["", "(first: $n)"]))}.get(name, "")
        if name not in below:
            return f"{alias}{name}{condition}"
        if depth == 0:
            return "__typename"
        return f"{alias}{name}{arguments}{condition} {{ {selections(depth - 1, below[name])} }}"

    PRODUCT_FIELDS = ["id", "name", "related", "reviews", "__typename", "nope"]  # noqa: N806
    REVIEW_FIELDS = ["stars", "__typename"]  # noqa: N806
    head = "query Q($id: ID = 1, $n: Int, $s: Boolean = false, $i: Boolean! = true)"
    return f"{head} {{ {selections(4, ['product', 'products', '__typename', 'broken'])} }}"


documents = word_soup | nearly_valid() | st.text(max_size=60)
envelopes = st.fixed_dictionaries(
    {"query": documents | json_values},
    optional={
        "variables": st.dictionaries(st.sampled_from(["id", "n", "s", "i", "x"]), json_values, max_size=4)
        | json_values,
        "operationName": st.sampled_from(["Q", "F", "", "X"]) | json_values,
        "extensions": json_values,
        "other": json_values,
    },
)
accepts = st.sampled_from(["application/json", "application/graphql-response+json", "*/*"])


@FUZZ
@given(body=st.binary(max_size=200) | json_values.map(orjson.dumps), accept=accepts)
def test_any_body(app: RouterApp, body: bytes, accept: str) -> None:
    headers = {"content-type": "application/json", "accept": accept}
    check(send(app, lambda client: client.post("/graphql", content=body, headers=headers)))


@FUZZ
@given(envelope=envelopes | st.lists(envelopes, max_size=4), accept=accepts)
def test_any_envelope(app: RouterApp, envelope: Any, accept: str) -> None:
    headers = {"content-type": "application/json", "accept": accept}
    try:
        body = orjson.dumps(envelope)
    except TypeError:  # a lone surrogate or a number beyond JSON's
        return
    check(send(app, lambda client: client.post("/graphql", content=body, headers=headers)))


@FUZZ
@given(query=nearly_valid(), variables=st.dictionaries(st.sampled_from(["id", "n", "s", "i"]), json_values, max_size=4))
def test_any_operation(app: RouterApp, query: str, variables: dict[str, Any]) -> None:
    body = orjson.dumps({"query": query, "variables": variables})
    headers = {"content-type": "application/json", "accept": "application/graphql-response+json"}
    check(send(app, lambda client: client.post("/graphql", content=body, headers=headers)))


@FUZZ
@given(
    parameters=st.dictionaries(
        st.sampled_from(["query", "variables", "operationName", "extensions", "x"]),
        documents | json_values.map(lambda value: orjson.dumps(value).decode()),
        max_size=5,
    ),
    raw=st.none() | st.text(alphabet="query=&%7B_typename+;é", max_size=40),
    accept=accepts,
)
def test_any_url(app: RouterApp, parameters: dict[str, str], raw: str | None, accept: str) -> None:
    query_string = urlencode(parameters, errors="replace") if raw is None else raw
    check(send(app, lambda client: client.get(f"/graphql?{query_string}", headers={"accept": accept})))


@FUZZ
@given(
    method=st.sampled_from(["POST", "GET", "PUT", "OPTIONS", "DELETE"]),
    path=st.sampled_from(["/graphql", "/", "/health", "/x", "/graphql/"]),
    headers=st.dictionaries(
        st.sampled_from(
            ["content-type", "accept", "content-length", "content-encoding", "x-request-id", "cookie", "origin"]
        ),
        st.text(alphabet=st.characters(min_codepoint=32, max_codepoint=126), max_size=30),
        max_size=5,
    ),
)
def test_any_headers(app: RouterApp, method: str, path: str, headers: dict[str, str]) -> None:
    response = send(app, lambda client: client.request(method, path, content=b'{"query": "{a}"}', headers=headers))
    assert response.status_code < 500
    if response.status_code >= 400:
        check(response)
