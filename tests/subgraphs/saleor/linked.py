"""A router with tenants' links, before a proxy before the stand-in: shops as the Brain asks them."""

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx

from brain.caller import Caller
from brain.http_client import HttpClient
from brain.saleor import ROUTER_SETTINGS
from brain.saleor.calls import SaleorCalls
from brain.saleor.links import SaleorLinks
from brain.saleor.service_tokens import ServiceTokens
from resolvers.demo import demo_tenant_id
from router import Composed, RouterApp, RouterConfig, RouterHooks, Subgraph, compose, create_app
from router.hooks import RequestContext, Send, SubgraphCall
from subgraphs.saleor.app import sdl
from subgraphs.saleor.domain.ids import global_id
from subgraphs.saleor.seed.people import app_token
from tests.server.live import serving
from tests.subgraphs.saleor.proxy import Proxy, standing_before

PICKS = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])
type Query { picks: [Pick] }
union Pick = Product | ProductVariant
type Product @key(fields: "id channel") { id: ID! channel: String note: String }
type ProductVariant @key(fields: "id channel") { id: ID! channel: String }
"""
CHANNELS = {"channel": "default-channel", "channels": "channel-pln"}


class Platform:
    """A router with tenants' links before a proxy before the stand-in."""

    def __init__(self, proxy: Proxy, picks_url: str, http: HttpClient) -> None:
        self.proxy = proxy
        self.picks: list[Any] = []
        self.entries: dict[str, dict[str, str]] = {
            slug: {**CHANNELS, "app_token": app_token(slug)} for slug in ("acme", "globex")
        }
        self.clock = 0.0
        self.tokens = ServiceTokens(http, clock=lambda: time.time() + self.clock)
        shop = Subgraph("saleor", sdl=sdl(), url="http://saleor.invalid/")
        composed = compose([Subgraph("picks", sdl=PICKS, url=picks_url), shop])
        assert isinstance(composed, Composed), composed.errors
        self.supergraph = composed.supergraph_sdl
        self.routers: list[RouterApp] = []

    def open(self, **settings: Any) -> RouterApp:
        """The router, with these settings for Saleor."""
        links = SaleorLinks(f"{self.proxy.url}/saleor/{{tenant}}/graphql/", self.entries)
        calls = SaleorCalls(links, self.tokens, lambda: router.supergraph)

        class Hooks(RouterHooks):
            def on_request(self, context: RequestContext) -> None:
                slug = context.headers.get("x-tenant")
                tenant_id = None if slug is None else str(demo_tenant_id(slug))
                scopes = tuple(context.headers.get("x-scopes", "").split())
                context.state["caller"] = Caller(tenant_id, slug, scopes=scopes, channel=f"{slug}-main")
                context.partition = tenant_id or ""

            def on_fetch(self, call: SubgraphCall, send: Send) -> Any:
                if call.subgraph != "saleor":
                    return send(call)
                return calls.send(call, send, call.context.state["caller"])

        config = RouterConfig.model_validate({"subgraphs": {"saleor": {**ROUTER_SETTINGS, **settings}}})
        router = create_app(self.supergraph, hooks=Hooks(), config=config)
        self.calls = calls
        self.routers.append(router)
        return router

    async def ask(self, query: str, variables: Any = None, *, tenant: str | None = "acme", **headers: str) -> Any:
        router = self.routers[-1] if self.routers else self.open()
        transport = httpx.ASGITransport(app=router, client=("203.0.113.9", 1))
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if tenant is not None:
            sent["x-tenant"] = tenant
        async with httpx.AsyncClient(transport=transport, base_url="http://router.test") as client:
            body = {"query": query, "variables": variables or {}}
            return (await client.post("/graphql", json=body, headers=sent)).json()

    async def data(self, query: str, variables: Any = None, **options: Any) -> Any:
        answer = await self.ask(query, variables, **options)
        assert "errors" not in answer, answer["errors"]
        return answer["data"]


def codes(answer: Any) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", ())]


@asynccontextmanager
async def linked(shops: httpx.AsyncClient) -> AsyncIterator[Platform]:
    """The platform before the shops of a client, with a subgraph of picks, which notes channels, beside them."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        asked = json.loads(body)
        data: dict[str, Any] = {"picks": found.picks}
        if "_entities" in asked["query"]:
            asked_for = asked["variables"]["representations"]
            data = {"_entities": [{"__typename": "Product", "note": f"note {each['channel']}"} for each in asked_for]}
        answer = json.dumps({"data": data}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    http = HttpClient()
    await http.start()
    try:
        async with standing_before(shops) as proxy, serving(app) as picks_url:
            found = Platform(proxy, f"{picks_url}/picks", http)
            yield found
            for router in found.routers:
                await router.shutdown()
    finally:
        await http.close()


PRODUCTS = "{ products(first: 2) { edges { node { name channel } } } }"


def product(number: int) -> dict[str, Any]:
    """A pick."""
    return {"__typename": "Product", "id": global_id("Product", number), "channel": "default-channel"}
