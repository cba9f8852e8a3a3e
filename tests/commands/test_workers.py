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
from typing import Any, Self

import pytest

from router.commands import main
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


class Load:
    """Asks all the time, each time on another connection.

    Attributes:
        answered: how many were answered with 200.
        wrong: what the others came to.
    """

    def __init__(self, port: int) -> None:
        self.answered = 0
        self.wrong: list[object] = []
        self._port = port
        self._over = Event()
        self._thread = Thread(target=self._run)

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                status: object = ask(self._port)
            except OSError as error:
                status = error
            if status == 200:
                self.answered += 1
            else:
                self.wrong.append(status)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()


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


def test_what_clients_and_operators_see(supergraph: Path) -> None:
    """All in one life, since starting is what takes time."""
    with serving(supergraph, "--workers", "2") as (port, log):
        first = {log.next("worker serves")["pid"] for _ in range(2)}
        assert len(first) == 2

        # Whichever is asked tells of both, and has the streams of both.
        for _ in range(30):
            assert ask(port) == 200
        assert [counted(port) for _ in range(8)] == [30] * 8
        share_a_stream(port)

        # Reloads and replacements lose nothing.
        counts = counted(port)
        with Load(port) as load:
            log.process.send_signal(signal.SIGHUP)
            for _ in range(2):
                log.next("supergraph ready")
            log.process.send_signal(signal.SIGUSR2)
            second = {log.next("worker serves")["pid"] for _ in range(2)}
            assert not first & second
        assert not load.wrong
        answered = counts + load.answered
        deadline = time.monotonic() + 10
        while (count := counted(port)) != answered and time.monotonic() < deadline:
            time.sleep(0.1)  # the last of the old ones may still be leaving
        assert count == answered, "what the old ones counted is not lost"

        # One that dies is started again; it takes along what it was answering, and nothing else.
        with Load(port) as load:
            os.kill(min(second), signal.SIGKILL)
            ended = log.next("worker ended")
            assert ended["status"] == -signal.SIGKILL
            assert log.next("worker serves")["worker"] == ended["worker"]
        assert len(load.wrong) <= 1
        assert ask(port) == 200

        log.process.send_signal(signal.SIGTERM)
        assert log.process.wait(20) == 0
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def share_a_stream(port: int) -> None:
    """Reserve an event stream, and use it over so many connections that both workers are reached."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("PUT", "/graphql")
    headers = {**HEADERS, "x-graphql-event-stream-token": connection.getresponse().read().decode()}
    connection.close()
    stream = HTTPConnection("127.0.0.1", port, timeout=10)
    stream.request("GET", "/graphql", headers={**headers, "accept": "text/event-stream"})
    events = stream.getresponse()
    assert events.status == 200
    for number in range(10):
        body = json.dumps({"query": "{ __typename }", "extensions": {"operationId": str(number)}})
        one = HTTPConnection("127.0.0.1", port, timeout=10)
        one.request("POST", "/graphql", body, headers)
        assert one.getresponse().status == 202
        one.close()
        found: list[str] = []
        while "event: complete" not in found:
            found.append(events.readline().decode().rstrip())
        assert f'data: {{"id":"{number}","payload":{{"data":{{"__typename":"Query"}}}}}}' in found
    stream.close()


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
def test_wrong_numbers(capsys: pytest.CaptureFixture[str], count: str) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--supergraph", "x.graphql", "--workers", count])
    assert ended.value.code == 2
    assert "is no number of workers" in capsys.readouterr().err
