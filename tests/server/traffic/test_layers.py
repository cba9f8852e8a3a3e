"""What every layer must do as a transport, and that only the layers asked for are there."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from router.executor import Transport
from router.server.config import RouterConfig
from router.server.config.traffic import SubgraphTrafficConfig, TrafficConfig
from router.server.traffic.shaping import ShapedTransport, shaped
from router.server.traffic.sharing import SubgraphSharing
from tests.server.traffic.held import UNREACHABLE, Asked, HeldTransport, a_call, reply

EVERYTHING: dict[str, Any] = {
    "retries": {"initial_backoff_s": 0.001},
    "circuit_breaker": {},
    "concurrency": {},
    "hedging": {},
    "share_requests": "under_way",
    "deadline_header": "x-left-ms",
}
SETTINGS = [{name: value} for name, value in EVERYTHING.items()] + [EVERYTHING]


def traffic(**settings: Any) -> TrafficConfig:
    return TrafficConfig.model_validate({"share_requests": "never", **settings})


def around(held: Transport, **settings: Any) -> ShapedTransport:
    found = shaped(held, ["s", "other"], traffic(**settings), {})
    assert found is not None
    return found


@pytest.fixture(params=SETTINGS, ids="+".join)
def settings(request: pytest.FixtureRequest) -> dict[str, Any]:
    return request.param


@pytest.mark.parametrize("operation_type", ["query", "mutation"])
async def test_one_answer_comes_once(settings: dict[str, Any], operation_type: str) -> None:
    held = HeldTransport()
    asked = Asked(around(held, **settings), a_call(operation_type))
    (sent,) = held.sent
    answer = reply()
    sent.answer(answer)
    assert asked.outcomes == [answer]
    asked.cancel()
    await asyncio.sleep(0)
    assert asked.outcomes == [answer]


async def test_after_cancelling_there_is_silence(settings: dict[str, Any]) -> None:
    held = HeldTransport()
    asked = Asked(around(held, **settings))
    asked.cancel()
    asked.cancel()
    assert not held.under_way
    await asyncio.sleep(0.01)
    assert not asked.outcomes
    assert len(held.sent) == 1


async def test_a_mutation_that_fails_is_not_sent_again(settings: dict[str, Any]) -> None:
    held = HeldTransport()
    asked = Asked(around(held, **settings), a_call("mutation"))
    held.sent[0].answer(UNREACHABLE)
    await asyncio.sleep(0.01)
    assert asked.outcome is UNREACHABLE
    assert len(held.sent) == 1


class Files:
    """What a client sends, which can be read once."""

    content_type = "multipart/form-data; boundary=x"
    failure: Exception | None = None
    is_finished = True

    async def chunks(self, body: bytes) -> AsyncIterator[bytes]:
        yield body


@pytest.mark.parametrize("operation_type", ["query", "mutation"])
async def test_files_are_sent_once_and_for_one_request(settings: dict[str, Any], operation_type: str) -> None:
    held = HeldTransport()
    if "retries" in settings:
        settings = {**settings, "retries": {"initial_backoff_s": 0.001, "idempotent_mutations": True}}
    transport = around(held, **settings)
    asked = []
    for _ in range(2):
        call = a_call(operation_type)
        call.stream = Files()
        asked.append(Asked(transport, call))
    for sent in held.sent:
        sent.answer(UNREACHABLE)
    await asyncio.sleep(0.01)
    assert len(held.sent) == 2
    assert all(each.outcome is UNREACHABLE for each in asked)


async def test_what_is_answered_in_the_callback_may_be_asked_again(settings: dict[str, Any]) -> None:
    """The engine sends the next fetches from the callback of the one before."""
    held = HeldTransport()
    transport = around(held, **settings)
    following: list[Asked] = []
    transport.send(a_call(), 1e9, lambda _: following.append(Asked(transport)))
    held.sent[0].answer(reply())
    held.sent[1].answer(reply())
    assert following[0].code == "200"


async def test_subscriptions_go_through(settings: dict[str, Any]) -> None:
    with pytest.raises(type(UNREACHABLE)):
        await around(HeldTransport(), **settings).subscribe(a_call("subscription"), 1.0)


# ---- which layers there are -----------------------------------------------------------------------------------------


def test_by_default_those_that_come_at_once_share_and_no_more() -> None:
    found = shaped(HeldTransport(), ["s"], RouterConfig().traffic, {})
    assert found is not None
    layers = found.subgraphs["s"]
    assert isinstance(layers.entry, SubgraphSharing)
    assert layers.entry.inner is found.inner
    assert layers.settings.share_requests == "at_once"


def test_what_nothing_asks_for_is_not_there() -> None:
    assert shaped(HeldTransport(), ["s"], traffic(), {}) is None
    assert shaped(HeldTransport(), ["s"], traffic(budget={"percent": 1}), {}) is None


def test_a_subgraphs_own_section_wins() -> None:
    general = traffic(retries={"max_retries": 1}, deadline_header="x-left-ms")
    own = {
        "a": SubgraphTrafficConfig.model_validate({"retries": {"max_retries": 5}}),
        "b": SubgraphTrafficConfig.model_validate({"retries": None, "deadline_header": None}),
    }
    found = shaped(HeldTransport(), ["a", "b", "c"], general, own)
    assert found is not None
    assert set(found.subgraphs) == {"a", "c"}, "b has none"
    retries = {name: each.settings.retries for name, each in found.subgraphs.items()}
    assert [each and each.max_retries for each in retries.values()] == [5, 1]
    assert found.subgraphs["a"].settings.deadline_header == "x-left-ms"


async def test_subgraphs_have_layers_of_their_own() -> None:
    held = HeldTransport()
    transport = around(held, concurrency={"max_requests": 1, "max_waiting": 0})
    asked = [Asked(transport), Asked(transport, a_call(subgraph="other")), Asked(transport)]
    await asyncio.sleep(0)
    assert len(held.under_way) == 2
    assert asked[2].code == "SUBGRAPH_OVERLOADED"


def test_layers_go_on_where_their_settings_stay() -> None:
    held = HeldTransport()
    before = around(held, circuit_breaker={})
    general = traffic(circuit_breaker={})
    own = {"other": SubgraphTrafficConfig.model_validate({"circuit_breaker": {"min_requests": 1}})}
    after = shaped(held, ["s", "other"], general, own, before)
    assert after is not None
    assert after.subgraphs["s"] is before.subgraphs["s"]
    assert after.subgraphs["other"] is not before.subgraphs["other"]
    moved = shaped(HeldTransport(), ["s"], general, own, before)
    assert moved is not None
    assert moved.subgraphs["s"] is not before.subgraphs["s"], "around another transport"


async def test_a_subgraph_is_told_how_long_somebody_waits() -> None:
    held = HeldTransport()
    now = asyncio.get_running_loop().time()
    for deadline in (now + 5, now - 1):
        Asked(around(held, deadline_header="x-left-ms"), a_call(), deadline)
    Asked(around(held, deadline_header="x-left-ms"), a_call(), float("inf"))
    left = [sent.call.headers.get("x-left-ms") for sent in held.sent]
    assert left[0] is not None
    assert 4_000 < int(left[0]) <= 5_000
    assert left[1:] == ["0", None]


MakeApp = Callable[..., Any]


async def test_a_reload_keeps_layers_whose_settings_stay(make_app: MakeApp) -> None:
    app = make_app(traffic={"circuit_breaker": {}})
    before = app.served.traffic.subgraphs
    await app.reload(config=app.config.model_copy(update={"introspection": False}))
    assert app.served.traffic.subgraphs == before


async def test_settings_reach_the_requests(make_app: MakeApp, shop: Any, connect: Any) -> None:
    app = make_app(
        traffic={"deadline_header": "x-left-ms"}, subgraphs={"reviews": {"traffic": {"deadline_header": None}}}
    )
    body = {"query": "{ products { reviews { stars } } }"}
    assert "errors" not in (await connect(app).post("/graphql", json=body)).json()
    assert [("x-left-ms" in call.headers) for call in shop.calls] == [True, False]
