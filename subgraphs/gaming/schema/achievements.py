"""Achievements, as they are shown and made."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

import strawberry

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload
from resolvers.operation import Info
from resolvers.pagination import Connection
from subgraphs.gaming import domain, loaders
from subgraphs.gaming.domain.achievements import (
    CountRule,
    Measure,
    Rule,
    ScoreRange,
    StreakRule,
    StreakUnit,
    ThresholdRule,
    rule_of,
)
from subgraphs.gaming.schema.tags import INTERNAL

__all__ = [
    "Achievement",
    "AchievementAward",
    "AchievementAwardConnection",
    "AchievementConnection",
    "AchievementPayload",
    "CreateAchievementInput",
    "UpdateAchievementInput",
]

_MIN = "Only sessions with at least this score; null for any."
_MAX = "Only sessions with at most this score; null for any."
_NULL = "Null if the mutation was refused."

strawberry.enum(Measure, name="AchievementMeasure", description="What a threshold is compared with.")
strawberry.enum(StreakUnit, name="AchievementStreakUnit", description="What follows one another; days are UTC's.")


@strawberry.federation.type(tags=INTERNAL, description="So many sessions whose score counts.")
class AchievementCountRule:
    at_least: int = strawberry.field(description="How many.")
    min_score: int | None = strawberry.field(description=_MIN)
    max_score: int | None = strawberry.field(description=_MAX)


@strawberry.federation.type(tags=INTERNAL, description="One number that is large, or small, enough.")
class AchievementThresholdRule:
    measure: Measure = strawberry.field(description="Of what: the session, or all of the player's in the game.")
    at_least: int | None = strawberry.field(description="The least that is enough.")
    at_most: int | None = strawberry.field(description="The most that is enough.")


@strawberry.federation.type(tags=INTERNAL, description="So many in a row, up to now.")
class AchievementStreakRule:
    unit: StreakUnit = strawberry.field(description="Of sessions, or of days with at least one.")
    at_least: int = strawberry.field(description="How many.")
    min_score: int | None = strawberry.field(description=_MIN)
    max_score: int | None = strawberry.field(description=_MAX)


AchievementRule = Annotated[
    AchievementCountRule | AchievementThresholdRule | AchievementStreakRule,
    strawberry.federation.union("AchievementRule", tags=list(INTERNAL), description="When an achievement is given."),
]


@strawberry.federation.type(tags=INTERNAL, keys=["id"], description="What a player of a game is given, once.")
class Achievement:
    id: strawberry.ID = strawberry.field(description="Of the achievement.")
    name: str = strawberry.field(description="What people call it.")
    description: str = strawberry.field(description="For those who do not have it yet.")
    points: int = strawberry.field(description="What it is worth.")
    is_active: bool = strawberry.field(description="Whether it is still given.")
    rule: AchievementRule = strawberry.field(description="When it is given. It stays.")
    version: int = strawberry.field(description="Counts changes; for expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was made.")

    @classmethod
    def of(cls, achievement: domain.achievements.Achievement) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(achievement.id),
            name=achievement.name,
            description=achievement.description,
            points=achievement.points,
            is_active=achievement.is_active,
            rule=_shown(rule_of(achievement.rule)),
            version=achievement.version,
            created_at=achievement.created_at,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Achievement | None":
        return await cls.by_id(info, parse_id(id, "id"))

    @classmethod
    async def by_id(cls, info: Info, achievement_id: UUID) -> "Achievement | None":
        """The tenant's achievement, if there is one."""
        found = await info.context.load(loaders.achievement_by_id, achievement_id)
        return None if found is None else cls.of(found)


@strawberry.federation.type(tags=INTERNAL, description="A page of achievements.")
class AchievementConnection(Connection[Achievement]):
    pass


@strawberry.federation.type(tags=INTERNAL, description="That a player has an achievement.")
class AchievementAward:
    awarded_at: datetime = strawberry.field(description="When the session ended that earned it.")
    award: strawberry.Private[domain.achievements.Award]

    @classmethod
    def of(cls, award: domain.achievements.Award) -> Self:
        """As the domain has it."""
        return cls(awarded_at=award.awarded_at, award=award)

    @strawberry.field(description="What the player has.")
    async def achievement(self, info: Info) -> Achievement | None:
        return await Achievement.by_id(info, self.award.achievement_id)


@strawberry.federation.type(tags=INTERNAL, description="A page of what a player was given.")
class AchievementAwardConnection(Connection[AchievementAward]):
    pass


@strawberry.input(description="So many sessions whose score counts.")
class AchievementCountRuleInput:
    at_least: int = strawberry.field(description="How many; at least 1.")
    min_score: int | None = strawberry.field(default=None, description=_MIN)
    max_score: int | None = strawberry.field(default=None, description=_MAX)


@strawberry.input(description="One number that is large, or small, enough: one of atLeast and atMost.")
class AchievementThresholdRuleInput:
    measure: Measure = strawberry.field(description="What is compared.")
    at_least: int | None = strawberry.field(default=None, description="The least that is enough.")
    at_most: int | None = strawberry.field(default=None, description="The most that is enough; not of a total.")


@strawberry.input(description="So many in a row, up to now.")
class AchievementStreakRuleInput:
    unit: StreakUnit = strawberry.field(description="Of sessions, or of days with at least one.")
    at_least: int = strawberry.field(description="From 2 to 100 sessions, or 366 days.")
    min_score: int | None = strawberry.field(default=None, description=_MIN)
    max_score: int | None = strawberry.field(default=None, description=_MAX)


@strawberry.input(description="When an achievement is given: exactly one kind of rule.")
class AchievementRuleInput:
    count: AchievementCountRuleInput | None = strawberry.field(default=None, description="So many sessions.")
    threshold: AchievementThresholdRuleInput | None = strawberry.field(default=None, description="A number to reach.")
    streak: AchievementStreakRuleInput | None = strawberry.field(default=None, description="So many in a row.")

    def rule(self) -> Rule:
        """As the domain has it.

        Raises:
            BadUserInput: none or several kinds are given.
        """
        given = [each for each in (self.count, self.threshold, self.streak) if each is not None]
        if len(given) != 1:
            raise BadUserInput("Give exactly one of count, threshold and streak.", path=("input", "rule"))
        if self.count is not None:
            return CountRule(self.count.at_least, ScoreRange(self.count.min_score, self.count.max_score))
        if self.threshold is not None:
            return ThresholdRule(self.threshold.measure, self.threshold.at_least, self.threshold.at_most)
        assert self.streak is not None
        scores = ScoreRange(self.streak.min_score, self.streak.max_score)
        return StreakRule(self.streak.unit, self.streak.at_least, scores)


@strawberry.input(description="A new achievement of a game.")
class CreateAchievementInput:
    game_id: strawberry.ID = strawberry.field(description="Of the game, which has at most 50.")
    name: str = strawberry.field(description="1 to 100 characters.")
    description: str = strawberry.field(default="", description="At most 500 characters.")
    points: int = strawberry.field(default=0, description="What it is worth: 0 to 10000.")
    rule: AchievementRuleInput = strawberry.field(description="When it is given. It cannot be changed.")


@strawberry.input(description="What changes of an achievement; null for what stays.")
class UpdateAchievementInput:
    id: strawberry.ID = strawberry.field(description="Of the achievement.")
    name: str | None = strawberry.field(default=None, description="1 to 100 characters.")
    description: str | None = strawberry.field(default=None, description="At most 500 characters.")
    points: int | None = strawberry.field(default=None, description="What it is worth: 0 to 10000.")
    is_active: bool | None = strawberry.field(default=None, description="Whether it is still given.")
    expected_version: int | None = strawberry.field(
        default=None,
        description="The version the change is made on; refused with VERSION_CONFLICT if it is not current. Null: any.",
    )


@strawberry.type(description="An achievement as the mutation left it.")
class AchievementPayload(MutationPayload):
    achievement: Achievement | None = strawberry.field(default=None, description=_NULL)


def _shown(rule: Rule) -> AchievementCountRule | AchievementThresholdRule | AchievementStreakRule:
    if isinstance(rule, CountRule):
        return AchievementCountRule(
            at_least=rule.at_least, min_score=rule.scores.min_score, max_score=rule.scores.max_score
        )
    if isinstance(rule, ThresholdRule):
        return AchievementThresholdRule(measure=rule.measure, at_least=rule.at_least, at_most=rule.at_most)
    return AchievementStreakRule(
        unit=rule.unit, at_least=rule.at_least, min_score=rule.scores.min_score, max_score=rule.scores.max_score
    )
