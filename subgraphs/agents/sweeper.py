"""Starts the workflows of runs that were opened and never started: the workflow service was away, or the Brain died.

A run's workflow is started under an id of its own, so it does not matter how many processes sweep, or that the Brain
starts it at the same moment.
"""

import logging
from typing import Final

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from resolvers.context import RequestContext
from resolvers.errors import DomainError
from resolvers.events.loops import Loop, pause
from resolvers.session import Database
from subgraphs.agents.domain.values import RunStatus
from subgraphs.agents.repository import controls, runs
from subgraphs.agents.workflows import Workflows

__all__ = ["Sweeper"]

_log = logging.getLogger("subgraphs.agents.sweeper")

_EVERY_S: Final = 5.0
_AGE_S: Final = 10.0
_MOST: Final = 200

# Before a tenant is known: the function runs as the owner of the tables and tells ids alone.
_UNSTARTED = text("select tenant_id, run_id from agents.unstarted_runs(make_interval(secs => :age), :most)")


class Sweeper(Loop):
    """One per process.

    Args:
        workflows: starts them.
        every_s: between two looks.
        age_s: younger runs are still being started by who opened them.
    """

    def __init__(self, workflows: Workflows, *, every_s: float = _EVERY_S, age_s: float = _AGE_S) -> None:
        super().__init__()
        self._workflows = workflows
        self._every_s = every_s
        self._age_s = age_s

    def begin(self, database: Database) -> None:
        """Sweeps from now on, if there is a workflow service at all."""
        if self._workflows.is_configured:
            super().begin(database)

    async def sweep(self, database: Database) -> int:
        """Starts what is to be started, tenants in turns, and says how many that were.

        Raises:
            TemporalUnavailable: the workflow service does not answer.
            sqlalchemy.exc.SQLAlchemyError: nor does the database.
        """
        async with database.session(RequestContext.system(None)) as session:
            found = await session.rows(_UNSTARTED, {"age": self._age_s, "most": _MOST})
        started = 0
        for row in found:
            async with database.session(RequestContext.system(row.tenant_id)) as session:
                (run,) = await runs.find_runs(session, [row.run_id])
                stopped = (await controls.read_controls(session)).kill_switch
            if run is not None and run.status is RunStatus.QUEUED and not stopped:
                await self._workflows.start(row.tenant_id, run)
                started += 1
        return started

    async def _forever(self, database: Database) -> None:
        while True:
            try:
                started = await self.sweep(database)
                if started:
                    _log.info("started %d runs that had been left", started)
            except DomainError:
                pass  # the workflow service is away, which is logged where it is noticed
            except (SQLAlchemyError, OSError) as error:
                _log.warning("runs that were left cannot be looked for: %s", error)
            await pause(self._every_s)
