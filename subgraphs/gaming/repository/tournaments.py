"""Tournaments, who takes part, and their matches."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, and_, delete, func, literal, select, update

from resolvers.pagination import Key, Ordering
from resolvers.rows import among
from resolvers.session import TenantSession
from subgraphs.gaming.domain.tournaments import Tournament, TournamentEntry, TournamentMatch
from subgraphs.gaming.repository.rows import Rows
from subgraphs.gaming.tables import standings, tournament_entries, tournament_matches, tournaments

__all__ = [
    "BY_ROUND",
    "ENTRIES",
    "FIRST_REGISTERED",
    "LATEST_TOURNAMENT_FIRST",
    "MATCHES",
    "TOURNAMENTS",
    "entries_of",
    "entry_counts",
    "matches_of",
    "seeded_players",
    "tournament_for_update",
    "withdraw",
    "write_seeds",
]

TOURNAMENTS: Final = Rows(tournaments, Tournament)
ENTRIES: Final = Rows(tournament_entries, TournamentEntry)
MATCHES: Final = Rows(tournament_matches, TournamentMatch)

LATEST_TOURNAMENT_FIRST: Final = Ordering(
    "LATEST", Key(tournaments.c.created_at, descending=True), Key(tournaments.c.id, descending=True)
)
FIRST_REGISTERED: Final = Ordering("REGISTERED", Key(tournament_entries.c.created_at), Key(tournament_entries.c.id))
BY_ROUND: Final = Ordering("ROUND", Key(tournament_matches.c.round), Key(tournament_matches.c.slot))


async def tournament_for_update(session: TenantSession, tournament_id: UUID) -> Tournament | None:
    """The tournament. What happens in it is done one after another until the transaction ends."""
    return await TOURNAMENTS.first(session, tournaments.c.id == tournament_id, lock=True)


async def seeded_players(session: TenantSession, tournament: Tournament) -> list[UUID]:
    """Who takes part, the best first: by the game's leaderboard of all times, then by who registered first."""
    best = and_(
        standings.c.game_id == tournament.game_id,
        standings.c.season_id.is_(None),
        standings.c.player_id == tournament_entries.c.player_id,
    )
    place = (standings.c.rank_key.nulls_last(), standings.c.achieved_at.nulls_last())
    statement = (
        select(tournament_entries.c.player_id)
        .select_from(tournament_entries.outerjoin(standings, best))
        .where(tournament_entries.c.tournament_id == tournament.id)
        .order_by(*place, tournament_entries.c.created_at, tournament_entries.c.id)
    )
    return [row.player_id for row in await session.rows(statement)]


async def write_seeds(session: TenantSession, tournament_id: UUID, seeded: Sequence[UUID]) -> None:
    """Notes in which order the players are seeded. One statement."""
    seeds = func.array_position(literal(list(seeded), ARRAY(Uuid())), tournament_entries.c.player_id)
    here = tournament_entries.c.tournament_id == tournament_id
    await session.execute(update(tournament_entries).where(here).values(seed=seeds))


async def withdraw(session: TenantSession, tournament_id: UUID, player_id: UUID) -> bool:
    """Takes a player out; False if the player was not in."""
    gone = delete(tournament_entries).where(
        tournament_entries.c.tournament_id == tournament_id, tournament_entries.c.player_id == player_id
    )
    return await session.execute(gone) > 0


async def entries_of(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, list[TournamentEntry]]:
    """Who takes part in each tournament. One statement."""
    rows = await session.rows(ENTRIES.statement().where(among(tournament_entries.c.tournament_id, ids)))
    return _by_tournament([ENTRIES.of(row) for row in rows])


async def matches_of(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, list[TournamentMatch]]:
    """The matches of each tournament. One statement."""
    rows = await session.rows(MATCHES.statement().where(among(tournament_matches.c.tournament_id, ids)))
    return _by_tournament([MATCHES.of(row) for row in rows])


async def entry_counts(session: TenantSession, ids: Sequence[UUID]) -> list[int]:
    """How many take part in each tournament, in their order. One statement."""
    rows = await session.rows(
        select(tournament_entries.c.tournament_id, func.count().label("players"))
        .where(among(tournament_entries.c.tournament_id, ids))
        .group_by(tournament_entries.c.tournament_id)
    )
    counts = {row.tournament_id: row.players for row in rows}
    return [counts.get(each, 0) for each in ids]


def _by_tournament(rows: Sequence[Any]) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.tournament_id, []).append(row)
    return found
