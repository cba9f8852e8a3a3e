"""Has a worker send what is due: starts the workflow that does, for each tenant that has something.

A tenant's messages are sent by one workflow at a time, whose id is the tenant's. So it does not matter how many
processes look, or how often; and what is queued while the workflow service is away is found when it is back.
"""

import logging
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from resolvers.context import RequestContext
from resolvers.events.loops import Loop, pause
from resolvers.session import Database
from resolvers.workflow_service import WorkflowService
from subgraphs.notifications.domain.deliveries import CLAIM_LIFETIME

__all__ = ["Dispatcher"]

_log = logging.getLogger("subgraphs.notifications.dispatcher")

WORKFLOW_TYPE: Final = "NotificationDelivery"
_EVERY_S: Final = 2.0
_AWAY_S: Final = 15.0
_START_S: Final = 5.0
_MOST: Final = 200

# Before a tenant is known: the function runs as the owner of the tables and tells ids alone.
_DUE: Final = text("select tenant_id from notifications.due_tenants(:lost_after, :most)")


class Dispatcher(Loop):
    """One per process.

    Args:
        service: starts workflows.
        every_s: between two looks.
    """

    def __init__(self, service: WorkflowService, *, every_s: float = _EVERY_S) -> None:
        super().__init__()
        self._service = service
        self._every_s = every_s

    def begin(self, database: Database) -> None:
        """Looks from now on, if there is a workflow service at all."""
        if self._service.is_configured:
            super().begin(database)

    async def dispatch(self, database: Database) -> int:
        """Has what is due sent, and says of how many tenants.

        Raises:
            TimeoutError, RuntimeError, OSError, temporalio.service.RPCError: the workflow service does not answer.
            sqlalchemy.exc.SQLAlchemyError: nor does the database.
        """
        async with database.session(RequestContext.system(None)) as session:
            found = await session.rows(_DUE, {"lost_after": CLAIM_LIFETIME, "most": _MOST})
        for row in found:
            tenant = str(row.tenant_id)
            given: dict[str, Any] = {"tenant": tenant}
            await self._service.start_again(row.tenant_id, WORKFLOW_TYPE, f"{tenant}:notifications", given, _START_S)
        return len(found)

    async def _forever(self, database: Database) -> None:
        from temporalio.service import RPCError  # noqa: PLC0415 - a heavy import

        while True:
            wait_s = self._every_s
            try:
                await self.dispatch(database)
            except (RPCError, RuntimeError, SQLAlchemyError, OSError) as error:
                wait_s = _AWAY_S
                _log.warning("messages that are due are not sent now: %s", error or type(error).__name__)
            await pause(wait_s)
