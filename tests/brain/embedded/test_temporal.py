"""The embedded Temporal: what our runs rely on, and that it keeps what it was given."""

import json
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from brain.embedded import temporal as module
from brain.embedded.ports import free_port
from brain.embedded.process import EmbeddedError, end_group, signal_group, start
from brain.embedded.stack import answers
from brain.embedded.temporal import TemporalServer, program


def command(server: TemporalServer, *words: str) -> Any:
    """Run Temporal's own client."""
    argv = [program(), *words, "--address", server.address, "--namespace", server.namespace, "-o", "json"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def begin(server: TemporalServer, folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        child = start(server.launch(), log)
    for _ in range(400):
        if server.is_ready():
            return child
        with pytest.raises(subprocess.TimeoutExpired):
            child.wait(0.05)
    end_group(child, server.launch())
    pytest.fail((folder / "log").read_text())


def test_runs_can_be_found_by_tenant(temporal: TemporalServer) -> None:
    for name in ("acme", "globex"):
        begun = ("workflow", "start", "--type", "T", "--task-queue", "q", "--workflow-id", f"{name}:1")
        command(temporal, *begun, "--search-attribute", f'TenantId="{name}"')
    for _ in range(100):  # what is listed follows with a delay
        found = command(temporal, "workflow", "list", "--query", 'TenantId = "globex"')
        if found:
            break
    assert [run["execution"]["workflowId"] for run in found] == ["globex:1"]
    assert answers(temporal.ui_url)


def test_runs_survive_an_end_by_force_in_a_namespace_of_ones_own(tmp_path: Path) -> None:
    server = TemporalServer(tmp_path, free_port(), free_port(), namespace="ours")
    server.prepare()
    child = begin(server, tmp_path)
    try:
        command(server, "workflow", "start", "--type", "T", "--task-queue", "q", "--workflow-id", "kept")
        signal_group(child.pid, signal.SIGKILL)
        child.wait(5)
        assert not server.is_ready()
        child = begin(server, tmp_path)
        described = command(server, "workflow", "describe", "--workflow-id", "kept")
        assert described["workflowExecutionInfo"]["status"] == "WORKFLOW_EXECUTION_STATUS_RUNNING"
    finally:
        end_group(child, server.launch())


def test_a_missing_program_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_WHEEL", "no-such-wheel")
    with pytest.raises(EmbeddedError, match="make up"):
        program()
