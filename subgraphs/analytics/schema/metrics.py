"""Metrics in GraphQL."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from itertools import pairwise
from typing import Annotated, Final, Self

import strawberry

from resolvers.errors import BadUserInput
from resolvers.operation import Info
from resolvers.pagination import CountedConnection
from resolvers.scalars import ExactDecimal
from subgraphs.analytics import loaders
from subgraphs.analytics.domain import rules
from subgraphs.analytics.domain.metrics import METRICS
from subgraphs.analytics.domain.periods import Granularity, boundaries, previous
from subgraphs.analytics.loaders import Buckets, Top
from subgraphs.analytics.repository.rollups import Slice
from subgraphs.analytics.schema.arguments import (
    INTERNAL,
    GranularityArgument,
    PeriodArgument,
    SliceArgument,
    check_dimension,
    period_of,
    slice_of,
    unit_of,
)
from subgraphs.analytics.schema.figures import (
    MetricComparison,
    MetricFigure,
    MetricPoint,
    MetricSeries,
    MetricShare,
    summed,
    value_of,
)

__all__ = ["Metric", "MetricConnection"]

_MOST_SHARES: Final = 50

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
        found = METRICS.get(id)
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

    @strawberry.field(description="The values of a dimension with the most, the greatest first.")
    async def top(
        self,
        info: Info,
        dimension: Annotated[str, strawberry.argument(description="One of the metric's.")],
        period: PeriodArgument,
        first: Annotated[int, strawberry.argument(description="At most so many; 1 to 50.")] = 10,
        currency: Annotated[str | None, strawberry.argument(description="Of a metric of money: which.")] = None,
    ) -> list[MetricShare]:
        asked = period_of(period)
        check_dimension(self.rule, dimension)
        if not 1 <= first <= _MOST_SHARES:
            raise BadUserInput(f"`first` is from 1 to {_MOST_SHARES}.", path=("first",))
        part = Slice(unit_of(self.rule, currency), dimension)
        top = Top((asked.first, asked.last), part, first)
        found = await info.context.load(loaders.top_of_metrics, self.rule.name, top)
        return [MetricShare(value=value, figure=MetricFigure.of(self.rule, cell)) for value, cell in found]

    @strawberry.field(description="Over all of a period, beside the one before.")
    async def comparison(self, info: Info, period: PeriodArgument, slice: SliceArgument = None) -> MetricComparison:
        asked = period_of(period)
        before = previous(asked)
        buckets = Buckets((before.first, asked.first, asked.last), slice_of(self.rule, slice))
        earlier, now = await info.context.load(loaders.cells_of_metrics, self.rule.name, buckets)
        return MetricComparison.of(self.rule, earlier, now, before.first.astimezone(asked.zone))


@strawberry.federation.type(tags=INTERNAL, description="A page of them.")
class MetricConnection(CountedConnection[Metric]):
    pass
