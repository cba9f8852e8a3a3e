"""Games, and what a score of each must look like to be believed."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from uuid import UUID

from resolvers.errors import InvalidValue
from resolvers.values import checked_text
from subgraphs.gaming.domain.values import MAX_NUMBER, checked_number

__all__ = ["Game", "GameChange", "GameScoring", "GameStatus", "ScoreRules", "change_game", "new_game", "rank_key"]

_MAX_NAME = 200
_MAX_DESCRIPTION = 2000
_DAY_S = 86_400


class GameStatus(Enum):
    """Whether it is played."""

    DRAFT = "draft"
    LIVE = "live"
    RETIRED = "retired"


class GameScoring(Enum):
    """Which score wins."""

    HIGHEST = "highest"
    LOWEST = "lowest"


@dataclass(frozen=True, slots=True)
class ScoreRules:
    """What is plausible.

    Attributes:
        least_duration_s: a session that is finished sooner was not played.
        greatest_duration_s: one that is finished later is not believed, and is over by itself.
        max_points_per_second: of the session's duration; None for any.
    """

    min_score: int
    max_score: int
    least_duration_s: int
    greatest_duration_s: int
    max_points_per_second: int | None


@dataclass(frozen=True, slots=True)
class Game:
    """A row of `gaming.games`, without its tenant. Its name is the tenant's only one, whatever its case."""

    id: UUID
    name: str
    description: str
    status: GameStatus
    scoring: GameScoring
    min_score: int
    max_score: int
    least_duration_s: int
    greatest_duration_s: int
    max_points_per_second: int | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def rules(self) -> ScoreRules:
        """What a score must look like."""
        return ScoreRules(
            self.min_score,
            self.max_score,
            self.least_duration_s,
            self.greatest_duration_s,
            self.max_points_per_second,
        )


@dataclass(frozen=True, slots=True)
class GameChange:
    """What changes; None for what stays."""

    name: str | None = None
    description: str | None = None
    status: GameStatus | None = None
    rules: ScoreRules | None = None


def rank_key(scoring: GameScoring, score: int) -> int:
    """A number that is smaller the better the score is; the score again, if applied twice."""
    return -score if scoring is GameScoring.HIGHEST else score


def new_game(
    game_id: UUID, name: str, description: str, scoring: GameScoring, rules: ScoreRules, now: datetime
) -> Game:
    """A draft at version 1.

    Raises:
        InvalidValue: a value is out of its bounds.
    """
    _check(rules)
    return Game(
        id=game_id,
        name=checked_text("name", name, most=_MAX_NAME),
        description=checked_text("description", description, least=0, most=_MAX_DESCRIPTION),
        status=GameStatus.DRAFT,
        scoring=scoring,
        min_score=rules.min_score,
        max_score=rules.max_score,
        least_duration_s=rules.least_duration_s,
        greatest_duration_s=rules.greatest_duration_s,
        max_points_per_second=rules.max_points_per_second,
        version=1,
        created_at=now,
        updated_at=now,
    )


def change_game(game: Game, change: GameChange, now: datetime) -> Game:
    """The game one version on. Sessions that were counted stay counted.

    Raises:
        InvalidValue: a value is out of its bounds.
    """
    changed = replace(game, version=game.version + 1, updated_at=now)
    if change.name is not None:
        changed = replace(changed, name=checked_text("name", change.name, most=_MAX_NAME))
    if change.description is not None:
        described = checked_text("description", change.description, least=0, most=_MAX_DESCRIPTION)
        changed = replace(changed, description=described)
    if change.status is not None:
        changed = replace(changed, status=change.status)
    if change.rules is not None:
        rules = change.rules
        _check(rules)
        changed = replace(
            changed,
            min_score=rules.min_score,
            max_score=rules.max_score,
            least_duration_s=rules.least_duration_s,
            greatest_duration_s=rules.greatest_duration_s,
            max_points_per_second=rules.max_points_per_second,
        )
    return changed


def _check(rules: ScoreRules) -> None:
    checked_number("minScore", rules.min_score, least=-MAX_NUMBER)
    checked_number("maxScore", rules.max_score, least=-MAX_NUMBER)
    if rules.max_score < rules.min_score:
        raise InvalidValue("maxScore", "must not be less than minScore")
    checked_number("leastDurationS", rules.least_duration_s, least=0, most=_DAY_S)
    checked_number("greatestDurationS", rules.greatest_duration_s, least=1, most=_DAY_S)
    if rules.greatest_duration_s <= rules.least_duration_s:
        raise InvalidValue("greatestDurationS", "must be more than leastDurationS")
    if rules.max_points_per_second is not None:
        checked_number("maxPointsPerSecond", rules.max_points_per_second, least=1)
