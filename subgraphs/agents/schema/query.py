"""Root fields that read. All need `agents:read`, the log `agents:admin`."""

from collections.abc import Awaitable
from datetime import UTC, date, datetime
from typing import Annotated

import strawberry

from resolvers.ids import parse_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, First, Last, Window
from resolvers.permissions import requires
from subgraphs.agents import loaders
from subgraphs.agents.domain.budgets import period_of
from subgraphs.agents.repository import actions, audit, controls, runs
from subgraphs.agents.schema.inputs import AgentRunFilter
from subgraphs.agents.schema.money import AgentBudget, AgentUsage, budgets_of, month_of, usage_of
from subgraphs.agents.schema.types import (
    AgentAuditConnection,
    AgentAuditEntry,
    AgentControls,
    AgentRun,
    AgentRunConnection,
    ProposedAction,
    ProposedActionConnection,
)

__all__ = ["READ", "RunQuery"]

READ = "agents:read"
ADMIN = "agents:admin"

RunId = Annotated[strawberry.ID, strawberry.argument(description="Of the run.")]
Period = Annotated[str | None, strawberry.argument(description="The month, as 2026-05; by default the present one.")]
Filter = Annotated[AgentRunFilter | None, strawberry.argument(description="Only runs that match all of it.")]


@strawberry.type
class RunQuery:
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

    @strawberry.field(
        description="What the tenant's agents may cost, and have cost, in a month: the tenant's budget, then those of "
        "crews with a limit of their own.",
        extensions=[requires(READ)],
    )
    async def agent_budgets(self, info: Info, period: Period = None) -> list[AgentBudget]:
        return await budgets_of(info.context.session, _month(period))

    @strawberry.field(description="What the tenant's agents have used in a month.", extensions=[requires(READ)])
    async def agent_usage(self, info: Info, period: Period = None) -> AgentUsage:
        return await usage_of(info.context.session, _month(period))

    @strawberry.field(description="What stops or softens all runs of the tenant.", extensions=[requires(READ)])
    async def agent_controls(self, info: Info) -> AgentControls:
        return AgentControls.of(await controls.read_controls(info.context.session))

    @strawberry.field(
        description="The tenant's log, the newest first: who did what about runs, budgets and switches.",
        extensions=[requires(ADMIN)],
    )
    async def agent_audit(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> AgentAuditConnection:
        window = Window.of(audit.AUDIT_NEWEST, first=first, after=after, last=last, before=before)
        return AgentAuditConnection.of(await audit.entry_page(info.context.session, window), AgentAuditEntry.of)


def _month(period: str | None) -> date:
    return period_of(datetime.now(UTC)) if period is None else month_of(period)
