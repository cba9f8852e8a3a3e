"""Keeps leaderboards in Redis as PostgreSQL has them, and closes seasons that have ended."""

import asyncio
import logging
from contextlib import AbstractAsyncContextManager, suppress
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError

from resolvers.context import RequestContext
from resolvers.events.loops import pause
from resolvers.session import Database, TenantSession
from subgraphs.gaming.boards import BoardKey, Boards
from subgraphs.gaming.domain.boards import Board, Standing
from subgraphs.gaming.domain.seasons import Season, closed
from subgraphs.gaming.repository.seasons import SEASONS, due_seasons, season_for_closing
from subgraphs.gaming.repository.standings import chunk, freeze, fresh_standings, standings_by_id

__all__ = ["SWEEP_EVERY_S", "Sweeper", "close_season"]

_log = logging.getLogger("subgraphs.gaming.sweeper")

SWEEP_EVERY_S: Final = 10.0
_CHUNK: Final = 1000
_TRIES: Final = 3
_AT_A_TIME: Final = 2
# Longer than any transaction: what was committed after the last sweep may have been written before it.
_MARGIN: Final = timedelta(seconds=60)


class Sweeper:
    """One per process.

    Args:
        boards: what it keeps.
        every_s: between two sweeps.
    """

    def __init__(self, boards: Boards, *, every_s: float = SWEEP_EVERY_S) -> None:
        self._boards = boards
        self._every_s = every_s
        self._database: Database | None = None
        self._sweeping: asyncio.Task[None] | None = None
        self._building: dict[BoardKey, asyncio.Task[bool]] = {}
        self._turns = asyncio.Semaphore(_AT_A_TIME)

    def begin(self, database: Database) -> None:
        """Sweeps from now on."""
        self._database = database
        self._sweeping = asyncio.create_task(self._forever())

    async def end(self) -> None:
        """Stops."""
        tasks = [*self._building.values(), *([self._sweeping] if self._sweeping is not None else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def tell(self, session: TenantSession, standings: list[Standing]) -> None:
        """Puts standings on their boards once the session has committed them.

        What cannot be put then, or is not since the process ends, is found by a sweep of this process or another.
        """

        async def put() -> None:
            with suppress(RedisError, OSError):
                await self._put(session.context.tenant_id, standings)

        if standings:
            session.after_commit(put)

    def rebuild_soon(self, key: BoardKey) -> None:
        """Has a board built, unless this process does so already."""
        if key in self._building:
            return
        task = asyncio.create_task(self._rebuilt(key))
        self._building[key] = task
        task.add_done_callback(lambda _: self._building.pop(key, None))

    async def rebuild(self, key: BoardKey) -> bool:
        """Builds a board from PostgreSQL while scores arrive; False if somebody else is at it, or it was lost again.

        Raises:
            redis.RedisError, OSError, sqlalchemy.exc.SQLAlchemyError: what it needs does not answer.
        """
        token = await self._boards.begin(key)
        if token is None:
            return False
        after: UUID | None = None
        while True:
            async with self._session(key.tenant_id) as session:
                standings = await chunk(session, key.board, after, _CHUNK)
            if not await self._boards.put(key, standings, token):
                return False
            if len(standings) < _CHUNK:
                return await self._boards.complete(key, token)
            after = standings[-1].player_id

    async def sweep(self) -> None:
        """Puts what has changed since the last sweep, and closes what is due; tenants one after another.

        Raises:
            redis.RedisError, OSError, sqlalchemy.exc.SQLAlchemyError: what it needs does not answer.
        """
        begun = datetime.now(UTC)
        since = await self._boards.swept_until() or begun
        after: UUID | None = None
        while True:
            async with self._session(None) as session:
                fresh = await fresh_standings(session, since - _MARGIN, _CHUNK, after)
            for tenant_id, group in groupby(sorted(fresh), key=lambda each: each[0]):
                async with self._session(tenant_id) as session:
                    standings = await standings_by_id(session, [standing_id for _, standing_id in group])
                await self._put(tenant_id, standings)
            if len(fresh) < _CHUNK:
                break
            after = fresh[-1][1]
        await self._boards.sweep_from(begun)
        async with self._session(None) as session:
            due = await due_seasons(session, _CHUNK)
        for tenant_id, season_id in due:
            async with self._session(tenant_id) as session:
                season = await season_for_closing(session, season_id)
                if season is not None and season.closed_at is None:
                    await close_season(session, season, self._boards)

    def _session(self, tenant_id: UUID | None) -> AbstractAsyncContextManager[TenantSession]:
        assert self._database is not None, "it has not begun"
        return self._database.session(RequestContext.system(tenant_id))

    async def _put(self, tenant_id: UUID | None, standings: list[Standing]) -> None:
        if tenant_id is None:
            return
        by_board: dict[Board, list[Standing]] = {}
        for each in standings:
            by_board.setdefault(each.board, []).append(each)
        for board, here in by_board.items():
            await self._boards.put(BoardKey(tenant_id, board), here)

    async def _rebuilt(self, key: BoardKey) -> bool:
        async with self._turns:
            try:
                for _ in range(_TRIES):
                    if await self.rebuild(key):
                        return True
            except (RedisError, OSError, SQLAlchemyError) as error:
                _log.warning("a leaderboard cannot be built: %s", error)
        return False

    async def _forever(self) -> None:
        while True:
            try:
                await self.sweep()
            except (RedisError, OSError, SQLAlchemyError) as error:
                _log.warning("leaderboards cannot be swept: %s", error)
            await pause(self._every_s)


async def close_season(session: TenantSession, season: Season, boards: Boards) -> Season:
    """Freezes the board of a season that `season_for_closing` gave; from then on it is PostgreSQL's alone."""
    board = Board(season.game_id, season.id)
    done = closed(season, datetime.now(UTC))
    await freeze(session, board)
    await SEASONS.change(session, done)
    tenant_id = session.context.tenant_id

    async def drop() -> None:
        with suppress(RedisError, OSError):
            if tenant_id is not None:
                await boards.drop(BoardKey(tenant_id, board))

    session.after_commit(drop)
    return done
