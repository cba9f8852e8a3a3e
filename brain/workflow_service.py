"""Temporal, as the Brain needs it: start a run's workflow, and wait until it has ended or needs a person."""

import asyncio
import logging
import time
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from brain.workflows.messages import AGENT_RUN, RUNS_QUEUE
from turns import Turns

if TYPE_CHECKING:
    from temporalio.client import Client

__all__ = ["WorkflowService", "WorkflowsUnavailable"]

_log = logging.getLogger("brain.workflow_service")

_START_S: Final = 3.0
_AWAY_S: Final = 2.0
"""Whoever asks within so long after Temporal did not answer is told so at once."""
_AT_ONCE: Final = 16
"""Starts that Temporal is asked for at a time. More would wait in it, without turns, and miss `_START_S`."""
_PATIENCE_S: Final = 10.0
_MOST: Final = 2000
"""So many starts may wait; what is beyond is left to whoever looks for runs that were left."""


class WorkflowsUnavailable(Exception):
    """Temporal does not answer."""


class WorkflowService:
    """One for the life of the Brain. temporalio takes most of a second to load: `warm_up` does it beforehand.

    Args:
        address: `host:port`.
        namespace: ours in it.
    """

    def __init__(self, address: str, namespace: str) -> None:
        self._address = address
        self._namespace = namespace
        self._client: Client | None = None
        self._connecting = asyncio.Lock()
        self._away_until = 0.0
        self._settling: dict[str, asyncio.Task[None]] = {}
        self._starting: dict[str, asyncio.Task[None]] = {}
        self._turns = Turns(_AT_ONCE)

    @property
    def is_starting(self) -> bool:
        """Whether a workflow is yet to be started that `begin` was asked for."""
        return bool(self._starting)

    async def warm_up(self) -> None:
        """Connect, if Temporal is there; if not, the first who needs it tries again."""
        try:
            await self._connected()
        except WorkflowsUnavailable as error:
            _log.warning("%s", error)

    def begin(self, workflow_id: str, run_input: Mapping[str, Any], calm: asyncio.Event | None = None) -> None:
        """Have a run's workflow started soon, tenants in turns. Whoever asked for the run does not wait for it.

        What comes of it nobody is told: a run whose workflow could not be started stays queued, and is found and
        started later by who looks for such runs.

        Args:
            calm: is set when there is nothing more urgent to do; it is waited for, but not for long.
        """
        if workflow_id not in self._starting and len(self._starting) < _MOST:
            task = self._starting[workflow_id] = asyncio.create_task(self._begin(workflow_id, run_input, calm))
            task.add_done_callback(lambda _: self._starting.pop(workflow_id, None))

    async def start(self, workflow_id: str, run_input: Mapping[str, Any]) -> None:
        """Start a run's workflow; started before, it is not started again.

        Raises:
            WorkflowsUnavailable: see the class.
        """
        from temporalio.common import (  # noqa: PLC0415 - see the class
            Priority,
            SearchAttributeKey,
            SearchAttributePair,
            TypedSearchAttributes,
            WorkflowIDConflictPolicy,
            WorkflowIDReusePolicy,
        )
        from temporalio.exceptions import WorkflowAlreadyStartedError  # noqa: PLC0415
        from temporalio.service import RPCError  # noqa: PLC0415

        tenant = str(run_input["tenant"])
        attributes = [SearchAttributePair(SearchAttributeKey.for_keyword("TenantId"), tenant)]
        client = await self._connected()
        try:
            async with asyncio.timeout(_START_S):
                await client.start_workflow(
                    AGENT_RUN,
                    dict(run_input),
                    id=workflow_id,
                    task_queue=RUNS_QUEUE,
                    id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    search_attributes=TypedSearchAttributes(attributes),
                    # Where tasks queue up, tenants get their turns one after another.
                    priority=Priority(fairness_key=tenant),
                )
        except WorkflowAlreadyStartedError:
            return  # and ended since
        except (RPCError, TimeoutError, RuntimeError) as error:
            raise self._away(error) from error

    async def settled(self, workflow_id: str, wait_s: float) -> None:
        """Return once the run has ended or waits for a person, or after `wait_s` seconds. Never raises for Temporal."""
        task = self._settling.get(workflow_id)
        if task is None:  # who waits for the same run waits together: a workflow takes few updates at a time
            task = self._settling[workflow_id] = asyncio.create_task(self._settle(workflow_id))
            task.add_done_callback(lambda _: self._settling.pop(workflow_id, None))
        await asyncio.wait([task], timeout=wait_s)

    async def close(self) -> None:
        """Start what is being started, if that is soon done, and stop waiting."""
        if self._starting:
            await asyncio.wait(list(self._starting.values()), timeout=_START_S)
        for task in (*self._starting.values(), *self._settling.values()):
            task.cancel()

    async def _begin(self, workflow_id: str, run_input: Mapping[str, Any], calm: asyncio.Event | None) -> None:
        if calm is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(calm.wait(), _PATIENCE_S)
        async with self._turns.of(run_input["tenant"]):
            try:
                await self.start(workflow_id, run_input)
            except WorkflowsUnavailable as error:
                fields = {"tenant": run_input["tenant"], "run": run_input["run_id"]}
                _log.warning("run %s stays queued: %s", run_input["run_id"], error, extra={"fields": fields})

    async def _settle(self, workflow_id: str) -> None:
        from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError  # noqa: PLC0415
        from temporalio.service import RPCError  # noqa: PLC0415

        starting = self._starting.get(workflow_id)
        if starting is not None:
            await asyncio.wait([starting])
        try:
            client = await self._connected()
            async with asyncio.timeout(60):
                await client.get_workflow_handle(workflow_id).execute_update("settled")
        except (RPCError, WorkflowUpdateRPCTimeoutOrCancelledError, TimeoutError, WorkflowsUnavailable) as error:
            _log.debug("does not wait for %s: %s", workflow_id, error)  # ended already, or nobody works

    async def _connected(self) -> "Client":
        if self._client is not None and time.monotonic() >= self._away_until:
            return self._client
        if time.monotonic() < self._away_until:
            raise WorkflowsUnavailable(f"Temporal at {self._address} does not answer.")
        from temporalio.client import Client  # noqa: PLC0415 - see the class
        from temporalio.service import RPCError  # noqa: PLC0415

        async with self._connecting:
            if self._client is None:
                try:
                    async with asyncio.timeout(_START_S):
                        self._client = await Client.connect(self._address, namespace=self._namespace, identity="brain")
                except (RuntimeError, RPCError, TimeoutError) as error:
                    raise self._away(error) from error
            return self._client

    def _away(self, error: BaseException) -> WorkflowsUnavailable:
        self._away_until = time.monotonic() + _AWAY_S
        return WorkflowsUnavailable(f"Temporal at {self._address} does not answer: {error or type(error).__name__}")
