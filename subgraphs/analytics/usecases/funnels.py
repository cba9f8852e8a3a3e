"""Counting a funnel, where what it counts is still there."""

from resolvers.session import TenantSession
from subgraphs.analytics.domain.errors import PeriodNotKept
from subgraphs.analytics.domain.funnels import Funnel
from subgraphs.analytics.repository import funnels
from subgraphs.analytics.repository.pruning import events_kept_from

__all__ = ["count_funnel"]


async def count_funnel(session: TenantSession, funnel: Funnel) -> list[int]:
    """How many subjects have come to each step.

    Raises:
        PeriodNotKept: the period begins before the events that are kept: its numbers would be too low, and look right.
    """
    # Counted first: what is forgotten in between is noted before it goes, and so is seen here.
    reached = await funnels.reached(session, funnel)
    kept_from = await events_kept_from(session)
    if funnel.period.first < kept_from:
        raise PeriodNotKept(
            f"Events are kept from {kept_from:%Y-%m-%dT%H:%M:%SZ}; a funnel begins then or later. "
            "`metric` has the sums of what is older.",
            path=("input", "period", "from"),
        )
    return reached
