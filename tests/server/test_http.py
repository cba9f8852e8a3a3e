"""The HTTP form, as clients and proxies see it. Most rows are statements of the GraphQL over HTTP specification."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlencode

import httpx
import orjson
import pytest

from router.server.app import RouterApp
from tests.server.shop import ShopTransport

NEW = "application/graphql-response+json"
OLD = "application/json"
PREFLIGHT = {"graphql-require-preflight": "1"}

Connect = Callable[[RouterApp], httpx.AsyncClient]
MakeApp = Callable[..., RouterApp]


async def post(client: httpx.AsyncClient, body: Any, accept: str | None = NEW, **headers: str) -> httpx.Response:
    content = body if isinstance(body, bytes) else orjson.dumps(body)
    client.headers.pop("accept", None)
    sent = {"content-type": OLD, **({"accept": accept} if accept else {}), **headers}
    return await client.post("/graphql", content=content, headers={k.replace("_", "-"): v for k, v in sent.items()})


async def get(client: httpx.AsyncClient, accept: str = NEW, **parameters: str) -> httpx.Response:
    return await client.get(f"/graphql?{urlencode(parameters)}", headers={"accept": accept, **PREFLIGHT})


async def raw(
    app: RouterApp, method: str, headers: list[tuple[bytes, bytes]], query_string: str = "", *, body_after_s: float = 0
) -> list[Any]:
    """What the application itself sends, before any server or client has touched it."""
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(body_after_s)
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": "/graphql", "headers": headers}
    await app({**scope, "query_string": query_string.encode()}, receive, send)
    return sent


def code_of(response: httpx.Response) -> str:
    errors = response.json()["errors"]
    assert errors
    assert all(isinstance(error["message"], str) for error in errors)
    return str(errors[0]["extensions"]["code"])


# ---- what works -----------------------------------------------------------------------------------------------------


async def test_post(client: httpx.AsyncClient) -> None:
    response = await post(client, {"query": '{ product(id: "1") { name reviews { stars } } }'})
    assert response.status_code == 200
    assert response.json() == {"data": {"product": {"name": "Pen", "reviews": [{"stars": 5}, {"stars": 3}]}}}
    assert response.headers["content-type"] == f"{NEW}; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert "accept" in response.headers["vary"]
    assert len(response.headers["x-request-id"]) == 32


@pytest.mark.parametrize("path", ["/graphql", "/"])
async def test_both_addresses(client: httpx.AsyncClient, path: str) -> None:
    response = await client.post(path, json={"query": "{ __typename }"})
    assert response.json() == {"data": {"__typename": "Query"}}


async def test_get(client: httpx.AsyncClient) -> None:
    query = "query P($id: ID!) { product(id: $id) { name } } query Q { __typename }"
    response = await get(client, query=query, variables='{"id":"2"}', operationName="P", extensions='{"a":1}')
    assert (response.status_code, response.json()) == (200, {"data": {"product": {"name": "Ink"}}})


async def test_head_has_the_headers_of_get_and_no_body(make_app: MakeApp) -> None:
    app = make_app()
    answers = {}
    for method in ("GET", "HEAD"):
        sent = await raw(app, method, [(b"graphql-require-preflight", b"")], urlencode({"query": "{ __typename }"}))
        assert sent[0]["status"] == 200
        headers = dict(sent[0]["headers"])
        answers[method] = (headers[b"content-type"], headers[b"content-length"], sent[1]["body"])
    assert answers["GET"][:2] == answers["HEAD"][:2]
    assert (answers["GET"][2], answers["HEAD"][2]) == (b'{"data":{"__typename":"Query"}}', b"")
    await app.shutdown()


async def test_options_names_the_methods(client: httpx.AsyncClient) -> None:
    response = await client.options("/graphql")
    assert (response.status_code, response.content) == (204, b"")
    assert response.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, POST, PUT"


async def test_health(client: httpx.AsyncClient) -> None:
    response = await client.get("/health")
    assert (response.status_code, response.json()) == (200, {"status": "UP"})
    assert (await client.head("/health")).content == b""
    assert (await client.post("/health")).status_code == 405


async def test_nothing_elsewhere(client: httpx.AsyncClient) -> None:
    response = await client.get("/graphql/nowhere")
    assert response.status_code == 404
    assert code_of(response) == "NOT_FOUND"


# ---- bodies and parameters ------------------------------------------------------------------------------------------

GOOD = [
    {"query": "{ __typename }"},
    {"query": "{ __typename }", "operationName": None, "variables": None, "extensions": None},
    {"query": "{ __typename }", "operationName": "", "variables": {}, "extensions": {}},
    {"query": "{ __typename }", "variables": {"unused": [1]}, "extensions": {"any": {"thing": 1}}, "other": 1},
    {"query": "query A { __typename }", "operationName": "A"},
]


@pytest.mark.parametrize("body", GOOD)
@pytest.mark.parametrize("accept", [NEW, OLD, "*/*", None])
async def test_well_formed(client: httpx.AsyncClient, body: dict[str, Any], accept: str | None) -> None:
    response = await post(client, body, accept)
    assert (response.status_code, response.json()) == (200, {"data": {"__typename": "Query"}})
    assert response.headers["content-type"].startswith(NEW if accept in (NEW, None) else OLD)


NO_STRINGS: list[Any] = [1, True, {}, []]
NO_OBJECTS: list[Any] = [1, True, "{}", []]
TWO = "query A { __typename } query B { __typename }"

# Body, code, status for the new media type, status for application/json.
BAD: list[tuple[Any, str, int, int]] = [
    (b"", "BAD_REQUEST", 400, 400),
    (b"NONSENSE", "BAD_REQUEST", 400, 400),
    (b'{"query":', "BAD_REQUEST", 400, 400),
    (b'{"query": "\xff"}', "BAD_REQUEST", 400, 400),
    (b'{"query": "{ __typename }", "variables": {"a": NaN}}', "BAD_REQUEST", 400, 400),
    ({"query": None}, "BAD_REQUEST", 422, 400),
    ({"qeury": "{ __typename }"}, "BAD_REQUEST", 422, 400),
    ("query", "BAD_REQUEST", 422, 400),
    (None, "BAD_REQUEST", 422, 400),
    (12, "BAD_REQUEST", 422, 400),
    ([], "BATCHING_NOT_ENABLED", 400, 400),
    ([{"query": "{ __typename }"}], "BATCHING_NOT_ENABLED", 400, 400),
    *(({"query": value}, "BAD_REQUEST", 422, 400) for value in NO_STRINGS),
    *(({"query": "{ __typename }", "operationName": value}, "BAD_REQUEST", 422, 400) for value in NO_STRINGS),
    *(({"query": "{ __typename }", "variables": value}, "BAD_REQUEST", 422, 400) for value in NO_OBJECTS),
    *(({"query": "{ __typename }", "extensions": value}, "BAD_REQUEST", 422, 400) for value in NO_OBJECTS),
    ({"extensions": {"persistedQuery": {"version": 1}}}, "BAD_REQUEST", 422, 400),
    ({"extensions": {"persistedQuery": {"version": 1, "sha256Hash": "a"}}}, "PERSISTED_QUERY_NOT_SUPPORTED", 422, 200),
    ({"query": "{"}, "GRAPHQL_PARSE_FAILED", 400, 200),
    ({"query": ""}, "GRAPHQL_PARSE_FAILED", 400, 200),
    ({"query": "{ }"}, "GRAPHQL_PARSE_FAILED", 400, 200),
    ({"query": "{ products { } }"}, "GRAPHQL_PARSE_FAILED", 400, 200),
    ({"query": "{ __typename \ud83d }".encode("utf-8", "replace").decode()}, "GRAPHQL_PARSE_FAILED", 400, 200),
    ({"query": "{ nothing }"}, "GRAPHQL_VALIDATION_FAILED", 400, 200),
    ({"query": "fragment F on Query { __typename }"}, "GRAPHQL_VALIDATION_FAILED", 400, 200),
    ({"query": "type A { a: Int }"}, "GRAPHQL_VALIDATION_FAILED", 400, 200),
    ({"query": "{ __typename }", "operationName": "A"}, "OPERATION_RESOLUTION_FAILURE", 422, 200),
    ({"query": TWO}, "OPERATION_RESOLUTION_FAILURE", 422, 200),
    ({"query": TWO, "operationName": "C"}, "OPERATION_RESOLUTION_FAILURE", 422, 200),
    ({"query": "query ($id: ID!) { product(id: $id) { id } }"}, "BAD_USER_INPUT", 400, 200),
    ({"query": "query ($id: ID!) { product(id: $id) { id } }", "variables": {"id": {}}}, "BAD_USER_INPUT", 400, 200),
]  # fmt: skip


@pytest.mark.parametrize(("body", "code", "new_status", "old_status"), BAD)
async def test_refused(
    client: httpx.AsyncClient, shop: ShopTransport, body: Any, code: str, new_status: int, old_status: int
) -> None:
    for accept, status in ((NEW, new_status), (OLD, old_status)):
        response = await post(client, body, accept)
        assert (response.status_code, code_of(response)) == (status, code)
        assert "data" not in response.json()
        assert response.headers["content-type"] == f"{accept}; charset=utf-8"
    assert not shop.calls


@pytest.mark.parametrize(
    ("query_string", "code", "status"),
    [
        ("", "BAD_REQUEST", 422),
        ("qeury=a", "BAD_REQUEST", 422),
        ("query=%7B__typename%7D&query=%7B__typename%7D", "BAD_REQUEST", 422),
        ("query=%7B__typename%7D&variables=%5B", "BAD_REQUEST", 400),
        ("query=%7B__typename%7D&variables=%5B%5D", "BAD_REQUEST", 422),
        ("query=%7B__typename%7D&extensions=1", "BAD_REQUEST", 422),
        ("query=%FF", "BAD_REQUEST", 400),
        ("query=%7B__typename%7D&operationName=null", "OPERATION_RESOLUTION_FAILURE", 422),
        ("query=%7B", "GRAPHQL_PARSE_FAILED", 400),
    ],
)
async def test_get_refused(client: httpx.AsyncClient, query_string: str, code: str, status: int) -> None:
    response = await client.get(f"/graphql?{query_string}", headers={"accept": NEW, **PREFLIGHT})
    assert (response.status_code, code_of(response)) == (status, code)


async def test_empty_parameters_of_get_are_left_out(client: httpx.AsyncClient) -> None:
    response = await get(client, query="{ __typename }", operationName="", variables="", extensions="")
    assert response.json() == {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("accept", [NEW, OLD])
async def test_get_runs_no_mutation(client: httpx.AsyncClient, shop: ShopTransport, accept: str) -> None:
    query = 'mutation M { review(product: "1", stars: 1) { stars } } query Q { __typename }'
    response = await get(client, accept, query=query, operationName="M")
    assert (response.status_code, code_of(response)) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "POST"
    assert not shop.calls
    assert (await get(client, accept, query=query, operationName="Q")).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "TRACE", "QUERY"])
async def test_other_methods(client: httpx.AsyncClient, method: str) -> None:
    response = await client.request(method, "/graphql", content=b"{}", headers={"content-type": OLD})
    assert (response.status_code, code_of(response)) == (405, "METHOD_NOT_ALLOWED")
    assert response.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, POST, PUT"


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 200),
        ("application/json; charset=utf-8", 200),
        ('Application/JSON ; Charset="UTF-8"', 200),
        ("application/json; charset=latin-1", 415),
        ("application/graphql", 415),
        ("text/plain", 415),
        ("multipart/form-data; boundary=x", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
async def test_content_types(client: httpx.AsyncClient, content_type: str, status: int) -> None:
    response = await client.post(
        "/graphql", content=b'{"query": "{ __typename }"}', headers={"content-type": content_type}
    )
    assert response.status_code == status
    if status == 415:
        assert code_of(response) == "UNSUPPORTED_MEDIA_TYPE"
        assert response.headers["accept-post"] == "application/json"


async def test_post_without_content_type(client: httpx.AsyncClient) -> None:
    assert (await client.post("/graphql", content=b'{"query": "{ __typename }"}')).status_code == 415


async def test_unacceptable(client: httpx.AsyncClient) -> None:
    response = await post(client, {"query": "{ __typename }"}, "text/html")
    assert (response.status_code, code_of(response)) == (406, "NOT_ACCEPTABLE")


async def test_utf8_both_ways(client: httpx.AsyncClient) -> None:
    response = await post(client, {"query": '{ echo(text: "grüße 🦊") }'})
    assert orjson.loads(response.json()["data"]["echo"]) == {"text": "grüße 🦊"}


# ---- errors of execution --------------------------------------------------------------------------------------------


async def test_partial_success(client: httpx.AsyncClient) -> None:
    body = {"query": "{ broken __typename }"}
    for accept, status in ((NEW, 294), (OLD, 200)):
        response = await post(client, body, accept)
        assert response.status_code == status
        assert response.json()["data"] == {"broken": None, "__typename": "Query"}
        error = response.json()["errors"][0]
        assert error["path"] == ["broken"]
        assert error["extensions"]["code"] == "DOWNSTREAM_SERVICE_ERROR"


async def test_locations_point_into_the_document(client: httpx.AsyncClient) -> None:
    response = await post(client, {"query": "{\n  products { nam }\n  nope\n}"})
    assert [error["locations"] for error in response.json()["errors"]] == [
        [{"line": 2, "column": 14}],
        [{"line": 3, "column": 3}],
    ]


# ---- sizes ----------------------------------------------------------------------------------------------------------


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_large_bodies(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(limits={"max_body_bytes": 100}))
    body = orjson.dumps({"query": "{ __typename }", "extensions": {}})
    assert (await post(client, body.ljust(100))).status_code == 200
    response = await post(client, body.ljust(101))
    assert (response.status_code, code_of(response)) == (413, "REQUEST_TOO_LARGE")
    assert response.headers["connection"] == "close"


async def test_bodies_in_pieces(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(limits={"max_body_bytes": 100}))
    headers = {"content-type": OLD}
    response = await client.post("/graphql", content=pieces(b'{"query": ', b'"{ __typename }"}'), headers=headers)
    assert response.status_code == 200
    endless = pieces(*[b" " * 30] * 10_000)
    response = await client.post("/graphql", content=endless, headers=headers)
    assert (response.status_code, code_of(response)) == (413, "REQUEST_TOO_LARGE")


async def test_slow_bodies(make_app: MakeApp) -> None:
    app = make_app(limits={"body_timeout_s": 0.05})
    sent = await raw(app, "POST", [(b"content-type", b"application/json")], body_after_s=10)
    assert sent[0]["status"] == 408
    assert orjson.loads(sent[1]["body"])["errors"][0]["extensions"]["code"] == "REQUEST_TIMEOUT"


# ---- browsers -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({}, False),
        ({"content-type": "text/plain"}, False),
        ({"content-type": "application/x-www-form-urlencoded"}, False),
        ({"content-type": "application/json"}, True),
        ({"graphql-require-preflight": ""}, True),
        ({"apollo-require-preflight": "true"}, True),
        ({"x-apollo-operation-name": "A"}, True),
        ({"x-other": "1"}, False),
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
    ],
)
async def test_forgeable_requests(client: httpx.AsyncClient, headers: dict[str, str], allowed: bool) -> None:
    response = await client.get(f"/graphql?{urlencode({'query': '{ __typename }'})}", headers=headers)
    if allowed:
        assert response.status_code == 200
    else:
        assert (response.status_code, code_of(response)) == (400, "CSRF_PREVENTED")


async def test_csrf_prevention_can_be_switched_off(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(csrf={"enabled": False}))
    response = await client.get(f"/graphql?{urlencode({'query': '{ __typename }'})}")
    assert response.status_code == 200


async def test_no_cors_by_default(client: httpx.AsyncClient) -> None:
    response = await post(client, {"query": "{ __typename }"}, origin="https://shop.example")
    assert "access-control-allow-origin" not in response.headers


async def test_cors(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(cors={"allow_origins": ["https://shop.example"], "allow_credentials": True}))
    asked = {"access-control-request-method": "POST", "access-control-request-headers": "content-type,authorization"}
    preflight = await client.options("/graphql", headers={"origin": "https://shop.example", **asked})
    assert preflight.status_code == 200
    assert preflight.headers["access-control-allow-origin"] == "https://shop.example"
    assert preflight.headers["access-control-allow-credentials"] == "true"
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    refused = await client.options("/graphql", headers={"origin": "https://evil.example", **asked})
    assert refused.status_code == 400
    response = await post(client, {"query": "{ __typename }"}, origin="https://shop.example")
    assert response.headers["access-control-allow-origin"] == "https://shop.example"
    assert {"accept", "origin"} <= {item.strip().lower() for item in response.headers["vary"].split(",")}
    foreign = await post(client, {"query": "{ __typename }"}, origin="https://evil.example")
    assert "access-control-allow-origin" not in foreign.headers


# ---- heads ----------------------------------------------------------------------------------------------------------


async def test_heads_are_limited(make_app: MakeApp, connect: Connect) -> None:
    app = make_app(limits={"max_headers": 12, "max_header_bytes": 500, "max_url_bytes": 60})
    client = connect(app)
    assert (await post(client, GOOD[0])).status_code == 200
    many = await post(client, GOOD[0], **{f"x_{number}": "a" for number in range(12)})
    large = await post(client, GOOD[0], x_large="a" * 400)
    for response in (many, large):
        assert (response.status_code, code_of(response)) == (431, "REQUEST_HEADERS_TOO_LARGE")
        assert response.headers["connection"] == "close"
    assert (await get(client, query="{ __typename }")).status_code == 200
    long = await get(client, query="{ __typename }" + "#" * 50)
    assert (long.status_code, code_of(long)) == (414, "URI_TOO_LONG")
    assert (await client.get("/health?" + "a" * 100)).status_code == 414


async def test_a_websocket_is_not_opened_with_too_many_headers(make_app: MakeApp) -> None:
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "websocket", "path": "/graphql", "query_string": b"", "headers": [(b"a", b"b")] * 3}
    await make_app(limits={"max_headers": 2})(scope, receive, send)
    assert sent == [{"type": "websocket.close", "code": 1008}]


# ---- batches --------------------------------------------------------------------------------------------------------


async def test_batches(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(batching={"enabled": True, "max_operations": 3}))
    batch = [{"query": "{ __typename }"}, {"query": "{ nope }"}, {"query": '{ product(id: "1") { name } }'}]
    response = await post(client, batch)
    assert response.status_code == 200
    first, second, third = response.json()
    assert first == {"data": {"__typename": "Query"}}
    assert second["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert third == {"data": {"product": {"name": "Pen"}}}
    for bad in ([], batch * 2):
        response = await post(client, bad)
        assert (response.status_code, code_of(response)) == (422, "BATCH_SIZE_LIMIT")
    for no_object in (1, "a", None, []):
        response = await post(client, [{"query": "{ __typename }"}, no_object])
        assert (response.status_code, code_of(response)) == (422, "BAD_REQUEST"), "that is no batch at all"


async def test_what_is_wrong_in_a_batch_is_wrong_alone(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(batching={"enabled": True}))
    good = {"query": "{ __typename }"}
    wrong = [{}, {"query": 1}, {"query": "{ __typename }", "variables": 1}, {"documentId": ""}]
    response = await post(client, [good, *wrong, good])
    assert response.status_code == 200
    first, *refused, last = response.json()
    assert first == last == {"data": {"__typename": "Query"}}
    assert [answer["errors"][0]["extensions"]["code"] for answer in refused] == ["BAD_REQUEST"] * len(wrong)


async def test_operations_of_a_batch_run_side_by_side(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(batching={"enabled": True}))
    started = asyncio.get_running_loop().time()
    answers = (await post(client, [{"query": "{ slow(seconds: 0.5) }"}] * 4)).json()
    assert answers == [{"data": {"slow": 1}}] * 4
    assert asyncio.get_running_loop().time() - started < 1.5


async def test_a_batch_is_answered_in_one_piece(make_app: MakeApp, connect: Connect) -> None:
    """Neither parts nor events: `@defer` is executed at once, a subscription is refused alone."""
    client = connect(make_app(batching={"enabled": True}))
    deferred = {"query": '{ product(id: "1") { id ... @defer { name } } }'}
    parts = "multipart/mixed;deferSpec=20220824, text/event-stream, application/json"
    response = await post(client, [deferred], parts)
    assert response.headers["content-type"].startswith(OLD)
    assert response.json() == [{"data": {"product": {"id": "1", "name": "Pen"}}}]
