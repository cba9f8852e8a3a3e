"""The running loop, as asyncio has it, whatever ran before in the same thread or runs in others."""

import asyncio
import threading

import pytest

from router.executor.running_loop import _remembered_loop, running_loop


async def both() -> tuple[asyncio.AbstractEventLoop, asyncio.AbstractEventLoop, asyncio.AbstractEventLoop]:
    return asyncio.get_running_loop(), running_loop(), _remembered_loop()


def test_is_the_loop_that_runs_now_and_not_the_one_before() -> None:
    found = []
    for _ in range(3):
        true, *ours = asyncio.run(both())
        assert ours == [true, true]
        found.append(true)
    assert len({*map(id, found)}) == 3


def test_an_open_loop_that_does_not_run_is_not_taken_for_the_one_that_does() -> None:
    one, two = asyncio.new_event_loop(), asyncio.new_event_loop()
    try:
        for loop in (one, two, one, two):
            true, *ours = loop.run_until_complete(both())
            assert true is loop
            assert ours == [true, true]
    finally:
        one.close()
        two.close()


def test_each_thread_has_its_own() -> None:
    meeting = threading.Barrier(4)
    wrong = []

    async def meet() -> None:
        for _ in range(20):
            true, *ours = await both()
            if ours != [true, true]:
                wrong.append(ours)
            await asyncio.to_thread(meeting.wait, 20)

    threads = [threading.Thread(target=asyncio.run, args=(meet(),)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize("ask", [running_loop, _remembered_loop])
def test_outside_of_a_loop_it_raises(ask: object) -> None:
    asyncio.run(both())
    with pytest.raises(RuntimeError, match="no running event loop"):
        ask()  # type: ignore[operator]
