"""Compressed bodies, both ways: what is chosen, what is refused, and that no body can blow the memory up."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Any

import brotli
import httpx
import orjson
import pytest
import zstandard

from router.server import compression
from router.server.app import RouterApp
from router.server.compression import Compression, CorruptBody, TooMuch, chosen_coding, decompressed
from router.server.config import CompressionConfig

Connect = Callable[[RouterApp], httpx.AsyncClient]
MakeApp = Callable[..., RouterApp]

QUERY = orjson.dumps({"query": "{ products { name } }" + "#" * 500})
LONG = {"query": "{ products(first: 3) { " + " ".join(f"a{n}: name" for n in range(200)) + " } }"}
ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
}
DECODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.decompress,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompressobj().decompress(body),
}


async def post(client: httpx.AsyncClient, body: bytes, **headers: str) -> httpx.Response:
    sent = {"content-type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    return await client.post("/graphql", content=body, headers=sent)


async def raw(client: httpx.AsyncClient, body: Any, accept_encoding: str) -> tuple[httpx.Response, bytes]:
    """The response, and its body as it came."""
    request = client.build_request("POST", "/graphql", json=body, headers={"accept-encoding": accept_encoding})
    response = await client.send(request, stream=True)
    return response, b"".join([chunk async for chunk in response.aiter_raw()])


def code_of(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


# ---- responses ------------------------------------------------------------------------------------------------------

ALL = ("zstd", "br", "gzip")


@pytest.mark.parametrize(
    ("accept", "chosen"),
    [
        ("gzip", "gzip"),
        ("GZIP", "gzip"),
        ("x-gzip", "gzip"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate, br", "br"),
        ("gzip;q=1, br;q=0.5", "gzip"),
        ("gzip;q=0.5, br;q=0.8, zstd;q=0", "br"),
        ("*", "zstd"),
        ("*;q=0.5, gzip", "gzip"),
        ("zstd;q=0, *", "br"),
        ("identity", None),
        ("", None),
        ("deflate", None),
        ("gzip;q=0", None),
        ("*;q=0", None),
        ("gzip;q=0.5, identity", None),
        ("gzip, identity", "gzip"),
        ("gzip;q=x", None),
    ],
)
def test_the_coding_is_the_clients_choice(accept: str, chosen: str | None) -> None:
    assert chosen_coding(accept, ALL) == chosen
    settings = Compression(CompressionConfig())
    assert settings.coding(accept, 10_000) == chosen
    assert settings.coding(accept, 10_000) == chosen, "remembered"
    assert settings.coding(accept, 2_047) is None, "too small to be worth it"


@pytest.mark.parametrize("coding", ALL)
async def test_responses(make_app: MakeApp, connect: Connect, coding: str) -> None:
    client = connect(make_app(compression={"min_bytes": 500}))
    plain, expected = await raw(client, LONG, "identity")
    assert "content-encoding" not in plain.headers
    response, body = await raw(client, LONG, coding)
    assert response.headers["content-encoding"] == coding
    assert response.headers["vary"] == plain.headers["vary"] == "accept, accept-encoding"
    assert int(response.headers["content-length"]) == len(body) < len(expected) / 4
    assert DECODE[coding](body) == expected
    small, _ = await raw(client, {"query": "{ __typename }"}, coding)
    assert "content-encoding" not in small.headers


async def test_settings(make_app: MakeApp, connect: Connect) -> None:
    off, _ = await raw(connect(make_app(compression={"enabled": False, "min_bytes": 0})), LONG, "gzip")
    assert "content-encoding" not in off.headers
    preferring = connect(make_app(compression={"min_bytes": 0, "codings": ["gzip", "br"]}))
    assert (await raw(preferring, LONG, "br, gzip, zstd"))[0].headers["content-encoding"] == "gzip"
    assert (await raw(preferring, LONG, "zstd, br"))[0].headers["content-encoding"] == "br"


async def test_errors_batches_and_head(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(compression={"min_bytes": 0}, batching={"enabled": True}))
    refused, body = await raw(client, {"query": "{ nothing }"}, "gzip")
    assert orjson.loads(gzip.decompress(body))["errors"]
    assert refused.headers["content-encoding"] == "gzip"
    _, body = await raw(client, [LONG, LONG], "gzip")
    assert len(orjson.loads(gzip.decompress(body))) == 2
    headers = {"accept-encoding": "gzip", "graphql-require-preflight": "1"}
    head = await client.head("/graphql?query={__typename}", headers=headers)
    get = await client.get("/graphql?query={__typename}", headers=headers)
    assert head.headers["content-encoding"] == "gzip"
    assert head.headers["content-length"] == get.headers["content-length"]


async def test_large_responses_leave_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "IN_THE_LOOP_BYTES", 10)
    body = b"x" * 100_000
    assert gzip.decompress(await Compression(CompressionConfig()).compressed(body, "gzip")) == body


def test_without_the_extra_gzip_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "_library", lambda name: None)
    assert list(Compression(CompressionConfig()).coders) == ["gzip"]
    assert compression.known_codings() == ("gzip", "deflate")


def test_what_is_remembered_is_bounded() -> None:
    settings = Compression(CompressionConfig())
    for number in range(2_000):
        settings.coding(f"gzip, x{number}", 10_000)
    assert len(settings._chosen) <= compression.MAX_KNOWN


# ---- requests -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ENCODE)
async def test_requests(client: httpx.AsyncClient, coding: str) -> None:
    response = await post(client, ENCODE[coding](QUERY), content_encoding=coding)
    assert response.json()["data"]["products"][0] == {"name": "Pen"}
    plain = await post(client, QUERY, content_encoding="identity")
    assert plain.json() == response.json()


async def test_other_forms_of_the_same(client: httpx.AsyncClient) -> None:
    raw_deflate = zlib.compressobj(wbits=-15)
    for coding, body in (
        ("deflate", raw_deflate.compress(QUERY) + raw_deflate.flush()),
        ("x-gzip", gzip.compress(QUERY)),
        (" GZip ", gzip.compress(QUERY)),
        ("gzip", gzip.compress(QUERY[:20]) + gzip.compress(QUERY[20:])),
    ):
        assert (await post(client, body, content_encoding=coding)).status_code == 200


@pytest.mark.parametrize("coding", ENCODE)
async def test_corrupt(client: httpx.AsyncClient, coding: str) -> None:
    body = ENCODE[coding](QUERY)
    for wrong in (b"", body[:-3], body[:5], b"{}", body + b"more", QUERY):
        response = await post(client, wrong, content_encoding=coding)
        assert (response.status_code, code_of(response)) == (400, "BAD_REQUEST"), wrong


async def test_unknown_codings(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app())
    for coding in ("compress", "gzip, br", "gzip, gzip", "x" * 1000):
        refused = await post(client, QUERY, content_encoding=coding)
        assert (refused.status_code, code_of(refused)) == (415, "UNSUPPORTED_MEDIA_TYPE")
        assert refused.headers["accept-encoding"] == "gzip, deflate, br, zstd"
        assert len(refused.content) < 400
    off = connect(make_app(compression={"requests": False}))
    refused = await post(off, gzip.compress(QUERY), content_encoding="gzip")
    assert (refused.status_code, refused.headers["accept-encoding"]) == (415, "identity")


@pytest.mark.parametrize("coding", ENCODE)
async def test_bombs(make_app: MakeApp, connect: Connect, coding: str) -> None:
    client = connect(make_app(limits={"max_body_bytes": 100_000}))
    bomb = ENCODE[coding](b" " * 50_000_000)
    assert len(bomb) < 100_000
    refused = await post(client, bomb, content_encoding=coding)
    assert (refused.status_code, code_of(refused)) == (413, "REQUEST_TOO_LARGE")
    tracemalloc.start()
    with pytest.raises(TooMuch):
        decompressed(bomb, coding, 100_000)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 6_000_000


def test_exactly_the_limit() -> None:
    for coding, encode in ENCODE.items():
        assert decompressed(encode(b"x" * 1000), coding, 1000) == b"x" * 1000
        with pytest.raises(TooMuch):
            decompressed(encode(b"x" * 1001), coding, 1000)


def test_windows_that_would_take_too_much_memory_are_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters.from_level(3, window_log=27)
    writer = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = writer.compress(b"x" * 100_000) + writer.flush()
    with pytest.raises(CorruptBody):
        decompressed(body, "zstd", 1_000_000)
