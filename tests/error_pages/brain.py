"""An example of each code of the Brain, sent to a router with the Brain's own hooks and dispatch."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from brain.agent_fields import AgentFields
from brain.caller import Caller
from brain.context_header import ContextSigner
from brain.context_keys import new_secret
from brain.dispatch import AgentDispatch
from brain.hooks import BrainHooks
from brain.identity_client import IdentityUnavailable
from brain.integrations import all_crews
from brain.internal_subgraph import SubgraphUnavailable
from brain.policy import Tenant
from brain.tenancy import TenantResolver
from resolvers.errors import DomainError
from router import Composed, Subgraph, compose, load_supergraph
from router.hooks import SubgraphCall, SubgraphReply
from subgraphs.agents.domain.errors import BudgetExhausted, IdempotencyKeyReused, KillSwitchOn
from tests.error_pages.requests import TRACED, Example, Request
from tests.server.shop import ShopTransport

__all__ = ["EXAMPLES"]

RUN = "5f0c7c1e-6f4e-5b0e-9d5e-2c6a1f0b7d11"
SDL = """
extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.11", import: ["@composeDirective"])
  @link(url: "https://specs.bizosaas.com/agent/v1.0", import: ["@agent"])
  @composeDirective(name: "@agent")
directive @agent(crew: String!, risk: AgentRisk!, waitSeconds: Int) on FIELD_DEFINITION
enum AgentRisk { READ WRITE MONEY }
input ScoreLeadInput { leadId: ID! }
input RunIntegrationAgentInput { integration: String! goal: String! }
type AgentRun { id: ID! }
type ScoreLeadPayload { run: AgentRun! }
type RunIntegrationAgentPayload { run: AgentRun! }
input DeleteLeadInput { id: ID! }
type DeleteLeadPayload { deletedId: ID }
type Query { viewer: String }
type Mutation {
  scoreLead(input: ScoreLeadInput!): ScoreLeadPayload! @agent(crew: "lead_scoring", risk: WRITE)
  runIntegrationAgent(input: RunIntegrationAgentInput!): RunIntegrationAgentPayload!
    @agent(crew: "integration_{integration}", risk: MONEY)
  deleteLead(input: DeleteLeadInput!): DeleteLeadPayload!
}
"""
SHOWN = {"subgraphs": {"crm": {"expose_errors": True}}}
"""As the Brain has it for its own contexts."""
ACME = Tenant("0190b000-0000-7000-8000-0000000000a0", "acme")
GLOBEX = Tenant("0190b000-0000-7000-8000-0000000000b0", "globex")
SCOPES = ("agents:read", "agents:write", "crm:read", "crm:write", "directory:read")
ADA = Caller(ACME.id, ACME.slug, "0190b000-0000-7000-8000-0000000000a1", ("agent",), SCOPES, via="token")
SCORE = 'mutation { scoreLead(input: {leadId: "l1"}) { run { id } } }'
KEYED = {**TRACED, "authorization": "Bearer ...", "idempotency-key": "score-l1-monday"}


@cache
def supergraph() -> str:
    composed = compose([Subgraph("crm", SDL, "http://crm.test/graphql")])
    assert isinstance(composed, Composed), composed
    return composed.supergraph_sdl


class Crm(ShopTransport):
    """Answers each field with the run that stands behind it."""

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        name = next((name for name in ("scoreLead", "runIntegrationAgent") if name in call.body.decode()), "viewer")
        data = {name: None if name == "viewer" else {"run": {"id": RUN}}}
        return SubgraphReply(200, {"content-type": "application/json"}, json.dumps({"data": data}).encode())


@dataclass(frozen=True)
class Agents:
    """The subgraph that opens runs; it refuses, or is away."""

    refusal: DomainError | None = None
    is_away: bool = False

    async def ask(self, query: str, variables: Mapping[str, Any], caller: Caller, request_id: str) -> Mapping[str, Any]:
        if self.is_away:
            raise SubgraphUnavailable("agents does not answer")
        refusal = None if self.refusal is None else {"code": self.refusal.code, "message": self.refusal.message}
        run = None if refusal else {"id": RUN, "status": "QUEUED"}
        opened = {"run": run, "isNew": True, "workflowId": "w", "workflowInput": {}, "refusal": refusal, "errors": []}
        return {"openAgentRun": opened}


@dataclass(frozen=True)
class Signed:
    """Every request is this caller's."""

    caller: Caller

    def known(self, headers: Mapping[str, str]) -> Caller:
        return self.caller


@dataclass(frozen=True)
class Identity:
    """Knows two hosts; or is away."""

    is_away: bool = False

    async def tenant_by_domain(self, domain: str) -> Tenant | None:
        if self.is_away:
            raise IdentityUnavailable("identity does not answer")
        return {"acme.example": ACME, "globex.example": GLOBEX}.get(domain)

    async def tenant_by_slug(self, slug: str) -> Tenant | None:
        return {"acme": ACME, "globex": GLOBEX}.get(slug)


def hooks(resolver: Any, agents: Agents) -> BrainHooks:
    loaded = load_supergraph(supergraph())
    dispatch = AgentDispatch(agents, None, all_crews())  # type: ignore[arg-type]
    signer = ContextSigner(new_secret())
    return BrainHooks(
        resolver, signer, request_timeout_s=60, agent_fields=AgentFields(lambda: loaded), dispatch=dispatch
    )


def asked(document: str, agents: Agents | None = None, caller: Caller = ADA, note: str = "") -> Request:
    """A request of somebody who has signed in."""
    made: Callable[[], BrainHooks] = lambda: hooks(Signed(caller), agents or Agents())  # noqa: E731
    return Request(
        {"query": document},
        headers=KEYED,
        note=note,
        settings=SHOWN,
        supergraph=supergraph(),
        hooks=made,
        transport=Crm,
    )  # type: ignore[arg-type]


def visited(host: str, tenant: str | None = None, *, is_away: bool = False, note: str = "") -> Request:
    """A request of somebody whom nobody knows."""
    headers = {**TRACED, "host": host, **({} if tenant is None else {"x-tenant": tenant})}
    made: Callable[[], BrainHooks] = lambda: hooks(  # noqa: E731
        TenantResolver(Identity(is_away), None, None),
        Agents(),  # type: ignore[arg-type]
    )
    return Request(
        {"query": "{ viewer }"},
        headers=headers,
        note=note,
        settings=SHOWN,
        supergraph=supergraph(),
        hooks=made,
        transport=Crm,
    )  # type: ignore[arg-type]


def refused(refusal: DomainError, note: str) -> Example:
    return Example(asked(SCORE, Agents(refusal), note=note), asked(SCORE))


def integration(name: str) -> str:
    return f'mutation {{ runIntegrationAgent(input: {{integration: "{name}", goal: "See."}}) {{ run {{ id }} }} }}'


BOTH = SCORE.replace("{ score", "{ one: score", 1)[:-1] + 'two: scoreLead(input: {leadId: "l2"}) { run { id } } }'
BESIDE = SCORE[:-1] + 'deleteLead(input: {id: "l2"}) { deletedId } }'

EXAMPLES: dict[str, Example] = {
    "AGENTS_UNAVAILABLE": Example(
        asked(SCORE, Agents(is_away=True), note="The subgraph `agents` does not answer."), asked(SCORE)
    ),
    "AGENT_CREW_UNKNOWN": Example(asked(integration("myspace")), asked(integration("stripe"))),
    "AGENT_NOT_NESTED": Example(
        asked(SCORE, caller=replace(ADA, via="agent", run_id=RUN), note="The credential is that of a run."),
        asked(SCORE),
    ),
    "AGENT_FIELD_NOT_ALONE": Example(asked(BESIDE), asked(SCORE)),
    "AGENT_ONE_PER_REQUEST": Example(asked(BOTH), asked(SCORE)),
    "BUDGET_EXHAUSTED": refused(
        BudgetExhausted("This month's budget is spent."), "The tenant's budget is spent, and says `REFUSE`."
    ),
    "IDEMPOTENCY_KEY_REUSED": refused(IdempotencyKeyReused(), "The key was used to have another lead scored."),
    "KILL_SWITCH": refused(KillSwitchOn(), "The tenant's agents are stopped."),
    "SERVICE_UNAVAILABLE": Example(
        visited("acme.example", is_away=True, note="The subgraph `identity` does not answer."), visited("acme.example")
    ),
    "TENANT_MISMATCH": Example(
        visited("acme.example", "globex", note="`acme.example` is the tenant `acme`'s."),
        visited("acme.example", "acme"),
    ),
}
