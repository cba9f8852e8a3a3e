"""What an event counts for: rules are data, and this is what they mean.

A field of a rule is a field of the event's data. Where a measure is taken of each element of a list, `lines.quantity`
is the field `quantity` of the element of `lines`.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import Enum
from typing import Any
from uuid import UUID

__all__ = [
    "Amount",
    "EventRule",
    "Key",
    "Measure",
    "Metric",
    "Observation",
    "Statistic",
    "Subject",
    "Unit",
    "amounts",
    "observe",
]

_MAX_VALUE_CHARS = 200
_FIRST_YEAR = 2000
_AHEAD = timedelta(days=1)


class Unit(Enum):
    """What a metric's values are."""

    COUNT = "count"
    MONEY = "money"
    SECONDS = "seconds"
    POINTS = "points"
    PERCENT = "percent"


class Statistic(Enum):
    """How amounts become one value."""

    SUM = "sum"
    MEAN = "mean"


@dataclass(frozen=True, slots=True)
class Metric:
    """What is counted.

    Attributes:
        name: `<context>.<what>`.
        dimensions: what it can be broken down by.
    """

    name: str
    title: str
    description: str
    unit: Unit = Unit.COUNT
    statistic: Statistic = Statistic.SUM
    dimensions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """What one event adds to one metric.

    Attributes:
        amount: field with the number; None adds one.
        currency: field with the currency, for amounts of money.
        dimensions: dimension of the metric -> field with its value.
        each: field with a list: the measure is taken of each of its elements.
        where: field -> value that it must have; of other events the measure is not taken.
    """

    metric: str
    amount: str | None = None
    currency: str | None = None
    dimensions: Mapping[str, str] = field(default_factory=dict)
    each: str | None = None
    where: Mapping[str, str] = field(default_factory=dict)

    def fields(self) -> tuple[str, ...]:
        """All that it reads."""
        named = (self.amount, self.currency, *self.dimensions.values(), self.each, *self.where)
        return tuple(name for name in named if name is not None)


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom an event is of.

    Attributes:
        field: with the id. An event may lack it; then it is nobody's.
        personal: it is an address or the like: kept as a digest, which tells one from another and no more.
    """

    field: str
    personal: bool = False


@dataclass(frozen=True, slots=True)
class EventRule:
    """What one version of an event counts for.

    Attributes:
        at: field with the moment when it happened; None: when it was told.
        subjects: kind -> whom it is of, for funnels.
        traits: name -> field, for steps of funnels.
    """

    event: str
    version: int
    measures: tuple[Measure, ...]
    at: str | None = None
    subjects: Mapping[str, Subject] = field(default_factory=dict)
    traits: Mapping[str, str] = field(default_factory=dict)

    def fields(self) -> tuple[str, ...]:
        """The fields of the event that it reads, each once."""
        named = [name.partition(".")[0] for measure in self.measures for name in measure.fields()]
        named += [subject.field for subject in self.subjects.values()]
        named += self.traits.values()
        if self.at is not None:
            named.append(self.at)
        return tuple(dict.fromkeys(named))

    def needed(self) -> tuple[str, ...]:
        """Those that the event cannot lack."""
        relied_on = {*self.kept(), *self.traits.values(), self.at}
        optional = {subject.field for subject in self.subjects.values()} - relied_on
        return tuple(name for name in self.fields() if name not in optional)

    def kept(self) -> frozenset[str]:
        """The fields that are kept as they are: those that measures read."""
        return frozenset(name.partition(".")[0] for measure in self.measures for name in measure.fields())


@dataclass(frozen=True, slots=True)
class Observation:
    """An event as it is kept: what rules read of it, and no name or address.

    Attributes:
        at: when it happened.
        subjects: kind -> id or digest.
        traits: name -> text.
        values: the fields that measures read.
    """

    event_id: UUID
    event: str
    version: int
    at: datetime
    subjects: Mapping[str, str]
    traits: Mapping[str, str]
    values: Mapping[str, Any]


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """What amounts are summed by, besides the time.

    Attributes:
        unit: a currency, or empty.
        dimension: empty for the metric as a whole; then `value` is empty too.
    """

    metric: str
    unit: str = ""
    dimension: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Amount:
    """What an observation adds under a key.

    Attributes:
        events: how often something was added.
    """

    key: Key
    total: Decimal
    events: int


def observe(
    rule: EventRule, data: Mapping[str, Any], *, event_id: UUID, tenant_id: UUID, told_at: datetime
) -> Observation:
    """What is kept of an event.

    A moment that cannot be, before 2000 or more than a day after it was told of, is taken to be when it was told.

    Raises:
        ValueError: a field is not what the rule takes it for.
    """
    found = told_at if rule.at is None else datetime.fromisoformat(_text(data[rule.at]))
    if found.tzinfo is None:
        raise ValueError(f"{rule.at} has no time zone")
    at = found.astimezone(UTC) if _FIRST_YEAR < found.year < told_at.year + 2 else told_at
    observation = Observation(
        event_id=event_id,
        event=rule.event,
        version=rule.version,
        at=told_at if at > told_at + _AHEAD or at.year < _FIRST_YEAR else at,
        subjects=dict(_subjects(rule, data, tenant_id)),
        traits={name: _value(data[path]) for name, path in rule.traits.items()},
        values={name: _trimmed(rule, name, data[name]) for name in rule.kept()},
    )
    amounts(rule, observation.values)  # what cannot be counted is refused before it is kept
    return observation


def amounts(rule: EventRule, values: Mapping[str, Any]) -> list[Amount]:
    """What an observation adds, each key once, in order.

    Raises:
        ValueError: a field is not what the rule takes it for.
    """
    found: dict[Key, tuple[Decimal, int]] = {}
    for measure in rule.measures:
        if not _has(measure, values) or any(_value(values[name]) != wanted for name, wanted in measure.where.items()):
            continue
        for read in _readings(measure, values):
            number = Decimal(1) if measure.amount is None else _number(read[measure.amount])
            unit = "" if measure.currency is None else _value(read[measure.currency]).upper()
            keys = [Key(measure.metric, unit)]
            keys += [Key(measure.metric, unit, name, _value(read[path])) for name, path in measure.dimensions.items()]
            for key in keys:
                total, events = found.get(key, (Decimal(), 0))
                found[key] = (total + number, events + 1)
    return [Amount(key, *found[key]) for key in sorted(found)]


def _has(measure: Measure, values: Mapping[str, Any]) -> bool:
    """Whether what a measure reads was kept: facts are older than some rules."""
    return all(name.partition(".")[0] in values for name in measure.fields())


def _readings(measure: Measure, values: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The values of a measure's fields, once, or for each element of its list."""
    if measure.each is None:
        yield values
        return
    elements = values[measure.each]
    if not isinstance(elements, list):
        raise ValueError(f"{measure.each} is no list")  # noqa: TRY004 - the data is wrong, not the program
    for element in elements:
        yield {**values, **{f"{measure.each}.{name}": value for name, value in element.items()}}


def _trimmed(rule: EventRule, name: str, value: Any) -> Any:
    """A field without what no measure reads of its elements."""
    if not isinstance(value, list):
        return value
    paths = {path for measure in rule.measures for path in measure.fields()}
    return [
        {inner: each for inner, each in element.items() if f"{name}.{inner}" in paths}
        for element in value
        if isinstance(element, dict)
    ]


def _subjects(rule: EventRule, data: Mapping[str, Any], tenant_id: UUID) -> Iterator[tuple[str, str]]:
    for kind, subject in rule.subjects.items():
        value = data.get(subject.field)
        if value is None or value == "":
            continue
        text = _text(value)
        if subject.personal:
            digest = hashlib.sha256(f"{tenant_id}/{kind}/{text.strip().lower()}".encode())
            yield kind, digest.hexdigest()[:32]
        else:
            yield kind, text[:_MAX_VALUE_CHARS]


def _number(value: Any) -> Decimal:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"{value!r} is no number")  # noqa: TRY004 - the data is wrong, not the program
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is no number") from error
    if not number.is_finite():
        raise ValueError(f"{value!r} is no amount")
    return number


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text")  # noqa: TRY004 - the data is wrong, not the program
    return value


def _value(value: Any) -> str:
    """The value of a dimension: nothing is empty."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)[:_MAX_VALUE_CHARS]
