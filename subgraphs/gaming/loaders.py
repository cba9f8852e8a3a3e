"""Batch functions for `info.context.load`: one statement for all keys of a level of the query."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from resolvers.pagination import Page, Window
from resolvers.session import TenantSession
from subgraphs.gaming.domain.achievements import Achievement, Award
from subgraphs.gaming.domain.games import Game
from subgraphs.gaming.domain.players import Player
from subgraphs.gaming.domain.seasons import Season
from subgraphs.gaming.domain.sessions import GameSession, SessionStatus
from subgraphs.gaming.domain.tournaments import (
    Tournament,
    TournamentEntry,
    TournamentMatch,
    TournamentPlace,
    places,
)
from subgraphs.gaming.repository.achievements import ACHIEVEMENTS, AWARDS, points_of_players
from subgraphs.gaming.repository.games import GAMES, PLAYERS, players_of_accounts
from subgraphs.gaming.repository.seasons import SEASONS
from subgraphs.gaming.repository.sessions import SESSIONS
from subgraphs.gaming.repository.tournaments import (
    ENTRIES,
    MATCHES,
    TOURNAMENTS,
    entries_of,
    entry_counts,
    matches_of,
)

__all__ = [
    "SessionList",
    "achievement_by_id",
    "achievement_points",
    "achievements_of_games",
    "awards_of_players",
    "entries_of_tournaments",
    "game_by_id",
    "match_by_id",
    "matches_of_tournaments",
    "places_of_tournaments",
    "player_by_id",
    "player_of_account",
    "season_by_id",
    "seasons_of_games",
    "session_by_id",
    "sessions_of_players",
    "tournament_by_id",
    "tournament_entry_counts",
]


@dataclass(frozen=True, slots=True)
class SessionList:
    """A page of a player's sessions; those whose score does not count are the player's own to see."""

    window: Window
    all: bool


async def game_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Game | None]:
    """The game of each id, or None."""
    return await GAMES.find(session, keys)


async def player_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Player | None]:
    """The player of each id, or None."""
    return await PLAYERS.find(session, keys)


async def player_of_account(session: TenantSession, keys: list[UUID]) -> Sequence[Player | None]:
    """The player that each account is, or None."""
    return await players_of_accounts(session, keys)


async def session_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[GameSession | None]:
    """The session of each id, or None."""
    return await SESSIONS.find(session, keys)


async def sessions_of_players(session: TenantSession, keys: list[UUID], asked: SessionList) -> list[Page[GameSession]]:
    """A page of the sessions of each player."""
    columns = SESSIONS.table.c
    shown = () if asked.all else (columns.status == SessionStatus.FINISHED,)
    return await SESSIONS.pages(session, columns.player_id, keys, asked.window, *shown)


async def season_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Season | None]:
    """The season of each id, or None."""
    return await SEASONS.find(session, keys)


async def seasons_of_games(session: TenantSession, keys: list[UUID], window: Window) -> list[Page[Season]]:
    """A page of the seasons of each game."""
    return await SEASONS.pages(session, SEASONS.table.c.game_id, keys, window)


async def achievement_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Achievement | None]:
    """The achievement of each id, or None."""
    return await ACHIEVEMENTS.find(session, keys)


async def achievements_of_games(session: TenantSession, keys: list[UUID], window: Window) -> list[Page[Achievement]]:
    """A page of the achievements of each game."""
    return await ACHIEVEMENTS.pages(session, ACHIEVEMENTS.table.c.game_id, keys, window)


async def awards_of_players(session: TenantSession, keys: list[UUID], window: Window) -> list[Page[Award]]:
    """A page of what each player was given."""
    return await AWARDS.pages(session, AWARDS.table.c.player_id, keys, window)


async def achievement_points(session: TenantSession, keys: list[UUID]) -> Sequence[int]:
    """What each player's achievements are worth together."""
    return await points_of_players(session, keys)


async def tournament_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[Tournament | None]:
    """The tournament of each id, or None."""
    return await TOURNAMENTS.find(session, keys)


async def match_by_id(session: TenantSession, keys: list[UUID]) -> Sequence[TournamentMatch | None]:
    """The match of each id, or None."""
    return await MATCHES.find(session, keys)


async def tournament_entry_counts(session: TenantSession, keys: list[UUID]) -> Sequence[int]:
    """How many take part in each tournament."""
    return await entry_counts(session, keys)


async def entries_of_tournaments(
    session: TenantSession, keys: list[UUID], window: Window
) -> list[Page[TournamentEntry]]:
    """A page of who takes part in each tournament."""
    return await ENTRIES.pages(session, ENTRIES.table.c.tournament_id, keys, window)


async def matches_of_tournaments(
    session: TenantSession, keys: list[UUID], window: Window
) -> list[Page[TournamentMatch]]:
    """A page of the matches of each tournament."""
    return await MATCHES.pages(session, MATCHES.table.c.tournament_id, keys, window)


async def places_of_tournaments(session: TenantSession, keys: list[Tournament]) -> Sequence[list[TournamentPlace]]:
    """How the players of each tournament stand. Three statements."""
    ids = [each.id for each in keys]
    games = {game.id: game for game in await GAMES.find(session, [each.game_id for each in keys]) if game is not None}
    entries, matches = await entries_of(session, ids), await matches_of(session, ids)
    return [
        places(each, entries.get(each.id, ()), matches.get(each.id, ()), games[each.game_id].scoring) for each in keys
    ]
