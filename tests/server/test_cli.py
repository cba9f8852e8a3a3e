"""`python -m router` as a user types it: in this process where that is the same, in one of its own where it is not."""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from unittest.mock import patch
from urllib.request import Request, urlopen

import aiohttp
import pytest

from router.__main__ import main
from router.server.config import config_schema
from tests.server.shop import SUPERGRAPH
from tests.server.test_demand import COSTLY

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable"])\n'
USERS = LINK + 'type Query { me: User } type User @key(fields: "id") { id: ID! name: String }'
POSTS = LINK + 'type User @key(fields: "id") { id: ID! posts: [Post!]! } type Post { title: String }'


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


def run(*arguments: str | Path, stdin: str = "") -> Done:
    """Run the command in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), patch("sys.stdin", io.StringIO(stdin)):
        try:
            status = main([str(argument) for argument in arguments])
        except SystemExit as exit_:  # argparse
            status = int(exit_.code or 0)
    return Done(status, out.getvalue(), err.getvalue())


@pytest.fixture
def supergraph(tmp_path: Path) -> Path:
    file = tmp_path / "supergraph.graphql"
    file.write_text(SUPERGRAPH)
    return file


@pytest.fixture
def operation(tmp_path: Path) -> Path:
    file = tmp_path / "operation.graphql"
    file.write_text('query A { product(id: "1") { name reviews { stars } } } query B { __typename }')
    return file


# ---- compose --------------------------------------------------------------------------------------------------------


def write_config(folder: Path, users: str = USERS, posts: str = POSTS) -> Path:
    (folder / "schemas").mkdir()
    (folder / "schemas/users.graphql").write_text(users)
    (folder / "schemas/posts.graphql").write_text(posts)
    config = folder / "supergraph.yaml"
    config.write_text(
        """
        federation_version: =2.9.0
        subgraphs:
          users:
            routing_url: http://users.invalid/graphql
            schema: {file: ./schemas/users.graphql}
          posts:
            routing_url: http://posts.invalid/graphql
            schema: {file: ./schemas/posts.graphql}
        """
    )
    return config


def test_compose(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    done = run("compose", "--config", config)
    assert (done.returncode, done.stderr) == (0, "")
    assert 'POSTS @join__graph(name: "posts", url: "http://posts.invalid/graphql")' in done.stdout
    out = tmp_path / "out.graphql"
    command = [sys.executable, "-m", "router", "compose", "--config", "supergraph.yaml", "--out", str(out)]
    written = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path, check=False)
    assert (written.returncode, written.stdout, written.stderr) == (0, "", "")
    assert out.read_text() == done.stdout
    as_json = json.loads(run("compose", "--config", config, "--json").stdout)
    assert as_json["supergraph"] == done.stdout
    assert as_json["errors"] == []


def test_compose_reports_errors_with_their_places(tmp_path: Path) -> None:
    config = write_config(tmp_path, posts=LINK + 'type User @key(fields: "id") { id: ID! name: String }')
    done = run("compose", "--config", config, "--out", tmp_path / "out.graphql")
    assert done.returncode == 1
    assert done.stdout == ""
    assert not (tmp_path / "out.graphql").exists()
    first, *rest = done.stderr.splitlines()
    assert re.match(r"INVALID_FIELD_SHARING: .*User\.name", first)
    assert any(re.match(r"  at .*schemas/users\.graphql:2:\d+$", line) for line in rest)
    as_json = run("compose", "--config", config, "--json")
    assert as_json.returncode == 1
    error = json.loads(as_json.stdout)["errors"][0]
    assert error["code"] == "INVALID_FIELD_SHARING"
    assert error["subgraphs"] == ["posts", "users"]
    assert {"subgraph", "file", "line", "column"} == set(error["locations"][0])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("subgraphs: [", "not YAML"),
        ("a: 1", "needs a map `subgraphs`"),
        ("subgraphs: {a: {routing_url: http://x}}", "subgraph 'a' needs `schema`"),
        ("subgraphs: {a: {schema: {file: x.graphql, subgraph_url: http://x}}}", "exactly one of `file`"),
        ("subgraphs: {a: {schema: {file: none.graphql}}}", "SCHEMA_NOT_FOUND"),
        (
            "subgraphs: {a: {schema: {subgraph_url: 'file:///etc/passwd'}}}",
            "it can be asked at an http or https URL only",
        ),
        ("subgraphs: {a: {schema: {subgraph_url: 'http://127.0.0.1:1/'}}}", "did not answer"),
    ],
)
def test_compose_with_a_wrong_file(tmp_path: Path, text: str, words: str) -> None:
    config = tmp_path / "supergraph.yaml"
    config.write_text(text)
    done = run("compose", "--config", config)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@contextmanager
def answering(payload: Any, after_s: float = 0) -> Iterator[str]:
    """A subgraph that answers everything with this."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            time.sleep(after_s)
            body = json.dumps(payload).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/graphql"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_compose_asks_a_running_subgraph(tmp_path: Path) -> None:
    config = tmp_path / "supergraph.yaml"
    with answering({"data": {"_service": {"sdl": USERS}}}) as url:
        config.write_text(f"subgraphs: {{users: {{schema: {{subgraph_url: '{url}'}}}}}}")
        done = run("compose", "--config", config)
    assert done.returncode == 0, done.stderr
    assert f'@join__graph(name: "users", url: "{url}")' in done.stdout
    with answering({"errors": [{"message": "no"}]}) as url:
        config.write_text(f"subgraphs: {{users: {{schema: {{subgraph_url: '{url}'}}}}}}")
        done = run("compose", "--config", config)
    assert done.returncode == 1
    assert "did not answer" in done.stderr


# ---- plan -----------------------------------------------------------------------------------------------------------


def test_plan_shows_each_stage(supergraph: Path, operation: Path) -> None:
    common = ("plan", "--supergraph", supergraph, "--operation", operation, "--operation-name", "A")
    shown = {stage: run(*common, "--stage", stage) for stage in ("normalize", "cover", "fetches", "plan")}
    assert all(done.returncode == 0 and done.stdout for done in shown.values()), shown
    assert len({done.stdout for done in shown.values()}) == 4
    assert shown["plan"].stdout == run(*common).stdout
    assert "products" in shown["plan"].stdout
    assert "_entities" in shown["plan"].stdout


def test_plan_in_other_forms(supergraph: Path, operation: Path) -> None:
    common = ("plan", "--supergraph", supergraph, "--operation", operation, "--operation-name", "A")
    assert json.loads(run(*common, "--format", "json").stdout)["fetches"][1]["subgraph"] == "reviews"
    assert run(*common, "--format", "mermaid").stdout.startswith("flowchart")
    assert json.loads(run(*common, "--shape").stdout) == {
        "fetches": 2,
        "pathCalls": 2,
        "depth": 2,
        "bySubgraph": {"products": 1, "reviews": 1},
    }


def test_plan_reads_standard_input(supergraph: Path) -> None:
    done = run("plan", "--supergraph", supergraph, "--operation", "-", "--shape", stdin="{ __typename }")
    assert json.loads(done.stdout)["fetches"] == 0


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{ nope }", "GRAPHQL_VALIDATION_FAILED: Cannot query field 'nope' on type 'Query'.\n  at 1:3\n"),
        ("{", "GRAPHQL_PARSE_FAILED: "),
        ("query A { __typename } query B { __typename }", "OPERATION_RESOLUTION_FAILURE: "),
    ],
)
def test_plan_of_a_wrong_document(supergraph: Path, document: str, words: str) -> None:
    done = run("plan", "--supergraph", supergraph, "--operation", "-", stdin=document)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(words)


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, (0, "8\n", "")),
        ({"n": 5}, (0, "20\n", "")),
        ({"n": "x"}, (1, "", "$n: ")),
        ({"n": None}, (1, "", "Query.pro")),
    ],
)
def test_what_an_operation_costs(tmp_path: Path, variables: dict[str, Any], expected: tuple[int, str, str]) -> None:
    file = tmp_path / "costly.graphql"
    file.write_text(COSTLY)
    document = "query ($n: Int = 2) { products(first: $n) { reviews { stars } } }"
    asked = ("--operation", "-", "--cost", "--list-size", "3", "--variables", json.dumps(variables))
    done = run("plan", "--supergraph", file, *asked, stdin=document)
    status, printed, words = expected
    assert (done.returncode, done.stdout) == (status, printed)
    assert done.stderr.startswith(words)


@pytest.mark.parametrize("variables", ["{", "[]"])
def test_variables_that_are_none(supergraph: Path, operation: Path, variables: str) -> None:
    done = run("plan", "--supergraph", supergraph, "--operation", operation, "--cost", "--variables", variables)
    assert done.returncode == 2
    assert "JSON" in done.stderr


def test_plan_of_a_wrong_supergraph(tmp_path: Path, operation: Path) -> None:
    done = run("plan", "--supergraph", tmp_path / "none.graphql", "--operation", operation)
    assert (done.returncode, done.stdout) == (1, "")
    assert "none.graphql: No such file" in done.stderr


# ---- serve ----------------------------------------------------------------------------------------------------------


@contextmanager
def serving(*arguments: str | Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A router that listens; gives its base URL."""
    command = [sys.executable, "-m", "router", "serve", "--port", "0", *map(str, arguments)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        port = json.loads(process.stderr.readline())["port"]
        url = f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 20
        while True:
            try:
                with urlopen(f"{url}/health", timeout=2):
                    break
            except OSError:
                assert time.monotonic() < deadline
                assert process.poll() is None
                time.sleep(0.02)
        yield url, process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait(10)
        process.stderr.close()


def ask(url: str, query: str) -> Any:
    headers = {"content-type": "application/json", "accept": "application/json"}
    with urlopen(Request(f"{url}/graphql", json.dumps({"query": query}).encode(), headers), timeout=10) as answer:
        return json.load(answer)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_serve(supergraph: Path, tmp_path: Path, stop: signal.Signals) -> None:
    config = tmp_path / "router.yaml"
    with answering({"data": {"product": {"name": "Pen"}}}) as subgraph:
        config.write_text(f"telemetry: {{access_log: all}}\nsubgraphs: {{products: {{routing_url: '{subgraph}'}}}}")
        with serving("--supergraph", supergraph, "--config", config) as (url, process):
            assert ask(url, 'query P { product(id: "1") { name } }') == {"data": {"product": {"name": "Pen"}}}
            line = access_line(process)
            assert process.stderr is not None
            assert (line["operation"], line["status"], line["fetches"]) == ("P", 200, 1)
            started = time.monotonic()
            process.send_signal(stop)
            process.wait(10)
            assert time.monotonic() - started < 5
            assert process.returncode in (0, 130, -stop)
            assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize("compression", [False, True])
async def test_websockets_of_serve(supergraph: Path, tmp_path: Path, compression: bool) -> None:
    """Compression only if asked for; and no message larger than a body may be, whatever it is compressed to."""
    config = tmp_path / "router.yaml"
    config.write_text(f"websocket: {{compression: {str(compression).lower()}}}\nlimits: {{max_body_bytes: 5000}}")
    with serving("--supergraph", supergraph, "--config", config) as (url, _):
        async with aiohttp.ClientSession() as http:
            at = f"{url.replace('http', 'ws')}/graphql"
            async with http.ws_connect(at, protocols=("graphql-transport-ws",), compress=15) as socket:
                assert bool(socket.compress) is compression
                await socket.send_json({"type": "connection_init"})
                assert (await socket.receive_json(timeout=10)) == {"type": "connection_ack"}
                await socket.send_json({"type": "ping", "payload": {"a": "x" * 4000}})
                assert (await socket.receive_json(timeout=10))["type"] == "pong"
                await socket.send_json({"type": "ping", "payload": {"a": "x" * 6000}})
                frame = await socket.receive(timeout=10)
                assert (frame.type, frame.data) == (aiohttp.WSMsgType.CLOSE, 1009)


def access_line(process: subprocess.Popen[str]) -> dict[str, Any]:
    """The next line of the access log."""
    assert process.stderr is not None
    while True:
        line: dict[str, Any] = json.loads(process.stderr.readline())
        if line["logger"] == "router.access":
            return line


def log_line(process: subprocess.Popen[str], message: str) -> dict[str, Any]:
    """The next line of the log with this message."""
    assert process.stderr is not None
    while True:
        line: dict[str, Any] = json.loads(process.stderr.readline())
        if line["message"] == message:
            return line


def test_serve_watches_the_supergraph(supergraph: Path) -> None:
    text = supergraph.read_text()
    fields = '{ __type(name: "Query") { fields { name } } }'

    def served(url: str) -> set[str]:
        return {field["name"] for field in ask(url, fields)["data"]["__type"]["fields"]}

    with serving("--supergraph", supergraph, "--watch") as (url, process):
        assert "slow" in served(url)
        supergraph.write_text(text.replace("slow(seconds", "quick(seconds"))
        line = log_line(process, "supergraph ready")
        assert (line["documents"], line["planned"]) == (1, 1)
        assert served(url) & {"slow", "quick"} == {"quick"}
        supergraph.write_text("type Query {")
        assert log_line(process, "not reloaded")["code"] == "INVALID_FEDERATION_SUPERGRAPH"
        assert "quick" in served(url)
        supergraph.unlink()
        assert "No such file" in log_line(process, "not reloaded")["reason"]
        supergraph.write_text(text)
        log_line(process, "supergraph ready")
        assert "slow" in served(url)


def test_serve_reloads_everything_on_a_signal(supergraph: Path, tmp_path: Path) -> None:
    config = tmp_path / "router.yaml"
    config.write_text("limits: {max_depth: 9}")
    two_deep = '{ product(id: "1") { name } }'

    def code(url: str) -> str:
        return str(ask(url, two_deep)["errors"][0]["extensions"]["code"])

    with serving("--supergraph", supergraph, "--config", config) as (url, process):
        assert code(url) != "MAX_DEPTH_LIMIT"
        config.write_text("limits: {max_depht: 1}")
        process.send_signal(signal.SIGHUP)
        line = log_line(process, "not reloaded")
        assert line["code"] == "INVALID_ROUTER_CONFIG"
        assert "did you mean `max_depth`?" in line["reason"]
        assert code(url) != "MAX_DEPTH_LIMIT"
        config.write_text("limits: {max_depth: 1}")
        process.send_signal(signal.SIGHUP)
        log_line(process, "supergraph ready")
        assert code(url) == "MAX_DEPTH_LIMIT"


def test_serve_watches_its_settings(supergraph: Path, tmp_path: Path) -> None:
    config = tmp_path / "router.yaml"
    config.write_text("")
    with serving("--supergraph", supergraph, "--config", config, "--watch") as (url, process):
        config.write_text("introspection: false")
        log_line(process, "supergraph ready")
        assert ask(url, "{ __schema { queryType { name } } }")["errors"][0]["extensions"]["code"] == (
            "INTROSPECTION_DISABLED"
        )


def test_a_client_that_hangs_up_frees_the_router(supergraph: Path, tmp_path: Path) -> None:
    config = tmp_path / "router.yaml"
    body = json.dumps({"query": '{ product(id: "1") { name } }'}).encode()
    head = f"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    with answering({"data": {"product": {"name": "Pen"}}}, after_s=2) as subgraph:
        config.write_text(f"subgraphs: {{products: {{routing_url: '{subgraph}'}}}}")
        with serving("--supergraph", supergraph, "--config", config) as (url, process):
            with socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2]))) as client:
                client.sendall(head.encode() + body)
                time.sleep(0.5)
            line = access_line(process)
            assert line["status"] == 499
            assert line["duration_ms"] < 1900


def test_serve_with_a_port_in_use(supergraph: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run("serve", "--supergraph", supergraph, "--port", str(port))
    assert done.returncode == 1
    words = f"port {port} on 127.0.0.1 is in use by another program; choose another with --port"
    assert done.stderr == f"PORT_IN_USE: {words}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--host", "not an address"], "is not an address"),
        (["--host", "192.0.2.1"], "cannot listen at 192.0.2.1"),
        (["--config", "none.yaml"], "INVALID_ROUTER_CONFIG: none.yaml: No such file"),
    ],
)
def test_serve_that_cannot_start(supergraph: Path, arguments: list[str], words: str) -> None:
    done = run("serve", "--supergraph", supergraph, "--port", "0", *arguments)
    assert done.returncode == 1
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_serve_of_a_wrong_supergraph(tmp_path: Path) -> None:
    (tmp_path / "a.graphql").write_text("type Query { a: Int }")
    done = run("serve", "--supergraph", tmp_path / "a.graphql", "--port", "0")
    assert done.returncode == 1
    assert done.stderr.startswith("INVALID_FEDERATION_SUPERGRAPH: ")


# ---- the rest -------------------------------------------------------------------------------------------------------


def test_config_schema(tmp_path: Path) -> None:
    assert json.loads(run("config-schema").stdout) == config_schema()
    run("config-schema", "--out", tmp_path / "schema.json")
    assert json.loads((tmp_path / "schema.json").read_text()) == config_schema()


@pytest.mark.parametrize("arguments", [[], ["nothing"], ["serve"], ["serve", "--supergraph", "x", "--port", "70000"]])
def test_wrong_command_lines(arguments: list[str]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "usage: python -m router" in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_reader_that_has_enough(supergraph: Path, operation: Path) -> None:
    command = (
        f"'{sys.executable}' -m router plan --supergraph '{supergraph}' --operation '{operation}' --operation-name A"
    )
    done = subprocess.run(f"{command} | true", shell=True, capture_output=True, text=True, timeout=60, check=False)
    assert "Traceback" not in done.stderr


def test_a_plan_explains_itself(supergraph: Path, operation: Path) -> None:
    common = ("plan", "--supergraph", supergraph, "--operation", operation, "--operation-name", "A", "--explain")
    text = run(*common)
    assert text.returncode == 0
    assert "only products resolves Query.product" in text.stdout
    assert "is entered with key { id }, read by fetch 0" in text.stdout
    found = json.loads(run(*common, "--format", "json").stdout)
    assert [fetch["subgraph"] for fetch in found["fetches"]] == ["products", "reviews"]
    for wrong in (("--shape",), ("--format", "mermaid"), ("--stage", "cover")):
        refused = run(*common, *wrong)
        assert refused.returncode == 2
        assert "--explain is of the whole plan" in refused.stderr or "leave out --stage" in refused.stderr


@pytest.mark.parametrize("stage", ["normalize", "cover", "fetches"])
def test_each_stage_has_a_json_form_and_no_other_is_claimed(tmp_path: Path, stage: str) -> None:
    operation = tmp_path / "operation.graphql"
    operation.write_text('{ product(id: "1") { name reviews { stars } } }')
    supergraph = tmp_path / "supergraph.graphql"
    supergraph.write_text(SUPERGRAPH)
    arguments = ("plan", "--supergraph", supergraph, "--operation", operation, "--stage", stage)
    as_json = run(*arguments, "--format", "json")
    assert as_json.returncode == 0, as_json.stderr
    assert {"normalize": "selection", "cover": "places", "fetches": "fetches"}[stage] in json.loads(as_json.stdout)
    for wrong in (("--shape",), ("--format", "mermaid")):
        refused = run(*arguments, *wrong)
        assert refused.returncode == 2
        assert "leave out --stage" in refused.stderr


def test_what_cannot_be_read_has_a_code_in_both_forms(tmp_path: Path) -> None:
    missing = tmp_path / "none.yaml"
    assert run("compose", "--config", missing).stderr.startswith("CONFIG_NOT_FOUND: ")
    as_json = run("compose", "--config", missing, "--json")
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout)["errors"][0]["code"] == "CONFIG_NOT_FOUND"
    no_operation = run("plan", "--supergraph", missing, "--operation", missing)
    assert no_operation.stderr.startswith("FILE_NOT_READABLE: ")
