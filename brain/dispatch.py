"""Agent-backed mutations: a run is opened before the field is called, and perhaps waited for.

    @agent -> openAgentRun (kill switch, budget, idempotency) -> workflow begun -> wait -> the field, with the run

A run that was opened is never lost: what cannot be started now stays QUEUED, and the client is told so.
"""

import asyncio
import json
import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from brain.agent_fields import AgentCall
from brain.caller import Caller
from brain.crews.definition import Crew
from brain.integrations import crew_name
from brain.internal_subgraph import InternalSubgraph, SubgraphUnavailable
from brain.preferences import BadIdempotencyKey, idempotency_key, preference
from brain.workflow_service import WorkflowService
from router.hooks import RequestContext, SubgraphCall, SubgraphReply
from turns import Turns

__all__ = ["AgentDispatch", "Refusal", "refusal_reply"]

_log = logging.getLogger("brain.dispatch")

_MARGIN_S: Final = 5.0
"""Of the request's time, what is kept for the field itself."""

_AT_ONCE: Final = 8
"""Runs that are being opened at a time, tenants in turns: of many that come at once the first are answered while others
wait, rather than all at the end."""

_AWAY: Final = (
    "Agents cannot be asked right now. Try again with the header `Idempotency-Key: {key}`: should the run have been "
    "opened nevertheless, you find it."
)

_OPEN: Final = """
mutation OpenAgentRun($input: OpenAgentRunInput!) {
  openAgentRun(input: $input) {
    run { id status }
    isNew
    workflowId
    workflowInput
    refusal { code message }
    errors { code message }
  }
}
"""


@dataclass(frozen=True, slots=True)
class Refusal:
    """No run stands behind the call; nothing was started."""

    code: str
    message: str
    missing_scope: str | None = None


class AgentDispatch:
    """Opens runs; one for the life of the Brain.

    Args:
        agents: the subgraph that keeps runs.
        workflows: what carries them out; None where there is no Temporal: runs stay queued.
        crews: by name.
        wait_limit_s: nobody waits longer.
    """

    def __init__(
        self,
        agents: InternalSubgraph,
        workflows: WorkflowService | None,
        crews: Mapping[str, Crew],
        *,
        wait_limit_s: float = 30.0,
    ) -> None:
        self._agents = agents
        self._workflows = workflows
        self._crews = crews
        self._wait_limit_s = wait_limit_s
        self._turns = Turns(_AT_ONCE)
        self._opening = 0
        # Set while no run is being opened: the work of runs begins when those who asked have their answers.
        self._calm = asyncio.Event()

    async def open(
        self, called: AgentCall, call: SubgraphCall, caller: Caller, deadline_ms: int
    ) -> str | Refusal | None:
        """The id of the run that stands behind the call; None if the field is not called at all.

        Args:
            deadline_ms: Unix milliseconds after which nobody waits for the request's answer.
        """
        body = json.loads(call.body)
        arguments = called.arguments(body.get("variables") or {})
        if arguments is None:
            return None
        field, name = called.field, crew_name(called.field.crew, arguments)
        crew = self._crews.get(name)
        refused = _objection(caller, crew, name)
        if refused is not None:
            return refused
        assert crew is not None
        headers = call.context.headers
        try:
            key = idempotency_key(
                headers.get("idempotency-key"), str(caller.tenant_id), caller.user_id, field.name, arguments
            )
        except BadIdempotencyKey as error:
            return Refusal("BAD_USER_INPUT", str(error))
        given = {
            "crew": crew.name,
            "subgraph": call.subgraph,
            "field": field.name,
            "key": key,
            "isKeyImplied": "idempotency-key" not in headers,
            "risk": field.risk,
            "arguments": arguments,
            "scopes": list(caller.scopes),
            "answeredForBy": caller.made_by,
            "catalogueVersion": crew.version,
            "budgetMicros": crew.budget_micros,
        }
        try:
            data = await self._opened(given, caller, call.context.request_id)
        except SubgraphUnavailable as error:
            _log.error("cannot open a run: %s", error, extra=_fields(call.context, caller))
            return Refusal("AGENTS_UNAVAILABLE", _AWAY.format(key=key))
        opened = data["openAgentRun"]
        problem = opened["refusal"] or next(iter(opened["errors"]), None)
        if problem is not None:
            return Refusal(problem["code"], problem["message"])
        await self._carry_on(opened, called, call.context, caller, deadline_ms)
        return str(opened["run"]["id"])

    async def _opened(self, given: Mapping[str, Any], caller: Caller, request_id: str) -> Mapping[str, Any]:
        """The subgraph's answer, asked for when it is the tenant's turn.

        Raises:
            SubgraphUnavailable: it has none.
        """
        self._opening += 1
        self._calm.clear()
        try:
            async with self._turns.of(caller.tenant_id):
                return await self._agents.ask(_OPEN, {"input": given}, caller, request_id)
        finally:
            self._opening -= 1
            if not self._opening:
                self._calm.set()

    async def _carry_on(
        self, opened: Mapping[str, Any], called: AgentCall, context: RequestContext, caller: Caller, deadline_ms: int
    ) -> None:
        """Have the run's workflow started unless it has ended, and wait as the client wishes.

        What is promised is in the run's row: the client does not wait for the workflow to be started.
        """
        run_id, status = str(opened["run"]["id"]), opened["run"]["status"]
        context.log_fields["run"] = run_id
        left_s = max(0.0, deadline_ms / 1000 - time.time() - _MARGIN_S)
        wish = preference(context.headers.get("prefer"), called.field.wait_s, min(self._wait_limit_s, left_s))
        if wish.applied is not None:
            context.response_headers["preference-applied"] = wish.applied
        if self._workflows is None or status not in ("QUEUED", "RUNNING"):
            return
        if status == "QUEUED":
            calm = self._calm if wish.wait_s <= 0 else None
            self._workflows.begin(opened["workflowId"], opened["workflowInput"], calm)
        what = "opened" if opened["isNew"] else "found"
        _log.info("run %s of %s %s", run_id, called.field.crew, what, extra=_fields(context, caller, run_id))
        if wish.wait_s > 0:
            await self._workflows.settled(opened["workflowId"], wish.wait_s)


def refusal_reply(refusal: Refusal, response_key: str) -> SubgraphReply:
    """What the subgraph would have answered, had it refused the field."""
    extensions = {"code": refusal.code}
    if refusal.missing_scope is not None:
        extensions["missingScope"] = refusal.missing_scope
    error = {"message": refusal.message, "path": [response_key], "extensions": extensions}
    body = json.dumps({"data": None, "errors": [error]}).encode()
    return SubgraphReply(200, {"content-type": "application/json"}, body)


def _objection(caller: Caller, crew: Crew | None, name: str) -> Refusal | None:
    """Why this caller gets no run of this crew.

    A run does nothing that whoever asked may not do: who lacks what its crew needs is told before anything is spent.
    """
    if caller.run_id is not None:
        return Refusal("AGENT_NOT_NESTED", "A run of agents cannot start another one.")
    if caller.tenant_id is None or not caller.scopes:
        return Refusal("UNAUTHENTICATED", "Sign in first.")
    if crew is None:
        return Refusal("AGENT_CREW_UNKNOWN", f"There is no crew {name!r}.")
    for scope in crew.grants:
        if scope not in caller.scopes:
            message = f"The scope {scope!r} is needed: the crew works with your rights."
            return Refusal("FORBIDDEN", message, scope)
    return None


def _fields(context: RequestContext, caller: Caller, run_id: str | None = None) -> dict[str, Any]:
    fields = {"tenant": caller.tenant_slug or caller.tenant_id, "request_id": context.request_id}
    return {"fields": fields if run_id is None else {**fields, "run": run_id}}
