"""The public npm clients graphql-ws, graphql-sse and Apollo Client against a router; skipped where Node is not."""

import asyncio
import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router import RequestContext, RequestRefused, RouterHooks
from tests.server.listening import tick
from tests.server.live import Sources, live_router

HERE = Path(__file__).parent / "clients"
CACHE = Path(__file__).parents[2] / ".bench" / "clients"


@pytest.fixture(scope="module")
def clients() -> Path:
    """The folder where the clients are installed."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node is None or npm is None:
        pytest.skip("Node.js and npm are not installed")
    lock = (HERE / "package-lock.json").read_bytes()
    folder = CACHE / hashlib.sha256(lock).hexdigest()[:16]
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("package.json", "package-lock.json"):
            shutil.copy(HERE / name, folder / name)
        command = [npm, "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
        if result.returncode:
            pytest.skip(f"the clients could not be installed: {result.stderr[-300:]}")
        (folder / "installed").touch()
    shutil.copy(HERE / "clients.mjs", folder / "clients.mjs")
    return folder


async def run(clients: Path, scenario: str, url: str, on_first: Callable[[], None] = lambda: None) -> Any:
    """What the scenario prints."""
    process = await asyncio.create_subprocess_exec(
        "node", "clients.mjs", scenario, f"{url}/graphql", cwd=clients,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stderr is not None
    said: list[bytes] = []

    async def listen() -> None:
        assert process.stderr is not None
        async for line in process.stderr:
            said.append(line)
            if line == b"first\n":
                on_first()

    try:
        async with asyncio.timeout(60):
            _, output = await asyncio.gather(listen(), process.stdout.read())
            await process.wait()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, b"".join(said).decode()
    return json.loads(output)


class Gate(RouterHooks):
    async def on_request(self, context: RequestContext) -> None:
        if context.headers.get("authorization") != "sesame":
            raise RequestRefused("Say the word.", code="UNAUTHENTICATED", status=401)


def nexts(*events: Any) -> list[Any]:
    return [{"next": {"data": event}} for event in events]


async def test_graphql_ws(clients: Path, sources: Sources) -> None:
    async with live_router(sources, Gate()) as (_, url):
        query, subscription, stopped, invalid, mutation, refused = await run(clients, "graphql-ws", url)
        await sources.until(100)
    assert query[-1] == "complete"
    assert subscription[:2] == nexts(tick(0), tick(1))
    assert subscription[2]["next"]["data"] == tick(2)
    assert subscription[3] == "complete"
    assert [event["next"]["data"]["ticks"]["number"] for event in stopped] == [0, 1]
    assert invalid[0]["error"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
    assert mutation == [*nexts({"work": mutation[0]["next"]["data"]["work"]}), "complete"]
    assert refused == [{"error": "Say the word."}]


@pytest.mark.parametrize("scenario", ["graphql-sse", "graphql-sse-single"])
async def test_graphql_sse(clients: Path, sources: Sources, scenario: str) -> None:
    async with live_router(sources, Gate()) as (_, url):
        query, subscription, stopped, mutation = await run(clients, scenario, url)
        await sources.until(100)
    assert query[-1] == "complete"
    assert subscription[:2] == nexts(tick(0), tick(1))
    assert subscription[3] == "complete"
    assert [event["next"]["data"]["ticks"]["number"] for event in stopped] == [0, 1]
    assert mutation[-1] == "complete"


async def test_apollo_client_subscribes_over_multipart(clients: Path, sources: Sources) -> None:
    async with live_router(sources, Gate(), event_stream={"keep_alive_s": 0.05}) as (_, url):
        found = await run(clients, "apollo-multipart", url)
    assert [event["data"] and event["data"]["ticks"]["number"] for event in found["events"][:2]] == [0, 1]
    assert found["events"][-1] == "complete"
    assert found["failed"][0]["data"] == {"ticks": {"__typename": "Tick", "number": 0}}
    assert any("reported an error" in str(event) for event in found["failed"][1:])
    assert found["plain"] == {"running": 0}
    multipart = 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"'
    assert found["types"][:2] == [multipart] * 2
    assert found["types"][2].startswith("application/")


@pytest.mark.parametrize(
    ("scenario", "content_type"),
    [
        ("apollo-defer-older", 'multipart/mixed; boundary="-"; deferSpec=20220824'),
        ("apollo-defer-current", 'multipart/mixed; boundary="-"; incrementalSpec=v0.2'),
    ],
)
async def test_apollo_client_gets_deferred_fragments_later(
    clients: Path, sources: Sources, scenario: str, content_type: str
) -> None:
    """The subgraph answers for the fragment only once the client has the first part."""
    async with live_router(sources, Gate()) as (_, url):
        found = await run(clients, scenario, url, sources.gate.set)
    user = {"__typename": "User", "id": "1"}
    first, *_, last = found["states"]
    assert first == {"data": {"running": 0, "user": user}, "dataState": "streaming"}
    assert last == {"data": {"running": 0, "user": {**user, "slowName": "Ben"}}, "dataState": "complete"}
    assert found["types"] == [content_type]
