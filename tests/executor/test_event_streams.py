"""Event streams and multipart streams of subgraphs: taken apart however they are cut, resumed, and given up."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from router.errors import SubgraphError
from router.executor import AiohttpTransport
from router.executor.multipart_streams import MultipartParser, boundary_of
from router.executor.sse_streams import SseParser
from router.hooks import EventStream, RequestContext, StreamProtocol, SubgraphCall, SubgraphReply

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    server = web.Server(handler)
    runner = web.ServerRunner(server, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def subscribed(
    url: str,
    protocol: StreamProtocol,
    *,
    resume_s: float = 5.0,
    max_bytes: int = 10_000,
    renew: Callable[[SubgraphCall], None] | None = None,
) -> AsyncIterator[SubgraphReply]:
    context = RequestContext("r", "POST", "/", {})
    call = SubgraphCall(
        "s", url, {"x-a": "1"}, b'{"query":"subscription { x }"}', "subscription", (0,), context, protocol=protocol
    )
    call.renew = renew
    async with AiohttpTransport(resume_s=resume_s, max_response_bytes=max_bytes) as transport:
        reply = await transport.subscribe(call, 5)
        try:
            yield reply
        finally:
            if reply.events is not None:
                await reply.events.aclose()


async def all_of(events: EventStream | None) -> list[Any]:
    assert events is not None
    async with asyncio.timeout(10):
        return [event async for event in events]


# ---- Server-Sent Events ---------------------------------------------------------------------------------------------

STREAM = (
    b': hello\r\n\r\nevent: next\nid: 1\ndata: {"a":\ndata: 1}\n\nretry: 20\nevent:next\rdata:{}\r\rid:\nid: \x00\n'
    b"event: complete\ndata\n\n"
)  # fmt: skip


@given(st.lists(st.integers(0, len(STREAM)), max_size=12))
def test_an_event_stream_is_read_however_it_is_cut(cuts: list[int]) -> None:
    places = [0, *sorted(cuts), len(STREAM)]
    parser = SseParser(1000)
    found = [event for a, b in pairwise(places) for event in parser.feed(STREAM[a:b])]
    assert found == [("next", b'{"a":\n1}', "1"), ("next", b"{}", "1"), ("complete", b"", "")]
    assert parser.retry_s == 0.02


def test_ids_that_no_header_can_have_are_none() -> None:
    parser = SseParser(10_000)
    text = "id: ü\nevent: next\ndata: 1\n\nid: " + "x" * 2000 + "\nevent: next\ndata: 2\n\n"
    assert [event.id for event in parser.feed(text.encode())] == ["", ""]


class Source:
    """A subgraph whose events are numbers with ids; each connection yields some of them and breaks.

    Args:
        lengths: how many events each connection yields; the last one completes.
    """

    def __init__(self, *lengths: int, ids: bool = True) -> None:
        self.lengths = list(lengths)
        self.ids = ids
        self.asked: list[str | None] = []

    async def __call__(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request.headers.get("last-event-id"))
        assert request.headers["x-a"] == "1"
        assert await request.json() == {"query": "subscription { x }"}
        if not self.lengths:
            return web.Response(status=204)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        start = int(self.asked[-1] or 0)
        for number in range(start + 1, start + 1 + self.lengths.pop(0)):
            id_ = f"id: {number}\n" if self.ids else ""
            await response.write(f'retry: 10\nevent: next\n{id_}data: {{"data":{number}}}\n\n'.encode())
        if not self.lengths:
            await response.write(b"event: complete\ndata:\n\n")
        elif request.transport is not None:
            request.transport.close()
        return response


async def test_a_stream_that_breaks_is_resumed_after_the_last_event() -> None:
    source = Source(2, 1, 0, 2)
    async with serving(source) as url, subscribed(url, "graphql-sse") as reply:
        assert [event["data"] for event in await all_of(reply.events)] == [1, 2, 3, 4, 5]
    assert source.asked == [None, "2", "3", "3"]


async def test_each_time_it_is_resumed_headers_are_made_anew() -> None:
    """As a signed header must be that is good for one request."""
    source, seen = Source(2, 1, 2), []

    async def once(request: web.BaseRequest) -> web.StreamResponse:
        if request.headers.get("x-b") in seen:
            return web.Response(status=401)
        seen.append(request.headers.get("x-b"))
        return await source(request)

    def renew(call: SubgraphCall) -> None:
        call.headers["x-b"] = str(len(seen))

    async with serving(once) as url, subscribed(url, "graphql-sse", renew=renew) as reply:
        assert [event["data"] for event in await all_of(reply.events)] == [1, 2, 3, 4, 5]
    assert seen == [None, "1", "2"]


async def test_the_last_id_is_known() -> None:
    async with serving(Source(2)) as url, subscribed(url, "graphql-sse") as reply:
        ids = [reply.events.last_event_id async for _ in reply.events]  # type: ignore[union-attr]
    assert ids == ["1", "2"]


async def test_without_ids_a_stream_that_breaks_has_broken() -> None:
    source = Source(1, 1, ids=False)
    async with serving(source) as url, subscribed(url, "graphql-sse") as reply:
        assert reply.events is not None
        assert await anext(reply.events) == {"data": 1}
        with pytest.raises(SubgraphError) as failure:
            await anext(reply.events)
        assert failure.value.code == "SUBSCRIPTION_INTERRUPTED"
        with pytest.raises(StopAsyncIteration):
            await anext(reply.events)
    assert source.asked == [None]


async def test_a_subgraph_that_knows_no_more_of_the_stream_ends_it() -> None:
    source = Source(1, 1)
    source.lengths.append(0)

    async def gone(request: web.BaseRequest) -> web.StreamResponse:
        if source.asked:
            return web.Response(status=410)
        return await source(request)

    async with serving(gone) as url, subscribed(url, "graphql-sse") as reply:
        with pytest.raises(SubgraphError, match="unexpectedly"):
            await all_of(reply.events)


async def test_resuming_has_an_end() -> None:
    async def failing(request: web.BaseRequest) -> web.StreamResponse:
        if "last-event-id" in request.headers and request.transport is not None:
            request.transport.close()
        return await Source(1, 1)(request)

    async with serving(failing) as url, subscribed(url, "graphql-sse", resume_s=0.2) as reply:
        with pytest.raises(SubgraphError, match="unexpectedly"):
            await all_of(reply.events)


# ---- multipart ------------------------------------------------------------------------------------------------------

PART = b"\r\ncontent-type: application/json\r\n\r\n"
PARTS = [b"{}", b'{"payload":\r\n{"data":1}}', b'{"x":"--b"}']
BODY = b"--b" + b"".join(PART + part + b"\r\n--b" for part in PARTS) + b"--\r\nepilogue"


@given(st.lists(st.integers(0, len(BODY)), max_size=12), st.booleans())
def test_parts_are_read_however_they_are_cut(cuts: list[int], has_break: bool) -> None:
    body = b"\r\n" * has_break + BODY
    places = [0, *sorted(cuts), len(body)]
    parser = MultipartParser("b", 1000)
    found = [part for a, b in pairwise(places) for part in parser.feed(body[a:b])]
    assert found == PARTS
    assert parser.is_over


@pytest.mark.parametrize(
    ("content_type", "boundary"),
    [
        ('multipart/mixed;boundary="graphql";subscriptionSpec="1.0"', "graphql"),
        ("Multipart/Mixed; subscriptionSpec=1.0; Boundary=a-b", "a-b"),
        ("multipart/mixed", "-"),
        ("multipart/form-data;boundary=a", None),
        ("application/json", None),
        ("", None),
    ],
)
def test_boundaries(content_type: str, boundary: str | None) -> None:
    assert boundary_of(content_type) == boundary


def multipart(*parts: bytes, end: bytes = b"--\r\n", boundary: str = "graphql") -> Handler:
    async def handle(request: web.BaseRequest) -> web.StreamResponse:
        assert "multipart/mixed;boundary=graphql;subscriptionSpec=1.0" in request.headers["accept"]
        delimiter = b"\r\n--" + boundary.encode()
        response = web.StreamResponse(headers={"content-type": f"multipart/mixed;boundary={boundary}"})
        await response.prepare(request)
        await response.write(delimiter)
        for part in parts:
            await response.write(PART + part + delimiter)
        await response.write(end)
        return response

    return handle


async def test_payloads_heartbeats_and_the_end() -> None:
    handler = multipart(b"{}", b'{"payload":{"data":{"x":1}}}', b"{}", b'{"data":{"x":2}}')
    async with serving(handler) as url, subscribed(url, "multipart") as reply:
        assert await all_of(reply.events) == [{"data": {"x": 1}}, {"data": {"x": 2}}]


async def test_a_part_is_read_when_its_boundary_is_there() -> None:
    parser = MultipartParser("b", 1000)
    assert list(parser.feed(b"\r\n--b" + PART + b"{}\r\n--b")) == [b"{}"]
    assert list(parser.feed(b"-")) == []
    assert not parser.is_over
    assert list(parser.feed(b"-")) == []
    assert parser.is_over


async def test_errors_beside_the_payload_end_the_stream() -> None:
    handler = multipart(b'{"payload":null,"errors":[{"message":"no"}]}', b'{"payload":{"data":1}}')
    async with serving(handler) as url, subscribed(url, "multipart") as reply:
        assert await all_of(reply.events) == [{"data": None, "errors": [{"message": "no"}]}]


@pytest.mark.parametrize(
    ("parts", "end", "events"),
    [
        ([b'{"payload":{"data":1}}'], b"", 1),
        ([b'{"payload":{"data":1}}', b"[]"], b"--\r\n", 1),
        ([b"no json"], b"--\r\n", 0),
        ([b'{"payload":"' + b"x" * 20_000 + b'"}'], b"--\r\n", 0),
    ],
)
async def test_what_is_not_the_protocol_breaks_the_stream(parts: list[bytes], end: bytes, events: int) -> None:
    async with serving(multipart(*parts, end=end)) as url, subscribed(url, "multipart") as reply:
        assert reply.events is not None
        for _ in range(events):
            assert await anext(reply.events) == {"data": 1}
        with pytest.raises(SubgraphError) as failure:
            await anext(reply.events)
        assert failure.value.code == "SUBSCRIPTION_INTERRUPTED"


@pytest.mark.parametrize("protocol", ["graphql-sse", "multipart"])
async def test_an_ordinary_answer_is_none_of_events(protocol: StreamProtocol) -> None:
    async def refuse(request: web.BaseRequest) -> web.StreamResponse:
        return web.json_response({"errors": [{"message": "no"}]}, status=400)

    async with serving(refuse) as url, subscribed(url, protocol) as reply:
        assert (reply.status, reply.events) == (400, None)
        assert b"no" in reply.body


@pytest.mark.parametrize("protocol", ["graphql-sse", "multipart"])
async def test_hanging_up_tells_the_subgraph(protocol: StreamProtocol) -> None:
    gone = asyncio.Event()

    async def endless(request: web.BaseRequest) -> web.StreamResponse:
        kind = "text/event-stream" if protocol == "graphql-sse" else "multipart/mixed;boundary=b"
        response = web.StreamResponse(headers={"content-type": kind})
        await response.prepare(request)
        try:
            while True:
                await response.write(b":\n\n" if protocol == "graphql-sse" else b"\r\n--b" + PART + b"{}")
                await asyncio.sleep(0.01)
        except (ConnectionError, aiohttp.ClientError):
            gone.set()
        return response

    async with serving(endless) as url:
        async with subscribed(url, protocol):
            pass
        async with asyncio.timeout(5):
            await gone.wait()
