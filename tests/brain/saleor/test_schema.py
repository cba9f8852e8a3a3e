"""The schema of the Saleor that runs is followed, and nothing is lost on the way."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web

from brain.saleor.schema_store import CannotCompose, SchemaStore, StoredSource
from brain.saleor.schema_watch import SchemaWatch
from router import Composed, Reloader, RouterApp, compose, create_app, load_subgraphs

LINK = '@link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key"])'
CRM = f'extend schema {LINK} type Query {{ leads: Int }} type Order @key(fields: "id") {{ id: ID! lead: Int }}'
OLD = 'type Query { shop: Shop } type Shop { name: String } type Order @key(fields: "id") { id: ID! number: Int }\n'
NEW = OLD.replace("name: String", "name: String motto: String")
BAD = OLD.replace("shop: Shop", "shop: Shop leads: String")


@dataclass
class Saleor:
    """A server that tells a schema, and answers `{ shop { name } }`."""

    sdl: str = OLD
    status: int = 200
    body: Any = None
    asked: int = 0
    url: str = ""

    async def answer(self, request: web.Request) -> web.Response:
        query = (await request.json())["query"]
        if "_service" in query:
            self.asked += 1
            body = self.body or {"data": {"_service": {"sdl": self.sdl}}}
        else:
            body = {"data": {"shop": {"name": "A", "motto": "M"}}}
        return web.Response(text=body if isinstance(body, str) else json.dumps(body), status=self.status)


@pytest.fixture
async def saleor() -> AsyncIterator[Saleor]:
    state = Saleor()
    app = web.Application()
    app.router.add_post("/graphql/", state.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    state.url = f"http://127.0.0.1:{runner.addresses[0][1]}/graphql/"
    yield state
    await runner.cleanup()


@pytest.fixture
def given(tmp_path: Path, saleor: Saleor) -> Path:
    """The platform's own files: what `make schema` composes."""
    (tmp_path / "crm.graphql").write_text(CRM)
    (tmp_path / "saleor.graphql").write_text(OLD)
    (tmp_path / "supergraph.yaml").write_text(
        f"""subgraphs:
          crm: {{routing_url: "http://127.0.0.1:9/", schema: {{file: ./crm.graphql}}}}
          saleor: {{routing_url: "{saleor.url}", introspect: federation-1, schema: {{file: ./saleor.graphql}}}}"""
    )
    result = compose(load_subgraphs(tmp_path / "supergraph.yaml"))
    assert isinstance(result, Composed)
    (tmp_path / "supergraph.graphql").write_text(result.supergraph_sdl)
    return tmp_path / "supergraph.graphql"


@dataclass
class Started:
    """A router as after a start, and the watch, which a test lets look."""

    source: StoredSource
    router: RouterApp
    reloader: Reloader
    watch: SchemaWatch

    async def ask(self, query: str) -> Any:
        transport = httpx.ASGITransport(app=self.router)
        async with httpx.AsyncClient(transport=transport, base_url="http://router.test") as client:
            return (await client.post("/graphql", json={"query": query})).json()

    async def codes(self, query: str) -> list[str]:
        return [error["extensions"]["code"] for error in (await self.ask(query)).get("errors", ())]


@pytest.fixture
async def start(given: Path, saleor: Saleor, tmp_path: Path) -> AsyncIterator[Any]:
    started: list[Started] = []

    def start() -> Started:
        source = StoredSource(SchemaStore(tmp_path / "kept", given))
        router = create_app(source.read())
        reloader = Reloader(router, source)
        watch = SchemaWatch(saleor.url, source, lambda text: reloader.switch(text, None), poll_s=0.05)
        started.append(Started(source, router, reloader, watch))
        return started[-1]

    yield start
    for each in started:
        await each.router.shutdown()


MOTTO = "{ shop { motto } }"


async def test_one_that_is_known_already_is_not_composed_again(start: Any, tmp_path: Path) -> None:
    brain = start()
    await brain.watch.look()
    assert (brain.watch.state, brain.watch.reason) == ("up", "")
    assert not (tmp_path / "kept").exists()


async def test_another_one_is_served_without_a_pause_and_kept(start: Any, saleor: Saleor) -> None:
    brain = start()
    assert await brain.codes(MOTTO) == ["GRAPHQL_VALIDATION_FAILED"]
    saleor.sdl = NEW
    looking = asyncio.create_task(brain.watch.look())
    asked = 0
    while not looking.done():
        assert await brain.ask("{ shop { name } }") == {"data": {"shop": {"name": "A"}}}
        asked += 1
    assert asked > 3
    assert brain.watch.state == "up"
    assert await brain.ask(MOTTO) == {"data": {"shop": {"motto": "M"}}}
    assert "lead" in brain.router.supergraph.sdl, "with everything of ours"
    # After a start that finds Saleor down, it is the last known one.
    saleor.status = 503
    again = start()
    await again.watch.look()
    assert again.watch.state == "down"
    assert await again.codes(MOTTO) != ["GRAPHQL_VALIDATION_FAILED"]
    await again.reloader.reload()
    assert "motto" in again.router.supergraph.sdl, "a reload does not bring back the older one"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, "<html>Oops</html>"),
        (200, "<html>Oops</html>"),
        (200, {"errors": [{"message": "no"}]}),
        (200, {"data": {"_service": {"sdl": None}}}),
        (200, {"data": {"_service": {"sdl": CRM}}}),
    ],
)
async def test_whoever_does_not_tell_it_changes_nothing(start: Any, saleor: Saleor, status: int, body: Any) -> None:
    brain = start()
    saleor.status, saleor.body = status, body
    before = brain.router.supergraph
    await brain.watch.look()
    assert brain.watch.state == "down"
    assert brain.watch.reason.startswith("saleor: ")
    assert brain.router.supergraph is before


@pytest.mark.parametrize("sdl", [BAD, "type Query {", "type Query { shop: Shp }"])
async def test_one_that_does_not_fit_is_refused_once_and_the_old_stays(
    start: Any, saleor: Saleor, sdl: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    brain = start()
    composed = []
    original = brain.source.store.compose

    async def compose(text: str) -> str:
        composed.append(text)
        return await original(text)

    monkeypatch.setattr(SchemaStore, "compose", lambda _, text: compose(text))
    saleor.sdl = sdl
    before = brain.router.supergraph
    for _ in range(2):
        await brain.watch.look()
        assert brain.watch.state == "refused"
        assert "does not fit" in brain.watch.reason
    assert len(composed) == 1
    assert brain.router.supergraph is before
    assert not (tmp_path / "kept").exists()
    saleor.sdl = NEW
    await brain.watch.look()
    assert (brain.watch.state, brain.watch.reason) == ("up", "")
    assert await brain.ask(MOTTO) == {"data": {"shop": {"motto": "M"}}}


async def test_after_a_change_of_ours_the_last_known_one_is_composed_anew(
    start: Any, saleor: Saleor, given: Path
) -> None:
    saleor.sdl = NEW
    await start().watch.look()
    (given.parent / "crm.graphql").write_text(CRM.replace("leads: Int", "leads: Int deals: Int"))
    saleor.status = 503
    brain = start()
    assert await brain.codes(MOTTO) == ["GRAPHQL_VALIDATION_FAILED"], "ours are served until then"
    await brain.watch.look()
    assert brain.watch.state == "down"
    assert {"deals", "motto"} <= set(brain.router.supergraph.sdl.replace(":", " ").split())


@pytest.mark.parametrize("name", ["saleor.graphql", "supergraph.graphql", "stamp"])
async def test_what_was_kept_and_is_damaged_is_not_used(start: Any, saleor: Saleor, tmp_path: Path, name: str) -> None:
    saleor.sdl = NEW
    await start().watch.look()
    file = tmp_path / "kept" / name
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    brain = start()
    assert brain.source.file.name == "supergraph.graphql"
    assert "motto" not in brain.router.supergraph.sdl
    await brain.watch.look()
    assert brain.watch.state == "up"
    assert "motto" in brain.router.supergraph.sdl


async def test_it_begins_once_it_has_looked_and_looks_again(start: Any, saleor: Saleor) -> None:
    brain = start()
    saleor.sdl = NEW
    async with brain.watch.running():
        assert brain.watch.state == "up"
        assert "motto" in brain.router.supergraph.sdl
        saleor.status, before = 503, saleor.asked
        async with asyncio.timeout(15):
            while brain.watch.state != "down" or saleor.asked < before + 2:  # noqa: ASYNC110 - another's state
                await asyncio.sleep(0.01)
            saleor.status = 200
            while brain.watch.state != "up":  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def test_the_composer_says_what_is_wrong(given: Path, tmp_path: Path) -> None:
    store = SchemaStore(tmp_path / "kept", given)
    with pytest.raises(CannotCompose, match="leads"):
        await store.compose(BAD)


REAL = Path(__file__).parents[4] / "shared" / "saleor" / "live_sdl.graphql"


@pytest.mark.skipif(not REAL.is_file(), reason="../shared/saleor/live_sdl.graphql is not there")
async def test_a_real_one_takes_the_place_of_the_stand_ins(saleor: Saleor, tmp_path: Path) -> None:
    """All of the platform's subgraphs, with a schema of 39,000 lines."""
    source = StoredSource(SchemaStore(tmp_path / "kept", Path(__file__).parents[3] / "schema" / "supergraph.graphql"))
    router = create_app(source.read())
    reloader = Reloader(router, source)
    watch = SchemaWatch(saleor.url, source, lambda text: reloader.switch(text, None), poll_s=60)
    saleor.sdl = REAL.read_text()
    await watch.look()
    assert (watch.state, watch.reason) == ("up", "")
    assert "giftCards" in router.supergraph.types["Query"].fields
    assert "viewer" in router.supergraph.types["Query"].fields
    await router.shutdown()
