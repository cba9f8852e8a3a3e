"""A Brain whose Saleor is not there: from its start, and in the middle. All else works, it is said, and it heals."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from brain.app import create_brain_app
from brain.config import BrainSettings
from brain.doctor import Finding, check_saleor_schema
from router import Composed, compose, load_subgraphs
from subgraphs.saleor.app import sdl
from tests.brain.conftest import Identity, identity  # noqa: F401  a fixture
from tests.server.live import serving

ROOT = Path(__file__).parents[3]
QUERY = "{ whoami products(first: 2) { edges { node { name } } } }"


class Machine:
    """The stand-in on a port of its own: it can go at once, as by `kill -9`, and come back."""

    def __init__(self, app: Any) -> None:
        self._app = app
        with socket.create_server(("127.0.0.1", 0)) as found:
            self._port: int = found.getsockname()[1]
        self.url = f"http://127.0.0.1:{self._port}/saleor/{{tenant}}/graphql/"
        self._server: uvicorn.Server | None = None
        self._running: asyncio.Task[None] | None = None

    async def up(self) -> None:
        listening = socket.create_server(("127.0.0.1", self._port))
        self._server = uvicorn.Server(uvicorn.Config(self._app, log_level="critical", lifespan="off", ws="none"))
        self._running = asyncio.create_task(self._server.serve(sockets=[listening]))

    async def down(self) -> None:
        if self._server is None or self._running is None:
            return
        self._server.should_exit = self._server.force_exit = True
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()
        await self._running
        self._server = self._running = None


class Platform:
    """A Brain that is served, as its clients and its operators see it."""

    def __init__(self, url: str, client: httpx.AsyncClient) -> None:
        self.url = url
        self._client = client

    async def ask(self) -> Any:
        response = await self._client.post("/graphql", json={"query": QUERY})
        assert response.status_code == 200, response.text
        return response.json()

    async def ready(self) -> tuple[int, str]:
        response = await self._client.get("/ready")
        return response.status_code, response.json()["parts"]["saleor schema"]

    async def diagnosis(self) -> Finding:
        (finding,) = await asyncio.to_thread(lambda: list(check_saleor_schema(f"{self.url}/ready")))
        return finding

    async def works(self) -> bool:
        answer = await self.ask()
        return "errors" not in answer and len(answer["data"]["products"]["edges"]) == 2

    async def until(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(20):
            while not await is_so():  # noqa: ASYNC110  what others do
                await asyncio.sleep(0.02)

    async def is_without_the_shop(self) -> None:
        """All but the shop works, and whoever asks is told what does not."""
        answer = await self.ask()
        assert answer["data"]["whoami"]
        assert answer["data"]["products"] is None
        (error,) = answer["errors"]
        assert (error["path"], error["extensions"]["service"]) == (["products"], "saleor")
        assert error["extensions"]["code"] == "SUBREQUEST_HTTP_ERROR"
        await self.until(lambda: self._says("down"))
        assert await self.ready() == (200, "down"), "ready all the same: the rest is"
        finding = await self.diagnosis()
        assert finding.verdict == "note"
        assert "the last known one is served" in finding.text
        assert finding.remedy

    async def is_whole(self) -> None:
        await self.until(self.works)
        await self.until(lambda: self._says("up"))
        assert (await self.diagnosis()).verdict == "ok"

    async def _says(self, state: str) -> bool:
        return (await self.ready())[1] == state


@pytest.fixture
async def machine(shops: Any) -> AsyncIterator[Machine]:
    machine = Machine(shops.app)
    yield machine
    await machine.down()


@asynccontextmanager
async def brain(machine: Machine, known: Identity, redis_url: str, folder: Path) -> AsyncIterator[Platform]:
    (folder / "identity.graphql").write_text("type Query { whoami: String }")
    (folder / "saleor.graphql").write_text(sdl())
    (folder / "supergraph.yaml").write_text(
        f"""subgraphs:
          identity: {{routing_url: "{known.url}/identity/graphql", schema: {{file: ./identity.graphql}}}}
          saleor: {{routing_url: "http://saleor.invalid/", schema: {{file: ./saleor.graphql}}}}"""
    )
    composed = compose(load_subgraphs(folder / "supergraph.yaml"))
    assert isinstance(composed, Composed), composed.errors
    (folder / "supergraph.graphql").write_text(composed.supergraph_sdl)
    (folder / "context.secret").write_text(known.context_secret.line())
    settings = BrainSettings(
        supergraph=folder / "supergraph.graphql",
        subgraphs_url=known.url,
        redis_url=redis_url,
        context_secret_file=folder / "context.secret",
        data_dir=folder / "data",
        saleor_url=machine.url,
        saleor_schema_url=machine.url.replace("{tenant}", "acme"),
        saleor_schema_poll_s=0.05,
        saleor_links_file=ROOT / "brain" / "saleor" / "demo_links.yaml",
    )
    app = create_brain_app(settings)
    headers = {"authorization": f"Bearer {known.token()}"}
    async with (
        app.router.lifespan_context(app),
        serving(app) as url,
        httpx.AsyncClient(base_url=url, headers=headers, trust_env=False) as client,
    ):
        yield Platform(url, client)


async def test_it_is_not_there_at_the_start_comes_goes_and_comes_back(
    machine: Machine,
    identity: Identity,  # noqa: F811
    redis_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BRAIN_CONFIG", str(tmp_path / "brain.yaml"))
    (tmp_path / "brain.yaml").write_text("")
    async with brain(machine, identity, redis_url, tmp_path) as platform:
        await platform.is_without_the_shop()
        for _ in range(2):
            await machine.up()
            await platform.is_whole()
            await machine.down()
            await platform.is_without_the_shop()
