"""The cache of prepared documents: by exact text, bounded, and made once however many clients ask at the same time."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

from router.server.responses import Rejected

__all__ = ["DocumentCache", "DocumentKey", "Preparer"]

DocumentKey = tuple[str, str | None, str | None]
"""Document text, operation name and view."""

T = TypeVar("T")


@dataclass(slots=True)
class Entry(Generic[T]):
    value: T
    size_bytes: int


class DocumentCache(Generic[T]):
    """Least recently used entries go first when either bound is exceeded."""

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self.size_bytes = 0
        self.entries: OrderedDict[DocumentKey, Entry[T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.entries)

    def get(self, key: DocumentKey) -> T | None:
        entry = self.entries.get(key)
        if entry is None:
            return None
        self.entries.move_to_end(key)
        return entry.value

    def put(self, key: DocumentKey, value: T, size_bytes: int) -> None:
        """Keep the value, unless it alone is over the bound."""
        old = self.entries.pop(key, None)
        if old is not None:
            self.size_bytes -= old.size_bytes
        if size_bytes > self.max_bytes:
            return
        self.entries[key] = Entry(value, size_bytes)
        self.size_bytes += size_bytes
        while len(self.entries) > self.max_entries or self.size_bytes > self.max_bytes:
            _, evicted = self.entries.popitem(last=False)
            self.size_bytes -= evicted.size_bytes


class Preparer(Generic[T]):
    """Looks documents up, or has them prepared on one thread of their own.

    One thread: planning is pure Python, so a second one would take its time from the first. The event loop keeps
    answering warm requests meanwhile. A document that is being prepared is never prepared a second time beside it, and
    goes on being prepared when the client that asked first hangs up.

    Args:
        prepare: makes a value and its estimated size in bytes; runs on the thread.
    """

    def __init__(
        self,
        prepare: Callable[[str, str | None, str | None], tuple[T, int]],
        cache: DocumentCache[T],
        *,
        max_pending: int,
        timeout_s: float,
    ) -> None:
        self.prepare = prepare
        self.cache = cache
        self.max_pending = max_pending
        self.timeout_s = timeout_s
        self.pending: dict[DocumentKey, asyncio.Future[T]] = {}
        self.thread: ThreadPoolExecutor | None = None

    async def get(self, text: str, operation_name: str | None, view: str | None = None) -> T:
        """The prepared document, as that view's clients may run it.

        Raises:
            Rejected: too many documents wait already, or this one takes too long; status 503.
            Exception: whatever `prepare` raises, to each of those who wait; nothing of it is kept.
        """
        key = (text, operation_name, view)
        value = self.cache.get(key)
        if value is not None:
            return value
        future = self.pending.get(key)
        if future is None:
            if len(self.pending) >= self.max_pending:
                raise unavailable("Too many new documents are waiting to be planned.")
            future = asyncio.ensure_future(self.prepared(key))
            self.pending[key] = future
            future.add_done_callback(lambda done: self.forget(key, done))
        try:
            async with asyncio.timeout(self.timeout_s):
                return await asyncio.shield(future)
        except TimeoutError as error:
            raise unavailable("The document took too long to plan.") from error
        except asyncio.CancelledError as error:
            task = asyncio.current_task()
            if future.cancelled() and not (task and task.cancelling()):  # by `close`, not by who waits
                raise unavailable("The router is shutting down.") from error
            raise

    async def prepared(self, key: DocumentKey) -> T:
        loop = asyncio.get_running_loop()
        if self.thread is None:
            self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="router-planner")
        value, size_bytes = await loop.run_in_executor(self.thread, self.prepare, *key)
        self.cache.put(key, value, size_bytes)
        return value

    def forget(self, key: DocumentKey, future: "asyncio.Future[T]") -> None:
        if self.pending.get(key) is future:
            del self.pending[key]
        if not future.cancelled():
            future.exception()  # everyone who waited may be gone: that is no "exception was never retrieved"

    def close(self) -> None:
        """Refuse what waits. A document in preparation is finished by its thread, for nobody."""
        for future in tuple(self.pending.values()):
            future.cancel()
        if self.thread is not None:
            self.thread.shutdown(wait=False, cancel_futures=True)
            self.thread = None


def unavailable(message: str) -> Rejected:
    return Rejected.one("PLANNER_OVERLOADED", message, status=503, headers={"retry-after": "1"})
