"""Subscriptions of a subgraph, as Server-Sent Events in answer to a POST (graphql-sse's "distinct connections mode").

An event carries the id that the resolver gave it (`Operation.event_id`), if any; whoever lost the connection sends the
last one back as `Last-Event-ID`, which the resolver finds as `Operation.last_event_id`. Between events no connection to
the database is held, and what one event loaded is forgotten before the next.

Source: HTML standard, section 9.2; graphql-sse's PROTOCOL.md.
"""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from graphql import GraphQLError
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Send
from strawberry.schema.exceptions import InvalidOperationTypeError
from strawberry.types.graphql import OperationType

from resolvers.context import RequestContext
from resolvers.errors import BadUserInput, shown
from resolvers.operation import Operation
from resolvers.schema import SubgraphSchema

__all__ = ["EventStreamResponse", "events_of", "is_wanted_by", "last_event_id_of", "without_deadline"]

EVENT_STREAM = "text/event-stream"
_KEEP_ALIVE_S = 10.0
_COMPLETE = b"event: complete\ndata:\n\n"


class EventStreamResponse(StreamingResponse):
    """Answers with events; when the caller hangs up they are closed at once, and do not wait to be collected.

    Args:
        events: what `events_of` gives.
    """

    def __init__(self, events: AsyncGenerator[bytes, None]) -> None:
        super().__init__(events, media_type=EVENT_STREAM, headers={"cache-control": "no-store"})
        self._events = events

    async def stream_response(self, send: Send) -> None:
        async with aclosing(self._events):
            await super().stream_response(send)


def is_wanted_by(request: Request) -> bool:
    """Whether the request asks for a stream of events."""
    return any(
        part.split(";")[0].strip().lower() == EVENT_STREAM for part in request.headers.get("accept", "").split(",")
    )


def last_event_id_of(request: Request) -> str | None:
    """The id of the last event that the caller got before."""
    return request.headers.get("last-event-id")


def without_deadline(context: RequestContext) -> RequestContext:
    """The caller for a stream, which nobody waits for the end of."""
    return replace(context, deadline=None)


async def events_of(schema: SubgraphSchema, operation: Operation, body: dict[str, Any]) -> AsyncGenerator[bytes, None]:
    """The events of a subscription, until it ends or the caller hangs up; a comment where nothing happens for long.

    Args:
        body: the request's `query`, `variables` and `operationName`.
    """
    results = await schema.stream(
        query=body.get("query"),
        variable_values=body.get("variables"),
        context_value=operation,
        operation_name=body.get("operationName"),
        allowed_operation_types=(OperationType.SUBSCRIPTION,),
    )
    async with aclosing(_answers(results, operation)) as answers:
        pending: asyncio.Task[bytes | None] | None = None
        try:
            while True:
                pending = asyncio.ensure_future(anext(answers, None))
                while not (await asyncio.wait((pending,), timeout=_KEEP_ALIVE_S))[0]:
                    yield b":\n\n"
                event = await pending
                if event is None:
                    break
                yield event
        finally:
            if pending is not None and not pending.done():
                pending.cancel()
                await asyncio.wait((pending,))
    yield _COMPLETE


async def _answers(results: Any, operation: Operation) -> AsyncGenerator[bytes, None]:
    """Each result as an event. One that cannot be made is the last."""
    try:
        async for result in results:
            answer = {"data": result.data}
            if result.errors:
                answer["errors"] = [_shown(error, operation) for error in result.errors]
            event = _event(answer, operation.event_id)
            operation.loaders.clear()
            await operation.session.close()
            yield event
    except Exception as error:  # noqa: BLE001 - masked and logged
        failed = GraphQLError(str(error), original_error=error)
        yield _event({"data": None, "errors": [_shown(failed, operation)]}, None)
    finally:
        if hasattr(results, "aclose"):
            await results.aclose()
        await operation.session.close()


def _shown(error: GraphQLError, operation: Operation) -> Any:
    if isinstance(error.original_error, InvalidOperationTypeError):
        error = GraphQLError("", original_error=BadUserInput("Only subscriptions are answered by a stream of events."))
    return shown(error, operation.request.request_id).formatted


def _event(answer: dict[str, Any], event_id: str | None) -> bytes:
    named = "" if event_id is None else f"id: {event_id}\n"
    return f"event: next\n{named}data: {json.dumps(answer)}\n\n".encode()
