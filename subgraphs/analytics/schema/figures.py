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

__all__ = ["MetricComparison", "MetricFigure", "MetricPoint", "MetricSeries", "MetricShare", "summed", "value_of"]

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


@strawberry.federation.type(tags=INTERNAL, description="What one value of a dimension comes to.")
class MetricShare:
    value: str = strawberry.field(description="Of the dimension; empty for what has none.")
    figure: MetricFigure = strawberry.field(description="What it comes to.")


@strawberry.federation.type(tags=INTERNAL, description="A period, and the one of the same length before it.")
class MetricComparison:
    current: MetricFigure = strawberry.field(description="What the period comes to.")
    previous: MetricFigure = strawberry.field(description="What the period before comes to.")
    previous_from: datetime = strawberry.field(
        description="When that begins: as long before by the zone's clocks; it ends where the period begins."
    )
    change: ExactDecimal | None = strawberry.field(
        description="By how much the value is greater now; null if one of them has none."
    )
    change_ratio: float | None = strawberry.field(
        description="The change as a part of the value before, 0.25 for a quarter more; null if that is zero or none."
    )

    @classmethod
    def of(cls, metric: Metric, previous: Cell, current: Cell, previous_from: datetime) -> Self:
        """As two cells have it."""
        before, now = value_of(metric, previous), value_of(metric, current)
        change = None if before is None or now is None else now - before
        return cls(
            current=MetricFigure.of(metric, current),
            previous=MetricFigure.of(metric, previous),
            previous_from=previous_from,
            change=_exact(change),
            change_ratio=None if change is None or not before else float(change / abs(before)),
        )
