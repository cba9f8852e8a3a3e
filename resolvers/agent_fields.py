"""Mutation fields that an agent's run stands behind: the directive `@agent`, its guard, and the reference to the run.

    @strawberry.type
    class ScoreLeadPayload(AgentPayload):
        lead: Lead | None = None

    @agent_mutation(ScoreLeadPayload, crew="lead_scoring", risk=AgentRisk.WRITE, wait_seconds=5, scope="crm:write")
    async def score_lead(self, info: Info, input: ScoreLeadInput) -> ScoreLeadPayload:
        return ScoreLeadPayload(lead=Lead.of(await usecases.lead(...)))

The Brain reads the directive in the supergraph, opens the run before it calls the field, and puts the run's id into the
signed context. The resolver starts nothing: it answers the context's own data as it stands by then, and the run.
"""

from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Any, Final

import strawberry
from strawberry.extensions import FieldExtension
from strawberry.federation.schema_directive import Location, schema_directive
from strawberry.federation.schema_directives import Key
from strawberry.federation.types import FieldSet
from strawberry.types.base import get_object_definition

from resolvers.ids import wire_id
from resolvers.mutations import MutationPayload, Resolver, mutation
from resolvers.operation import Info

__all__ = ["AGENT_SPEC_URL", "Agent", "AgentPayload", "AgentRisk", "AgentRun", "agent_mutation"]

AGENT_SPEC_URL: Final = "https://specs.bizosaas.com/agent/v1.0"
"""What `@link` names. The Brain finds the directive by it, whatever it is called in the supergraph."""


@strawberry.enum(description="What an agent may do at worst, and so who must approve it.")
class AgentRisk(Enum):
    READ = strawberry.enum_value("READ", description="It reads only; nothing is approved.")
    WRITE = strawberry.enum_value("WRITE", description="It changes data of the tenant.")
    MONEY = strawberry.enum_value("MONEY", description="It spends or moves money; a person approves each action.")


@schema_directive(
    name="agent",
    locations=[Location.FIELD_DEFINITION],
    description="A run of a crew of agents stands behind this mutation.",
    compose=True,
    import_url=AGENT_SPEC_URL,
)
class Agent:
    """`@agent` on a root mutation field.

    Attributes:
        crew: name of the crew.
        risk: the worst that the crew proposes by this field.
        wait_seconds: for how long the Brain waits for the run's end unless the client says otherwise; null: not at all.
    """

    crew: str
    risk: AgentRisk
    wait_seconds: int | None = strawberry.directive_field(name="waitSeconds", default=strawberry.UNSET)


@strawberry.federation.type(
    name="AgentRun",
    keys=[Key(fields=FieldSet("id"), resolvable=False)],
    description="A run of a crew of agents.",
)
class AgentRun:
    """A reference to the run; everything else about it is answered by the subgraph `agents`."""

    id: strawberry.ID = strawberry.field(description="Of the run.")


@strawberry.type
class AgentPayload(MutationPayload):
    """Base of the payloads of agent-backed mutations; its other fields must have defaults."""

    @strawberry.field(description="The run that carries it out. It may end after this answer.")
    def run(self, info: Info) -> AgentRun:
        return AgentRun(id=wire_id(info.context.run_id()))


class _RunRequired(FieldExtension):
    async def resolve_async(
        self, next_: Callable[..., Awaitable[Any]], source: Any, info: strawberry.Info[Any, Any], **kwargs: Any
    ) -> Any:
        info.context.run_id()
        return await next_(source, info, **kwargs)


def agent_mutation(
    payload: type[MutationPayload],
    *,
    crew: str,
    risk: AgentRisk,
    wait_seconds: int | None = None,
    scope: str | None = None,
    **options: Any,
) -> Callable[[Resolver], Any]:
    """Decorates the resolver of an agent-backed mutation field; it is refused unless a run stands behind the call.

    Args:
        payload: has a field `run`, as `AgentPayload` has.
        crew, risk, wait_seconds: see `Agent`.
        scope, options: see `resolvers.mutations.mutation`.
    """
    fields = get_object_definition(payload, strict=True).fields
    assert any(field.python_name == "run" for field in fields), f"{payload.__name__} has no field `run`"
    return mutation(
        payload,
        scope=scope,
        extensions=[_RunRequired()],
        directives=[
            Agent(crew=crew, risk=risk, wait_seconds=strawberry.UNSET if wait_seconds is None else wait_seconds)
        ],
        **options,
    )
