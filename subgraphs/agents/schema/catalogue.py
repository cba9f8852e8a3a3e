"""The catalogue of integrations and agents, with the state of the tenant's integrations."""

from datetime import UTC, datetime
from typing import Any, Self

import strawberry
from strawberry.scalars import JSON

from resolvers.agent_fields import AgentRisk
from resolvers.errors import Forbidden
from resolvers.ids import parse_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.permissions import requires
from subgraphs.agents.catalogue import integration_names, load_catalogue
from subgraphs.agents.domain.errors import IntegrationNotFound
from subgraphs.agents.domain.values import IntegrationState, optional_text, run_id_of
from subgraphs.agents.events import IntegrationChecked
from subgraphs.agents.repository import integrations, runs
from subgraphs.agents.repository.integrations import Connection
from subgraphs.agents.schema.internal import INTERNAL, RUN
from subgraphs.agents.schema.query import READ

__all__ = ["CatalogueMutation", "CatalogueQuery"]

strawberry.enum(
    IntegrationState, name="AgentIntegrationState", description="What came of the last use of an integration."
)


@strawberry.type(description="An agent of the catalogue.")
class AgentDescription:
    name: str = strawberry.field(description="Unique.")
    role: str = strawberry.field(description="What it is.")
    goal: str = strawberry.field(description="What it is for.")
    integration: str | None = strawberry.field(description="That it works with; null for agents of the platform.")
    risk_ceiling: AgentRisk = strawberry.field(description="The worst that it may propose.")
    tools: list[str] = strawberry.field(description="That it is granted.")

    @classmethod
    def of(cls, agent: dict[str, Any]) -> Self:
        """As the catalogue has it."""
        return cls(
            name=agent["name"],
            role=agent["role"],
            goal=agent["goal"],
            integration=agent["integration"],
            risk_ceiling=AgentRisk[agent["riskCeiling"]],
            tools=list(agent["tools"]),
        )


@strawberry.type(description="A credential that an integration needs, in the tenant's own part of the vault.")
class AgentIntegrationCredential:
    name: str = strawberry.field(description="Under which it is kept.")
    description: str = strawberry.field(description="What it is.")
    secret: bool = strawberry.field(description="Whether it is secret.")
    required: bool = strawberry.field(description="Whether nothing goes without it.")


@strawberry.type(description="Something that an integration can do.")
class AgentTool:
    tool: str = strawberry.field(description="Its name among all tools.")
    description: str = strawberry.field(description="What it does.")
    risk: AgentRisk = strawberry.field(description="What can go wrong.")
    arguments: JSON = strawberry.field(description="As JSON Schema.")


@strawberry.type(description="A service of others that agents can work with.")
class AgentIntegration:
    name: str = strawberry.field(description="Unique.")
    title: str = strawberry.field(description="For people.")
    category: str = strawberry.field(description="What kind of service it is.")
    docs: str = strawberry.field(description="Where its interface is described.")
    credentials: list[AgentIntegrationCredential] = strawberry.field(description="That it needs.")
    tools: list[AgentTool] = strawberry.field(description="What it can do.")
    agents: list[AgentDescription] = strawberry.field(description="That work with it.")
    state: IntegrationState | None = strawberry.field(description="Null until it was first used.")
    detail: str | None = strawberry.field(description="What came of the last use, for people.")
    checked_at: datetime | None = strawberry.field(description="When that was.")

    @classmethod
    def of(cls, entry: dict[str, Any], agents: dict[str, dict[str, Any]], found: Connection | None) -> Self:
        """As the catalogue and the tenant's row have it."""
        return cls(
            name=entry["name"],
            title=entry["title"],
            category=entry["category"],
            docs=entry["docs"],
            credentials=[
                AgentIntegrationCredential(**{name: credential[name] for name in _CREDENTIAL})
                for credential in entry["credentials"]
            ],
            tools=[
                AgentTool(
                    tool=operation["tool"],
                    description=operation["description"],
                    risk=AgentRisk[operation["risk"]],
                    arguments=JSON(operation["arguments"]),
                )
                for operation in entry["operations"]
            ],
            agents=[AgentDescription.of(agents[name]) for name in entry["agents"]],
            state=None if found is None else found.state,
            detail=None if found is None else found.detail,
            checked_at=None if found is None else found.checked_at,
        )


@strawberry.type(description="All integrations and agents that there are.")
class AgentCatalogue:
    version: str = strawberry.field(description="Changes with any of it.")
    integrations: list[AgentIntegration] = strawberry.field(description="By name, with the tenant's state of each.")
    agents: list[AgentDescription] = strawberry.field(description="All of them, also those of the platform.")


@strawberry.input(description="What came of using an integration.")
class RecordAgentIntegrationInput:
    name: str = strawberry.field(description="Of the integration.")
    state: IntegrationState = strawberry.field(description="What came of it.")
    detail: str | None = strawberry.field(default=None, description="For people; at most 500 characters, no secret.")


@strawberry.type(description="Whether it was recorded.")
class RecordAgentIntegrationPayload(MutationPayload):
    state: IntegrationState | None = strawberry.field(default=None, description="Null if the mutation was refused.")


_TRIED = "connection"
"""The key that a connection is tried under, which is nobody's run."""

_CREDENTIAL = ("name", "description", "secret", "required")


@strawberry.type
class CatalogueQuery:
    @strawberry.field(
        description="All integrations and agents, and how the tenant's integrations are.", extensions=[requires(READ)]
    )
    async def agent_catalogue(self, info: Info) -> AgentCatalogue:
        catalogue = load_catalogue()
        agents = {agent["name"]: agent for agent in catalogue["agents"]}
        known = await integrations.connections(info.context.session)
        return AgentCatalogue(
            version=catalogue["version"],
            integrations=[
                AgentIntegration.of(entry, agents, known.get(entry["name"])) for entry in catalogue["integrations"]
            ],
            agents=[AgentDescription.of(agent) for agent in catalogue["agents"]],
        )


async def _check_is_its_own(info: Info, integration: str) -> None:
    """Lets runs of the integration's own crew through, and those who only try connections.

    Raises:
        Forbidden: the run is another crew's.
    """
    run_id, crew = info.context.request.run_id, f"integration_{integration}"
    if run_id == str(run_id_of(info.context.tenant_id(), crew, _TRIED)):
        return
    found = None if run_id is None else (await runs.find_runs(info.context.session, [parse_id(run_id, "run")]))[0]
    if found is None or found.crew != crew:
        raise Forbidden("The credential is for no run of this integration's crew.")


@strawberry.type
class CatalogueMutation:
    @mutation(
        RecordAgentIntegrationPayload,
        tags=("internal",),
        description="Records what came of using an integration. For workflows of runs.",
    )
    async def record_agent_integration(
        self,
        info: Info,
        input: RecordAgentIntegrationInput,  # noqa: A002
    ) -> RecordAgentIntegrationPayload:
        is_run = INTERNAL not in info.context.request.scopes
        if is_run:
            info.context.require(RUN)
        if input.name not in integration_names():
            raise IntegrationNotFound
        if is_run:
            await _check_is_its_own(info, input.name)
        detail = optional_text("detail", input.detail, 500)
        found = Connection(input.name, input.state, detail, datetime.now(UTC))
        await integrations.set_connection(info.context.session, found)
        info.context.session.publish(IntegrationChecked(found.name, found.state.value, found.checked_at))
        return RecordAgentIntegrationPayload(state=input.state)
