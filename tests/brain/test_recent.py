"""Remembered answers."""

import asyncio

import pytest

from brain.recent import RecentAnswers


class Clock:
    now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


async def test_answers_age_and_are_bounded() -> None:
    clock, asked = Clock(), []
    recent: RecentAnswers[int, str | None] = RecentAnswers(30, 2, clock=clock)

    async def get(key: int) -> str | None:
        async def ask() -> str | None:
            asked.append(key)
            return None if key == 0 else str(key)

        return await recent.get(key, ask)

    assert [await get(0), await get(0), await get(1), await get(1)] == [None, None, "1", "1"]
    assert asked == [0, 1]
    await get(0)
    await get(2)  # the least recently used, 1, makes room
    assert len(recent) == 2
    await get(0)
    await get(1)
    assert asked == [0, 1, 2, 1]
    clock.now_s = 30
    await get(1)
    assert asked == [0, 1, 2, 1, 1]


async def test_one_question_for_many_even_if_the_first_gives_up() -> None:
    recent: RecentAnswers[str, str] = RecentAnswers(30, 2)
    release, asked = asyncio.Event(), []

    async def ask() -> str:
        asked.append(1)
        await release.wait()
        return "answer"

    first = asyncio.create_task(recent.get("a", ask))
    second = asyncio.create_task(recent.get("a", ask))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    release.set()
    assert await second == "answer"
    assert asked == [1]
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_errors_are_not_remembered() -> None:
    recent: RecentAnswers[str, str] = RecentAnswers(30, 2)

    async def fail() -> str:
        raise OSError("away")

    async def ask() -> str:
        return "back"

    with pytest.raises(OSError, match="away"):
        await recent.get("a", fail)
    assert await recent.get("a", ask) == "back"
