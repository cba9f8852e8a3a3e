"""Numbers of metrics in GraphQL."""

from datetime import datetime
from decimal import Decimal
from typing import Self

import strawberry

from resolvers.scalars import ExactDecimal
from subgraphs.analytics.domain.periods import Granularity
from subgraphs.analytics.domain.rules import Metric, Statistic
from subgraphs.analytics.repository.rollups import Cell
from subgraphs.analytics.schema.arguments import INTERNAL

__all__ = ["MetricFigure", "MetricPoint", "MetricSeries", "summed", "value_of"]

_MEAN_DIGITS = Decimal("0.0001")


def value_of(metric: Metric, cell: Cell) -> Decimal | None:
    """What a cell shows: the sum, or the mean, of which there is none where nothing happened."""
    if metric.statistic is Statistic.SUM:
        return cell.total
    return None if not cell.events else (cell.total / cell.events).quantize(_MEAN_DIGITS)


def summed(cells: list[Cell]) -> Cell:
    """All of them together."""
    return Cell(sum((cell.total for cell in cells), Decimal()), sum(cell.events for cell in cells))


def _exact(value: Decimal | None) -> ExactDecimal | None:
    return None if value is None else ExactDecimal(value)


@strawberry.federation.type(tags=INTERNAL, description="What a metric comes to.")
class MetricFigure:
    value: ExactDecimal | None = strawberry.field(
        description="The sum, zero where nothing happened; or the mean, null where nothing happened."
    )
    events: int = strawberry.field(description="How many amounts that is made of.")

    @classmethod
    def of(cls, metric: Metric, cell: Cell) -> Self:
        """As a cell has it."""
        return cls(value=_exact(value_of(metric, cell)), events=cell.events)


@strawberry.federation.type(tags=INTERNAL, description="What a metric comes to in one hour, day, week or month.")
class MetricPoint:
    from_: datetime = strawberry.field(name="from", description="When it begins, with the zone's offset then.")
    to: datetime = strawberry.field(description="When the next one begins.")
    value: ExactDecimal | None = strawberry.field(
        description="The sum, zero where nothing happened; or the mean, null where nothing happened."
    )
    events: int = strawberry.field(description="How many amounts that is made of.")


@strawberry.federation.type(tags=INTERNAL, description="A metric over time, without gaps.")
class MetricSeries:
    granularity: Granularity = strawberry.field(description="How long a point lasts.")
    time_zone: str = strawberry.field(description="Whose calendar it follows.")
    points: list[MetricPoint] = strawberry.field(
        description="In order, at most 1,000: every one that has a part in the period, as a whole."
    )
    total: MetricFigure = strawberry.field(description="All points together.")
