"""One stream of a subgraph for equal subscriptions, and never for others, through real servers on both sides."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import aiohttp
import pytest

from router import RequestContext, RouterHooks, SubgraphCall, SubgraphReply
from router.errors import SubgraphError
from router.hooks import Send
from router.server.shared_streams import SharedStreams, SharingTransport
from tests.server.listening import FEED, SSE, sse, websocket
from tests.server.live import Sources, live_router

SHARED = {"subscriptions": {"sharing": {"enabled": True}}}
NUMBER = "subscription { feed { number } }"


@asynccontextmanager
async def listening(
    http: aiohttp.ClientSession, url: str, query: str = FEED, **headers: str
) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    async with http.post(f"{url}/graphql", json={"query": query}, headers={**SSE, **headers}) as response:
        yield sse(response)


async def number(events: AsyncIterator[tuple[str, Any]]) -> int:
    async with asyncio.timeout(5):
        _, value = await anext(events)
    found: int = value["data"]["feed"]["number"]
    return found


async def joined(app: Any, count: int) -> None:
    async with asyncio.timeout(5):
        while sum(len(s.readers) for s in app.workshop.open_streams.shared._open.values()) != count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def test_an_event_goes_to_all(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources, **SHARED) as (app, url), AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(listening(http, url)) for _ in range(3)]
        async with websocket(http, url) as socket:
            await socket.init()
            await socket.subscribe("a", FEED)
            await joined(app, 4)
            await sources.until(1)
            sources.push(0, 1)
            for client in clients:
                assert [await number(client), await number(client)] == [0, 1]
            assert (await socket.get())["payload"]["data"] == {"feed": {"number": 0, "user": {"name": "Ada"}}}
            sources.push(None)
            for client in clients:
                assert await anext(client) == ("complete", None)
        await sources.until(0)
    assert not app.workshop.open_streams.shared._open


async def test_who_leaves_takes_nothing_from_others(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources, **SHARED) as (app, url), listening(http, url) as staying:
        async with listening(http, url) as leaving:
            await joined(app, 2)
            await sources.until(1)
            sources.push(0)
            assert [await number(staying), await number(leaving)] == [0, 0]
        await joined(app, 1)
        sources.push(1)
        assert await number(staying) == 1
        async with listening(http, url) as late:
            await joined(app, 2)
            sources.push(2)
            assert [await number(staying), await number(late)] == [2, 2], "what was before is not sent to who joins"
    await sources.until(0)


async def test_it_is_off_unless_asked_for(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (_, url), listening(http, url), listening(http, url):
        await sources.until(2)


@pytest.mark.parametrize(("default", "own", "streams"), [(False, True, 1), (True, False, 2), (True, None, 1)])
async def test_a_subgraph_may_differ(
    http: aiohttp.ClientSession, sources: Sources, default: bool, own: bool | None, streams: int
) -> None:
    settings = {
        "subscriptions": {"sharing": {"enabled": default}},
        "subgraphs": {"events": {"subscription": {"share": own}}},
    }
    async with live_router(sources, **settings) as (app, url), listening(http, url) as one, listening(http, url) as two:
        await sources.until(streams)
        if streams == 1:
            await joined(app, 2)
        sources.push(1)
        assert [await number(one), await number(two)] == [1, 1]


class Tenants(RouterHooks):
    """The tenant is in a header of the client, and in none of what the subgraph gets."""

    async def on_request(self, context: RequestContext) -> None:
        context.partition = context.headers.get("x-tenant", "")


class Signing(Tenants):
    """Each call has a header of its own, as if signed."""

    async def on_fetch(self, call: SubgraphCall, send: Send) -> SubgraphReply:
        call.headers["x-signed"] = call.context.headers.get("x-user", "")
        return await send(call)


APART: list[tuple[RouterHooks | None, dict[str, Any], Mapping[str, str], Mapping[str, str]]] = [
    (Tenants(), {}, {"x-tenant": "a"}, {"x-tenant": "b"}),
    (Tenants(), {}, {"x-tenant": "a"}, {}),
    (None, {}, {"authorization": "Bearer a"}, {"authorization": "Bearer b"}),
    (None, {}, {"authorization": "Bearer a"}, {}),
    (None, {}, {"cookie": "session=a"}, {"cookie": "session=b"}),
    (None, {}, {"x-api-key": "a"}, {"x-api-key": "b"}),
    (None, {"headers": {"propagate": ["x-locale"]}}, {"x-locale": "de"}, {"x-locale": "en"}),
    (None, {"headers": {"propagate": ["x-locale"]}}, {"x-locale": "de"}, {}),
    (
        None,
        {"subgraphs": {"events": {"headers": {"propagate": ["x-locale"]}}}},
        {"x-locale": "de"},
        {"x-locale": "en"},
    ),
    (Signing(), {}, {"x-user": "a"}, {"x-user": "b"}),
]


@pytest.mark.parametrize(("hooks", "settings", "mine", "theirs"), APART)
async def test_it_is_never_shared_across_tenants_credentials_and_headers(
    http: aiohttp.ClientSession,
    sources: Sources,
    hooks: RouterHooks | None,
    settings: dict[str, Any],
    mine: Mapping[str, str],
    theirs: Mapping[str, str],
) -> None:
    async with (
        live_router(sources, hooks, **SHARED, **settings) as (app, url),
        listening(http, url, **mine) as one,
        listening(http, url, **mine) as same,
        listening(http, url, **theirs) as other,
    ):
        await sources.until(2)
        await joined(app, 3)
        for feed, found in zip(sources.feeds, (1, 2), strict=True):
            feed.put_nowait(found)
        numbers = [await number(one), await number(same), await number(other)]
        assert numbers[0] == numbers[1]
        assert sorted(numbers[1:]) == [1, 2]


async def test_another_document_or_other_variables_are_something_else(
    http: aiohttp.ClientSession, sources: Sources
) -> None:
    ticks = "subscription ($n: Int!) { ticks(count: $n, pause: 1) { number } }"
    async with live_router(sources, **SHARED) as (app, url), AsyncExitStack() as stack:
        for query in (FEED, NUMBER):
            await stack.enter_async_context(listening(http, url, query))
        for count in (5, 6, 6):
            body = {"query": ticks, "variables": {"n": count}}
            await stack.enter_async_context(http.post(f"{url}/graphql", json=body, headers=SSE))
        await joined(app, 5)
        await sources.until(4)


async def test_what_is_new_with_each_request_does_not_count(http: aiohttp.ClientSession, sources: Sources) -> None:
    trace = "00-{}-00f067aa0ba902b7-01"
    async with (
        live_router(sources, **SHARED) as (app, url),
        listening(http, url, **{"x-request-id": "request-1", "traceparent": trace.format("1" * 32)}),
        listening(http, url, **{"x-request-id": "request-2", "traceparent": trace.format("2" * 32)}),
    ):
        await joined(app, 2)
        await sources.until(1)
        assert len(sources.headers) == 1


async def test_a_source_that_breaks_breaks_for_all(http: aiohttp.ClientSession, sources: Sources) -> None:
    query = "subscription { ticks(count: 3, pause: 0.2, failAt: 1) { number } }"
    async with live_router(sources, **SHARED) as (app, url), AsyncExitStack() as stack:
        clients = [await stack.enter_async_context(listening(http, url, query)) for _ in range(2)]
        await joined(app, 2)
        for client in clients:
            found = [event async for event in client]
            assert [kind for kind, _ in found] == ["next", "next", "complete"]
            assert "errors" in found[1][1]
        async with listening(http, url, query) as again:
            assert (await anext(again))[1] == {"data": {"ticks": {"number": 0}}}, "who comes later gets a new stream"


# ---- readers, without a network -------------------------------------------------------------------------------------


class Events:
    """A stream that yields what is put into it."""

    def __init__(self) -> None:
        self.queue: asyncio.Queue[Any] = asyncio.Queue()
        self.taken = 0
        self.is_closed = False
        self.last_event_id: str | None = None

    def __aiter__(self) -> "Events":
        return self

    async def __anext__(self) -> Any:
        event = await self.queue.get()
        self.taken += 1
        if isinstance(event, Exception):
            raise event
        self.last_event_id = f"id-{event}"
        return event

    async def aclose(self) -> None:
        self.is_closed = True


class Opener:
    """A transport whose streams are `Events`."""

    def __init__(self) -> None:
        self.opened: list[Events] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        events = Events()
        self.opened.append(events)
        await self.gate.wait()
        return SubgraphReply(200, {}, b"", events)


def sharing(opener: Any, max_queued: int = 3) -> tuple[SharingTransport, SharedStreams]:
    streams = SharedStreams()
    return SharingTransport(opener, streams, ["s"], (), max_queued), streams


def call(**headers: str) -> SubgraphCall:
    context = RequestContext("r", "POST", "/", {})
    return SubgraphCall("s", "ws://s", dict(headers), b"{}", "subscription", (0,), context)


async def reader(transport: SharingTransport) -> Any:
    return (await transport.subscribe(call(), 1)).events


async def test_who_falls_behind_is_ended_and_the_others_are_not() -> None:
    opener = Opener()
    transport, _ = sharing(opener)
    fast, slow = await reader(transport), await reader(transport)
    (source,) = opener.opened
    for event in range(6):
        source.queue.put_nowait(event)
        assert await anext(fast) == event
        assert fast.last_event_id == f"id-{event}"
    assert [await anext(slow) for _ in range(3)] == [0, 1, 2], "what was waiting is still there"
    with pytest.raises(SubgraphError, match="3 events were waiting") as failure:
        await anext(slow)
    assert failure.value.code == "SUBSCRIPTION_TOO_SLOW"
    await slow.aclose()
    assert not source.is_closed
    await fast.aclose()
    assert source.is_closed


async def test_a_single_reader_slows_the_source_down() -> None:
    opener = Opener()
    transport, _ = sharing(opener)
    only = await reader(transport)
    (source,) = opener.opened
    for event in range(100):
        source.queue.put_nowait(event)
    assert await anext(only) == 0
    await asyncio.sleep(0)
    assert source.taken == 1
    await only.aclose()


async def test_one_opening_for_all_who_wait_for_it() -> None:
    opener = Opener()
    opener.gate.clear()
    transport, streams = sharing(opener)
    first, second = (asyncio.create_task(transport.subscribe(call(), 1)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.wait({first})
    opener.gate.set()
    events = (await second).events
    assert events is not None
    assert (len(opener.opened), len(streams)) == (1, 1)
    await events.aclose()
    assert (opener.opened[0].is_closed, len(streams)) == (True, 0)


async def test_an_opening_that_nobody_waits_for_is_ended() -> None:
    opener = Opener()
    opener.gate.clear()
    transport, streams = sharing(opener)
    waiting = asyncio.create_task(transport.subscribe(call(), 1))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert len(streams) == 0
    opener.gate.set()
    events = await reader(transport)
    assert len(opener.opened) == 2
    await events.aclose()


@pytest.mark.parametrize("reason", [SubgraphError("gone", subgraph="s"), StopAsyncIteration(), KeyError("a fault")])
async def test_the_end_comes_to_all_and_the_next_gets_a_new_stream(reason: Exception) -> None:
    opener = Opener()
    transport, streams = sharing(opener)
    one, two = await reader(transport), await reader(transport)
    opener.opened[0].queue.put_nowait(1)
    opener.opened[0].queue.put_nowait(reason)
    ending = StopAsyncIteration if isinstance(reason, StopAsyncIteration) else SubgraphError
    for each in (one, two):
        assert await anext(each) == 1
    for each in (one, two):
        with pytest.raises(ending):
            await anext(each)
    assert len(streams) == 0
    three = await reader(transport)
    await one.aclose()
    await two.aclose()
    assert len(streams) == 1, "who leaves an old stream does not forget the new one"
    await three.aclose()
    assert all(events.is_closed for events in opener.opened)
