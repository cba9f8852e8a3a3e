"""Subgraphs on real sockets, reached the way that the settings say."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from router.server.app import RouterApp, create_app
from router.server.config import InvalidConfig, RouterConfig, load_config
from router.server.subgraph_transport import SubgraphTransport, routes_of
from tests.executor.http_client.certificates import Authority
from tests.executor.http_client.scripted import Keeping, a_call, reply, request, server
from tests.executor.http_client.test_tls import server_tls
from tests.server.shop import SUPERGRAPH

NAMES = b'{"data":{"products":[{"name":"Pen"}]}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(NAMES) + NAMES


def made(url: str, config: dict[str, Any] | None = None) -> RouterApp:
    return create_app(SUPERGRAPH, config=RouterConfig.model_validate(config or {}), subgraph_urls={"products": url})


@asynccontextmanager
async def started(app: RouterApp) -> AsyncIterator[httpx.AsyncClient]:
    async with app.lifespan():
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://router.test") as client:
            yield client


async def names(client: httpx.AsyncClient) -> Any:
    response = await client.post("/graphql", json={"query": "{ products { name } }"})
    return response.json()


EXPECTED = {"data": {"products": [{"name": "Pen"}]}}


async def test_the_default_is_a_kept_connection() -> None:
    keeping = Keeping(ANSWER)
    async with server(keeping) as url, started(made(url)) as client:
        for _ in range(3):
            assert await names(client) == EXPECTED
    assert keeping.connections == 1
    assert b"accept-encoding" not in keeping.requests[0]
    assert b"user-agent" not in keeping.requests[0].lower()


async def test_a_setting_for_one_subgraph_and_for_all() -> None:
    for config in (
        {"subgraph_http": {"compression": True}},
        {"subgraphs": {"products": {"http": {"compression": True}}}},
    ):
        keeping = Keeping(ANSWER)
        async with server(keeping) as url, started(made(url, config)) as client:
            assert await names(client) == EXPECTED
        assert b"\r\naccept-encoding: gzip, deflate\r\n" in keeping.requests[0]
    keeping = Keeping(ANSWER)
    config = {"subgraph_http": {"compression": True}, "subgraphs": {"products": {"http": {}}}}
    async with server(keeping) as url, started(made(url, config)) as client:
        assert await names(client) == EXPECTED
    assert b"accept-encoding" not in keeping.requests[0]


async def test_connections_outlive_a_new_supergraph_and_not_a_new_setting() -> None:
    keeping = Keeping(ANSWER)
    async with server(keeping) as url:
        app = made(url)
        async with started(app) as client:
            assert await names(client) == EXPECTED
            await app.reload(SUPERGRAPH)
            assert await names(client) == EXPECTED
            assert keeping.connections == 1
            await app.reload(config=RouterConfig.model_validate({"subgraph_http": {"keep_alive_s": 3}}))
            assert await names(client) == EXPECTED
            assert keeping.connections == 2
            await app.reload(config=RouterConfig.model_validate({"subgraphs": {"reviews": {"http": {}}}}))
            assert await names(client) == EXPECTED


async def test_what_runs_is_finished_when_settings_change() -> None:
    asked, leave = asyncio.Event(), asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        asked.set()
        await leave.wait()
        writer.write(ANSWER)
        await reader.read()

    async with server(handle) as url:
        app = made(url)
        async with started(app) as client:
            running = asyncio.ensure_future(names(client))
            await asked.wait()
            await app.reload(config=RouterConfig.model_validate({"subgraph_http": {"max_connections": 3}}))
            leave.set()
            assert await running == EXPECTED


async def test_tls_with_paths_relative_to_the_file(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    authority.issue("router.test")
    file = tmp_path / "router.yaml"
    file.write_text(
        "subgraph_tls: {ca_file: nowhere.pem}\n"
        "subgraphs: {products: {tls: "
        "{ca_file: authority.pem, certificate_file: router.test.pem, key_file: router.test.key.pem}}}\n"
    )
    with pytest.raises(InvalidConfig, match="subgraph_tls: No such file"):
        routes_of(load_config(file))
    (tmp_path / "nowhere.pem").write_bytes(authority.file.read_bytes())
    config = load_config(file)
    tls = server_tls(authority.issue("127.0.0.1"), clients=authority)
    async with server(Keeping(ANSWER), tls) as url:
        app = create_app(SUPERGRAPH, config=config, subgraph_urls={"products": url})
        async with started(app) as client:
            assert await names(client) == EXPECTED
        async with started(made(url)) as client:
            answer = await names(client)
            assert answer["errors"][0]["extensions"]["code"] == "SUBREQUEST_HTTP_ERROR"


def test_contexts_are_kept_until_the_files_change(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    config = RouterConfig.model_validate({"subgraph_tls": {"ca_file": str(authority.file)}})
    first = routes_of(config).default
    assert routes_of(config).default == first
    Authority(tmp_path)  # another one in the same file
    assert routes_of(config).default != first


async def test_a_proxy() -> None:
    seen: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(ANSWER)
        await reader.read()

    async with server(proxy) as url:
        config = {"subgraphs": {"products": {"http": {"proxy": url.removesuffix("/graphql")}}}}
        async with started(made("http://products.test/graphql", config)) as client:
            assert await names(client) == EXPECTED
    assert seen[0].startswith(b"POST http://products.test/graphql HTTP/1.1\r\n")


async def test_a_proxy_that_is_replaced() -> None:
    """What runs over the old one is finished there, and then nothing is left of it."""
    asked, leave, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()
    ways: list[str] = []

    async def old(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return
        ways.append("old")
        asked.set()
        await leave.wait()
        writer.write(ANSWER)
        await reader.read()
        closed.set()

    async def new(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        ways.append("new")
        writer.write(ANSWER)
        await reader.read()

    def settings(url: str) -> dict[str, Any]:
        return {"subgraph_http": {"proxy": url.removesuffix("/graphql")}}

    async with server(old) as at_old, server(new) as at_new:
        app = made("http://products.test/graphql", settings(at_old))
        transport = app.workshop.transport
        assert isinstance(transport, SubgraphTransport)
        async with started(app) as client:
            running = asyncio.ensure_future(names(client))
            await asked.wait()
            await app.reload(config=RouterConfig.model_validate(settings(at_new)))
            assert await names(client) == EXPECTED
            assert ways == ["old", "new"]
            leave.set()
            assert await running == EXPECTED
            async with asyncio.timeout(5):
                await closed.wait()
            for _ in range(3):
                await app.reload(SUPERGRAPH)
            assert len(transport._all()) == 2, "its own client, and the way over the new one"


@pytest.mark.parametrize("end", ["complete", "aclose", "cancel"])
async def test_a_stream_goes_on_where_it_began(end: str) -> None:
    opened, more = asyncio.Event(), asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        if end == "cancel":
            opened.set()
            await reader.read()
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        writer.write(b'event: next\ndata: {"data":1}\n\n')
        await more.wait()
        writer.write(b'event: next\ndata: {"data":2}\n\nevent: complete\n\n')
        writer.close()

    transport = SubgraphTransport()
    transport.use(routes_of(RouterConfig()))
    await transport.start()
    other = routes_of(RouterConfig.model_validate({"subgraph_http": {"keep_alive_s": 3}}))
    async with server(handle) as url:
        call = a_call(url)
        call.protocol = "graphql-sse"
        opening = asyncio.ensure_future(transport.subscribe(call, 5))
        if end == "cancel":
            await opened.wait()
            transport.use(other)
            opening.cancel()
            await asyncio.wait([opening])
        else:
            events = (await opening).events
            assert events is not None
            assert await anext(events) == {"data": 1}
            transport.use(other)
            (way,) = transport._retired
            assert not way.is_closed
            more.set()
            if end == "complete":
                assert [event async for event in events] == [{"data": 2}]
            await events.aclose()
            assert way.is_closed
        transport.use(other)
        assert not transport._retired
        await transport.close()


async def test_a_unix_socket_for_requests_and_subscriptions(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    event = b'event: next\ndata: {"data":{"products":[]}}\n\nevent: complete\n\n'
    streaming = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n" + event

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        is_stream = b"text/event-stream" in await request(reader)
        writer.write(streaming if is_stream else ANSWER)
        writer.close()

    listening = await asyncio.start_unix_server(handle, path)
    transport = SubgraphTransport()
    transport.use(routes_of(RouterConfig.model_validate({"subgraph_http": {"unix_socket": path}})))
    try:
        await transport.start()
        call = a_call("http://products.test/graphql")
        assert (await reply(transport, call)).body == NAMES
        call.protocol = "graphql-sse"
        subscribed = await transport.subscribe(call, 5)
        assert subscribed.events is not None
        assert [event async for event in subscribed.events] == [{"data": {"products": []}}]
    finally:
        await transport.close()
        listening.close()


async def test_http2() -> None:
    pytest.importorskip("h2", reason="the extra http2 is not installed")
    from tests.executor.test_http2_transport import serving

    versions = []

    async def subgraph(scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            versions.append(scope["http_version"])
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": NAMES})

    async with serving(subgraph) as url:
        config = {"subgraph_http": {"version": "2"}, "subgraphs": {"reviews": {"http": {}}}}
        async with started(made(url, config)) as client:
            assert await names(client) == EXPECTED
            assert await names(client) == EXPECTED
    assert versions == ["2", "2"]


def test_http2_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.server.subgraph_transport.is_http2_installed", lambda: False)
    config = RouterConfig.model_validate({"subgraphs": {"products": {"http": {"version": "2"}}}})
    with pytest.raises(InvalidConfig, match=r"subgraphs.products.http.version: .*bizosaas-brain\[http2\]"):
        routes_of(config)


@pytest.mark.parametrize(
    "http",
    [
        {"proxy": "http://p/", "version": "2"},
        {"proxy": "http://p/", "unix_socket": "/s"},
        {"unix_socket": "/s", "version": "2"},
        {"version": "3"},
        {"proxy": "socks://p"},
    ],
)
def test_settings_that_do_not_fit(http: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="subgraph_http"):
        RouterConfig.model_validate({"subgraph_http": http})


def test_a_key_without_a_certificate() -> None:
    with pytest.raises(ValueError, match="key_file is the key of certificate_file"):
        RouterConfig.model_validate({"subgraph_tls": {"key_file": "k.pem"}})
