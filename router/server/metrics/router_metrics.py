"""What the router counts, under the names that dashboards use.

Names and labels are stable: a change of one is a breaking change. Labels have values from the supergraph and the
settings only, never from clients, so that no client can make their number grow.
"""

import asyncio
import gc
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from router.server.metrics.instruments import Count, Counter, Family, Gauge, Histogram, Labels, Series

__all__ = ["Instrument", "RouterMetrics"]


COST_BOUNDS = (1.0, 3.0, 10.0, 30.0, 100.0, 300.0, 1_000.0, 3_000.0, 10_000.0, 30_000.0, 100_000.0, 1_000_000.0)

MAX_CODES = 200
"""Error codes that are told apart."""


Seen = tuple[Count, Series, Count | None]
"""The number of requests, their durations, and the number of plans."""


class Instrument(Protocol):
    """Anything that has counted something."""

    def family(self) -> Family:
        """Return what it has counted."""


class RouterMetrics:
    """All instruments of one process.

    Attributes:
        active: client requests that are being answered.
    """

    def __init__(self) -> None:
        self.active = 0
        self.requests = Counter("router_requests", "Client requests that were answered.", ("operation_type", "status"))
        self.request_durations = Histogram(
            "router_request_duration_seconds", "From a request's arrival to its answer.", ("operation_type",)
        )
        self.errors = Counter("router_errors", "Errors in answers, by `extensions.code`.", ("code",))
        self.subgraph_requests = Counter(
            "router_subgraph_requests",
            "Requests to subgraphs, by HTTP status, or by the code of the error where there was none.",
            ("subgraph", "result"),
        )
        self.subgraph_durations = Histogram(
            "router_subgraph_request_duration_seconds", "From sending a request to its whole answer.", ("subgraph",)
        )
        self.plans = Counter(
            "router_plans", "Where plans came from: `hit`, `shared`, or `miss` if they were made.", ("result",)
        )
        self.operation_costs = Histogram(
            "router_operation_cost", "Estimated cost of operations, refused ones too.", (), COST_BOUNDS
        )
        self.operations_over_cost = Counter(
            "router_operations_over_cost", "Operations that cost more than `limits.cost.max`, by its mode.", ("mode",)
        )
        self._seen: dict[tuple[str, int, str], Seen] = {}
        self._instruments: list[Instrument] = [
            self.requests,
            self.request_durations,
            self.errors,
            self.subgraph_requests,
            self.subgraph_durations,
            self.plans,
            self.operation_costs,
            self.operations_over_cost,
            Gauge("router_active_requests", "Client requests that are being answered.", (), self._active),
            Gauge("router_tasks", "Tasks of the event loop.", (), _tasks),
            Gauge("router_gc_collections", "Garbage collections.", ("generation",), _collections, "counter"),
        ]

    def add(self, instrument: Instrument) -> None:
        """Show another instrument as well."""
        self._instruments.append(instrument)

    def watch(
        self,
        name: str,
        help_: str,
        labels: Labels,
        read: Callable[[], Mapping[Labels, float]],
        *,
        is_counter: bool = False,
    ) -> None:
        """Show what is known elsewhere; `read` is called whenever somebody looks."""
        self.add(Gauge(name, help_, labels, read, "counter" if is_counter else "gauge"))

    def finished(
        self, operation_type: str, status: int, duration_s: float, codes: Sequence[str], plan_cache: str
    ) -> None:
        """Count an answered request.

        Args:
            operation_type: empty if the request did not get as far as an operation.
            plan_cache: see `RequestContext`.
        """
        seen = self._seen.get((operation_type, status, plan_cache))
        if seen is None:
            seen = self._first(operation_type, status, plan_cache)
        requests, durations, plans = seen
        requests.value += 1
        durations.observe(duration_s)
        if plans is not None:
            plans.value += 1
        for code in codes:
            # Subgraphs and hooks may make codes of their own.
            is_known = len(self.errors.children) < MAX_CODES or (code,) in self.errors.children
            self.errors.add(code if is_known else "OTHER")

    def _first(self, operation_type: str, status: int, plan_cache: str) -> Seen:
        """What counts requests like this one, from now on without a look-up for each."""
        kind = operation_type or "none"
        seen = self._seen[operation_type, status, plan_cache] = (
            self.requests.child(kind, str(status)),
            self.request_durations.series(kind),
            self.plans.child(plan_cache) if plan_cache else None,
        )
        return seen

    def families(self) -> list[Family]:
        """Return what all instruments have counted."""
        return [instrument.family() for instrument in self._instruments]

    def _active(self) -> Mapping[Labels, float]:
        return {(): self.active}


def _tasks() -> Mapping[Labels, float]:
    return {(): len(asyncio.all_tasks())}


def _collections() -> Mapping[Labels, float]:
    return {(str(number),): each["collections"] for number, each in enumerate(gc.get_stats())}
