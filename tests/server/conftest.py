"""The shop's router, and a client that speaks to it as an ASGI server would."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import httpx
import pytest

from router.hooks import RouterHooks
from router.server.app import RouterApp, create_app
from router.server.config import RouterConfig
from tests.server.listening import http_client
from tests.server.live import Sources
from tests.server.shop import SUPERGRAPH, ShopTransport


@pytest.fixture
def shop() -> ShopTransport:
    return ShopTransport()


@pytest.fixture
def make_app(shop: ShopTransport) -> Callable[..., RouterApp]:
    def make(hooks: RouterHooks | None = None, **config: Any) -> RouterApp:
        config.setdefault("telemetry", {"access_log": "all"})
        return create_app(SUPERGRAPH, hooks=hooks, config=RouterConfig.model_validate(config), transport=shop)

    return make


@pytest.fixture
async def connect() -> AsyncIterator[Callable[[RouterApp], httpx.AsyncClient]]:
    clients: list[tuple[httpx.AsyncClient, RouterApp]] = []

    def connected(app: RouterApp) -> httpx.AsyncClient:
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://router.test")
        clients.append((client, app))
        return client

    yield connected
    for client, app in clients:
        await client.aclose()
        await app.shutdown()


@pytest.fixture
async def client(
    make_app: Callable[..., RouterApp], connect: Callable[[RouterApp], httpx.AsyncClient]
) -> httpx.AsyncClient:
    return connect(make_app())


@pytest.fixture
def sources() -> Sources:
    """Of the live router's subscriptions."""
    return Sources()


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A client; nothing that the test started may go on after it."""
    async with http_client() as session:
        yield session
