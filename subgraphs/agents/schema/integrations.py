"""The root field behind which the crews of integrations stand: one field, and the crew that its argument names."""

from collections.abc import Mapping
from typing import Any, Self

import strawberry
from strawberry.scalars import JSON

from resolvers.agent_fields import AgentRisk, agent_mutation
from resolvers.operation import Info
from subgraphs.agents.domain.errors import InvalidValue
from subgraphs.agents.domain.values import optional_text, required_text
from subgraphs.agents.schema.crews import WRITE, CrewPayload, own_run, result_of_run

__all__ = ["IntegrationMutation"]

_MAX_GOAL = 4000
_MAX_NAME = 100


@strawberry.input(description="What a crew is to reach with an integration.")
class RunIntegrationAgentInput:
    integration: str = strawberry.field(description="Name in the catalogue, such as `stripe`.")
    goal: str = strawberry.field(description="In words. Without a language model an operation must be named, too.")
    operation: str | None = strawberry.field(
        default=None, description="Name of the one operation that is wanted, such as `list_charges`."
    )
    arguments: JSON | None = strawberry.field(
        default=None, description="Of the operation; an object of the catalogue's JSON schema."
    )


@strawberry.type(description="What a crew did with an integration.")
class IntegrationReport:
    summary: str = strawberry.field(description="In one sentence.")
    findings: list[str] = strawberry.field(description="What it rests on.")
    data: JSON | None = strawberry.field(description="What was read, where an operation that reads was named.")

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Self:
        """As the crew's last task put it out."""
        return cls(
            summary=result["summary"],
            findings=list(result.get("findings") or result.get("struck") or ()),
            data=result.get("data"),
        )


@strawberry.type(description="The run of the integration's crew. What it proposes waits for approval.")
class RunIntegrationAgentPayload(CrewPayload):
    @strawberry.field(description="Null until the run has succeeded.")
    async def report(self, info: Info) -> IntegrationReport | None:
        result = await result_of_run(info)
        return None if result is None else IntegrationReport.of(result)


@strawberry.type
class IntegrationMutation:
    @agent_mutation(
        RunIntegrationAgentPayload,
        crew="integration_{integration}",
        risk=AgentRisk.MONEY,
        wait_seconds=10,
        scope=WRITE,
        description="Lets an integration's crew reach a goal: it reads by itself, and proposes what it wants to do.",
    )
    async def run_integration_agent(
        self,
        info: Info,
        input: RunIntegrationAgentInput,  # noqa: A002
    ) -> RunIntegrationAgentPayload:
        required_text("integration", input.integration, _MAX_NAME)
        required_text("goal", input.goal, _MAX_GOAL)
        optional_text("operation", input.operation, _MAX_NAME)
        if input.arguments is not None and not isinstance(input.arguments, dict):
            raise InvalidValue("arguments", "must be an object")
        await own_run(info)
        return RunIntegrationAgentPayload()
