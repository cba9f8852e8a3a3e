"""Root fields that read. All need `agents:read`."""

from collections.abc import Awaitable
from typing import Annotated

import strawberry

from resolvers.ids import parse_id
from resolvers.operation import Info
from resolvers.pagination import Window
from resolvers.permissions import requires
from subgraphs.agents import loaders
from subgraphs.agents.repository import actions, runs
from subgraphs.agents.schema.inputs import After, AgentRunFilter, Before, First, Last
from subgraphs.agents.schema.types import AgentRun, AgentRunConnection, ProposedAction, ProposedActionConnection

__all__ = ["READ", "Query"]

READ = "agents:read"

RunId = Annotated[strawberry.ID, strawberry.argument(description="Of the run.")]
Filter = Annotated[AgentRunFilter | None, strawberry.argument(description="Only runs that match all of it.")]


@strawberry.type
class Query:
    @strawberry.field(description="The run with this id, if the tenant has it.", extensions=[requires(READ)])
    async def agent_run(self, info: Info, id: RunId) -> AgentRun | None:  # noqa: A002
        found = await info.context.load(loaders.run_by_id, parse_id(id, "id"))
        return None if found is None else AgentRun.of(found)

    @strawberry.field(description="The tenant's runs, the newest first.", extensions=[requires(READ)])
    async def agent_runs(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Filter = None,  # noqa: A002
    ) -> AgentRunConnection:
        session = info.context.session
        wanted = runs.RunFilter() if filter is None else filter.to_domain()
        window = Window.of(runs.RUNS_NEWEST, first=first, after=after, last=last, before=before)
        page = await runs.run_page(session, wanted, window)

        def count() -> Awaitable[int]:
            return runs.count_runs(session, wanted)

        return AgentRunConnection.of(page, AgentRun.of, count=count)

    @strawberry.field(
        description="Actions for whose decision a run waits, the newest first.", extensions=[requires(READ)]
    )
    async def waiting_agent_actions(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> ProposedActionConnection:
        session = info.context.session
        window = Window.of(actions.ACTIONS_NEWEST, first=first, after=after, last=last, before=before)
        page = await actions.waiting_page(session, window)

        def count() -> Awaitable[int]:
            return actions.count_waiting(session)

        return ProposedActionConnection.of(page, ProposedAction.of, count=count)
