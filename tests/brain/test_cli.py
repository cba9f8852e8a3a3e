"""The command line, but for `brain up` itself (tests/e2e/test_up.py)."""

import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from brain.cli import app, main
from brain.config_reference import json_schema, table
from brain.embedded.data_folder import open_data_folder
from brain.embedded.ports import free_port
from brain.embedded.process import identity


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine reaches the tests."""
    for name in os.environ:
        if name.startswith("BRAIN_"):
            monkeypatch.delenv(name)


def brain(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in arguments])


def test_help_lists_the_commands_and_is_light() -> None:
    code = "import sys, brain.cli; assert not {'asyncpg', 'redis', 'graphql', 'starlette'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
    shown = brain("--help").output
    for command in ("up", "stop", "status", "logs", "doctor", "demo", "token", "config"):
        assert f" {command} " in shown


def test_config_writes_what_is_generated(tmp_path: Path) -> None:
    assert brain("config", "table").output == table()
    brain("config", "schema", "--out", tmp_path / "s.json")
    assert (tmp_path / "s.json").read_text() == json_schema()


def test_config_show_hides_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BRAIN_DATABASE_URL", "postgresql://u:hunter22@h/d")
    monkeypatch.setenv("BRAIN_DATABASE_APP_PASSWORD", "hunter22")
    monkeypatch.setenv("BRAIN_REDIS_URL", "redis://:hunter22@h/0")
    shown = brain("config", "show").output
    assert "hunter22" not in shown
    assert "BRAIN_DATABASE_URL=postgresql://u:***@h/d" in shown


def test_a_foreseen_failure_is_one_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "argv", ["brain", "status", "--data-dir", str(tmp_path / "none")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("error: There is no data in")


def test_status_of_nothing_and_of_something(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "d")
    nothing = brain("status", "--data-dir", folder.path)
    assert (nothing.exit_code, nothing.output) == (3, "nothing runs\n")
    supervisor = {"pid": os.getpid(), "identity": identity(os.getpid()), "port": 8001, "url": "http://127.0.0.1:8001"}
    redis = {"phase": "ready", "pid": 7, "identity": "x", "restarts": 2, "address": "127.0.0.1:5", "note": ""}
    folder.note_state({"supervisor": supervisor, "components": {"redis": redis}})
    shown = brain("status", "--data-dir", folder.path)
    assert shown.exit_code == 0
    assert f"http://127.0.0.1:8001 (pid {os.getpid()})" in shown.output
    assert "127.0.0.1:5" in shown.output
    document = json.loads(brain("status", "--json", "--data-dir", folder.path).output)
    assert document["running"] is True
    assert document["components"]["redis"]["restarts"] == 2


def test_stop_when_nothing_runs(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "d")
    assert brain("stop", "--data-dir", folder.path).output == "nothing runs\n"


def test_logs_of_one_and_of_all(tmp_path: Path) -> None:
    folder = open_data_folder(tmp_path / "d")
    for name in ("brain", "redis"):
        folder.log_file(name).write_text("".join(f"{name} line {number}\n" for number in range(5)))
    last = brain("logs", "redis", "-n", 2, "--data-dir", folder.path).output
    assert [line.split()[-1] for line in last.splitlines()] == ["3", "4"]
    assert "brain line 4" in brain("logs", "--data-dir", folder.path).output
    unknown = brain("logs", "mysql", "--data-dir", folder.path)
    assert "there are: brain, redis" in str(unknown.exception)


def test_keys_for_each_reader(tmp_path: Path) -> None:
    assert brain("keys", tmp_path).exit_code == 0
    assert stat.S_IMODE((tmp_path / "brain" / "context.secret").stat().st_mode) == 0o600


def test_demo_shows_every_log_in() -> None:
    shown = brain("demo").output
    assert "ada@acme.example" in shown
    assert "demo-globex-dan" in shown


class Identity(BaseHTTPRequestHandler):
    """Answers a log-in as the Brain does: one right password, one error."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/health" else 404)
        self.end_headers()

    def do_POST(self) -> None:
        given = json.loads(self.rfile.read(int(self.headers["content-length"])))["variables"]["input"]
        right = given == {"email": "ben@acme.example", "password": "demo-acme-ben"}
        payload: dict[str, Any] = {"errors": [], "tokens": {"accessToken": "t0ken"}}
        if not right:
            payload = {"errors": [{"message": "Wrong e-mail address or password."}], "tokens": None}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"data": {"logIn": payload}}).encode())

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        pass


@pytest.fixture
def identity_url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Identity) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_token(identity_url: str) -> None:
    assert brain("token", "ben@acme.example", "--url", identity_url).output == "t0ken\n"
    refused = brain("token", "ben@acme.example", "--password", "no", "--url", identity_url)
    assert "Wrong e-mail address or password." in str(refused.exception)
    away = brain("token", "--url", f"http://127.0.0.1:{free_port()}")
    assert "is it running?" in str(away.exception)


def test_token_finds_the_instance_of_a_data_folder(
    identity_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = open_data_folder(tmp_path / "d")
    idle = brain("token", "ben@acme.example", "--data-dir", folder.path)
    assert f"Nothing runs on {folder.path}" in str(idle.exception)
    supervisor = {"pid": os.getpid(), "identity": identity(os.getpid()), "port": 1, "url": identity_url}
    folder.note_state({"supervisor": supervisor, "components": {}})
    assert brain("token", "ben@acme.example", "--data-dir", folder.path).output == "t0ken\n"
    monkeypatch.setenv("BRAIN_DATA_DIR", str(folder.path))
    assert brain("token", "ben@acme.example").output == "t0ken\n"


def test_up_that_cannot_be_leaves_no_folder_and_keeps_old_data(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        refused = brain("up", "--port", port, "--data-dir", tmp_path / "new" / "data")
        assert f"Port {port} on 127.0.0.1 is taken by" in str(refused.exception)
        old = open_data_folder(tmp_path / "old")
        old.log_file("brain").write_text("kept")
        again = brain("up", "--port", port, "--fresh", "--data-dir", old.path)
        assert "is taken by" in str(again.exception)
    strange = brain("up", "--host", "192.0.2.1", "--data-dir", tmp_path / "new" / "data")
    assert "192.0.2.1 is no address of this machine" in str(strange.exception)
    assert not (tmp_path / "new").exists()
    assert old.log_file("brain").read_text() == "kept"


def test_probe(identity_url: str) -> None:
    assert brain("probe", f"{identity_url}/health").exit_code == 0
    assert brain("probe", f"{identity_url}/other").exit_code == 1
    assert brain("probe", f"http://127.0.0.1:{free_port()}/health").exit_code == 1


def test_doctor_fails_on_a_failure(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("")
    shown = brain("doctor", "--data-dir", tmp_path, "--port", free_port())
    assert shown.exit_code == 1
    assert "mend it: brain up --data-dir FOLDER" in shown.output
    report = json.loads(brain("doctor", "--json", "--data-dir", tmp_path, "--port", free_port()).stdout)
    assert report["ok"] is False
    assert {finding["name"] for finding in report["findings"] if finding["verdict"] == "wrong"} >= {"data folder"}
