"""Root fields behind which the platform's own crews stand. What a run came to is answered typed once it has ended."""

from collections.abc import Mapping
from typing import Any, Self

import strawberry

from resolvers.agent_fields import AgentRisk, agent_mutation
from resolvers.mutations import MutationPayload
from resolvers.operation import Info
from subgraphs.agents import loaders
from subgraphs.agents.domain.errors import RunNotFound
from subgraphs.agents.domain.runs import Run
from subgraphs.agents.domain.values import RunStatus, required_text
from subgraphs.agents.schema.types import AgentRun

__all__ = ["WRITE", "CrewMutation", "CrewPayload", "own_run", "result_of_run"]

WRITE = "agents:write"


@strawberry.type(description="A number about the tenant.")
class TenantFigure:
    name: str = strawberry.field(description="What it counts.")
    value: float = strawberry.field(description="As the graph has it, or computed from such.")
    source: str = strawberry.field(description="Where the graph has it.")


@strawberry.type(description="What the numbers of a tenant say.")
class TenantReport:
    summary: str = strawberry.field(description="In one sentence.")
    findings: list[str] = strawberry.field(description="The most important first.")
    figures: list[TenantFigure] = strawberry.field(description="That the findings rest on.")

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Self:
        """As the crew's last task put it out."""
        return cls(
            summary=result["summary"],
            findings=list(result["findings"]),
            figures=[TenantFigure(**figure) for figure in result["figures"]],
        )


@strawberry.type(description="A passage that an answer rests on.")
class SupportCitation:
    document_id: strawberry.ID = strawberry.field(description="Of the document.")
    title: str = strawberry.field(description="Of the document.")
    quote: str = strawberry.field(description="Word for word as it stands there.")


@strawberry.type(description="An answer from the tenant's own texts.")
class SupportAnswer:
    answered: bool = strawberry.field(description="Whether the texts say it.")
    answer: str = strawberry.field(description="The answer, or that the texts do not say it.")
    citations: list[SupportCitation] = strawberry.field(description="What it rests on; empty if not answered.")

    @classmethod
    def of(cls, result: Mapping[str, Any]) -> Self:
        """As the crew's last task put it out."""
        citations = [
            SupportCitation(document_id=strawberry.ID(item["documentId"]), title=item["title"], quote=item["quote"])
            for item in result["citations"]
        ]
        return cls(answered=result["answered"], answer=result["answer"], citations=citations)


@strawberry.input(description="A question to the tenant's own texts.")
class AnswerSupportQuestionInput:
    question: str = strawberry.field(description="In plain words; 1 to 1000 characters.")


@strawberry.type(description="The run that does it.")
class CrewPayload(MutationPayload):
    """Base of the payloads of this context's agent-backed fields."""

    @strawberry.field(description="It may end after this answer.")
    async def run(self, info: Info) -> AgentRun:
        return AgentRun.of(await own_run(info))


@strawberry.type(description="The run that counts, and what it says.")
class AnalyseTenantPayload(CrewPayload):
    @strawberry.field(description="Null until the run has succeeded.")
    async def report(self, info: Info) -> TenantReport | None:
        result = await result_of_run(info)
        return None if result is None else TenantReport.of(result)


@strawberry.type(description="The run that looks for an answer, and the answer.")
class AnswerSupportQuestionPayload(CrewPayload):
    @strawberry.field(description="Null until the run has succeeded.")
    async def answer(self, info: Info) -> SupportAnswer | None:
        result = await result_of_run(info)
        return None if result is None else SupportAnswer.of(result)


@strawberry.type(description="What is to be done about what is wrong.")
class HealReport:
    summary: str = strawberry.field(description="In one sentence.")
    for_people: list[str] = strawberry.field(description="What only people can mend.")


@strawberry.type(
    description="The run that looks for what is wrong. Its actions are the remedies, which wait for approval."
)
class HealIncidentPayload(CrewPayload):
    @strawberry.field(description="Null until the run has succeeded.")
    async def report(self, info: Info) -> HealReport | None:
        result = await result_of_run(info)
        return None if result is None else HealReport(summary=result["summary"], for_people=list(result["forPeople"]))


@strawberry.type
class CrewMutation:
    @agent_mutation(
        HealIncidentPayload,
        crew="incident_healer",
        risk=AgentRisk.WRITE,
        wait_seconds=10,
        scope=WRITE,
        description="Lets the crew `incident_healer` find what is wrong with the tenant's agents and propose remedies.",
    )
    async def heal_incident(self, info: Info) -> HealIncidentPayload:
        await own_run(info)
        return HealIncidentPayload()

    @agent_mutation(
        AnswerSupportQuestionPayload,
        crew="support_answer",
        risk=AgentRisk.READ,
        wait_seconds=10,
        scope=WRITE,
        description="Lets the crew `support_answer` answer a question from the tenant's own texts.",
    )
    async def answer_support_question(
        self,
        info: Info,
        input: AnswerSupportQuestionInput,  # noqa: A002
    ) -> AnswerSupportQuestionPayload:
        required_text("question", input.question, 1000)
        await own_run(info)
        return AnswerSupportQuestionPayload()

    @agent_mutation(
        AnalyseTenantPayload,
        crew="tenant_analyst",
        risk=AgentRisk.READ,
        wait_seconds=10,
        scope=WRITE,
        description="Lets the crew `tenant_analyst` say what the tenant's numbers mean.",
    )
    async def analyse_tenant(self, info: Info) -> AnalyseTenantPayload:
        await own_run(info)
        return AnalyseTenantPayload()


async def own_run(info: Info) -> Run:
    """The run that stands behind the field."""
    found = await info.context.load(loaders.run_by_id, info.context.run_id())
    if found is None:
        raise RunNotFound
    return found


async def result_of_run(info: Info) -> Mapping[str, Any] | None:
    """What the run behind the field came to, once it has succeeded."""
    run = await own_run(info)
    if run.status is not RunStatus.SUCCEEDED or not isinstance(run.result, dict):
        return None
    return run.result
