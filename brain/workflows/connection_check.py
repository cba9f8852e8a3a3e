"""A connection is tried: a tenant's, to an integration, when its credentials change and every few hours.

The subgraph `agents` starts it by name, with equal JSON, and keeps the schedule.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy

__all__ = ["CONNECTION_CHECK", "ConnectionCheckWorkflow", "ConnectionInput"]

CONNECTION_CHECK: Final = "ConnectionCheck"
"""Name of the workflow's type."""

# A provider that does not answer for so long is told of as it is; the next check comes in hours.
_TRYING: Final = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=2))
_IN_ALL: Final = timedelta(hours=1)
_ONCE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class ConnectionInput:
    """Whose connection to what."""

    tenant: str
    integration: str


@workflow.defn(name=CONNECTION_CHECK)
class ConnectionCheckWorkflow:
    """See the module."""

    @workflow.run
    async def run(self, wanted: ConnectionInput) -> str:
        """Try it and have it written down.

        Returns:
            CONNECTED, MISSING_CREDENTIALS or FAILED.
        """
        state: str = await workflow.execute_activity(
            "check_connection",
            wanted,
            result_type=str,
            start_to_close_timeout=_ONCE,
            schedule_to_close_timeout=_IN_ALL,
            retry_policy=_TRYING,
        )
        return state
