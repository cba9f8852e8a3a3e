"""One run of a crew: RESERVE -> PLAN -> APPROVE -> EXECUTE -> SETTLE, by the crew's steps (`brain.workflows.steps`).

What it does outside of itself it does by activities (`brain.activities`), each of which may be done again after a crash
and has its effect once. It decides by itself what a person must approve, and is the judge of every decision.
"""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, CancelledError, is_cancelled_exception

from brain.workflows import patience
from brain.workflows.decisions import EDITS_SECONDED, asked_about, decided, edits_money, numbered, objection_to
from brain.workflows.endings import Stopped, ending_of, moment_or_stop
from brain.workflows.messages import (
    AGENT_RUN,
    ANY_EDITION,
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
    Proposal,
    RunFailure,
    RunInput,
    RunPhase,
    RunReport,
    RunState,
    RunStatus,
    TaskInput,
    TaskOutput,
    crews_queue,
)
from brain.workflows.progress import PROGRESS, is_later, span_of
from brain.workflows.steps import Step, StepKind, steps_of

__all__ = ["AgentRunWorkflow"]


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
        self._results: dict[str, Any] = {}
        """What the steps came to, by name."""
        self._proposals: list[Proposal] = []
        """Proposed by tasks, and not written down yet."""
        self._written_up_to = 0
        """How many actions the steps that write have had before them."""
        self._has_written = False
        self._is_asleep = False
        self._span = 0.0, 1.0
        """From which progress to which the step goes."""

    @workflow.run
    async def run(self, run: RunInput) -> RunState:
        """Carry the run to its end.

        Returns:
            Its last state; the workflow itself never fails because the run did.
        """
        try:
            status, failure = await self._carry_out(run), None
        except Stopped as stopped:
            status, failure = stopped.status, stopped.failure
        except ActivityError as error:
            status, failure = ending_of(error)
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
                start_to_close_timeout=patience.SHORT,
                retry_policy=patience.CREW,
            ),
            self._durably("reserve_budget", run, result_type=BudgetGrant),
        )
        steps = steps_of(outline.steps, outline.tasks)
        for step in steps:
            if step.kind is StepKind.WAIT:
                moment_or_stop(step, run.arguments, workflow.now())  # before anything is spent
        await self._enter(RunPhase.PLAN, note=grant.reason)
        for number, step in enumerate(steps):
            self._span = span_of(steps, number, named=bool(outline.steps))
            if outline.steps:
                self._stop_if_cancelled()
                await self._report(self._span[0], note=step.name)
            ended = await self._step(step, outline, grant)
            if ended is not None:
                return ended
            if not outline.steps and step.kind is StepKind.TASK and steps[number + 1].kind is StepKind.TASK:
                await self._report(self._span[1], note=step.name)
        return RunStatus.SUCCEEDED

    async def _step(self, step: Step, outline: CrewOutline, grant: BudgetGrant) -> RunStatus | None:
        """Do one step; the run's status if it ends here."""
        if step.kind is StepKind.TASK:
            output = await self._task(step, outline, grant)
            self._results = {**self._results, step.name: output.output}
            self._result = self._results if outline.steps else output.output
            return None
        if step.kind is StepKind.WAIT:
            await self._wait(step)
            return None
        await self._propose(outline, everything=step.kind is StepKind.APPROVAL)
        if self._run.dry_run:
            # What comes after it would go by what was written, and nothing is.
            await self._decide_all(DecisionKind.SKIP, ActionStatus.SKIPPED, list(range(len(self._actions))))
            return RunStatus.SUCCEEDED
        await self._approve()
        batch = self._actions[self._written_up_to :]
        # What a write for some tools has done is in the batch still.
        if batch and not any(action.status in (ActionStatus.APPROVED, ActionStatus.DONE) for action in batch):
            return RunStatus.REJECTED
        if step.kind is StepKind.WRITE:
            await self._write(step, batch)
            self._result = self._results if outline.steps else self._result
        return None

    async def _task(self, step: Step, outline: CrewOutline, grant: BudgetGrant) -> TaskOutput:
        """Have the crew do a task; what it proposes waits for the next step that asks or writes."""
        run, asked_at = self._run, workflow.info().start_time.isoformat()
        version = outline.catalogue_version
        if outline.steps:
            asked_at = workflow.now().isoformat()
            if self._has_written:
                version = ANY_EDITION  # what was written days ago is measured even if the crew has changed since
                self._read_untrusted = True  # it is shown what the writes answered
        handle = workflow.start_activity(
            "plan_with_crew",
            TaskInput(run.ref, version, step.task or step.name, run.arguments, self._results, asked_at, grant.micros),
            result_type=TaskOutput,
            task_queue=crews_queue(outline.weight),
            schedule_to_close_timeout=patience.CREW_IN_ALL,
            start_to_close_timeout=patience.TASK,
            heartbeat_timeout=patience.HEARTBEAT,
            retry_policy=patience.CREW,
            cancellation_type=workflow.ActivityCancellationType.TRY_CANCEL,
        )
        await workflow.wait_condition(lambda: handle.done() or self._is_cancelled())
        if not handle.done():
            handle.cancel()
        self._stop_if_cancelled()
        output: TaskOutput = await handle
        self._engine = output.engine
        self._note = output.note
        self._read_untrusted |= output.read_untrusted
        self._proposals += output.actions
        return output

    async def _wait(self, step: Step) -> None:
        """Wait until the step's moment. The timer is durable: nothing is held meanwhile but the run's budget."""
        left = moment_or_stop(step, self._run.arguments, workflow.now()) - workflow.now()
        if left.total_seconds() <= 0 or self._run.dry_run:
            return
        self._is_asleep = True
        try:
            await workflow.wait_condition(self._is_cancelled, timeout=left)
            self._stop_if_cancelled()
        except TimeoutError:
            return
        finally:
            self._is_asleep = False

    async def _propose(self, outline: CrewOutline, *, everything: bool) -> None:
        """Number what was proposed since the last time, and write it down.

        What needs nobody's approval is approved by the rule, unless `everything` is to be asked about.
        """
        proposals, self._proposals, first = self._proposals, [], len(self._actions)
        if first + len(proposals) > MAX_ACTIONS:
            message = f"The crew proposed {first + len(proposals)} actions; one run may have {MAX_ACTIONS}."
            raise Stopped(RunStatus.FAILED, RunFailure("TOO_MANY_ACTIONS", message))
        new = numbered(proposals, first, read_untrusted=self._read_untrusted)
        if not new:
            return
        self._actions += new
        await self._durably("propose_actions", self._run.ref, new)
        asked = asked_about(new, approve_writes=outline.approve_writes, everything=everything)
        if not self._run.dry_run:
            free = [action.index for action in new if action.index not in asked]
            await self._decide_all(DecisionKind.WAIVE, ActionStatus.APPROVED, free)
            self._open = asked

    async def _approve(self) -> None:
        """Wait for the people. The timer is durable, and when it ends nothing is approved."""
        if not self._open:
            return
        self._status = RunStatus.WAITING_FOR_APPROVAL
        await self._enter(RunPhase.APPROVE)
        try:
            await workflow.wait_condition(
                lambda: not self._open or self._is_cancelled(), timeout=timedelta(seconds=self._run.approval_timeout_s)
            )
        except TimeoutError:
            expired, self._open = sorted(self._open), set()
            await self._decide_all(DecisionKind.EXPIRE, ActionStatus.EXPIRED, expired)
        # What was decided is written down before anything is done about it.
        await workflow.wait_condition(workflow.all_handlers_finished)
        self._stop_if_cancelled()
        self._status = RunStatus.RUNNING

    async def _write(self, step: Step, batch: list[Action]) -> None:
        """Do what was approved, in order. After one that fails, nothing more is done."""
        if not step.tools:
            self._written_up_to = len(self._actions)
        approved = [
            action
            for action in batch
            if action.status is ActionStatus.APPROVED and (not step.tools or action.tool in step.tools)
        ]
        if not approved:
            return
        await self._enter(RunPhase.EXECUTE)
        self._has_written = True
        (begin, end), done = self._span, []
        for number, action in enumerate(approved):
            self._stop_if_cancelled()
            self._replace(action, ActionStatus.EXECUTING)
            outcome = await self._execute_one(ApprovedAction(self._run.ref, action))
            self._replace(action, outcome.status)
            if outcome.status is not ActionStatus.DONE:
                raise Stopped(RunStatus.FAILED, outcome.error)
            done.append({"tool": action.tool, "arguments": action.arguments, "outcome": outcome.outcome})
            this = asyncio.current_task()
            if this is not None and this.cancelling():
                raise asyncio.CancelledError  # it came while the write was seen to its end
            await self._report(begin + (number + 1) / len(approved) * (end - begin))
        self._results = {**self._results, step.name: {"done": done}}

    async def _execute_one(self, approved: ApprovedAction) -> ActionOutcome:
        try:
            outcome: ActionOutcome = await workflow.execute_activity(
                "execute_action",
                approved,
                result_type=ActionOutcome,
                start_to_close_timeout=patience.WRITE,
                heartbeat_timeout=patience.HEARTBEAT,
                retry_policy=patience.ACTION,
                # A write that is under way is seen to its end: stopping it half-way would hide what it did.
                cancellation_type=workflow.ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            )
        except ActivityError as error:
            if is_cancelled_exception(error):
                raise
            outcome = ActionOutcome(ActionStatus.FAILED, None, ending_of(error)[1])
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
        if is_later(phase, self._phase):
            self._phase = phase
        await self._report(PROGRESS[phase], note)

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
            start_to_close_timeout=patience.SHORT,
            retry_policy=patience.UNTIL_DONE,
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
            raise Stopped(RunStatus.CANCELLED, RunFailure("CANCELLED", f"Cancelled by {by or 'the platform'}."))

    def _state(self) -> RunState:
        return RunState(self._run.run_id, self._status, self._phase, self._progress, self._actions, self._failure)

    @workflow.update
    async def decide(self, decision: Decision) -> RunState:
        """Hold a decision, once `_check_decision` lets it pass; answers when it is written down."""
        action = self._actions[decision.index]
        stays_open = edits_money(action, decision) and workflow.patched(EDITS_SECONDED)
        if not stays_open:
            self._open.discard(decision.index)
        action = self._actions[decision.index] = decided(action, decision, stays_open=stays_open)
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
        """Answers once the run has ended, or waits: for a person, or for a moment."""
        await workflow.wait_condition(
            lambda: (
                self._written is self._status
                and (self._status.is_final or self._status is RunStatus.WAITING_FOR_APPROVAL or self._is_asleep)
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
