"""Subscriptions: one stream of events from one subgraph, and the rest of the plan for each event.

Source: GraphQL specification, section 6.2.3: the source stream, and its mapping to the response stream.
"""

from typing import Any, Self

import orjson

from router.errors import SubgraphError
from router.executor.client import OnOutcome, Sender, SubgraphClient
from router.executor.replies import MALFORMED, read_reply
from router.executor.requests import SubgraphRequest
from router.executor.running_loop import running_loop
from router.executor.transport import Pending
from router.hooks import EventStream, RequestContext, SubgraphReply

__all__ = ["EventSender", "Failure", "SourceStream", "open_source_stream"]


class EventSender:
    """Answers the subscription's fetch with an event that is there already, and sends all others."""

    __slots__ = ("_event", "_subgraphs")

    def __init__(self, event: Any, subgraphs: Sender) -> None:
        self._event = event
        self._subgraphs = subgraphs

    def send(
        self,
        subgraph: str,
        body: bytes,
        operation_type: str,
        fetch_ids: tuple[int, ...],
        context: RequestContext,
        deadline: float,
        on_reply: OnOutcome,
    ) -> Pending:
        """Send one request; see `SubgraphClient.send`."""
        if operation_type == "subscription":
            return running_loop().call_soon(on_reply, self._outcome(subgraph))
        return self._subgraphs.send(subgraph, body, operation_type, fetch_ids, context, deadline, on_reply)

    def _outcome(self, subgraph: str) -> SubgraphReply | SubgraphError:
        try:
            return SubgraphReply(200, {}, orjson.dumps(self._event))
        except orjson.JSONEncodeError:
            message = f"Subgraph '{subgraph}' sent an event that is nested too deeply."
            return SubgraphError(message, subgraph=subgraph, code=MALFORMED)


class SourceStream:
    """The events of a subscription's root field, each for `CompiledPlan.execute_event`.

    What the subgraph refuses, and a stream that breaks, become one last event, so that clients learn of it.

    Attributes:
        last_event_id: of the event that came last, if the stream can be resumed after it.
    """

    __slots__ = ("_events", "_last", "_subgraph", "last_event_id")

    def __init__(self, subgraph: str, events: EventStream | None, last: Any = None) -> None:
        self._subgraph = subgraph
        self._events = events
        self._last = last
        self.last_event_id: str | None = None

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if self._events is None:
            if self._last is None:
                raise StopAsyncIteration
            last, self._last = self._last, None
            return last
        try:
            event = await anext(self._events)
        except SubgraphError as failure:
            self._events = None
            self.last_event_id = None
            return Failure(failure)
        self.last_event_id = getattr(self._events, "last_event_id", None)
        return event

    async def aclose(self) -> None:
        """End the subscription in the subgraph; again is no harm."""
        events, self._events, self._last = self._events, None, None
        if events is not None:
            await events.aclose()


class Failure:
    """The last event of a stream that broke, and why."""

    __slots__ = ("reason",)

    def __init__(self, reason: SubgraphError) -> None:
        self.reason = reason


async def open_source_stream(
    request: SubgraphRequest, context: RequestContext, subgraphs: SubgraphClient
) -> SourceStream:
    """Send the subscription's root fetch.

    Raises:
        RequestRefused: a hook ended the request.
    """
    subgraph = request.subgraph
    try:
        reply = await subgraphs.subscribe(subgraph, request.body, request.fetches, context)
        if reply.events is not None:
            return SourceStream(subgraph, reply.events)
        data, errors = read_reply(subgraph, reply)
    except SubgraphError as failure:
        return SourceStream(subgraph, None, Failure(failure))
    if data is not None:
        message = f"Subgraph '{subgraph}' answered a subscription with a single result."
        unfit = SubgraphError(message, subgraph=subgraph, status=reply.status, code=MALFORMED)
        return SourceStream(subgraph, None, Failure(unfit))
    return SourceStream(subgraph, None, {"data": None, "errors": errors})
