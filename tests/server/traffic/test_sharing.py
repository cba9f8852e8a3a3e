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
    layer = SubgraphSharing(held, at_once=False)
    asked = [Asked(layer, a_call(headers={"x-request-id": str(number), "x-a": "b"})) for number in range(5)]
    (sent,) = held.sent
    sent.answer(reply())
    assert [each.code for each in asked] == ["200"] * 5
    assert layer.shared == 4
    Asked(layer)
    assert len(held.sent) == 2, "what is over is over: this is no cache"


async def test_errors_are_shared_too() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held, at_once=False)
    asked = [Asked(layer), Asked(layer)]
    held.sent[0].answer(UNREACHABLE)
    assert [each.code for each in asked] == ["SUBREQUEST_HTTP_ERROR"] * 2
    assert asked[0].outcome is not asked[1].outcome


async def test_each_gets_an_answer_of_its_own() -> None:
    """Hooks may change what they get."""
    held = HeldTransport()
    layer = SubgraphSharing(held, at_once=False)
    asked = [Asked(layer), Asked(layer)]
    held.sent[0].answer(reply(x_a="b"))
    first, second = (each.outcome for each in asked)
    assert first == second
    first.headers["x-a"] = "changed"  # type: ignore[union-attr, index]
    assert second.headers["x-a"] == "b"  # type: ignore[union-attr]


async def test_mutations_are_never_shared() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held, at_once=False)
    for _ in range(2):
        Asked(layer, a_call("mutation"))
    Asked(layer, a_call("query"))
    assert len(held.sent) == 3


async def test_who_leaves_leaves_the_others() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held, at_once=False)
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
    layer = SubgraphSharing(held, at_once=False)
    asked = [Asked(layer), Asked(layer)]
    for each in asked:
        each.cancel()
    assert held.sent[0].is_cancelled
    Asked(layer)
    assert len(held.sent) == 2


async def test_one_may_leave_in_the_callback_of_another() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held, at_once=False)
    later: list[Asked] = []
    layer.send(a_call(), FAR, lambda _: later[0].cancel())
    later.append(Asked(layer))
    held.sent[0].answer(reply())
    assert not later[0].outcomes


async def test_a_followers_time_is_its_own() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held, at_once=False)
    patient = Asked(layer)
    hasty = Asked(layer, a_call(), asyncio.get_running_loop().time())
    await until(lambda: bool(hasty.outcomes))
    assert hasty.code == TIMED_OUT.code
    assert not patient.outcomes
    assert held.sent[0].is_under_way


async def test_who_has_time_left_when_the_first_has_none_asks_again_once() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held, at_once=False)
    now = asyncio.get_running_loop().time()
    first = Asked(layer, a_call(), now + 100)
    followers = [Asked(layer, a_call(), now + 100 + number) for number in (1, 3, 2)]
    held.sent[0].answer(timed_out("s"))
    assert first.code == TIMED_OUT.code
    assert len(held.sent) == 2
    assert held.sent[1].deadline == now + 103
    held.sent[1].answer(reply())
    assert [each.code for each in followers] == ["200"] * 3


# ---- those that come at once ----------------------------------------------------------------------------------------


async def test_those_that_come_at_once_are_sent_once() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held, at_once=True)
    asked = [Asked(layer) for _ in range(3)]
    await asyncio.sleep(0)
    later = [Asked(layer) for _ in range(2)]
    assert len(held.sent) == 2, "who comes later asks anew, though the same is under way"
    held.sent[1].answer(reply())
    assert [each.code for each in later] == ["200"] * 2
    assert not any(each.outcomes for each in asked)
    held.sent[0].answer(reply())
    assert [each.code for each in asked] == ["200"] * 3
    assert layer.shared == 3


async def test_a_change_that_was_told_is_in_what_is_asked_then() -> None:
    """One who was told of a change never gets what another asked for before it."""
    held = HeldTransport()
    layer = SubgraphSharing(held, at_once=True)
    state, seen = 0, {}
    stale = Asked(layer)
    snapshot = state  # the subgraph has read, and takes its time to answer
    await asyncio.sleep(0)
    state += 1
    fresh = Asked(layer)
    seen[held.sent[1]] = state
    held.sent[0].answer(reply(x_state=str(snapshot)))
    held.sent[1].answer(reply(x_state=str(seen[held.sent[1]])))
    assert stale.outcome.headers["x-state"] == "0"  # type: ignore[union-attr]
    assert fresh.outcome.headers["x-state"] == "1"  # type: ignore[union-attr]


async def test_what_is_answered_at_once_is_over() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held, at_once=True)
    first = Asked(layer)
    held.sent[0].answer(reply())
    second = Asked(layer)
    assert first.code == "200"
    assert not second.outcomes
    held.sent[1].answer(reply())
    assert second.code == "200"


async def test_equal_bodies_of_different_callers_in_turns() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held, at_once=True)
    callers = ["a", "b", "c"] * 4
    asked = [Asked(layer, a_call(headers={"authorization": caller})) for caller in callers]
    assert [sent.call.headers["authorization"] for sent in held.sent] == ["a", "b", "c"]
    for sent in held.sent:
        sent.answer(reply(x_for=sent.call.headers["authorization"]))
    assert [each.outcome.headers["x-for"] for each in asked] == callers  # type: ignore[union-attr]


async def test_headers_that_are_added_later_change_nothing() -> None:
    """Layers within add headers to the call that is sent, and make some anew."""
    held = HeldTransport()
    layer = SubgraphSharing(held, at_once=True)
    Asked(layer, a_call(headers={"x-a": "b"}))
    held.sent[0].call.headers["x-left-ms"] = "100"
    Asked(layer, a_call(headers={"x-a": "b"}))
    assert len(held.sent) == 1


async def test_when_all_who_came_at_once_have_left_it_is_ended() -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held, at_once=True)
    asked = [Asked(layer) for _ in range(3)]
    await asyncio.sleep(0)
    for each in asked:
        assert not held.sent[0].is_cancelled
        each.cancel()
    assert held.sent[0].is_cancelled


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
async def test_only_equal_calls_are_sent_once(
    one: tuple[Any, ...], other: tuple[Any, ...], noise: dict[str, str], other_noise: dict[str, str]
) -> None:
    held = HeldTransport()
    layer = SubgraphSharing(held, at_once=True)
    for what, more in ((one, noise), (other, other_noise), (one, other_noise), (other, noise)):
        Asked(layer, made(what, more))
    assert len(held.sent) == (1 if one == other else 2)


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


@pytest.mark.parametrize("at_once", [True, False], ids=["at once", "under way"])
@pytest.mark.parametrize("outcome", [reply(), UNREACHABLE, timed_out("s")])
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30)), max_size=60))
def test_whoever_comes_and_goes_each_is_answered_once(
    outcome: Any, at_once: bool, actions: list[tuple[int, int]]
) -> None:
    async def run() -> None:
        held = HeldTransport()
        layer = SubgraphSharing(held, at_once=at_once)
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
            elif action == 3:
                await asyncio.sleep(0)
            assert at_once or len(held.under_way) <= 2
        while held.under_way:
            held.under_way[0].answer(reply())
        for each in asked:
            assert len(each.outcomes) == (id(each) not in cancelled)
        await asyncio.sleep(0)
        assert not layer._by_body
        assert not layer._by_all

    asyncio.run(run())
