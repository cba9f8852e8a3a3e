"""Counters, gauges and histograms that cost next to nothing to count with.

One process counts on one thread, so there are no locks. A caller that counts often keeps the `Series` or the child that
it counts with, and spares the look-up.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["DURATION_BOUNDS_S", "Count", "Counter", "Family", "Gauge", "Histogram", "Labels", "Series", "merged"]

Labels = tuple[str, ...]

DURATION_BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of a duration histogram's buckets, in seconds; one more bucket takes all that is longer."""


@dataclass(frozen=True, slots=True)
class Family:
    """What one instrument has counted, as JSON-like data: it travels between workers.

    Attributes:
        name: without a suffix such as `_total`.
        labels: names of the labels.
        values: by the labels' values, of a counter or a gauge.
        histograms: by the labels' values, of a histogram: counts of each bucket (not added up), and the sum.
        bounds: of a histogram: upper bounds of its buckets; one more takes all that is larger.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: Labels
    values: Mapping[Labels, float]
    histograms: Mapping[Labels, tuple[tuple[int, ...], float]]
    bounds: tuple[float, ...] = ()


class Count:
    """One counter's number for one set of label values."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0


class Counter:
    """Counts up, by labels."""

    __slots__ = ("children", "help", "labels", "name")

    def __init__(self, name: str, help_: str, labels: Labels) -> None:
        self.name = name
        self.help = help_
        self.labels = labels
        self.children: dict[Labels, Count] = {}

    @property
    def counts(self) -> dict[Labels, int]:
        """The numbers now."""
        return {labels: child.value for labels, child in self.children.items()}

    def add(self, *labels: str, count: int = 1) -> None:
        self.child(*labels).value += count

    def child(self, *labels: str) -> Count:
        """The number for these label values: to be kept by who counts often."""
        child = self.children.get(labels)
        if child is None:
            child = self.children[labels] = Count()
        return child

    def family(self) -> Family:
        return Family(self.name, "counter", self.help, self.labels, self.counts, {})


class Gauge:
    """What is so now: asked for when it is read.

    Args:
        read: returns values by label values; of a gauge without labels by `()`.
        kind: `counter` for what only goes up but is counted elsewhere.
    """

    __slots__ = ("help", "kind", "labels", "name", "read")

    def __init__(
        self,
        name: str,
        help_: str,
        labels: Labels,
        read: Callable[[], Mapping[Labels, float]],
        kind: Literal["counter", "gauge"] = "gauge",
    ) -> None:
        self.name = name
        self.help = help_
        self.labels = labels
        self.read = read
        self.kind = kind

    def family(self) -> Family:
        return Family(self.name, self.kind, self.help, self.labels, dict(self.read()), {})


class Series:
    """One histogram's counts for one set of label values."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Histogram:
    """Durations, or other values, by labels."""

    __slots__ = ("all_series", "bounds", "help", "labels", "name")

    def __init__(self, name: str, help_: str, labels: Labels, bounds: tuple[float, ...] = DURATION_BOUNDS_S) -> None:
        self.name = name
        self.bounds = bounds
        self.help = help_
        self.labels = labels
        self.all_series: dict[Labels, Series] = {}

    def series(self, *labels: str) -> Series:
        """The counts for these label values: to be kept by who observes often."""
        series = self.all_series.get(labels)
        if series is None:
            series = self.all_series[labels] = Series(self.bounds)
        return series

    def family(self) -> Family:
        found = {labels: (tuple(series.counts), series.total) for labels, series in self.all_series.items()}
        return Family(self.name, "histogram", self.help, self.labels, {}, found, self.bounds)


def merged(families: Iterable[Family]) -> list[Family]:
    """Add up what several workers counted."""
    by_name: dict[str, list[Family]] = {}
    for family in families:
        by_name.setdefault(family.name, []).append(family)
    return [_sum(each) for each in by_name.values()]


def _sum(families: list[Family]) -> Family:
    first = families[0]
    values: dict[Labels, float] = {}
    histograms: dict[Labels, tuple[tuple[int, ...], float]] = {}
    for family in families:
        for labels, value in family.values.items():
            values[labels] = values.get(labels, 0) + value
        for labels, (counts, total) in family.histograms.items():
            known, sum_ = histograms.get(labels, ((0,) * len(counts), 0.0))
            added = tuple(a + b for a, b in zip(known, counts, strict=True))
            histograms[labels] = (added, sum_ + total)
    return Family(first.name, first.kind, first.help, first.labels, values, histograms, first.bounds)
