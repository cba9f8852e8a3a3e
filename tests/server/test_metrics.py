"""What is counted, and how it is read: through the text that Prometheus gets."""

from collections.abc import Callable

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from router.server.app import RouterApp
from router.server.metrics.exposition import exposed
from router.server.metrics.instruments import DURATION_BOUNDS_S, Counter, Histogram, merged
from router.server.metrics.router_metrics import MAX_CODES, RouterMetrics

Connect = Callable[[RouterApp], httpx.AsyncClient]
MakeApp = Callable[..., RouterApp]
Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


def samples(text: str) -> Samples:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in read_text(text)
        for sample in family.samples
    }


def value(found: Samples, name: str, **labels: str) -> float | None:
    return found.get((name, frozenset(labels.items())))


async def scraped(client: httpx.AsyncClient) -> Samples:
    response = await client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    return samples(response.text)


async def test_requests_are_counted(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app())
    for _ in range(3):
        await client.post("/graphql", json={"query": "{ products { id } }"})
    await client.post("/graphql", json={"query": "{ nowhere }"})
    await client.post("/graphql", content=b"{", headers={"content-type": "application/json"})
    found = await scraped(client)
    assert value(found, "router_requests_total", operation_type="query", status="200") == 3
    assert value(found, "router_requests_total", operation_type="none", status="400") == 1
    assert value(found, "router_requests_total", operation_type="none", status="200") == 1, "as application/json has it"
    assert value(found, "router_request_duration_seconds_count", operation_type="query") == 3
    assert value(found, "router_errors_total", code="GRAPHQL_VALIDATION_FAILED") == 1
    assert value(found, "router_errors_total", code="BAD_REQUEST") == 1
    assert value(found, "router_plans_total", result="hit") == 2
    assert value(found, "router_plans_total", result="miss") == 2, "one of them in vain"
    assert value(found, "router_plan_cache_plans") == 1
    assert value(found, "router_active_requests") == 0
    assert value(found, "router_reloads_total", result="refused") == 0


async def test_requests_to_subgraphs_are_counted(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(subgraph_timeout_s=0.05))
    for _ in range(2):
        await client.post("/graphql", json={"query": "{ products { id } }"})
    await client.post("/graphql", json={"query": "{ slow(seconds: 5) }"})
    found = await scraped(client)
    assert value(found, "router_subgraph_requests_total", subgraph="products", result="200") == 2
    assert value(found, "router_subgraph_requests_total", subgraph="products", result="SUBREQUEST_TIMEOUT") == 1
    assert value(found, "router_subgraph_request_duration_seconds_count", subgraph="products") == 3


async def test_buckets_are_added_up(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app())
    await client.post("/graphql", json={"query": "{ products { id } }"})
    found = await scraped(client)
    buckets = {
        dict(labels)["le"]: count
        for (name, labels), count in found.items()
        if name == "router_request_duration_seconds_bucket" and ("operation_type", "query") in labels
    }
    assert buckets["+Inf"] == 1
    counts = [buckets[str(bound)] for bound in DURATION_BOUNDS_S]
    assert counts == sorted(counts)


async def test_openmetrics_for_who_prefers_it(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app())
    await client.post("/graphql", json={"query": "{ products { id } }"})
    response = await client.get("/metrics", headers={"accept": "application/openmetrics-text; version=1.0.0"})
    assert response.headers["content-type"].startswith("application/openmetrics-text")
    names = {family.name for family in read_openmetrics(response.text)}
    assert {"router_requests", "router_request_duration_seconds"} <= names


async def test_where_they_are_is_a_setting(make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(metrics={"path": None}))
    assert (await client.get("/metrics")).status_code == 404
    client = connect(make_app(metrics={"path": "/internal/metrics", "enabled": False}))
    await client.post("/graphql", json={"query": "{ products { id } }"})
    found = samples((await client.get("/internal/metrics")).text)
    assert not [name for name, _ in found if name == "router_requests_total"]
    assert (await client.post("/internal/metrics")).status_code == 405


async def test_readiness(make_app: MakeApp) -> None:
    app = make_app()
    state = ["closed"]
    app.parts["circuit products"] = lambda: state[0]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://router") as client:
        response = await client.get("/ready")
        assert (response.status_code, response.json()["status"]) == (503, "NOT READY")
        async with app.lifespan():
            response = await client.get("/ready")
            assert response.json() == {"status": "READY", "parts": {"circuit products": "closed"}}
            state[0] = "open"
            response = await client.get("/ready")
            assert (response.status_code, response.json()["parts"]) == (200, {"circuit products": "open"})
        assert (await client.get("/ready")).status_code == 503


def test_clients_cannot_make_labels() -> None:
    metrics = RouterMetrics()
    for number in range(MAX_CODES + 50):
        metrics.finished("query", 200, 0.001, [f"CODE_{number}"], "hit")
    assert len(metrics.errors.counts) == MAX_CODES + 1
    assert metrics.errors.counts[("OTHER",)] == 50
    metrics.finished("query", 200, 0.001, ["CODE_1"], "hit")
    assert metrics.errors.counts[("CODE_1",)] == 2


def test_workers_are_added_up() -> None:
    families = []
    for duration_s in (0.002, 0.2, 100.0):
        counter, histogram = Counter("a", "A.", ("x",)), Histogram("b_seconds", "B.", ("x",))
        counter.add("1", count=2)
        counter.add(f"only {duration_s}")
        histogram.series("1").observe(duration_s)
        families += [counter.family(), histogram.family()]
    text, _ = exposed(merged(families), None)
    found = samples(text.decode())
    assert value(found, "a_total", x="1") == 6
    assert value(found, "a_total", x="only 0.2") == 1
    assert value(found, "b_seconds_count", x="1") == 3
    assert value(found, "b_seconds_bucket", x="1", le="0.25") == 2
    assert value(found, "b_seconds_bucket", x="1", le="30.0") == 2
    assert value(found, "b_seconds_sum", x="1") == pytest.approx(100.202)
