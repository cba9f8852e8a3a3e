"""A run of several steps outlives its worker and Temporal, whatever it is at: between steps, in one, while it waits."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from temporalio.client import Client, WorkflowHandle

from brain.embedded.ports import free_port
from brain.embedded.temporal import TemporalServer
from brain.workflows.agent_run import AgentRunWorkflow
from brain.workflows.messages import (
    AGENT_RUN,
    RUNS_QUEUE,
    Decision,
    DecisionKind,
    RunState,
    RunStatus,
    arguments_hash,
    workflow_id,
)
from tests.conftest import serve

from .conftest import MANAGER, a_run
from .steps_worker import REST_S

PATIENCE_S = 90.0


class Parts:
    """Temporal that keeps its data, and a worker; both can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.server = TemporalServer(folder / "temporal", free_port(), free_port())
        self.server.prepare()
        self.journal = folder / "journal"
        self.journal.touch()
        self.name = ""
        """Of the workflow."""
        self._log = (folder / "worker.log").open("wb")
        self._folder = folder
        self._worker: subprocess.Popen[bytes] | None = None
        self._serving: Iterator[Any] | None = None

    def start_temporal(self) -> None:
        self._serving = serve(self.server.launch(), self._folder / "temporal.log", lambda _pid: self.server.is_ready())
        next(self._serving)

    def stop_temporal(self) -> None:
        assert self._serving is not None
        next(self._serving, None)
        self._serving = None

    def start_worker(self) -> None:
        command = [sys.executable, "-m", "tests.brain.workflows.steps_worker", self.server.address, self.name]
        self._worker = subprocess.Popen([*command, str(self.journal)], stdout=self._log, stderr=subprocess.STDOUT)

    def kill_worker(self) -> None:
        assert self._worker is not None
        os.kill(self._worker.pid, signal.SIGKILL)
        self._worker.wait()
        self._worker = None

    def close(self) -> None:
        if self._worker is not None:
            self.kill_worker()
        if self._serving is not None:
            self.stop_temporal()
        self._log.close()

    def lines(self, kind: str) -> list[dict[str, Any]]:
        found = [json.loads(line) for line in self.journal.read_text().splitlines()]
        return [line for line in found if kind in line]

    async def until(self, what: str, is_so: Any) -> None:
        """Wait for something in the journal."""
        deadline = time.monotonic() + PATIENCE_S
        while not is_so():
            assert time.monotonic() < deadline, f"{what}: {self.journal.read_text()}"
            await asyncio.sleep(0.1)


@pytest.fixture
def parts(tmp_path: Path) -> Iterator[Parts]:
    made = Parts(tmp_path)
    try:
        yield made
    finally:
        made.close()


async def start(parts: Parts) -> WorkflowHandle[AgentRunWorkflow, RunState]:
    run = a_run()
    parts.name = workflow_id(run.tenant, run.crew, run.run_id)
    client = await Client.connect(parts.server.address)
    return await client.start_workflow(AGENT_RUN, run, id=parts.name, task_queue=RUNS_QUEUE, result_type=RunState)


async def decide(parts: Parts, name: str, index: int, kind: DecisionKind) -> None:
    to = "ab"[index]
    seen = arguments_hash("recordLeadScore", {"to": to, "text": f"Hello {to}"})
    client = await Client.connect(parts.server.address)  # Temporal has been another process since
    handle = client.get_workflow_handle(name)
    await handle.execute_update("decide", Decision(index, kind, seen, MANAGER), result_type=RunState)


async def test_a_campaign_outlives_its_worker_and_temporal(parts: Parts) -> None:
    parts.start_temporal()
    await start(parts)
    name = parts.name
    parts.start_worker()
    await parts.until("it asks", lambda: any(r["report"] == "WAITING_FOR_APPROVAL" for r in parts.lines("report")))
    await decide(parts, name, 0, DecisionKind.APPROVE)

    parts.kill_worker()  # one is decided, the other is not
    parts.stop_temporal()
    parts.start_temporal()
    parts.start_worker()
    await decide(parts, name, 1, DecisionKind.REJECT)

    await parts.until("it publishes", lambda: bool(parts.lines("write")))
    parts.kill_worker()  # in the write, or right behind it
    parts.start_worker()

    await parts.until("it rests", lambda: any(r["note"] == "rest" for r in parts.lines("report")))
    rested = time.monotonic()
    parts.kill_worker()
    parts.stop_temporal()
    parts.start_temporal()
    parts.start_worker()

    client = await Client.connect(parts.server.address)
    handle = client.get_workflow_handle_for(AgentRunWorkflow.run, name)
    state = await asyncio.wait_for(handle.result(), PATIENCE_S)
    assert state.status is RunStatus.SUCCEEDED
    assert [action.status for action in state.actions] == ["DONE", "REJECTED"], "no decision was lost"
    assert {line["write"] for line in parts.lines("write")} == {0}, "what was rejected is never written"
    assert time.monotonic() - rested >= REST_S - 1
    assert [line["task"] for line in parts.lines("task")] == ["audience", "content", "measure"], (
        "none is paid for twice"
    )
    assert parts.lines("task")[-1]["earlier"] == ["audience", "content", "publish"]
    finals = {line["seq"] for line in parts.lines("report") if line["report"] == "SUCCEEDED"}
    assert len(finals) == 1
