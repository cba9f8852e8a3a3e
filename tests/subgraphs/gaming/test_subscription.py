"""The top of a leaderboard as it changes, over a real connection."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn

WATCH = """subscription ($game: ID!, $season: ID, $first: Int! = 3, $perSecond: Int! = 10) {
  leaderboard(gameId: $game, seasonId: $season, first: $first, perSecond: $perSecond) {
    playerCount isFinal entries { rank score player { handle } } leaderboard { standing { rank } } } }"""


@pytest.fixture(scope="module")
async def served(gaming: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The subgraph behind a real server: only that streams."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(gaming.app, lifespan="off", log_config=None, ws="none"))
        task = asyncio.create_task(server.serve([listening]))
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=base_url, timeout=20) as client:
            yield client
        server.should_exit = True
        await task


@pytest.fixture
def watch(served: httpx.AsyncClient, tenant: Any) -> Any:
    async def events(game: str, caller: dict[str, Any] | None = None, **variables: Any) -> AsyncIterator[Any]:
        """What each event has; errors as they are."""
        context = tenant.subgraph.sign("gaming", **{"tenant": tenant.id, "deadline_s": 1, **(caller or {})})
        async with served.stream(
            "POST",
            "/gaming/graphql",
            json={"query": WATCH, "variables": {"game": game, **variables}},
            headers={"accept": "text/event-stream", "x-brain-context": context},
        ) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    answer = json.loads(line.removeprefix("data: "))
                    yield answer.get("errors") or answer["data"]["leaderboard"]

    return events


def scores(event: Any) -> list[tuple[str, int]]:
    return [(entry["player"]["handle"], entry["score"]) for entry in event["entries"]]


async def until(events: AsyncIterator[Any], wanted: list[tuple[str, int]]) -> int:
    """How many events it takes to the wanted one."""
    taken = 0
    async for event in events:
        taken += 1
        if scores(event) == wanted:
            return taken
    raise AssertionError(f"the stream ended without {wanted}")


async def test_changes_come_as_they_happen(tenant, watch):
    game = await tenant.game()
    await tenant.play(game, "Ada", 5)
    ada, _ = tenant.players["Ada"]
    async with aclosing(watch(game, {"user": ada})) as events, asyncio.timeout(20):
        first = await anext(events)
        assert (scores(first), first["playerCount"], first["isFinal"]) == ([("Ada", 5)], 1, False)
        assert first["leaderboard"]["standing"] == {"rank": 1}
        await tenant.play(game, "Ben", 9)
        assert await until(events, [("Ben", 9), ("Ada", 5)]) == 1
        # What does not change the top, or is of another game or tenant, is no event.
        await tenant.play(game, "Ben", 1)
        await tenant.play(await tenant.game("Other"), "Ada", 99)
        await tenant.play(game, "Cleo", 7)
        assert await until(events, [("Ben", 9), ("Cleo", 7), ("Ada", 5)]) == 1


async def test_many_scores_are_few_events(tenant, watch):
    game = await tenant.game()
    await tenant.play(game, "Ada", 0)
    async with aclosing(watch(game, perSecond=2)) as events, asyncio.timeout(20):
        await anext(events)
        clock = asyncio.get_running_loop().time
        begun = clock()
        for score in range(1, 16):
            await tenant.play(game, "Ada", score)
        taken = await until(events, [("Ada", 15)])
        # The first may come at once, and the last is waited for.
        assert taken <= 2 * (clock() - begun) + 1
        assert taken < 15


async def test_redis_is_lost_while_somebody_watches(gaming, tenant, watch):
    game = await tenant.game()
    await tenant.play(game, "Ada", 5)
    async with aclosing(watch(game)) as events, asyncio.timeout(25):
        assert scores(await anext(events)) == [("Ada", 5)]
        await gaming.app.redis.flushdb()
        await tenant.play(game, "Ada", 6)
        assert await until(events, [("Ada", 6)]) == 1


async def test_it_ends_with_the_season(tenant, watch):
    game = await tenant.game()
    now = datetime.now(UTC)
    times = {"startsAt": (now - timedelta(days=1)).isoformat(), "endsAt": (now + timedelta(days=1)).isoformat()}
    season = await tenant.done("createSeason", "season { id }", gameId=game, name="One", **times)
    await tenant.play(game, "Ada", 5)
    async with asyncio.timeout(20):
        events = watch(game, season=season["id"])
        assert not (await anext(events))["isFinal"]
        await tenant.done("endSeason", "season { id }", id=season["id"])
        rest = [event async for event in events]
        assert [(scores(event), event["isFinal"]) for event in rest] == [([("Ada", 5)], True)]
        again = [event async for event in watch(game, season=season["id"])]
        assert again == rest


async def test_what_others_watch_is_refused(tenant, watch):
    game = await tenant.game()
    for caller, variables, code in (
        ({"tenant": uuid4()}, {}, "GAME_NOT_FOUND"),
        ({"tenant": "acme"}, {}, "GAME_NOT_FOUND"),
        ({"scopes": ["gaming:play"]}, {}, "FORBIDDEN"),
        ({}, {"season": str(uuid4())}, "SEASON_NOT_FOUND"),
        ({}, {"first": 51}, "BAD_USER_INPUT"),
        ({}, {"first": 0}, "BAD_USER_INPUT"),
        ({}, {"perSecond": 11}, "BAD_USER_INPUT"),
        ({}, {"season": "x"}, "BAD_USER_INPUT"),
    ):
        (errors,) = [event async for event in watch(game, caller, **variables)]
        assert [error["extensions"]["code"] for error in errors] == [code]
