"""Prometheus' text formats, written by prometheus_client."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import TYPE_CHECKING

from router.server.metrics.instruments import Family

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

__all__ = ["exposed"]


def exposed(families: Sequence[Family], accept: str | None) -> tuple[bytes, str]:
    """Return the text, in the format that the client prefers, and its content type."""
    # Imported by the first who asks: the library takes longer to load than many a supergraph.
    from prometheus_client.exposition import choose_encoder  # noqa: PLC0415
    from prometheus_client.registry import Collector, CollectorRegistry  # noqa: PLC0415

    class Families(Collector):
        def collect(self) -> "Iterable[Metric]":
            return _metrics(families)

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Families())
    encode, content_type = choose_encoder(accept or "")
    written: Callable[[CollectorRegistry], bytes] = encode
    return written(registry), content_type


def _metrics(families: Iterable[Family]) -> "Iterator[Metric]":
    from prometheus_client.metrics_core import (  # noqa: PLC0415
        CounterMetricFamily,
        GaugeMetricFamily,
        HistogramMetricFamily,
    )

    for family in sorted(families, key=lambda each: each.name):
        if family.kind == "histogram":
            histogram = HistogramMetricFamily(family.name, family.help, labels=family.labels)
            bounds = [*map(str, family.bounds), "+Inf"]
            for labels, (counts, total) in sorted(family.histograms.items()):
                histogram.add_metric(labels, list(zip(bounds, accumulate(counts), strict=True)), total)
            yield histogram
            continue
        kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
        metric = kind(family.name, family.help, labels=family.labels)
        for labels, value in sorted(family.values.items()):
            metric.add_metric(labels, value)
        yield metric
