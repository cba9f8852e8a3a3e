"""Leaderboards: what one shows. Redis answers; PostgreSQL does for what Redis has lost, or what is frozen."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from redis.exceptions import RedisError

from resolvers.errors import Conflict
from resolvers.pagination import Window
from resolvers.session import TenantSession
from subgraphs.gaming.boards import BoardKey
from subgraphs.gaming.domain.boards import Board, BoardPage
from subgraphs.gaming.domain.errors import GameNotFound, LeaderboardUnavailable, SeasonNotFound, SeasonOver
from subgraphs.gaming.domain.games import Game
from subgraphs.gaming.domain.seasons import Season
from subgraphs.gaming.repository.games import GAMES
from subgraphs.gaming.repository.seasons import SEASONS
from subgraphs.gaming.repository.standings import around_in_sql, page_in_sql
from subgraphs.gaming.services import Services

__all__ = ["Table", "around", "page", "rebuild", "table"]


@dataclass(frozen=True, slots=True)
class Table:
    """A board, and what it is of."""

    game: Game
    season: Season | None

    @property
    def board(self) -> Board:
        """What names it."""
        return Board(self.game.id, None if self.season is None else self.season.id)

    @property
    def is_frozen(self) -> bool:
        """Whether its ranks are final."""
        return self.season is not None and self.season.closed_at is not None


async def table(session: TenantSession, game_id: UUID, season_id: UUID | None) -> Table:
    """The board of a game: of a season, or of all times.

    Raises:
        GameNotFound, SeasonNotFound: there is none.
    """
    (game,) = await GAMES.find(session, [game_id])
    if game is None:
        raise GameNotFound
    if season_id is None:
        return Table(game, None)
    (season,) = await SEASONS.find(session, [season_id])
    if season is None or season.game_id != game_id:
        raise SeasonNotFound
    return Table(game, season)


async def page(session: TenantSession, services: Services, shown: Table, window: Window) -> BoardPage:
    """The lines in a window, which is of `BY_RANK` and not backward."""

    async def counted() -> BoardPage:
        return await page_in_sql(session, shown.board, window, frozen=shown.is_frozen)

    key = BoardKey(session.tenant_id(), shown.board)
    after = None if window.after is None else (window.after[0], window.after[1], window.after[2])
    return await _read(services, shown, key, lambda: services.boards.page(key, after, window.size), counted)


async def around(session: TenantSession, services: Services, shown: Table, player_id: UUID, radius: int) -> BoardPage:
    """A player's line, with as many before it and after it; none if the player has none."""

    async def counted() -> BoardPage:
        return await around_in_sql(session, shown.board, player_id, radius, frozen=shown.is_frozen)

    key = BoardKey(session.tenant_id(), shown.board)
    return await _read(services, shown, key, lambda: services.boards.around(key, player_id, radius), counted)


async def rebuild(services: Services, tenant_id: UUID, shown: Table) -> None:
    """Builds the board anew from PostgreSQL, which goes on answering meanwhile.

    Raises:
        SeasonOver: it is frozen, and so not in Redis.
        Conflict: somebody else builds it at the moment.
        LeaderboardUnavailable: Redis does not answer.
    """
    if shown.is_frozen:
        raise SeasonOver
    try:
        if not await services.sweeper.rebuild(BoardKey(tenant_id, shown.board)):
            raise Conflict("The leaderboard is being built at the moment.")
    except (RedisError, OSError) as error:
        raise LeaderboardUnavailable from error


async def _read(
    services: Services,
    shown: Table,
    key: BoardKey,
    ask: Callable[[], Awaitable[BoardPage | None]],
    counted: Callable[[], Awaitable[BoardPage]],
) -> BoardPage:
    if shown.is_frozen:
        return await counted()
    try:
        found = await ask()
    except (RedisError, OSError):
        return await counted()
    if found is None:
        services.sweeper.rebuild_soon(key)
        return await counted()
    return found
