"""What fields of metrics are asked with."""

import re
from datetime import datetime
from typing import Annotated

import strawberry

from resolvers.errors import BadUserInput
from subgraphs.analytics.domain import periods
from subgraphs.analytics.domain.errors import CurrencyNeeded, UnknownDimension
from subgraphs.analytics.domain.periods import Granularity, Period
from subgraphs.analytics.domain.rules import Metric, Unit
from subgraphs.analytics.repository.rollups import Slice

__all__ = [
    "INTERNAL",
    "READ",
    "GranularityArgument",
    "MetricPeriodInput",
    "MetricSliceInput",
    "PeriodArgument",
    "SliceArgument",
    "check_dimension",
    "period_of",
    "slice_of",
    "unit_of",
]

READ = "analytics:read"
INTERNAL = ("internal",)

_CURRENCY = re.compile(r"[A-Za-z]{3}")

strawberry.enum(
    Granularity, name="MetricGranularity", description="How long a point of a series lasts, by the zone's clocks."
)


@strawberry.input(description="A time, in whole quarters of an hour, between 2000 and 2100.")
class MetricPeriodInput:
    from_: datetime = strawberry.field(
        name="from", description="When it begins; without an offset, by the clocks of the time zone."
    )
    to: datetime = strawberry.field(description="When it has ended, likewise: what happens then is not in it.")
    time_zone: str = strawberry.field(
        default="UTC", description="Whose calendar and clocks are meant: an IANA name, for instance Asia/Kolkata."
    )


@strawberry.input(description="A part of a metric.")
class MetricSliceInput:
    currency: str | None = strawberry.field(
        default=None, description="Of a metric of money: which (ISO 4217). Others take no notice of it."
    )
    dimension: str | None = strawberry.field(default=None, description="One of the metric's; null for all of it.")
    value: str | None = strawberry.field(
        default=None, description="Of the dimension; empty for what has none. Needed with a dimension."
    )


PeriodArgument = Annotated[MetricPeriodInput, strawberry.argument(description="Which time.")]
SliceArgument = Annotated[MetricSliceInput | None, strawberry.argument(description="Which part; null for all of it.")]
GranularityArgument = Annotated[
    Granularity, strawberry.argument(description="How long a point lasts; there are at most 1,000.")
]


def period_of(given: MetricPeriodInput) -> Period:
    """The period that is meant.

    Raises:
        BadUserInput: there is none such.
    """
    return periods.period(given.from_, given.to, periods.zone_of(given.time_zone))


def slice_of(metric: Metric, given: MetricSliceInput | None) -> Slice:
    """The part of the metric that is meant.

    Raises:
        BadUserInput: there is none such.
    """
    asked = given or MetricSliceInput()
    unit = unit_of(metric, asked.currency)
    if asked.dimension is None and asked.value is None:
        return Slice(unit)
    if asked.dimension is None or asked.value is None:
        raise BadUserInput("Give a dimension and its value, or neither.", path=("slice",))
    check_dimension(metric, asked.dimension)
    if "\0" in asked.value:
        raise BadUserInput("A value has no null characters.", path=("slice", "value"))
    return Slice(unit, asked.dimension, asked.value)


def check_dimension(metric: Metric, dimension: str) -> None:
    """Lets a dimension of the metric through.

    Raises:
        UnknownDimension: it has no such.
    """
    if dimension not in metric.dimensions:
        known = ", ".join(metric.dimensions) or "none"
        raise UnknownDimension(f"Dimensions of {metric.name}: {known}.", path=("dimension",))


def unit_of(metric: Metric, currency: str | None) -> str:
    """What amounts are kept under: a currency where the metric is of money.

    Raises:
        CurrencyNeeded: it is, and none is named.
    """
    if metric.unit is not Unit.MONEY:
        return ""
    if currency is None or not _CURRENCY.fullmatch(currency):
        raise CurrencyNeeded(
            f"{metric.name} is money: name one currency, for instance EUR.", path=("slice", "currency")
        )
    return currency.upper()
