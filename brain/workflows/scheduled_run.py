"""A moment of a schedule: has the run that is due opened, and starts it.

The moment is part of this workflow's id, and so of the run's key: however often this is done, there is one run. It ends
when the run has begun; the run itself is nobody's child.
"""

from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from brain.workflows.messages import AGENT_RUN, RUNS_QUEUE
from brain.workflows.schedule_messages import SCHEDULED_RUN, DueMoment, OpenedRun, ScheduledInput

__all__ = ["ScheduledRunWorkflow"]

# For a day: then the moment is long past, and the next one counts.
_OPENING: Final = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=60))
_PAST: Final = timedelta(days=1)


@workflow.defn(name=SCHEDULED_RUN)
class ScheduledRunWorkflow:
    """See the module. Started by the schedule, under `{tenant}:schedule:{schedule_id}-{moment}`."""

    @workflow.run
    async def run(self, due: ScheduledInput) -> OpenedRun:
        """Open and start.

        Returns:
            What was opened, or why nothing was.
        """
        key = workflow.info().workflow_id.partition(":")[2]
        opened: OpenedRun = await workflow.execute_activity(
            "open_scheduled_run",
            DueMoment(due.tenant, due.schedule_id, due.crew, key),
            result_type=OpenedRun,
            start_to_close_timeout=timedelta(seconds=30),
            schedule_to_close_timeout=_PAST,
            retry_policy=_OPENING,
        )
        if opened.workflow_id is not None and opened.workflow_input is not None:
            try:
                await workflow.start_child_workflow(
                    AGENT_RUN,
                    opened.workflow_input,
                    id=opened.workflow_id,
                    task_queue=RUNS_QUEUE,
                    parent_close_policy=workflow.ParentClosePolicy.ABANDON,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    search_attributes=workflow.info().typed_search_attributes,
                    priority=Priority(fairness_key=due.tenant),
                )
            except WorkflowAlreadyStartedError:
                workflow.logger.info("somebody else has started %s", opened.workflow_id)
        return opened
