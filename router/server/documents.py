"""The cache of plans: looked up by a document's exact text, shared by all texts of one operation, bounded in memory.

Two levels. A warm request makes one look-up, by text. A text that is new is parsed and validated; if an equal operation
(see `planner.fingerprint`) has been planned, it shares that plan. Nothing of a request gets in: keys are the document,
the operation's name, the view and the labels that are on, values are made from these and the supergraph.
"""

import asyncio
import heapq
import sys
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from router.graph.supergraph import Requirement
from router.server.responses import Rejected

__all__ = ["CacheCounters", "DocumentKey", "Entry", "OperationKey", "PlanCache", "Prepared", "Preparer"]

TEXT_BYTES = 900
"""What a text weighs beyond itself: its entry, its key, its slots in dictionaries and sets. Measured, rounded up."""
TEXTS_SHARE = 4
"""Texts take at most this part of the memory, so that one operation in a thousand layouts cannot drive out plans."""

D = TypeVar("D")
P = TypeVar("P")


class DocumentKey(NamedTuple):
    """Document text, operation name, view, the supergraph's `@override` labels that are on, whether the result may come
    in parts (False for documents that do not ask for it), and which of the operation's demands the caller meets.

    What is found without the last of these is for callers who meet none: who forgets it gives away nothing.
    """

    text: str
    operation_name: str | None = None
    view: str | None = None
    labels: frozenset[str] = frozenset()
    incremental: bool = False
    granted: frozenset[Requirement] = frozenset()


class OperationKey(NamedTuple):
    """The operation's fingerprint, view and labels."""

    fingerprint: bytes
    view: str | None = None
    labels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Prepared(Generic[D, P]):
    """What preparing a document gives.

    Attributes:
        own: what belongs to this text alone, such as places in it.
        operation: what all texts of the operation share.
        operation_bytes: estimated memory of `operation`.
    """

    own: D
    key: OperationKey
    operation: P
    operation_bytes: int


@dataclass(slots=True)
class Entry(Generic[D, P]):
    """One text.

    Attributes:
        is_shared: whether its operation was there when it came.
        uses: how many requests it answered.
        uses_seen: how many of these it had when it was last looked at for eviction.
        is_kept: whether it is in the cache; who holds an entry that is not must ask for another one.
    """

    own: D
    operation: P
    key: OperationKey
    size_bytes: int
    is_shared: bool
    uses: int = 1
    uses_seen: int = 1
    is_kept: bool = False


@dataclass(slots=True)
class Operation(Generic[P]):
    value: P
    size_bytes: int
    texts: set[DocumentKey] = field(default_factory=set)
    uses_seen: int = 0


@dataclass(slots=True)
class CacheCounters:
    """Since the cache was made.

    Attributes:
        hits: requests answered by text.
        shared: texts that were new and found their operation planned.
        misses: texts whose operation had to be planned.
        evictions: plans that were dropped because of a bound.
    """

    hits: int = 0
    shared: int = 0
    misses: int = 0
    evictions: int = 0


class PlanCache(Generic[D, P]):
    """Texts and operations that were not used for long go first when a bound is exceeded.

    "Second chance": what comes up for eviction and was used since it last did goes to the end of the queue instead. So
    a hit moves nothing, it counts.

    Args:
        max_entries: of texts, and of operations.
        max_bytes: estimated memory of all together.
    """

    def __init__(self, max_entries: int, max_bytes: int) -> None:
        self.max_entries = max_entries
        self.max_bytes = max_bytes
        self.counters = CacheCounters()
        self.texts_bytes = 0
        self.operations_bytes = 0
        self.texts: OrderedDict[DocumentKey, Entry[D, P]] = OrderedDict()
        self.operations: OrderedDict[OperationKey, Operation[P]] = OrderedDict()

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def size_bytes(self) -> int:
        return self.texts_bytes + self.operations_bytes

    def get(self, key: DocumentKey, *, is_first: bool = True) -> Entry[D, P] | None:
        """The entry of a text; None if there is none.

        Args:
            is_first: whether it is the request's first look, which counts as a hit.
        """
        entry = self.texts.get(key)
        if entry is not None:
            if is_first:
                self.hit(entry)
            else:
                entry.uses += 1
        return entry

    def hit(self, entry: Entry[D, P]) -> None:
        """Count a request that an entry answers; for those who hold one that is kept."""
        entry.uses += 1
        self.counters.hits += 1

    def operation(self, key: OperationKey) -> P | None:
        """An operation that is planned already; changes nothing, so that any thread may ask."""
        known = self.operations.get(key)
        return None if known is None else known.value

    def put(self, key: DocumentKey, prepared: Prepared[D, P]) -> Entry[D, P]:
        """Keep what was prepared, unless it alone is over a bound; returns it as what `get` will return."""
        known = self.operations.get(prepared.key)
        is_shared = known is not None
        if known is None:
            known = Operation(prepared.operation, prepared.operation_bytes)
        if is_shared:
            self.counters.shared += 1
        else:
            self.counters.misses += 1
        size_bytes = TEXT_BYTES + sys.getsizeof(key.text)
        entry = Entry(prepared.own, known.value, prepared.key, size_bytes, is_shared)
        self.drop(key)
        if known.size_bytes + size_bytes > self.max_bytes or not self.max_entries:
            return entry
        if not is_shared:
            self.operations[prepared.key] = known
            self.operations_bytes += known.size_bytes
        if size_bytes <= self.max_bytes // TEXTS_SHARE:
            entry.is_kept = True
            self.texts[key] = entry
            self.texts_bytes += size_bytes
            known.texts.add(key)
        self.evict(key, prepared.key)
        return entry

    def drop(self, key: DocumentKey) -> None:
        """Forget a text; its operation stays."""
        entry = self.texts.pop(key, None)
        if entry is not None:
            entry.is_kept = False
            self.texts_bytes -= entry.size_bytes
            self.operations[entry.key].texts.discard(key)

    def evict(self, newest: DocumentKey, newest_operation: OperationKey) -> None:
        """Make both bounds hold again after these have come, which stay if they can."""
        while len(self.texts) > self.max_entries or self.texts_bytes > self.max_bytes // TEXTS_SHARE:
            key, entry = next(iter(self.texts.items()))
            if entry.uses != entry.uses_seen or key == newest:
                entry.uses_seen = entry.uses
                self.texts.move_to_end(key)
            else:
                self.drop(key)
        while len(self.operations) > self.max_entries or self.size_bytes > self.max_bytes:
            operation_key, operation = next(iter(self.operations.items()))
            uses = sum(self.texts[key].uses for key in operation.texts)
            # One operation with many texts can be over the bound all alone.
            if len(self.operations) > 1 and (uses > operation.uses_seen or operation_key == newest_operation):
                operation.uses_seen = uses
                self.operations.move_to_end(operation_key)
                continue
            for key in tuple(operation.texts):
                self.drop(key)
            self.operations.popitem(last=False)
            self.operations_bytes -= operation.size_bytes
            self.counters.evictions += 1

    def most_used(self, count: int) -> list[tuple[DocumentKey, int]]:
        """The texts that answered most requests, with how many, most first."""
        return [(key, e.uses) for key, e in heapq.nlargest(count, self.texts.items(), key=lambda item: item[1].uses)]


class Preparer(Generic[D, P]):
    """Looks documents up, or has them prepared on one thread of their own.

    One thread: planning is pure Python, so a second one would take its time from the first. The event loop keeps
    answering warm requests meanwhile. A document that is being prepared is never prepared a second time beside it, and
    goes on being prepared when the client that asked first hangs up.

    Args:
        prepare: runs on the thread.
    """

    def __init__(
        self,
        prepare: Callable[[DocumentKey], Prepared[D, P]],
        cache: PlanCache[D, P],
        *,
        max_pending: int,
        timeout_s: float,
    ) -> None:
        self.prepare = prepare
        self.cache = cache
        self.max_pending = max_pending
        self.timeout_s = timeout_s
        self.pending: dict[DocumentKey, asyncio.Future[Entry[D, P]]] = {}
        self.thread: ThreadPoolExecutor | None = None
        self.is_retired = False

    async def get(self, key: DocumentKey) -> Entry[D, P]:
        """The prepared document.

        Raises:
            Rejected: too many documents wait already, or this one takes too long; status 503.
            Exception: whatever `prepare` raises, to each of those who wait; nothing of it is kept.
        """
        entry = self.cache.get(key)
        if entry is not None:
            return entry
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

    async def prepared(self, key: DocumentKey) -> Entry[D, P]:
        loop = asyncio.get_running_loop()
        if self.thread is None:
            self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="router-planner")
        return self.cache.put(key, await loop.run_in_executor(self.thread, self.prepare, key))

    def forget(self, key: DocumentKey, future: "asyncio.Future[Entry[D, P]]") -> None:
        if self.pending.get(key) is future:
            del self.pending[key]
        if not future.cancelled():
            future.exception()  # everyone who waited may be gone: that is no "exception was never retrieved"
        if self.is_retired and not self.pending:
            self.close()

    def retire(self) -> None:
        """Let those who wait have their documents, then end the thread."""
        self.is_retired = True
        if not self.pending:
            self.close()

    def close(self) -> None:
        """Refuse what waits. A document in preparation is finished by its thread, for nobody."""
        for future in tuple(self.pending.values()):
            future.cancel()
        if self.thread is not None:
            self.thread.shutdown(wait=False, cancel_futures=True)
            self.thread = None


def unavailable(message: str) -> Rejected:
    return Rejected.one("PLANNER_OVERLOADED", message, status=503, headers={"retry-after": "1"})
