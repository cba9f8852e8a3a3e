"""Several operations of one client over one connection: a WebSocket, or an event stream that serves all of them.

Each operation is a task of its own; all end with the connection. A mutation runs to its end even so.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from router.hooks import RequestContext
from router.server.responses import Rejected, codes_of, substitute
from router.server.streams import OpenOperation
from router.server.traffic.admission import Admission

if TYPE_CHECKING:
    from router.server.app import RouterApp

__all__ = ["Gone", "Multiplex", "too_many_operations"]

WriteMessage = Callable[[str, str, Any], Awaitable[int]]
"""Sends an operation's id, the kind of the message (`next`, `error`, `complete`) and its payload; returns its size.

Raises `Gone`, or TypeError for what is no JSON.
"""

Opening = Callable[[], Awaitable[OpenOperation | None]]
"""Opens an operation; None if it was refused and the client knows. `Rejected` is sent as `error`."""


class Gone(Exception):
    """The client is not there any more."""


class Multiplex:
    """The operations of one connection.

    Args:
        write: sends a message to the client.
        max_operations: at the same time.
    """

    def __init__(self, app: "RouterApp", write: WriteMessage, max_operations: int) -> None:
        self.app = app
        self.max_operations = max_operations
        self._write = write
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._mutations: set[asyncio.Task[None]] = set()

    def __contains__(self, id_: str) -> bool:
        return id_ in self._operations

    @property
    def is_full(self) -> bool:
        return len(self._operations) >= self.max_operations

    def start(self, id_: str, opening: Opening, context: RequestContext) -> None:
        """Run an operation whose id is free."""
        task = asyncio.get_running_loop().create_task(self._operate(id_, opening, context))
        self._operations[id_] = task
        self._running.add(task)
        task.add_done_callback(self._ended)

    def complete(self, id_: str) -> None:
        """End an operation, if there is one with that id: the client wants no more of it."""
        task = self._operations.pop(id_, None)
        if task is not None and task not in self._mutations:  # None: our own `complete` crossed this one
            task.cancel()

    async def stop(self) -> None:
        """End all operations and wait until they have ended."""
        self._operations.clear()
        for task in self._running - self._mutations:
            task.cancel()
        await self.ended()

    async def ended(self) -> None:
        """Wait until no operation runs."""
        while self._running:
            await asyncio.wait(set(self._running))

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._mutations.discard(task)

    async def _operate(self, id_: str, opening: Opening, context: RequestContext) -> None:
        """Run one operation and send what it answers."""
        started = time.perf_counter()
        codes: list[str] = []
        size = 0
        status = 200
        current = asyncio.current_task()
        assert current is not None
        admission: Admission | None = None
        try:
            try:
                if self.app.admission is not None:
                    self.app.admission.enter()
                    admission = self.app.admission
                opened = await opening()
            except Rejected as error:
                status, codes = error.status, codes_of({"errors": error.errors})
                size = await self._answer(id_, "error", error.errors, context)
                return
            if opened is None:
                status = 0
                return
            if opened.operation.type == "mutation":
                self._mutations.add(current)
            if opened.is_subscription and admission is not None:
                admission.leave()
                admission = None
            async with aclosing(opened.responses()) as responses:
                async for response in responses:
                    codes += codes_of(response)
                    size += await self._answer(id_, "next", response, context)
            if self._operations.get(id_) is current:
                del self._operations[id_]  # before it is said: the client may use the id again at once
                await self._write(id_, "complete", None)
        except asyncio.CancelledError:
            status = 499
            raise
        except Gone:
            status = 499
        finally:
            if admission is not None:
                admission.leave()
            if self._operations.get(id_) is current:
                del self._operations[id_]
            if status:
                self.app.finished(context, status=status, started=started, codes=codes, size_bytes=size)

    async def _answer(self, id_: str, kind: str, payload: Any, context: RequestContext) -> int:
        """Send a message of an operation that the client has not ended; returns its size."""
        if self._operations.get(id_) is not asyncio.current_task():
            return 0
        if kind == "error":
            del self._operations[id_]
        try:
            return await self._write(id_, kind, payload)
        except TypeError as error:  # it is too deep, or a hook put something into it that JSON does not have
            _, instead = substitute(payload if kind == "next" else {}, error, context.request_id)
            return await self._write(id_, kind, instead if kind == "next" else instead["errors"])


def too_many_operations(limit: int) -> Rejected:
    message = f"This connection may have {limit} operations at the same time."
    return Rejected.one("TOO_MANY_OPERATIONS", message, status=429, limit=limit)
