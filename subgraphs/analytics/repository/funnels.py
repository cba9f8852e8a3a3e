"""How far subjects come in a funnel."""

from sqlalchemy import CTE, ColumnElement, Interval, and_, func, literal, select, true

from resolvers.session import TenantSession
from subgraphs.analytics.domain.funnels import Funnel, Step
from subgraphs.analytics.tables import appearances

__all__ = ["reached"]


async def reached(session: TenantSession, funnel: Funnel) -> list[int]:
    """How many subjects have come to each step. One statement.

    From each first step the earliest next one is taken, and so on: whoever comes to a step at all comes there this way.
    """
    steps = [_first(funnel)]
    for number, step in enumerate(funnel.steps[1:], start=1):
        steps.append(_next(funnel, steps[-1], step, number))
    counts = [
        select(func.count(cte.c.subject.distinct())).scalar_subquery().label(f"step_{number}")
        for number, cte in enumerate(steps)
    ]
    row = await session.row(select(*counts))
    return [] if row is None else [int(value) for value in row]


def _first(funnel: Funnel) -> CTE:
    at = appearances.c.at
    return (
        select(appearances.c.subject, at.label("began"), at.label("at"))
        .where(_is(funnel, funnel.steps[0]), at >= funnel.period.first, at < funnel.period.last)
        .cte("step_0")
    )


def _next(funnel: Funnel, before: CTE, step: Step, number: int) -> CTE:
    earliest = (
        select(func.min(appearances.c.at).label("at"))
        .where(
            _is(funnel, step),
            appearances.c.subject == before.c.subject,
            appearances.c.at > before.c.at,
            appearances.c.at <= before.c.began + literal(funnel.within, Interval()),
        )
        .lateral(f"next_{number}")
    )
    return (
        select(before.c.subject, before.c.began, earliest.c.at)
        .select_from(before.join(earliest, true()))
        .where(earliest.c.at.is_not(None))
        .cte(f"step_{number}")
    )


def _is(funnel: Funnel, step: Step) -> ColumnElement[bool]:
    conditions = [appearances.c.kind == funnel.subject, appearances.c.event == step.event]
    if step.trait is not None:
        conditions.append(appearances.c.traits[step.trait].astext == step.value)
    return and_(*conditions)
