"""`serve --workers N`, as an operator sees it: processes, signals, and clients that notice nothing."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from tests.server.shop import SUPERGRAPH

pytestmark = pytest.mark.skipif(os.name == "nt", reason="workers need POSIX signals")

BODY = json.dumps({"query": "{ __typename }"})
HEADERS = {"content-type": "application/json"}


class Log:
    """What the supervisor and its workers have written, read as it comes."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def next(self, message: str) -> dict[str, Any]:
        """The next line with this message."""
        assert self.process.stderr is not None
        while line := self.process.stderr.readline():
            if line.startswith("{"):
                entry: dict[str, Any] = json.loads(line)
                if entry["message"] == message:
                    return entry
        raise AssertionError(f"ended without {message!r}")


@contextmanager
def serving(supergraph: Path, *arguments: str) -> Iterator[tuple[int, Log]]:
    command = [sys.executable, "-m", "router", "serve", "--port", "0", "--supergraph", str(supergraph), *arguments]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    log = Log(process)
    try:
        yield log.next("serving")["port"], log
    finally:
        if process.poll() is None:
            process.terminate()
        assert process.stderr is not None
        process.stderr.read()
        process.wait(20)
        process.stderr.close()


@pytest.fixture
def supergraph(tmp_path: Path) -> Path:
    file = tmp_path / "supergraph.graphql"
    file.write_text(SUPERGRAPH)
    return file


def ask(port: int) -> int:
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", "/graphql", BODY, HEADERS)
        return connection.getresponse().status
    finally:
        connection.close()


@contextmanager
def load(port: int) -> Iterator[list[object]]:
    """Ask all the time, each time on another connection; yields what was not answered with 200."""
    over, wrong = Event(), []

    def run() -> None:
        while not over.is_set():
            try:
                status: object = ask(port)
            except OSError as error:
                status = error
            if status != 200:
                wrong.append(status)

    thread = Thread(target=run)
    thread.start()
    try:
        yield wrong
    finally:
        over.set()
        thread.join()


def test_signals(supergraph: Path) -> None:
    with serving(supergraph, "--workers", "2") as (port, log):
        first = {log.next("worker serves")["pid"] for _ in range(2)}
        assert len(first) == 2
        with load(port) as wrong:
            log.process.send_signal(signal.SIGHUP)
            for _ in range(2):
                log.next("supergraph ready")
            log.process.send_signal(signal.SIGUSR2)
            second = {log.next("worker serves")["pid"] for _ in range(2)}
            assert not first & second
            os.kill(min(second), signal.SIGKILL)
            ended = log.next("worker ended")
            assert ended["status"] == -signal.SIGKILL
            third = log.next("worker serves")
            assert third["worker"] == ended["worker"]
        # A killed process takes along what it was answering, and nothing else.
        assert len(wrong) <= 1
        assert ask(port) == 200
        log.process.send_signal(signal.SIGTERM)
        assert log.process.wait(20) == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def counted(port: int) -> int:
    """How many queries were answered, as whichever worker is asked says."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
    finally:
        connection.close()
    line = next(line for line in text.splitlines() if line.startswith('router_requests_total{operation_type="query"'))
    return int(float(line.rpartition(" ")[2]))


def test_metrics_are_those_of_all_workers(supergraph: Path) -> None:
    with serving(supergraph, "--workers", "2") as (port, log):
        for _ in range(2):
            log.next("worker serves")
        for _ in range(30):
            assert ask(port) == 200
        assert [counted(port) for _ in range(8)] == [30] * 8
        log.process.send_signal(signal.SIGUSR2)
        for _ in range(2):
            log.next("worker serves")
        for _ in range(5):
            assert ask(port) == 200
        deadline = time.monotonic() + 10
        while (count := counted(port)) != 35 and time.monotonic() < deadline:
            time.sleep(0.1)  # the last of the old ones may still be leaving
        assert count == 35, "what the old ones counted is not lost"


def test_workers_end_with_their_supervisor(supergraph: Path) -> None:
    with serving(supergraph, "--workers", "2") as (port, log):
        pids = [log.next("worker serves")["pid"] for _ in range(2)]
        log.process.kill()
        log.process.wait(10)
        deadline = time.monotonic() + 15
        while any(Path(f"/proc/{pid}/stat").exists() for pid in pids):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert port


def test_files_that_are_wrong_end_all(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.graphql"
    wrong.write_text("type Query { a: Int }")
    command = [sys.executable, "-m", "router", "serve", "--port", "0", "--supergraph", str(wrong), "--workers", "2"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "INVALID_FEDERATION_SUPERGRAPH" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("count", ["0", "-1", "many", "1000"])
def test_wrong_numbers(supergraph: Path, count: str) -> None:
    command = [sys.executable, "-m", "router", "serve", "--supergraph", str(supergraph), "--workers", count]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "is no number of workers" in done.stderr
