"""The circuit breakers of a subgraph's endpoints, as a layer."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass

from router.errors import SubgraphError
from router.executor import OnReply, Pending, Transport
from router.executor.running_loop import running_loop
from router.hooks import SubgraphCall, SubgraphReply
from router.server.config.traffic import CircuitBreakerConfig
from router.server.traffic.circuit_breaker import BreakerState, CircuitBreaker
from router.server.traffic.concurrency import OVERLOADED
from router.server.traffic.layer import Layer
from router.server.traffic.outcomes import Outcome, is_clients, is_failure

__all__ = ["CIRCUIT_OPEN", "CircuitBreakers", "EndpointState"]

CIRCUIT_OPEN = "SUBGRAPH_CIRCUIT_OPEN"
MAX_ENDPOINTS = 1_000
"""Breakers of one subgraph: hooks may send each tenant's requests to an endpoint of its own."""

logger = logging.getLogger("router.server")


@dataclass(frozen=True, slots=True)
class EndpointState:
    """The breaker of one endpoint, for health and metrics.

    Attributes:
        url: without what follows a `?`. Not for clients.
        partition: None if all partitions have one breaker.
        retry_in_s: when an open breaker lets requests try.
        requests: in the window, while closed.
        failures: among them.
        opened: how often it has opened.
        refused: requests that were not sent.
    """

    subgraph: str
    url: str
    partition: str | None
    state: BreakerState
    retry_in_s: float
    requests: int
    failures: int
    opened: int
    refused: int


class CircuitBreakers(Layer):
    """A breaker for each endpoint of a subgraph, and for each partition if the settings say so."""

    __slots__ = ("_breakers", "_config", "_subgraph")

    def __init__(self, inner: Transport, subgraph: str, config: CircuitBreakerConfig) -> None:
        super().__init__(inner)
        self._subgraph = subgraph
        self._config = config
        self._breakers: dict[tuple[str, str | None], CircuitBreaker] = {}

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a request, unless the endpoint is left alone; see `Transport.send`."""
        loop = running_loop()
        breaker = self._of(call)
        if not breaker.admit(loop.time()):
            return loop.call_soon(on_reply, is_open(self._subgraph))
        watched = _Watched(self, breaker, call, on_reply)
        watched.pending = self.inner.send(call, deadline, watched.answered)
        return watched

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Open a subscription, unless the endpoint is left alone; see `Transport.subscribe`."""
        loop = running_loop()
        breaker = self._of(call)
        if not breaker.admit(loop.time()):
            raise is_open(self._subgraph)
        sent_in = breaker.round
        try:
            reply = await self.inner.subscribe(call, timeout_s)
        except SubgraphError as error:
            self.record(breaker, sent_in, call, error)
            raise
        except BaseException:
            breaker.abandon(sent_in)
            raise
        self.record(breaker, sent_in, call, reply)
        return reply

    def states(self) -> Iterator[EndpointState]:
        """The breaker of each endpoint that has been asked."""
        now = running_loop().time()
        for (url, partition), each in self._breakers.items():
            yield EndpointState(
                self._subgraph,
                url,
                partition,
                each.state,
                each.retry_in_s(now),
                *each.counts(now),
                each.opened,
                each.refused,
            )

    def record(self, breaker: CircuitBreaker, sent_in: int, call: SubgraphCall, outcome: Outcome) -> None:
        """Note how a request ended."""
        if isinstance(outcome, SubgraphError) and outcome.code == OVERLOADED:
            breaker.abandon(sent_in)  # it was not sent
            return
        if is_clients(call, outcome):
            breaker.abandon(sent_in)
            return
        now = running_loop().time()
        if breaker.record(now, sent_in, failed=is_failure(outcome)):
            fields = {**call.context.log_fields, "subgraph": self._subgraph, "state": breaker.state.value}
            logger.warning("circuit breaker", extra={"fields": fields})

    def _of(self, call: SubgraphCall) -> CircuitBreaker:
        url = call.url
        if "?" in url:
            url = url.partition("?")[0]
        key = (url, call.context.partition if self._config.per_partition else None)
        breaker = self._breakers.get(key)
        if breaker is None:
            if len(self._breakers) >= MAX_ENDPOINTS:
                self._drop_one()
            breaker = self._breakers[key] = CircuitBreaker(self._config)
        return breaker

    def _drop_one(self) -> None:
        closed = (key for key, each in self._breakers.items() if each.state is BreakerState.CLOSED)
        del self._breakers[next(closed, next(iter(self._breakers)))]


class _Watched:
    """A request whose end a breaker wants to know."""

    __slots__ = ("_breaker", "_breakers", "_call", "_is_over", "_on_reply", "_sent_in", "pending")

    def __init__(
        self, breakers: CircuitBreakers, breaker: CircuitBreaker, call: SubgraphCall, on_reply: OnReply
    ) -> None:
        self._breakers = breakers
        self._breaker = breaker
        self._call = call
        self._on_reply = on_reply
        self._sent_in = breaker.round
        self._is_over = False
        self.pending: Pending | None = None

    def answered(self, outcome: Outcome) -> None:
        self._is_over = True
        self._breakers.record(self._breaker, self._sent_in, self._call, outcome)
        self._on_reply(outcome)

    def cancel(self) -> None:
        if not self._is_over and self.pending is not None:
            self._is_over = True
            self.pending.cancel()
            self._breaker.abandon(self._sent_in)


def is_open(subgraph: str) -> SubgraphError:
    """The error for a request that is not sent."""
    message = f"Subgraph '{subgraph}' is left alone for a moment, because too many requests to it have failed."
    return SubgraphError(message, subgraph=subgraph, code=CIRCUIT_OPEN)
