"""One game that was played: from its start to a score that counts, or does not."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from typing import Final
from uuid import UUID

from resolvers.errors import InvalidValue
from resolvers.values import checked_text
from subgraphs.gaming.domain.errors import SessionOver
from subgraphs.gaming.domain.games import ScoreRules
from subgraphs.gaming.domain.values import MAX_NUMBER, checked_number

__all__ = [
    "MAX_OPEN",
    "GameSession",
    "Report",
    "ScoreRejection",
    "SessionStatus",
    "finish",
    "open_session",
    "reported_before",
    "revoke",
]

MAX_OPEN: Final = 10
"""How many sessions a player may have open."""

_MAX_KEY = 64


class SessionStatus(Enum):
    """What became of it. Only the score of one that is FINISHED counts."""

    STARTED = "started"
    FINISHED = "finished"
    REJECTED = "rejected"
    REVOKED = "revoked"


class ScoreRejection(Enum):
    """Why a score is not believed."""

    SCORE_TOO_LOW = "score_too_low"
    SCORE_TOO_HIGH = "score_too_high"
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    TOO_FAST = "too_fast"


@dataclass(frozen=True, slots=True)
class GameSession:
    """A row of `gaming.sessions`, without its tenant.

    Attributes:
        season_id: in which it was finished, if there was one.
        score_key: under which the score was reported; of the player's sessions, one has it.
    """

    id: UUID
    game_id: UUID
    player_id: UUID
    season_id: UUID | None
    status: SessionStatus
    started_at: datetime
    finished_at: datetime | None
    score: int | None
    rejection: ScoreRejection | None
    score_key: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """A score as it is reported. Checked when it is made.

    Raises:
        InvalidValue: a value is out of its bounds.
    """

    score: int
    key: str

    def __post_init__(self) -> None:
        checked_number("score", self.score, least=-MAX_NUMBER)
        if checked_text("key", self.key, most=_MAX_KEY) != self.key:
            raise InvalidValue("key", "must not begin or end with a blank")


def open_session(session_id: UUID, game_id: UUID, player_id: UUID, now: datetime) -> GameSession:
    """One that begins now."""
    return GameSession(
        session_id, game_id, player_id, None, SessionStatus.STARTED, now, None, None, None, None, now, now
    )


def reported_before(session: GameSession, report: Report) -> bool:
    """Whether this very report was made before.

    Raises:
        SessionOver: another one was.
    """
    if session.status is SessionStatus.STARTED:
        return False
    if (session.score_key, session.score) != (report.key, report.score):
        raise SessionOver
    return True


def finish(
    session: GameSession, report: Report, rules: ScoreRules, season_id: UUID | None, now: datetime
) -> GameSession:
    """The session with its score: FINISHED, or REJECTED with the first reason that holds."""
    rejection = _rejection(report.score, now - session.started_at, rules)
    return replace(
        session,
        season_id=None if rejection else season_id,
        status=SessionStatus.REJECTED if rejection else SessionStatus.FINISHED,
        finished_at=now,
        score=report.score,
        rejection=rejection,
        score_key=report.key,
        updated_at=now,
    )


def revoke(session: GameSession, now: datetime) -> GameSession:
    """The session, whose score does not count any more.

    Raises:
        SessionOver: it does not count as it is.
    """
    if session.status is not SessionStatus.FINISHED:
        raise SessionOver("The score of this session does not count.")
    return replace(session, status=SessionStatus.REVOKED, updated_at=now)


def _rejection(score: int, lasted: timedelta, rules: ScoreRules) -> ScoreRejection | None:
    if score < rules.min_score:
        return ScoreRejection.SCORE_TOO_LOW
    if score > rules.max_score:
        return ScoreRejection.SCORE_TOO_HIGH
    if lasted < timedelta(seconds=rules.least_duration_s):
        return ScoreRejection.TOO_SHORT
    if lasted > timedelta(seconds=rules.greatest_duration_s):
        return ScoreRejection.TOO_LONG
    if rules.max_points_per_second is not None and score > rules.max_points_per_second * lasted.total_seconds():
        return ScoreRejection.TOO_FAST
    return None
