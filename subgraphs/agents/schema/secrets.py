"""Root fields by which owners hand secrets over. There is no field that gives one back."""

from datetime import datetime
from typing import Self

import strawberry

from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.permissions import requires
from subgraphs.agents.catalogue import load_catalogue
from subgraphs.agents.domain.engines import Engine, EngineDetails
from subgraphs.agents.domain.values import EngineKind
from subgraphs.agents.engine_settings import EngineSettings
from subgraphs.agents.repository.engines import read_engine
from subgraphs.agents.repository.integrations import Connection
from subgraphs.agents.schema.catalogue import AgentIntegration
from subgraphs.agents.schema.inputs import Micros
from subgraphs.agents.schema.internal import by_people
from subgraphs.agents.schema.query import READ
from subgraphs.agents.schema.types import Account, user_of
from subgraphs.agents.usecases import secrets

__all__ = ["AgentEngineSetting", "SecretMutation", "SecretQuery", "engine_in_force"]

ADMIN = "agents:admin"

_VERSION = "The version the change is made on; refused with VERSION_CONFLICT if it is not current. Null: any."


@strawberry.type(
    description="Which language model the tenant's crews use. Its key is kept where nobody can read it here."
)
class AgentEngineSetting:
    kind: EngineKind = strawberry.field(description="A language model, or without any the crews' written rules.")
    provider: str | None = strawberry.field(default=None, description="Of the language model.")
    model: str | None = strawberry.field(default=None, description="As the provider names it.")
    is_own: bool = strawberry.field(
        default=False, description="Whether the tenant has set it; else it is the platform's."
    )
    base_url: str | None = strawberry.field(default=None, description="Of the tenant's own server.")
    has_key: bool = strawberry.field(default=False, description="Whether the tenant has given a key.")
    input_micros: Micros | None = strawberry.field(
        default=None, description="What a million tokens read cost, where the tenant says so."
    )
    output_micros: Micros | None = strawberry.field(default=None, description="Likewise, of tokens written.")
    max_output_tokens: int | None = strawberry.field(default=None, description="Of one call.")
    changed_by: Account | None = strawberry.field(default=None, description="Who set it.")
    version: int = strawberry.field(default=0, description="Counts changes; for expectedVersion.")
    updated_at: datetime | None = strawberry.field(default=None, description="When it was set.")

    @classmethod
    def of(cls, engine: Engine | None, platform: EngineSettings) -> Self:
        """The tenant's own, else the platform's, else playbooks."""
        if engine is None:
            if platform.engine_provider is None or platform.engine_model is None:
                return cls(kind=EngineKind.PLAYBOOK)
            return cls(kind=EngineKind.LLM, provider=platform.engine_provider, model=platform.engine_model)
        return cls(
            kind=EngineKind.LLM,
            provider=engine.provider,
            model=engine.model,
            is_own=True,
            base_url=engine.base_url,
            has_key=engine.has_key,
            input_micros=None if engine.input_micros is None else Micros(engine.input_micros),
            output_micros=None if engine.output_micros is None else Micros(engine.output_micros),
            max_output_tokens=engine.max_output_tokens,
            changed_by=user_of(engine.changed_by),
            version=engine.version,
            updated_at=engine.updated_at,
        )


@strawberry.input(description="A value that an integration needs. It can be written, and never be read.")
class AgentCredentialInput:
    name: str = strawberry.field(description="As `AgentIntegration.credentials` has it.")
    value: str = strawberry.field(description="At most 20000 characters. Send it in a variable, not in the document.")


@strawberry.input(description="All credentials of an integration, in place of those that there are.")
class SetAgentIntegrationCredentialsInput:
    integration: str = strawberry.field(description="Its name.")
    credentials: list[AgentCredentialInput] = strawberry.field(description="Each once.")


@strawberry.input(description="Whose credentials to forget.")
class RemoveAgentIntegrationCredentialsInput:
    integration: str = strawberry.field(description="Its name.")


@strawberry.input(description="Which connection to try.")
class CheckAgentIntegrationInput:
    integration: str = strawberry.field(description="Its name.")


@strawberry.input(description="The tenant's own language model, in place of the one that it has.")
class SetAgentEngineInput:
    provider: str = strawberry.field(description="Such as openai, anthropic or gemini.")
    model: str = strawberry.field(description="As the provider names it.")
    api_key: str | None = strawberry.field(
        default=None, description="Of the tenant's account. It is written, and never read here. Send it in a variable."
    )
    base_url: str | None = strawberry.field(
        default=None,
        description="Of a server of one's own, which the platform must allow, or of an account with Azure.",
    )
    input_micros: Micros | None = strawberry.field(
        default=None, description="What a million tokens read cost; null: what the platform knows, or the dearest."
    )
    output_micros: Micros | None = strawberry.field(default=None, description="Likewise, of tokens written.")
    max_output_tokens: int = strawberry.field(default=2000, description="Of one call; 1 to 100000.")
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.input(description="Back to the platform's language model, or to playbooks.")
class RemoveAgentEngineInput:
    expected_version: int | None = strawberry.field(default=None, description=_VERSION)


@strawberry.type(description="The integration as the mutation left it.")
class AgentIntegrationPayload(MutationPayload):
    integration: AgentIntegration | None = strawberry.field(
        default=None, description="Null if the mutation was refused."
    )
    is_checked: bool = strawberry.field(
        default=False,
        description="Whether `integration.state` is that of what was set. False where no worker has tried it yet: "
        "it is tried once one can.",
    )


@strawberry.type(description="The engine as the mutation left it.")
class AgentEnginePayload(MutationPayload):
    engine: AgentEngineSetting | None = strawberry.field(default=None, description="Null if the mutation was refused.")


async def engine_in_force(info: Info) -> AgentEngineSetting:
    """What the tenant's crews use now."""
    return AgentEngineSetting.of(await read_engine(info.context.session), _platform(info))


def _platform(info: Info) -> EngineSettings:
    settings: EngineSettings = info.context.services.engines
    return settings


@strawberry.type
class SecretQuery:
    @strawberry.field(description="Which language model the tenant's crews use.", extensions=[requires(READ)])
    async def agent_engine(self, info: Info) -> AgentEngineSetting:
        return await engine_in_force(info)


@strawberry.type
class SecretMutation:
    @mutation(
        AgentIntegrationPayload,
        scope=ADMIN,
        apart=True,
        description="Keeps the tenant's credentials of an integration, and tries them: they are write only.",
    )
    async def set_agent_integration_credentials(
        self,
        info: Info,
        input: SetAgentIntegrationCredentialsInput,  # noqa: A002
    ) -> AgentIntegrationPayload:
        by_people(info)
        given = [(credential.name, credential.value) for credential in input.credentials]
        context = info.context
        found, is_checked = await secrets.set_credentials(context.session, context.services, input.integration, given)
        return AgentIntegrationPayload(integration=_shown(input.integration, found), is_checked=is_checked)

    @mutation(
        AgentIntegrationPayload,
        scope=ADMIN,
        apart=True,
        description="Forgets the tenant's credentials of an integration, with all their versions.",
    )
    async def remove_agent_integration_credentials(
        self,
        info: Info,
        input: RemoveAgentIntegrationCredentialsInput,  # noqa: A002
    ) -> AgentIntegrationPayload:
        by_people(info)
        found = await secrets.drop_credentials(info.context.session, info.context.services, input.integration)
        return AgentIntegrationPayload(integration=_shown(input.integration, found), is_checked=True)

    @mutation(AgentIntegrationPayload, scope=ADMIN, apart=True, description="Tries a connection now.")
    async def check_agent_integration(
        self,
        info: Info,
        input: CheckAgentIntegrationInput,  # noqa: A002
    ) -> AgentIntegrationPayload:
        context = info.context
        found, is_checked = await secrets.check_connection(context.session, context.services, input.integration)
        return AgentIntegrationPayload(integration=_shown(input.integration, found), is_checked=is_checked)

    @mutation(
        AgentEnginePayload,
        scope=ADMIN,
        apart=True,
        description="Has the tenant's crews use a language model of the tenant's own, from their next task on.",
    )
    async def set_agent_engine(self, info: Info, input: SetAgentEngineInput) -> AgentEnginePayload:  # noqa: A002
        by_people(info)
        details = EngineDetails(
            provider=input.provider,
            model=input.model,
            base_url=input.base_url,
            input_micros=input.input_micros,
            output_micros=input.output_micros,
            max_output_tokens=input.max_output_tokens,
        )
        services = info.context.services
        engine = await secrets.set_engine(
            info.context.session, services, details, input.api_key, expected_version=input.expected_version
        )
        return AgentEnginePayload(engine=AgentEngineSetting.of(engine, services.engines))

    @mutation(
        AgentEnginePayload,
        scope=ADMIN,
        apart=True,
        description="Has the tenant's crews use the platform's language model again, or their playbooks.",
    )
    async def remove_agent_engine(self, info: Info, input: RemoveAgentEngineInput) -> AgentEnginePayload:  # noqa: A002
        by_people(info)
        services = info.context.services
        await secrets.drop_engine(info.context.session, services, input.expected_version)
        return AgentEnginePayload(engine=AgentEngineSetting.of(None, services.engines))


def _shown(name: str, found: Connection | None) -> AgentIntegration:
    catalogue = load_catalogue()
    entry = next(entry for entry in catalogue["integrations"] if entry["name"] == name)
    return AgentIntegration.of(entry, {agent["name"]: agent for agent in catalogue["agents"]}, found)
