"""`brain up` as its user meets it: a second start, a second instance, accidents, and an end that leaves nothing."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import asyncpg  # type: ignore[import-untyped]
import pytest

from brain.embedded.data_folder import find_data_folder
from brain.embedded.ports import free_port
from brain.embedded.postgres import PostgresServer
from subgraphs import CONTEXTS

from .instance import START_WITHIN_S, STOP_WITHIN_S, Instance

pytestmark = pytest.mark.stack


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
