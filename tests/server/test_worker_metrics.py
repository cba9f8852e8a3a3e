"""Several workers' metrics as one. Each worker here is a `RouterMetrics` with a folder in common."""

import asyncio
import os
import socket
from pathlib import Path

import pytest

from router.server.metrics import RouterMetrics
from router.server.metrics.instruments import Family, merged
from router.server.metrics.workers import WorkerMetrics


def worker(folder: Path, monkeypatch: pytest.MonkeyPatch, pid: int, count: int) -> WorkerMetrics:
    metrics = RouterMetrics()
    for _ in range(count):
        metrics.finished("query", 200, 0.001 * pid, [], "hit")
    metrics.active = 1
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: pid)
        return WorkerMetrics(folder, metrics)


def family(families: list[Family], name: str) -> Family:
    return next(each for each in merged(families) if each.name == name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


async def test_whoever_is_asked_tells_of_all(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    workers = [worker(folder, monkeypatch, pid, count) for pid, count in ((1, 2), (2, 3), (3, 5))]
    for each in workers:
        await each.start()
    for each in workers:
        families = await each.families()
        assert family(families, "router_requests").values == {("query", "200"): 10}
        assert family(families, "router_active_requests").values == {(): 3}
        ((counts, total),) = family(families, "router_request_duration_seconds").histograms.values()
        assert sum(counts) == 10
        assert total == pytest.approx(0.001 * (1 * 2 + 2 * 3 + 3 * 5))
    for each in workers:
        await each.close()


async def test_one_that_ends_leaves_its_counts_but_not_its_gauges(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = worker(folder, monkeypatch, 1, 4), worker(folder, monkeypatch, 2, 1)
    await first.start()
    await second.start()
    await first.close()
    families = await second.families()
    assert family(families, "router_requests").values == {("query", "200"): 5}
    assert family(families, "router_active_requests").values == {(): 1}
    await second.close()


async def test_one_that_was_killed_is_forgotten(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alive = worker(folder, monkeypatch, 1, 2)
    await alive.start()
    dead = folder / "7.socket"
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(dead))
    (folder / "8.json").write_text("{")
    families = await alive.families()
    assert family(families, "router_requests").values == {("query", "200"): 2}
    assert not dead.exists()
    await alive.close()


async def test_of_one_that_does_not_answer_in_time_its_last_counts_count(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("router.server.metrics.workers.ANSWER_TIMEOUT_S", 0.05)
    asked, busy = worker(folder, monkeypatch, 1, 2), worker(folder, monkeypatch, 2, 3)
    await asked.start()
    await busy.start()
    assert family(await asked.families(), "router_requests").values == {("query", "200"): 5}
    hold = asyncio.Event()

    async def tell(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await hold.wait()
        writer.close()

    await busy.close()
    busy.left.unlink()
    server = await asyncio.start_unix_server(tell, busy.socket)
    for _ in range(2):
        assert family(await asked.families(), "router_requests").values == {("query", "200"): 5}
    assert "a worker does not tell its metrics" in caplog.text
    hold.set()
    server.close()
    await asked.close()
