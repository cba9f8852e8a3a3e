"""Figures of all tenants together in GraphQL, for those who run the platform."""

from datetime import datetime
from itertools import pairwise
from typing import Annotated, Self

import strawberry

from resolvers.operation import Info
from resolvers.scalars import ExactDecimal
from subgraphs.analytics import loaders
from subgraphs.analytics.domain import rules
from subgraphs.analytics.domain.periods import Granularity, boundaries
from subgraphs.analytics.loaders import PlatformBuckets
from subgraphs.analytics.schema.arguments import INTERNAL, GranularityArgument, PeriodArgument, period_of, unit_of
from subgraphs.analytics.schema.figures import value_of

__all__ = ["PLATFORM", "PlatformMetric"]

PLATFORM = "platform:analytics"
"""Scope of those who run the platform; no role of a tenant and no key of a tenant has it."""


@strawberry.federation.type(tags=INTERNAL, description="What a metric comes to in all tenants, in a part of a period.")
class PlatformPoint:
    from_: datetime = strawberry.field(name="from", description="When it begins, with the zone's offset then.")
    to: datetime = strawberry.field(description="When the next one begins.")
    value: ExactDecimal | None = strawberry.field(
        description="The sum, zero where nothing happened; or the mean, null where nothing happened."
    )
    events: int = strawberry.field(description="How many amounts that is made of.")
    tenants: int = strawberry.field(description="Of how many tenants.")


@strawberry.federation.type(
    tags=INTERNAL, description="A metric of all tenants together: sums alone, neither whose they are nor of what."
)
class PlatformMetric:
    id: strawberry.ID = strawberry.field(description="The metric's.")
    name: str = strawberry.field(description="To be shown.")
    rule: strawberry.Private[rules.Metric]

    @classmethod
    def of(cls, metric: rules.Metric) -> Self:
        """As the catalogue has it."""
        return cls(id=strawberry.ID(metric.name), name=metric.title, rule=metric)

    @strawberry.field(description="Over time, without gaps; at most 1,000 points.")
    async def series(
        self,
        info: Info,
        period: PeriodArgument,
        granularity: GranularityArgument = Granularity.DAY,
        currency: Annotated[str | None, strawberry.argument(description="Of a metric of money: which.")] = None,
    ) -> list[PlatformPoint]:
        asked = period_of(period)
        edges = boundaries(asked, granularity)
        buckets = PlatformBuckets(edges, unit_of(self.rule, currency))
        cells = await info.context.load(loaders.platform_cells_of_metrics, self.rule.name, buckets)
        points = []
        for (begin, end), found in zip(pairwise(edge.astimezone(asked.zone) for edge in edges), cells, strict=True):
            value = value_of(self.rule, found.cell)
            points.append(
                PlatformPoint(
                    from_=begin,
                    to=end,
                    value=None if value is None else ExactDecimal(value),
                    events=found.cell.events,
                    tenants=found.tenants,
                )
            )
        return points
