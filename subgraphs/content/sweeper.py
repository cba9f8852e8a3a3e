"""Publishes and takes back pages when they are due. Any number of processes may do so: each tenant's turn is locked."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from resolvers.context import RequestContext
from resolvers.session import Database, TransactionFailed

__all__ = ["sweep_forever", "sweep_once"]

EVERY_S: Final = 15.0
_DUE: Final = text("select tenant_id from tenants_due() order by tenant_id")

_log = logging.getLogger("subgraphs.content.sweeper")


async def sweep_forever(database: Database, publish_due: Callable[[UUID], Awaitable[None]]) -> None:
    """Looks every 15 s until it is cancelled. Where nothing is due, that is one statement and no Wagtail."""
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            await sweep_once(database, publish_due)
        except (SQLAlchemyError, OSError, TransactionFailed) as error:
            _log.warning("nobody could be asked what is due: %s", error)


async def sweep_once(database: Database, publish_due: Callable[[UUID], Awaitable[None]]) -> int:
    """Does what is due now, tenant by tenant, and says for how many."""
    async with database.session(RequestContext.system(None)) as session:
        tenants = [row.tenant_id for row in await session.rows(_DUE)]
    for tenant_id in tenants:
        try:
            await publish_due(tenant_id)
        except Exception:  # noqa: BLE001 - one tenant's pages must not hold up those of others
            _log.exception("what is due for tenant %s could not be published", tenant_id)
        else:
            await database.ring()
    return len(tenants)
