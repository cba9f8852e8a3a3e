"""One run of a crew: RESERVE -> PLAN -> APPROVE -> EXECUTE -> SETTLE.

What it does outside of itself it does by activities (`brain.activities`), each of which may be done again after a crash
and has its effect once. It decides by itself what a person must approve, and is the judge of every decision.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, is_cancelled_exception

from brain.workflows.decisions import objection_to
from brain.workflows.messages import (
    AGENT_RUN,
    MAX_ACTIONS,
    Action,
    ActionOutcome,
    ActionStatus,
    Actor,
    ApprovedAction,
    BudgetGrant,
    CrewOutline,
    CrewRef,
    Decision,
    DecisionKind,
    DecisionRecord,
    Engine,
    RunFailure,
    RunInput,
    RunPhase,
    RunReport,
    RunState,
    RunStatus,
    TaskInput,
    TaskOutput,
    arguments_hash,
    crews_queue,
    needs_approval,
)

__all__ = ["AgentRunWorkflow"]

_PROGRESS: Final = {
    RunPhase.RESERVE: 0.05,
    RunPhase.PLAN: 0.1,
    RunPhase.APPROVE: 0.6,
    RunPhase.EXECUTE: 0.65,
    RunPhase.SETTLE: 0.95,
    RunPhase.DONE: 1.0,
}

# What the run must write down is tried until it is written: a graph that is away for a day costs the run a day.
_UNTIL_DONE: Final = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
# How often a crew that fails is asked again, the activity knows: a graph that is away is no failure of the crew.
_CREW: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30), maximum_attempts=100
)
_CREW_IN_ALL: Final = timedelta(hours=1)
_ACTION: Final = RetryPolicy(
    initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=60), maximum_attempts=100
)
_SHORT: Final = timedelta(seconds=30)
_TASK: Final = timedelta(minutes=5)
_HEARTBEAT: Final = timedelta(seconds=30)


class _Stopped(Exception):
    """The run ends here: with this status, and perhaps this failure."""

    def __init__(self, status: RunStatus, failure: RunFailure | None = None) -> None:
        self.status = status
        self.failure = failure
        super().__init__(status)


@workflow.defn(name=AGENT_RUN)
class AgentRunWorkflow:
    """See the module. Decisions come as the update `decide`, a stop as the signal `cancel`."""

    @workflow.init
    def __init__(self, run: RunInput) -> None:
        self._run = run
        self._status = RunStatus.RUNNING
        self._phase = RunPhase.RESERVE
        self._progress = 0.0
        self._seq = 0
        self._actions: list[Action] = []
        self._open: set[int] = set()
        """Indexes of the actions that a person is asked about."""
        self._engine: Engine | None = None
        self._note: str | None = None
        """Told with the next report that has nothing else to tell."""
        self._result: dict[str, Any] | None = None
        self._failure: RunFailure | None = None
        self._read_untrusted = False
        self._cancelled_by: Actor | None = None
        self._written: RunStatus | None = None
        """The status in the run's row: what a client that was told of it may read."""

    @workflow.run
    async def run(self, run: RunInput) -> RunState:
        """Carry the run to its end.

        Returns:
            Its last state; the workflow itself never fails because the run did.
        """
        try:
            status, failure = await self._carry_out(run), None
        except _Stopped as stopped:
            status, failure = stopped.status, stopped.failure
        except ActivityError as error:
            status, failure = _ending_of(error)
        except (asyncio.CancelledError, CancelledError):
            status, failure = RunStatus.CANCELLED, None  # by whoever runs the workflow service
        await self._settle(status, failure)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return self._state()

    async def _carry_out(self, run: RunInput) -> RunStatus:
        _, outline, grant = await asyncio.gather(
            self._enter(RunPhase.RESERVE),
            workflow.execute_activity(
                "describe_crew",
                CrewRef(run.crew, run.catalogue_version),
                result_type=CrewOutline,
                start_to_close_timeout=_SHORT,
                retry_policy=_CREW,
            ),
            self._durably("reserve_budget", run, result_type=BudgetGrant),
        )
        await self._enter(RunPhase.PLAN, note=grant.reason)
        output = await self._plan(run, outline, grant)
        await self._propose(outline, output)
        if run.dry_run:
            await self._decide_all(DecisionKind.SKIP, ActionStatus.SKIPPED, list(range(len(self._actions))))
            return RunStatus.SUCCEEDED
        await self._approve(run)
        return await self._execute(run)

    async def _plan(self, run: RunInput, outline: CrewOutline, grant: BudgetGrant) -> list[TaskOutput]:
        """Run the crew's tasks one after another; the last one's output is the run's result."""
        outputs: list[TaskOutput] = []
        earlier: dict[str, Any] = {}
        asked_at = workflow.info().start_time.isoformat()
        for number, task in enumerate(outline.tasks):
            handle = workflow.start_activity(
                "plan_with_crew",
                TaskInput(run.ref, outline.catalogue_version, task, run.arguments, earlier, asked_at, grant.micros),
                result_type=TaskOutput,
                task_queue=crews_queue(outline.weight),
                schedule_to_close_timeout=_CREW_IN_ALL,
                start_to_close_timeout=_TASK,
                heartbeat_timeout=_HEARTBEAT,
                retry_policy=_CREW,
                cancellation_type=workflow.ActivityCancellationType.TRY_CANCEL,
            )
            await workflow.wait_condition(lambda handle=handle: handle.done() or self._is_cancelled())  # type: ignore[misc]
            if not handle.done():
                handle.cancel()
            self._stop_if_cancelled()
            output = await handle
            outputs.append(output)
            earlier = {**earlier, task: output.output}
            self._engine = output.engine
            self._note = output.note
            self._read_untrusted |= output.read_untrusted
            self._result = output.output
            if number + 1 < len(outline.tasks):
                share = (number + 1) / len(outline.tasks)
                await self._report(_PROGRESS[RunPhase.PLAN] + share * 0.5, note=task)
        return outputs

    async def _propose(self, outline: CrewOutline, outputs: list[TaskOutput]) -> None:
        """Number the proposed actions and write them down. What needs nobody's approval is approved by the rule."""
        proposals = [proposal for output in outputs for proposal in output.actions]
        if len(proposals) > MAX_ACTIONS:
            message = f"The crew proposed {len(proposals)} actions; one run may have {MAX_ACTIONS}."
            raise _Stopped(RunStatus.FAILED, RunFailure("TOO_MANY_ACTIONS", message))
        untrusted = self._read_untrusted
        self._actions = [
            Action(
                index,
                proposal.tool,
                proposal.risk,
                proposal.arguments,
                arguments_hash(proposal.tool, proposal.arguments),
                proposal.reason,
                untrusted,
            )
            for index, proposal in enumerate(proposals)
        ]
        if not self._actions:
            return
        await self._durably("propose_actions", self._run.ref, self._actions)
        asked = {
            action.index
            for action in self._actions
            if needs_approval(action.risk, approve_writes=outline.approve_writes, read_untrusted=untrusted)
        }
        if not self._run.dry_run:
            free = [action.index for action in self._actions if action.index not in asked]
            await self._decide_all(DecisionKind.WAIVE, ActionStatus.APPROVED, free)
            self._open = asked

    async def _approve(self, run: RunInput) -> None:
        """Wait for the people. The timer is durable, and when it ends nothing is approved."""
        if not self._open:
            return
        self._status = RunStatus.WAITING_FOR_APPROVAL
        await self._enter(RunPhase.APPROVE)
        try:
            await workflow.wait_condition(
                lambda: not self._open or self._is_cancelled(), timeout=timedelta(seconds=run.approval_timeout_s)
            )
        except TimeoutError:
            expired, self._open = sorted(self._open), set()
            await self._decide_all(DecisionKind.EXPIRE, ActionStatus.EXPIRED, expired)
        # What was decided is written down before anything is done about it.
        await workflow.wait_condition(workflow.all_handlers_finished)
        self._stop_if_cancelled()
        self._status = RunStatus.RUNNING

    async def _execute(self, run: RunInput) -> RunStatus:
        """Do what was approved, in order. After one that fails, nothing more is done."""
        approved = [action for action in self._actions if action.status is ActionStatus.APPROVED]
        if not approved:
            return RunStatus.REJECTED if self._actions else RunStatus.SUCCEEDED
        await self._enter(RunPhase.EXECUTE)
        for number, action in enumerate(approved):
            self._stop_if_cancelled()
            self._replace(action, ActionStatus.EXECUTING)
            outcome = await self._execute_one(ApprovedAction(run.ref, action))
            self._replace(action, outcome.status)
            if outcome.status is not ActionStatus.DONE:
                raise _Stopped(RunStatus.FAILED, outcome.error)
            this = asyncio.current_task()
            if this is not None and this.cancelling():
                raise asyncio.CancelledError  # it came while the write was seen to its end
            share = (number + 1) / len(approved)
            await self._report(_PROGRESS[RunPhase.EXECUTE] + share * 0.25)
        return RunStatus.SUCCEEDED

    async def _execute_one(self, approved: ApprovedAction) -> ActionOutcome:
        try:
            outcome: ActionOutcome = await workflow.execute_activity(
                "execute_action",
                approved,
                result_type=ActionOutcome,
                start_to_close_timeout=timedelta(minutes=2),
                heartbeat_timeout=_HEARTBEAT,
                retry_policy=_ACTION,
                # A write that is under way is seen to its end: stopping it half-way would hide what it did.
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            outcome = ActionOutcome(ActionStatus.FAILED, None, _ending_of(error)[1])
            await self._durably("record_outcome", approved, outcome)
        return outcome

    async def _settle(self, status: RunStatus, failure: RunFailure | None) -> None:
        """Close what is open, give back what was not spent, write down the end; tried until it is done."""
        self._open = set()
        self._failure = failure
        self._status = RunStatus.RUNNING
        await self._enter(RunPhase.SETTLE)
        left = [a.index for a in self._actions if a.status in (ActionStatus.PROPOSED, ActionStatus.APPROVED)]
        await self._decide_all(DecisionKind.SKIP, ActionStatus.SKIPPED, left)
        await self._durably("settle_run", self._run.ref)
        self._status, self._phase, self._progress = status, RunPhase.DONE, 1.0
        await self._report(1.0)

    async def _enter(self, phase: RunPhase, note: str | None = None) -> None:
        self._stop_if_cancelled(unless=phase is RunPhase.SETTLE)
        self._phase = phase
        await self._report(_PROGRESS[phase], note)

    async def _report(self, progress: float, note: str | None = None) -> None:
        self._progress = max(self._progress, round(progress, 3))
        self._seq += 1
        if note is None:
            note, self._note = self._note, None
        report = RunReport(
            self._run.ref,
            self._seq,
            self._status,
            self._phase,
            self._progress,
            self._engine,
            self._result if self._status.is_final else None,
            self._failure,
            note,
            self._read_untrusted,
        )
        await self._durably("report_run", report)
        self._written = report.status

    async def _durably(self, activity: str, *arguments: Any, result_type: type[Any] | None = None) -> Any:
        return await workflow.execute_activity(
            activity,
            args=arguments,
            result_type=result_type,
            start_to_close_timeout=_SHORT,
            retry_policy=_UNTIL_DONE,
        )

    async def _decide_all(self, kind: DecisionKind, status: ActionStatus, indexes: list[int]) -> None:
        for index in indexes:
            action = self._replace(self._actions[index], status)
            await self._durably("record_decision", DecisionRecord(self._run.ref, action, kind, action.arguments_hash))

    def _replace(self, action: Action, status: ActionStatus) -> Action:
        changed = self._actions[action.index] = replace(self._actions[action.index], status=status)
        return changed

    def _is_cancelled(self) -> bool:
        return self._cancelled_by is not None

    def _stop_if_cancelled(self, *, unless: bool = False) -> None:
        if self._cancelled_by is not None and not unless:
            by = self._cancelled_by.user_id
            raise _Stopped(RunStatus.CANCELLED, RunFailure("CANCELLED", f"Cancelled by {by or 'the platform'}."))

    def _state(self) -> RunState:
        return RunState(self._run.run_id, self._status, self._phase, self._progress, self._actions, self._failure)

    @workflow.update
    async def decide(self, decision: Decision) -> RunState:
        """Hold a decision, once `_check_decision` lets it pass; answers when it is written down."""
        action = self._actions[decision.index]
        self._open.discard(decision.index)
        if decision.kind is DecisionKind.EDIT:
            edited = decision.edited_arguments or {}
            action = replace(action, arguments=edited, arguments_hash=arguments_hash(action.tool, edited))
        status = ActionStatus.REJECTED if decision.kind is DecisionKind.REJECT else ActionStatus.APPROVED
        action = self._actions[decision.index] = replace(action, status=status)
        record = DecisionRecord(
            self._run.ref,
            action,
            decision.kind,
            decision.arguments_hash,
            decision.edited_arguments,
            decision.actor.user_id,
            decision.note,
        )
        await self._durably("record_decision", record)
        return self._state()

    @decide.validator
    def _check_decision(self, decision: Decision) -> None:
        objection = objection_to(decision, self._run, self._actions, self._open)
        if objection is not None:
            code, message = objection
            raise ApplicationError(message, type=code, non_retryable=True)

    @workflow.update
    async def settled(self) -> RunState:
        """Answers once the run has ended or waits for a person."""
        await workflow.wait_condition(
            lambda: (
                self._written is self._status
                and (self._status.is_final or self._status is RunStatus.WAITING_FOR_APPROVAL)
            )
        )
        return self._state()

    @workflow.signal
    def cancel(self, actor: Actor) -> None:
        """Stop as soon as nothing is half done. Too late, it changes nothing."""
        if self._cancelled_by is None:
            self._cancelled_by = actor

    @workflow.query
    def state(self) -> RunState:
        """How the run stands."""
        return self._state()


def _ending_of(error: ActivityError) -> tuple[RunStatus, RunFailure | None]:
    """How a run ends whose activity failed for good. An `ApplicationError` with a code has a message for people."""
    if is_cancelled_exception(error):
        return RunStatus.CANCELLED, None
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type and cause.type.isupper():
        return RunStatus.FAILED, RunFailure(cause.type, cause.message)
    message = f"The activity {error.activity_type} failed and was given up after all attempts."
    return RunStatus.FAILED, RunFailure("GAVE_UP", message)
