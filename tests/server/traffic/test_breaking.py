"""Breakers of endpoints: what counts as a failure, and whose."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from router.errors import SubgraphError
from router.server.config.traffic import CircuitBreakerConfig
from router.server.traffic import breaking
from router.server.traffic.breaking import CIRCUIT_OPEN, CircuitBreakers
from router.server.traffic.circuit_breaker import BreakerState
from tests.server.traffic.held import TIMED_OUT, UNREACHABLE, Asked, HeldTransport, a_call, reply, until


def breakers(held: HeldTransport, **settings: Any) -> CircuitBreakers:
    values = {"min_requests": 2, "open_s": 3600, **settings}
    return CircuitBreakers(held, "s", CircuitBreakerConfig.model_validate(values))


async def ask(layer: CircuitBreakers, held: HeldTransport, outcome: Any, **call: Any) -> str:
    before = len(held.sent)
    asked = Asked(layer, a_call(**call))
    if len(held.sent) > before:
        held.sent[-1].answer(outcome)
    await asyncio.sleep(0)
    return asked.code


GRAPHQL = "application/graphql-response+json"


@pytest.mark.parametrize(
    ("outcome", "opens"),
    [
        (UNREACHABLE, True),
        (TIMED_OUT, True),
        (reply(500), True),
        (reply(503), True),
        (reply(500, b'{"errors":[{"message":"x"}]}', content_type=GRAPHQL), True),
        (reply(500, b'{"data":{"a":1}}', content_type=GRAPHQL), False),
        (reply(500, b"no json", content_type=GRAPHQL), True),
        (reply(200, b'{"errors":[{"message":"x"}]}'), False),
        (reply(404), False),
        (reply(429), False),
        (SubgraphError("too large", subgraph="s", status=200), False),
        (SubgraphError("a hook", subgraph="s", code="FORBIDDEN"), False),
    ],
)
async def test_what_counts_as_a_failure(outcome: Any, opens: bool) -> None:
    held = HeldTransport()
    layer = breakers(held)
    await ask(layer, held, outcome)
    await ask(layer, held, outcome)
    assert (await ask(layer, held, reply()) == CIRCUIT_OPEN) == opens
    assert len(held.sent) == (2 if opens else 3)


async def test_what_was_never_sent_says_nothing() -> None:
    held = HeldTransport()
    layer = breakers(held)
    for _ in range(3):
        await ask(layer, held, SubgraphError("full", subgraph="s", code="SUBGRAPH_OVERLOADED"))
    (state,) = layer.states()
    assert (state.state, state.requests) == (BreakerState.CLOSED, 0)


class Files:
    content_type = "multipart/form-data; boundary=x"

    def __init__(self, failure: Exception | None, *, is_finished: bool) -> None:
        self.failure = failure
        self.is_finished = is_finished

    async def chunks(self, body: bytes) -> AsyncIterator[bytes]:
        yield body


@pytest.mark.parametrize(
    ("failure", "is_finished", "outcome", "counts"),
    [
        (ValueError("too large"), False, UNREACHABLE, False),
        (ValueError("gone"), False, reply(500), False),
        (None, False, TIMED_OUT, False),
        (None, True, TIMED_OUT, True),
        (None, False, UNREACHABLE, True),
        (None, False, reply(503), True),
    ],
)
async def test_a_client_that_does_not_send_its_files_says_nothing(
    failure: Exception | None, is_finished: bool, outcome: Any, counts: bool
) -> None:
    held = HeldTransport()
    layer = breakers(held)
    call = a_call("mutation")
    call.stream = Files(failure, is_finished=is_finished)
    Asked(layer, call)
    held.sent[-1].answer(outcome)
    (state,) = layer.states()
    assert (state.requests, state.failures) == ((1, 1) if counts else (0, 0))


async def test_endpoints_have_breakers_of_their_own() -> None:
    """A hook may send each tenant's requests to an endpoint of its own."""
    held = HeldTransport()
    layer = breakers(held)
    for _ in range(2):
        await ask(layer, held, UNREACHABLE, url="http://one/graphql?n=1")
    assert await ask(layer, held, reply(), url="http://one/graphql?n=2") == CIRCUIT_OPEN
    assert await ask(layer, held, reply(), url="http://two/graphql") == "200"
    assert [(each.url, each.state.value) for each in layer.states()] == [
        ("http://one/graphql", "open"),
        ("http://two/graphql", "closed"),
    ]


@pytest.mark.parametrize("per_partition", [True, False])
async def test_a_tenant_can_be_kept_from_opening_it_for_others(per_partition: bool) -> None:
    held = HeldTransport()
    layer = breakers(held, per_partition=per_partition)
    for _ in range(2):
        await ask(layer, held, TIMED_OUT, partition="hostile")
    assert await ask(layer, held, reply(), partition="hostile") == CIRCUIT_OPEN
    assert await ask(layer, held, reply(), partition="other") == ("200" if per_partition else CIRCUIT_OPEN)
    assert {each.partition for each in layer.states()} == ({"hostile", "other"} if per_partition else {None})


async def test_it_recovers(caplog: pytest.LogCaptureFixture) -> None:
    held = HeldTransport()
    layer = breakers(held, open_s=0.001, probes=1)
    for _ in range(2):
        await ask(layer, held, UNREACHABLE)
    now = asyncio.get_running_loop().time
    opened_at = now()
    await until(lambda: now() > opened_at + 0.001)
    assert await ask(layer, held, reply()) == "200"
    (state,) = layer.states()
    assert (state.state, state.opened) == (BreakerState.CLOSED, 1)
    assert [record.fields["state"] for record in caplog.records] == ["open", "closed"]


async def test_a_probe_that_is_cancelled_makes_room_for_another() -> None:
    held = HeldTransport()
    layer = breakers(held, open_s=0.001, probes=1)
    for _ in range(2):
        await ask(layer, held, UNREACHABLE)
    now = asyncio.get_running_loop().time
    opened_at = now()
    await until(lambda: now() > opened_at + 0.001)
    probe = Asked(layer)
    refused = Asked(layer)
    await asyncio.sleep(0)
    assert refused.code == CIRCUIT_OPEN
    probe.cancel()
    probe.cancel()
    assert await ask(layer, held, reply()) == "200"


async def test_subscriptions_count_and_are_refused_too() -> None:
    held = HeldTransport()
    layer = breakers(held)
    for _ in range(2):
        with pytest.raises(SubgraphError, match="could not be reached"):
            await layer.subscribe(a_call("subscription"), 1)
    with pytest.raises(SubgraphError) as refused:
        await layer.subscribe(a_call("subscription"), 1)
    assert refused.value.code == CIRCUIT_OPEN


async def test_memory_is_bounded_and_open_ones_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breaking, "MAX_ENDPOINTS", 5)
    held = HeldTransport()
    layer = breakers(held)
    for _ in range(2):
        await ask(layer, held, UNREACHABLE, url="http://down")
    for number in range(50):
        await ask(layer, held, reply(), url=f"http://{number}")
    assert len(list(layer.states())) == 5
    assert await ask(layer, held, reply(), url="http://down") == CIRCUIT_OPEN
