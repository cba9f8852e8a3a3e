"""What the Brain adds to the router: who calls, for which tenant, and the signed context for each subgraph call."""

import logging
import time
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any

from brain.agent_fields import AgentCall, AgentFields
from brain.caller import Caller
from brain.context_header import CONTEXT_HEADER, ContextSigner
from brain.dispatch import AgentDispatch, Refusal, refusal_reply
from brain.saleor import NAME as SALEOR
from brain.saleor.calls import SaleorCalls
from brain.tenancy import TenantResolver
from router import QueryPlan, SubgraphError
from router.hooks import PendingReply, RequestContext, RouterHooks, Send, SubgraphCall, SubgraphReply

__all__ = ["PARTNER_VIEW", "BrainHooks", "caller_of"]

PARTNER_VIEW = "partner"
"""The view (`schema/contracts/partner.toml`) of callers with an API key. All others see the full schema."""

_log = logging.getLogger("brain.hooks")

_CALLER = "brain.caller"
_DEADLINE_MS = "brain.deadline_ms"
_AGENT_CALL = "brain.agent_call"
_HEADER_CHARS = len(CONTEXT_HEADER)
_MAX_STANDINGS = 10_000


@dataclass(frozen=True, slots=True)
class _Standing:
    """What the supergraph's @authenticated, @requiresScopes and @policy (`role:<name>`) are held against."""

    caller: Caller
    claims: Mapping[str, Any]
    policies: tuple[str, ...]


class BrainHooks(RouterHooks):
    """The Brain's part in each request.

    Args:
        resolver: settles who calls.
        signer: signs the context.
        request_timeout_s: the router's; after it nobody waits for a subgraph's answer.
        upload_timeout_s: the same where files are sent along; if it is another.
        agent_fields, dispatch: what finds agent-backed mutations, and opens the runs behind them.
        saleor: what asks tenants' Saleors, if the supergraph has that subgraph.
    """

    def __init__(
        self,
        resolver: TenantResolver,
        signer: ContextSigner,
        *,
        request_timeout_s: float,
        upload_timeout_s: float | None = None,
        agent_fields: AgentFields | None = None,
        dispatch: AgentDispatch | None = None,
        saleor: SaleorCalls | None = None,
    ) -> None:
        self._saleor = saleor
        self._agent_fields = agent_fields
        self._dispatch = dispatch
        self._resolver = resolver
        self._signer = signer
        self._request_timeout_s = request_timeout_s
        self._more_for_uploads_ms = int(((upload_timeout_s or request_timeout_s) - request_timeout_s) * 1000)
        # By the identity of the caller, which each entry keeps alive: who calls again is mostly the same object.
        self._standings: dict[int, _Standing] = {}

    def on_request(self, context: RequestContext) -> Awaitable[None] | None:
        """Find out who calls and which view is theirs; note it for the log and for `on_fetch`.

        Raises:
            RequestRefused: see `TenantResolver.resolve`.
        """
        if CONTEXT_HEADER in context.headers:
            context.headers = {name: value for name, value in context.headers.items() if name != CONTEXT_HEADER}
        context.state[_DEADLINE_MS] = int((time.time() + self._request_timeout_s) * 1000)
        caller = self._resolver.known(context.headers)
        if caller is None:
            return self._ask(context)
        self._enter(context, caller)
        return None

    async def _ask(self, context: RequestContext) -> None:
        self._enter(context, await self._resolver.resolve(context.headers))

    def _enter(self, context: RequestContext, caller: Caller) -> None:
        context.state[_CALLER] = caller
        context.partition = caller.tenant_id or ""
        context.caller = caller.user_id
        context.share_key = caller, context.client
        if caller.via == "api_key":
            context.view = PARTNER_VIEW
        if caller.via != "anonymous":
            known = self._standings.get(id(caller))
            if known is None or known.caller is not caller:
                known = self._standing_of(caller)
            context.claims = known.claims
            context.scopes = caller.scopes
            context.policies = known.policies
            context.expires_at = caller.expires_at
        fields = context.log_fields
        fields["tenant"] = caller.tenant_slug or caller.tenant_id
        fields["via"] = caller.via
        if caller.user_id is not None:
            fields["user"] = caller.user_id
        if caller.operator is not None:
            fields["operator"] = caller.operator
        if caller.run_id is not None:
            fields["run"] = caller.run_id

    def _standing_of(self, caller: Caller) -> "_Standing":
        claims = {"sub": caller.user_id, "tenant": caller.tenant_id, "roles": list(caller.roles), "via": caller.via}
        made = _Standing(caller, MappingProxyType(claims), tuple(f"role:{role}" for role in caller.roles))
        if len(self._standings) >= _MAX_STANDINGS:
            del self._standings[next(iter(self._standings))]
        self._standings[id(caller)] = made
        return made

    def on_plan(self, context: RequestContext, plan: QueryPlan) -> None:
        """Note the agent-backed field that a mutation calls, if it does.

        Raises:
            RequestRefused: see `AgentFields.call_in`.
        """
        if plan.operation_type == "mutation" and self._agent_fields is not None:
            context.state[_AGENT_CALL] = self._agent_fields.call_in(plan)

    def on_fetch(self, call: SubgraphCall, send: Send) -> Awaitable[SubgraphReply] | SubgraphReply:
        """Send the call with a context of its own, and with no other; open a run first where one stands behind it.

        What is for Saleor goes to the tenant's, and without a context. What would store another tenant's channel is
        refused.
        """
        caller: Caller = call.context.state[_CALLER]
        if call.subgraph == SALEOR and self._saleor is not None:
            _without_context(call.headers)
            return self._saleor.send(call, send, caller)
        if call.operation_type != "mutation":
            return self._send(call, send, caller.run_id)
        if self._saleor is not None and self._saleor.holds(call):
            return self._sent_if_allowed(self._saleor, call, send)
        return self._send_mutation(call, send)

    async def _sent_if_allowed(self, saleor: SaleorCalls, call: SubgraphCall, send: Send) -> SubgraphReply:
        refused = await saleor.held(call, caller_of(call.context))
        if refused is not None:
            return refused
        reply = self._send_mutation(call, send)
        return reply if isinstance(reply, SubgraphReply) else await reply

    def _send_mutation(self, call: SubgraphCall, send: Send) -> Awaitable[SubgraphReply] | SubgraphReply:
        state = call.context.state
        called: AgentCall | None = state.get(_AGENT_CALL)
        if called is not None and self._dispatch is not None and call.fetch_ids == (called.fetch_id,):
            return self._dispatched(self._dispatch, called, call, send)
        return self._send(call, send, state[_CALLER].run_id)

    async def _dispatched(
        self, dispatch: AgentDispatch, called: AgentCall, call: SubgraphCall, send: Send
    ) -> SubgraphReply:
        context = call.context
        run_id = await dispatch.open(called, call, caller_of(context), context.state[_DEADLINE_MS])
        if isinstance(run_id, Refusal):
            return refusal_reply(run_id, called.response_key)
        return await self._send(call, send, run_id)

    def _send(self, call: SubgraphCall, send: Send, run_id: str | None) -> PendingReply:
        sign = self._sign if run_id is None else partial(self._sign, run_id=run_id)
        sign(call)
        call.renew = sign  # a context may be used once
        call.share_as = {CONTEXT_HEADER: call.context.share_key}
        return send(call).then(partial(_accepted, call))

    def _sign(self, call: SubgraphCall, run_id: str | None = None) -> None:
        headers = call.headers
        for name in headers:
            if len(name) == _HEADER_CHARS and name.lower() == CONTEXT_HEADER:
                _without_context(headers)
                break
        context = call.context
        caller: Caller = context.state[_CALLER]
        # Only a run's writes are promised to be done once: its keys are its own, and name it.
        key = context.headers.get("idempotency-key") if caller.run_id is not None else None
        call.headers[CONTEXT_HEADER] = self._signer.sign(
            caller,
            call.subgraph,
            request_id=context.request_id,
            deadline_ms=context.state[_DEADLINE_MS] + (0 if call.stream is None else self._more_for_uploads_ms),
            run_id=run_id,
            client=context.client,
            idempotency_key=key if key is not None and key.startswith(f"{caller.run_id}:") else None,
        )


def _without_context(headers: dict[str, str]) -> None:
    """Remove the header in every spelling."""
    for name in [name for name in headers if name.lower() == CONTEXT_HEADER]:
        del headers[name]


def _accepted(call: SubgraphCall, reply: SubgraphReply) -> SubgraphReply:
    if reply.status == 401:
        # The client's credential was good: it is our own signature that the subgraph did not take.
        _log.error("subgraph %s refused the context header of request %s", call.subgraph, call.context.request_id)
        raise SubgraphError("A subgraph refused the call.", subgraph=call.subgraph, status=401)
    return reply


def caller_of(context: RequestContext) -> Caller:
    """Who makes this request, as `on_request` found out."""
    caller = context.state[_CALLER]
    assert isinstance(caller, Caller)
    return caller
