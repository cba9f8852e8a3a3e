"""Whose turn it is."""

import asyncio
import random
from collections import Counter

import pytest

from turns import Turns


async def order(turns: Turns, *parties: str) -> list[str]:
    """Who had a turn, in order, if these ask one after another and somebody else has the only one until all wait."""
    had: list[str] = []

    async def one(party: str) -> None:
        async with turns.of(party):
            had.append(party)

    async with turns.of("somebody"):
        asking = [asyncio.ensure_future(one(party)) for party in parties]
        await asyncio.sleep(0)
    await asyncio.gather(*asking)
    return had


async def test_nobody_waits_for_anothers_backlog() -> None:
    assert await order(Turns(1), *"AAAAAABC") == list("ABCAAAAA")


async def test_backlogs_take_turns() -> None:
    assert await order(Turns(1), *"AAABBBCC") == list("ABCABCAB")


async def test_ones_own_come_in_order() -> None:
    turns, had = Turns(1), []

    async def one(number: int) -> None:
        async with turns.of("A"):
            had.append(number)

    await asyncio.gather(*(one(number) for number in range(20)))
    assert had == list(range(20))


async def test_alone_one_has_all_turns_and_gives_way_at_the_first_end() -> None:
    turns = Turns(3)
    for _ in range(3):
        await turns.take("A")
    waiting = [asyncio.ensure_future(turns.take(party)) for party in "AABB"]
    await asyncio.sleep(0)
    assert not any(turn.done() for turn in waiting)
    turns.give_back("A")
    await waiting[2]
    assert [turn.done() for turn in waiting] == [False, False, True, False]
    turns.give_back("A")
    await asyncio.sleep(0)
    # Each has one by now: it is A's turn, whose last one is the longest ago.
    assert [turn.done() for turn in waiting] == [True, False, True, False]
    for turn in (waiting[1], waiting[3]):
        turn.cancel()


@pytest.mark.parametrize("came_in_time", [False, True])
async def test_who_gives_up_takes_no_turn(came_in_time: bool) -> None:
    turns = Turns(1)
    await turns.take("A")
    gives_up, stays = asyncio.ensure_future(turns.take("B")), asyncio.ensure_future(turns.take("C"))
    await asyncio.sleep(0)
    if came_in_time:
        turns.give_back("A")
    gives_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gives_up
    if not came_in_time:
        turns.give_back("A")
    await stays
    turns.give_back("C")
    await asyncio.wait_for(turns.take("B"), 1)


async def test_whatever_happens_no_turn_is_lost_or_made() -> None:
    seed = random.randrange(2**32)
    chance, turns, under_way, most = random.Random(seed), Turns(4), Counter[str](), 0

    async def one(party: str) -> None:
        nonlocal most
        async with turns.of(party):
            under_way[party] += 1
            most = max(most, under_way.total())
            try:
                for _ in range(chance.randrange(5)):
                    await asyncio.sleep(0)
            finally:
                under_way[party] -= 1

    running: list[asyncio.Task[None]] = []
    for _ in range(3000):
        running.append(asyncio.create_task(one(chance.choice("ABCDE"))))
        if chance.random() < 0.3:
            chance.choice(running).cancel()
        if chance.random() < 0.5:
            await asyncio.sleep(0)
    await asyncio.gather(*running, return_exceptions=True)
    assert (most, under_way.total()) == (4, 0), seed
    for _ in range(4):
        await asyncio.wait_for(turns.take("A"), 1)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(turns.take("A"), 0)
