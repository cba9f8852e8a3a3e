"""Forgets what is too old, tenant by tenant, once a day each. Any number of processes may do so."""

import logging
from datetime import UTC, datetime, timedelta
from typing import Final

from resolvers.events.loops import TROUBLE, Loop, pause
from resolvers.session import Database
from subgraphs.analytics.domain.ages import Ages
from subgraphs.analytics.repository.pruning import prune, tenants_to_prune

__all__ = ["Sweeper"]

_log = logging.getLogger("subgraphs.analytics.sweeper")

_EVERY_S: Final = 900.0
_AGAIN_AFTER: Final = timedelta(days=1)
_MOST: Final = 200


class Sweeper(Loop):
    """One per process.

    Args:
        ages: how long what is kept.
        every_s: between two looks.
    """

    def __init__(self, ages: Ages, *, every_s: float = _EVERY_S) -> None:
        super().__init__()
        self._ages = ages
        self._every_s = every_s

    async def sweep(self, database: Database, now: datetime | None = None) -> int:
        """Looks after the tenants whose turn it is, and says how many that were.

        Args:
            now: in UTC.
        """
        moment = datetime.now(UTC) if now is None else now
        found = await tenants_to_prune(database, moment - _AGAIN_AFTER, _MOST)
        for tenant_id in found:
            forgotten = await prune(database, tenant_id, self._ages, moment)
            if forgotten:
                _log.info("forgot %d events of tenant %s", forgotten, tenant_id)
        return len(found)

    async def _forever(self, database: Database) -> None:
        while True:
            # Not at once: whoever has just been started has more urgent things to do.
            await pause(self._every_s)
            try:
                while await self.sweep(database) == _MOST:
                    pass
            except TROUBLE as error:
                _log.warning("what is too old could not be forgotten: %s", error)
