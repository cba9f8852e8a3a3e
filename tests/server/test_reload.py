"""Another supergraph takes over while requests come in."""

import asyncio
import gc
import logging
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

import router.server.pipeline
from router.composition.contracts import Contract, InvalidContract
from router.errors import InvalidSupergraph
from router.planner import plan_normalized
from router.planner.normalize import NormalizedOperation
from router.planner.plan import QueryPlan
from router.server.app import RouterApp, create_app
from router.server.config import InvalidConfig, RouterConfig
from tests.server.shop import SUPERGRAPH, ShopTransport

Connect = Callable[[RouterApp], httpx.AsyncClient]
MakeApp = Callable[..., RouterApp]

CHANGED = SUPERGRAPH.replace("  slow(seconds: Float!): Int @join__field(graph: PRODUCTS)\n", "")


async def run(client: httpx.AsyncClient, query: str) -> dict[str, Any]:
    return dict((await client.post("/graphql", json={"query": query})).json())


def planning(monkeypatch: pytest.MonkeyPatch, pause_s: float = 0) -> list[str | None]:
    """The names of all operations that are planned from now on."""
    planned: list[str | None] = []

    def counting(operation: NormalizedOperation, *rest: Any) -> QueryPlan:
        time.sleep(pause_s)
        planned.append(operation.name)
        return plan_normalized(operation, *rest)

    monkeypatch.setattr(router.server.pipeline, "plan_normalized", counting)
    return planned


QUERIES_OF_ALL_KINDS = (
    "{ products { id name } }",
    "query($seconds: Float!) { slow(seconds: $seconds) }",
    "{ __schema { types { name } } }",
    "{ products { id ... @defer { name } } }",
)


async def test_what_was_served_before_is_let_go_of(make_app: MakeApp, connect: Connect) -> None:
    app = make_app()
    client = connect(app)
    for query in QUERIES_OF_ALL_KINDS:
        body = {"query": query, "variables": {"seconds": 0}}
        answer = await client.post("/graphql", json=body, headers={"accept": "multipart/mixed, application/json"})
        assert answer.status_code == 200
        assert '"errors"' not in answer.text
    before = weakref.ref(app.served.supergraph)
    await app.reload(CHANGED)
    gc.collect()
    assert before() is None


async def test_the_most_used_are_planned_before_the_switch(
    make_app: MakeApp, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(document_cache={"warm_up_documents": 2})
    client = connect(app)
    for name, count in (("Once", 1), ("Often", 5), ("Twice", 2)):
        for _ in range(count):
            await run(client, f"query {name} {{ products {{ id }} }}")
    planned = planning(monkeypatch)
    before = app.pipeline
    await app.reload(CHANGED)
    assert app.pipeline is not before
    assert planned == ["Often", "Twice"]
    assert "errors" not in await run(client, "query Often { products { id } }")
    assert planned == ["Often", "Twice"]
    assert app.cache_counters()["hits"] == 1
    uses = {key.text.split()[1]: entry.uses for key, entry in app.pipeline.cache.texts.items()}
    assert uses == {"Often": 3, "Twice": 1}, "half of what it was, and one more"


async def test_what_the_new_one_does_not_have_is_passed_over(make_app: MakeApp, connect: Connect) -> None:
    app = make_app()
    client = connect(app)
    assert "errors" not in await run(client, "{ slow(seconds: 0) }")
    assert "errors" not in await run(client, "{ products { name } }")
    await app.reload(CHANGED)
    assert len(app.pipeline.cache) == 1
    answer = await run(client, "{ slow(seconds: 0) }")
    assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"


async def test_warming_up_takes_no_longer_than_it_may(
    make_app: MakeApp, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app(document_cache={"warm_up_s": 0.25})
    client = connect(app)
    for number in range(20):
        await run(client, f"query Q{number} {{ products {{ id }} }}")
    planned = planning(monkeypatch, pause_s=0.1)
    started = time.perf_counter()
    await app.reload(CHANGED)
    assert 1 <= len(planned) <= 4
    assert time.perf_counter() - started < 2


async def test_faults_of_the_planner_do_not_stop_the_switch(
    make_app: MakeApp, connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = make_app()
    client = connect(app)
    await run(client, "{ products { id } }")

    def faulty(*_: Any) -> Any:
        raise KeyError("internal detail")

    with monkeypatch.context() as patched, caplog.at_level(logging.INFO, "router.server"):
        patched.setattr(router.server.pipeline, "plan_normalized", faulty)
        await app.reload(CHANGED)
    (fields,) = [r.__dict__["fields"] for r in caplog.records if r.message == "supergraph ready"]
    assert (fields["documents"], fields["planned"]) == (1, 0)
    assert "errors" not in await run(client, "{ products { id } }")


async def test_requests_go_on_and_end_where_they_began(
    make_app: MakeApp, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = make_app()
    client = connect(app)
    await run(client, "{ products { id } }")
    running = asyncio.ensure_future(run(client, "{ slow(seconds: 0.3) }"))
    await asyncio.sleep(0.1)
    planned = planning(monkeypatch, pause_s=0.1)
    waiting = asyncio.ensure_future(run(client, "query Cold { slow(seconds: 0) }"))  # waits for its plan meanwhile
    await asyncio.sleep(0.02)
    await app.reload(CHANGED)
    assert await running == {"data": {"slow": 1}}
    assert await waiting == {"data": {"slow": 1}}
    assert "Cold" in planned
    assert "errors" in await run(client, "{ slow(seconds: 0) }")


async def test_nothing_is_connected_anew(make_app: MakeApp, connect: Connect, shop: ShopTransport) -> None:
    app = make_app()
    client = connect(app)
    await run(client, "{ products { id } }")
    await asyncio.gather(app.reload(CHANGED), app.reload(SUPERGRAPH))
    assert await run(client, "{ slow(seconds: 0) }") == {"data": {"slow": 1}}, "the last one stays"
    assert (shop.starts, shop.closes) == (1, 0)
    await app.shutdown()
    assert shop.closes == 1


async def test_what_is_wrong_leaves_the_old_one(tmp_path: Path, connect: Connect) -> None:
    contract = Contract("v", exclude=frozenset({"internal"}))
    sdl = SUPERGRAPH.replace(
        "directive @link(",
        "directive @tag(name: String!) repeatable on FIELD_DEFINITION\ndirective @link(",
    ).replace(
        "broken: Int @join__field(graph: PRODUCTS)", 'broken: Int @join__field(graph: PRODUCTS) @tag(name: "internal")'
    )
    app = create_app(sdl, transport=ShopTransport(), views={"v": contract})
    before = app.pipeline
    with pytest.raises(InvalidSupergraph):
        await app.reload(tmp_path / "missing.graphql")
    with pytest.raises(InvalidSupergraph):
        await app.reload("type Query {")
    with pytest.raises(InvalidContract):
        await app.reload(SUPERGRAPH)
    assert app.pipeline is before
    assert "errors" not in await run(connect(app), "{ products { id } }")
    (tmp_path / "next.graphql").write_text(sdl)
    await app.reload(tmp_path / "next.graphql")
    assert app.pipeline is not before


async def test_settings_are_replaced_together_with_what_they_apply_to(make_app: MakeApp, connect: Connect) -> None:
    app = make_app()
    client = connect(app)
    deep = {"query": "{ products { id } }"}
    assert (await client.post("/graphql", json=deep)).status_code == 200
    strict = RouterConfig.model_validate(
        {"limits": {"max_depth": 1}, "graphql_paths": ["/api"], "cors": {"allow_origins": ["https://a.test"]}}
    )
    before = app.supergraph
    await app.reload(config=strict)
    assert app.supergraph is before
    assert (await client.post("/graphql", json=deep)).status_code == 404
    response = await client.post("/api", json=deep, headers={"origin": "https://a.test"})
    assert response.json()["errors"][0]["extensions"]["code"] == "MAX_DEPTH_LIMIT"
    assert response.headers["access-control-allow-origin"] == "https://a.test"
    await app.reload(CHANGED)
    assert app.config is strict, "settings stay when only the supergraph is replaced"


async def test_settings_that_do_not_fit_change_nothing(make_app: MakeApp, connect: Connect) -> None:
    app = make_app()
    client = connect(app)
    before = (app.config, app.supergraph, app.pipeline)
    for wrong in ({"default_view": "nobody's"}, {"subgraphs": {"nowhere": {"timeout_s": 1}}}):
        with pytest.raises(InvalidConfig):
            await app.reload(CHANGED, config=RouterConfig.model_validate(wrong))
    assert (app.config, app.supergraph, app.pipeline) == before
    assert await run(client, "{ slow(seconds: 0) }") == {"data": {"slow": 1}}


@pytest.mark.parametrize("late", [False, True])
async def test_what_fails_while_it_takes_over_leaves_all_as_it_was(
    make_app: MakeApp, connect: Connect, monkeypatch: pytest.MonkeyPatch, late: bool
) -> None:
    app = make_app()
    client = connect(app)
    config = RouterConfig(csrf={"enabled": False}, health_path="/elsewhere", batching={"enabled": True}, cors={})

    def fail(*_: object) -> None:
        raise RuntimeError

    if late:
        app.after_serve.append(lambda: fail() if app.config is config else None)
    else:
        monkeypatch.setattr("router.server.app.cors_middleware", fail)
    before = vars(app).copy()
    with pytest.raises(RuntimeError):
        await app.reload(config=config)
    changed = {name for name, value in vars(app).items() if value is not before[name] and name != "compression"}
    assert changed <= {"entry", "cors", "on_request"}  # made anew, of the old settings
    assert (await client.get("/health")).status_code == 200
    assert (await client.get("/elsewhere")).status_code == 404
    assert (await client.get("/graphql", params={"query": "{ products { id } }"})).status_code == 400
    assert (await client.post("/graphql", json=[{"query": "{ products { id } }"}])).status_code == 400
    assert "errors" not in await run(client, "{ products { id } }")
    await app.reload(CHANGED)
