"""The layers of each subgraph, as the settings want them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from router.executor import OnReply, Pending, Transport
from router.hooks import SubgraphCall, SubgraphReply
from router.server.config.traffic import SubgraphTrafficConfig
from router.server.traffic.breaking import CircuitBreakers, EndpointState
from router.server.traffic.budget import Budget
from router.server.traffic.concurrency import ConcurrencyLimit
from router.server.traffic.deadlines import DeadlineHeader
from router.server.traffic.hedging import Hedging
from router.server.traffic.layer import Layer
from router.server.traffic.retries import Retries
from router.server.traffic.sharing import SubgraphSharing

__all__ = ["ShapedTransport", "SubgraphTraffic", "shaped"]

_PLAIN = SubgraphTrafficConfig(share_requests="never")


@dataclass(frozen=True, slots=True)
class SubgraphTraffic:
    """The layers of one subgraph; None for those that the settings do not ask for.

    Attributes:
        entry: the outermost.
        budget: of retries and hedged requests.
    """

    settings: SubgraphTrafficConfig
    entry: Transport
    budget: Budget | None
    concurrency: ConcurrencyLimit | None
    breakers: CircuitBreakers | None
    sharing: SubgraphSharing | None


class ShapedTransport(Layer):
    """Sends each subgraph's requests through its layers.

    Attributes:
        subgraphs: by name, those that have layers.
    """

    __slots__ = ("_entries", "subgraphs")

    def __init__(self, inner: Transport, subgraphs: Mapping[str, SubgraphTraffic]) -> None:
        super().__init__(inner)
        self.subgraphs = dict(subgraphs)
        self._entries = {name: each.entry for name, each in subgraphs.items()}

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a request; see `Transport.send`."""
        return self._entries.get(call.subgraph, self.inner).send(call, deadline, on_reply)

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Open a subscription; see `Transport.subscribe`."""
        return await self._entries.get(call.subgraph, self.inner).subscribe(call, timeout_s)

    def states(self) -> Iterator[EndpointState]:
        """The circuit breaker of each endpoint that has been asked."""
        for each in self.subgraphs.values():
            if each.breakers is not None:
                yield from each.breakers.states()


def shaped(
    inner: Transport,
    subgraphs: Iterable[str],
    settings: SubgraphTrafficConfig,
    own: Mapping[str, SubgraphTrafficConfig],
    now: ShapedTransport | None = None,
) -> ShapedTransport | None:
    """Put the layers that the settings ask for around a transport.

    Args:
        settings: for all subgraphs.
        own: by subgraph, what its own section says.
        now: what serves so far, around the same transport: where the settings of a subgraph are the same, its layers go
            on, with their budgets, counts and states.

    Returns:
        None if there is nothing to put around it.
    """
    found: dict[str, SubgraphTraffic] = {}
    for name in subgraphs:
        wanted = settings.overridden_by(own.get(name))
        known = now.subgraphs.get(name) if now is not None and now.inner is inner else None
        if known is not None and known.settings == wanted:
            found[name] = known
        elif wanted.model_copy(update={"budget": _PLAIN.budget}) != _PLAIN:
            found[name] = _layers(inner, name, wanted)
    return ShapedTransport(inner, found) if found else None


def _layers(inner: Transport, name: str, settings: SubgraphTrafficConfig) -> SubgraphTraffic:
    entry = inner
    if settings.deadline_header is not None:
        entry = DeadlineHeader(entry, settings.deadline_header)
    concurrency = breakers = sharing = budget = None
    if settings.concurrency is not None:
        entry = concurrency = ConcurrencyLimit(entry, settings.concurrency)
    if settings.circuit_breaker is not None:
        entry = breakers = CircuitBreakers(entry, name, settings.circuit_breaker)
    if settings.hedging is not None or settings.retries is not None:
        budget = Budget(settings.budget)
    if settings.hedging is not None and budget is not None:
        entry = Hedging(entry, settings.hedging, budget, notes=settings.retries is None)
    if settings.retries is not None and budget is not None:
        entry = Retries(entry, settings.retries, budget)
    if settings.share_requests != "never":
        entry = sharing = SubgraphSharing(entry, at_once=settings.share_requests == "at_once")
    return SubgraphTraffic(settings, entry, budget, concurrency, breakers, sharing)
