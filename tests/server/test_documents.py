import asyncio
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.server.documents import DocumentKey, OperationKey, PlanCache, Prepared, Preparer
from router.server.responses import Rejected

Cache = PlanCache[None, str]


def prepared(operation: str, size_bytes: int = 1) -> Prepared[None, str]:
    return Prepared(None, OperationKey(operation.encode()), operation, size_bytes)


def put(cache: Cache, text: str, operation: str | None = None, size_bytes: int = 1) -> str:
    return cache.put(DocumentKey(text), prepared(operation or text, size_bytes)).operation


def found(cache: Cache, text: str) -> str | None:
    entry = cache.get(DocumentKey(text))
    return None if entry is None else entry.operation


def test_the_least_recently_used_goes_first() -> None:
    cache = Cache(2, 100_000)
    put(cache, "a")
    put(cache, "b")
    assert found(cache, "a") == "a"
    put(cache, "c")
    assert found(cache, "b") is None
    assert (found(cache, "a"), found(cache, "c")) == ("a", "c")
    assert set(cache.operations) == {OperationKey(b"a"), OperationKey(b"c")}


@pytest.mark.parametrize(
    "other",
    [DocumentKey("a", "Y"), DocumentKey("a", "X", "view"), DocumentKey("a", "X", None, frozenset(["label"]))],
)
def test_name_view_and_labels_tell_documents_apart(other: DocumentKey) -> None:
    cache = Cache(10, 100_000)
    cache.put(DocumentKey("a", "X"), prepared("a"))
    assert cache.get(other) is None
    assert cache.get(DocumentKey("a", "X")) is not None


def test_texts_of_one_operation_share_it() -> None:
    cache = Cache(10, 100_000)
    first = cache.put(DocumentKey("a"), Prepared(None, OperationKey(b"o"), "first", 5000))
    second = cache.put(DocumentKey(" a"), Prepared(None, OperationKey(b"o"), "second", 5000))
    assert second.operation is first.operation, "the one that was there first, also if two were made at once"
    assert (first.is_shared, second.is_shared) == (False, True)
    assert cache.operations_bytes == 5000
    assert cache.operation(OperationKey(b"o")) == "first"
    assert (cache.counters.misses, cache.counters.shared, cache.counters.hits) == (1, 1, 0)
    found(cache, "a")
    assert cache.counters.hits == 1


def test_an_operation_that_outgrows_the_cache_with_its_texts_goes() -> None:
    cache = Cache(10, 20_000)
    for number in range(4):
        put(cache, " " * number, "o", 18_000)
        assert cache.size_bytes <= 20_000


def test_an_entry_tells_whether_it_is_kept() -> None:
    cache = Cache(1, 20_000)
    first = cache.put(DocumentKey("a"), prepared("a"))
    assert first.is_kept
    cache.put(DocumentKey("b"), prepared("b"))
    assert not first.is_kept
    assert not Cache(0, 10_000).put(DocumentKey("a"), prepared("a")).is_kept


def test_an_operation_that_goes_takes_its_texts_along() -> None:
    cache = Cache(10, 20_000)
    put(cache, "a", "o", 12_000)
    put(cache, " a", "o", 12_000)
    put(cache, "b", "b", 10_000)
    assert (found(cache, "a"), found(cache, " a"), found(cache, "b")) == (None, None, "b")
    assert cache.counters.evictions == 1


def test_an_operation_survives_its_texts() -> None:
    """So a flood of layouts of one operation drives out texts, and no plan."""
    cache = Cache(10, 40_000)
    put(cache, "kept", "kept", 10_000)
    for number in range(100):
        put(cache, " " * number, "o", 10_000)
    assert found(cache, "kept") is None
    assert cache.operation(OperationKey(b"kept")) == "kept"
    assert cache.texts_bytes <= 10_000


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from("opq"), st.integers(0, 9000)), max_size=50))
def test_bounds_hold_and_sizes_add_up(puts: list[tuple[str, str, int]]) -> None:
    cache = Cache(3, 15_000)
    sizes: dict[str, int] = {}
    for text, operation, size in puts:
        sizes.setdefault(operation, size)
        put(cache, operation + text, operation, sizes[operation])
        assert found(cache, operation + text) == operation
        assert len(cache) <= 3
        assert cache.texts_bytes == sum(entry.size_bytes for entry in cache.texts.values())
        assert cache.operations_bytes == sum(operation.size_bytes for operation in cache.operations.values())
        assert cache.size_bytes <= 15_000
        assert {key for o in cache.operations.values() for key in o.texts} == set(cache.texts)


def test_what_is_too_large_is_not_kept_and_evicts_nothing() -> None:
    cache = Cache(3, 10_000)
    put(cache, "a", "a", 5000)
    put(cache, "b", "b", 10_001)
    put(cache, "a" * 3000, "c", 1)
    assert found(cache, "b") is found(cache, "a" * 3000) is None
    assert found(cache, "a") == "a"
    assert cache.operation(OperationKey(b"c")) == "c"


def test_a_cache_of_nothing() -> None:
    cache = Cache(0, 10_000)
    assert put(cache, "a") == "a"
    assert not len(cache)
    assert not cache.operations


def test_the_most_used() -> None:
    cache = Cache(10, 100_000)
    for number, text in enumerate("abcd"):
        put(cache, text)
        for _ in range(number % 3):
            found(cache, text)
    assert [(key.text, uses) for key, uses in cache.most_used(2)] == [("c", 3), ("b", 2)]


def preparer(prepare: Callable[[str], str], *, max_pending: int = 10, timeout_s: float = 10) -> Preparer[None, str]:
    def prepared_on_thread(key: DocumentKey) -> Prepared[None, str]:
        return prepared(prepare(key.text))

    return Preparer(prepared_on_thread, Cache(10, 100_000), max_pending=max_pending, timeout_s=timeout_s)


async def get(documents: Preparer[None, str], text: str) -> str:
    return (await documents.get(DocumentKey(text))).operation


async def test_identical_documents_are_prepared_once() -> None:
    calls: list[str] = []

    def prepare(text: str) -> str:
        calls.append(text)
        time.sleep(0.02)
        return text.upper()

    documents = preparer(prepare)
    assert await asyncio.gather(*(get(documents, "a") for _ in range(50))) == ["A"] * 50
    assert await get(documents, "a") == "A"
    assert calls == ["a"]
    assert not documents.pending
    documents.close()


async def test_the_event_loop_goes_on_while_a_document_is_prepared() -> None:
    release = threading.Event()

    def prepare(text: str) -> str:
        assert release.wait(10)
        return text

    documents = preparer(prepare)
    waiting = asyncio.ensure_future(get(documents, "a"))
    for _ in range(10):
        await asyncio.sleep(0.001)
    assert not waiting.done()
    release.set()
    assert await waiting == "a"
    documents.close()


async def test_failures_reach_everyone_and_are_not_kept() -> None:
    failures = [ValueError("first")]

    def prepare(text: str) -> str:
        time.sleep(0.01)
        if failures:
            raise failures.pop()
        return text

    documents = preparer(prepare)
    outcomes = await asyncio.gather(*(get(documents, "a") for _ in range(3)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["first"] * 3
    assert await get(documents, "a") == "a"
    documents.close()


async def test_who_asked_first_may_leave_without_harm_to_others() -> None:
    release = threading.Event()

    def prepare(text: str) -> str:
        assert release.wait(10)
        return text

    documents = preparer(prepare)
    first = asyncio.ensure_future(get(documents, "a"))
    second = asyncio.ensure_future(get(documents, "a"))
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    release.set()
    assert await second == "a"
    documents.close()


async def test_a_failure_that_nobody_waits_for_is_silent() -> None:
    release = threading.Event()

    def prepare(_text: str) -> str:
        assert release.wait(10)
        raise ValueError

    documents = preparer(prepare)
    only = asyncio.ensure_future(get(documents, "a"))
    await asyncio.sleep(0.01)
    only.cancel()
    await asyncio.wait([only])
    release.set()
    await asyncio.wait(documents.pending.values())
    await asyncio.sleep(0)
    assert not documents.pending
    documents.close()


async def test_a_full_queue_and_a_slow_document_are_refused() -> None:
    release = threading.Event()

    def prepare(text: str) -> str:
        assert release.wait(10)
        return text

    documents = preparer(prepare, max_pending=2, timeout_s=0.05)
    waiting = [asyncio.ensure_future(get(documents, text)) for text in "ab"]
    await asyncio.sleep(0)
    with pytest.raises(Rejected) as full:
        await get(documents, "c")
    slow = await asyncio.gather(*waiting, return_exceptions=True)
    for error in (full.value, *slow):
        assert isinstance(error, Rejected)
        assert error.status == 503
        assert error.errors[0]["extensions"]["code"] == "PLANNER_OVERLOADED"
        assert error.headers == {"retry-after": "1"}
    release.set()
    await asyncio.wait(documents.pending.values())
    assert await get(documents, "a") == "a", "it was finished and kept for the next one"
    documents.close()


async def test_closing_refuses_those_who_wait_and_it_can_go_on_afterwards() -> None:
    release = threading.Event()

    def prepare(text: str) -> str:
        assert release.wait(10)
        return text

    documents = preparer(prepare)
    waiting = asyncio.ensure_future(get(documents, "a"))
    await asyncio.sleep(0.01)
    documents.close()
    with pytest.raises(Rejected) as caught:
        await waiting
    assert caught.value.status == 503
    release.set()
    assert await get(documents, "b") == "b"
    documents.close()


async def test_who_waits_when_it_retires_is_served() -> None:
    release = threading.Event()

    def prepare(text: str) -> str:
        assert release.wait(10)
        return text

    documents = preparer(prepare)
    waiting = [asyncio.ensure_future(get(documents, text)) for text in "ab"]
    await asyncio.sleep(0.01)
    documents.retire()
    assert documents.thread is not None
    release.set()
    assert await asyncio.gather(*waiting) == ["a", "b"]
    await asyncio.sleep(0)
    assert documents.thread is None
    idle = preparer(prepare)
    await get(idle, "a")
    idle.retire()
    assert idle.thread is None
