"""What metrics and readiness tell of traffic and rate limits."""

from collections.abc import Callable
from typing import Any

import httpx

from brain.embedded.ports import free_port
from router.hooks import SubgraphCall, SubgraphReply
from router.server.app import RouterApp, create_app
from router.server.config import RouterConfig
from tests.server.shop import SUPERGRAPH, ShopTransport
from tests.server.test_metrics import scraped, value

Connect = Callable[[RouterApp], httpx.AsyncClient]
MakeApp = Callable[..., RouterApp]

NAMES = {"query": "{ products { name } }"}


class Failing(ShopTransport):
    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        self.calls.append(call)
        return SubgraphReply(503, {}, b"")


def failing(**config: Any) -> RouterApp:
    return create_app(SUPERGRAPH, config=RouterConfig.model_validate(config), transport=Failing())


async def test_nothing_is_told_of_what_is_off(make_app: MakeApp, connect: Connect) -> None:
    app = make_app()
    client = connect(app)
    await client.post("/graphql", json=NAMES)
    assert app.readiness()[1] == {}
    assert not [name for name, _ in await scraped(client) if "circuit" in name or "rate_limit" in name]


async def test_breakers_budgets_and_limits_are_shown(connect: Connect) -> None:
    app = failing(
        traffic={
            "circuit_breaker": {"min_requests": 4, "open_s": 3600},
            "retries": {"max_retries": 1, "initial_backoff_s": 0.001},
            "concurrency": {},
            "max_client_requests": 9,
            "share_client_requests": {"enabled": True},
        },
        subgraphs={"reviews": {"traffic": {"circuit_breaker": None}}},
        rate_limits={"rules": [{"name": "few", "limit": 3, "per_s": 3600}]},
    )
    client = connect(app)
    await client.post("/graphql", json=NAMES)
    assert app.readiness()[1] == {"circuit:products": "closed", "rate_limits": "up"}
    for _ in range(4):
        await client.post("/graphql", json=NAMES)
    found = await scraped(client)
    assert value(found, "router_circuit_breakers", subgraph="products", state="open") == 1
    assert value(found, "router_circuit_breaker_opened_total", subgraph="products") == 1
    assert value(found, "router_subgraph_refused_total", subgraph="products", reason="circuit") == 1
    assert value(found, "router_subgraph_refused_total", subgraph="products", reason="concurrency") == 0
    assert value(found, "router_subgraph_waiting", subgraph="products") == 0
    assert value(found, "router_subgraph_extra_total", subgraph="products", result="sent") == 2
    assert value(found, "router_subgraph_requests_total", subgraph="products", result="503") == 4
    assert value(found, "router_rate_limits_total", result="allowed") == 3
    assert value(found, "router_rate_limits_total", result="refused") == 2
    assert value(found, "router_rate_limits_degraded") == 0
    assert value(found, "router_overloaded_total") == 0
    assert value(found, "router_shared_requests_total") == 0
    status, parts = app.readiness()
    assert (status, parts["circuit:products"]) == (200, "open")


async def test_readiness_says_that_redis_is_away(make_app: MakeApp, connect: Connect) -> None:
    app = make_app(
        rate_limits={"rules": [{"name": "few", "limit": 3}]},
        redis={"url": f"redis://127.0.0.1:{free_port()}", "timeout_s": 5},
    )
    client = connect(app)
    await client.post("/graphql", json=NAMES)
    assert app.readiness()[1]["rate_limits"] == "redis is away, counted by each process"
    assert value(await scraped(client), "router_rate_limits_degraded") == 1
