"""HTTP/2 against a server that speaks it: hypercorn, with TLS and without."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from router.errors import SubgraphError
from router.executor import AiohttpTransport
from router.executor.http2_transport import Http2Transport
from router.executor.http_client import PoolLimits, client_tls
from tests.executor.http_client.certificates import Authority
from tests.executor.http_client.scripted import a_call, failure, outcome, reply

pytest.importorskip("h2", reason="the extra http2 is not installed")
config_module = pytest.importorskip("hypercorn.config", reason="hypercorn is not installed")
serve_module = pytest.importorskip("hypercorn.asyncio", reason="hypercorn is not installed")

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Subgraph:
    """Echoes bodies, and remembers who asked and how."""

    def __init__(self, pause_s: float = 0.01) -> None:
        self.pause_s = pause_s
        self.scopes: list[dict[str, Any]] = []
        self.clients: set[object] = set()
        self.running = self.most = 0

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        self.scopes.append(scope)
        self.clients.add(scope["client"])
        self.running += 1
        self.most = max(self.most, self.running)
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        if body == b"sleep":
            await asyncio.sleep(60)
        await asyncio.sleep(self.pause_s)
        self.running -= 1
        if body == b"large":
            body = bytes(200_000)
        headers = [(b"content-type", b"application/json"), (b"x-a", b"1")]
        await send({"type": "http.response.start", "status": 201, "headers": headers})
        await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def serving(
    app: Any, files: tuple[Path, Path] | None = None, requests_per_connection: int = 1_000_000
) -> AsyncIterator[str]:
    config = config_module.Config()
    config.keep_alive_max_requests = requests_per_connection
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    config.bind = [f"fd://{listening.detach()}"]
    config.accesslog = config.errorlog = None
    config.graceful_timeout = 0.1
    if files is not None:
        config.certfile, config.keyfile = map(str, files)
    stop = asyncio.Event()
    task = asyncio.ensure_future(serve_module.serve(app, config, shutdown_trigger=stop.wait))
    try:
        scheme = "http" if files is None else "https"
        yield f"{scheme}://127.0.0.1:{port}/graphql"
    finally:
        stop.set()
        await task


async def test_prior_knowledge_without_tls() -> None:
    app = Subgraph()
    async with serving(app) as url, Http2Transport(PoolLimits(answer_bytes=100_000)) as transport:
        headers = {"content-type": "application/json", "x-id": "7", "connection": "close"}
        results = await asyncio.gather(
            *(reply(transport, a_call(url, body=b"%d" % n, headers=headers)) for n in range(50))
        )
        assert [(each.status, each.headers["x-a"], each.body) for each in results] == [
            (201, "1", b"%d" % n) for n in range(50)
        ]
        assert {scope["http_version"] for scope in app.scopes} == {"2"}
        sent = dict(app.scopes[0]["headers"])
        assert sent[b"x-id"] == b"7"
        assert not sent.keys() & {b"user-agent", b"accept-encoding", b"connection"}
        assert len(app.clients) == 1
        assert app.most > 5
        assert "too large" in (await failure(transport, a_call(url, body=b"large"))).message
        assert (await failure(transport, a_call(url, body=b"sleep"), 0.1)).code == "SUBREQUEST_TIMEOUT"
        assert (await reply(transport, a_call(url))).status == 201


async def test_negotiated_with_tls(tmp_path: Path) -> None:
    app, authority = Subgraph(), Authority(tmp_path)
    tls = client_tls(authorities=str(authority.file), protocols=("h2", "http/1.1"))
    async with serving(app, authority.issue("127.0.0.1")) as url:
        async with Http2Transport(tls=tls) as transport:
            assert (await reply(transport, a_call(url))).status == 201
        async with Http2Transport() as transport:  # which does not trust it
            assert (await failure(transport, a_call(url))).code == "SUBREQUEST_HTTP_ERROR"
    assert [scope["http_version"] for scope in app.scopes] == ["2"]


async def test_what_does_not_answer_in_http2() -> None:
    async with Http2Transport(PoolLimits(connect_timeout_s=1)) as transport:
        for url in ("http://127.0.0.1:9/", "no url", "http://no-such-host.invalid/"):
            assert (await failure(transport, a_call(url))).code == "SUBREQUEST_HTTP_ERROR"
    not_started = await outcome(Http2Transport(), a_call("http://127.0.0.1:9/"))
    assert isinstance(not_started, SubgraphError)


async def test_the_same_as_over_http1() -> None:
    async with serving(Subgraph()) as url, Http2Transport() as transport, AiohttpTransport() as other:
        first, second = await asyncio.gather(*(reply(each, a_call(url)) for each in (transport, other)))
    assert (first.status, first.body) == (second.status, second.body)


@pytest.mark.parametrize("kind", ["query", "mutation"])
async def test_connections_that_the_server_ends(kind: str) -> None:
    app = Subgraph()
    async with serving(app, requests_per_connection=7) as url, Http2Transport() as transport:
        for _ in range(5):
            results = await asyncio.gather(*(outcome(transport, a_call(url, kind)) for _ in range(4)))
            if kind == "query":
                assert [type(result).__name__ for result in results] == ["SubgraphReply"] * 4
    assert len(app.clients) > 1
    if kind == "mutation":
        assert len(app.scopes) <= 20
