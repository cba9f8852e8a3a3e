"""A supergraph from a URL: a real server, with ETags and with faults."""

import asyncio
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from router.errors import InvalidSupergraph
from router.server.app import RouterApp
from router.server.config import SupergraphConfig
from router.server.reload import Reloader
from router.server.supergraph_source import FileSource, SupergraphUnavailable, UrlSource, source_of
from tests.server.shop import SUPERGRAPH

MakeApp = Callable[..., RouterApp]


class Shelf:
    """What the server answers with, and what it was asked."""

    def __init__(self) -> None:
        self.text = SUPERGRAPH.encode()
        self.etag: str | None = '"1"'
        self.status = 200
        self.asked: list[dict[str, str]] = []
        self.sent: list[int] = []
        self.url = ""


@contextmanager
def serving(shelf: Shelf) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shelf.asked.append({name.lower(): value for name, value in self.headers.items()})
            status = shelf.status
            if status == 200 and shelf.etag is not None and self.headers["if-none-match"] == shelf.etag:
                status = 304
            shelf.sent.append(status)
            self.send_response(status)
            if shelf.etag is not None:
                self.send_header("etag", shelf.etag)
            body = shelf.text if status == 200 else b""
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    shelf.url = f"http://127.0.0.1:{server.server_port}/supergraph.graphql"
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    shelf = Shelf()
    with serving(shelf):
        yield shelf


def test_an_unchanged_one_is_not_sent_again(shelf: Shelf) -> None:
    source = UrlSource(shelf.url, SupergraphConfig(headers={"authorization": "Bearer x"}))
    assert source.read() == SUPERGRAPH
    assert source.read_if_changed() is None
    shelf.text, shelf.etag = b"other", '"2"'
    assert source.read_if_changed() == "other"
    assert source.read_if_changed() is None
    assert shelf.sent == [200, 304, 200, 304]
    assert {headers["authorization"] for headers in shelf.asked} == {"Bearer x"}
    assert source.read() == "other", "a reload that is asked for asks for the whole text"


def test_without_etags_texts_are_compared(shelf: Shelf) -> None:
    shelf.etag = None
    source = UrlSource(shelf.url, SupergraphConfig())
    assert source.read_if_changed() == SUPERGRAPH
    assert source.read_if_changed() is None
    shelf.text = b"other"
    assert source.read_if_changed() == "other"


def test_faults_are_named_and_forget_nothing(shelf: Shelf) -> None:
    source = UrlSource(shelf.url, SupergraphConfig(max_bytes=len(SUPERGRAPH)))
    source.read()
    shelf.etag = '"2"'
    shelf.status = 500
    with pytest.raises(SupergraphUnavailable, match="HTTP status 500"):
        source.read_if_changed()
    shelf.status = 200
    for text, reason in ((b"x" * (len(SUPERGRAPH) + 1), "larger than"), (b"\xff", "not UTF-8")):
        shelf.text = text
        with pytest.raises(SupergraphUnavailable, match=reason):
            source.read_if_changed()
    shelf.text, shelf.etag = SUPERGRAPH.encode(), '"1"'
    assert source.read_if_changed() is None, "what was refused meanwhile is not remembered"
    gone = UrlSource("http://127.0.0.1:9/", SupergraphConfig())
    with pytest.raises(SupergraphUnavailable, match="Connection refused"):
        gone.read()


def test_what_a_command_line_names(tmp_path: Path) -> None:
    assert isinstance(source_of("https://schemas.test/a", SupergraphConfig()), UrlSource)
    source = source_of(str(tmp_path / "none.graphql"), SupergraphConfig())
    assert isinstance(source, FileSource)
    with pytest.raises(InvalidSupergraph, match="No such file"):
        source.read()


async def test_a_router_follows_its_url(shelf: Shelf, make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(supergraph={"poll_interval_s": 0.01})
    source = UrlSource(shelf.url, app.config.supergraph)
    await asyncio.to_thread(source.read)
    reloader = Reloader(app, source, None, None)

    async def until(outcome: str, count: int) -> None:
        for _ in range(1000):
            if app.reloads[outcome] >= count:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(app.reloads)

    with caplog.at_level(logging.ERROR, "router.server"):
        async with reloader.running():
            before = app.supergraph
            shelf.text, shelf.etag = b"type Query {", '"2"'
            await until("refused", 1)
            assert app.supergraph is before
            shelf.status = 503
            await until("refused", 2)
            assert app.supergraph is before
            shelf.text, shelf.etag, shelf.status = SUPERGRAPH.encode(), '"3"', 200
            await until("done", 1)
            assert app.supergraph is not before
    codes = [record.__dict__["fields"]["code"] for record in caplog.records]
    assert codes[0] == "INVALID_FEDERATION_SUPERGRAPH"
    assert set(codes[1:]) == {"SUPERGRAPH_UNAVAILABLE"}
