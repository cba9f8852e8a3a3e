import asyncio
from typing import Any

import pytest

from router.server.disconnect import DisconnectGuard


class Line:
    """An ASGI `receive`: the body at once, then the disconnect when `hang_up` is called."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.asked = 0

    async def receive(self) -> dict[str, Any]:
        self.asked += 1
        if self.asked == 1:
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.gone.wait()
        return {"type": "http.disconnect"}


async def test_a_client_that_hangs_up_ends_the_block() -> None:
    line = Line()
    stopped = False
    with DisconnectGuard(line.receive, after_s=0) as guard:
        guard.arm()
        asyncio.get_running_loop().call_later(0.02, line.gone.set)
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            stopped = True
            raise
    assert stopped
    assert guard.disconnected
    await asyncio.sleep(0)  # the cancellation is spent: what follows is not cancelled


async def test_a_fast_block_asks_nothing() -> None:
    line = Line()
    with DisconnectGuard(line.receive, after_s=5) as guard:
        guard.arm()
        await asyncio.sleep(0)
    assert line.asked == 0
    assert not guard.disconnected


async def test_unarmed_it_lets_the_block_finish() -> None:
    line = Line()
    line.gone.set()
    with DisconnectGuard(line.receive, after_s=0) as guard:
        await asyncio.sleep(0.02)
    assert not guard.disconnected


async def test_a_cancellation_from_outside_goes_through() -> None:
    line = Line()

    async def work() -> None:
        with DisconnectGuard(line.receive, after_s=0) as guard:
            guard.arm()
            await asyncio.sleep(30)

    task = asyncio.ensure_future(work())
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_cancellation_from_outside_goes_through_also_beside_our_own() -> None:
    line = Line()
    went_on = False

    async def work() -> None:
        nonlocal went_on
        with DisconnectGuard(line.receive, after_s=0) as guard:
            guard.arm()
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                task.cancel()  # the server's, while the block is still unwinding
                raise
        went_on = True

    task = asyncio.ensure_future(work())
    line.gone.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not went_on


async def test_errors_of_the_block_go_through() -> None:
    async def work() -> None:
        with DisconnectGuard(Line().receive, after_s=0) as guard:
            guard.arm()
            raise ValueError("mine")

    with pytest.raises(ValueError, match="mine"):
        await work()
