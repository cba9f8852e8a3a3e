"""`brain subgraph pull saleor`, and what `brain doctor` makes of a Brain's readiness page."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from brain.cli import app, main
from brain.doctor import check_saleor_schema
from brain.embedded.data_folder import open_data_folder
from brain.saleor.schema_store import SchemaStore
from subgraphs.saleor.app import sdl

ROOT = Path(__file__).parents[3]


class Server(ThreadingHTTPServer):
    answer: Any = None
    path = ""


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.server.path = self.path  # type: ignore[attr-defined]
        self.rfile.read(int(self.headers["content-length"]))
        self.do_GET()

    def do_GET(self) -> None:
        body = json.dumps(self.server.answer).encode()  # type: ignore[attr-defined]
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


@contextmanager
def serving(port: int = 0) -> Iterator[tuple[Server, str]]:
    served = Server(("127.0.0.1", port), Handler)
    thread = threading.Thread(target=served.serve_forever)
    thread.start()
    yield served, f"http://127.0.0.1:{served.server_port}"
    served.shutdown()
    thread.join()
    served.server_close()


@pytest.fixture
def server() -> Iterator[tuple[Server, str]]:
    with serving() as found:
        yield found


def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *arguments: str, **settings: str) -> int:
    """Its status."""
    monkeypatch.setenv("BRAIN_DATA_DIR", str(tmp_path / "data"))
    for name, value in settings.items():
        monkeypatch.setenv(f"BRAIN_{name.upper()}", value)
    monkeypatch.setattr("sys.argv", ["brain", "subgraph", "pull", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


WIDER = sdl().replace("type Query {", "type Query {\n  motto: String", 1)


def test_what_composes_is_kept_or_written(
    server: tuple[Server, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saleor, url = server
    saleor.answer = {"data": {"_service": {"sdl": WIDER}}}
    out = tmp_path / "out.graphql"
    assert run(monkeypatch, tmp_path, "saleor", "--url", f"{url}/graphql/", "--out", str(out)) == 0
    assert saleor.path == "/graphql/", "with its slash"
    assert out.read_text().rstrip() == WIDER.rstrip()
    assert not (tmp_path / "data" / "saleor").exists()
    assert run(monkeypatch, tmp_path, "saleor", saleor_url=f"{url}/graphql/") == 0
    file, stamp = SchemaStore(tmp_path / "data" / "saleor", ROOT / "schema" / "supergraph.graphql").serves()
    assert file.is_relative_to(tmp_path)
    assert "motto" in file.read_text()
    assert stamp
    assert "which compose" in capsys.readouterr().out


def test_what_does_not_is_neither(
    server: tuple[Server, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    saleor, url = server
    saleor.answer = {"data": {"_service": {"sdl": sdl().replace("type Query {", "type Query { viewer: User", 1)}}}
    out = tmp_path / "out.graphql"
    assert run(monkeypatch, tmp_path, "saleor", "--url", f"{url}/graphql/", "--out", str(out)) == 1
    assert "Query.viewer" in capsys.readouterr().err
    saleor.answer = {"errors": []}
    assert run(monkeypatch, tmp_path, "saleor", "--url", f"{url}/graphql/") == 1
    assert "is it a federation subgraph?" in " ".join(capsys.readouterr().err.split())
    assert run(monkeypatch, tmp_path, "crm", "--url", url) == 1
    assert "there is saleor" in capsys.readouterr().err
    assert run(monkeypatch, tmp_path, "saleor") == 1
    assert "give --data-dir if the platform has another folder, or --url" in " ".join(capsys.readouterr().err.split())
    assert not out.exists()
    assert not (tmp_path / "data" / "saleor").exists()


def test_the_data_folder_that_is_named_is_the_one(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    assert run(monkeypatch, tmp_path, "saleor", "--data-dir", str(other), "--url", "http://127.0.0.1:1/") == 1
    assert "There is no data in" in capsys.readouterr().err
    assert not other.exists(), "what is not a data folder gets no files: it could become none then"
    with serving(open_data_folder(other).port("saleor")) as (saleor, _):
        saleor.answer = {"data": {"_service": {"sdl": WIDER}}}
        assert run(monkeypatch, tmp_path, "saleor", "--data-dir", str(other)) == 0
        assert saleor.path == "/saleor/graphql/"
    file, _ = SchemaStore(other / "saleor", ROOT / "schema" / "supergraph.graphql").serves()
    assert "motto" in file.read_text()
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("state", "verdict"), [("up", "ok"), ("down", "note"), ("refused", "note"), (None, None)])
def test_the_doctor_says_so(server: tuple[Server, str], state: str | None, verdict: str | None) -> None:
    page, url = server
    page.answer = {"status": "ready", "parts": {} if state is None else {"saleor schema": state}}
    assert [found.verdict for found in check_saleor_schema(f"{url}/ready")] == ([] if verdict is None else [verdict])


def test_it_is_a_command() -> None:
    assert "subgraph" in {group.name for group in app.registered_groups}
