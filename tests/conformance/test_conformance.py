"""The federation conformance set: its subgraphs really answer, the router serves each suite's supergraph.

Every suite runs with the supergraph that comes with it, and with the one that our composer makes of its subgraphs.
"""

import importlib.util
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.request import urlopen

import httpx
import pytest

from router import Composed, Subgraph, compose, create_app

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
    app = create_app(supergraph)
    found = []
    async with (
        app.lifespan(),
        httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://router.test") as client,
    ):
        for case in cases:
            response = (await client.post("/graphql", json={"query": case["query"]})).json()
            found += [f"{' '.join(case['query'].split())}\n  {line}" for line in judge(case["expected"], response)]
    return found


@pytest.mark.parametrize("suite", SUITES)
async def test_given_supergraph(server: str, suite: str) -> None:
    wrong = await failures(served(f"{server}/{suite}/supergraph"), served(f"{server}/{suite}/tests"))
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("suite", SUITES)
async def test_composed_supergraph(server: str, suite: str) -> None:
    wrong = await failures(composed(server, suite), served(f"{server}/{suite}/tests"))
    assert not wrong, "\n".join(wrong)
