"""What the Brain adds to the router: who calls, for which tenant, and the signed context for each subgraph call."""

import logging
import time
from functools import partial

from brain.caller import Caller
from brain.context_header import CONTEXT_HEADER, ContextSigner
from brain.tenancy import TenantResolver
from router import SubgraphError
from router.hooks import PendingReply, RequestContext, RouterHooks, Send, SubgraphCall, SubgraphReply

__all__ = ["PARTNER_VIEW", "BrainHooks", "caller_of"]

PARTNER_VIEW = "partner"
"""The view (`schema/contracts/partner.toml`) of callers with an API key. All others see the full schema."""

_log = logging.getLogger("brain.hooks")

_CALLER = "brain.caller"
_DEADLINE_MS = "brain.deadline_ms"


class BrainHooks(RouterHooks):
    """The Brain's part in each request.

    Args:
        resolver: settles who calls.
        signer: signs the context.
        request_timeout_s: the router's; after it nobody waits for a subgraph's answer.
    """

    def __init__(self, resolver: TenantResolver, signer: ContextSigner, *, request_timeout_s: float) -> None:
        self._resolver = resolver
        self._signer = signer
        self._request_timeout_s = request_timeout_s

    async def on_request(self, context: RequestContext) -> None:
        """Find out who calls and which view is theirs; note it for the log and for `on_fetch`.

        Raises:
            RequestRefused: see `TenantResolver.resolve`.
        """
        context.headers = {name: value for name, value in context.headers.items() if name != CONTEXT_HEADER}
        context.state[_DEADLINE_MS] = int((time.time() + self._request_timeout_s) * 1000)
        caller = await self._resolver.resolve(context.headers)
        context.state[_CALLER] = caller
        context.partition = caller.tenant_id or ""
        context.caller = caller.user_id
        context.share_key = caller, context.client
        if caller.via == "api_key":
            context.view = PARTNER_VIEW
        if caller.via != "anonymous":
            # What the supergraph's @authenticated, @requiresScopes and @policy (`role:<name>`) are held against.
            context.claims = {
                "sub": caller.user_id,
                "tenant": caller.tenant_id,
                "roles": list(caller.roles),
                "via": caller.via,
            }
            context.scopes = caller.scopes
            context.policies = [f"role:{role}" for role in caller.roles]
            context.expires_at = caller.expires_at
        context.log_fields |= {"tenant": caller.tenant_slug or caller.tenant_id, "via": caller.via}
        if caller.user_id is not None:
            context.log_fields["user"] = caller.user_id

    def on_fetch(self, call: SubgraphCall, send: Send) -> PendingReply:
        """Send the call with a context of its own, and with no other."""
        self._sign(call)
        call.renew = self._sign  # a context may be used once
        call.share_as = {CONTEXT_HEADER: call.context.share_key}
        return send(call).then(partial(_accepted, call))

    def _sign(self, call: SubgraphCall) -> None:
        for name in [name for name in call.headers if name.lower() == CONTEXT_HEADER]:
            del call.headers[name]
        call.headers[CONTEXT_HEADER] = self._signer.sign(
            caller_of(call.context),
            call.subgraph,
            request_id=call.context.request_id,
            deadline_ms=call.context.state[_DEADLINE_MS],
            client=call.context.client,
        )


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
