"""Playing: a session is started, and its score is reported once."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from resolvers.session import TenantSession
from subgraphs.gaming.domain import sessions as rules
from subgraphs.gaming.domain.errors import (
    GameNotFound,
    GameNotLive,
    PlayerNotFound,
    SessionNotFound,
    TooManyOpenSessions,
)
from subgraphs.gaming.domain.games import Game, GameStatus
from subgraphs.gaming.domain.players import Player
from subgraphs.gaming.domain.sessions import MAX_OPEN, GameSession, Report, SessionStatus
from subgraphs.gaming.events import SessionFinished
from subgraphs.gaming.repository.games import GAMES, player_for_update
from subgraphs.gaming.repository.sessions import SESSIONS, count_open

__all__ = ["finish_session", "start_session"]


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


async def finish_session(session: TenantSession, account_id: UUID, session_id: UUID, report: Report) -> GameSession:
    """The session with its score, which counts once, however often it is reported.

    Raises:
        PlayerNotFound, SessionNotFound, SessionOver, ScoreKeyReused: it cannot be finished so.
    """
    player = await _player(session, account_id)
    (played,) = await SESSIONS.find(session, [session_id])
    if played is None or played.player_id != player.id:
        raise SessionNotFound
    if rules.reported_before(played, report):
        return played
    (game,) = await GAMES.find(session, [played.game_id])
    if game is None:
        raise GameNotFound
    finished = rules.finish(played, report, game.rules, None, datetime.now(UTC))
    await SESSIONS.change(session, finished)
    if finished.status is SessionStatus.FINISHED:
        session.publish(_told(player, game, finished))
    return finished


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
