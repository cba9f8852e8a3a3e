import asyncio
import threading
import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.server.documents import DocumentCache, Preparer
from router.server.responses import Rejected


def test_the_least_recently_used_goes_first() -> None:
    cache = DocumentCache[int](2, 1000)
    cache.put(("a", None, None), 1, 1)
    cache.put(("b", None, None), 2, 1)
    assert cache.get(("a", None, None)) == 1
    cache.put(("c", None, None), 3, 1)
    assert cache.get(("b", None, None)) is None
    assert (cache.get(("a", None, None)), cache.get(("c", None, None))) == (1, 3)


def test_one_text_has_an_entry_per_operation_name() -> None:
    cache = DocumentCache[int](10, 1000)
    cache.put(("a", "X", None), 1, 1)
    assert cache.get(("a", "Y", None)) is None
    assert cache.get(("a", "X", None)) == 1


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.integers(0, 60)), max_size=50))
def test_bounds_hold_and_sizes_add_up(puts: list[tuple[str, int]]) -> None:
    cache = DocumentCache[int](3, 100)
    for text, size in puts:
        cache.put((text, None, None), size, size)
        assert cache.get((text, None, None)) == size
        assert len(cache) <= 3
        assert cache.size_bytes == sum(entry.size_bytes for entry in cache.entries.values()) <= 100


def test_what_is_too_large_is_not_kept_and_evicts_nothing() -> None:
    cache = DocumentCache[int](3, 100)
    cache.put(("a", None, None), 1, 50)
    cache.put(("b", None, None), 2, 101)
    assert cache.get(("b", None, None)) is None
    assert cache.get(("a", None, None)) == 1


def preparer(
    prepare: Callable[[str, str | None, str | None], tuple[str, int]], *, max_pending: int = 10, timeout_s: float = 10
) -> Preparer[str]:
    return Preparer(prepare, DocumentCache(10, 1000), max_pending=max_pending, timeout_s=timeout_s)


async def test_identical_documents_are_prepared_once() -> None:
    calls: list[str] = []

    def prepare(text: str, _name: str | None, _view: str | None) -> tuple[str, int]:
        calls.append(text)
        time.sleep(0.02)
        return text.upper(), 1

    documents = preparer(prepare)
    assert await asyncio.gather(*(documents.get("a", None) for _ in range(50))) == ["A"] * 50
    assert await documents.get("a", None) == "A"
    assert calls == ["a"]
    assert not documents.pending
    documents.close()


async def test_the_event_loop_goes_on_while_a_document_is_prepared() -> None:
    release = threading.Event()

    def prepare(text: str, _name: str | None, _view: str | None) -> tuple[str, int]:
        assert release.wait(10)
        return text, 1

    documents = preparer(prepare)
    waiting = asyncio.ensure_future(documents.get("a", None))
    for _ in range(10):
        await asyncio.sleep(0.001)
    assert not waiting.done()
    release.set()
    assert await waiting == "a"
    documents.close()


async def test_failures_reach_everyone_and_are_not_kept() -> None:
    failures = [ValueError("first")]

    def prepare(text: str, _name: str | None, _view: str | None) -> tuple[str, int]:
        time.sleep(0.01)
        if failures:
            raise failures.pop()
        return text, 1

    documents = preparer(prepare)
    outcomes = await asyncio.gather(*(documents.get("a", None) for _ in range(3)), return_exceptions=True)
    assert [str(outcome) for outcome in outcomes] == ["first"] * 3
    assert await documents.get("a", None) == "a"
    documents.close()


async def test_who_asked_first_may_leave_without_harm_to_others() -> None:
    release = threading.Event()

    def prepare(text: str, _name: str | None, _view: str | None) -> tuple[str, int]:
        assert release.wait(10)
        return text, 1

    documents = preparer(prepare)
    first = asyncio.ensure_future(documents.get("a", None))
    second = asyncio.ensure_future(documents.get("a", None))
    await asyncio.sleep(0.01)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    release.set()
    assert await second == "a"
    documents.close()


async def test_a_failure_that_nobody_waits_for_is_silent() -> None:
    release = threading.Event()

    def prepare(_text: str, _name: str | None, _view: str | None) -> tuple[str, int]:
        assert release.wait(10)
        raise ValueError

    documents = preparer(prepare)
    only = asyncio.ensure_future(documents.get("a", None))
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

    def prepare(text: str, _name: str | None, _view: str | None) -> tuple[str, int]:
        assert release.wait(10)
        return text, 1

    documents = preparer(prepare, max_pending=2, timeout_s=0.05)
    waiting = [asyncio.ensure_future(documents.get(text, None)) for text in "ab"]
    await asyncio.sleep(0)
    with pytest.raises(Rejected) as full:
        await documents.get("c", None)
    slow = await asyncio.gather(*waiting, return_exceptions=True)
    for error in (full.value, *slow):
        assert isinstance(error, Rejected)
        assert error.status == 503
        assert error.errors[0]["extensions"]["code"] == "PLANNER_OVERLOADED"
        assert error.headers == {"retry-after": "1"}
    release.set()
    await asyncio.wait(documents.pending.values())
    assert await documents.get("a", None) == "a", "it was finished and kept for the next one"
    documents.close()


async def test_closing_refuses_those_who_wait_and_it_can_go_on_afterwards() -> None:
    release = threading.Event()

    def prepare(text: str, _name: str | None, _view: str | None) -> tuple[str, int]:
        assert release.wait(10)
        return text, 1

    documents = preparer(prepare)
    waiting = asyncio.ensure_future(documents.get("a", None))
    await asyncio.sleep(0.01)
    documents.close()
    with pytest.raises(Rejected) as caught:
        await waiting
    assert caught.value.status == 503
    release.set()
    assert await documents.get("b", None) == "b"
    documents.close()
