"""What a run does outside of its workflow: it asks a crew, and writes through the graph.

Each activity may be done again after a crash and has its effect once: reports carry a growing number, proposals and
decisions are compared with what is there, and a write carries the idempotency key `<run>:<action>`.

An error that will come again is raised as an `ApplicationError` that is not retried, with a code and words for people.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final, ParamSpec, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError

from brain.crews import CrewError, CrewResult, CrewTask, EngineChoice, load_crews, run_task
from brain.crews.actions import ActionUnknown, operation_for, refusal_of
from brain.crews.definition import Crew
from brain.crews.engine_choice import choose_engine
from brain.crews.errors import GraphRefused, GraphUnavailable, RunStopped
from brain.crews.ledger import RESERVE, GraphLedger
from brain.crews.meter import Meter
from brain.graph_client import GraphAccess, RunGraph
from brain.recording import ACTION, DECISION, OPEN_SCHEDULED, PROPOSE, REPORT, SETTLE, final, raised, write_down
from brain.refusals import Refusals
from brain.run_ids import run_id_of
from brain.workflows.messages import (
    ANY_EDITION,
    Action,
    ActionOutcome,
    ActionStatus,
    ApprovedAction,
    BudgetGrant,
    CrewOutline,
    CrewRef,
    DecisionKind,
    DecisionRecord,
    Engine,
    Proposal,
    Risk,
    RunFailure,
    RunInput,
    RunRef,
    RunReport,
    TaskInput,
    TaskOutput,
)
from brain.workflows.schedule_messages import DueMoment, OpenedRun

__all__ = ["Activities", "EngineSettings"]

_log = logging.getLogger("brain.activities")

_CREW_ATTEMPTS: Final = 3
_HEARTBEAT_S: Final = 10.0
_MAX_OUTPUT_CHARS: Final = 200_000

EngineSettings = Callable[[str], Awaitable[Mapping[str, Any] | None]]
"""A tenant's settings for its language model, by tenant id; None where it has none."""

P = ParamSpec("P")
R = TypeVar("R")


class Activities:
    """The activities of a worker.

    Args:
        graph: as runs reach it.
        tenant_engine: a tenant's settings for its language model.
        platform_engine: those of who has none.
        crews: by name; those that come with the Brain if not given.
    """

    def __init__(
        self,
        graph: GraphAccess,
        tenant_engine: EngineSettings | None = None,
        platform_engine: Mapping[str, Any] | None = None,
        crews: Mapping[str, Crew] | None = None,
    ) -> None:
        self._graph = graph
        self._tenant_engine = tenant_engine
        self._platform_engine = platform_engine
        self._crews = load_crews() if crews is None else crews

    def light(self) -> list[Callable[..., Any]]:
        """Those that only talk to the graph."""
        return [
            self.describe_crew,
            self.reserve_budget,
            self.propose_actions,
            self.record_decision,
            self.execute_action,
            self.record_outcome,
            self.settle_run,
            self.report_run,
            self.open_scheduled_run,
        ]

    @activity.defn
    async def describe_crew(self, crew: CrewRef) -> CrewOutline:
        """The crew's tasks, weight and rule."""
        found = self._crew(crew.crew, crew.catalogue_version)
        return CrewOutline(
            list(found.tasks), found.version, found.weight, found.approve_writes, steps=list(found.steps)
        )

    @activity.defn
    async def reserve_budget(self, run: RunInput) -> BudgetGrant:
        """Set money aside for the run as a whole. None left is no failure: its playbook costs nothing."""
        if run.budget_micros <= 0:
            return BudgetGrant(0)
        graph = self._graph.of(run.ref)
        payload = await write_down(
            graph, RESERVE, "reserveAgentBudget", {"runId": run.run_id, "micros": run.budget_micros}
        )
        if payload["granted"]:
            return BudgetGrant(run.budget_micros)
        refusal = payload["refusal"]
        if refusal["code"] == "BUDGET_EXHAUSTED":
            return BudgetGrant(0, refusal["message"])
        raise final(refusal["code"], refusal["message"])

    @activity.defn
    async def plan_with_crew(self, task: TaskInput) -> TaskOutput:
        """Have a crew do one of its tasks."""
        crew = self._crew(task.run.crew, task.catalogue_version)
        graph = self._graph.of(task.run, frozenset(crew.grants))
        request = CrewTask(
            tenant=task.run.tenant,
            run_id=task.run.run_id,
            crew=crew.name,
            task=task.task,
            input=task.arguments,
            asked_at=datetime.fromisoformat(task.asked_at),
            engine=await self._engine(task.run.tenant, task.budget_micros),
            earlier=task.earlier,
        )
        meter = Meter(GraphLedger(graph), task.run.run_id, task.budget_micros)
        refusals = Refusals(task)
        async with _beating():
            try:
                result = await self._result(request, graph, meter, refusals)
            finally:
                # Also of a crew that came to nothing: what it tried is in the run's story.
                await refusals.write_down(self._graph.of(task.run))
        if len(str(result.output)) > _MAX_OUTPUT_CHARS:
            raise final("CREW_OUTPUT_TOO_LARGE", f"The task {task.task} made more than can be kept.")
        actions = [
            Proposal(action.tool, Risk(action.risk.name), action.arguments, action.reason) for action in result.actions
        ]
        engine = Engine(result.engine.kind, result.engine.model)
        note = None if result.engine.note is None else f"By the playbook: {result.engine.note}"
        return TaskOutput(result.output, engine, actions, result.read_untrusted, note)

    @activity.defn
    async def propose_actions(self, run: RunRef, actions: list[Action]) -> None:
        """Write down what the crew wants to do."""
        proposed = [
            {
                "tool": action.tool,
                "risk": action.risk.value,
                "arguments": action.arguments,
                "reason": action.reason.strip()[:2000] or "The crew gave no reason.",
                "readUntrusted": action.read_untrusted,
            }
            for action in actions
        ]
        payload = await write_down(
            self._graph.of(run),
            PROPOSE,
            "proposeAgentActions",
            {"runId": run.run_id, "after": actions[0].index, "actions": proposed},
        )
        kept = {action["index"]: action["argumentsHash"] for action in payload["actions"]}
        if kept != {action.index: action.arguments_hash for action in actions}:
            raise final("PROPOSAL_CHANGED", "The actions that are written down are not those that were proposed.")

    @activity.defn
    async def record_decision(self, record: DecisionRecord) -> None:
        """Write down what was decided about an action."""
        graph, where = self._graph.of(record.run), {"runId": record.run.run_id, "index": record.action.index}
        if record.kind is DecisionKind.SKIP:
            await write_down(graph, ACTION, "recordAgentAction", {**where, "status": ActionStatus.SKIPPED.value})
        elif record.kind is DecisionKind.EXPIRE:
            await write_down(graph, DECISION, "recordAgentDecision", {**where, "expired": True})
        else:
            decided = {
                # What needs nobody's approval is approved by the policy.
                "kind": "APPROVE" if record.kind is DecisionKind.WAIVE else record.kind.value,
                "argumentsHash": record.arguments_hash,
                "by": record.decided_by,
                "editedArguments": record.edited_arguments,
                "note": record.note,
            }
            await write_down(graph, DECISION, "recordAgentDecision", {**where, **decided})

    @activity.defn
    async def execute_action(self, approved: ApprovedAction) -> ActionOutcome:
        """Do an approved action, once: it is written down before and after, and the write itself carries a key."""
        work = asyncio.ensure_future(self._execute(approved))
        try:
            return await asyncio.shield(work)
        except asyncio.CancelledError:
            return await work  # what has begun is seen to its end: half-way nobody would know what was done

    async def _execute(self, approved: ApprovedAction) -> ActionOutcome:
        run, action = approved.run, approved.action
        async with _beating():
            begun = await self._note(approved, ActionStatus.EXECUTING, None)
            if begun["status"] in (ActionStatus.DONE, ActionStatus.FAILED):
                return _outcome(begun)
            crew = self._crew(run.crew, ANY_EDITION)
            graph = self._graph.of(run, frozenset(crew.grants))
            try:
                document, variables, field = operation_for(crew, action.tool, action.arguments)
                data = await graph.execute(document, variables, idempotency_key=f"{run.run_id}:{action.index}")
            except ActionUnknown as error:
                return await self._close(approved, {"error": {"code": error.code, "message": str(error)}})
            except GraphRefused as error:
                return await self._close(approved, {"error": {"code": error.cause_code, "message": str(error)}})
            except CrewError as error:
                raise raised(error) from error
            payload = data[field]
            refusal = refusal_of(payload)
            if refusal is not None:
                return await self._close(approved, {"error": {"code": refusal[0], "message": refusal[1]}})
            return await self._close(approved, {"answer": {k: v for k, v in payload.items() if k != "errors"}})

    @activity.defn
    async def record_outcome(self, approved: ApprovedAction, outcome: ActionOutcome) -> None:
        """Write down that an action was given up; nothing is written if it had not begun."""
        error = outcome.error or RunFailure("GAVE_UP", "It was given up.")
        try:
            await self._note(approved, outcome.status, {"error": {"code": error.code, "message": error.message}})
        except ApplicationError as refused:
            if refused.type != "INVALID_TRANSITION":
                raise

    @activity.defn
    async def settle_run(self, run: RunRef) -> None:
        """Give back what the run did not spend."""
        await write_down(self._graph.of(run), SETTLE, "settleAgentBudget", {"runId": run.run_id})

    @activity.defn
    async def report_run(self, report: RunReport) -> None:
        """Write down how the run stands."""
        told: dict[str, Any] = {
            "runId": report.run.run_id,
            "seq": report.seq,
            "phase": report.phase.value,
            "status": report.status.value,
            "progress": report.progress,
            "note": report.note,
        }
        if report.engine is not None:
            told["engine"] = {"kind": report.engine.kind, "model": report.engine.model}
        if report.result is not None:
            told["result"] = report.result
        if report.error is not None:
            told["error"] = {"code": report.error.code, "message": report.error.message[:2000]}
        if report.read_untrusted:
            told["readUntrusted"] = True
        await write_down(self._graph.of(report.run), REPORT, "reportAgentRun", told)

    @activity.defn
    async def open_scheduled_run(self, due: DueMoment) -> OpenedRun:
        """Open the run of a schedule at one moment. One that is switched off or gone opens none."""
        run_id = run_id_of(due.tenant, due.crew, due.key)
        graph = self._graph.of(RunRef(due.tenant, run_id, due.crew, None, []))
        try:
            given = {"scheduleId": due.schedule_id, "key": due.key}
            opened = await write_down(graph, OPEN_SCHEDULED, "openScheduledAgentRun", given)
        except ApplicationError as error:
            if error.type != "SCHEDULE_NOT_FOUND":
                raise
            return OpenedRun(refusal=error.type)
        refusal = opened["refusal"]
        return OpenedRun(opened["workflowId"], opened["workflowInput"], None if refusal is None else refusal["code"])

    async def _result(self, request: CrewTask, graph: RunGraph, meter: Meter, refusals: Refusals) -> CrewResult:
        """What the crew came to. How often it is asked again is known here; Temporal would try much longer."""
        try:
            return await run_task(request, graph, meter, refusals.hear, self._crews)
        except (RunStopped, GraphRefused) as error:
            raise final(error.cause_code, str(error)) from error
        except GraphUnavailable as error:
            raise raised(error) from error  # waited for: the crew has not failed
        except CrewError as error:
            if activity.info().attempt >= _CREW_ATTEMPTS:
                raise final(error.code, str(error)) from error
            raise raised(error) from error
        except Exception as error:
            where = {"tenant": request.tenant, "run": request.run_id}
            _log.exception("the crew %s failed", request.crew, extra={"fields": where})
            if activity.info().attempt >= _CREW_ATTEMPTS:
                raise final("CREW_FAILED", f"The task {request.task} failed several times.") from error
            raise

    async def _engine(self, tenant: str, budget_micros: int) -> EngineChoice:
        own = None if self._tenant_engine is None else await self._tenant_engine(tenant)
        return choose_engine(own, self._platform_engine, budget_micros)

    async def _note(self, approved: ApprovedAction, status: ActionStatus, outcome: Any) -> dict[str, Any]:
        told = {"runId": approved.run.run_id, "index": approved.action.index, "status": status.value}
        if outcome is not None:
            told["outcome"] = outcome
        payload = await write_down(self._graph.of(approved.run), ACTION, "recordAgentAction", told)
        noted: dict[str, Any] = payload["action"]
        return noted

    async def _close(self, approved: ApprovedAction, outcome: dict[str, Any]) -> ActionOutcome:
        status = ActionStatus.FAILED if "error" in outcome else ActionStatus.DONE
        return _outcome(await self._note(approved, status, outcome))

    def _crew(self, name: str, edition: str) -> Crew:
        crew = self._crews.get(name)
        if crew is None:
            raise final("UNKNOWN_CREW", f"There is no crew {name!r}.")
        if edition not in (crew.version, ANY_EDITION):
            raise final("CREW_CHANGED", f"The crew {name} has changed since this run was asked for; ask again.")
        return crew


def _outcome(noted: Mapping[str, Any]) -> ActionOutcome:
    """What is written down about an action that has come to its end."""
    outcome = noted["outcome"]
    error = outcome.get("error") if isinstance(outcome, dict) else None
    if noted["status"] == ActionStatus.DONE:
        return ActionOutcome(ActionStatus.DONE, outcome)
    known = error or {"code": "FAILED", "message": "The action failed."}
    return ActionOutcome(ActionStatus.FAILED, outcome, RunFailure(known["code"], known["message"]))


@asynccontextmanager
async def _beating() -> AsyncIterator[None]:
    """Say every third of the heartbeat's timeout that the activity is at work."""

    async def beat() -> None:
        while True:
            activity.heartbeat()
            await asyncio.sleep(_HEARTBEAT_S)

    beating = asyncio.create_task(beat())
    try:
        yield
    finally:
        beating.cancel()
