"""Watching the top of a leaderboard."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from redis.exceptions import RedisError

from resolvers.pagination import Window
from resolvers.session import TenantSession
from subgraphs.gaming.boards import BoardKey
from subgraphs.gaming.domain.boards import Board, BoardPage
from subgraphs.gaming.services import Services
from subgraphs.gaming.usecases.leaderboards import Table, page, table

__all__ = ["watch"]

_LOOK_AGAIN_S: Final = 10.0
_WITHOUT_REDIS_S: Final = 1.0


async def watch(
    session: TenantSession, services: Services, board: Board, window: Window, per_second: float
) -> AsyncIterator[tuple[Table, BoardPage]]:
    """What is in the window, now and whenever that has changed, until the board is frozen.

    However many scores arrive, it is looked at no more often than `per_second`. No connection to the database is held
    while nothing happens. While Redis is away, changes come a second late.

    Raises:
        GameNotFound, SeasonNotFound: the tenant has no such board.
    """
    key = BoardKey(session.tenant_id(), board)
    clock = asyncio.get_running_loop().time
    shown: tuple[BoardPage, bool] | None = None
    while True:
        looked_at = clock()
        heard = await _heard(services, key)
        async with session.apart() as own:
            found = await table(own, board.game_id, board.season_id)
            top = await page(own, services, found, window)
        if shown != (top, found.is_frozen):
            shown = (top, found.is_frozen)
            yield found, top
        if found.is_frozen:
            return
        await _changed(services, key, heard)
        await asyncio.sleep(max(0.0, looked_at + 1 / per_second - clock()))


async def _heard(services: Services, key: BoardKey) -> int | None:
    try:
        return await services.boards.heard(key)
    except (RedisError, OSError):
        return None


async def _changed(services: Services, key: BoardKey, heard: int | None) -> None:
    """Returns once it may look different, or it has not for long."""
    try:
        if heard is None:
            await asyncio.sleep(_WITHOUT_REDIS_S)
        else:
            await services.boards.wait(key, heard, _LOOK_AGAIN_S)
    except (RedisError, OSError):
        await asyncio.sleep(_WITHOUT_REDIS_S)
