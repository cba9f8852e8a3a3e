"""Achievements, who has them, and what their rules are compared with."""

from collections.abc import Sequence
from datetime import UTC
from typing import Any, Final
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, and_, delete, func, literal, select, true
from sqlalchemy.dialects.postgresql import insert

from resolvers.pagination import Key, Ordering
from resolvers.rows import among
from resolvers.session import TenantSession
from subgraphs.gaming.domain.achievements import (
    Achievement,
    Award,
    CountRule,
    Facts,
    Rule,
    ScoreRange,
    StreakRule,
    StreakUnit,
)
from subgraphs.gaming.domain.sessions import GameSession, SessionStatus
from subgraphs.gaming.repository.rows import Rows
from subgraphs.gaming.tables import achievements, awards, sessions

__all__ = [
    "ACHIEVEMENTS",
    "AWARDS",
    "LATEST_AWARD_FIRST",
    "OLDEST_FIRST",
    "facts_of",
    "give",
    "open_achievements",
    "points_of_players",
    "take_back",
]

ACHIEVEMENTS: Final = Rows(achievements, Achievement)
AWARDS: Final = Rows(awards, Award)

OLDEST_FIRST: Final = Ordering("OLDEST", Key(achievements.c.created_at), Key(achievements.c.id))
LATEST_AWARD_FIRST: Final = Ordering(
    "LATEST", Key(awards.c.awarded_at, descending=True), Key(awards.c.id, descending=True)
)


async def open_achievements(session: TenantSession, game_id: UUID, player_id: UUID) -> list[Achievement]:
    """What the player can still be given in the game, the oldest first."""
    given = select(awards.c.id).where(awards.c.achievement_id == achievements.c.id, awards.c.player_id == player_id)
    statement = (
        ACHIEVEMENTS.statement()
        .where(achievements.c.game_id == game_id, achievements.c.is_active, ~given.exists())
        .order_by(achievements.c.created_at, achievements.c.id)
    )
    return [ACHIEVEMENTS.of(row) for row in await session.rows(statement)]


async def facts_of(session: TenantSession, finished: GameSession, rules: Sequence[Rule]) -> Facts:
    """What the rules are compared with, once the session is written. At most three statements, whatever the rules."""
    assert finished.score is not None
    assert finished.finished_at is not None
    here = (
        sessions.c.player_id == finished.player_id,
        sessions.c.game_id == finished.game_id,
        sessions.c.status == SessionStatus.FINISHED,
    )
    counted = list(dict.fromkeys(rule for rule in rules if isinstance(rule, CountRule)))
    columns: list[ColumnElement[Any]] = [func.coalesce(func.sum(sessions.c.score), 0)]
    columns += [func.count().filter(_in(rule.scores)) for rule in counted]
    totals = await session.row(select(*columns).where(*here))
    assert totals is not None
    streaks = list(dict.fromkeys(rule for rule in rules if isinstance(rule, StreakRule)))
    by_day = [rule for rule in streaks if rule.unit is StreakUnit.DAYS]
    latest: list[int] = []
    if longest := max((rule.at_least for rule in streaks if rule.unit is StreakUnit.SESSIONS), default=0):
        newest = (sessions.c.finished_at.desc(), sessions.c.id.desc())
        rows = await session.rows(select(sessions.c.score).where(*here).order_by(*newest).limit(longest))
        latest = [row.score for row in rows]
    days: dict[StreakRule, list[Any]] = {}
    if by_day:
        day = func.date(func.timezone("UTC", sessions.c.finished_at)).label("day")
        marks = [func.bool_or(_in(rule.scores)) for rule in by_day]
        most = max(rule.at_least for rule in by_day)
        # A day without any of a rule's sessions ends its streak, so that no more days than the longest matter.
        rows = await session.rows(select(day, *marks).where(*here).group_by(day).order_by(day.desc()).limit(most))
        days = {rule: [row[0] for row in rows if row[1 + place]] for place, rule in enumerate(by_day)}
        today = finished.finished_at.astimezone(UTC).date()
        days = {rule: found if found[:1] == [today] else [] for rule, found in days.items()}
    return Facts(
        score=finished.score,
        duration_s=int((finished.finished_at - finished.started_at).total_seconds()),
        total_score=int(totals[0]),
        counts={rule: totals[1 + place] for place, rule in enumerate(counted)},
        days=days,
        latest_scores=latest,
    )


async def give(session: TenantSession, earned: Sequence[Achievement], finished: GameSession) -> list[Award]:
    """Gives achievements to the session's player, and returns those that the player did not have."""
    if not earned:
        return []
    tenant_id = session.tenant_id()
    values = [
        {
            "id": uuid4(),
            "tenant_id": tenant_id,
            "achievement_id": each.id,
            "player_id": finished.player_id,
            "session_id": finished.id,
            "awarded_at": finished.finished_at,
        }
        for each in earned
    ]
    new = insert(awards).values(values).on_conflict_do_nothing(constraint="uq_awards_player")
    return [AWARDS.of(row) for row in await session.rows(new.returning(*AWARDS.columns))]


async def take_back(session: TenantSession, session_id: UUID) -> None:
    """Takes back what was given for a session."""
    await session.execute(delete(awards).where(awards.c.session_id == session_id))


async def points_of_players(session: TenantSession, players: Sequence[UUID]) -> list[int]:
    """What the achievements of each player are worth together, in their order. One statement."""
    rows = await session.rows(
        select(awards.c.player_id, func.sum(achievements.c.points).label("points"))
        .join(achievements, achievements.c.id == awards.c.achievement_id)
        .where(among(awards.c.player_id, players))
        .group_by(awards.c.player_id)
    )
    points = {row.player_id: int(row.points) for row in rows}
    return [points.get(player, 0) for player in players]


def _in(scores: ScoreRange) -> ColumnElement[bool]:
    bounds: list[ColumnElement[bool]] = [true()]
    if scores.min_score is not None:
        bounds.append(sessions.c.score >= literal(scores.min_score))
    if scores.max_score is not None:
        bounds.append(sessions.c.score <= literal(scores.max_score))
    return and_(*bounds)
