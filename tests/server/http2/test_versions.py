"""Both versions on one port, with TLS and without; GraphQL over HTTP/2 by clients that others wrote."""

import asyncio
import gc
import json
import shutil
import ssl
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import h2.events
import httpx2
import pytest
from h2.errors import ErrorCodes

from router.server.app import RouterApp, create_app
from router.server.config import InvalidConfig, RouterConfig, TlsConfig
from router.server.http1 import fast_protocol
from router.server.tls import ServerTls
from tests.executor.http_client.certificates import Authority
from tests.server.http2.serving import Echo, frames, serving
from tests.server.live import Sources, live_router
from tests.server.shop import SUPERGRAPH, ShopTransport

PRODUCT = '{ product(id: "1") { name } }'
ANSWER = {"data": {"product": {"name": "Pen"}}}


@pytest.fixture
def app() -> RouterApp:
    return create_app(SUPERGRAPH, config=RouterConfig(), transport=ShopTransport())


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def contexts(authority: Authority, name: str = "127.0.0.1") -> tuple[ServerTls, ssl.SSLContext]:
    certificate, key = authority.issue(name)
    tls = ServerTls(TlsConfig(certificate_file=certificate, key_file=key), ("h2", "http/1.1"))
    return tls, ssl.create_default_context(cafile=str(authority.file))


@pytest.fixture
async def client() -> AsyncIterator[httpx2.AsyncClient]:
    """Speaks HTTP/2 from the first byte."""
    async with httpx2.AsyncClient(http1=False, http2=True) as prior:
        yield prior


async def test_post_and_get(app: RouterApp, client: httpx2.AsyncClient) -> None:
    async with serving(app) as (url, _):
        posted = await client.post(f"{url}/graphql", json={"query": PRODUCT})
        assert (posted.status_code, posted.http_version, posted.json()) == (200, "HTTP/2", ANSWER)
        got = await client.get(f"{url}/graphql", params={"query": PRODUCT}, headers={"x-apollo-operation-name": "a"})
        assert (got.status_code, got.json()) == (200, ANSWER)
        assert (await client.get(f"{url}/nowhere")).status_code == 404


async def test_a_hundred_in_parallel(app: RouterApp, client: httpx2.AsyncClient) -> None:
    async with serving(app) as (url, server):
        answers = await asyncio.gather(
            *(client.post(f"{url}/graphql", json={"query": PRODUCT.replace("name", f"a{n}: name")}) for n in range(100))
        )
        assert [answer.json()["data"]["product"] for answer in answers] == [{f"a{n}": "Pen"} for n in range(100)]
        assert len(server.server_state.connections) == 1


async def test_events_and_parts() -> None:
    query = "subscription { ticks(count: 3, pause: 0.01) { number } }"
    for accept in ("text/event-stream", 'multipart/mixed;subscriptionSpec="1.0"'):
        sources = Sources()
        async with (
            live_router(sources) as (app, _),
            serving(app) as (url, _),
            httpx2.AsyncClient(http1=False, http2=True) as client,
            client.stream("POST", f"{url}/graphql", json={"query": query}, headers={"accept": accept}) as response,
        ):
            assert response.http_version == "HTTP/2"
            assert response.headers["content-type"].startswith(accept.partition(";")[0])
            text = "".join([part async for part in response.aiter_text()])
        assert [f'"number":{n}' in text for n in range(4)] == [True, True, True, False]


async def test_a_client_that_leaves_ends_its_subscription() -> None:
    sources = Sources()
    async with live_router(sources) as (app, _), serving(app) as (url, _):
        query = {"query": "subscription { ticks(count: 1000, pause: 0.05) { number } }"}
        body, headers = json.dumps(query).encode(), {"accept": "text/event-stream", "content-type": "application/json"}
        async with frames(url) as client:
            number = client.ask("/graphql", body, **headers)
            await client.until(h2.events.DataReceived, number)
            assert sources.running == 1
            client.h2.reset_stream(number, ErrorCodes.CANCEL)
            client.flush()
            await sources.until(running=0)
            number = client.ask("/graphql", body, **headers)
            await client.until(h2.events.DataReceived, number)
        await sources.until(running=0)


async def test_deferred_parts(app: RouterApp, client: httpx2.AsyncClient) -> None:
    query = '{ product(id: "1") { name ... @defer { reviews { stars } } } }'
    async with serving(app) as (url, _):
        headers = {"accept": "multipart/mixed"}
        response = await client.post(f"{url}/graphql", json={"query": query}, headers=headers)
    assert response.headers["content-type"].startswith("multipart/mixed")
    assert '"stars":5' in response.text.replace(" ", "")


async def test_both_versions_and_websockets_on_one_port(app: RouterApp, client: httpx2.AsyncClient) -> None:
    async with serving(app) as (url, _), aiohttp.ClientSession() as old:
        for _ in range(2):
            async with old.post(f"{url}/graphql", json={"query": PRODUCT}) as response:
                assert (response.version, await response.json(content_type=None)) == (aiohttp.HttpVersion11, ANSWER)
            assert (await client.post(f"{url}/graphql", json={"query": PRODUCT})).http_version == "HTTP/2"
        async with old.ws_connect(f"{url}/graphql", protocols=("graphql-transport-ws",)) as socket:
            await socket.send_json({"type": "connection_init"})
            assert (await socket.receive_json())["type"] == "connection_ack"


@pytest.mark.parametrize("cut", [1, 3, 4, 14, 23])
async def test_first_bytes_in_pieces(cut: int) -> None:
    for first in (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\n\r\nhi"):
        async with serving(Echo()) as (url, _):
            host, port = url.removeprefix("http://").split(":")
            reader, writer = await asyncio.open_connection(host, int(port))
            writer.write(first[:cut])
            await writer.drain()
            await asyncio.sleep(0.01)
            writer.write(first[cut:])
            start = await asyncio.wait_for(reader.readexactly(9), 5)
            assert start == b"HTTP/1.1 " if first.startswith(b"POST") else start[3] == 4  # a frame of settings
            writer.close()


@pytest.mark.parametrize("text", [b"PRI / HTTP/1.1\r\nhost: a\r\n\r\n", b"PRX", b"\x16\x03\x01"])
async def test_what_is_neither(text: bytes) -> None:
    async with serving(Echo(), timeout_keep_alive=0.2) as (url, _):
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(text)
        if text == b"PRX":
            writer.write_eof()
        assert (await asyncio.wait_for(reader.read(), 5))[:12] in (b"HTTP/1.1 400", b"")
        writer.close()


# ---- TLS ----


async def test_tls_agrees_on_the_version(app: RouterApp, authority: Authority) -> None:
    tls, trusting = contexts(authority)
    async with serving(app, tls=tls.context) as (url, _):
        for has_http2, version in ((True, "HTTP/2"), (False, "HTTP/1.1")):
            async with httpx2.AsyncClient(http2=has_http2, verify=trusting) as client:
                answer = await client.post(f"{url}/graphql", json={"query": PRODUCT})
                assert (answer.http_version, answer.json()) == (version, ANSWER)
        with pytest.raises(httpx2.ConnectError):
            async with httpx2.AsyncClient(http2=True) as client:
                await client.get(url)


async def test_a_certificate_that_is_renewed(authority: Authority) -> None:
    tls, trusting = contexts(authority)

    async def serial(port: int) -> Any:
        _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=trusting)
        certificate = writer.get_extra_info("peercert")
        writer.close()
        return certificate["serialNumber"]

    async with serving(Echo(), tls=tls.context) as (url, _):
        port = int(url.rpartition(":")[2])
        first = await serial(port)
        assert await serial(port) == first
        authority.issue("127.0.0.1")
        tls.use(tls.config, tls.read(tls.config))
        second = await serial(port)
        assert second != first
        tls.config.certificate_file.write_text("no certificate")
        with pytest.raises(InvalidConfig, match="tls: "):
            tls.read(tls.config)
        assert await serial(port) == second


async def test_certificates_of_clients(app: RouterApp, authority: Authority) -> None:
    certificate, key = authority.issue("127.0.0.1")
    section = TlsConfig(certificate_file=certificate, key_file=key, client_ca_file=authority.file)
    tls = ServerTls(section, ("h2",))
    trusting = ssl.create_default_context(cafile=str(authority.file))
    async with serving(app, tls=tls.context) as (url, _):
        with pytest.raises(httpx2.TransportError):
            async with httpx2.AsyncClient(http2=True, verify=trusting) as client:
                await client.get(f"{url}/health")
        trusting.load_cert_chain(*authority.issue("client.test"))
        async with httpx2.AsyncClient(http2=True, verify=trusting) as client:
            assert (await client.get(f"{url}/health")).status_code == 200


async def test_authorities_of_clients_that_are_replaced(app: RouterApp, tmp_path: Path) -> None:
    """Who was let in by the old one is not let in again, not even by going on with a session."""
    old, new = Authority(tmp_path, "old"), Authority(tmp_path, "new")
    certificate, key = old.issue("127.0.0.1")
    section = TlsConfig(certificate_file=certificate, key_file=key, client_ca_file=old.file)
    tls = ServerTls(section, ("http/1.1",))
    clients = {}
    for name, authority in (("old", old), ("new", new)):
        clients[name] = ssl.create_default_context(cafile=str(old.file))
        clients[name].load_cert_chain(*authority.issue(f"{name}.test"))

    async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
        writer.write(b"GET /health HTTP/1.1\r\nhost: x\r\n\r\n")
        return await reader.readuntil(b"\r\n")

    async def let_in(port: int, name: str) -> bool:
        _, writer = opened = await asyncio.open_connection("127.0.0.1", port, ssl=clients[name])
        try:
            return await asked(*opened) == b"HTTP/1.1 200 OK\r\n"
        except (ssl.SSLError, ConnectionError, asyncio.IncompleteReadError):
            return False
        finally:
            writer.close()

    async with serving(app, tls=tls.context) as (url, _):
        port = int(url.rpartition(":")[2])
        assert (await let_in(port, "old"), await let_in(port, "new")) == (True, False)
        kept = await asyncio.open_connection("127.0.0.1", port, ssl=clients["old"])
        assert await asked(*kept)
        used = weakref.ref(tls.context.current)
        section = section.model_copy(update={"client_ca_file": new.file})
        tls.use(section, tls.read(section))
        assert (await let_in(port, "old"), await let_in(port, "new")) == (False, True)
        await kept[0].readuntil(b"}")
        assert await asked(*kept), "what is there stays"
        kept[1].close()
        await kept[1].wait_closed()
        async with asyncio.timeout(5):
            while used() is not None:
                gc.collect()
                await asyncio.sleep(0.01)


def test_files_that_do_not_fit(authority: Authority) -> None:
    certificate, _ = authority.issue("a.test")
    _, other_key = authority.issue("b.test")
    for section in (
        TlsConfig(certificate_file=certificate, key_file=other_key),
        TlsConfig(certificate_file=certificate),
        TlsConfig(certificate_file=certificate.with_name("none.pem")),
    ):
        with pytest.raises(InvalidConfig, match="tls: "):
            ServerTls(section, ("h2",))


# ---- curl ----


async def curl(*arguments: str) -> tuple[str, str]:
    """The body, and the HTTP version that curl says it used."""
    path = shutil.which("curl")
    if path is None:
        pytest.skip("curl is not installed")
    process = await asyncio.create_subprocess_exec(
        path, "--silent", "--show-error", "--max-time", "10", "--write-out", "\n%{http_version}", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, errors = await process.communicate()
    if b"does not support" in errors or b"nsupported" in errors:
        pytest.skip("this curl does not speak HTTP/2")
    assert process.returncode == 0, errors
    body, _, version = out.decode().rpartition("\n")
    return body, version


@pytest.mark.parametrize(
    ("option", "version"), [("--http2-prior-knowledge", "2"), ("--http1.1", "1.1"), ("--http2", "1.1")]
)
async def test_curl(app: RouterApp, option: str, version: str) -> None:
    arguments = ["-H", "content-type: application/json", "-d", json.dumps({"query": PRODUCT})]
    async with serving(app, http1=fast_protocol(app)) as (url, _):
        body, used = await curl(option, *arguments, f"{url}/graphql")
    assert (json.loads(body), used) == (ANSWER, version)


async def test_a_body_that_is_too_large(app: RouterApp, tmp_path: Path) -> None:
    (tmp_path / "large").write_bytes(b" " * 3_000_000)
    async with serving(app) as (url, _):
        sent = ["-H", "content-type: application/json", "--data-binary", f"@{tmp_path}/large"]
        body, _ = await curl("--http2-prior-knowledge", *sent, f"{url}/graphql")
    assert json.loads(body)["errors"][0]["extensions"]["code"] == "REQUEST_TOO_LARGE"


async def test_curl_with_tls(app: RouterApp, authority: Authority) -> None:
    tls, _ = contexts(authority)
    arguments = ["--cacert", str(authority.file), "-H", "content-type: application/json"]
    async with serving(app, tls=tls.context) as (url, _):
        body, used = await curl(*arguments, "-d", json.dumps({"query": PRODUCT}), f"{url}/graphql")
    assert (json.loads(body), used) == (ANSWER, "2")
