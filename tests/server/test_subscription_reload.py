"""What a new supergraph, or new settings, do to subscriptions that run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest
from strawberry.asgi import GraphQL

from router import Composed, RequestContext, RequestRefused, RouterApp, RouterConfig, RouterHooks, Subgraph, compose
from router.planner.plan import QueryPlan
from tests.server.listening import FEED, SSE, sse, websocket
from tests.server.live import Sources, events, live_router, names, serving

NUMBER = "subscription { feed { number } }"


def supergraph(urls: dict[str, str], **changes: tuple[str, str]) -> str:
    """The supergraph of the live router, with something in the SDL of a subgraph replaced."""
    schemas = {"events": events(Sources()).as_str(), "names": names().as_str()}
    for name, (old, new) in changes.items():
        assert old in schemas[name], schemas[name]
        schemas[name] = schemas[name].replace(old, new)
    composed = compose([Subgraph(name, sdl=sdl, url=urls[name]) for name, sdl in schemas.items()])
    assert isinstance(composed, Composed), composed.errors
    return composed.supergraph_sdl


def urls_of(app: RouterApp) -> dict[str, str]:
    return {subgraph.name: subgraph.url for subgraph in app.supergraph.subgraphs}


@asynccontextmanager
async def listening(http: aiohttp.ClientSession, url: str, query: str) -> AsyncIterator[AsyncIterator[tuple[str, Any]]]:
    async with http.post(f"{url}/graphql", json={"query": query}, headers=SSE) as response:
        yield sse(response)


async def moved(app: RouterApp, sdl: str | None = None, **config: Any) -> None:
    await app.reload(sdl, config=RouterConfig.model_validate(config) if config else None)
    async with asyncio.timeout(20):
        await app.subscriptions.moved()


async def test_what_is_still_valid_goes_on_with_its_stream(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with live_router(sources) as (app, url), listening(http, url, FEED) as found:
        await sources.until(1)
        sources.push(0)
        assert (await anext(found))[1] == {"data": {"feed": {"number": 0, "user": {"name": "Ada"}}}}
        await moved(app, supergraph(urls_of(app), names=("type Query {", "type Query { another: Int ")))
        sources.push(1)
        assert (await anext(found))[1] == {"data": {"feed": {"number": 1, "user": {"name": "Ben"}}}}
        assert len(sources.headers) == 1, "the stream is the same"
        sources.push(None)
        assert await anext(found) == ("complete", None)


async def test_events_are_executed_by_the_new_plan(http: aiohttp.ClientSession, sources: Sources) -> None:
    """The field of the entity is asked from where it is now; the stream need not be another one."""
    calls: list[str] = []

    class Hooks(RouterHooks):
        def on_plan(self, context: RequestContext, plan: QueryPlan) -> None:
            calls.append(context.request_id)

    async with (
        live_router(sources, Hooks()) as (app, url),
        serving(GraphQL(names("Miss "))) as elsewhere,
        listening(http, url, FEED) as found,
    ):
        await sources.until(1)
        sources.push(0)
        assert (await anext(found))[1]["data"]["feed"]["user"] == {"name": "Ada"}
        await moved(app, supergraph({**urls_of(app), "names": f"{elsewhere}/"}))
        sources.push(0)
        assert (await anext(found))[1]["data"]["feed"]["user"] == {"name": "Miss Ada"}
        assert len(sources.headers) == 1
        assert [id_.rpartition("-")[2] for id_ in calls[1:]] == ["reload"], "hooks see the new plan"


async def test_what_does_not_fit_any_more_ends_at_once(http: aiohttp.ClientSession, sources: Sources) -> None:
    async with (
        live_router(sources) as (app, url),
        listening(http, url, FEED) as ending,
        listening(http, url, NUMBER) as staying,
        websocket(http, url) as socket,
    ):
        await socket.init()
        await socket.subscribe("a", FEED)
        await sources.until(3)
        await moved(app, supergraph(urls_of(app), names=("name: String", "fullName: String")))
        (kind, value), end = [event async for event in ending]
        assert (kind, end) == ("next", ("complete", None))
        (error,) = value["errors"]
        assert error["extensions"]["code"] == "SUBSCRIPTION_SCHEMA_RELOAD"
        assert error["message"] == (
            "The schema has changed, and the subscription does not fit it any more: "
            "Cannot query field 'name' on type 'User'."
        )
        assert [message[0] for message in await socket.all_of("a")] == ["next", "complete"]
        await sources.until(1)
        sources.push(7)
        assert (await anext(staying))[1] == {"data": {"feed": {"number": 7}}}


async def test_another_source_is_opened_before_the_old_one_is_closed(
    http: aiohttp.ClientSession, sources: Sources
) -> None:
    later = Sources()
    async with (
        live_router(sources) as (app, url),
        serving(GraphQL(events(later))) as elsewhere,
        listening(http, url, NUMBER) as found,
    ):
        await sources.until(1)
        sources.push(1)
        assert (await anext(found))[1]["data"]["feed"]["number"] == 1
        await moved(app, supergraph({**urls_of(app), "events": f"{elsewhere}/"}))
        await later.until(1)
        await sources.until(0)
        later.push(2)
        assert (await anext(found))[1]["data"]["feed"]["number"] == 2
        later.push(None)
        assert await anext(found) == ("complete", None)


async def test_new_settings_move_subscriptions_too(http: aiohttp.ClientSession, sources: Sources) -> None:
    later = Sources()
    async with (
        live_router(sources) as (app, url),
        serving(GraphQL(events(later))) as elsewhere,
        listening(http, url, NUMBER) as found,
    ):
        await sources.until(1)
        await moved(app, subgraphs={"events": {"subscription": {"url": f"{elsewhere}/"}}})
        await later.until(1)
        await sources.until(0)
        later.push(2)
        assert (await anext(found))[1]["data"]["feed"]["number"] == 2


async def test_a_hook_may_refuse_the_new_plan(http: aiohttp.ClientSession, sources: Sources) -> None:
    class Hooks(RouterHooks):
        def on_plan(self, context: RequestContext, plan: QueryPlan) -> None:
            if context.request_id.endswith("-reload"):
                raise RequestRefused("Not on this one.", code="FORBIDDEN")

    async with live_router(sources, Hooks()) as (app, url), listening(http, url, NUMBER) as found:
        await sources.until(1)
        await moved(app, supergraph(urls_of(app)))
        (_, value), _ = [event async for event in found]
        assert value["errors"][0]["extensions"]["code"] == "SUBSCRIPTION_SCHEMA_RELOAD"
        await sources.until(0)


@pytest.mark.parametrize("count", [60])
async def test_many_reloads_under_many_subscriptions(http: aiohttp.ClientSession, sources: Sources, count: int) -> None:
    """None is lost, none gets an event twice, and nothing of old supergraphs stays open."""
    later = Sources()
    async with (
        live_router(sources, websocket={"max_operations": count}) as (app, url),
        serving(GraphQL(events(later))) as elsewhere,
        websocket(http, url) as socket,
    ):
        await socket.init()
        for number in range(count):
            await socket.subscribe(str(number), NUMBER)
        await sources.until(count)
        here, there = urls_of(app), {**urls_of(app), "events": f"{elsewhere}/"}
        for place in (there, here, there, here, there):
            await app.reload(supergraph(place))
        async with asyncio.timeout(30):
            await app.subscriptions.moved()
        await later.until(count)
        await sources.until(0)
        later.push(1)
        answers = [await socket.get() for _ in range(count)]
        assert sorted(int(answer["id"]) for answer in answers) == list(range(count))
        assert all(answer["payload"] == {"data": {"feed": {"number": 1}}} for answer in answers)
        assert len(app.subscriptions) == count
    await later.until(0)
