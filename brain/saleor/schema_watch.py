"""Follows the schema of the Saleor that runs: asked for now and then, composed, and served without a restart.

A Saleor that is down changes nothing: what is served has its last known schema. One whose schema does not fit is
reported, and what is served stays.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Literal

from brain.saleor.schema_store import CannotCompose, StoredSource, normal
from router import InvalidCompositionConfig, introspect

__all__ = ["SchemaState", "SchemaWatch"]

SchemaState = Literal["up", "down", "refused", "unknown"]
"""Whether the schema that runs is served: it is; nobody tells; it does not fit; nobody was asked yet."""

_ASK_WITHIN_S = 10.0
_START_WITHIN_S = 45.0
_FIRST_PAUSE_S = 0.5

_log = logging.getLogger("brain.saleor")


class SchemaWatch:
    """Looks after one address.

    Args:
        url: where the schema is told.
        source: what was known before, what is served, and where the new is kept.
        switch: serves another supergraph from now on; False if it is refused.
        poll_s: pause between two looks.

    Attributes:
        state: what came of the last look.
        reason: why, unless it is up; for the log and for operators.
    """

    def __init__(
        self,
        url: str,
        source: StoredSource,
        switch: Callable[[str], Awaitable[bool]],
        *,
        poll_s: float,
    ) -> None:
        self._url = url
        self._source = source
        self._store = source.store
        self._switch = switch
        self._refused = ("", "")
        self._seen = asyncio.Event()
        self._poll_s = poll_s
        self.state: SchemaState = "unknown"
        self.reason = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look as long as the block runs; it begins once the first look is over, or has taken too long."""
        task = asyncio.create_task(self._look_on())
        first = asyncio.create_task(self._seen.wait())
        try:
            await asyncio.wait({first, task}, timeout=_START_WITHIN_S, return_when=asyncio.FIRST_COMPLETED)
            yield
        finally:
            for each in (task, first):
                each.cancel()
            await asyncio.wait({task, first})

    async def _look_on(self) -> None:
        pause_s = _FIRST_PAUSE_S
        while True:
            try:
                await self.look()
            except Exception:  # noqa: BLE001 - whatever it is, the next look may fare better
                _log.exception("the schema of Saleor was not looked at")
                self._tell("down", "see the log")
            pause_s = self._poll_s if self.state == "up" else min(2 * pause_s, self._poll_s)
            await asyncio.sleep(pause_s)

    async def look(self) -> None:
        """Ask for the schema, and serve it if it is another one and fits."""
        try:
            sdl = await asyncio.to_thread(
                introspect, self._url, generation="federation-1", where="saleor", timeout_s=_ASK_WITHIN_S
            )
        except InvalidCompositionConfig as error:
            known = self._store.sdl()
            if known is not None:  # our own may have changed since
                await self._serve(known)
            self._tell("down", str(error))
            return
        refusal = await self._serve(normal(sdl))
        self._tell("refused" if refusal else "up", refusal)

    async def _serve(self, sdl: str) -> str:
        """Serve the schema unless it is served, or was refused before; returns why it is not."""
        stamp = await asyncio.to_thread(self._store.stamp, sdl)
        if stamp == self._source.stamp:
            return ""
        if stamp == self._refused[0]:
            return self._refused[1]
        try:
            supergraph = await self._store.compose(sdl)
        except CannotCompose as error:
            self._refused = stamp, f"it does not fit the platform's own: {error}"
            return self._refused[1]
        if not await self._switch(supergraph):
            self._refused = stamp, "the router refuses what was composed with it"
            return self._refused[1]
        self._source.stamp = stamp
        _log.info("Saleor's schema is served", extra={"fields": {"stamp": stamp[:12], "bytes": len(sdl)}})
        try:
            await asyncio.to_thread(self._store.keep, sdl, supergraph)
        except OSError as error:
            _log.warning("Saleor's schema is not kept: after a start without it the last known one is older: %s", error)
        return ""

    def _tell(self, state: SchemaState, reason: str) -> None:
        """Note what came of a look; say it once."""
        if (state, reason) != (self.state, self.reason) and state != "up":
            level = logging.ERROR if state == "refused" else logging.WARNING
            _log.log(level, "Saleor's schema", extra={"fields": {"state": state, "reason": reason}})
        self.state, self.reason = state, reason
        self._seen.set()
