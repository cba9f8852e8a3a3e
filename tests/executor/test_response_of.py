"""Awaiting a plan that runs by callbacks."""

import asyncio

import pytest

from router.executor.compiled_plan import OnDone, response_of


class Running:
    """See `Pending`."""

    def __init__(self) -> None:
        self.is_cancelled = False

    def cancel(self) -> None:
        self.is_cancelled = True


async def test_an_answer_that_comes_between_a_cancellation_and_its_effect_is_dropped() -> None:
    running, answers = Running(), list[OnDone]()

    def start(on_done: OnDone) -> Running:
        answers.append(on_done)
        return running

    waiting = asyncio.ensure_future(response_of(start))
    await asyncio.sleep(0)
    waiting.cancel()
    answers[0]({"data": None})  # before the task had its turn
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert running.is_cancelled
