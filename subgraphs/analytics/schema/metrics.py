"""Metrics in GraphQL."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from itertools import pairwise
from typing import Self

import strawberry

from resolvers.operation import Info
from resolvers.pagination import CountedConnection
from resolvers.scalars import ExactDecimal
from subgraphs.analytics import loaders
from subgraphs.analytics.domain import catalogue, rules
from subgraphs.analytics.domain.periods import Granularity, boundaries
from subgraphs.analytics.loaders import Buckets
from subgraphs.analytics.schema.arguments import (
    INTERNAL,
    GranularityArgument,
    PeriodArgument,
    SliceArgument,
    period_of,
    slice_of,
)
from subgraphs.analytics.schema.figures import MetricFigure, MetricPoint, MetricSeries, summed, value_of

__all__ = ["Metric", "MetricConnection"]

strawberry.enum(rules.Unit, name="MetricUnit", description="What values are.")
strawberry.enum(rules.Statistic, name="MetricStatistic", description="How amounts become one value.")


@strawberry.federation.type(keys=["id"], tags=INTERNAL, description="Something that is counted.")
class Metric:
    id: strawberry.ID = strawberry.field(description="The same for all tenants, for instance storefront.orders.")
    name: str = strawberry.field(description="To be shown.")
    description: str = strawberry.field(description="What is counted.")
    unit: rules.Unit = strawberry.field(description="What values are.")
    statistic: rules.Statistic = strawberry.field(description="How amounts become one value.")
    dimensions: list[str] = strawberry.field(description="What it can be broken down by; a few.")
    rule: strawberry.Private[rules.Metric]

    @classmethod
    def of(cls, metric: rules.Metric) -> Self:
        """As the catalogue has it."""
        return cls(
            id=strawberry.ID(metric.name),
            name=metric.title,
            description=metric.description,
            unit=metric.unit,
            statistic=metric.statistic,
            dimensions=list(metric.dimensions),
            rule=metric,
        )

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> "Metric | None":
        found = catalogue.METRICS.get(id)
        return None if found is None else cls.of(found)

    @strawberry.field(description="Over time.")
    async def series(
        self,
        info: Info,
        period: PeriodArgument,
        granularity: GranularityArgument = Granularity.DAY,
        slice: SliceArgument = None,
    ) -> MetricSeries:
        asked = period_of(period)
        edges = boundaries(asked, granularity)
        part = slice_of(self.rule, slice)
        cells = await info.context.load(loaders.cells_of_metrics, self.rule.name, Buckets(edges, part))
        local = [edge.astimezone(asked.zone) for edge in edges]
        points = []
        for (begin, end), cell in zip(pairwise(local), cells, strict=True):
            value = value_of(self.rule, cell)
            exact = None if value is None else ExactDecimal(value)
            points.append(MetricPoint(from_=begin, to=end, value=exact, events=cell.events))
        total = MetricFigure.of(self.rule, summed(cells))
        return MetricSeries(granularity=granularity, time_zone=asked.zone.key, points=points, total=total)

    @strawberry.field(description="Over all of a period.")
    async def total(self, info: Info, period: PeriodArgument, slice: SliceArgument = None) -> MetricFigure:
        asked = period_of(period)
        buckets = Buckets((asked.first, asked.last), slice_of(self.rule, slice))
        (cell,) = await info.context.load(loaders.cells_of_metrics, self.rule.name, buckets)
        return MetricFigure.of(self.rule, cell)


@strawberry.federation.type(tags=INTERNAL, description="A page of them.")
class MetricConnection(CountedConnection[Metric]):
    pass
