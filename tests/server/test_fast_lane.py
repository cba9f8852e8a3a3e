"""The fast lane answers like the ASGI application under plain uvicorn, byte for byte."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any

import pytest
import uvloop
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.hooks import RequestContext, RequestRefused, RouterHooks
from router.server import telemetry
from router.server.app import RouterApp, create_app
from router.server.config import RouterConfig
from router.server.http1 import LaneProtocol
from tests.server.shop import SUPERGRAPH, ShopTransport
from tests.server.wire import Wire, read_into, request, rounds

LAST = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"


# What is no HTTP, uvicorn refuses without a code.
THEIRS = (
    b"content-type: text/plain; charset=utf-8\r\ncontent-length: 30\r\nconnection: close\r\n\r\n"
    b"Invalid HTTP request received."
)
OURS = (
    b"content-type: application/json\r\nconnection: close\r\ncontent-length: 93\r\n\r\n"
    b'{"errors":[{"message":"Invalid HTTP request received.","extensions":{"code":"BAD_REQUEST"}}]}'
)


class Pair:
    """The same router twice: with the fast lane, and without."""

    def __init__(self, hooks: RouterHooks | None = None, supergraph: str = SUPERGRAPH, **config: Any) -> None:
        config.setdefault("limits", {"body_timeout_s": 0.2, "max_body_bytes": 5000})
        self.loop = uvloop.new_event_loop()
        self.apps: list[RouterApp] = []
        self.wires = []
        for fast in (True, False):
            app = create_app(
                supergraph, hooks=hooks, config=RouterConfig.model_validate(config), transport=ShopTransport()
            )
            self.loop.run_until_complete(app.startup())
            self.apps.append(app)
            self.wires.append(Wire(app, fast=fast))

    def close(self) -> None:
        for app in self.apps:
            self.loop.run_until_complete(app.shutdown())
        self.loop.close()

    def answers(self, *turns: list[bytes]) -> tuple[bytes, bytes]:
        """What comes back from each until it closes the connection."""

        async def both() -> tuple[bytes, bytes]:
            got = []
            for wire in self.wires:
                telemetry._ids.seed(1)  # the same ids for both: they are in compressed bodies, too
                got.append(await wire.talk(turns))
            return got[0], got[1].replace(THEIRS, OURS)

        return self.loop.run_until_complete(both())

    def check(self, *turns: list[bytes]) -> bytes:
        """Fail unless both answer the same; returns that."""
        fast, plain = self.answers(*turns)
        assert fast == plain
        return plain


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    made = Pair()
    yield made
    made.close()


def asked(query: str, **more: Any) -> bytes:
    return json.dumps({"query": query, **more}).encode()


GOOD = [
    asked('{ product(id: "1") { name } }'),
    asked('{ product(id: "1") { name reviews { stars } } }'),
    asked("query($c: Int) { products(first: $c) { id name } }", variables={"c": 2}),
    asked("query($v: JSON) { echo(value: $v) }", variables={"v": {"a": [1, {"b": "ü"}]}}),
    asked("query A { __typename } query B { products { id } }", operationName="B"),
    asked("{ broken }"),
    asked("{ broken product(id: 7) { name } }"),
    asked('mutation { review(product: "9", stars: 1) { stars } }'),
    asked('{ __type(name: "Product") { fields { name } } }'),
    asked("{ products { ...F @defer } } fragment F on Product { name }"),
    asked("{ products { name } }", extensions={"clientLibrary": {"name": "x"}}, unknown=1),
]
BAD = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"x"',
    b"\xff\xfe",
    b'{"query": 1}',
    b'{"query": null}',
    b'{"variables": {}}',
    b"[" + GOOD[0] + b"]",
    asked("{ nope }"),
    asked("{"),
    asked(""),
    asked("{ products { id } }", variables=[]),
    asked("{ products { id } }", operationName=5),
    asked("{ products { id } }", operationName="X"),
    asked("{ products { id } }", extensions=5),
    asked("{ products { id } }", extensions={"persistedQuery": {"version": 1, "sha256Hash": "0"}}),
    asked("query($c: Int) { products(first: $c) { id } }", variables={"c": "many"}),
    asked("query($c: Int!) { products(first: $c) { id } }"),
    asked("query($v: JSON) { echo(value: $v) }", variables={"v": json.loads("[" * 70 + "]" * 70)}),
    asked('{ product(id: "\\ud800") { name } }'),
    asked("{ products { id } }" + " " * 6000),
]
ACCEPT = [
    "*/*",
    "application/json",
    "application/graphql-response+json",
    "application/graphql-response+json, application/json;q=0.9",
    "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
    "multipart/mixed;deferSpec=20220824, application/json",
    "text/event-stream",
    "text/html",
    "application/json;charset=utf-16",
    "",
]
HEADERS = [
    "x-request-id: client-chosen-1",
    "x-request-id: no",
    "X-Request-ID:  client-chosen-2 ",
    "cookie: a=1",
    "cookie: b=2",
    "x-empty:",
    "x-odd: \xfc\xe4",
    "authorization: Bearer abc",
    "origin: https://shop.example",
    "connection: keep-alive",
    "Connection: Keep-Alive",
    "connection: close",
    "connection: keep-alive, x",
    "accept-encoding: gzip",
    "expect: 100-continue",
    "transfer-encoding: chunked",
    "content-length: 5",
    "content-encoding: gzip",
    "content-encoding: identity",
    "te: trailers",
    "upgrade: h2c",
    "x-folded: a\r\n b",
    "x-bare: a\nb",
    "x-bare: a\rb",
    "x-control: a\x01b",
    " x-space: a",
    "x space: a",
    "no colon",
]

common = st.sampled_from(GOOD)
plain = st.builds(request, common, st.sampled_from(ACCEPT).map("accept: {}".format))
odd = st.builds(
    lambda body, accept, headers, method, path, version, content_type, length: request(
        body,
        *[f"accept: {accept}"][: accept is not None],
        *headers,
        method=method,
        path=path,
        version=version,
        content_type=content_type,
        length=length,
    ),
    st.sampled_from(GOOD + BAD),
    st.none() | st.sampled_from(ACCEPT),
    st.lists(st.sampled_from(HEADERS), max_size=3, unique=True),
    st.sampled_from(["POST"] * 6 + ["GET", "PATCH", "OPTIONS", "HEAD", "post"]),
    st.sampled_from(
        ["/graphql"] * 5 + ["/", "/graphql?query=x", "/%67raphql", "/nothing", "/health", "*", "http://x/"]
    ),
    st.sampled_from(["1.1"] * 9 + ["1.0"]),
    st.sampled_from(
        ["application/json"] * 5 + ["application/json; charset=utf-8", "APPLICATION/JSON", "text/plain", "", None]
    ),
    st.sampled_from([""] * 9 + [None, "0", "3", "+5", "0x5", "1000", "6000", "-1", "5 ", "\xb2"]),
)
chunked = st.builds(
    lambda body: request(b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body), "transfer-encoding: chunked", length=None),
    st.sampled_from(GOOD),
)
cuts = st.lists(st.floats(0, 1), max_size=4)


def cut(data: bytes, places: list[float]) -> list[bytes]:
    """The same bytes in pieces."""
    ends = sorted(round(place * len(data)) for place in places)
    return [piece for piece in (data[a:b] for a, b in zip([0, *ends], [*ends, len(data)], strict=True)) if piece]


MANY = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


pipelined = st.lists(plain, max_size=4).map(b"".join)


@MANY
@given(st.lists(st.tuples(odd | chunked | pipelined, cuts), max_size=4))
def test_both_ways_answer_the_same(pair: Pair, requests: list[tuple[bytes, list[float]]]) -> None:
    """In turns: uvicorn refuses a malformed request before it answers the one before."""
    pair.check(*[cut(data, places) for data, places in requests], [LAST])


# ---- what the lane does and what it leaves --------------------------------------------------------------------------


async def answer(wire: Wire, *turns: bytes) -> bytes:
    return await wire.talk([[turn] for turn in turns])


@pytest.fixture
async def shop_app(shop: ShopTransport) -> AsyncIterator[RouterApp]:
    app = create_app(SUPERGRAPH, transport=shop)
    async with app.lifespan():
        yield app


@pytest.mark.parametrize("body", GOOD[:7])
async def test_plain_requests_make_no_cycle(shop_app: RouterApp, body: bytes) -> None:
    wire = Wire(shop_app, fast=True)
    client, line = await wire.connect()
    assert isinstance(line, LaneProtocol)
    for _ in range(3):
        line.data_received(request(body))
        while line.running is not None:  # noqa: ASYNC110
            await asyncio.sleep(0)
    assert line.cycle is None
    assert wire.state.total_requests == 3
    line.transport.close()
    client.close()


async def test_hits_are_counted_and_an_evicted_plan_is_not_served(shop_app: RouterApp) -> None:
    wire = Wire(shop_app, fast=True)
    body = asked("{ products { name } }")
    await answer(wire, request(body), request(body), request(body))
    counters = shop_app.cache_counters()
    assert (counters["hits"], counters["misses"]) == (2, 1)
    cache = shop_app.pipeline.cache
    cache.drop(next(iter(cache.texts)))
    await answer(wire, request(body))
    assert shop_app.cache_counters()["shared"] == 1


async def test_another_supergraph_takes_over_also_for_known_requests(shop_app: RouterApp) -> None:
    wire = Wire(shop_app, fast=True)
    asking = request(asked('{ __type(name: "Query") { fields { name } } }'))
    assert b'"slow"' in await answer(wire, asking, asking)
    await shop_app.reload(SUPERGRAPH.replace("slow(seconds", "quick(seconds"))
    got = await answer(wire, asking)
    assert b'"quick"' in got
    assert b'"slow"' not in got


async def test_a_reload_changes_what_the_lane_lets_in(shop_app: RouterApp) -> None:
    wire = Wire(shop_app, fast=True)
    asking = request(GOOD[0])
    assert b" 200 OK" in await answer(wire, asking)
    await shop_app.reload(config=RouterConfig.model_validate({"limits": {"max_body_bytes": 10}}))
    assert b" 413 " in await answer(wire, asking)


class Meddler(RouterHooks):
    """Changes all that it gets hold of."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def on_request(self, context: RequestContext) -> None:
        self.seen.append(json.loads(json.dumps(context.variables)))
        context.variables["v"]["a"] = "changed"
        context.state["x"] = context.log_fields["x"] = 1


async def test_hooks_cannot_change_what_requests_share(shop: ShopTransport) -> None:
    hooks = Meddler()
    app = create_app(SUPERGRAPH, hooks=hooks, transport=shop)
    body = asked("query($v: JSON) { echo(value: $v) }", variables={"v": {"a": 1}})
    async with app.lifespan():
        got = [await answer(Wire(app, fast=fast), request(body), request(body)) for fast in (True, False)]
    assert hooks.seen == [{"v": {"a": 1}}] * 4
    assert got[0] == got[1]


class ByHeader(RouterHooks):
    """Lets a header decide, in one of two ways."""

    def __init__(self, *, awaits: bool) -> None:
        self.awaits = awaits

    def on_request(self, context: RequestContext) -> Awaitable[None] | None:
        return self.later(context) if self.awaits else self.now(context)

    async def later(self, context: RequestContext) -> None:
        await asyncio.sleep(0)
        self.now(context)

    def now(self, context: RequestContext) -> None:
        what = context.headers.get("x-what")
        if what == "refuse":
            raise RequestRefused("No.", "NO_WAY", 403, headers={"x-why": "because"})
        if what == "fail":
            raise ValueError("oops")
        if what == "header":
            context.response_headers["X-Own"] = "yes"
        if what == "fixed":
            context.response_headers["Cache-Control"] = "private"
        if what == "vary":
            context.response_headers |= {"Vary": "x-what", "Access-Control-Allow-Origin": "https://other.example"}
        if what == "bad":
            context.response_headers["x own"] = "yes"
        if what == "worse":
            context.response_headers["x-own"] = "a\x01b"
        if what == "close":
            context.response_headers["connection"] = "close"
        if what == "view":
            context.view = "none"
        if what == "percent":
            context.override_percent = 200

    def on_response(self, context: RequestContext, response: dict[str, Any]) -> None:
        what = context.headers.get("x-what")
        if what == "break":
            raise RuntimeError("oops")
        if what == "no-json":
            response["data"] = object()
        if what == "no-code":
            response["errors"] = [{"message": "x"}]
        if what == "extend":
            response["extensions"] = {"a": 1}


WHATS = [
    "", "refuse", "fail", "header", "fixed", "bad", "worse", "close", "view", "percent", "break", "no-json", "no-code",
    "extend",
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("awaits", [False, True])
def test_hooks_have_their_say_on_both_ways(awaits: bool) -> None:
    pair = Pair(ByHeader(awaits=awaits))
    try:
        for what in WHATS:
            for body in (GOOD[0], GOOD[5], BAD[10]):
                asking = request(body, f"x-what: {what}")
                pair.check([asking], [asking + request(GOOD[0])], [LAST])
    finally:
        pair.close()


@pytest.mark.parametrize(
    "config",
    [
        {"rate_limits": {"rules": [{"name": "all", "limit": 3, "per_s": 3600}]}},
        {"trusted_documents": {"mode": "log"}},
        {"traffic": {"max_client_requests": 1}},
        {"limits": {"max_headers": 3}},
        {"limits": {"max_header_bytes": 100}},
        {"cors": {"allow_origins": ["https://shop.example"]}},
        {"introspection": False},
        {"batching": {"enabled": True}},
        {"compression": {"min_bytes": 1}},
        {"telemetry": {"access_log": "off"}, "metrics": {"enabled": False}},
        {"traffic": {"share_client_requests": {"enabled": True}}},
    ],
)
def test_no_setting_is_bypassed(config: dict[str, Any]) -> None:
    pair = Pair(**config)
    try:
        for headers in ((), ("origin: https://shop.example",), ("accept-encoding: gzip",)):
            for body in (*GOOD, BAD[9]):
                pair.check([request(body, *headers)], [LAST])
    finally:
        pair.close()


ORIGINS = ["https://shop.example", "https://evil.example", "null", "", "https://\xfc.example"]
CORS = [
    {"allow_origins": ["https://shop.example"]},
    {"allow_origins": ["https://shop.example"], "allow_credentials": True},
    {"allow_origins": ["*"]},
    {"allow_origins": ["*"], "expose_headers": []},
    {"allow_origin_regex": "https://.*"},
    {},
]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("cors", CORS)
def test_cors_says_the_same_on_both_ways(cors: dict[str, Any]) -> None:
    pair = Pair(ByHeader(awaits=False), cors=cors, compression={"min_bytes": 200})
    try:
        for origin in ([], *([f"origin: {each}"] for each in ORIGINS), ["origin: https://shop.example", "cookie: a=1"]):
            for what in ("", "refuse", "header", "vary", "close", "bad", "no-json"):
                for body in (GOOD[0], GOOD[5]):
                    pair.check([request(body, *origin, f"x-what: {what}")], [LAST])
            pair.check([request(GOOD[1], *origin, "accept-encoding: gzip")], [LAST])
        pair.check([request(GOOD[0], "origin: https://shop.example")[:-3]], [LAST])  # the rest is late
    finally:
        pair.close()


async def test_requests_of_pages_make_no_cycle(shop: ShopTransport) -> None:
    cors = {"allow_origins": ["https://shop.example"]}
    app = create_app(SUPERGRAPH, transport=shop, config=RouterConfig.model_validate({"cors": cors}))
    async with app.lifespan():
        wire = Wire(app, fast=True)
        for origin in ("https://shop.example", "https://evil.example"):
            client, line = await wire.connect()
            assert isinstance(line, LaneProtocol)
            line.data_received(request(GOOD[0], f"origin: {origin}"))
            await until(lambda line=line: line.running is None)  # type: ignore[misc]
            assert line.cycle is None
            line.transport.close()
            got = bytearray()
            await read_into(got, client)
            assert (b"access-control-allow-origin: https://shop.example" in got) == ("shop" in origin)
            client.close()


# ---- heads without an end -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "start", [b"POST /graphql HTTP/1.1\r\nx: ", b"POST /", b"GET /?query={a}&x=", b"GET / HTTP/1.1\r\n"]
)
async def test_a_head_that_does_not_end_is_not_collected_for_ever(start: bytes, shop: ShopTransport) -> None:
    limits = {"max_header_bytes": 2_000, "max_url_bytes": 1_000}
    app = create_app(SUPERGRAPH, transport=shop, config=RouterConfig.model_validate({"limits": limits}))
    async with app.lifespan():
        wire = Wire(app, fast=True)
        got = await answer(wire, request(GOOD[0]) + start, *([b"x" * 500] * 20))
        assert got.count(b" 200 OK") == 1
        head, _, body = got[got.index(b"HTTP/1.1 431") :].partition(b"\r\n\r\n")
        assert b"connection: close" in head
        assert json.loads(body)["errors"][0]["extensions"]["code"] == "REQUEST_HEADERS_TOO_LARGE"
        assert b"content-length: %d" % len(body) in head


# ---- offers to change the protocol ----------------------------------------------------------------------------------

OFFER = ("connection: upgrade, http2-settings", "upgrade: h2c", "http2-settings: AAMAAABkAAQCAAAAAAIAAAAA")


@pytest.mark.parametrize("offer", [OFFER, ("connection: Upgrade", "upgrade: tls/1.0")])
@pytest.mark.parametrize("body", [GOOD[0], b""])
async def test_offers_are_answered_as_if_there_were_none(
    shop_app: RouterApp, offer: tuple[str, ...], body: bytes
) -> None:
    """With each request of a connection, together or one after the other, and what comes behind is read."""
    wire = Wire(shop_app, fast=True)
    offering = request(body, *offer) if body else request(b"", *offer, method="GET", path="/health", length=None)
    expected = b'{"data":{"product":{"name":"Pen"}}}' if body else b'{"status":"UP"}'
    for turns in (
        [[offering], [offering], [request(GOOD[0])], [offering]],
        [[offering + request(GOOD[0]) + offering + offering]],
        [cut(offering * 3 + request(GOOD[0]), [0.1, 0.3, 0.5, 0.7])],
    ):
        got = await wire.talk(turns)
        assert got.count(b"HTTP/1.1 200 OK") == got.count(b"HTTP/1.1 ") == 4
        assert got.count(expected) == 4 if body else 3


async def test_very_many_offers_at_once(shop_app: RouterApp) -> None:
    offering = b"GET /health HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n"
    got = await Wire(shop_app, fast=True).talk([[offering * 900]])
    assert got.count(b'{"status":"UP"}') == 900


# ---- the life of a connection ---------------------------------------------------------------------------------------


async def test_requests_of_both_ways_count_as_running(shop: ShopTransport) -> None:
    config = RouterConfig.model_validate({"traffic": {"max_client_requests": 1}})
    app = create_app(SUPERGRAPH, transport=shop, config=config)
    async with app.lifespan():
        wire = Wire(app, fast=True)
        client, _ = await wire.connect()
        await asyncio.get_running_loop().sock_sendall(client, request(asked("{ slow(seconds: 30) }")))
        await until(lambda: bool(shop.calls))
        assert b" 503 " in await answer(wire, request(GOOD[0]) + LAST)
        client.close()
        await until(lambda: app.admission is not None and app.admission.running == 0)
        for _ in range(2):
            assert b" 200 OK" in await answer(wire, request(GOOD[0]) + LAST)
        assert app.metrics.active == 0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.001)


@pytest.mark.parametrize("hooks", [None, ByHeader(awaits=True)])
async def test_a_query_stops_when_its_client_hangs_up(hooks: RouterHooks | None, shop: ShopTransport) -> None:
    app = create_app(SUPERGRAPH, hooks=hooks, transport=shop)
    async with app.lifespan():
        wire = Wire(app, fast=True)
        client, line = await wire.connect()
        await asyncio.get_running_loop().sock_sendall(client, request(asked("{ slow(seconds: 30) }")))
        await until(lambda: bool(shop.calls))
        client.close()
        await until(lambda: shop.cancelled == 1)
        assert app.metrics.active == 0
        assert app.metrics.requests.counts == {("query", "499"): 1}
        assert line not in wire.state.connections


async def test_a_mutation_runs_to_its_end(shop_app: RouterApp, shop: ShopTransport) -> None:
    shop.review_s = 0.05
    client, _ = await Wire(shop_app, fast=True).connect()
    await asyncio.get_running_loop().sock_sendall(client, request(GOOD[7]))
    await until(lambda: bool(shop.calls))
    client.close()
    await until(lambda: shop.stars.get("9") == [1])
    await until(lambda: shop_app.metrics.requests.counts == {("mutation", "200"): 1})


async def test_a_server_that_stops_answers_first(shop_app: RouterApp, shop: ShopTransport) -> None:
    wire = Wire(shop_app, fast=True)
    client, line = await wire.connect()
    quiet_client, quiet = await wire.connect()
    await asyncio.get_running_loop().sock_sendall(quiet_client, request(GOOD[0]))
    await until(lambda: wire.state.total_requests == 1)
    shop.calls.clear()
    await asyncio.get_running_loop().sock_sendall(client, request(asked("{ slow(seconds: 0.05) }")) + request(GOOD[0]))
    await until(lambda: bool(shop.calls))
    for each in (line, quiet):
        each.shutdown()
    got = bytearray()
    await read_into(got, client)
    assert b"connection: close" in got
    assert got.endswith(b'{"data":{"slow":1}}'), "and what came after is not begun"
    await read_into(got, quiet_client)
    await until(lambda: not wire.state.connections)
    client.close()
    quiet_client.close()


@pytest.mark.parametrize("begun", [b"", b"POST /gra", request(GOOD[0])[:-5], b"GET /he"])
async def test_a_server_that_stops_answers_what_is_on_the_way(shop_app: RouterApp, begun: bytes) -> None:
    wire = Wire(shop_app, fast=True)
    asking = LAST.replace(b"connection: close\r\n", b"") if begun.startswith(b"GET") else request(GOOD[0])
    client, line = await wire.connect()
    if begun:
        await asyncio.get_running_loop().sock_sendall(client, begun)
        await rounds()
    line.shutdown()
    await asyncio.get_running_loop().sock_sendall(client, asking[len(begun) :])
    got = bytearray()
    await read_into(got, client)
    assert got.startswith(b"HTTP/1.1 200 OK")
    assert b"connection: close" in got
    client.close()


async def test_quiet_connections_are_closed(shop_app: RouterApp) -> None:
    wire = Wire(shop_app, fast=True, timeout_keep_alive=0)
    wire.config.timeout_keep_alive = 0.05  # type: ignore[assignment]
    for begun in (b"", request(GOOD[0]), b"POST /gra", b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n"):
        client, _ = await wire.connect()
        await asyncio.get_running_loop().sock_sendall(client, begun)
        async with asyncio.timeout(2):
            await read_into(bytearray(), client)
        client.close()


async def test_who_does_not_read_is_not_answered_further(shop_app: RouterApp, shop: ShopTransport) -> None:
    """Otherwise answers would pile up in memory."""
    wire = Wire(shop_app, fast=True)
    client, line = await wire.connect()
    body = asked("query($t: String) { echo(text: $t) }", variables={"t": "x" * 50_000})
    asking = request(body) * 200
    sending = asyncio.ensure_future(asyncio.get_running_loop().sock_sendall(client, asking))
    await until(lambda: line.flow.write_paused)
    await asyncio.sleep(0.05)
    assert len(shop.calls) < 100
    got = bytearray()
    reading = asyncio.ensure_future(read_into(got, client))
    await sending
    await until(lambda: got.count(b"HTTP/1.1 200 OK") == 200)
    line.transport.close()
    await reading
    client.close()
