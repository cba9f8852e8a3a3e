"""What metrics and readiness tell of traffic and rate limits."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from router.server.metrics import RouterMetrics
from router.server.metrics.instruments import Labels
from router.server.traffic.circuit_breaker import BreakerState
from router.server.traffic.shaping import SubgraphTraffic

if TYPE_CHECKING:
    from router.server.served import Served

__all__ = ["traffic_parts", "watch_traffic"]

Values = Mapping[Labels, float]


def traffic_parts(now: "Served") -> dict[str, str]:
    """The state of what the router goes on without, by name."""
    found = {}
    if now.pipeline.rate_limits is not None:
        state = now.pipeline.rate_limits.state()
        found["rate_limits"] = "redis is away, counted by each process" if state.is_degraded else "up"
    for name, each in _layers(now).items():
        if each.breakers is not None:
            is_closed = all(state.state is BreakerState.CLOSED for state in each.breakers.states())
            found[f"circuit:{name}"] = "closed" if is_closed else "open"
    return found


def watch_traffic(metrics: RouterMetrics, read: Callable[[], "Served"]) -> None:
    """Show what is counted among the metrics.

    Args:
        read: gives what is served when somebody looks.
    """

    def show(name: str, help_: str, labels: Labels, values: Callable[["Served"], Values], *, counts: bool) -> None:
        metrics.watch(name, help_, labels, lambda: values(read()), is_counter=counts)

    show("router_circuit_breakers", "Endpoints by state.", ("subgraph", "state"), _states, counts=False)
    show("router_circuit_breaker_opened", "How often breakers opened.", ("subgraph",), _opened, counts=True)
    show("router_subgraph_refused", "Requests that were not sent.", ("subgraph", "reason"), _refused, counts=True)
    show("router_subgraph_waiting", "Requests that wait for their turn.", ("subgraph",), _waiting, counts=False)
    show("router_subgraph_extra", "Retries and second copies.", ("subgraph", "result"), _extra, counts=True)
    show("router_subgraph_shared", "Requests answered by another one's.", ("subgraph",), _shared, counts=True)
    show("router_shared_requests", "Client requests executed for another one.", (), _shared_clients, counts=True)
    show("router_overloaded", "Client requests that were too many at a time.", (), _overloaded, counts=True)
    show("router_rate_limits", "Client requests, by what the rate limits said.", ("result",), _limited, counts=True)
    show("router_rate_limits_degraded", "1 while Redis is away.", (), _degraded, counts=False)


def _layers(now: "Served") -> Mapping[str, SubgraphTraffic]:
    return now.traffic.subgraphs if now.traffic is not None else {}


def _states(now: "Served") -> Values:
    found: dict[Labels, float] = {}
    for each in now.traffic.states() if now.traffic is not None else ():
        labels = each.subgraph, each.state.value
        found[labels] = found.get(labels, 0) + 1
    return found


def _opened(now: "Served") -> Values:
    found: dict[Labels, float] = {}
    for each in now.traffic.states() if now.traffic is not None else ():
        found[each.subgraph,] = found.get((each.subgraph,), 0) + each.opened
    return found


def _refused(now: "Served") -> Values:
    found: dict[Labels, float] = {}
    for each in now.traffic.states() if now.traffic is not None else ():
        labels = each.subgraph, "circuit"
        found[labels] = found.get(labels, 0) + each.refused
    for name, layers in _layers(now).items():
        if layers.concurrency is not None:
            found[name, "concurrency"] = layers.concurrency.refused
    return found


def _waiting(now: "Served") -> Values:
    return {(name,): each.concurrency.waiting for name, each in _layers(now).items() if each.concurrency is not None}


def _extra(now: "Served") -> Values:
    budgets = {name: each.budget for name, each in _layers(now).items() if each.budget is not None}
    granted: dict[Labels, float] = {(name, "sent"): each.granted for name, each in budgets.items()}
    return granted | {(name, "denied"): each.denied for name, each in budgets.items()}


def _shared(now: "Served") -> Values:
    return {(name,): each.sharing.shared for name, each in _layers(now).items() if each.sharing is not None}


def _shared_clients(now: "Served") -> Values:
    return {} if now.sharing is None else {(): now.sharing.shared}


def _overloaded(now: "Served") -> Values:
    return {} if now.admission is None else {(): now.admission.refused}


def _limited(now: "Served") -> Values:
    if now.pipeline.rate_limits is None:
        return {}
    state = now.pipeline.rate_limits.state()
    return {("allowed",): state.allowed, ("refused",): state.refused}


def _degraded(now: "Served") -> Values:
    return {} if now.pipeline.rate_limits is None else {(): now.pipeline.rate_limits.state().is_degraded}
