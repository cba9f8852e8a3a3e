"""The doctor: each thing that can be wrong is found, and says how to mend it."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import asyncpg
import pytest

from brain import doctor
from brain.config import BrainSettings, ConfigError
from brain.doctor import Finding, examine
from brain.embedded.data_folder import open_data_folder
from brain.embedded.ports import free_port
from brain.embedded.process import Launch, end_group, identity, start


@pytest.fixture
def settings(tmp_path: Path) -> BrainSettings:
    """Settings of a machine on which all is well."""
    supergraph = tmp_path / "supergraph.graphql"
    supergraph.write_text('enum join__Graph { CRM @join__graph(name: "crm", url: "http://x/graphql") }')
    return BrainSettings(supergraph=supergraph, data_dir=tmp_path / "data", port=free_port())


def findings(settings: BrainSettings) -> dict[str, Finding]:
    return {finding.name: finding for finding in examine(lambda: settings)}


def test_a_sound_machine(settings: BrainSettings) -> None:
    found = findings(settings)
    assert {name for name, finding in found.items() if finding.verdict == "wrong"} == set()
    assert found["PostgreSQL"].text.startswith("postgres (PostgreSQL) 18")
    assert found["data folder"].remedy == "brain up"


def test_every_complaint_has_a_remedy(settings: BrainSettings, tmp_path: Path) -> None:
    (settings.data_dir).mkdir()
    (settings.data_dir / "thesis.txt").write_text("")
    settings.supergraph.unlink()
    with socket.socket() as other:
        other.bind(("127.0.0.1", settings.port))
        other.listen()
        found = findings(settings)
    wrong = {name: finding for name, finding in found.items() if finding.verdict == "wrong"}
    assert set(wrong) == {"supergraph", "data folder", "port"}
    assert all(finding.remedy for finding in wrong.values())
    assert f"pid {os.getpid()}" in wrong["port"].text
    assert wrong["port"].remedy == f"brain up --port {settings.port + 1}"


def test_wrong_settings() -> None:
    def load() -> BrainSettings:
        raise ConfigError("BRAIN_PORT: not a number")

    last = list(examine(load))[-1]
    assert (last.name, last.verdict) == ("settings", "wrong")


def test_programs_that_do_not_run_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    wheel = tmp_path / "pginstall" / "bin"
    wheel.mkdir(parents=True)
    (wheel / "postgres").write_bytes(b"\x7fELF of another machine")
    (wheel / "postgres").chmod(0o755)
    monkeypatch.setattr(doctor, "wheel_folder", lambda: tmp_path)
    postgres, *others = doctor.check_programs()
    assert (postgres.verdict, *(other.verdict for other in others)) == ("wrong", "ok", "ok", "ok")
    assert "does not run here" in postgres.text


def test_a_full_disk(monkeypatch: pytest.MonkeyPatch, settings: BrainSettings) -> None:
    monkeypatch.setattr(doctor, "NEEDED_BYTES", 10**18)
    assert doctor.check_disk(settings).verdict == "wrong"


def test_orphans_of_a_killed_run(settings: BrainSettings) -> None:
    folder = open_data_folder(settings.data_dir)
    launch = Launch((sys.executable, "-c", "import time; time.sleep(600)"))
    orphan = start(launch, subprocess.DEVNULL)
    try:
        components = {"redis": {"pid": orphan.pid, "identity": identity(orphan.pid)}}
        folder.note_state({"supervisor": {"pid": 1, "identity": "gone", "port": 1}, "components": components})
        found = findings(settings)["instance"]
    finally:
        end_group(orphan, launch)
    assert found.verdict == "wrong"
    assert f"redis (pid {orphan.pid})" in found.text
    assert found.remedy == "brain stop"


async def test_a_database_that_was_never_migrated_and_one_that_is_behind(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute("CREATE DATABASE doctor")
        url = postgres_url.rpartition("/")[0] + "/doctor"
        other = await asyncpg.connect(url)
        try:
            await other.execute("CREATE SCHEMA crm; CREATE TABLE crm.alembic_version (version_num text)")
            await other.execute("INSERT INTO crm.alembic_version VALUES ('0000')")
            found = {
                finding.name: finding for finding in await doctor.check_database(url, ["crm", "identity"], own=True)
            }
        finally:
            await other.close()
    finally:
        await connection.execute("DROP DATABASE doctor WITH (FORCE)")
        await connection.close()
    assert found["database"].verdict == found["clock of database"].verdict == "ok"
    assert found["migrations of identity"].text == "never run on this database"
    assert "is at 0000, the sources are at" in found["migrations of crm"].text


async def test_services_that_are_away() -> None:
    url = f"postgresql://u:secret@127.0.0.1:{free_port()}/brain"
    (found,) = await doctor.check_database(url, own=False)
    assert (found.verdict, "secret" in found.text) == ("wrong", False)
    assert "BRAIN_DATABASE_URL" in found.remedy
    assert found.text.endswith("refuses the connection: nothing listens there.")
    found = await doctor.check_redis(f"redis://:secret@127.0.0.1:{free_port()}/0", own=False)
    assert (found.verdict, "secret" in found.text) == ("wrong", False)
    assert found.text.endswith("refuses the connection: nothing listens there.")
    assert "BRAIN_REDIS_URL" in found.remedy


async def test_redis(redis_url: str) -> None:
    assert (await doctor.check_redis(redis_url, own=True)).verdict == "ok"
    host = redis_url.rpartition("@")[2]
    found = await doctor.check_redis(f"redis://:wrong@{host}", own=True)
    assert (found.verdict, found.remedy) == ("wrong", "brain logs redis")
    assert "does not let us in" in found.text


@pytest.fixture
def late_subgraphs() -> Iterator[str]:
    """Subgraphs that answer 503, on a machine whose clock is a minute slow."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(503)
            self.end_headers()

        def date_time_string(self, timestamp: float | None = None) -> str:
            return super().date_time_string(int(time.time()) - 60)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_sick_subgraph_and_a_wrong_clock(settings: BrainSettings, late_subgraphs: str) -> None:
    found = findings(settings.model_copy(update={"subgraphs_url": late_subgraphs}))
    assert found["subgraph crm"].verdict == "wrong"
    assert found["clock of crm"].verdict == "wrong"
    assert "-6" in found["clock of crm"].text


def test_newest_migrations_follow_the_chain(tmp_path: Path) -> None:
    versions = tmp_path / "crm" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (versions / "a.py").write_text('revision = "0001"\ndown_revision = None\n')
    (versions / "b.py").write_text('revision: str = "0002"\ndown_revision: str | None = "0001"\n')
    assert doctor.newest_migrations(tmp_path) == {"crm": "0002"}


def test_logins_to_the_database(settings: BrainSettings, tmp_path: Path) -> None:
    settings.supergraph.write_text(
        'enum join__Graph { A @join__graph(name: "crm", url: "") B @join__graph(name: "agents", url: "") }'
    )
    pattern = tmp_path / "{name}.json"
    for name in ("crm", "agents"):
        (tmp_path / f"{name}.json").write_text(json.dumps({"expires_at": time.time() + 1800}))
    found = doctor.check_logins(settings.supergraph, pattern)
    assert (found.verdict, found.text) == ("ok", "2, the first ends in 30 min unless it is renewed")
    (tmp_path / "crm.json").write_text(json.dumps({"expires_at": time.time() - 5}))
    (tmp_path / "agents.json").unlink()
    found = doctor.check_logins(settings.supergraph, pattern)
    assert found.verdict == "wrong"
    assert "that of crm ended 5 s ago; agents has none" in found.text


def test_a_vault_that_is_away(settings: BrainSettings, tmp_path: Path) -> None:
    for name in ("role_id", "secret_id"):
        (tmp_path / name).write_text("x")
    address = f"http://127.0.0.1:{free_port()}"
    files = {"vault_role_id_file": tmp_path / "role_id", "vault_secret_id_file": tmp_path / "secret_id"}
    found = findings(settings.model_copy(update={"vault_address": address, **files}))["Vault"]
    assert found.verdict == "wrong"
    assert found.text.endswith(f"the Vault at {address.removeprefix('http://')} is away.")
    assert "BRAIN_VAULT_ADDRESS" in found.remedy
