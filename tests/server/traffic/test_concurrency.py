"""Requests wait their turn, and no tenant can take all the room."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from router.server.config.traffic import ConcurrencyConfig
from router.server.traffic.concurrency import OVERLOADED, ConcurrencyLimit
from tests.server.traffic.held import Asked, HeldTransport, a_call, reply, until


def limit(held: HeldTransport, max_requests: int, max_waiting: int) -> ConcurrencyLimit:
    return ConcurrencyLimit(held, ConcurrencyConfig(max_requests=max_requests, max_waiting=max_waiting))


async def test_further_requests_wait_and_then_are_refused() -> None:
    held = HeldTransport()
    one = limit(held, 2, 1)
    asked = [Asked(one) for _ in range(4)]
    await asyncio.sleep(0)
    assert len(held.sent) == 2
    assert asked[3].code == OVERLOADED
    assert (one.running, one.waiting, one.refused) == (2, 1, 1)
    held.sent[0].answer(reply())
    assert len(held.sent) == 3
    assert (one.running, one.waiting) == (2, 0)


async def test_partitions_take_turns() -> None:
    held = HeldTransport()
    one = limit(held, 1, 10)
    for partition in "aaaabbc":
        Asked(one, a_call(partition=partition))
    order = []
    while held.under_way:
        order.append(held.under_way[0].call.context.partition)
        held.under_way[0].answer(reply())
    assert order == list("aabcaba")


async def test_a_tenant_that_fills_the_queue_makes_room_for_others() -> None:
    held = HeldTransport()
    one = limit(held, 1, 4)
    greedy = [Asked(one, a_call(partition="greedy")) for _ in range(6)]
    small = [Asked(one, a_call(partition="small")) for _ in range(3)]
    await asyncio.sleep(0)
    assert [each.outcomes != [] for each in greedy] == [False, False, False, True, True, True]
    assert [each.outcomes != [] for each in small] == [False, False, True]
    while held.under_way:
        held.under_way[0].answer(reply())
    assert [each.code for each in small] == ["200", "200", OVERLOADED]


async def test_who_waits_in_vain_is_told_at_the_deadline() -> None:
    held = HeldTransport()
    one = limit(held, 1, 1)
    Asked(one)
    late = Asked(one, a_call(), asyncio.get_running_loop().time())
    await until(lambda: bool(late.outcomes))
    assert late.code == OVERLOADED
    assert (one.running, one.waiting, one.refused) == (1, 0, 1)


async def test_cancelling_makes_room() -> None:
    held = HeldTransport()
    one = limit(held, 1, 2)
    running, first, second = [Asked(one) for _ in range(3)]
    first.cancel()
    assert one.waiting == 1
    running.cancel()
    assert held.sent[0].is_cancelled
    assert (one.running, one.waiting) == (1, 0)
    held.sent[1].answer(reply())
    assert second.code == "200"
    assert not first.outcomes
    assert not running.outcomes
    assert one.running == 0


ACTIONS = st.lists(st.tuples(st.sampled_from(["ask", "ask", "answer", "cancel"]), st.integers(0, 50)), max_size=120)


@settings(max_examples=60)
@given(ACTIONS, st.integers(1, 4), st.integers(0, 6))
def test_whatever_happens_the_bounds_hold_and_nobody_is_forgotten(
    actions: list[tuple[str, int]], max_requests: int, max_waiting: int
) -> None:
    async def run() -> None:
        held = HeldTransport()
        one = limit(held, max_requests, max_waiting)
        asked: list[Asked] = []
        cancelled = set()
        for action, number in actions:
            if action == "ask":
                asked.append(Asked(one, a_call(partition="abc"[number % 3])))
            elif action == "answer" and held.under_way:
                held.under_way[number % len(held.under_way)].answer(reply())
            elif action == "cancel" and asked:
                victim = asked[number % len(asked)]
                if not victim.outcomes:
                    cancelled.add(id(victim))
                victim.cancel()
            assert len(held.under_way) == one.running <= max_requests
            assert 0 <= one.waiting <= max_waiting
            assert not one.waiting or one.running == max_requests
        while held.under_way:
            held.under_way[0].answer(reply())
        await asyncio.sleep(0)
        assert (one.running, one.waiting) == (0, 0)
        for each in asked:
            assert len(each.outcomes) == (id(each) not in cancelled)

    asyncio.run(run())
