"""HTTP/2 to the server: what is right works, what is wrong or too much ends in the code that says so."""

import asyncio
import logging
from typing import Any

import h2.events
import pytest
import uvloop
from h2.errors import ErrorCodes
from hyperframe.frame import ContinuationFrame, DataFrame, HeadersFrame, PingFrame, RstStreamFrame, SettingsFrame

from router.server.http2 import Http2Limits
from tests.server.http2.serving import Echo, Frames, frames, serving, until


async def answer(client: Frames, number: int) -> tuple[int, dict[bytes, bytes], bytes]:
    headers: dict[bytes, bytes] = {}
    body = b""
    while True:
        event = await client.until(h2.events.Event, number)
        if isinstance(event, h2.events.ResponseReceived):
            headers = dict(event.headers)
        elif isinstance(event, h2.events.DataReceived):
            body += event.data
            client.h2.acknowledge_received_data(event.flow_controlled_length, number)
            client.flush()
        elif isinstance(event, h2.events.StreamEnded):
            return int(headers.pop(b":status")), headers, body
        elif isinstance(event, h2.events.StreamReset):
            raise ConnectionResetError(ErrorCodes(event.error_code).name)


async def test_a_request_as_asgi_has_it() -> None:
    echo = Echo()
    async with serving(echo) as (url, _), frames(url) as client:
        headers = {"x-a": "1", "cookie": "a=1"}
        number = client.ask("/echo?q=%20", b"hello", **headers)
        status, answered, body = await answer(client, number)
    assert (status, body) == (200, b"hello")
    assert answered.keys() == {b"date", b"content-length"}
    (scope,) = echo.scopes
    assert scope["headers"] == [(b"host", b"a.test"), (b"x-a", b"1"), (b"cookie", b"a=1")]
    expected = {"http_version": "2", "method": "POST", "path": "/echo", "query_string": b"q=%20", "scheme": "http"}
    assert {name: scope[name] for name in expected} == expected
    assert scope["client"] is not None


async def test_cookies_in_several_lines_are_one_header() -> None:
    echo = Echo()
    async with serving(echo) as (url, _), frames(url) as client:
        number = client.h2.get_next_available_stream_id()
        headers = [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/")]
        client.h2.send_headers(number, [*headers, ("cookie", "a=1"), ("cookie", "b=2")], end_stream=True)
        client.flush()
        await answer(client, number)
    assert (b"cookie", b"a=1; b=2") in echo.scopes[0]["headers"]


async def test_many_streams_side_by_side() -> None:
    echo = Echo()
    async with serving(echo) as (url, _), frames(url) as client:
        numbers = [client.ask("/slow", b"x") for _ in range(100)]
        await until(lambda: echo.running >= 100)
        echo.leave.set()
        for number in numbers:
            assert (await answer(client, number))[2] == b"done"
    assert echo.most == 100


async def test_requests_beyond_the_limit_that_was_not_read_yet_are_refused_one_by_one() -> None:
    echo = Echo()
    async with serving(echo) as (url, _), frames(url) as client:
        client.h2.remote_settings.max_concurrent_streams = 1000
        client.h2.remote_settings.acknowledge()
        numbers = [client.ask("/slow", b"x") for _ in range(120)]
        for number in numbers[100:]:
            with pytest.raises(ConnectionResetError, match="REFUSED_STREAM"):
                await answer(client, number)
        echo.leave.set()
        for number in numbers[:100]:
            assert (await answer(client, number))[2] == b"done"
        assert (await answer(client, client.ask("/echo", b"again")))[2] == b"again"
    assert echo.most == 100


@pytest.mark.parametrize("path", ["/broken", "/nothing"])
async def test_an_application_that_fails(path: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL, "router.server"):
        async with serving(Echo()) as (url, _), frames(url) as client:
            assert (await answer(client, client.ask(path)))[0] == 500
            with pytest.raises(ConnectionResetError, match="INTERNAL_ERROR"):
                await answer(client, client.ask("/half"))
            assert (await answer(client, client.ask("/")))[0] == 200


async def test_head_has_no_body() -> None:
    async with serving(Echo()) as (url, _), frames(url) as client:
        status, headers, body = await answer(client, client.ask("/large", method="HEAD"))
    assert (status, headers[b"content-length"], body) == (200, b"1000000", b"")


async def test_parts_leave_when_they_are_made() -> None:
    async with serving(Echo()) as (url, _), frames(url) as client:
        number = client.ask("/parts")
        await client.until(h2.events.ResponseReceived, number)
        first = await client.until(h2.events.DataReceived, number)
        assert first.data == b"0\n"


async def test_large_bodies_both_ways() -> None:
    async with serving(Echo()) as (url, _), frames(url) as client:
        assert len((await answer(client, client.ask("/large")))[2]) == 1_000_000
        number = client.ask("/", b"", x="y") if False else client.h2.get_next_available_stream_id()
        headers = [(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/")]
        client.h2.send_headers(number, headers)
        body, place = bytes(range(256)) * 8000, 0
        while place < len(body):
            room = min(client.h2.local_flow_control_window(number), 16_384)
            if not room:
                client.flush()
                client.events += client.h2.receive_data(await client.reader.read(65_536))
                continue
            client.h2.send_data(number, body[place : place + room])
            place += room
        client.h2.end_stream(number)
        client.flush()
        assert (await answer(client, number))[2] == body


async def test_a_body_that_nobody_reads_is_bounded_and_does_not_block_others() -> None:
    limits = Http2Limits(stream_window_bytes=100_000, connection_window_bytes=150_000, unread_bytes=60_000)
    echo = Echo()
    async with serving(echo, limits=limits) as (url, _), frames(url) as client:
        await client.until(h2.events.RemoteSettingsChanged)
        number = client.h2.get_next_available_stream_id()
        headers = [(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/unread")]
        client.h2.send_headers(number, headers)
        client.h2.send_data(number, bytes(16_384))
        client.flush()
        assert (await client.until(h2.events.ResponseReceived, number)).headers[0] == (b":status", b"413")
        await client.until(h2.events.StreamEnded, number)
        for _ in range(4):  # many clients go on when the answer comes early
            client.h2.send_data(number, bytes(16_384))
            client.flush()
            await asyncio.sleep(0.01)
        reset = await client.until(h2.events.StreamReset, number)
        assert reset.error_code == ErrorCodes.NO_ERROR
        for _ in range(20):  # what was not read has been given back to the connection
            other = client.ask("/", bytes(16_000))
            assert len((await answer(client, other))[2]) == 16_000


async def test_a_request_taken_back_is_told_to_the_application() -> None:
    echo = Echo()
    async with serving(echo) as (url, _), frames(url) as client:
        number = client.ask("/watched")
        await until(lambda: echo.running)
        client.h2.reset_stream(number)
        client.flush()
        await asyncio.wait_for(echo.leave.wait(), 5)
        echo.leave.clear()
        client.ask("/watched")
        await until(lambda: echo.running)
        client.writer.close()
        await asyncio.wait_for(echo.leave.wait(), 5)
    assert echo.left == 2


async def test_a_client_that_opens_no_window_is_given_up() -> None:
    echo = Echo()
    async with serving(echo, limits=Http2Limits(stall_s=0.1)) as (url, _), frames(url, window=10) as client:
        number = client.ask("/large")
        reset = await client.until(h2.events.StreamReset, number)
        assert reset.error_code == ErrorCodes.CANCEL
        await until(lambda: not echo.running)


async def test_a_client_that_reads_nothing_is_cut_off() -> None:
    echo = Echo()
    async with serving(echo, limits=Http2Limits(stall_s=0.1)) as (url, server), frames(url) as client:
        client.h2.increment_flow_control_window(2**30)
        client.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(90):
            number = client.ask("/large")
            client.h2.increment_flow_control_window(2**24, number)
        client.flush()
        await until(lambda: echo.scopes)
        await until(lambda: not server.server_state.connections)
        assert not echo.running


# ---- what is wrong ----


async def code_of(client: Frames) -> str:
    end = await client.closed()
    assert end is not None
    return ErrorCodes(end.error_code).name


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (DataFrame(1, b"x").serialize(), "PROTOCOL_ERROR"),
        (HeadersFrame(2, b"\x82", flags=["END_HEADERS"]).serialize(), "PROTOCOL_ERROR"),
        (HeadersFrame(1, b"\xff\xff\xff\xff\xff", flags=["END_HEADERS"]).serialize(), None),
        (ContinuationFrame(1, b"\x82").serialize(), "PROTOCOL_ERROR"),
        (b"\x00\x40\x01\x00\x00\x00\x00\x00\x01" + bytes(0x4001), "FRAME_SIZE_ERROR"),
        (b"\xff\xff\xff\x00\x00\x00\x00\x00\x01" + bytes(3_000_000), "FRAME_SIZE_ERROR"),
        (b"\x00\x00\x05\x04\x00\x00\x00\x00\x00xxxxx", "FRAME_SIZE_ERROR"),
        (SettingsFrame(0, {4: 2**31}).serialize(), "FLOW_CONTROL_ERROR"),
        (b"\x00\x00\x04\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00", "PROTOCOL_ERROR"),
    ],
)
async def test_breaches_of_the_protocol_end_the_connection(sent: bytes, code: str | None) -> None:
    echo = Echo()
    async with serving(echo) as (url, _):
        async with frames(url) as client:
            client.raw(sent)
            got = await code_of(client)
            assert code is None or got == code
        assert not echo.scopes
        async with frames(url) as client:
            assert (await answer(client, client.ask("/")))[0] == 200


@pytest.mark.parametrize(
    "headers",
    [
        [(":method", "POST"), (":scheme", "http"), (":path", "nowhere"), (":authority", "a")],
        [(":method", "CONNECT"), (":authority", "a:1")],
        [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "a"), ("connection", "close")],
        [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":authority", "a"), ("X-Upper", "1")],
        [(":method", "POST"), (":scheme", "http"), (":path", "/"), (":path", "/"), (":authority", "a")],
        [(":method", "POST"), (":scheme", "http"), (":path", ""), (":authority", "a")],
    ],
)
async def test_requests_that_are_none(headers: list[tuple[str, str]]) -> None:
    echo = Echo()
    async with serving(echo) as (url, _), frames(url) as client:
        number = client.h2.get_next_available_stream_id()
        client.h2.send_headers(number, headers, end_stream=True)
        client.flush()
        with pytest.raises((ConnectionResetError, EOFError)):
            await answer(client, number)
    assert not echo.scopes


async def test_a_body_of_another_length_than_announced() -> None:
    async with serving(Echo()) as (url, _), frames(url) as client:
        with pytest.raises((ConnectionResetError, EOFError)):
            await answer(client, client.ask("/", b"hello", **{"content-length": "3"}))


async def test_too_many_streams() -> None:
    echo = Echo()
    async with serving(echo, limits=Http2Limits(streams=3, burst_controls=20)) as (url, _), frames(url) as client:
        await client.until(h2.events.RemoteSettingsChanged)
        assert client.h2.remote_settings.max_concurrent_streams == 3
        client.h2.remote_settings[3] = 1000  # and yet
        client.h2.remote_settings.acknowledge()
        for _ in range(3):
            client.ask("/slow")
        with pytest.raises(ConnectionResetError, match="REFUSED_STREAM"):
            await answer(client, client.ask("/slow"))
        for _ in range(60):
            number = client.h2.get_next_available_stream_id()
            asking = [(":method", "GET"), (":scheme", "http"), (":authority", "a.test"), (":path", "/slow")]
            client.h2.send_headers(number, asking)
        client.flush()  # all at once: the connection is closed when they have been read
        assert await code_of(client) == "ENHANCE_YOUR_CALM"
    assert echo.most <= 3


async def test_a_frame_that_is_too_long_is_not_waited_for() -> None:
    async with serving(Echo()) as (url, _), frames(url) as client:
        assert (await answer(client, client.ask("/", b"x" * 16_384)))[0] == 200
        client.raw(b"\x00\x40\x01\x00\x00\x00\x00\x00\x01")
        assert await code_of(client) == "FRAME_SIZE_ERROR"


async def test_too_large_headers() -> None:
    async with serving(Echo(), limits=Http2Limits(header_bytes=1000)) as (url, _), frames(url) as client:
        assert (await answer(client, client.ask("/", **{"x-a": "a" * 500})))[0] == 200
        client.ask("/", **{"x-b": "b" * 1000})
        assert await code_of(client) == "ENHANCE_YOUR_CALM"


async def test_endless_headers() -> None:
    async with serving(Echo()) as (url, _), frames(url) as client:
        client.raw(HeadersFrame(1, b"\x82\x86\x84").serialize())
        for _ in range(200):
            client.raw(ContinuationFrame(1, b"\x40\x01a\x01b" * 100).serialize())
        end = await client.closed()
        assert end is not None
        assert end.error_code != ErrorCodes.NO_ERROR


async def test_requests_taken_back_again_and_again() -> None:
    echo = Echo()
    limits = Http2Limits(burst_resets=20, resets_per_s=0.001)
    async with serving(echo, limits=limits) as (url, _), frames(url) as client:
        for _ in range(100):
            client.h2.reset_stream(client.ask("/slow"))
        client.flush()
        assert await code_of(client) == "ENHANCE_YOUR_CALM"
        echo.leave.set()
    assert len(echo.scopes) <= 30


async def test_requests_taken_back_now_and_then() -> None:
    limits = Http2Limits(burst_resets=2, resets_per_s=0.001)
    async with serving(Echo(), limits=limits) as (url, _), frames(url) as client:
        for _ in range(10):
            assert (await answer(client, client.ask("/")))[0] == 200
            client.h2.reset_stream(client.ask("/slow"))
            client.flush()


@pytest.mark.parametrize("frame", [PingFrame(0, b"12345678"), SettingsFrame(0, {4: 65_535}), DataFrame(1, b"")])
async def test_frames_for_nothing(frame: Any) -> None:
    limits = Http2Limits(burst_controls=50, controls_per_s=0.001)
    echo = Echo()
    async with serving(echo, limits=limits) as (url, _), frames(url) as client:
        headers = [(":method", "POST"), (":scheme", "http"), (":authority", "a"), (":path", "/")]
        client.h2.send_headers(1, headers)
        client.raw(frame.serialize() * 200)
        assert await code_of(client) == "ENHANCE_YOUR_CALM"


async def test_streams_that_the_client_makes_the_server_reset() -> None:
    limits = Http2Limits(burst_resets=10, resets_per_s=0.001)
    async with serving(Echo(), limits=limits) as (url, _), frames(url) as client:
        for _ in range(50):
            number = client.ask("/slow")
            client.raw(b"\x00\x00\x04\x08\x00" + number.to_bytes(4, "big") + (2**31 - 1).to_bytes(4, "big"))
        end = await client.closed()
        assert end is not None
        assert end.error_code != ErrorCodes.NO_ERROR


# ---- life ----


async def test_silence_ends_a_connection() -> None:
    async with serving(Echo(), timeout_keep_alive=0.1) as (url, _):
        async with frames(url) as client:
            assert (await answer(client, client.ask("/")))[0] == 200
            assert await code_of(client) == "NO_ERROR"
        async with frames(url) as client:
            assert await code_of(client) == "NO_ERROR"
        host, port = url.removeprefix("http://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"PRI * HTTP/2.0\r\n")  # and no more
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_the_server_stops_when_its_streams_are_answered() -> None:
    echo = Echo()
    async with serving(echo, timeout_graceful_shutdown=10) as (url, server), frames(url) as client, frames(url) as idle:
        number = client.ask("/slow")
        idle.flush()
        await until(lambda: echo.running)
        server.should_exit = True
        assert await code_of(idle) == "NO_ERROR"
        away = await client.until(h2.events.ConnectionTerminated)
        assert (away.error_code, away.last_stream_id) == (ErrorCodes.NO_ERROR, number)
        echo.leave.set()
        # The client's h2 takes nothing more after the first GOAWAY: look at the bytes.
        rest = await asyncio.wait_for(client.reader.read(), 5)
        assert b"done" in rest


async def test_streams_that_do_not_end_are_cut_off_when_the_server_stops() -> None:
    echo = Echo()
    async with serving(echo, timeout_graceful_shutdown=0.2) as (url, server), frames(url) as client:
        client.ask("/slow")
        await until(lambda: echo.running)
        server.should_exit = True
        await asyncio.wait_for(client.reader.read(), 5)
    assert not echo.running


async def test_concurrency_limit_of_the_server() -> None:
    async with serving(Echo(), limit_concurrency=1) as (url, _), frames(url) as client:
        assert (await answer(client, client.ask("/")))[0] == 503


def test_on_uvloop_too() -> None:
    async def run() -> None:
        await test_large_bodies_both_ways()
        await test_many_streams_side_by_side()
        await test_a_client_that_reads_nothing_is_cut_off()
        await test_the_server_stops_when_its_streams_are_answered()

    uvloop.run(run())


async def test_a_flood_of_resets_leaves_no_task_behind() -> None:
    echo = Echo()
    async with serving(echo, limits=Http2Limits(streams=10)) as (url, server), frames(url) as client:
        for _ in range(60):
            number = client.ask("/slow")
            client.raw(RstStreamFrame(number, error_code=8).serialize())
            client.h2.streams.pop(number, None)
        await asyncio.sleep(0.2)
        assert echo.most <= 20
        echo.leave.set()
        await until(lambda: not server.server_state.tasks)
