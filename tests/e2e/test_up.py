"""`brain up` as its user meets it: a second start, a second instance, accidents, and an end that leaves nothing."""

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import psutil
import pytest

from brain.embedded.data_folder import find_data_folder
from brain.embedded.ports import free_port
from brain.embedded.postgres import PostgresServer
from brain.embedded.process import NOBODY, identity, reachable
from subgraphs import CONTEXTS

ROOT = Path(__file__).parents[2]
START_WITHIN_S = 400
STOP_WITHIN_S = 5

pytestmark = pytest.mark.stack


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


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that other users may enter, too."""
    path = Path(tempfile.mkdtemp(prefix="brain-up-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def instances() -> Iterator[list[Instance]]:
    """Where a test puts its instances, so that they end with it."""
    started: list[Instance] = []
    yield started
    for instance in started:
        instance.kill()


@pytest.mark.timeout(900)
def test_a_life(folder: Path, instances: list[Instance]) -> None:
    """One long story, because a start costs seconds: accidents, the end, data kept, data wiped."""
    data_dir = folder / "data"
    first = Instance(data_dir, free_port())
    instances.append(first)
    first.ready()
    lead = first.first_lead()
    assert lead["leads"]["edges"]
    assert "demo-globex-dan" in first.output
    found = first.doctor()
    assert "wrong" not in found.values(), found
    assert found["migrations of crm"] == found["subgraph directory"] == found["Brain"] == found["Redis server"] == "ok"

    # The contexts log in to the database as the Vault tells them, for an hour, and as nobody else.
    assert logged_in(first) == {name: {f"v-{name}"} for name in CONTEXTS}

    # Another on the same data, and another on the same port, are refused with the remedy, and change nothing.
    same_data = Instance(data_dir, free_port())
    same_port = Instance(folder / "other", first.port)
    instances += [same_data, same_port]
    assert same_data.process.wait(START_WITHIN_S) == 1
    assert f"pid {first.process.pid}, port {first.port}) already runs" in same_data.output
    assert same_port.process.wait(START_WITHIN_S) == 1
    assert f"Port {first.port} on 127.0.0.1 is taken by" in same_port.output
    assert f"--port {first.port + 1}" in same_port.output
    assert not same_port.data_dir.exists()
    # `brain token` finds the instance's port by its data folder.
    asked = [sys.executable, "-m", "brain.cli", "token", "--data-dir", str(data_dir)]
    assert subprocess.run(asked, capture_output=True, check=True, cwd="/").stdout.startswith(b"ey")
    # What it says can be copied: no line is broken where there is no terminal.
    assert re.search(rf"^data, logs +{re.escape(str(data_dir))} +\(\S+ logs, \S+ status\)$", first.output, re.MULTILINE)

    # Whatever falls over comes back, and the whole answers again.
    for component in ("subgraphs", "postgres", "redis", "brain", "temporal", "openbao", "logins", "worker"):
        before = first.pid(component)
        os.kill(before, signal.SIGKILL)
        wait_until(lambda name=component: first.state()["components"][name]["restarts"] == 1)
        wait_until(lambda name=component: first.state()["components"][name]["phase"] == "ready")
        assert first.pid(component) != before
    wait_until(lambda: answers_like(first, lead))
    assert first.doctor()["subgraphs"] == "note"  # it tells of the restart

    assert first.stop(signal.SIGTERM) < STOP_WITHIN_S
    assert answers_nothing(first)

    # A second start finds the data, on the same inner ports.
    second = Instance(data_dir, first.port)
    instances.append(second)
    second.ready()
    assert second.first_lead() == lead
    assert "seed" not in second.state()["components"]

    # Not even SIGKILL leaves a process behind, and the next start is not disturbed.
    second.remember()
    second.process.kill()
    second.process.wait()
    if sys.platform.startswith("linux"):
        wait_until(lambda: second.left_over() == [])
    third = Instance(data_dir, first.port, "--fresh", BRAIN_DEMO_DATA="false")
    instances.append(third)
    third.ready()
    with pytest.raises(AssertionError, match="INVALID_CREDENTIALS"):
        third.log_in()
    assert third.stop(signal.SIGINT) < STOP_WITHIN_S


def test_beside_another_as_a_plain_user(folder: Path, instances: list[Instance], platform: Any) -> None:
    popen: dict[str, Any] = {}
    settings = {"BRAIN_DEMO_DATA": "false"}
    program: tuple[str, ...] = ()
    if os.geteuid() == 0:
        folder.chmod(0o777)
        popen = {"user": NOBODY.uid, "group": NOBODY.gid, "extra_groups": []}
        program = (readable_python(folder), "-c", "from brain.cli import main; main()")
        settings |= {"PYTHONPATH": f"{packages()}:{ROOT}", "LD_LIBRARY_PATH": str(folder / "lib"), "HOME": "/nowhere"}
    beside = Instance(folder / "data", free_port(), program=program, popen=popen, **settings)
    instances.append(beside)
    beside.ready()
    assert beside.ask("{ __typename }") == {"__typename": "Query"}
    assert platform.client.get("/health").status_code == 200  # the other one is not disturbed
    users = {psutil.Process(pid).uids().real for pid in beside.seen}
    assert users == {NOBODY.uid if os.geteuid() == 0 else os.geteuid()}
    if os.geteuid() != 0:
        assert beside.stop(signal.SIGHUP) < STOP_WITHIN_S
    else:
        # Root runs the tests: its own refusal of a folder that is somebody else's.
        mine = Instance(folder / "data", free_port())
        instances.append(mine)
        assert mine.process.wait(START_WITHIN_S) == 1
        assert f"belongs to user {NOBODY.uid}" in mine.output
        assert beside.stop(signal.SIGHUP) < STOP_WITHIN_S


def test_what_cannot_start_says_why_and_leaves_nothing(
    folder: Path, instances: list[Instance], postgres_url: str
) -> None:
    # The server is there and lets us in, as a role that row-level security would hold back.
    as_superuser(postgres_url, "CREATE ROLE plain LOGIN PASSWORD 'hunter2'")
    database = f"postgresql://plain:hunter2@{postgres_url.rpartition('@')[2]}"
    broken = Instance(folder / "data", free_port(), BRAIN_DATABASE_URL=database)
    instances.append(broken)
    try:
        assert broken.process.wait(START_WITHIN_S) == 1
    finally:
        as_superuser(postgres_url, "DROP ROLE plain")
    assert "hunter2" not in broken.output
    assert "BYPASSRLS" in broken.output
    assert "migrate ended with status 1" in broken.output
    assert "migrate.log" in broken.output
    assert all(component["pid"] is None for component in broken.state()["components"].values())


@pytest.mark.parametrize(("setting", "scheme"), [("BRAIN_DATABASE_URL", "postgresql"), ("BRAIN_REDIS_URL", "redis")])
def test_a_server_that_is_not_there_is_named_in_seconds(
    folder: Path, instances: list[Instance], setting: str, scheme: str
) -> None:
    port = free_port()
    broken = Instance(folder / "data", free_port(), **{setting: f"{scheme}://:hunter2@127.0.0.1:{port}/0"})
    instances.append(broken)
    assert broken.process.wait(20) == 1
    assert f"{setting}: " in broken.output
    assert f"127.0.0.1:{port} refuses the connection" in broken.output
    assert "hunter2" not in broken.output
    assert not broken.data_dir.exists()


def logged_in(instance: Instance) -> dict[str, set[str]]:
    """Context -> users with which it is connected, without what is random of them."""
    folder = find_data_folder(instance.data_dir)
    assert folder is not None
    port = folder.noted_port("postgres")
    assert port is not None
    url = PostgresServer(folder.path, port, folder.secret("postgres")).url
    found: dict[str, set[str]] = {}

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            query = "select application_name, usename from pg_stat_activity where application_name = any($1)"
            for row in await connection.fetch(query, list(CONTEXTS)):
                found.setdefault(row[0], set()).add(row[1].rpartition("-")[0])
        finally:
            await connection.close()

    asyncio.run(run())
    return found


def as_superuser(url: str, statement: str) -> None:
    """Run one statement as the superuser."""

    async def run() -> None:
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    asyncio.run(run())


def wait_until(condition: Any, within_s: float = START_WITHIN_S) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def answers_like(instance: Instance, lead: Any) -> bool:
    """Whether it answers as before; connections that the accident broke may cost one attempt."""
    try:
        return bool(instance.first_lead() == lead)
    except (AssertionError, OSError):
        return False


def answers_nothing(instance: Instance) -> bool:
    try:
        urllib.request.urlopen(instance.url, timeout=2)
    except OSError:
        return True
    return False


def packages() -> Path:
    """The folder with the installed packages."""
    return Path(psutil.__file__).parents[1]


def readable_python(folder: Path) -> str:
    """An interpreter that the plain user can run: ours, or (one below a closed home) a copy of it."""
    if not reachable(packages(), NOBODY):
        pytest.skip("a plain user cannot read the installed packages here")
    if reachable(Path(sys.executable), NOBODY):
        return sys.executable
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    home = Path(sys.base_prefix)
    (folder / "bin").mkdir()
    python = shutil.copy2(Path(sys.executable).resolve(), folder / "bin" / version)
    unused = shutil.ignore_patterns("site-packages", "test", "__pycache__", "idlelib", "tkinter", "*.a")
    shutil.copytree(home / "lib" / version, folder / "lib" / version, ignore=unused, symlinks=True)
    for library in (home / "lib").glob("libpython*.so*"):
        shutil.copy2(library, folder / "lib")
    return str(python)
