"""Achievements: what a player is given once, by a rule that is data.

A rule is one of three kinds of plain values, with a number to reach. It is stored as JSON, read back by `rule_of`, and
evaluated by comparing numbers: nothing in it is ever run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any, Final
from uuid import UUID

from resolvers.errors import InvalidValue
from resolvers.values import checked_text
from subgraphs.gaming.domain.values import MAX_NUMBER, checked_number

__all__ = [
    "MAX_PER_GAME",
    "Achievement",
    "Award",
    "CountRule",
    "Facts",
    "Measure",
    "Rule",
    "ScoreRange",
    "StreakRule",
    "StreakUnit",
    "ThresholdRule",
    "change_achievement",
    "data_of",
    "is_reached",
    "new_achievement",
    "rule_of",
]

MAX_PER_GAME: Final = 50
"""How many a game may have: all of them are looked at when a score counts."""

_MOST_SESSIONS: Final = 100
_MOST_DAYS: Final = 366


class Measure(Enum):
    """What a threshold is compared with."""

    SCORE = "score"
    DURATION_S = "duration_s"
    TOTAL_SCORE = "total_score"


class StreakUnit(Enum):
    """What follows one another."""

    SESSIONS = "sessions"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class ScoreRange:
    """Which sessions a rule looks at: those with a score in it. None for no bound."""

    min_score: int | None = None
    max_score: int | None = None

    def has(self, score: int) -> bool:
        """Whether a score is in it."""
        above = self.min_score is None or score >= self.min_score
        return above and (self.max_score is None or score <= self.max_score)


@dataclass(frozen=True, slots=True)
class CountRule:
    """So many sessions with a score in the range."""

    at_least: int
    scores: ScoreRange


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """One number that is large, or small, enough. One of `at_least` and `at_most` is given."""

    measure: Measure
    at_least: int | None
    at_most: int | None


@dataclass(frozen=True, slots=True)
class StreakRule:
    """So many in a row, up to now: sessions with a score in the range, or days (UTC) that have one."""

    unit: StreakUnit
    at_least: int
    scores: ScoreRange


Rule = CountRule | ThresholdRule | StreakRule


@dataclass(frozen=True, slots=True)
class Achievement:
    """A row of `gaming.achievements`, without its tenant.

    Attributes:
        rule: as `data_of` gives it. It stays: who was given the achievement has met it.
        points: what it is worth.
    """

    id: UUID
    game_id: UUID
    name: str
    description: str
    points: int
    is_active: bool
    rule: dict[str, Any]
    version: int
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Award:
    """A row of `gaming.awards`, without its tenant: a player has an achievement once."""

    id: UUID
    achievement_id: UUID
    player_id: UUID
    session_id: UUID
    awarded_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules are compared with, of one player in one game, once a session counts.

    Attributes:
        score, duration_s: of that session.
        total_score: of all that count, that one among them.
        counts: for each count rule, how many sessions it has.
        days: for each streak of days, the days that have one of its sessions, the latest first.
        latest_scores: of the latest sessions that count, the latest first; as many as a streak can be long.
    """

    score: int
    duration_s: int
    total_score: int
    counts: Mapping[CountRule, int]
    days: Mapping[StreakRule, Sequence[date]]
    latest_scores: Sequence[int]


def is_reached(rule: Rule, facts: Facts) -> bool:
    """Whether the player has met the rule."""
    if isinstance(rule, CountRule):
        return facts.counts[rule] >= rule.at_least
    if isinstance(rule, ThresholdRule):
        value = {
            Measure.SCORE: facts.score,
            Measure.DURATION_S: facts.duration_s,
            Measure.TOTAL_SCORE: facts.total_score,
        }[rule.measure]
        enough = rule.at_least is None or value >= rule.at_least
        return enough and (rule.at_most is None or value <= rule.at_most)
    if rule.unit is StreakUnit.SESSIONS:
        latest = facts.latest_scores[: rule.at_least]
        return len(latest) == rule.at_least and all(rule.scores.has(score) for score in latest)
    days = facts.days[rule][: rule.at_least]
    return len(days) == rule.at_least and days[0] - days[-1] == timedelta(days=rule.at_least - 1)


def data_of(rule: Rule) -> dict[str, Any]:
    """A rule as it is stored.

    Raises:
        InvalidValue: a number of it is out of its bounds.
    """
    if isinstance(rule, CountRule):
        checked_number("atLeast", rule.at_least, least=1)
        return {"kind": "count", "at_least": rule.at_least, **_range(rule.scores)}
    if isinstance(rule, ThresholdRule):
        if (rule.at_least is None) is (rule.at_most is None):
            raise InvalidValue("rule", "needs one of atLeast and atMost")
        if rule.measure is Measure.TOTAL_SCORE and rule.at_most is not None:
            raise InvalidValue("atMost", "is met by every beginner's total: give atLeast")
        limits = {"at_least": rule.at_least, "at_most": rule.at_most}
        return {"kind": "threshold", "measure": rule.measure.value, **_given(limits)}
    most = _MOST_SESSIONS if rule.unit is StreakUnit.SESSIONS else _MOST_DAYS
    checked_number("atLeast", rule.at_least, least=2, most=most)
    return {"kind": "streak", "unit": rule.unit.value, "at_least": rule.at_least, **_range(rule.scores)}


def rule_of(data: Mapping[str, Any]) -> Rule:
    """A rule that `data_of` gave."""
    scores = ScoreRange(data.get("min_score"), data.get("max_score"))
    if data["kind"] == "count":
        return CountRule(data["at_least"], scores)
    if data["kind"] == "threshold":
        return ThresholdRule(Measure(data["measure"]), data.get("at_least"), data.get("at_most"))
    return StreakRule(StreakUnit(data["unit"]), data["at_least"], scores)


def new_achievement(
    achievement_id: UUID, game_id: UUID, name: str, description: str, points: int, rule: Rule, now: datetime
) -> Achievement:
    """An achievement at version 1, which is given from now on.

    Raises:
        InvalidValue: a value is out of its bounds.
    """
    return Achievement(
        id=achievement_id,
        game_id=game_id,
        name=checked_text("name", name, most=100),
        description=checked_text("description", description, least=0, most=500),
        points=checked_number("points", points, least=0, most=10_000),
        is_active=True,
        rule=data_of(rule),
        version=1,
        created_at=now,
        updated_at=now,
    )


def change_achievement(
    achievement: Achievement,
    now: datetime,
    *,
    name: str | None,
    description: str | None,
    points: int | None,
    is_active: bool | None,
) -> Achievement:
    """The achievement one version on; None for what stays.

    Raises:
        InvalidValue: a value is out of its bounds.
    """
    changed = replace(achievement, version=achievement.version + 1, updated_at=now)
    if name is not None:
        changed = replace(changed, name=checked_text("name", name, most=100))
    if description is not None:
        changed = replace(changed, description=checked_text("description", description, least=0, most=500))
    if points is not None:
        changed = replace(changed, points=checked_number("points", points, least=0, most=10_000))
    return changed if is_active is None else replace(changed, is_active=is_active)


def _range(scores: ScoreRange) -> dict[str, Any]:
    for field, value in (("minScore", scores.min_score), ("maxScore", scores.max_score)):
        if value is not None:
            checked_number(field, value, least=-MAX_NUMBER)
    if scores.min_score is not None and scores.max_score is not None and scores.max_score < scores.min_score:
        raise InvalidValue("maxScore", "must not be less than minScore")
    return _given(asdict(scores))


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
