"""Clients that do not take their answers, or still send when they are answered, over sockets as `serve` makes them."""

import asyncio
import http.client
import json
import socket
from contextlib import suppress

import pytest

from router.server.connection_ends import WriteWatch
from tests.server.http2.serving import until
from tests.server.test_slow_clients import GET, connections
from tests.server.wire import request


class Shut:
    """A transport whose client takes only what the test says."""

    def __init__(self) -> None:
        self.left = 1000
        self.is_aborted = False

    def get_write_buffer_size(self) -> int:
        return self.left

    def get_extra_info(self, _: str) -> None:
        return None

    def abort(self) -> None:
        self.is_aborted = True


async def test_progress_is_waited_for() -> None:
    shut = Shut()
    watch = WriteWatch(asyncio.get_running_loop(), shut, lambda: 0.05)  # type: ignore[arg-type]
    watch.begin()
    for _ in range(4):
        await asyncio.sleep(0.03)
        shut.left -= 1
    assert not shut.is_aborted
    await until(lambda: shut.is_aborted)
    shut.is_aborted = False
    watch.begin()
    watch.stop()
    shut.left = 0
    watch.begin()
    await asyncio.sleep(0.1)
    assert not shut.is_aborted


async def unread(port: int, asking: bytes, kept_bytes: int = 4096) -> socket.socket:
    """A connection whose client asks and reads nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, kept_bytes)
    client.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(client, ("127.0.0.1", port))
    await loop.sock_sendall(client, asking)
    return client


def is_gone(client: socket.socket) -> bool:
    """Whether the server has reset the connection, not only ended it."""
    return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0


ALIASES = " ".join(f"a{n}: echo(text: $text)" for n in range(90))
BIG = json.dumps(
    {"query": f"query ($text: String) {{ {ALIASES} }}", "variables": {"text": "x" * 100_000}},
).encode()
"""Asks for nine megabytes, more than systems keep for a socket."""


@pytest.mark.parametrize("lines", [[], ["accept: text/event-stream, application/json"]], ids=["lane", "ASGI"])
@pytest.mark.parametrize("count", [1, 5])
@pytest.mark.parametrize("closes", [False, True])
async def test_who_takes_nothing_is_dropped(lines: list[str], count: int, closes: bool) -> None:
    if closes:
        lines = [*lines, "connection: close"]
    async with connections(send_timeout_s=0.3) as port:
        with await unread(port, request(BIG, *lines) * count) as client:
            await until(lambda: is_gone(client))


async def test_who_takes_it_slowly_is_not() -> None:
    async with connections(send_timeout_s=0.5) as port:
        got = 0
        loop = asyncio.get_running_loop()
        with await unread(port, request(BIG), 500_000) as client:
            async with asyncio.timeout(20):
                while got < 9_000_000:
                    data = await loop.sock_recv(client, 400_000)
                    assert data
                    got += len(data)
                    await asyncio.sleep(0.01)


@pytest.mark.parametrize("size", [2_100_000, 4_000_000])
async def test_a_body_that_is_too_large_is_answered_to_who_writes_first(size: int) -> None:
    def post(port: int) -> tuple[int, str | None, bytes]:
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        client.request("POST", "/graphql", b" " * size, {"content-type": "application/json"})
        answer = client.getresponse()
        return answer.status, answer.getheader("connection"), answer.read()

    async with connections() as port:
        for _ in range(3):
            status, connection, body = await asyncio.to_thread(post, port)
            assert (status, connection) == (413, "close")
            assert json.loads(body)["errors"][0]["extensions"]["code"] == "REQUEST_TOO_LARGE"


async def test_it_does_not_listen_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.server.connection_ends.LINGER_S", 0.1)
    async with connections() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 90000000\r\n\r\nx"
        )
        async with asyncio.timeout(5):
            assert (await reader.read()).startswith(b"HTTP/1.1 413")
            with suppress(ConnectionError):
                while True:
                    writer.write(b"x" * 1000)
                    await writer.drain()
                    await asyncio.sleep(0.01)
        writer.close()


REST = b"content-type: application/json\r\n"
CHUNKED = b"2b\r\n" + b'{"query":"{ products { id } }"}'.ljust(0x2B) + b"\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    ("asking", "status"),
    [
        (b"GET /health HTTP/1.1\r\n\r\n", 400),
        (b"GET /health HTTP/1.0\r\n\r\n", 200),
        (b"GET /health HTTP/1.0\r\nhost: a\r\nhost: a\r\n\r\n", 400),
        (b"GET /health HTTP/2.0\r\nhost: a\r\n\r\n", 505),
        (b"GET /health HTTP/0.9\r\nhost: a\r\n\r\n", 505),
        (request(b'{"query":"{ products { id } }"}').replace(b" HTTP/1.1", b" HTTP/2.0"), 505),
        (request(b'{"query":"{ products { id } }"}', "Host: other"), 400),
        (request(b'{"query":"{ products { id } }"}').replace(b"host: router.test\r\n", b""), 400),
        (b"POST /graphql HTTP/1.1\r\nhost: a\r\n" + REST + b"transfer-encoding: Chunked\r\n\r\n" + CHUNKED, 200),
        (b"POST /graphql HTTP/1.1\r\nhost: a\r\n" + REST + b"transfer-encoding: gzip, chunked\r\n\r\n" + CHUNKED, 501),
    ],
)
async def test_heads_that_leave_something_open(asking: bytes, status: int) -> None:
    async with connections() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(asking)
        async with asyncio.timeout(5):
            head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
    assert head.startswith(b"HTTP/1.1 %d " % status)


async def test_what_is_no_http_is_told_so_with_a_code() -> None:
    async with connections() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET + b"\x16\x03\x01 nonsense\r\n\r\n")
        async with asyncio.timeout(5):
            got = await reader.read()
        writer.close()
    head, _, body = got[got.rindex(b"HTTP/1.1") :].partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad Request")
    assert b"\r\nconnection: close" in head
    assert json.loads(body)["errors"][0]["extensions"] == {"code": "BAD_REQUEST"}
