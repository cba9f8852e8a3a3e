"""TLS with an authority of our own: who is trusted, who is refused, and what the client shows."""

import asyncio
import ssl
from pathlib import Path

import pytest
import uvloop

from router.errors import SubgraphError
from router.executor.http_client import HttpEndpoint, HttpTransport, client_tls
from tests.executor.http_client.certificates import Authority
from tests.executor.http_client.scripted import BODY, OK, Keeping, a_call, failure, reply, request, server


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"))


def server_tls(files: tuple[Path, Path], clients: Authority | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*files)
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients.file)
    return context


def trusting(authority: Authority, files: tuple[Path, Path] | None = None) -> HttpTransport:
    certificate, key = map(str, files) if files else (None, None)
    tls = client_tls(authorities=str(authority.file), certificate=certificate, key=key)
    return HttpTransport(endpoints={"a": HttpEndpoint(tls=tls)})


async def test_a_trusted_subgraph_on_a_kept_connection(authority: Authority) -> None:
    tls = server_tls(authority.issue("localhost"))
    names: list[str | None] = []
    protocols: list[str | None] = []
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    tls.set_alpn_protocols(["h2", "http/1.1"])
    keeping = Keeping()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        protocols.append(writer.get_extra_info("ssl_object").selected_alpn_protocol())
        await keeping(reader, writer)

    async with server(handle, tls) as url, trusting(authority) as transport:
        for kind in ("query", "mutation", "query"):
            call = a_call(url.replace("127.0.0.1", "localhost"), kind)
            assert (await reply(transport, call)).body == BODY
    assert names == ["localhost"]
    assert protocols == ["http/1.1"]


async def test_an_address_may_be_certified_too(authority: Authority) -> None:
    async with server(Keeping(), server_tls(authority.issue("127.0.0.1"))) as url, trusting(authority) as transport:
        assert (await reply(transport, a_call(url))).body == BODY


async def test_who_is_not_trusted(authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path, "stranger")
    refused: list[tuple[HttpTransport, tuple[Path, Path]]] = [
        (trusting(authority), authority.issue("other.test")),  # another name
        (trusting(stranger), authority.issue("127.0.0.1")),  # another authority
        (HttpTransport(), authority.issue("127.0.0.1")),  # none that the system knows
    ]
    for transport, files in refused:
        keeping = Keeping()
        async with server(keeping, server_tls(files)) as url, transport:
            error = await failure(transport, a_call(url))
        assert (error.code, isinstance(error.__cause__, ssl.SSLCertVerificationError)) == (
            "SUBREQUEST_HTTP_ERROR",
            True,
        )
        assert not keeping.requests
    lax = HttpTransport(HttpEndpoint(tls=client_tls(verify=False)))
    async with server(Keeping(), server_tls(authority.issue("other.test"))) as url, lax:
        assert (await reply(lax, a_call(url))).body == BODY


async def test_certificates_of_clients(authority: Authority) -> None:
    tls = server_tls(authority.issue("127.0.0.1"), clients=authority)
    seen: list[object] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        seen.append(dict(pair for (pair,) in writer.get_extra_info("peercert")["subject"]))
        writer.write(OK)

    async with server(handle, tls) as url:
        async with trusting(authority, authority.issue("router.test")) as transport:
            assert (await reply(transport, a_call(url))).body == BODY
        async with trusting(authority) as transport:
            await failure(transport, a_call(url))
    assert seen == [{"commonName": "router.test"}]


async def test_plain_and_encrypted_do_not_meet(authority: Authority) -> None:
    async with trusting(authority) as transport:
        async with server(Keeping()) as url:
            await failure(transport, a_call(url.replace("http:", "https:")), 0.2)
        async with server(Keeping(), server_tls(authority.issue("127.0.0.1"))) as url:
            assert (await failure(transport, a_call(url.replace("https:", "http:")))).code == "SUBREQUEST_HTTP_ERROR"


def test_files_that_are_none(tmp_path: Path) -> None:
    for options in ({"authorities": str(tmp_path / "no")}, {"certificate": str(tmp_path / "no")}):
        with pytest.raises(OSError):  # noqa: PT011  two kinds of it
            client_tls(**options)  # type: ignore[arg-type]


def test_on_uvloop_too(authority: Authority) -> None:
    async def run() -> list[object]:
        results: list[object] = []
        async with trusting(authority) as transport:
            async with server(Keeping(), server_tls(authority.issue("127.0.0.1"))) as url:
                results += [(await reply(transport, a_call(url, kind))).body for kind in ("query", "mutation", "query")]
            async with server(Keeping(), server_tls(authority.issue("other.test"))) as url:
                results.append(await failure(transport, a_call(url)))
        return results

    results = uvloop.run(run())
    assert results[:3] == [BODY] * 3
    assert isinstance(results[3], SubgraphError)
