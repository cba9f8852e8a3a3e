"""The data folder: it is ours or left alone, one instance at a time, and clears up after a crash."""

import json
import os
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from brain.embedded import data_folder
from brain.embedded.data_folder import find_data_folder, open_data_folder
from brain.embedded.process import EmbeddedError, Launch, end_group, identity, start


def test_a_new_folder_is_marked_and_private(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "a" / "b")
    assert find_data_folder(folder.path) is not None
    assert stat.S_IMODE(folder.path.stat().st_mode) == 0o700
    folder.secret("x")
    assert stat.S_IMODE((folder.path / "brain-data.json").stat().st_mode) == 0o600


def test_ports_and_secrets_are_kept(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "d")
    ports, secret = (folder.port("a"), folder.port("b")), folder.secret("s")
    again = open_data_folder(tmp_path / "d")
    assert (again.port("a"), again.port("b")) == ports
    assert again.noted_port("a") == ports[0]
    assert again.secret("s") == secret
    assert len(set(ports)) == 2


def test_a_port_that_was_taken_meanwhile_is_replaced(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "d")
    before = folder.port("a")
    with socket.socket() as other:
        other.bind(("127.0.0.1", before))
        other.listen()
        after = folder.port("a")
    assert after != before
    assert open_data_folder(tmp_path / "d").noted_port("a") == after


def test_somebody_elses_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("")
    with pytest.raises(EmbeddedError, match=r"other files .* nothing was touched"):
        open_data_folder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_the_default_folder_may_hold_other_things(tmp_path: Path) -> None:
    default = tmp_path / ".brain"
    (default / "cache").mkdir(parents=True)
    open_data_folder(default).wipe()
    assert (default / "cache").is_dir()


def test_wipe_deletes_the_data_and_nothing_else(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "d")
    secret = folder.secret("s")
    (folder.subfolder("postgres") / "file").write_text("x")
    folder.log_file("postgres").write_text("x")
    (folder.path / "notes.txt").write_text("mine")
    (tmp_path / "outside").mkdir()
    (folder.path / "redis").symlink_to(tmp_path / "outside")
    with folder.locked():
        folder.wipe()
        assert {path.name for path in folder.path.iterdir()} == {"brain-data.json", "lock", "notes.txt"}
    assert (tmp_path / "outside").is_dir()
    assert folder.secret("s") != secret


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account for PostgreSQL")
def test_what_another_account_must_enter_is_kept_in_an_open_place(
    tmp_path: Path, server_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data_folder, "_OPEN_PLACE", server_folder / "open")
    closed, entered = open_data_folder(tmp_path / "d"), open_data_folder(server_folder / "d")
    assert entered.server_folder("postgres") == entered.path / "postgres"
    place = closed.server_folder("postgres")
    assert place.is_relative_to(server_folder / "open")
    assert open_data_folder(tmp_path / "d").server_folder("postgres") == place
    closed.wipe()
    assert list((server_folder / "open").iterdir()) == []


def test_one_instance_at_a_time(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "d")
    with folder.locked():
        known_as = identity(os.getpid())
        folder.note_state({"supervisor": {"pid": os.getpid(), "identity": known_as, "port": 8001}, "components": {}})
        second = open_data_folder(tmp_path / "d")
        assert second.supervisor() == os.getpid()
        with pytest.raises(EmbeddedError, match=rf"pid {os.getpid()}, port 8001\) already runs.*\n.*--data-dir"):
            second.locked().__enter__()
    with second.locked():
        pass


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a folder of another user")
def test_another_users_folder_is_refused(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "d")
    os.chown(folder.path / "brain-data.json", 65534, 65534)
    with pytest.raises(EmbeddedError, match="belongs to user 65534"):
        open_data_folder(tmp_path / "d")


def test_orphans_are_ended_and_strangers_are_not(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "d")
    launch = Launch((sys.executable, "-c", "import time; time.sleep(600)"))
    orphan, stranger = (start(launch, subprocess.DEVNULL) for _ in range(2))
    try:
        components = {
            "app": {"pid": orphan.pid, "identity": identity(orphan.pid)},
            "reused": {"pid": stranger.pid, "identity": "another:1"},
            "gone": {"pid": None, "identity": None},
        }
        folder.note_state({"supervisor": {"pid": 1, "identity": "x"}, "components": components})
        assert folder.supervisor() is None
        assert folder.orphans() == {"app": orphan.pid}
        assert folder.end_orphans() == ["app"]
        assert identity(orphan.pid) is None
        assert identity(stranger.pid) is not None
    finally:
        end_group(orphan, launch)
        end_group(stranger, launch)


def test_a_broken_state_file_counts_as_none(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "d")
    (folder.path / "state.json").write_text("{")
    assert folder.state() == {}
    assert folder.orphans() == {}


def test_a_folder_of_another_version_is_kept(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "d")
    (folder.path / "brain-data.json").write_text(json.dumps({"format": 99}))
    with pytest.raises(EmbeddedError, match="another version"):
        open_data_folder(tmp_path / "d")


def test_a_long_log_is_set_aside(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "d")
    folder.log_file("app").write_bytes(b"x" * 10_000_001)
    assert not folder.log_file("app").exists()
    assert (folder.path / "logs" / "app.log.1").exists()
