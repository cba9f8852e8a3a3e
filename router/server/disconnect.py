"""Stop working for a client that hung up.

An ASGI server tells of a lost client only to those who ask, and asking costs a task. So the question is put only for
requests that take a while; a fast one costs a timer that is cancelled.
"""

import asyncio
from types import TracebackType
from typing import Self

from starlette.types import Receive

__all__ = ["DisconnectGuard"]


class DisconnectGuard:
    """Cancels the `with` block, once armed, when the client is gone; the block then ends silently.

    Attributes:
        disconnected: whether that happened. Nobody is there to read an answer then.
    """

    __slots__ = ("after_s", "disconnected", "receive", "task", "timer", "watcher")

    def __init__(self, receive: Receive, after_s: float = 0.05) -> None:
        self.receive = receive
        self.after_s = after_s
        self.disconnected = False
        self.task: asyncio.Task[object] | None = None
        self.timer: asyncio.TimerHandle | None = None
        self.watcher: asyncio.Task[None] | None = None

    def __enter__(self) -> Self:
        self.task = asyncio.current_task()
        return self

    def arm(self) -> None:
        """From here on the block may be cancelled: call it only where stopping half-way does no harm."""
        self.timer = asyncio.get_running_loop().call_later(self.after_s, self.start_watching)

    def start_watching(self) -> None:
        self.watcher = asyncio.get_running_loop().create_task(self.watch())

    async def watch(self) -> None:
        while (await self.receive())["type"] != "http.disconnect":
            pass  # the rest of a body that nobody wants
        self.disconnected = True
        if self.task is not None:
            self.task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        if self.timer is not None:
            self.timer.cancel()
        if self.watcher is not None:
            self.watcher.cancel()
        if self.disconnected and self.task is not None and kind is asyncio.CancelledError:
            # Swallow our own cancellation only: if the server cancelled as well, the count does not drop to nothing.
            return self.task.uncancel() == 0
        return False
