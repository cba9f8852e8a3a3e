"""Root fields that watch."""

from collections.abc import AsyncIterator
from typing import Annotated

import strawberry

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id
from resolvers.operation import Info
from subgraphs.agents.schema.query import READ, RunId
from subgraphs.agents.schema.types import AgentEvent
from subgraphs.agents.usecases.watch import watch

__all__ = ["Subscription"]

After = Annotated[
    strawberry.ID | None, strawberry.argument(description="Only events after this one; by default all from the first.")
]


@strawberry.type
class Subscription:
    @strawberry.subscription(
        description="What happened in a run and what happens in it, until it has ended. Over Server-Sent Events, "
        "events have ids, and `Last-Event-ID` does what `after` does."
    )
    async def agent_run_events(self, info: Info, id: RunId, after: After = None) -> AsyncIterator[AgentEvent]:  # noqa: A002
        operation = info.context
        operation.require(READ)
        run_id = parse_id(id, "id")
        seen = max(_number(after), _number(operation.last_event_id))
        async for event in watch(operation.session, operation.services.streams, run_id, seen):
            operation.event_id = str(event.seq)
            yield AgentEvent.of(event)


def _number(event_id: str | None) -> int:
    if event_id is None:
        return 0
    if not event_id.isascii() or not event_id.isdecimal() or len(event_id) > 9:
        raise BadUserInput("This is not the id of an event.", path=("after",))
    return int(event_id)
