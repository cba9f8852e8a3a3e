"""Seasons."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text

from resolvers.pagination import Key, Ordering
from resolvers.session import TenantSession
from subgraphs.gaming.domain.seasons import Season
from subgraphs.gaming.repository.rows import Rows
from subgraphs.gaming.tables import seasons

__all__ = ["LATEST_SEASON_FIRST", "SEASONS", "due_seasons", "overlaps", "running_season", "season_for_closing"]

SEASONS: Final = Rows(seasons, Season)

LATEST_SEASON_FIRST: Final = Ordering(
    "LATEST", Key(seasons.c.starts_at, descending=True), Key(seasons.c.id, descending=True)
)
# Before a tenant is known: the function runs as the owner of the tables and tells ids alone.
_DUE: Final = text("select tenant_id, season_id from gaming.due_seasons(:most)")


async def running_season(session: TenantSession, game_id: UUID, now: datetime) -> Season | None:
    """The season in which a score of the game counts. It is not closed before the transaction ends."""
    columns = seasons.c
    row = await session.row(
        SEASONS.statement()
        .where(columns.game_id == game_id, columns.starts_at <= now, columns.ends_at > now)
        .where(columns.closed_at.is_(None))
        .with_for_update(read=True, key_share=True)
    )
    return None if row is None else SEASONS.of(row)


async def season_for_closing(session: TenantSession, season_id: UUID) -> Season | None:
    """The season, once all scores that count in it are there; no other counts before the transaction ends."""
    row = await session.row(SEASONS.statement().where(seasons.c.id == season_id).with_for_update())
    return None if row is None else SEASONS.of(row)


async def overlaps(session: TenantSession, season: Season) -> bool:
    """Whether the game has another season at any moment of this one."""
    columns = seasons.c
    apart = (columns.starts_at >= season.ends_at) | (columns.ends_at <= season.starts_at)
    return await SEASONS.first(session, columns.game_id == season.game_id, ~apart) is not None


async def due_seasons(session: TenantSession, most: int) -> list[tuple[UUID, UUID]]:
    """Tenants and ids of seasons that have ended and are not closed. For a session without a tenant."""
    rows = await session.rows(_DUE, {"most": most})
    return [(row.tenant_id, row.season_id) for row in rows]
