"""Which crews there are, what they may do, and what makes their results for the tenant now."""

from datetime import UTC, datetime
from typing import Any, Self

import strawberry

from resolvers.agent_fields import AgentRisk
from resolvers.operation import Info
from resolvers.permissions import requires
from subgraphs.agents.catalogue import load_crews
from subgraphs.agents.domain.budgets import period_of
from subgraphs.agents.domain.engines import OWN_SERVER
from subgraphs.agents.domain.values import EngineKind
from subgraphs.agents.schema.inputs import Micros
from subgraphs.agents.schema.money import budgets_of
from subgraphs.agents.schema.query import READ
from subgraphs.agents.schema.secrets import AgentEngineSetting, engine_in_force

__all__ = ["CrewQuery"]


@strawberry.type(description="A crew: agents that do the work behind a mutation.")
class AgentCrew:
    name: str = strawberry.field(description="Unique; for schedules, budgets and filters.")
    title: str = strawberry.field(description="For people.")
    mutation: str = strawberry.field(description="Subgraph and field that stand for it, as `crm.scoreLead`.")
    risk: AgentRisk = strawberry.field(description="The worst that it proposes.")
    agents: int = strawberry.field(description="How many it has, 1 to 4.")
    grants: list[str] = strawberry.field(description="Scopes that it works with: who asks it must hold them all.")
    tasks: list[str] = strawberry.field(description="In order.")
    steps: list[str] = strawberry.field(
        description="Where it is work of several steps, these; else empty: its tasks, and then what it proposes."
    )
    approve_writes: bool = strawberry.field(description="Whether a person must approve all that it writes.")
    budget_micros: Micros = strawberry.field(description="The most that a run of it may cost.")
    integration: str | None = strawberry.field(description="That it works with; null for the platform's own.")
    engine: AgentEngineSetting = strawberry.field(
        description="What makes its results now: without a language model, or with its budget spent, its written rules."
    )

    @classmethod
    def of(cls, crew: dict[str, Any], engine: AgentEngineSetting) -> Self:
        """As the file has it."""
        return cls(
            name=crew["name"],
            title=crew["title"],
            mutation=crew["mutation"],
            risk=AgentRisk[crew["risk"]],
            agents=crew["agents"],
            grants=crew["grants"],
            tasks=crew["tasks"],
            steps=crew["steps"],
            approve_writes=crew["approveWrites"],
            budget_micros=Micros(crew["budgetMicros"]),
            integration=crew["integration"],
            engine=engine,
        )


@strawberry.type
class CrewQuery:
    @strawberry.field(description="All crews that there are, the platform's own first.", extensions=[requires(READ)])
    async def agent_crews(self, info: Info) -> list[AgentCrew]:
        chosen = await engine_in_force(info)
        spent: set[str | None] = set()
        if not _is_free(chosen):
            budgets = await budgets_of(info.context.session, period_of(datetime.now(UTC)))
            spent = {budget.crew for budget in budgets if budget.exhausted}
        rules = AgentEngineSetting(kind=EngineKind.PLAYBOOK)
        return [
            AgentCrew.of(crew, rules if None in spent or name in spent else chosen)
            for name, crew in load_crews().items()
        ]


def _is_free(engine: AgentEngineSetting) -> bool:
    return engine.provider in OWN_SERVER or (engine.input_micros, engine.output_micros) == (0, 0)
