import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from time import monotonic

import pytest

from router.composition.config import InvalidCompositionConfig, introspect, load_subgraphs

SDL = "type Query { a: Int }"


class SubgraphHandler(BaseHTTPRequestHandler):
    """A subgraph that knows `_service`, unless its path says that it is broken; wants a header at `/guarded`."""

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["content-length"])))["query"]
        assert "_service" in query
        status, body = 200, json.dumps({"data": {"_service": {"sdl": SDL}}})
        if self.path == "/broken":
            body = "not json"
        elif self.path == "/plain":
            body = json.dumps({"errors": [{"message": "Cannot query field _service"}]})
        elif self.path == "/guarded" and self.headers["x-secret"] != "1":
            status, body = 401, "who are you"
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def subgraph_url() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), SubgraphHandler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def write(folder: Path, text: str) -> Path:
    path = folder / "supergraph.yaml"
    path.write_text(text)
    return path


def test_reads_files_beside_it_inline_sdl_and_running_subgraphs(tmp_path: Path, subgraph_url: str) -> None:
    (tmp_path / "sdl").mkdir()
    (tmp_path / "sdl" / "a.graphql").write_text(SDL)
    path = write(
        tmp_path,
        f"""
        federation_version: =2.9.0
        subgraphs:
          a: {{routing_url: "http://a/", schema: {{file: ./sdl/a.graphql}}}}
          b: {{routing_url: "http://b/", schema: {{sdl: "{SDL}"}}}}
          c: {{schema: {{subgraph_url: "{subgraph_url}/guarded", introspection_headers: {{x-secret: 1}}}}}}
        """,
    )
    a, b, c = load_subgraphs(path)
    assert (a.name, a.sdl, a.url, a.file) == ("a", SDL, "http://a/", str(tmp_path / "sdl" / "a.graphql"))
    assert (b.sdl, b.file) == (SDL, None)
    assert (c.sdl, c.url) == (SDL, f"{subgraph_url}/guarded")


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("subgraphs: [", "CONFIG_INVALID", "is not YAML"),
        ("", "CONFIG_INVALID", "needs a map `subgraphs`"),
        ("subgraphs: {}", "CONFIG_INVALID", "needs a map `subgraphs`"),
        ("subgraphs: {a: 1}", "CONFIG_INVALID", "must be a map"),
        ("subgraphs: {a: {routing_url: http://x}}", "CONFIG_INVALID", "needs `schema`"),
        ("subgraphs: {a: {schema: {}}}", "CONFIG_INVALID", "exactly one of"),
        ("subgraphs: {a: {schema: {file: x, sdl: y}}}", "CONFIG_INVALID", "exactly one of"),
        ("subgraphs: {a: {schema: {file: x, graphref: y}}}", "CONFIG_INVALID", "not graphref"),
        ("subgraphs: {a: {schema: {file: 1}}}", "CONFIG_INVALID", "must be a string"),
        ("subgraphs: {a: {schema: {file: ''}}}", "CONFIG_INVALID", "is empty"),
        ("subgraphs: {a: {schema: {file: none.graphql}}}", "SCHEMA_NOT_FOUND", "none.graphql"),
        ("subgraphs: {a: {schema: {subgraph_url: 'file:///etc/hostname'}}}", "CONFIG_INVALID", "http or https"),
        ("subgraphs: {a: {schema: {subgraph_url: 'http://127.0.0.1:1/'}}}", "SUBGRAPH_UNREACHABLE", "did not answer"),
    ],
)
def test_says_what_is_wrong(tmp_path: Path, text: str, code: str, says: str) -> None:
    with pytest.raises(InvalidCompositionConfig, match=says) as caught:
        load_subgraphs(write(tmp_path, text))
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("path", "says"),
    [("/broken", "did not answer"), ("/plain", "federation subgraph"), ("/guarded", "401: who are you")],
)
def test_says_what_a_subgraph_answered(tmp_path: Path, subgraph_url: str, path: str, says: str) -> None:
    config = write(tmp_path, f"subgraphs: {{a: {{schema: {{subgraph_url: '{subgraph_url}{path}'}}}}}}")
    with pytest.raises(InvalidCompositionConfig, match=says) as caught:
        load_subgraphs(config)
    assert caught.value.code == "SUBGRAPH_UNREACHABLE"


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidCompositionConfig) as caught:
        load_subgraphs(tmp_path / "none.yaml")
    assert caught.value.code == "CONFIG_NOT_FOUND"


def test_introspect_says_what_the_sdl_must_be_and_is_asked_for_without_a_schema(
    tmp_path: Path, subgraph_url: str
) -> None:
    path = write(tmp_path, f'subgraphs: {{a: {{routing_url: "{subgraph_url}/", introspect: federation-1}}}}')
    (a,) = load_subgraphs(path)
    assert (a.sdl, a.url) == (SDL, f"{subgraph_url}/")
    linked = 'extend schema @link(url: \\"https://specs.apollo.dev/federation/v2.3\\") type Query { a: Int }'
    for sdl, generation in ((SDL, "federation-2"), (linked, "federation-1")):
        path = write(tmp_path, f'subgraphs: {{a: {{introspect: {generation}, schema: {{sdl: "{sdl}"}}}}}}')
        with pytest.raises(InvalidCompositionConfig, match=f"not of {generation}"):
            load_subgraphs(path)
    path = write(tmp_path, "subgraphs: {a: {routing_url: http://x, introspect: soap}}")
    with pytest.raises(InvalidCompositionConfig, match="one of federation-1, federation-2"):
        load_subgraphs(path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "subgraphs:\n  a: {schema: {sdl: x}}\n  a: {schema: {sdl: y}}",
            "line 3: subgraphs.a: this key is on line 2 already",
        ),
        (
            "subgraphs:\n  a:\n    schema: {sdl: x}\n    routing_url: ftp://x",
            "line 4: subgraphs.a.routing_url: it must begin with",
        ),
        ("subgraphs:\n  a: {routing_url: http://me:pw@x}", "subgraphs.a.routing_url: it has a name or password"),
    ],
)
def test_what_would_be_passed_over_in_silence_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InvalidCompositionConfig) as caught:
        load_subgraphs(write(tmp_path, text))
    assert said in caught.value.message
    assert caught.value.code == "CONFIG_INVALID"
    assert "pw" not in caught.value.message.replace("password", "")


@contextmanager
def answering(answer: Callable[[socket.socket, threading.Event], None]) -> Iterator[str]:
    """The URL of a server that reads a request and then does `answer`; its event: the test is over."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            with listener.accept()[0] as connection:
                connection.recv(65_536)
                with suppress(OSError):
                    answer(connection, over)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        over.set()
        thread.join()


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\nx-slow: ", b"HTTP/1.1 200 OK\r\ncontent-length: 9999\r\n\r\n"])
def test_a_subgraph_that_drips_is_not_waited_for(head: bytes) -> None:
    def drip(connection: socket.socket, over: threading.Event) -> None:
        connection.sendall(head)
        for _ in range(100):  # 10 s, each step far below the limit
            connection.sendall(b"a")
            if over.wait(0.1):
                return
        connection.sendall(b"\r\n\r\n")

    with answering(drip) as url:
        started = monotonic()
        with pytest.raises(InvalidCompositionConfig, match=r"no whole answer within 0\.4 s") as caught:
            introspect(url, timeout_s=0.4)
        assert monotonic() - started < 8, "the limit is of the whole, not of each step"
    assert caught.value.code == "SUBGRAPH_UNREACHABLE"


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(code: int, subgraph_url: str) -> None:
    def redirect(connection: socket.socket, _: threading.Event) -> None:
        connection.sendall(f"HTTP/1.1 {code} Moved\r\nlocation: {subgraph_url}/\r\ncontent-length: 0\r\n\r\n".encode())

    with answering(redirect) as url, pytest.raises(InvalidCompositionConfig) as caught:
        introspect(url, {"x-secret": "1"})
    assert f"answered {code}: name '{subgraph_url}/' if that is right" in str(caught.value)
