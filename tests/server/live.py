"""Real servers on loopback: Strawberry subgraphs with a subscription, and routers before them.

`events` has the subscriptions and speaks graphql-transport-ws; `names` resolves a field of their entity.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import strawberry
import uvicorn
from strawberry.asgi import GraphQL

from router import Composed, RouterApp, RouterConfig, RouterHooks, Subgraph, compose, create_app


class Sources:
    """What the subscriptions of `events` do, and how many of them run."""

    def __init__(self) -> None:
        self.running = 0
        self.headers: list[dict[str, str]] = []
        self.feeds: list[asyncio.Queue[int | None]] = []
        self.gate = asyncio.Event()
        """`slowName` is answered once it is set."""

    def push(self, *numbers: int | None) -> None:
        """Let all feeds that run yield these; None ends them."""
        for number in numbers:
            for feed in self.feeds:
                feed.put_nowait(number)

    async def until(self, running: int) -> None:
        """Wait until so many run; fails after fifteen seconds."""
        async with asyncio.timeout(15):
            while self.running != running:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


def events(sources: Sources) -> strawberry.federation.Schema:
    @strawberry.federation.type(keys=["id"])
    class User:
        id: strawberry.ID

    @strawberry.type
    class Tick:
        number: int
        user: User | None

    @strawberry.type
    class Query:
        @strawberry.field
        def running(self) -> int:
            return sources.running

    @strawberry.type
    class Mutation:
        @strawberry.mutation
        async def work(self, seconds: float) -> int:
            await asyncio.sleep(seconds)
            sources.running += 100
            return sources.running

    @strawberry.type
    class Subscription:
        @strawberry.subscription
        async def ticks(
            self, info: strawberry.Info, count: int, pause: float = 0.0, fail_at: int = -1
        ) -> AsyncGenerator[Tick, None]:
            sources.headers.append({k.lower(): v for k, v in info.context["request"].headers.items()})
            sources.running += 1
            try:
                for number in range(count):
                    if number == fail_at:
                        raise ValueError("no more ticks")
                    if pause:
                        await asyncio.sleep(pause)
                    yield Tick(number=number, user=User(id=strawberry.ID(str(number % 3))))
            finally:
                sources.running -= 1

        @strawberry.subscription
        async def feed(self, info: strawberry.Info) -> AsyncGenerator[Tick, None]:
            """What the test pushes."""
            sources.headers.append({k.lower(): v for k, v in info.context["request"].headers.items()})
            sources.running += 1
            queue: asyncio.Queue[int | None] = asyncio.Queue()
            sources.feeds.append(queue)
            try:
                while (number := await queue.get()) is not None:
                    yield Tick(number=number, user=User(id=strawberry.ID(str(number % 3))))
            finally:
                sources.feeds.remove(queue)
                sources.running -= 1

    return strawberry.federation.Schema(query=Query, mutation=Mutation, subscription=Subscription)


def names(title: str = "", gate: asyncio.Event | None = None) -> strawberry.federation.Schema:
    known = {"0": "Ada", "1": "Ben"}

    @strawberry.federation.type(keys=["id"])
    class User:
        id: strawberry.ID

        @strawberry.field
        def name(self) -> str | None:
            if self.id not in known:
                raise ValueError("This user has no name.")
            return title + known[self.id]

        @strawberry.field
        async def slow_name(self) -> str | None:
            if gate is not None:
                await gate.wait()
            return known[self.id]

        @classmethod
        def resolve_reference(cls, **key: strawberry.ID) -> "User":
            return User(**key)

    @strawberry.type
    class Query:
        @strawberry.field
        def user(self, id: strawberry.ID) -> User:  # noqa: A002
            return User(id=id)

    return strawberry.federation.Schema(query=Query, types=[User])


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """Serve an application; yields its address, such as `http://127.0.0.1:4321`."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="critical", lifespan="off", ws="wsproto", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def live_router(
    sources: Sources, hooks: RouterHooks | None = None, **config: Any
) -> AsyncIterator[tuple[RouterApp, str]]:
    """A router before both subgraphs, all served; yields it and its address."""
    schemas = {"events": events(sources), "names": names(gate=sources.gate)}
    protocols = ("graphql-transport-ws", "multipart-subscription", "graphql-sse")
    at = GraphQL(schemas["events"], subscription_protocols=protocols)
    async with serving(at) as at_events, serving(GraphQL(schemas["names"])) as at_names:
        urls = {"events": at_events, "names": at_names}
        composed = compose([Subgraph(n, sdl=s.as_str(), url=f"{urls[n]}/") for n, s in schemas.items()])
        assert isinstance(composed, Composed), composed.errors
        app = create_app(composed.supergraph_sdl, hooks=hooks, config=RouterConfig.model_validate(config))
        async with serving(app) as address, app.lifespan():
            yield app, address


def lead(app: RouterApp, subgraph: str, url: str) -> None:
    """Let the subgraph's subscriptions go somewhere else."""
    streams = app.subgraphs._streams
    streams[subgraph] = replace(streams[subgraph], url=url)
