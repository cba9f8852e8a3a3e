"""The embedded OpenBao: made once, private, and back by itself with all that it was given."""

import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from brain.config import BrainSettings
from brain.embedded import openbao as module
from brain.embedded.external import Unreachable, check_external, vault_version
from brain.embedded.openbao import OpenBaoServer, program
from brain.embedded.ports import free_port
from brain.embedded.process import EmbeddedError, end_group, signal_group, start
from brain.vault import VaultError
from brain.vault.setup import admin_client, initialise, set_up


def begin(server: OpenBaoServer, folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log").open("ab") as log:
        child = start(server.launch(), log)
    deadline = time.monotonic() + 20
    while not server.is_ready():
        if child.poll() is not None or time.monotonic() > deadline:
            end_group(child, server.launch())
            pytest.fail((folder / "log").read_text())
        time.sleep(0.02)
    return child


def test_a_life(tmp_path: Path) -> None:
    server = OpenBaoServer(tmp_path / "bao", free_port(), free_port())
    server.prepare()
    child = begin(server, tmp_path)
    settings = BrainSettings(
        vault_address=server.address,
        vault_role_id_file=tmp_path / "roles" / "{role}" / "role_id",
        vault_secret_id_file=tmp_path / "roles" / "{role}" / "secret_id",
    )
    try:
        token = initialise(server.address, server.folder)
        admin = admin_client(server.address, token)
        with admin.session:
            set_up(admin, ["brain", "worker"], tmp_path / "roles")
            secret_id = (tmp_path / "roles" / "worker" / "secret_id").read_text()
            admin.secrets.kv.v2.create_or_update_secret("services/brain/x", {"y": "z"}, mount_point="kv")
            # Nobody else can read any of it.
            for path in (*tmp_path.glob("roles/*/*"), *server.folder.glob("*.*")):
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
            for path in (server.folder / "raft", tmp_path / "roles" / "brain"):
                assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
            assert vault_version(settings) == "2.7.2"
            check_external(settings)

            signal_group(child.pid, signal.SIGKILL)
            child.wait(5)
            server.prepare()  # as at every start
            child = begin(server, tmp_path)
            assert initialise(server.address, server.folder) == token
            set_up(admin, ["brain", "worker"], tmp_path / "roles")
            assert (tmp_path / "roles" / "worker" / "secret_id").read_text() == secret_id, "it lets the role in still"
            found = admin.secrets.kv.v2.read_secret_version(
                "services/brain/x", mount_point="kv", raise_on_deleted_version=True
            )
            assert found["data"]["data"] == {"y": "z"}

            # A secret that somebody else has seen is replaced by deleting its file: the earlier one is worthless.
            (tmp_path / "roles" / "worker" / "secret_id").unlink()
            set_up(admin, ["brain", "worker"], tmp_path / "roles")
            assert vault_version(settings) == "2.7.2"
            (tmp_path / "roles" / "worker" / "secret_id").write_text(secret_id)
            with pytest.raises(Unreachable, match="does not let worker in"):
                vault_version(settings)

        (server.folder / "root.token").unlink()
        with pytest.raises(VaultError, match=r"root\.token is not there.*VAULT_TOKEN"):
            initialise(server.address, server.folder)
    finally:
        end_group(child, server.launch())
    place = server.address.removeprefix("http://")
    with pytest.raises(EmbeddedError, match=f"BRAIN_VAULT_ADDRESS: Cannot use it: the Vault at {place} is away"):
        check_external(settings)


def test_a_missing_program_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PACKAGE", "no_such_package")
    with pytest.raises(EmbeddedError, match="make up"):
        program()
