"""Tells others of tasks that become due.

Any number of processes may look: that a task was told of is noted in the transaction that tells of it.
"""

import logging
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from resolvers.context import RequestContext
from resolvers.events.loops import Loop, pause
from resolvers.session import Database, TransactionFailed
from subgraphs.crm.usecases.tasks import NO_LONGER_NEWS, tell_of_due_tasks

__all__ = ["REMIND_EVERY_S", "Reminders"]

_log = logging.getLogger("subgraphs.crm.reminders")

REMIND_EVERY_S: Final = 10.0
_MOST: Final = 200

# Before a tenant is known: the function runs as the owner of the tables and tells ids alone.
_DUE: Final = text("select tenant_id from crm.tenants_with_due_tasks(:since, :most)")


class Reminders(Loop):
    """One per process.

    Args:
        every_s: between two looks.
    """

    def __init__(self, *, every_s: float = REMIND_EVERY_S) -> None:
        super().__init__()
        self._every_s = every_s

    async def remind(self, database: Database) -> int:
        """Tells of what is due, and says of how many tasks.

        Raises:
            sqlalchemy.exc.SQLAlchemyError, OSError: the database does not answer.
        """
        async with database.session(RequestContext.system(None)) as session:
            tenants = await session.rows(_DUE, {"since": NO_LONGER_NEWS, "most": _MOST})
        told = 0
        for row in tenants:
            async with database.session(RequestContext.system(row.tenant_id)) as session:
                told += await tell_of_due_tasks(session)
        return told

    async def _forever(self, database: Database) -> None:
        while True:
            await pause(self._every_s)
            try:
                await self.remind(database)
            except (SQLAlchemyError, TransactionFailed, OSError) as error:
                _log.warning("tasks that are due cannot be looked for: %s", error)
