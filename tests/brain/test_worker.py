"""The worker's process: what it needs, which queues it serves, and that it waits for Temporal and stops at once."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client

from brain.activities import Activities
from brain.config import BrainSettings, ConfigError
from brain.crews import load_crews
from brain.embedded.keys import ensure_private_key
from brain.embedded.ports import free_port
from brain.integrations.connection_checks import ConnectionChecks
from brain.integrations.notifications import NotificationDeliveries
from brain.worker import _workers, serve
from brain.workflows.messages import RUNS_QUEUE, crews_queue


@pytest.fixture
def settings(tmp_path: Path) -> BrainSettings:
    ensure_private_key(tmp_path / "worker.pem")
    return BrainSettings(
        temporal_address=f"127.0.0.1:{free_port()}",
        worker_private_key_file=tmp_path / "worker.pem",
        data_dir=tmp_path / "data",
        worker_port=free_port(),
    )


@pytest.mark.parametrize("name", ["temporal_address", "worker_private_key_file"])
async def test_a_setting_that_is_missing_is_named(settings: BrainSettings, name: str) -> None:
    with pytest.raises(ConfigError, match=f"BRAIN_{name.upper()} is not set"):
        await serve(settings.model_copy(update={name: None}), asyncio.Event())


async def test_a_key_that_is_none(settings: BrainSettings, tmp_path: Path) -> None:
    (tmp_path / "worker.pem").write_text("no key")
    with pytest.raises(ValueError, match="PEM"):
        await serve(settings, asyncio.Event())


async def test_every_crew_has_a_queue_that_is_served(temporal: Any) -> None:
    client = await Client.connect(temporal.address)
    checks, messages = ConnectionChecks(None, None), NotificationDeliveries(None, None)  # type: ignore[arg-type]
    workers = _workers(client, Activities(None), checks, messages)
    served = {worker.task_queue for worker in workers}
    assert served >= {RUNS_QUEUE, *(crews_queue(crew.weight) for crew in load_crews().values())}
    assert served == {RUNS_QUEUE, *(crews_queue(weight) for weight in (1, 2, 3, 4))}
    assert len(workers) == len(served)


async def test_it_waits_for_temporal_and_stops_at_once(
    settings: BrainSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    # crewai is another test's business, and loaded once per process.
    monkeypatch.setattr("brain.worker._load_crewai", lambda: None)
    monkeypatch.setattr("brain.worker.prepare", lambda folder: None)
    asked, stop = asyncio.Event(), asyncio.Event()

    def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        asked.set()

    server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    working = asyncio.create_task(serve(settings.model_copy(update={"temporal_address": address}), stop))
    async with asyncio.timeout(60):
        await asked.wait()
        assert not working.done()
        stop.set()
        await working
    server.close()
