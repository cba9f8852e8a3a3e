"""Seasons."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from resolvers.session import TenantSession
from subgraphs.gaming.domain import seasons as rules
from subgraphs.gaming.domain.errors import GameNotFound, SeasonNotFound, SeasonOverlaps
from subgraphs.gaming.domain.seasons import Season
from subgraphs.gaming.repository.games import GAMES
from subgraphs.gaming.repository.seasons import SEASONS, overlaps, season_for_closing
from subgraphs.gaming.services import Services
from subgraphs.gaming.sweeper import close_season

__all__ = ["create_season", "end_season"]


async def create_season(
    session: TenantSession, game_id: UUID, name: str, starts_at: datetime, ends_at: datetime
) -> Season:
    """A new season of a game, which has no other at that time."""
    season = rules.new_season(uuid4(), game_id, name, starts_at, ends_at, datetime.now(UTC))
    # Seasons of a game are made one after another.
    if await GAMES.first(session, GAMES.table.c.id == game_id, lock=True) is None:
        raise GameNotFound
    if await overlaps(session, season):
        raise SeasonOverlaps
    await SEASONS.add(session, season)
    return season


async def end_season(session: TenantSession, services: Services, season_id: UUID) -> Season:
    """Ends a season that runs, and freezes its board."""
    season = await season_for_closing(session, season_id)
    if season is None:
        raise SeasonNotFound
    return await close_season(session, rules.ended(season, datetime.now(UTC)), services.boards)
