"""The federation conformance set: its subgraphs really answer, the router serves each suite's supergraph.

Every suite runs with the supergraph that comes with it, and with the one that our composer makes of its subgraphs. All
goes over sockets, as `serve` does it. Each query is asked three times: a text that is new, one whose plan is known, and
a request whose bytes are.
"""

import asyncio
import importlib.util
import json
import socket
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.request import urlopen

import httpx
import pytest
import uvicorn

from router import Composed, RouterApp, Subgraph, compose, create_app
from router.server.serving import server_settings

CONFORMANCE = Path(__file__).parents[2].parent / "shared" / "conformance"
SUITES = sorted(folder.name for folder in (CONFORMANCE / "suites").glob("*") if (folder / "tests.json").is_file())

pytestmark = pytest.mark.skipif(not SUITES, reason="the conformance set is not beside this checkout, in ../shared")


def loaded(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"conformance_{name}", CONFORMANCE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Base URL of all subgraphs."""
    with loaded("subgraph_server").running() as url:
        yield url.rstrip("/")


def served(url: str) -> Any:
    with urlopen(url, timeout=30) as answer:
        text = answer.read().decode()
    return text if url.endswith("/supergraph") else json.loads(text)


def composed(server: str, suite: str) -> str:
    subgraphs = [Subgraph(name=s["name"], sdl=s["sdl"], url=s["url"]) for s in served(f"{server}/{suite}/subgraphs")]
    result = compose(subgraphs)
    assert isinstance(result, Composed), result.errors
    return result.supergraph_sdl


async def failures(supergraph: str, cases: list[dict[str, Any]]) -> list[str]:
    judge = loaded("run").judge
    found = []
    async with serving(create_app(supergraph)) as url, httpx.AsyncClient(base_url=url, timeout=30) as client:
        for case in cases:
            for _ in range(1 if "mutation" in case["query"] else 3):
                response = (await client.post("/graphql", json={"query": case["query"]})).json()
                found += [f"{' '.join(case['query'].split())}\n  {line}" for line in judge(case["expected"], response)]
    return found


@asynccontextmanager
async def serving(app: RouterApp) -> AsyncIterator[str]:
    """Serve as `python -m router serve` does; yields the router's address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(server_settings(app, app, None))
    running = asyncio.ensure_future(server.serve(sockets=[listening]))
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await running


@pytest.mark.parametrize("suite", SUITES)
async def test_given_supergraph(server: str, suite: str) -> None:
    wrong = await failures(served(f"{server}/{suite}/supergraph"), served(f"{server}/{suite}/tests"))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("suite", SUITES)
async def test_composed_supergraph(server: str, suite: str) -> None:
    wrong = await failures(composed(server, suite), served(f"{server}/{suite}/tests"))
    assert not wrong, "\n".join(wrong)
