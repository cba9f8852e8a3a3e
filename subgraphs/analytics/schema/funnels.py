"""Funnels in GraphQL."""

from collections.abc import Sequence
from typing import Self

import strawberry

from subgraphs.analytics.domain import funnels
from subgraphs.analytics.domain.funnels import EVENTS, Step
from subgraphs.analytics.schema.arguments import INTERNAL, MetricPeriodInput, period_of

__all__ = ["Funnel", "FunnelEvent", "FunnelInput", "FunnelStep", "funnel_of"]


@strawberry.input(description="An event, as a step.")
class FunnelStepInput:
    event: str = strawberry.field(description="Its name, for instance storefront.order_placed.")
    trait: str | None = strawberry.field(default=None, description="One of the event's, to narrow it down by.")
    value: str | None = strawberry.field(default=None, description="Of the trait. Needed with a trait.")


@strawberry.input(description="Which steps, of whom, and when.")
class FunnelInput:
    subject: str = strawberry.field(description="Who is counted: a kind of subject that all steps have.")
    steps: list[FunnelStepInput] = strawberry.field(description="2 to 8, in order.")
    period: MetricPeriodInput = strawberry.field(description="When the first step was taken; at most 366 days.")
    within_hours: int = strawberry.field(
        default=168, description="How long after the first step the last one counts; 1 to 8,784."
    )


@strawberry.federation.type(tags=INTERNAL, description="What a step of a funnel can be.")
class FunnelEvent:
    event: str = strawberry.field(description="Its name.")
    subjects: list[str] = strawberry.field(description="The kinds of those whom it is of; a few.")
    traits: list[str] = strawberry.field(description="What it can be narrowed down by; a few.")

    @classmethod
    def of(cls, name: str) -> Self:
        """As the catalogue has it."""
        event = EVENTS[name]
        return cls(event=name, subjects=list(event.subjects), traits=list(event.traits))


@strawberry.federation.type(tags=INTERNAL, description="How many came to a step.")
class FunnelStep:
    event: str = strawberry.field(description="Its event.")
    trait: str | None = strawberry.field(description="What it was narrowed down by.")
    value: str | None = strawberry.field(description="Of the trait.")
    subjects: int = strawberry.field(description="How many came here, each counted once.")
    ratio: float = strawberry.field(description="Of those who took the first step; zero if nobody did.")


@strawberry.federation.type(
    tags=INTERNAL,
    description="How many took the first step, and then each next one after the one before, in time.",
)
class Funnel:
    steps: list[FunnelStep] = strawberry.field(description="As they were asked for.")

    @classmethod
    def of(cls, asked: funnels.Funnel, reached: Sequence[int]) -> Self:
        """With how many came to each step."""
        return cls(
            steps=[
                FunnelStep(
                    event=step.event,
                    trait=step.trait,
                    value=step.value,
                    subjects=number,
                    ratio=number / reached[0] if reached[0] else 0.0,
                )
                for step, number in zip(asked.steps, reached, strict=True)
            ]
        )


def funnel_of(given: FunnelInput) -> funnels.Funnel:
    """The funnel that is meant.

    Raises:
        BadUserInput: there is none such.
    """
    steps = [Step(each.event, each.trait, each.value) for each in given.steps]
    return funnels.funnel(given.subject, steps, period_of(given.period), given.within_hours)
