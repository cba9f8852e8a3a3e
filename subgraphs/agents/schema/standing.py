"""What a run was opened with, and whether it is under way: what the Brain holds its worker's credential against."""

from typing import Self

import strawberry

from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.permissions import requires
from subgraphs.agents.domain.runs import Run
from subgraphs.agents.repository import runs
from subgraphs.agents.schema.internal import INTERNAL

__all__ = ["StandingQuery"]


@strawberry.federation.type(inaccessible=True, description="What a run was opened with, and whether it is under way.")
class AgentRunStanding:
    crew: str = strawberry.field(description="That does the work.")
    scopes: list[str] = strawberry.field(description="What who asked for it might do then.")
    requested_by: strawberry.ID | None = strawberry.field(description="Who asked for it; null: nobody in person.")
    answered_for_by: strawberry.ID | None = strawberry.field(
        description="Whose rights it has: who asked for it, or had written its schedule; null for API keys."
    )
    is_over: bool = strawberry.field(description="Whether it has ended.")

    @classmethod
    def of(cls, run: Run) -> Self:
        """As the row has it. An API key's rights are its own, not those of who made it."""
        by_key = run.requested_by is None and run.schedule_id is None
        return cls(
            crew=run.crew,
            scopes=list(run.scopes),
            requested_by=None if run.requested_by is None else wire_id(run.requested_by),
            answered_for_by=None if by_key or run.answered_for_by is None else wire_id(run.answered_for_by),
            is_over=run.status.is_final,
        )


@strawberry.type
class StandingQuery:
    @strawberry.federation.field(
        inaccessible=True,
        extensions=[requires(INTERNAL)],
        description="What a run was opened with; null if there is none. For the Brain alone.",
    )
    async def agent_run_standing(self, info: Info, id: strawberry.ID) -> AgentRunStanding | None:  # noqa: A002
        (run,) = await runs.find_runs(info.context.session, [parse_id(id, "id")])
        return None if run is None else AgentRunStanding.of(run)
