"""Trading and gaming through the Brain: agents propose and a person approves; a leaderboard is watched live.

Both are counted, and are their tenant's alone.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from .conftest import Platform
from .runs import Client
from .test_day import Day, until

pytestmark = pytest.mark.stack

CREATE_INSTRUMENT = """mutation ($input: CreateInstrumentInput!) { it: createInstrument(input: $input) {
  instrument { id } errors { code message } } }"""
IMPORT = """mutation ($input: ImportBarsInput!) { it: importBars(input: $input) {
  report { added } errors { code message } } }"""
CREATE_STRATEGY = """mutation ($input: CreateTradingStrategyInput!) { it: createTradingStrategy(input: $input) {
  strategy { id } errors { code message } } }"""
CREATE_PORTFOLIO = """mutation ($input: CreatePortfolioInput!) { it: createPortfolio(input: $input) {
  portfolio { id } errors { code message } } }"""
PROPOSE = """mutation ($input: ProposeTradesInput!) { it: proposeTrades(input: $input) {
  run { id } errors { code message } } }"""
PORTFOLIO = """query ($id: ID!) { portfolio(id: $id) { availableCash positions(first: 5) { edges { node { quantity } } }
  orders(first: 5) { edges { node { id status side kind quantity price run { id } } } } } }"""
ORDERS = "query ($id: ID!) { portfolio(id: $id) { orders(first: 5) { edges { node { id } } } } }"

CREATE_GAME = """mutation ($input: CreateGameInput!) { it: createGame(input: $input) {
  game { id } errors { code message } } }"""
UPDATE_GAME = "mutation ($input: UpdateGameInput!) { it: updateGame(input: $input) { errors { code message } } }"
CREATE_ACHIEVEMENT = """mutation ($input: CreateAchievementInput!) { it: createAchievement(input: $input) {
  achievement { id } errors { code message } } }"""
START = """mutation ($input: StartGameSessionInput!) { it: startGameSession(input: $input) {
  session { id } errors { code message } } }"""
FINISH = """mutation ($input: FinishGameSessionInput!) { it: finishGameSession(input: $input) {
  session { status score } newAchievements { name } errors { code message } } }"""
WATCH = """subscription ($id: ID!) { leaderboard(gameId: $id, first: 3) {
  playerCount entries { rank score player { account { id email } } } } }"""
GAME = "query ($id: ID!) { game(id: $id) { id } }"
SLICED = """query ($id: ID!, $period: MetricPeriodInput!, $slice: MetricSliceInput) {
  metric(id: $id) { total(period: $period, slice: $slice) { value } } }"""


@pytest.fixture
async def client(platform: Platform) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(base_url=platform.url, timeout=60, trust_env=False) as http:
        yield Client(platform, http)


@pytest.fixture
def day(client: Client) -> Day:
    return Day(client, "acme")


async def counted(day: Day, metric: str, dimension: str, value: str) -> float:
    """What a metric comes to this year and around now, of one value of a dimension."""
    period = {"from": "2026-01-01T00:00:00Z", "to": (datetime.now(UTC) + timedelta(days=1)).isoformat()}
    part = {"dimension": dimension, "value": value}
    found = await day.data(SLICED, "ada", id=metric, period=period, slice=part)
    return float(found["metric"]["total"]["value"] or 0)


async def test_trades_are_proposed_approved_ordered_and_counted(day: Day, client: Client) -> None:
    symbol = f"E2E{uuid4().hex[:8]}".upper()
    share = await day.done(CREATE_INSTRUMENT, "ada", symbol=symbol, name="Share", kind="EQUITY", currency="USD")
    instrument = share["instrument"]["id"]
    bars = "time,open,high,low,close\n2026-01-05,100,102,98,100\n2026-01-06,100,103,99,101\n"
    await day.done(IMPORT, "ada", instrumentId=instrument, interval="DAY", csv=bars)
    made = await day.done(CREATE_STRATEGY, "ada", name=f"Hold {symbol}", rule={"buyAndHold": {}})
    held = await day.done(CREATE_PORTFOLIO, "ada", name=f"Fund {symbol}", currency="USD", cash="10000")
    portfolio = held["portfolio"]["id"]
    asked = {"portfolioId": portfolio, "strategyId": made["strategy"]["id"], "instrumentIds": [instrument]}
    run_id = (await day.done(PROPOSE, "ada", **asked))["run"]["id"]
    run = await client.waiting(run_id, "ada@acme")
    assert run["status"] == "WAITING_FOR_APPROVAL", run
    assert (await day.data(ORDERS, "ada", id=portfolio))["portfolio"]["orders"]["edges"] == [], "nobody has approved it"
    await day.approved(run_id)
    (edge,) = (await day.data(PORTFOLIO, "ada", id=portfolio))["portfolio"]["orders"]["edges"]
    order = edge["node"]
    assert (order["side"], order["kind"], order["run"]) == ("BUY", "LIMIT", {"id": run_id})
    bar = "time,open,high,low,close\n2026-01-07,100,103,99,102\n"
    await day.done(IMPORT, "ada", instrumentId=instrument, interval="DAY", csv=bar)
    after = (await day.data(PORTFOLIO, "ada", id=portfolio))["portfolio"]
    (edge,) = after["orders"]["edges"]
    assert edge["node"]["status"] == "FILLED"
    (position,) = after["positions"]["edges"]
    assert float(position["node"]["quantity"]) == float(order["quantity"]) > 0
    assert float(after["availableCash"]) < 10_000

    async def is_counted() -> bool:
        placed = await counted(day, "trading.orders_placed", "symbol", symbol)
        filled = await counted(day, "trading.orders_filled", "symbol", symbol)
        return (placed, filled) == (1, 1)

    await until(is_counted, "the orders were not counted")
    globex = Day(client, "globex")
    assert await counted(globex, "trading.orders_placed", "symbol", symbol) == 0
    assert (await globex.data(ORDERS, "ada", id=portfolio))["portfolio"] is None


async def tops(client: Client, game: str, user: str) -> AsyncIterator[Any]:
    """The leaderboard as it comes."""
    headers = {"accept": "text/event-stream", "authorization": f"Bearer {await client.token(user)}"}
    body = {"query": WATCH, "variables": {"id": game}}
    async with client.http.stream("POST", "/graphql", json=body, headers=headers) as response:
        assert response.status_code == 200
        async for line in response.aiter_lines():
            if line.startswith("data: ") and len(line) > len("data: "):
                yield json.loads(line.removeprefix("data: "))


async def test_a_game_is_played_and_seen_on_the_leaderboard(day: Day, client: Client) -> None:
    name = f"Game {day.mark}"
    rules = {"maxScore": 1000}
    game = (await day.done(CREATE_GAME, "ada", name=name, scoring="HIGHEST", scoreRules=rules))["game"]["id"]
    await day.done(UPDATE_GAME, "ada", id=game, status="LIVE")
    rule = {"threshold": {"measure": "SCORE", "atLeast": 500}}
    await day.done(CREATE_ACHIEVEMENT, "ada", gameId=game, name="Halfway", points=5, rule=rule)

    async def play(person: str, score: int) -> Any:
        session = (await day.done(START, person, gameId=game))["session"]["id"]
        return await day.done(FINISH, person, sessionId=session, score=score, key=uuid4().hex)

    watched = tops(client, game, "cleo@acme")
    async with asyncio.timeout(60):
        first = await anext(watched)
        assert "errors" not in first, first
        assert first["data"]["leaderboard"]["playerCount"] == 0
        finished = await play("ada", 700)
        assert finished["session"] == {"status": "FINISHED", "score": 700}
        assert finished["newAchievements"] == [{"name": "Halfway"}]
        assert (await play("ben", 400))["newAchievements"] == []
        assert (await play("ada", 600))["newAchievements"] == [], "it is given once"
        async for event in watched:
            top = event["data"]["leaderboard"]
            if top["playerCount"] == 2:
                break
    await watched.aclose()  # type: ignore[attr-defined]
    shown = [(each["rank"], each["score"], each["player"]["account"]["email"]) for each in top["entries"]]
    assert shown == [(1, 700, "ada@acme.example"), (2, 400, "ben@acme.example")]

    async def is_counted() -> bool:
        return await counted(day, "gaming.sessions", "game", name) == 3

    await until(is_counted, "the games were not counted")
    globex = Day(client, "globex")
    assert (await globex.data(GAME, "ada", id=game))["game"] is None
    assert await counted(globex, "gaming.sessions", "game", name) == 0
    refused = (await globex.data(START, "ada", input={"gameId": game}))["it"]
    assert (refused["session"], [error["code"] for error in refused["errors"]]) == (None, ["GAME_NOT_FOUND"])
