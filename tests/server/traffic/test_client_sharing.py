"""Equal queries of clients are executed once, and nobody gets what was another's."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.hooks import PendingReply, RequestContext, RequestRefused, RouterHooks, Send, SubgraphCall, SubgraphReply
from router.server.app import RouterApp
from router.server.traffic.client_sharing import UNSEEN_HEADERS, ClientSharing
from tests.server.shop import ShopTransport
from tests.server.traffic.held import until

MakeApp = Callable[..., RouterApp]
Connect = Callable[[RouterApp], httpx.AsyncClient]

# What goes to subgraphs is not shared there, so that it tells how often an operation was executed.
OFF: dict[str, Any] = {"traffic": {"share_requests": "never"}}
ON: dict[str, Any] = {"traffic": {"share_requests": "never", "share_client_requests": {"enabled": True}}}
NAMES = {"query": "{ products { name reviews { stars } } }"}
JSON = {"accept": "application/graphql-response+json"}


class Gate(ShopTransport):
    """Holds all requests until it is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = asyncio.Event()
        self.status = 200

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        await self.opened.wait()
        reply = await super().exchange(call)
        return reply if self.status == 200 else SubgraphReply(self.status, {}, b"")


@pytest.fixture
def shop() -> ShopTransport:
    return Gate()


@pytest.fixture
def gate(shop: ShopTransport) -> Gate:
    assert isinstance(shop, Gate)
    return shop


async def together(app: RouterApp, client: httpx.AsyncClient, gate: Gate, *requests: dict[str, Any]) -> list[Any]:
    """Send requests so that all are under way before one is answered. Their document has been planned."""
    gate.opened.clear()
    sent = []
    for each in requests:
        headers = JSON | each.get("headers", {})
        sent.append(asyncio.ensure_future(client.post("/graphql", json=each.get("json", NAMES), headers=headers)))
    await until(lambda: app.metrics.active + sum(each.done() for each in sent) >= len(sent))
    for _ in range(50):  # each request is past its hooks by then
        await asyncio.sleep(0)
    gate.opened.set()
    return await asyncio.gather(*sent)


async def warmed(app: RouterApp, client: httpx.AsyncClient, gate: Gate, *bodies: Any) -> None:
    gate.opened.set()
    for body in bodies or (NAMES,):
        assert (await client.post("/graphql", json=body, headers=JSON)).status_code in (200, 294)
    gate.calls.clear()


async def test_off_by_default(make_app: MakeApp, connect: Connect, gate: Gate) -> None:
    app = make_app(**OFF)
    client = connect(app)
    await warmed(app, client, gate)
    await together(app, client, gate, *[{}] * 3)
    assert app.sharing is None
    assert len(gate.calls) == 6


async def test_equal_queries_are_executed_once(make_app: MakeApp, connect: Connect, gate: Gate) -> None:
    app = make_app(**ON)
    client = connect(app)
    await warmed(app, client, gate)
    ids = [f"client-id-{number}" for number in range(5)]
    answers = await together(app, client, gate, *({"headers": {"x-request-id": each}} for each in ids))
    assert len({answer.content for answer in answers}) == 1
    assert "reviews" in answers[0].text
    assert [answer.headers["x-request-id"] for answer in answers] == ids
    assert len(gate.calls) == 2
    assert app.sharing is not None
    assert app.sharing.shared == 4
    assert not app.sharing._flights
    await together(app, client, gate, {})
    assert len(gate.calls) == 4, "this is no cache"


async def test_another_layout_is_the_same_and_other_variables_are_not(
    make_app: MakeApp, connect: Connect, gate: Gate
) -> None:
    app = make_app(**ON)
    client = connect(app)
    document = "query ($n: Int, $f: Filter) { products(first: $n, filter: $f) { name } }"
    bodies = [
        {"query": document, "variables": {"n": 1}},
        {"query": document.replace(" ", "  "), "variables": {"n": 1}},
        {"query": document, "variables": {"n": 2}},
        {"query": document, "variables": {"n": 1, "f": {"about": 1}}},
        {"query": document, "variables": {"n": 1, "f": {"about": "1"}}},
        {"query": document, "variables": {"n": 1, "f": {"about": True}}},
        {"query": document, "variables": {"n": 1, "f": {"about": 1.0}}},
    ]
    await warmed(app, client, gate, *bodies)
    await together(app, client, gate, *({"json": body} for body in bodies))
    assert len(gate.calls) == len(bodies) - 1


async def test_mutations_are_never_shared(make_app: MakeApp, connect: Connect, gate: Gate) -> None:
    app = make_app(**ON)
    client = connect(app)
    review = {"query": 'mutation { review(product: "1", stars: 1) { stars } }'}
    await warmed(app, client, gate, review)
    await together(app, client, gate, *[{"json": review}] * 3)
    assert len(gate.calls) == 3


async def test_each_media_type_has_its_own_status(make_app: MakeApp, connect: Connect, gate: Gate) -> None:
    app = make_app(**ON)
    client = connect(app)
    broken = {"query": "{ broken products { name } }"}
    await warmed(app, client, gate, broken)
    plain = {"json": broken, "headers": {"accept": "application/json"}}
    answers = await together(app, client, gate, plain, {"json": broken})
    assert [answer.status_code for answer in answers] == [200, 294]
    assert len(gate.calls) == 1


async def test_errors_are_shared_and_carry_each_requests_own_id(
    make_app: MakeApp, connect: Connect, gate: Gate, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app(**ON)
    client = connect(app)
    await warmed(app, client, gate)
    gate.status = 503
    with caplog.at_level(logging.INFO, "router.access"):
        ids = ["request-0001", "request-0002"]
        answers = await together(app, client, gate, *({"headers": {"x-request-id": each}} for each in ids))
    assert len(gate.calls) == 1
    for answer, own in zip(answers, ids, strict=True):
        assert {error["extensions"]["traceId"] for error in answer.json()["errors"]} == {own}
    lines = {record.fields["request_id"]: record.fields for record in caplog.records if record.name == "router.access"}
    assert "shared_with" not in lines[ids[0]]
    assert lines[ids[1]]["shared_with"] == ids[0], "under that id the log has the cause"
    assert [lines[each]["fetches"] for each in ids] == [1, 0]


async def test_a_client_that_leaves_leaves_the_others(make_app: MakeApp, connect: Connect, gate: Gate) -> None:
    app = make_app(**ON)
    client = connect(app)
    await warmed(app, client, gate)
    gate.opened.clear()
    sent = [asyncio.ensure_future(client.post("/graphql", json=NAMES)) for _ in range(3)]
    assert app.sharing is not None
    sharing = app.sharing
    await until(lambda: sharing.shared == 2)
    sent[0].cancel()
    await asyncio.wait([sent[0]])
    gate.opened.set()
    assert "errors" not in (await sent[1]).json()
    assert (await sent[1]).content == (await sent[2]).content
    assert len(gate.calls) == 2
    gate.opened.clear()
    last = [asyncio.ensure_future(client.post("/graphql", json=NAMES)) for _ in range(2)]
    await until(lambda: sharing.shared == 3)
    for each in last:
        each.cancel()
    await asyncio.wait(last)
    assert not sharing._flights


async def test_what_is_answered_without_a_fetch(make_app: MakeApp, connect: Connect, gate: Gate) -> None:
    app = make_app(**ON)
    answer = await connect(app).post("/graphql", json={"query": "{ __typename }"})
    assert answer.json() == {"data": {"__typename": "Query"}}
    assert app.sharing is not None
    assert not app.sharing._flights


async def test_a_reload_starts_anew(make_app: MakeApp, connect: Connect, gate: Gate) -> None:
    app = make_app(**ON)
    client = connect(app)
    await warmed(app, client, gate)
    gate.opened.clear()
    before = asyncio.ensure_future(client.post("/graphql", json=NAMES))
    sharing = app.sharing
    assert sharing is not None
    await until(lambda: bool(sharing._flights))
    await app.reload(config=app.config.model_copy(update={"introspection": False}))
    after = asyncio.ensure_future(client.post("/graphql", json=NAMES))
    assert app.sharing is not None
    new = app.sharing
    await until(lambda: bool(new._flights))
    gate.opened.set()
    await asyncio.gather(before, after)
    assert len(gate.calls) == 4


# ---- time -----------------------------------------------------------------------------------------------------------


async def test_who_comes_later_has_its_whole_time(make_app: MakeApp, connect: Connect, gate: Gate) -> None:
    app = make_app(**ON, limits={"request_timeout_s": 0.3})
    client = connect(app)
    await warmed(app, client, gate)
    gate.opened.clear()
    first = asyncio.ensure_future(client.post("/graphql", json=NAMES, headers=JSON))
    sharing = app.sharing
    assert sharing is not None
    await until(lambda: bool(sharing._flights))
    await asyncio.sleep(0.15)
    second = asyncio.ensure_future(client.post("/graphql", json=NAMES, headers=JSON))
    assert "errors" in (await first).json()
    assert sharing._flights, "made again for the second"
    gate.opened.set()
    assert "errors" not in (await second).json()


# ---- hooks ----------------------------------------------------------------------------------------------------------


class Watching(RouterHooks):
    """Sees each request by itself; a member gets told so."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def on_request(self, context: RequestContext) -> None:
        if "x-banned" in context.headers:
            raise RequestRefused("Not you.")
        self.seen.append(context.request_id)
        context.share_key = context.headers.get("x-member")

    def on_fetch(self, call: SubgraphCall, send: Send) -> PendingReply:
        call.headers["x-caller"] = call.context.headers.get("x-member", "nobody")
        call.context.response_headers["x-fetched"] = "yes"
        return send(call)

    def on_response(self, context: RequestContext, response: dict[str, Any]) -> None:
        if response.get("data"):
            response["data"]["products"][0]["name"] += context.headers.get("x-sign", "")
        response.setdefault("extensions", {})["id"] = context.request_id


async def test_hooks_see_every_request_and_every_response(make_app: MakeApp, connect: Connect, gate: Gate) -> None:
    hooks = Watching()
    app = make_app(hooks, **ON)
    client = connect(app)
    await warmed(app, client, gate)
    hooks.seen.clear()
    members = [{"x-member": "a", "x-sign": sign, "x-request-id": f"request-{sign}"} for sign in "1234"]
    members[3]["x-banned"] = "1"
    answers = await together(app, client, gate, *({"headers": each} for each in members))
    assert [answer.status_code for answer in answers] == [200, 200, 200, 403]
    assert hooks.seen == [f"request-{sign}" for sign in "123"]
    for answer, sign in zip(answers[:3], "123", strict=True):
        assert answer.json()["extensions"]["id"] == f"request-{sign}"
        assert answer.json()["data"]["products"][0]["name"] == f"Pen{sign}"
        assert answer.headers["x-fetched"] == "yes"
    assert len(gate.calls) == 2


async def test_what_hooks_can_see_must_be_equal_unless_they_say_what_counts(
    make_app: MakeApp, connect: Connect, gate: Gate
) -> None:
    app = make_app(Watching(), **ON)
    client = connect(app)
    await warmed(app, client, gate)
    requests = [{"user-agent": "one"}, {"user-agent": "other"}, {"x-member": "a"}, {"x-member": "b", "user-agent": "c"}]
    await together(app, client, gate, *({"headers": each} for each in requests * 2))
    assert len(gate.calls) == 2 * 4
    assert {call.headers["x-caller"] for call in gate.calls} == {"nobody", "a", "b"}


class Refusing(RouterHooks):
    def on_fetch(self, call: SubgraphCall, send: Send) -> PendingReply:
        raise RequestRefused("No.", "NO", 402)


async def test_a_refusal_is_shared(make_app: MakeApp, connect: Connect, gate: Gate) -> None:
    app = make_app(Refusing(), **ON)
    answers = await together(app, connect(app), gate, {}, {}, {})
    assert [answer.status_code for answer in answers] == [402] * 3


# ---- who may share --------------------------------------------------------------------------------------------------

NAMED = st.sampled_from(["authorization", "cookie", "x-tenant", "x-a", "user-agent", "accept", "x-unknown"])
HEADERS = st.dictionaries(NAMED, st.sampled_from(["", "a", "b", "a, b"]) | st.text(max_size=3), max_size=4)
NOISE = st.dictionaries(st.sampled_from(["x-request-id", "traceparent", "content-length"]), st.text(max_size=3))
REQUESTS = st.fixed_dictionaries(
    {
        "headers": HEADERS,
        "partition": st.sampled_from(["", "t1", "t2"]),
        "caller": st.sampled_from([None, "u"]),
        "client": st.sampled_from(["10.0.0.1", "10.0.0.2"]),
        "query": st.sampled_from(["{ a }", "{a}"]),
        "share_key": st.sampled_from([None, "", "k", "t1"]),
    }
)
VARIABLES = st.sampled_from([{}, {"a": 1}, {"a": 1.0}, {"a": True}, {"a": "1"}, {"a": None}, {"a": [1]}])


def key(sharing: ClientSharing, plan: Any, variables: Any, request: dict[str, Any], noise: dict[str, str]) -> Any:
    values = {**request, "headers": {**noise, **request["headers"]}}
    context = RequestContext("r", "POST", "/", **values)
    return sharing.key(plan, variables, context, pass_through=True)


@settings(max_examples=400)
@given(REQUESTS, REQUESTS, VARIABLES, VARIABLES, NOISE, st.booleans())
def test_requests_that_could_get_another_answer_do_not_share(
    one: dict[str, Any],
    other: dict[str, Any],
    variables: Any,
    other_variables: Any,
    noise: dict[str, str],
    has_hooks: bool,
) -> None:
    sharing = ClientSharing(["x-tenant"], has_hooks=has_hooks)
    plan = object()
    assert key(sharing, plan, variables, one, noise) == key(sharing, plan, variables, one, {})
    if key(sharing, plan, variables, one, noise) != key(sharing, plan, other_variables, other, {}):
        return
    assert repr(variables) == repr(other_variables)
    assert one["partition"] == other["partition"]
    assert one["share_key"] == other["share_key"]
    assert one["headers"].get("x-tenant") == other["headers"].get("x-tenant"), "it goes on to subgraphs"
    if one["share_key"] is not None:
        return
    unseen = frozenset() if has_hooks else UNSEEN_HEADERS
    seen = [{name: value for name, value in each["headers"].items() if name not in unseen} for each in (one, other)]
    assert seen[0] == seen[1]
    if has_hooks:
        assert one == other


def test_what_the_settings_call_unimportant_is_left_out() -> None:
    sharing = ClientSharing(["x-a"], has_hooks=True, ignored=["user-agent"])
    plan, request = object(), {"headers": {"user-agent": "one"}, "client": "c"}
    assert key(sharing, plan, {}, request, {}) == key(sharing, plan, {}, {**request, "headers": {}}, {})


def test_variables_that_cannot_be_written_are_not_shared() -> None:
    sharing = ClientSharing([], has_hooks=False)
    assert key(sharing, object(), {"a": 1 << 200}, {"headers": {}}, {}) is None
