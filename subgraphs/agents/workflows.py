"""The workflow service, as this context needs it: runs are started, decided and cancelled by name, with JSON.

The workflow runs elsewhere and is the judge of every decision; both sides know names and JSON only. temporalio is
imported when it is first needed: most of what this context does needs no workflow service.
"""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from resolvers.errors import DomainError
from resolvers.workflow_service import TASK_QUEUE, TemporalSettings, WorkflowService, WorkflowServiceMissing, marked
from subgraphs.agents.domain.actions import Decision
from subgraphs.agents.domain.errors import (
    ActionNotFound,
    AlreadyDecided,
    ArgumentsChanged,
    DecisionRefused,
    InvalidValue,
    NotYourOwnMoney,
    TemporalUnavailable,
    WorkflowNotFound,
)
from subgraphs.agents.domain.runs import Run
from subgraphs.agents.domain.schedules import Schedule, key_prefix
from subgraphs.agents.domain.values import workflow_id_of

__all__ = ["TASK_QUEUE", "WORKFLOW_TYPE", "Actor", "TemporalSettings", "Workflows", "run_input", "workflow_id"]

_log = logging.getLogger("subgraphs.agents.workflows")

WORKFLOW_TYPE: Final = "AgentRun"
SCHEDULED_TYPE: Final = "ScheduledRun"
CONNECTION_TYPE: Final = "ConnectionCheck"
_TIMEOUT_S: Final = 5.0
_CHECK_S: Final = 10.0
_CHECK_EVERY: Final = timedelta(hours=6)
_CHECK_SPREAD: Final = timedelta(hours=1)
"""So that not all tenants' connections are tried in the same minute."""

_OBJECTIONS: Final[dict[str, type[DomainError]]] = {
    "UNKNOWN_ACTION": ActionNotFound,
    "ALREADY_DECIDED": AlreadyDecided,
    "ARGUMENTS_CHANGED": ArgumentsChanged,
    "SELF_APPROVAL": NotYourOwnMoney,
}
"""What the workflow's validator says, as what this context calls it; anything else is DECISION_REFUSED."""

Actor = dict[str, Any]
"""Who decides or cancels: `user_id`, `roles`, `scopes`."""


def workflow_id(tenant_id: UUID, run: Run) -> str:
    """Under which the run's workflow is started; starting it twice starts it once."""
    return workflow_id_of(tenant_id, run.crew, run.key)


def run_input(tenant_id: UUID, run: Run) -> dict[str, Any]:
    """What the workflow `AgentRun` is started with."""
    return {
        "tenant": str(tenant_id),
        "run_id": str(run.id),
        "crew": run.crew,
        "catalogue_version": run.catalogue_version,
        "field": run.field,
        "arguments": run.arguments,
        "requested_by": None if run.requested_by is None else str(run.requested_by),
        "scopes": list(run.scopes),
        "risk": run.risk.name,
        "dry_run": run.dry_run,
        "approval_timeout_s": run.approval_timeout_s,
        "budget_micros": run.budget_micros,
        "answered_for_by": None if run.answered_for_by is None else str(run.answered_for_by),
    }


def _schedule_id(tenant_id: UUID, schedule_id: UUID) -> str:
    return f"{tenant_id}:{schedule_id}"


def _checks_id(tenant_id: UUID, integration: str) -> str:
    return f"{tenant_id}:connection:{integration}"


class Workflows:
    """The workflows of runs.

    Each method raises `TemporalUnavailable` if the service does not answer within seconds.

    Args:
        settings: where it is.
    """

    def __init__(self, settings: TemporalSettings) -> None:
        self._service = WorkflowService(settings)

    @property
    def is_configured(self) -> bool:
        """Whether there is a workflow service at all."""
        return self._service.is_configured

    async def start(self, tenant_id: UUID, run: Run) -> None:
        """Starts the run's workflow, unless it was started before."""
        from temporalio.common import (  # noqa: PLC0415 - a heavy import
            Priority,
            WorkflowIDConflictPolicy,
            WorkflowIDReusePolicy,
        )
        from temporalio.exceptions import WorkflowAlreadyStartedError  # noqa: PLC0415

        async with self._asked() as client:
            # Started before, it may have ended since.
            with suppress(WorkflowAlreadyStartedError):
                await client.start_workflow(
                    WORKFLOW_TYPE,
                    run_input(tenant_id, run),
                    id=workflow_id(tenant_id, run),
                    task_queue=TASK_QUEUE,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    search_attributes=marked(tenant_id),
                    # Where tasks queue up, tenants get their turns one after another.
                    priority=Priority(fairness_key=str(tenant_id)),
                    rpc_timeout=timedelta(seconds=_TIMEOUT_S),
                )

    async def decide(self, tenant_id: UUID, run: Run, index: int, decision: Decision, actor: Actor) -> None:
        """Has the workflow hold a decision; returns when it is written down.

        Raises:
            ActionNotFound, AlreadyDecided, ArgumentsChanged, NotYourOwnMoney, DecisionRefused: the workflow objects.
            WorkflowNotFound: none is running for the run.
        """
        from temporalio.client import WorkflowUpdateFailedError  # noqa: PLC0415 - a heavy import
        from temporalio.exceptions import ApplicationError  # noqa: PLC0415

        payload = {
            "index": index,
            "kind": decision.kind.name,
            "arguments_hash": decision.arguments_hash,
            "edited_arguments": decision.edited_arguments,
            "note": decision.note,
            "actor": actor,
        }
        async with self._asked() as client:
            try:
                handle = client.get_workflow_handle(workflow_id(tenant_id, run))
                await handle.execute_update("decide", payload, rpc_timeout=timedelta(seconds=_TIMEOUT_S))
            except WorkflowUpdateFailedError as error:
                cause = error.cause
                code = cause.type if isinstance(cause, ApplicationError) else None
                message = cause.message if isinstance(cause, ApplicationError) else None
                raise _OBJECTIONS.get(code or "", DecisionRefused)(message) from error

    async def cancel(self, tenant_id: UUID, run: Run, actor: Actor) -> None:
        """Asks the run's workflow to stop; it does so when nothing is half done.

        Raises:
            WorkflowNotFound: none is running for the run.
        """
        async with self._asked() as client:
            handle = client.get_workflow_handle(workflow_id(tenant_id, run))
            await handle.signal("cancel", actor, rpc_timeout=timedelta(seconds=_TIMEOUT_S))

    async def put_schedule(self, tenant_id: UUID, schedule: Schedule) -> None:
        """Has the service start `ScheduledRun` at the schedule's times; what it knew of the schedule is replaced.

        Each start has the moment in its id, so that the run it opens is opened once. A moment that was missed while the
        service was away is made up for within ten minutes; a run that is still under way keeps no other from starting.

        Raises:
            InvalidValue: it does not understand the times.
        """
        from temporalio.client import (  # noqa: PLC0415 - a heavy import
            Schedule as TemporalSchedule,
        )
        from temporalio.client import (  # noqa: PLC0415
            ScheduleActionStartWorkflow,
            ScheduleAlreadyRunningError,
            ScheduleOverlapPolicy,
            SchedulePolicy,
            ScheduleSpec,
            ScheduleState,
            ScheduleUpdate,
            ScheduleUpdateInput,
        )
        from temporalio.common import Priority  # noqa: PLC0415
        from temporalio.service import RPCError, RPCStatusCode  # noqa: PLC0415

        wanted = TemporalSchedule(
            action=ScheduleActionStartWorkflow(
                SCHEDULED_TYPE,
                {"tenant": str(tenant_id), "schedule_id": str(schedule.id), "crew": schedule.crew},
                id=f"{tenant_id}:{key_prefix(schedule.id)}",
                task_queue=TASK_QUEUE,
                typed_search_attributes=marked(tenant_id),
                priority=Priority(fairness_key=str(tenant_id)),
            ),
            spec=ScheduleSpec(cron_expressions=[schedule.cron], time_zone_name=schedule.time_zone),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.ALLOW_ALL, catchup_window=timedelta(minutes=10)),
            state=ScheduleState(paused=not schedule.enabled),
        )

        def replaced(_: ScheduleUpdateInput) -> ScheduleUpdate:
            return ScheduleUpdate(schedule=wanted)

        timeout = timedelta(seconds=_TIMEOUT_S)
        async with self._asked() as client:
            try:
                await client.create_schedule(
                    _schedule_id(tenant_id, schedule.id), wanted, rpc_timeout=timeout,
                    search_attributes=marked(tenant_id),
                )  # fmt: skip
            except ScheduleAlreadyRunningError:
                handle = client.get_schedule_handle(_schedule_id(tenant_id, schedule.id))
                await handle.update(replaced, rpc_timeout=timeout)
            except RPCError as error:
                if error.status is RPCStatusCode.INVALID_ARGUMENT:
                    raise InvalidValue("cron", "is not understood") from error
                raise

    async def drop_schedule(self, tenant_id: UUID, schedule_id: UUID) -> None:
        """Has the service forget a schedule, if it knows it."""
        with suppress(WorkflowNotFound):
            async with self._asked() as client:
                handle = client.get_schedule_handle(_schedule_id(tenant_id, schedule_id))
                await handle.delete(rpc_timeout=timedelta(seconds=_TIMEOUT_S))

    async def check_connection(self, tenant_id: UUID, integration: str) -> bool:
        """Has a worker try the tenant's connection to an integration, now and with the credentials of now.

        Returns:
            Whether it has been tried, and what came of it written down, within some seconds.
        """
        from temporalio.client import WorkflowFailureError  # noqa: PLC0415 - a heavy import
        from temporalio.common import Priority, WorkflowIDConflictPolicy  # noqa: PLC0415
        from temporalio.service import RPCError  # noqa: PLC0415

        async with self._asked() as client:
            handle = await client.start_workflow(
                CONNECTION_TYPE,
                {"tenant": str(tenant_id), "integration": integration},
                id=f"{tenant_id}:connection-now:{integration}",
                task_queue=TASK_QUEUE,
                # One that is under way may have begun with other credentials.
                id_conflict_policy=WorkflowIDConflictPolicy.TERMINATE_EXISTING,
                search_attributes=marked(tenant_id),
                priority=Priority(fairness_key=str(tenant_id)),
                rpc_timeout=timedelta(seconds=_TIMEOUT_S),
            )
        try:
            async with asyncio.timeout(_CHECK_S):
                await handle.result()
        except (TimeoutError, WorkflowFailureError, RPCError) as error:
            _log.info("%s is not checked yet: %s", integration, error or type(error).__name__)
            return False
        return True

    async def put_connection_checks(self, tenant_id: UUID, integration: str) -> None:
        """Has a worker try the tenant's connection to an integration every few hours from now on."""
        from temporalio.client import (  # noqa: PLC0415 - a heavy import
            Schedule as TemporalSchedule,
        )
        from temporalio.client import (  # noqa: PLC0415
            ScheduleActionStartWorkflow,
            ScheduleAlreadyRunningError,
            ScheduleIntervalSpec,
            ScheduleSpec,
        )
        from temporalio.common import Priority  # noqa: PLC0415

        checks = TemporalSchedule(
            action=ScheduleActionStartWorkflow(
                CONNECTION_TYPE,
                {"tenant": str(tenant_id), "integration": integration},
                id=f"{tenant_id}:connection:{integration}",
                task_queue=TASK_QUEUE,
                typed_search_attributes=marked(tenant_id),
                priority=Priority(fairness_key=str(tenant_id)),
            ),
            spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=_CHECK_EVERY)], jitter=_CHECK_SPREAD),
        )
        async with self._asked() as client:
            with suppress(ScheduleAlreadyRunningError):
                await client.create_schedule(
                    _checks_id(tenant_id, integration),
                    checks,
                    rpc_timeout=timedelta(seconds=_TIMEOUT_S),
                    search_attributes=marked(tenant_id),
                )

    async def drop_connection_checks(self, tenant_id: UUID, integration: str) -> None:
        """Has nobody try the connection any more."""
        with suppress(WorkflowNotFound):
            async with self._asked() as client:
                handle = client.get_schedule_handle(_checks_id(tenant_id, integration))
                await handle.delete(rpc_timeout=timedelta(seconds=_TIMEOUT_S))

    @asynccontextmanager
    async def _asked(self) -> AsyncIterator[Any]:
        """The client; what goes wrong with the service inside the block becomes an error of the domain."""
        from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError  # noqa: PLC0415 - a heavy import
        from temporalio.service import RPCError, RPCStatusCode  # noqa: PLC0415

        try:
            async with asyncio.timeout(_TIMEOUT_S + 1):
                yield await self._service.client()
        except WorkflowServiceMissing as error:
            raise TemporalUnavailable(str(error)) from error
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                raise WorkflowNotFound from error
            _log.warning("the workflow service refuses: %s", error)
            raise TemporalUnavailable from error
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError, OSError, RuntimeError) as error:
            _log.warning("the workflow service does not answer: %s", error or type(error).__name__)
            raise TemporalUnavailable from error
