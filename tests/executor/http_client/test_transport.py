"""The client against servers on real sockets that misbehave in every way that matters."""

import asyncio
import gc
import itertools
import socket
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.errors import SubgraphError
from router.executor.http_client import HttpEndpoint, HttpTransport, PoolLimits
from router.hooks import SubgraphReply
from tests.executor.http_client.scripted import (
    BODY,
    OK,
    Keeping,
    a_call,
    answering,
    failure,
    outcome,
    reply,
    request,
    server,
)

UNREACHABLE = ("SUBREQUEST_HTTP_ERROR", "Subgraph 'a' could not be reached.")
LATE = ("SUBREQUEST_TIMEOUT", "Subgraph 'a' did not answer in time.")


def with_limits(**limits: float) -> HttpTransport:
    return HttpTransport(HttpEndpoint(PoolLimits(**limits)))  # type: ignore[arg-type]


@pytest.fixture
async def transport() -> AsyncIterator[HttpTransport]:
    async with with_limits(answer_bytes=100_000) as started:
        yield started


def told(error: SubgraphError) -> tuple[str, str]:
    return error.code, error.message


# ---- answers ----


async def test_request_and_reply_on_a_kept_connection(transport: HttpTransport) -> None:
    keeping = Keeping()
    async with server(keeping) as url:
        for _ in range(3):
            assert await reply(transport, a_call(url)) == SubgraphReply(
                200, {"content-type": "application/json", "x-cache": "MISS", "content-length": "16"}, BODY
            )
    assert keeping.connections == 1
    host = url.removeprefix("http://").removesuffix("/graphql").encode()
    assert (
        keeping.requests
        == [
            b"POST /graphql HTTP/1.1\r\nhost: " + host + b"\r\ncontent-type: application/json\r\n"
            b'content-length: 15\r\n\r\n{"query":"{x}"}'
        ]
        * 3
    )


@pytest.mark.parametrize("size", [0, 1, 65_535, 65_536, 3_000_000])
async def test_bodies_of_all_sizes(size: int) -> None:
    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            body = (await request(reader)).partition(b"\r\n\r\n")[2]
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body)

    body = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    async with server(echo) as url, HttpTransport() as transport:
        for _ in range(3):
            assert (await reply(transport, a_call(url, body=body))).body == body


async def test_an_answer_that_comes_byte_by_byte(transport: HttpTransport) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            for byte in OK:
                writer.write(bytes([byte]))
                await writer.drain()
                await asyncio.sleep(0)

    async with server(handle) as url:
        for _ in range(2):
            assert (await reply(transport, a_call(url))).body == BODY


async def test_a_known_head_with_its_body_in_pieces(transport: HttpTransport) -> None:
    cuts = iter([len(OK), len(OK) - 16, len(OK) - 7, 30])

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request(reader)
            cut = next(cuts)
            writer.write(OK[:cut])
            await asyncio.sleep(0.01)
            writer.write(OK[cut:])

    async with server(handle) as url:
        for _ in range(4):
            assert (await reply(transport, a_call(url))).body == BODY


async def test_chunked_and_until_the_end(transport: HttpTransport) -> None:
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: 1\r\n\r\n"
    keeping = Keeping(chunked)
    async with server(keeping) as url:
        for _ in range(2):
            assert (await reply(transport, a_call(url))).body == b"hello"
    assert keeping.connections == 1
    async with server(answering(b"HTTP/1.1 200 OK\r\n\r\nhel", b"lo")) as url:
        assert await reply(transport, a_call(url)) == SubgraphReply(200, {}, b"hello")


async def test_interim_answers_are_passed_over(transport: HttpTransport) -> None:
    keeping = Keeping(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK)
    async with server(keeping) as url:
        for _ in range(3):
            result = await reply(transport, a_call(url))
            assert (result.status, result.body, "link" in result.headers) == (200, BODY, False)
    assert keeping.connections == 1


async def test_any_status_is_a_reply_and_redirects_are_not_followed(transport: HttpTransport) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:9/elsewhere\r\nContent-Length: 0\r\n\r\n"
    async with server(answering(head)) as url:
        assert (await reply(transport, a_call(url))).status == 302
    page = b"HTTP/1.1 500 Oops\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>"
    async with server(answering(page)) as url:
        assert await reply(transport, a_call(url)) == SubgraphReply(
            500, {"content-type": "text/html", "content-length": "6"}, b"<html>"
        )


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"200 OK\r\n", b"200 OK\r\nConnection: close\r\n"),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OK.replace(b"200 OK\r\n", b"200 OK\r\nKeep-Alive: timeout=1\r\n"),
        OK + b"surplus",
        OK + OK,
    ],
)
async def test_connections_that_are_not_used_again(transport: HttpTransport, answer: bytes) -> None:
    keeping = Keeping(answer)
    async with server(keeping) as url:
        for _ in range(3):
            assert (await reply(transport, a_call(url))).body == BODY
    assert keeping.connections == 3


async def test_an_answer_before_the_request_is_out() -> None:
    connections = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(60)  # and reads no more

    async with server(handle) as url, HttpTransport() as transport:
        for _ in range(2):
            assert (await reply(transport, a_call(url, body=bytes(30_000_000)))).status == 413
    assert connections == 2


# ---- what is no answer ----


async def test_connection_refused(transport: HttpTransport) -> None:
    async with server(answering()) as url:
        pass
    error = await failure(transport, a_call(url))
    assert told(error) == UNREACHABLE
    assert isinstance(error.__cause__, ConnectionRefusedError)


@pytest.mark.parametrize(
    "url", ["http://no-such-host.invalid/", "not a url", "ftp://127.0.0.1/", "http://127.0.0.1:1:2/", "http://a..b/"]
)
async def test_addresses_that_lead_nowhere(transport: HttpTransport, url: str) -> None:
    assert told(await failure(transport, a_call(url))) == UNREACHABLE


@pytest.mark.parametrize("headers", [{"x": "a\r\nx-evil: 1"}, {"x": 1}, {1: "x"}, {"x": None}])
async def test_headers_that_cannot_be_sent(transport: HttpTransport, headers: Any) -> None:
    keeping = Keeping()
    async with server(keeping) as url:
        assert told(await failure(transport, a_call(url, headers=headers))) == UNREACHABLE
    assert not keeping.connections


@pytest.mark.parametrize(
    "answer",
    [b"garbage\r\n\r\n", b"\x00\xff" * 100, b"HTTP/1.1 abc\r\n\r\n", b"HTTP/1.1 200 OK\r\nX: " + b"y" * 70_000],
)
async def test_garbage_instead_of_http(transport: HttpTransport, answer: bytes) -> None:
    async with server(answering(answer)) as url:
        assert told(await failure(transport, a_call(url))) == UNREACHABLE


@pytest.mark.parametrize("seen_before", [False, True])
@pytest.mark.parametrize("cut", [10, len(OK) - 16, len(OK) - 1])
@pytest.mark.parametrize("is_reset", [False, True])
async def test_cut_off(transport: HttpTransport, cut: int, seen_before: bool, is_reset: bool) -> None:
    requests = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        if seen_before:
            await request(reader)
            writer.write(OK)
        await request(reader)
        requests += 1
        writer.write(OK[:cut])
        await writer.drain()
        if is_reset:
            await asyncio.sleep(0.01)
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    async with server(handle) as url:
        if seen_before:
            await reply(transport, a_call(url))
        assert told(await failure(transport, a_call(url))) == UNREACHABLE
    assert requests == 1  # never again once the answer has begun


async def test_half_closed_after_the_answer(transport: HttpTransport) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(OK)
        writer.write_eof()
        await reader.read()

    async with server(handle) as url:
        for _ in range(3):
            assert (await reply(transport, a_call(url))).body == BODY


@pytest.mark.parametrize("kind", ["query", "mutation"])
async def test_a_new_connection_closed_without_an_answer(transport: HttpTransport, kind: str) -> None:
    requests = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await request(reader))

    async with server(handle) as url:
        assert told(await failure(transport, a_call(url, kind))) == UNREACHABLE
    assert len(requests) == 1


@pytest.mark.parametrize("kind", ["query", "mutation"])
async def test_a_kept_connection_that_is_closed_when_the_next_request_comes(
    transport: HttpTransport, kind: str
) -> None:
    requests = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        requests.append(await request(reader))
        writer.write(OK)
        requests.append(await request(reader))  # and closes without an answer, as if it had given up on the connection

    async with server(handle) as url:
        await reply(transport, a_call(url, kind))
        if kind == "query":
            await reply(transport, a_call(url, kind))
            assert len(requests) == 3
        else:
            assert told(await failure(transport, a_call(url, kind))) == UNREACHABLE
            assert len(requests) == 2


async def test_a_query_is_sent_again_only_once(transport: HttpTransport) -> None:
    connections = 0

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await request(reader)
        if connections == 1:
            writer.write(OK)
            await request(reader)

    async with server(handle) as url:
        await reply(transport, a_call(url))
        assert told(await failure(transport, a_call(url))) == UNREACHABLE
    assert connections == 2


async def test_a_mutation_is_not_written_to_a_connection_whose_end_has_arrived(transport: HttpTransport) -> None:
    # The end is in the socket, and the event loop has not looked at it: nothing is awaited in between.
    listening = socket.create_server(("127.0.0.1", 0))
    loop = asyncio.get_running_loop()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
    with listening:
        first = asyncio.ensure_future(reply(transport, a_call(url, "mutation")))
        listening.setblocking(False)
        accepted, _ = await loop.sock_accept(listening)
        await loop.sock_recv(accepted, 1000)
        await loop.sock_sendall(accepted, OK)
        await first
        accepted.close()
        second = asyncio.ensure_future(reply(transport, a_call(url, "mutation")))
        # The task starts before the loop looks at its sockets.
        accepted, _ = await loop.sock_accept(listening)
        assert b"POST" in await loop.sock_recv(accepted, 1000)
        await loop.sock_sendall(accepted, OK)
        assert (await second).body == BODY
        accepted.close()


@pytest.mark.parametrize("said", [b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n", b"x"])
async def test_an_idle_connection_that_speaks_is_closed(transport: HttpTransport, said: bytes) -> None:
    ended = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(OK)
        await asyncio.sleep(0.01)
        writer.write(said)
        await reader.read()
        ended.set()

    async with server(handle) as url:
        await reply(transport, a_call(url))
        await asyncio.wait_for(ended.wait(), 5)
        assert (await reply(transport, a_call(url))).status == 200


async def test_answers_that_are_too_large(transport: HttpTransport) -> None:
    announced = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"
    async with server(answering(announced)) as url:
        error = await failure(transport, a_call(url))
        assert (error.message, error.status) == ("The answer of subgraph 'a' is too large.", 200)
    chunk = b"10000\r\n" + b"x" * 65_536 + b"\r\n"
    sent = 0

    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not writer.is_closing():
            writer.write(chunk)
            await writer.drain()
            sent += len(chunk)

    async with server(endless) as url:
        assert "too large" in (await failure(transport, a_call(url))).message
    assert sent < 20_000_000


# ---- time ----


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nContent-", OK[:-5]])
async def test_slow_servers_time_out(transport: HttpTransport, start: bytes) -> None:
    ended = asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        writer.write(start)
        await reader.read()  # until the router hangs up
        ended.set()

    async with server(handle) as url:
        assert told(await failure(transport, a_call(url), 0.1)) == LATE
        await asyncio.wait_for(ended.wait(), 5)


async def test_short_and_long_times_side_by_side(transport: HttpTransport) -> None:
    order: list[float] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        await reader.read()

    async def late(timeout_s: float) -> None:
        assert told(await failure(transport, a_call(url), timeout_s)) == LATE
        order.append(timeout_s)

    async with server(handle) as url:
        await asyncio.gather(*(late(timeout_s) for timeout_s in (0.4, 0.1, 0.25, -1.0)))
    assert order == [-1.0, 0.1, 0.25, 0.4]


async def test_no_time_limit(transport: HttpTransport) -> None:
    async with server(Keeping()) as url:
        assert (await reply(transport, a_call(url), float("inf"))).status == 200


async def test_connecting_has_its_own_time() -> None:
    # A listener whose queue is full does not answer to further connections.
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        others = [socket.socket() for _ in range(8)]
        for other in others:
            other.setblocking(False)
            other.connect_ex(listening.getsockname())
        async with with_limits(connect_timeout_s=0.1) as transport:
            assert told(await failure(transport, a_call(url), 60)) == LATE
        async with HttpTransport() as transport:
            assert told(await failure(transport, a_call(url), 0.1)) == LATE
        for other in others:
            other.close()


async def test_cancelling_closes_the_connection(transport: HttpTransport) -> None:
    started, ended = asyncio.Event(), asyncio.Event()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request(reader)
        started.set()
        await reader.read()
        ended.set()

    async with server(handle) as url:
        pending = transport.send(a_call(url), asyncio.get_running_loop().time() + 60, lambda _: pytest.fail("called"))
        await started.wait()
        pending.cancel()
        pending.cancel()
        await asyncio.wait_for(ended.wait(), 5)
        refused = transport.send(a_call("no url"), 0, lambda _: pytest.fail("called"))
        refused.cancel()
        await asyncio.sleep(0)


# ---- the pool ----


class Gate:
    """Answers in the order of the requests, when it is let; counts what runs at a time."""

    def __init__(self) -> None:
        self.waiting: list[tuple[bytes, asyncio.Event]] = []
        self.arrived = asyncio.Condition()
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            body = (await request(reader)).partition(b"\r\n\r\n")[2]
            leave = asyncio.Event()
            async with self.arrived:
                self.waiting.append((body, leave))
                self.arrived.notify_all()
            await leave.wait()
            writer.write(OK)

    async def reached(self, number: int) -> None:
        async with self.arrived:
            await asyncio.wait_for(self.arrived.wait_for(lambda: len(self.waiting) >= number), 5)


async def test_connections_are_limited_and_waited_for_in_turn() -> None:
    gate = Gate()
    async with server(gate) as url, with_limits(connections=3) as transport:
        loop = asyncio.get_running_loop()
        order: list[int] = []
        done = asyncio.Event()

        def ended(number: int) -> None:
            order.append(number)
            if len(order) == 9:
                done.set()

        for n in range(9):
            transport.send(a_call(url, body=b"%d" % n), loop.time() + 5, lambda _, n=n: ended(n))
        for n in range(9):
            await gate.reached(min(n + 3, 9))
            assert len(gate.waiting) == min(n + 3, 9)
            gate.waiting[n][1].set()
        await asyncio.wait_for(done.wait(), 5)
        assert [int(body) for body, _ in gate.waiting[3:]] == [3, 4, 5, 6, 7, 8]
    assert gate.connections == 3


async def test_who_waits_can_leave_and_can_be_late() -> None:
    gate = Gate()
    async with server(gate) as url, with_limits(connections=1) as transport:
        loop = asyncio.get_running_loop()
        first = asyncio.ensure_future(reply(transport, a_call(url, body=b"1")))
        await gate.reached(1)
        gone = transport.send(a_call(url, body=b"gone"), loop.time() + 5, lambda _: pytest.fail("called"))
        late = asyncio.ensure_future(failure(transport, a_call(url, body=b"late"), 0.05))
        last = asyncio.ensure_future(reply(transport, a_call(url, body=b"2")))
        gone.cancel()
        assert told(await late) == LATE
        gate.waiting[0][1].set()
        await first
        await gate.reached(2)
        gate.waiting[1][1].set()
        await last
    assert [body for body, _ in gate.waiting] == [b"1", b"2"]
    assert gate.connections == 1


async def test_a_connection_that_fails_makes_room() -> None:
    async with server(answering(b"garbage\r\n\r\n")) as url, with_limits(connections=2) as transport:
        results = await asyncio.gather(*(outcome(transport, a_call(url)) for _ in range(20)))
    assert [told(result) for result in results if isinstance(result, SubgraphError)] == [UNREACHABLE] * 20


async def test_each_request_that_waits_fails_if_there_is_no_server() -> None:
    async with server(answering()) as url:
        pass
    async with with_limits(connections=2) as transport:
        results = await asyncio.gather(*(outcome(transport, a_call(url)) for _ in range(20)))
    assert [told(result) for result in results if isinstance(result, SubgraphError)] == [UNREACHABLE] * 20


async def test_the_connection_used_last_is_used_first_and_the_others_expire() -> None:
    ended: list[int] = []
    gate = Gate()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        number = gate.connections
        try:
            await gate(reader, writer)
        except asyncio.IncompleteReadError:
            ended.append(number)

    async with server(handle) as url, with_limits(idle_s=0.2) as transport:
        both = [asyncio.ensure_future(reply(transport, a_call(url))) for _ in range(2)]
        await gate.reached(2)
        for _, leave in gate.waiting:
            leave.set()
        await asyncio.gather(*both)
        for n in range(6):
            once = asyncio.ensure_future(reply(transport, a_call(url)))
            await gate.reached(3 + n)
            gate.waiting[-1][1].set()
            await once
            await asyncio.sleep(0.05)
        assert len(ended) == 1
        for _ in range(500):
            if len(ended) == 2:
                break
            await asyncio.sleep(0.01)
        assert len(ended) == 2
    assert gate.connections == 2


async def test_subgraphs_do_not_share_connections(transport: HttpTransport) -> None:
    keeping = Keeping()
    async with server(keeping) as url:
        for name in ("a", "b", "a", "b"):
            call = a_call(url)
            call.subgraph = name
            await reply(transport, call)
    assert keeping.connections == 2


async def test_unix_sockets(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    keeping = Keeping()
    listening = await asyncio.start_unix_server(keeping, path)
    try:
        async with HttpTransport(endpoints={"a": HttpEndpoint(unix_socket=path)}) as transport:
            for _ in range(2):
                assert (await reply(transport, a_call("http://a.test/x"))).body == BODY
    finally:
        listening.close()
    assert keeping.requests[0].startswith(b"POST /x HTTP/1.1\r\nhost: a.test\r\n")
    assert keeping.connections == 1


# ---- life ----


async def test_closing_fails_what_runs_and_what_waits() -> None:
    gate = Gate()
    async with server(gate) as url:
        transport = with_limits(connections=1)
        await transport.start()
        running = [asyncio.ensure_future(failure(transport, a_call(url))) for _ in range(3)]
        await gate.reached(1)
        await transport.close()
        for each in running:
            assert told(await each) == UNREACHABLE
        assert told(await failure(transport, a_call(url))) == UNREACHABLE
        await transport.close()


async def test_it_can_be_started_again() -> None:
    transport = HttpTransport()
    async with server(Keeping()) as url:
        for _ in range(2):
            async with transport:
                assert (await reply(transport, a_call(url))).status == 200


async def test_requests_made_by_callbacks(transport: HttpTransport) -> None:
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    left = 200

    def on_reply(result: SubgraphReply | SubgraphError) -> None:
        nonlocal left
        left -= 1
        if left:
            transport.send(a_call(url), loop.time() + 5, on_reply)
        else:
            done.set_result(result)

    keeping = Keeping()
    async with server(keeping) as url:
        transport.send(a_call(url), loop.time() + 5, on_reply)
        assert isinstance(await asyncio.wait_for(done, 10), SubgraphReply)
    assert keeping.connections == 1


async def test_a_callback_that_fails_is_reported_and_harms_nobody(transport: HttpTransport) -> None:
    loop = asyncio.get_running_loop()
    reported = asyncio.Event()
    loop.set_exception_handler(lambda *_: reported.set())

    def on_reply(_: SubgraphReply | SubgraphError) -> None:
        raise ZeroDivisionError

    keeping = Keeping()
    try:
        async with server(keeping) as url:
            for _ in range(2):
                transport.send(a_call(url), loop.time() + 5, on_reply)
                await asyncio.wait_for(reported.wait(), 5)
                reported.clear()
            assert (await reply(transport, a_call(url))).status == 200
    finally:
        loop.set_exception_handler(None)
    assert keeping.connections == 1


def left_over(*names: str) -> list[object]:
    """Objects of these types that are still somewhere."""
    return [one for one in gc.get_objects() if type(one).__name__ in names]


async def test_nothing_is_left_behind() -> None:
    gc.collect()
    tasks, before = asyncio.all_tasks(), len(left_over("Connection", "HttpExchange", "AnswerParser", "Pool"))
    gate = Gate()
    async with server(gate) as url, server(answering(b"garbage\r\n\r\n")) as bad:
        async with with_limits(connections=5, idle_s=60) as transport:
            running = [asyncio.ensure_future(outcome(transport, a_call(url))) for _ in range(10)]
            broken = [asyncio.ensure_future(outcome(transport, a_call(bad))) for _ in range(10)]
            await gate.reached(5)
            for _, leave in gate.waiting[:2]:
                leave.set()
            running[3].cancel()
            await asyncio.gather(*broken)
            assert left_over("Connection")
        await asyncio.gather(*running, return_exceptions=True)
    del transport, running, broken
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == tasks
    gc.collect()
    assert len(left_over("Connection", "HttpExchange", "AnswerParser", "Pool")) == before


async def test_an_exchange_leaves_no_cycles(transport: HttpTransport) -> None:
    mark = b'"seen nowhere else"'
    async with server(Keeping(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(mark) + mark)) as url:
        for _ in range(3):
            await reply(transport, a_call(url))
        await asyncio.sleep(0)
        gc.collect()
        gc.disable()
        try:
            done = asyncio.Event()
            transport.send(a_call(url), asyncio.get_running_loop().time() + 5, lambda _: done.set())
            await done.wait()
            replies = [one for one in left_over("SubgraphReply") if one.body == mark]  # type: ignore[attr-defined]
            assert not replies
            assert not left_over("HttpExchange")
        finally:
            gc.enable()


# ---- any cutting ----


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answers=st.lists(
        st.sampled_from(
            [
                OK,
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
                b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
                b"HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n",
            ]
        ),
        min_size=1,
        max_size=5,
    ),
    cuts=st.lists(st.integers(0, 200), max_size=5),
)
async def test_any_cutting_on_the_wire_gives_the_same(answers: list[bytes], cuts: list[int]) -> None:
    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            await request(reader)
            places = sorted({0, len(answer), *(cut for cut in cuts if cut < len(answer))})
            for start, end in itertools.pairwise(places):
                writer.write(answer[start:end])
                await asyncio.sleep(0)
                await asyncio.sleep(0)
        await reader.read()

    async with server(handle) as url, HttpTransport() as transport:
        for answer in answers:
            result = await reply(transport, a_call(url))
            expected = {b"5\r\nhe": (200, b"hello world"), b"HTTP/1.1 500": (500, b"")}
            wanted = next((pair for part, pair in expected.items() if part in answer), (200, BODY))
            assert (result.status, result.body) == wanted
