"""One run of `brain up`, with what a test wants to know of it."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil

from brain.embedded.process import identity

START_WITHIN_S = 400
STOP_WITHIN_S = 5


class Instance:
    """One run of `brain up`."""

    def __init__(
        self,
        data_dir: Path,
        port: int,
        *options: str,
        program: tuple[str, ...] = (),
        popen: dict[str, Any] | None = None,
        **settings: str,
    ) -> None:
        self.data_dir, self.port = data_dir, port
        self.url = f"http://127.0.0.1:{port}"
        self.seen: dict[int, str] = {}
        command = program or (sys.executable, "-m", "brain.cli")
        with tempfile.TemporaryFile() as output:
            self._output = os.dup(output.fileno())
        self.process = subprocess.Popen(
            [*command, "up", "--data-dir", str(data_dir), "--port", str(port), *options],
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            cwd="/",
            env={**os.environ, **settings},
            **(popen or {}),
        )

    @property
    def output(self) -> str:
        return os.pread(self._output, 100_000, 0).decode()

    def ready(self) -> "Instance":
        """Wait until it says so, and remember every process that it has."""
        deadline = time.monotonic() + START_WITHIN_S
        while "ready in" not in re.sub(r"^\w+ ready in.*$", "", self.output, flags=re.MULTILINE):
            assert self.process.poll() is None, self.output
            assert time.monotonic() < deadline, self.output
            time.sleep(0.05)
        self.remember()
        return self

    def remember(self) -> None:
        family = psutil.Process(self.process.pid)
        for process in (family, *family.children(recursive=True)):
            known_as = identity(process.pid)
            if known_as is not None:
                self.seen[process.pid] = known_as

    def left_over(self) -> list[int]:
        """Processes it once had that still run."""
        return [pid for pid, known_as in self.seen.items() if identity(pid) == known_as]

    def state(self) -> Any:
        return json.loads((self.data_dir / "state.json").read_text())

    def pid(self, component: str) -> int:
        return int(self.state()["components"][component]["pid"])

    def stop(self, number: signal.Signals) -> float:
        """End it, assert that nothing is left, return the seconds it took."""
        self.remember()
        began_s = time.monotonic()
        self.process.send_signal(number)
        status = self.process.wait(START_WITHIN_S)
        took_s = time.monotonic() - began_s
        assert status == 0, self.output
        assert self.left_over() == []
        return took_s

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(START_WITHIN_S)
        os.close(self._output)

    def ask(self, query: str, token: str | None = None, **variables: Any) -> Any:
        headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
        body = json.dumps({"query": query, "variables": variables}).encode()
        with urllib.request.urlopen(urllib.request.Request(f"{self.url}/graphql", body, headers), timeout=20) as answer:
            document = json.load(answer)
        assert "errors" not in document, document
        return document["data"]

    def doctor(self) -> dict[str, str]:
        """What `brain doctor` finds: name -> verdict."""
        command = [sys.executable, "-m", "brain.cli", "doctor", "--json"]
        options = ["--data-dir", str(self.data_dir), "--port", str(self.port)]
        done = subprocess.run([*command, *options], capture_output=True, check=False, cwd="/")
        report = json.loads(done.stdout)
        assert done.returncode == (0 if report["ok"] else 1)
        return {finding["name"]: finding["verdict"] for finding in report["findings"]}

    def log_in(self) -> str:
        query = "mutation L($input: LogInInput!) { logIn(input: $input) { errors { code } tokens { accessToken } } }"
        given = {"email": "ada@acme.example", "password": "demo-acme-ada"}
        payload = self.ask(query, input=given)["logIn"]
        assert not payload["errors"], payload
        return str(payload["tokens"]["accessToken"])

    def first_lead(self) -> Any:
        return self.ask("{ leads(first: 1) { edges { node { id name assignee { name } } } } }", self.log_in())
