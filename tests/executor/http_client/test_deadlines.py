"""One timer for many limits."""

import asyncio
import math

from router.executor.http_client.deadlines import Deadlines


class Item:
    def __init__(self, deadline: float, expired: list[float]) -> None:
        self.deadline = deadline
        self.expired = expired

    def expire(self) -> None:
        self.expired.append(self.deadline)


async def test_each_expires_once_and_in_time() -> None:
    loop = asyncio.get_running_loop()
    deadlines: Deadlines[Item] = Deadlines(loop)
    expired: list[float] = []
    now = loop.time()
    items = [Item(now + after, expired) for after in (0.2, 0.1, 0.05, -5, math.inf, 0.1)]
    for item in items:
        deadlines.add(item)
    deadlines.pending.discard(items[5])
    await asyncio.sleep(0.3)
    assert expired == [items[3].deadline, items[2].deadline, items[1].deadline, items[0].deadline]
    assert deadlines.pending == {items[4]}
    deadlines.close()


async def test_closed_it_is_silent() -> None:
    loop = asyncio.get_running_loop()
    deadlines: Deadlines[Item] = Deadlines(loop)
    expired: list[float] = []
    deadlines.add(Item(loop.time() + 0.02, expired))
    deadlines.close()
    await asyncio.sleep(0.1)
    assert expired == []
