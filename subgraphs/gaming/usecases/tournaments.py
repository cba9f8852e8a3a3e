"""Tournaments. Each function is one mutation; what happens in a tournament is done one after another."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from resolvers.session import TenantSession
from subgraphs.gaming.domain import tournaments as rules
from subgraphs.gaming.domain.errors import (
    GameNotFound,
    MatchNotFound,
    NotRegistered,
    PlayerNotFound,
    TournamentFull,
    TournamentNotFound,
)
from subgraphs.gaming.domain.games import Game
from subgraphs.gaming.domain.tournaments import (
    MatchStatus,
    Tournament,
    TournamentEntry,
    TournamentFormat,
    TournamentMatch,
)
from subgraphs.gaming.events import TournamentFinished
from subgraphs.gaming.repository.games import GAMES, PLAYERS, player_for_update
from subgraphs.gaming.repository.tournaments import (
    ENTRIES,
    MATCHES,
    TOURNAMENTS,
    entries_of,
    matches_of,
    seeded_players,
    tournament_for_update,
    withdraw,
    write_seeds,
)

__all__ = [
    "cancel_tournament",
    "create_tournament",
    "register",
    "report_match",
    "start_tournament",
    "withdraw_player",
]


async def create_tournament(
    session: TenantSession, game_id: UUID, name: str, kind: TournamentFormat, capacity: int
) -> Tournament:
    """A new tournament, which players can register for."""
    (game,) = await GAMES.find(session, [game_id])
    if game is None:
        raise GameNotFound
    made = rules.new_tournament(uuid4(), game_id, name, kind, capacity, datetime.now(UTC))
    await TOURNAMENTS.add(session, made)
    return made


async def register(session: TenantSession, account_id: UUID, tournament_id: UUID) -> Tournament:
    """Has the account's player take part.

    Raises:
        TournamentNotFound, PlayerNotFound, TournamentNotOpen, TournamentFull, AlreadyRegistered: it cannot.
    """
    tournament = await _locked(session, tournament_id)
    player_id = await _player_id(session, account_id)
    rules.check_open(tournament)
    entry = TournamentEntry(uuid4(), tournament.id, player_id, None, datetime.now(UTC))
    taken = await ENTRIES.count(session, ENTRIES.table.c.tournament_id == tournament.id)
    known = await ENTRIES.first(
        session, ENTRIES.table.c.tournament_id == tournament.id, ENTRIES.table.c.player_id == player_id
    )
    if known is None and taken >= tournament.capacity:
        raise TournamentFull
    await ENTRIES.add(session, entry)
    return tournament


async def withdraw_player(session: TenantSession, account_id: UUID, tournament_id: UUID) -> Tournament:
    """Has the account's player not take part, after all.

    Raises:
        TournamentNotFound, PlayerNotFound, TournamentNotOpen, NotRegistered: it cannot.
    """
    tournament = await _locked(session, tournament_id)
    player_id = await _player_id(session, account_id)
    rules.check_open(tournament)
    if not await withdraw(session, tournament.id, player_id):
        raise NotRegistered
    return tournament


async def start_tournament(session: TenantSession, tournament_id: UUID) -> Tournament:
    """Ends the registration, seeds the players and draws the matches.

    Raises:
        TournamentNotFound, TournamentNotOpen, TooFewPlayers: it cannot start.
    """
    tournament = await _locked(session, tournament_id)
    seeded = await seeded_players(session, tournament)
    now = datetime.now(UTC)
    started = rules.start(tournament, len(seeded), now)
    await TOURNAMENTS.change(session, started)
    await write_seeds(session, started.id, seeded)
    await MATCHES.add(session, *rules.draw(started, seeded, now))
    return started


async def report_match(session: TenantSession, match_id: UUID, scores: tuple[int, int]) -> TournamentMatch:
    """The result of a match, which its winner goes on by; the last one finishes the tournament.

    Raises:
        MatchNotFound, TournamentNotRunning, MatchNotReady, MatchDrawn: it has none.
    """
    (found,) = await MATCHES.find(session, [match_id])
    if found is None:
        raise MatchNotFound
    tournament = await _locked(session, found.tournament_id)
    (game,) = await GAMES.find(session, [tournament.game_id])
    if game is None:
        raise GameNotFound
    # Read under the lock: what was found before it may have been decided since.
    matches = {(each.round, each.slot): each for each in (await matches_of(session, [tournament.id]))[tournament.id]}
    match = matches[found.round, found.slot]
    now = datetime.now(UTC)
    for changed in rules.decide(tournament, matches, match, scores, game.scoring, now):
        await MATCHES.change(session, changed)
        matches[changed.round, changed.slot] = changed
    if all(each.status in (MatchStatus.DONE, MatchStatus.BYE) for each in matches.values()):
        await _finish(session, tournament, game, list(matches.values()), now)
    return matches[match.round, match.slot]


async def cancel_tournament(session: TenantSession, tournament_id: UUID) -> Tournament:
    """Ends a tournament that nobody wins.

    Raises:
        TournamentNotFound, TournamentOver: it cannot end so.
    """
    cancelled = rules.cancel(await _locked(session, tournament_id), datetime.now(UTC))
    await TOURNAMENTS.change(session, cancelled)
    return cancelled


async def _finish(
    session: TenantSession, tournament: Tournament, game: Game, matches: list[TournamentMatch], now: datetime
) -> None:
    entries = (await entries_of(session, [tournament.id]))[tournament.id]
    best, *_ = rules.places(tournament, entries, matches, game.scoring)
    await TOURNAMENTS.change(session, rules.finish(tournament, best.player_id, now))
    (winner,) = await PLAYERS.find(session, [best.player_id])
    assert winner is not None
    session.publish(
        TournamentFinished(
            tournament_id=tournament.id,
            tournament_name=tournament.name,
            game_id=game.id,
            winner_id=winner.id,
            winner_account_id=winner.account_id,
            player_count=len(entries),
            finished_at=now,
        )
    )


async def _locked(session: TenantSession, tournament_id: UUID) -> Tournament:
    tournament = await tournament_for_update(session, tournament_id)
    if tournament is None:
        raise TournamentNotFound
    return tournament


async def _player_id(session: TenantSession, account_id: UUID) -> UUID:
    player = await player_for_update(session, account_id)
    if player is None:
        raise PlayerNotFound
    return player.id
