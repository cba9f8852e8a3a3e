"""The workflow service (Temporal), as contexts reach it: workflows are started by name, with JSON.

temporalio is imported when it is first needed: most of what contexts do needs no workflow service.
"""

import asyncio
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["TASK_QUEUE", "TemporalSettings", "WorkflowService", "WorkflowServiceMissing", "marked"]

TASK_QUEUE: Final = "agent-runs"
"""Of workflows and their light work."""


class WorkflowServiceMissing(Exception):
    """No workflow service is set up."""


class TemporalSettings(BaseSettings):
    """Where the workflow service is.

    Attributes:
        temporal_address: `host:port` (`BRAIN_TEMPORAL_ADDRESS`); without one nothing can be started or decided.
        temporal_namespace: ours in it (`BRAIN_TEMPORAL_NAMESPACE`).
    """

    model_config = SettingsConfigDict(env_prefix="BRAIN_", extra="ignore", frozen=True)

    temporal_address: str | None = None
    temporal_namespace: str = "default"


def marked(tenant_id: UUID) -> Any:
    """What everything of a tenant is found by in the workflow service."""
    from temporalio.common import SearchAttributeKey, SearchAttributePair, TypedSearchAttributes  # noqa: PLC0415

    pair = SearchAttributePair(SearchAttributeKey.for_keyword("TenantId"), str(tenant_id))
    return TypedSearchAttributes([pair])


class WorkflowService:
    """A connection to it, made when it is first needed.

    Args:
        settings: where it is.
    """

    def __init__(self, settings: TemporalSettings) -> None:
        self._settings = settings
        self._client: Any = None
        self._connecting = asyncio.Lock()

    @property
    def is_configured(self) -> bool:
        """Whether there is a workflow service at all."""
        return self._settings.temporal_address is not None

    async def client(self) -> Any:
        """The client.

        Raises:
            WorkflowServiceMissing: none is set up.
            RuntimeError, OSError, temporalio.service.RPCError: it does not answer.
        """
        if self._client is None:
            if self._settings.temporal_address is None:
                raise WorkflowServiceMissing(str(WorkflowServiceMissing.__doc__))
            from temporalio.client import Client  # noqa: PLC0415 - a heavy import

            async with self._connecting:
                if self._client is None:
                    self._client = await Client.connect(
                        self._settings.temporal_address, namespace=self._settings.temporal_namespace
                    )
        return self._client

    async def start_again(self, tenant_id: UUID, kind: str, workflow_id: str, given: Any, timeout_s: float) -> None:
        """Starts a workflow of a tenant's, unless one with this id is under way; one that has ended does not count.

        Raises:
            WorkflowServiceMissing: none is set up.
            TimeoutError, RuntimeError, OSError, temporalio.service.RPCError: it does not answer.
        """
        from temporalio.common import (  # noqa: PLC0415 - a heavy import
            Priority,
            WorkflowIDConflictPolicy,
            WorkflowIDReusePolicy,
        )

        async with asyncio.timeout(timeout_s + 1):
            client = await self.client()
            await client.start_workflow(
                kind,
                given,
                id=workflow_id,
                task_queue=TASK_QUEUE,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                search_attributes=marked(tenant_id),
                # Where work queues up, tenants get their turns one after another.
                priority=Priority(fairness_key=str(tenant_id)),
                rpc_timeout=timedelta(seconds=timeout_s),
            )
