"""Webhooks of the shops: each is sent until it was taken, in order per shop, signed as Saleor signs.

What is to be sent lies in the outbox, written with the order. A shop's own secret signs the body: `Saleor-Signature` is
its HMAC-SHA-256 in hexadecimal digits, as with a Saleor's webhook that has a `secretKey`. As Saleor does, it gives up
after some tries; a process that starts begins to count anew.
"""

import asyncio
import hashlib
import hmac
import json
import logging
from collections.abc import Mapping
from contextlib import suppress
from typing import Final
from uuid import UUID

import aiohttp
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import SQLAlchemyError

from resolvers.context import RequestContext
from resolvers.events.loops import is_cancelled
from resolvers.events.tables import EVENTS
from resolvers.session import Database, TransactionFailed
from subgraphs.saleor.repository import catalogue

__all__ = ["Webhooks", "signature"]

_log = logging.getLogger("subgraphs.saleor.webhooks")

_outbox: Final = EVENTS.outbox
_WAITING: Final = text("select tenant_id from events_waiting('')")
_LOCK: Final = text("select pg_try_advisory_xact_lock(hashtextextended(:key, 0))")
_EVENT_NAMES: Final = {"saleor.order_created": "order_created"}
_TRIES: Final = 8
_TIMEOUT_S: Final = 10.0


def signature(body: bytes, secret: str) -> str:
    """What `Saleor-Signature` holds."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


class Webhooks:
    """Sends the webhooks of all shops.

    Args:
        url: where to, `{tenant}` for the id of the shop's tenant.
        first_pause_s: after the first failure; each next pause of a shop is twice as long, a minute at most.
        poll_s: between two looks, if nobody of this process has ordered.
    """

    def __init__(self, database: Database, url: str, *, first_pause_s: float = 0.5, poll_s: float = 2.0) -> None:
        self._database = database
        self._url = url
        self._first_pause_s = first_pause_s
        self._poll_s = poll_s
        self._failures: dict[UUID, int] = {}
        self._not_before: dict[UUID, float] = {}
        self._task: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Sends from now on."""
        self._task = asyncio.create_task(self._forever())

    async def end(self) -> None:
        """Stops."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _forever(self) -> None:
        timeout = aiohttp.ClientTimeout(total=_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as client:
            while True:
                self._database.published.clear()
                try:
                    await self._round(client)
                except (SQLAlchemyError, TransactionFailed, OSError) as error:
                    _log.warning("webhooks cannot be sent: %s", error)
                    if is_cancelled():
                        return
                pause_s = min([self._poll_s, *(self._in_s(tenant) for tenant in self._not_before)])
                with suppress(TimeoutError):
                    async with asyncio.timeout(max(0.01, pause_s)):
                        await self._database.published.wait()

    async def _round(self, client: aiohttp.ClientSession) -> None:
        async with self._database.session(RequestContext.system(None)) as session:
            tenants = [row.tenant_id for row in await session.rows(_WAITING)]
        for tenant_id in tenants:
            if self._in_s(tenant_id) <= 0:
                self._not_before.pop(tenant_id, None)
                while await self._send_next(client, tenant_id):
                    pass

    async def _send_next(self, client: aiohttp.ClientSession, tenant_id: UUID) -> bool:
        """Sends the oldest webhook of a shop, and says whether to go on with the next."""
        async with self._database.session(RequestContext.system(tenant_id)) as session:
            if not await session.scalar(_LOCK, {"key": f"webhooks/{tenant_id}"}):
                return False
            waiting = select(_outbox).where(_outbox.c.confirmed_at.is_(None)).order_by(_outbox.c.position).limit(1)
            row = await session.row(waiting)
            if row is None:
                return False
            shop = await catalogue.shop(session)
            assert shop is not None
            event = _EVENT_NAMES[row.name]
            taken = await self._post(client, tenant_id, event, row.data["payload"], shop.webhook_secret)
            if not taken and not self._give_up(tenant_id, row.id):
                return False
            done = update(_outbox).where(_outbox.c.position == row.position).values(confirmed_at=func.now())
            await session.execute(done)
        self._failures.pop(row.id, None)
        return True

    async def _post(
        self, client: aiohttp.ClientSession, tenant_id: UUID, event: str, payload: Mapping[str, object], secret: str
    ) -> bool:
        body = json.dumps(payload).encode()
        headers = {
            "content-type": "application/json",
            "saleor-event": event,
            "saleor-signature": signature(body, secret),
        }
        try:
            async with client.post(self._url.replace("{tenant}", str(tenant_id)), data=body, headers=headers) as reply:
                if reply.ok:
                    return True
                _log.warning("a webhook %s was answered with status %d", event, reply.status)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            _log.warning("a webhook %s was not taken: %s: %s", event, type(error).__name__, error)
        return False

    def _give_up(self, tenant_id: UUID, event_id: UUID) -> bool:
        """Notes a failure, and says whether it was the last."""
        failures = self._failures[event_id] = self._failures.get(event_id, 0) + 1
        if failures >= _TRIES:
            _log.error("a webhook is given up after %d tries: event %s", failures, event_id)
            return True
        pause_s = min(60.0, self._first_pause_s * 2 ** (failures - 1))
        self._not_before[tenant_id] = asyncio.get_running_loop().time() + pause_s
        return False

    def _in_s(self, tenant_id: UUID) -> float:
        return self._not_before.get(tenant_id, 0.0) - asyncio.get_running_loop().time()
