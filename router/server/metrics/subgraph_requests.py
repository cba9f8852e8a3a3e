"""Counting what is sent to subgraphs, and how long they take."""

from collections.abc import Coroutine
from time import perf_counter
from typing import Any

from router.errors import SubgraphError
from router.executor import OnReply, Pending, Transport
from router.hooks import SubgraphCall, SubgraphReply
from router.server.metrics.router_metrics import RouterMetrics

__all__ = ["MeasuredTransport"]


class MeasuredTransport:
    """A transport that counts each request that is sent; one that is cancelled counts as never sent."""

    def __init__(self, inner: Transport, metrics: RouterMetrics) -> None:
        self.inner = inner
        self.counts = metrics.subgraph_requests.counts
        self.durations = metrics.subgraph_durations

    async def start(self) -> None:
        """Start the transport."""
        await self.inner.start()

    async def close(self) -> None:
        """Close the transport."""
        await self.inner.close()

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Send a request; see `Transport.send`."""
        started = perf_counter()
        subgraph = call.subgraph

        def measured(reply: SubgraphReply | SubgraphError) -> None:
            self.note(subgraph, reply, started)
            on_reply(reply)

        return self.inner.send(call, deadline, measured)

    def subscribe(self, call: SubgraphCall, timeout_s: float) -> Coroutine[Any, Any, SubgraphReply]:
        """Open a subscription; see `Transport.subscribe`."""
        return self.subscribed(call, timeout_s)

    async def subscribed(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        started = perf_counter()
        try:
            reply = await self.inner.subscribe(call, timeout_s)
        except SubgraphError as error:
            self.note(call.subgraph, error, started)
            raise
        self.note(call.subgraph, reply, started)
        return reply

    def note(self, subgraph: str, reply: SubgraphReply | SubgraphError, started: float) -> None:
        labels = (subgraph, reply.code if isinstance(reply, SubgraphError) else str(reply.status))
        self.counts[labels] = self.counts.get(labels, 0) + 1
        self.durations.series(subgraph).observe(perf_counter() - started)
