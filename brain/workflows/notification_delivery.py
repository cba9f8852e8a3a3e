"""A tenant's messages are sent: as long as there are any that are due.

The subgraph `notifications` starts it by name, with equal JSON, whenever it has some; one at a time for a tenant. What
is to be sent, and what became of it, the subgraph knows: the workflow holds no message, no address and no code.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from temporalio import workflow
from temporalio.common import RetryPolicy

__all__ = ["NOTIFICATION_DELIVERY", "NotificationDeliveryInput", "NotificationDeliveryWorkflow"]

NOTIFICATION_DELIVERY: Final = "NotificationDelivery"
"""Name of the workflow's type."""

_TRYING: Final = RetryPolicy(initial_interval=timedelta(seconds=2), maximum_interval=timedelta(minutes=1))
_IN_ALL: Final = timedelta(minutes=15)
_ONCE: Final = timedelta(minutes=5)
_TURNS: Final = 50
"""After so many turns another workflow goes on: histories stay short."""


@dataclass(frozen=True, slots=True)
class NotificationDeliveryInput:
    """Whose messages."""

    tenant: str


@workflow.defn(name=NOTIFICATION_DELIVERY)
class NotificationDeliveryWorkflow:
    """See the module."""

    @workflow.run
    async def run(self, wanted: NotificationDeliveryInput) -> int:
        """Send what is due.

        Returns:
            How many messages somebody had a look at.
        """
        seen = 0
        for _ in range(_TURNS):
            found: int = await workflow.execute_activity(
                "deliver_notifications",
                wanted,
                result_type=int,
                start_to_close_timeout=_ONCE,
                schedule_to_close_timeout=_IN_ALL,
                retry_policy=_TRYING,
            )
            if not found:
                break
            seen += found
        return seen
