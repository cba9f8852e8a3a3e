"""Counting what is sent to subgraphs, and how long they take."""

from bisect import bisect_left
from collections.abc import Coroutine
from functools import partial
from time import perf_counter
from typing import Any

from router.errors import SubgraphError
from router.executor import OnReply, Pending, Transport
from router.hooks import SubgraphCall, SubgraphReply
from router.server.metrics.instruments import Count, Series
from router.server.metrics.router_metrics import RouterMetrics

__all__ = ["MeasuredTransport"]

CLIENT_FAILED = "CLIENT_FAILED"
"""The result of a request whose client did not send the files that belong to it, whatever the subgraph made of it."""


class MeasuredTransport:
    """A transport that counts each request that is sent; one that is cancelled counts as never sent.

    Attributes:
        answers: how many requests have ended, with an answer or without.
    """

    def __init__(self, inner: Transport, metrics: RouterMetrics) -> None:
        self.inner = inner
        self.metrics = metrics
        self.answers = 0
        self.seen: dict[tuple[str, int | str], tuple[Count, Series]] = {}

    async def start(self) -> None:
        """Start the transport."""
        await self.inner.start()

    async def close(self) -> None:
        """Close the transport."""
        await self.inner.close()

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Send a request; see `Transport.send`."""
        return self.inner.send(call, deadline, partial(self.arrived, call, perf_counter(), on_reply))

    def subscribe(self, call: SubgraphCall, timeout_s: float) -> Coroutine[Any, Any, SubgraphReply]:
        """Open a subscription; see `Transport.subscribe`."""
        return self.subscribed(call, timeout_s)

    async def subscribed(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        started = perf_counter()
        try:
            reply = await self.inner.subscribe(call, timeout_s)
        except SubgraphError as error:
            self.arrived(call, started, None, error)
            raise
        self.arrived(call, started, None, reply)
        return reply

    def arrived(
        self, call: SubgraphCall, started: float, on_reply: OnReply | None, reply: SubgraphReply | SubgraphError
    ) -> None:
        """Count an answer, and pass it on."""
        self.answers += 1
        subgraph = call.subgraph
        result = reply.status if isinstance(reply, SubgraphReply) else reply.code
        if call.stream is not None and call.stream.failure is not None:
            result = CLIENT_FAILED
        count, durations = self.seen.get((subgraph, result)) or self.first(subgraph, result)
        count.value += 1
        took_s = perf_counter() - started
        durations.counts[bisect_left(durations.bounds, took_s)] += 1  # `observe`, without a call
        durations.total += took_s
        if on_reply is not None:
            on_reply(reply)

    def first(self, subgraph: str, result: int | str) -> tuple[Count, Series]:
        """What counts answers like this one, from now on without a look-up for each."""
        counts, durations = self.metrics.subgraph_requests, self.metrics.subgraph_durations
        seen = self.seen[subgraph, result] = (counts.child(subgraph, str(result)), durations.series(subgraph))
        return seen
