"""Playing: a session is started, and its score is reported once."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from resolvers.session import TenantSession
from subgraphs.gaming.domain import sessions as rules
from subgraphs.gaming.domain.achievements import Achievement
from subgraphs.gaming.domain.boards import Board
from subgraphs.gaming.domain.errors import (
    GameNotFound,
    GameNotLive,
    PlayerNotFound,
    SessionNotFound,
    TooManyOpenSessions,
)
from subgraphs.gaming.domain.games import Game, GameStatus, rank_key
from subgraphs.gaming.domain.players import Player
from subgraphs.gaming.domain.sessions import MAX_OPEN, GameSession, Report, SessionStatus
from subgraphs.gaming.events import SessionFinished
from subgraphs.gaming.repository.achievements import take_back
from subgraphs.gaming.repository.games import GAMES, player_for_update
from subgraphs.gaming.repository.seasons import running_season, season_for_closing
from subgraphs.gaming.repository.sessions import SESSIONS, count_open, session_owner
from subgraphs.gaming.repository.standings import best_session, count_score, replace_best
from subgraphs.gaming.services import Services
from subgraphs.gaming.usecases.achievements import award

__all__ = ["Finished", "finish_session", "revoke_session", "start_session"]


@dataclass(frozen=True, slots=True)
class Finished:
    """What came of a report: the session, and what its player was given for it."""

    session: GameSession
    awarded: tuple[Achievement, ...]


async def start_session(session: TenantSession, account_id: UUID, game_id: UUID) -> GameSession:
    """A new session of the account's player.

    Raises:
        GameNotFound, PlayerNotFound, GameNotLive, TooManyOpenSessions: it cannot begin.
    """
    player = await _player(session, account_id)
    (game,) = await GAMES.find(session, [game_id])
    if game is None:
        raise GameNotFound
    if game.status is not GameStatus.LIVE:
        raise GameNotLive
    now = datetime.now(UTC)
    if await count_open(session, player.id, now - timedelta(seconds=game.greatest_duration_s)) >= MAX_OPEN:
        raise TooManyOpenSessions
    opened = rules.open_session(uuid4(), game.id, player.id, now)
    await SESSIONS.add(session, opened)
    return opened


async def finish_session(
    session: TenantSession, services: Services, account_id: UUID, session_id: UUID, report: Report
) -> Finished:
    """The session with its score, which counts once, however often it is reported.

    Raises:
        PlayerNotFound, SessionNotFound, SessionOver, ScoreKeyReused: it cannot be finished so.
    """
    player = await _player(session, account_id)
    (played,) = await SESSIONS.find(session, [session_id])
    if played is None or played.player_id != player.id:
        raise SessionNotFound
    if rules.reported_before(played, report):
        return Finished(played, ())
    (game,) = await GAMES.find(session, [played.game_id])
    if game is None:
        raise GameNotFound
    now = datetime.now(UTC)
    season = await running_season(session, game.id, now)
    finished = rules.finish(played, report, game.rules, None if season is None else season.id, now)
    await SESSIONS.change(session, finished)
    if finished.status is SessionStatus.FINISHED:
        services.sweeper.tell(session, await count_score(session, finished, rank_key(game.scoring, report.score)))
        session.publish(_told(player, game, finished))
        return Finished(finished, tuple(await award(session, player, finished)))
    return Finished(finished, ())


async def revoke_session(session: TenantSession, services: Services, session_id: UUID) -> GameSession:
    """Takes a score back that counted, and what was given for it.

    Its player's next best counts instead, but for seasons that are closed.

    Raises:
        SessionNotFound, SessionOver: no such score counts.
    """
    player_id = await session_owner(session, session_id)
    (played,) = await SESSIONS.find(session, [session_id])
    if played is None or player_id is None:
        raise SessionNotFound
    (game,) = await GAMES.find(session, [played.game_id])
    if game is None:
        raise GameNotFound
    revoked = rules.revoke(played, datetime.now(UTC))
    await SESSIONS.change(session, revoked)
    await take_back(session, session_id)
    boards = [Board(game.id, None)]
    if played.season_id is not None:
        season = await season_for_closing(session, played.season_id)
        if season is not None and season.closed_at is None:
            boards.append(Board(game.id, season.id))
    for board in boards:
        found = await best_session(session, board, player_id, game.scoring)
        best = None if found is None else (found.id, rank_key(game.scoring, found.score), found.finished_at)
        services.sweeper.tell(session, await replace_best(session, board, player_id, best))
    return revoked


async def _player(session: TenantSession, account_id: UUID) -> Player:
    player = await player_for_update(session, account_id)
    if player is None:
        raise PlayerNotFound
    return player


def _told(player: Player, game: Game, finished: GameSession) -> SessionFinished:
    assert finished.score is not None
    assert finished.finished_at is not None
    return SessionFinished(
        player_id=player.id,
        account_id=player.account_id,
        session_id=finished.id,
        game_id=game.id,
        game_name=game.name,
        season_id=finished.season_id,
        score=finished.score,
        duration_s=int((finished.finished_at - finished.started_at).total_seconds()),
        finished_at=finished.finished_at,
    )
