"""Equal queries under way are sent once, and nobody gets what was another's."""

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.executor.transport import timed_out
from router.hooks import SubgraphCall
from router.server.traffic.sharing import SubgraphSharing, share_key
from tests.server.traffic.held import FAR, TIMED_OUT, UNREACHABLE, Asked, HeldTransport, a_call, reply, until


async def test_equal_queries_are_sent_once() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held)
    asked = [Asked(layer, a_call(headers={"x-request-id": str(number), "x-a": "b"})) for number in range(5)]
    (sent,) = held.sent
    sent.answer(reply())
    assert [each.code for each in asked] == ["200"] * 5
    assert layer.shared == 4
    Asked(layer)
    assert len(held.sent) == 2, "what is over is over: this is no cache"


async def test_errors_are_shared_too() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held)
    asked = [Asked(layer), Asked(layer)]
    held.sent[0].answer(UNREACHABLE)
    assert [each.code for each in asked] == ["SUBREQUEST_HTTP_ERROR"] * 2
    assert asked[0].outcome is not asked[1].outcome


async def test_each_gets_an_answer_of_its_own() -> None:
    """Hooks may change what they get."""
    held = HeldTransport()
    layer = SubgraphSharing(held)
    asked = [Asked(layer), Asked(layer)]
    held.sent[0].answer(reply(x_a="b"))
    first, second = (each.outcome for each in asked)
    assert first == second
    first.headers["x-a"] = "changed"  # type: ignore[union-attr, index]
    assert second.headers["x-a"] == "b"  # type: ignore[union-attr]


async def test_mutations_are_never_shared() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held)
    for _ in range(2):
        Asked(layer, a_call("mutation"))
    Asked(layer, a_call("query"))
    assert len(held.sent) == 3


async def test_who_leaves_leaves_the_others() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held)
    first, second, third = (Asked(layer) for _ in range(3))
    first.cancel()
    third.cancel()
    assert held.sent[0].is_under_way
    held.sent[0].answer(reply())
    assert second.code == "200"
    assert not first.outcomes
    assert not third.outcomes


async def test_when_all_have_left_it_is_ended() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held)
    asked = [Asked(layer), Asked(layer)]
    for each in asked:
        each.cancel()
    assert held.sent[0].is_cancelled
    Asked(layer)
    assert len(held.sent) == 2


async def test_one_may_leave_in_the_callback_of_another() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held)
    later: list[Asked] = []
    layer.send(a_call(), FAR, lambda _: later[0].cancel())
    later.append(Asked(layer))
    held.sent[0].answer(reply())
    assert not later[0].outcomes


async def test_a_followers_time_is_its_own() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held)
    patient = Asked(layer)
    hasty = Asked(layer, a_call(), asyncio.get_running_loop().time())
    await until(lambda: bool(hasty.outcomes))
    assert hasty.code == TIMED_OUT.code
    assert not patient.outcomes
    assert held.sent[0].is_under_way


async def test_who_has_time_left_when_the_first_has_none_asks_again_once() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held)
    now = asyncio.get_running_loop().time()
    first = Asked(layer, a_call(), now + 100)
    followers = [Asked(layer, a_call(), now + 100 + number) for number in (1, 3, 2)]
    held.sent[0].answer(timed_out("s"))
    assert first.code == TIMED_OUT.code
    assert len(held.sent) == 2
    assert held.sent[1].deadline == now + 103
    held.sent[1].answer(reply())
    assert [each.code for each in followers] == ["200"] * 3


# ---- who may share --------------------------------------------------------------------------------------------------

NAMES = st.sampled_from(["authorization", "Authorization", "cookie", "x-tenant", "x-a", "a", "x-request-id-2"])
VALUES = st.sampled_from(["", "a", "b", "a, b", "a\x00b", "Bearer 1", "x-a: a", "('x-a', 'a')"]) | st.text(max_size=4)
HEADERS = st.dictionaries(NAMES, VALUES, max_size=4)
NOISE = st.dictionaries(st.sampled_from(["x-request-id", "traceparent", "tracestate"]), VALUES)
CALLS = st.tuples(
    HEADERS,
    st.sampled_from(["", "t1", "t2", "t1:"]),
    st.sampled_from(["http://s", "http://s/x"]),
    st.sampled_from([b"{}", b'{"query":"{a}"}']),
    st.sampled_from(["s", "other"]),
)


def made(what: tuple[Any, ...], noise: dict[str, str]) -> SubgraphCall:
    headers, partition, url, body, subgraph = what
    return a_call(headers={**noise, **headers}, partition=partition, url=url, body=body, subgraph=subgraph)


@settings(max_examples=500)
@given(CALLS, CALLS, NOISE, NOISE)
def test_calls_that_differ_in_anything_do_not_share(
    one: tuple[Any, ...], other: tuple[Any, ...], noise: dict[str, str], other_noise: dict[str, str]
) -> None:
    assert (share_key(made(one, noise)) == share_key(made(other, other_noise))) == (one == other)
    assert share_key(made(one, noise)) == share_key(made(one, other_noise))


@given(HEADERS, HEADERS, st.dictionaries(NAMES, VALUES, max_size=2))
def test_what_a_header_stands_for_is_no_headers_text(
    one: dict[str, str], other: dict[str, str], meaning: dict[str, str]
) -> None:
    """A client that sends as a header's text what stands for another's shares nothing with it."""
    with_meaning, without = a_call(headers=one), a_call(headers=other)
    with_meaning.share_as = meaning
    if share_key(with_meaning) == share_key(without):
        assert not meaning.keys() & one.keys()
        assert one == other


def test_signatures_that_mean_the_same_can_be_shared() -> None:
    def signed(signature: str, tenant: str, **more: str) -> SubgraphCall:
        call = a_call(headers={"x-context": signature, **more}, partition=tenant)
        call.share_as = {"x-context": tenant}
        return call

    assert share_key(signed("1", "a")) == share_key(signed("2", "a"))
    assert share_key(signed("1", "a")) != share_key(signed("1", "b"))
    assert share_key(signed("1", "a", other="x")) != share_key(signed("1", "a", other="y"))


@pytest.mark.parametrize("outcome", [reply(), UNREACHABLE, timed_out("s")])
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), max_size=60))
def test_whoever_comes_and_goes_each_is_answered_once(outcome: Any, actions: list[tuple[int, int]]) -> None:
    async def run() -> None:
        held = HeldTransport()
        layer = SubgraphSharing(held)
        asked: list[Asked] = []
        cancelled = set()
        for action, number in actions:
            if action == 0:
                asked.append(Asked(layer, a_call(partition="ab"[number % 2]), FAR + number))
            elif action == 1 and held.under_way:
                held.under_way[number % len(held.under_way)].answer(outcome)
            elif action == 2 and asked:
                victim = asked[number % len(asked)]
                if not victim.outcomes:
                    cancelled.add(id(victim))
                victim.cancel()
            assert len(held.under_way) <= 2
        while held.under_way:
            held.under_way[0].answer(reply())
        for each in asked:
            assert len(each.outcomes) == (id(each) not in cancelled)

    asyncio.run(run())
