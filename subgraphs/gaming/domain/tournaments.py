"""Tournaments: who is let in, who meets whom, and who wins.

    REGISTRATION --start--> RUNNING --last result--> FINISHED
         └------cancel---------┴-------> CANCELLED

Single elimination is a bracket of a power of two: the best seeds have the byes, and the two best meet in the final at
the earliest. In a round robin everybody meets everybody once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final
from uuid import UUID, uuid5

from resolvers.values import checked_text
from subgraphs.gaming.domain.draws import round_robin, seeds_of_bracket
from subgraphs.gaming.domain.errors import (
    MatchDrawn,
    MatchNotReady,
    TooFewPlayers,
    TournamentNotOpen,
    TournamentNotRunning,
    TournamentOver,
)
from subgraphs.gaming.domain.games import GameScoring, rank_key
from subgraphs.gaming.domain.values import MAX_NUMBER, checked_number

__all__ = [
    "MatchStatus",
    "Tournament",
    "TournamentEntry",
    "TournamentFormat",
    "TournamentMatch",
    "TournamentPlace",
    "TournamentStatus",
    "cancel",
    "check_open",
    "decide",
    "draw",
    "finish",
    "new_tournament",
    "places",
    "start",
]

_WIN, _DRAW = 3, 1


class TournamentFormat(Enum):
    """Who meets whom."""

    SINGLE_ELIMINATION = "single_elim"
    ROUND_ROBIN = "round_robin"


class TournamentStatus(Enum):
    """Where it is."""

    REGISTRATION = "registration"
    RUNNING = "running"
    FINISHED = "finished"
    CANCELLED = "cancelled"


class MatchStatus(Enum):
    """WAITING for its players, READY to be played, DONE, or a BYE: one player goes on without playing."""

    WAITING = "waiting"
    READY = "ready"
    DONE = "done"
    BYE = "bye"


_CAPACITY: Final = {TournamentFormat.SINGLE_ELIMINATION: 128, TournamentFormat.ROUND_ROBIN: 32}


@dataclass(frozen=True, slots=True)
class Tournament:
    """A row of `gaming.tournaments`, without its tenant.

    Attributes:
        capacity: how many players it takes at most.
        winner_id: of one that is finished.
    """

    id: UUID
    game_id: UUID
    name: str
    format: TournamentFormat
    capacity: int
    status: TournamentStatus
    winner_id: UUID | None
    started_at: datetime | None
    ended_at: datetime | None
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TournamentEntry:
    """A row of `gaming.tournament_entries`: a player takes part.

    Attributes:
        seed: from 1, the best first; None until it starts.
    """

    id: UUID
    tournament_id: UUID
    player_id: UUID
    seed: int | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class TournamentMatch:
    """A row of `gaming.tournament_matches`.

    Attributes:
        round: from 1.
        slot: from 0, within the round. Who wins slots 2n and 2n + 1 of a bracket meets in slot n of the next round.
    """

    id: UUID
    tournament_id: UUID
    round: int
    slot: int
    status: MatchStatus
    first_id: UUID | None
    second_id: UUID | None
    first_score: int | None
    second_score: int | None
    winner_id: UUID | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TournamentPlace:
    """How a player stands.

    Attributes:
        place: from 1, each once.
        points: three for a win, one for a draw.
        difference: of the scores, what is better being positive.
    """

    place: int
    player_id: UUID
    seed: int
    wins: int
    draws: int
    losses: int
    points: int
    difference: int


def new_tournament(
    tournament_id: UUID, game_id: UUID, name: str, kind: TournamentFormat, capacity: int, now: datetime
) -> Tournament:
    """One that players can register for.

    Raises:
        InvalidValue: a value is out of its bounds.
    """
    return Tournament(
        id=tournament_id,
        game_id=game_id,
        name=checked_text("name", name, most=100),
        format=kind,
        capacity=checked_number("capacity", capacity, least=2, most=_CAPACITY[kind]),
        status=TournamentStatus.REGISTRATION,
        winner_id=None,
        started_at=None,
        ended_at=None,
        version=1,
        created_at=now,
        updated_at=now,
    )


def check_open(tournament: Tournament) -> None:
    """Lets changes of who takes part through.

    Raises:
        TournamentNotOpen: it has begun, or is over.
    """
    if tournament.status is not TournamentStatus.REGISTRATION:
        raise TournamentNotOpen


def start(tournament: Tournament, players: int, now: datetime) -> Tournament:
    """The tournament, which runs.

    Raises:
        TournamentNotOpen: it has begun, or is over.
        TooFewPlayers: fewer than two have registered.
    """
    check_open(tournament)
    if players < 2:
        raise TooFewPlayers
    return _on(tournament, now, status=TournamentStatus.RUNNING, started_at=now)


def finish(tournament: Tournament, winner_id: UUID, now: datetime) -> Tournament:
    """The tournament, which somebody has won."""
    return _on(tournament, now, status=TournamentStatus.FINISHED, winner_id=winner_id, ended_at=now)


def cancel(tournament: Tournament, now: datetime) -> Tournament:
    """The tournament, which nobody wins.

    Raises:
        TournamentOver: it is over.
    """
    if tournament.status not in (TournamentStatus.REGISTRATION, TournamentStatus.RUNNING):
        raise TournamentOver
    return _on(tournament, now, status=TournamentStatus.CANCELLED, ended_at=now)


def draw(tournament: Tournament, seeded: Sequence[UUID], now: datetime) -> list[TournamentMatch]:
    """All matches of a tournament of these players, the best first."""
    if tournament.format is TournamentFormat.ROUND_ROBIN:
        return [
            _match(tournament, number, slot, first, second, now)
            for number, pairs in enumerate(round_robin(seeded), start=1)
            for slot, (first, second) in enumerate(pairs)
        ]
    size = 1 << (len(seeded) - 1).bit_length()
    by_seed = dict(enumerate(seeded, start=1))
    order = seeds_of_bracket(size)
    matches = {
        (1, slot): _match(tournament, 1, slot, by_seed.get(order[2 * slot]), by_seed.get(order[2 * slot + 1]), now)
        for slot in range(size // 2)
    }
    for number in range(2, size.bit_length()):
        for slot in range(size >> number):
            matches[number, slot] = _match(tournament, number, slot, None, None, now)
    for slot in range(size // 2):
        match = matches[1, slot]
        if match.status is MatchStatus.BYE and (following := _next(matches, match, now)) is not None:
            matches[2, slot // 2] = following
    return list(matches.values())


def decide(
    tournament: Tournament,
    matches: Mapping[tuple[int, int], TournamentMatch],
    match: TournamentMatch,
    scores: tuple[int, int],
    scoring: GameScoring,
    now: datetime,
) -> list[TournamentMatch]:
    """The matches that a result changes: that one, and the one that its winner goes on to.

    Args:
        matches: of the tournament, by round and slot.
        scores: of the first and the second player.
        scoring: which of them wins.

    Raises:
        TournamentNotRunning, MatchNotReady: there is nothing to decide.
        MatchDrawn: somebody must win a match of a bracket.
        InvalidValue: a score is out of its bounds.
    """
    if tournament.status is not TournamentStatus.RUNNING:
        raise TournamentNotRunning
    if match.status is not MatchStatus.READY:
        raise MatchNotReady
    first, second = (
        rank_key(scoring, checked_number(field, score, least=-MAX_NUMBER))
        for field, score in zip(("firstScore", "secondScore"), scores, strict=True)
    )
    winner = None if first == second else match.first_id if first < second else match.second_id
    if winner is None and tournament.format is TournamentFormat.SINGLE_ELIMINATION:
        raise MatchDrawn
    done = replace(
        match,
        status=MatchStatus.DONE,
        first_score=scores[0],
        second_score=scores[1],
        winner_id=winner,
        updated_at=now,
    )
    following = None
    if tournament.format is TournamentFormat.SINGLE_ELIMINATION:
        following = _next(matches, done, now)
    return [done] if following is None else [done, following]


def places(
    tournament: Tournament,
    entries: Iterable[TournamentEntry],
    matches: Iterable[TournamentMatch],
    scoring: GameScoring,
) -> list[TournamentPlace]:
    """How the players stand, the best first; none before it starts.

    In a bracket who came further is better, then who is seeded better. In a round robin who has more points, then the
    better difference, more wins, the better seed.
    """
    wins: dict[UUID, int] = {}
    draws: dict[UUID, int] = {}
    losses: dict[UUID, int] = {}
    difference: dict[UUID, int] = {}
    reached: dict[UUID, int] = {}
    for match in matches:
        for player in (match.first_id, match.second_id):
            if player is not None:
                # The winner of the final comes one round further than anybody.
                further = match.round + (match.winner_id == player)
                reached[player] = max(reached.get(player, 0), further)
        if match.status is not MatchStatus.DONE or match.first_id is None or match.second_id is None:
            continue
        ahead = rank_key(scoring, match.second_score or 0) - rank_key(scoring, match.first_score or 0)
        for player, sign in ((match.first_id, 1), (match.second_id, -1)):
            counted = draws if match.winner_id is None else wins if match.winner_id == player else losses
            counted[player] = counted.get(player, 0) + 1
            difference[player] = difference.get(player, 0) + sign * ahead
    found = [
        TournamentPlace(
            0,
            entry.player_id,
            entry.seed,
            wins.get(entry.player_id, 0),
            draws.get(entry.player_id, 0),
            losses.get(entry.player_id, 0),
            _WIN * wins.get(entry.player_id, 0) + _DRAW * draws.get(entry.player_id, 0),
            difference.get(entry.player_id, 0),
        )
        for entry in entries
        if entry.seed is not None
    ]
    if tournament.format is TournamentFormat.SINGLE_ELIMINATION:
        found.sort(key=lambda each: (-reached.get(each.player_id, 0), each.seed))
    else:
        found.sort(key=lambda each: (-each.points, -each.difference, -each.wins, each.seed))
    return [replace(each, place=place) for place, each in enumerate(found, start=1)]


def _on(
    tournament: Tournament,
    now: datetime,
    *,
    status: TournamentStatus,
    winner_id: UUID | None = None,
    started_at: datetime | None = None,
    ended_at: datetime | None = None,
) -> Tournament:
    return replace(
        tournament,
        status=status,
        winner_id=winner_id,
        started_at=started_at or tournament.started_at,
        ended_at=ended_at,
        version=tournament.version + 1,
        updated_at=now,
    )


def _match(
    tournament: Tournament, number: int, slot: int, first: UUID | None, second: UUID | None, now: datetime
) -> TournamentMatch:
    match_id = uuid5(tournament.id, f"{number}/{slot}")
    status, winner = MatchStatus.WAITING, None
    if first is not None and second is not None:
        status = MatchStatus.READY
    elif number == 1:
        status, winner = MatchStatus.BYE, first or second
    return TournamentMatch(match_id, tournament.id, number, slot, status, first, second, None, None, winner, now)


def _next(
    matches: Mapping[tuple[int, int], TournamentMatch], done: TournamentMatch, now: datetime
) -> TournamentMatch | None:
    """The match that a winner goes on to, with the winner in it; None after the final."""
    following = matches.get((done.round + 1, done.slot // 2))
    if following is None:
        return None
    if done.slot % 2:
        following = replace(following, second_id=done.winner_id, updated_at=now)
    else:
        following = replace(following, first_id=done.winner_id, updated_at=now)
    ready = following.first_id is not None and following.second_id is not None
    return replace(following, status=MatchStatus.READY) if ready else following
