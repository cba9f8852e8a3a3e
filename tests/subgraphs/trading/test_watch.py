"""Prices and portfolios as they change, over a real connection."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any
from uuid import uuid4

import httpx
import pytest
import uvicorn

from resolvers.demo import demo_id
from tests.subgraphs.trading.conftest import Tenant

MARKET = """subscription ($ids: [ID!]!, $after: ID) { marketData(instrumentIds: $ids, after: $after) {
  id instrument { id } bars { at close } } }"""
PORTFOLIO = "subscription ($id: ID!) { portfolio(id: $id) { version cash valuation { equity } } }"


@pytest.fixture(scope="module")
async def served(trading: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The subgraph behind a real server: only that streams."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(trading.app, lifespan="off", log_config=None, ws="none"))
        running = asyncio.create_task(server.serve([listening]))
        base_url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with httpx.AsyncClient(base_url=base_url, timeout=20) as client:
            yield client
        server.should_exit = True
        await running


@pytest.fixture
def watch(served: httpx.AsyncClient, tenant: Tenant) -> Any:
    async def answers(query: str, variables: dict[str, Any], **headers: str) -> AsyncIterator[Any]:
        context = tenant.subgraph.sign("trading", tenant=tenant.id, deadline_s=1)
        headers = {"accept": "text/event-stream", "x-brain-context": context, **headers}
        body = {"query": query, "variables": variables}
        async with served.stream("POST", "/trading/graphql", json=body, headers=headers) as response:
            async for line in response.aiter_lines():
                if line.startswith("data: {"):
                    yield json.loads(line[6:])

    return answers


def shown(answer):
    event = answer["data"]["marketData"]
    return event["instrument"]["id"], [(bar["at"][:10], bar["close"]) for bar in event["bars"]]


async def test_bars_come_as_they_are_written_and_from_where_one_left(tenant, watch):
    one, other = [(await tenant.instrument())["id"] for _ in range(2)]
    await tenant.import_days(one, "1,1,1,1", "2,2,2,2")
    async with asyncio.timeout(20):
        async with aclosing(watch(MARKET, {"ids": [one, other]})) as events:
            first = await anext(events)
            assert shown(first) == (one, [("2026-01-02", "2")])
            await tenant.import_days(other, "5,5,5,5")
            assert shown(await anext(events)) == (other, [("2026-01-01", "5")])
            await tenant.import_days(one, "3,3,3,3", "4,4,4,4", first=3)
            assert shown(await anext(events)) == (one, [("2026-01-03", "3"), ("2026-01-04", "4")])
        seen = first["data"]["marketData"]["id"]
        for variables, headers in (({"after": seen}, {}), ({}, {"last-event-id": seen})):
            async with aclosing(watch(MARKET, {"ids": [one, other], **variables}, **headers)) as events:
                missed = dict([shown(await anext(events)), shown(await anext(events))])
                assert missed == {one: [("2026-01-03", "3"), ("2026-01-04", "4")], other: [("2026-01-01", "5")]}


async def test_a_portfolio_comes_with_its_changes_and_those_of_its_prices(tenant, watch):
    instrument = (await tenant.instrument())["id"]
    await tenant.import_days(instrument, "100,100,100,100")
    values = {"name": "P", "currency": "USD", "cash": "1000", "commissionBps": "0", "slippageBps": "0"}
    portfolio = (await tenant.done("createPortfolio", "portfolio { id }", **values))["portfolio"]["id"]
    async with asyncio.timeout(20), aclosing(watch(PORTFOLIO, {"id": portfolio})) as events:

        async def following():
            found = (await anext(events))["data"]["portfolio"]
            return found["cash"], found["valuation"]["equity"]

        assert await following() == ("1000", "1000")
        order = {"portfolioId": portfolio, "instrumentId": instrument, "side": "BUY", "quantity": "2"}
        await tenant.done("placeOrder", "order { status }", **order)
        assert await following() == ("800", "1000")
        await tenant.import_days(instrument, "110,110,110,110", first=2)
        assert await following() == ("800", "1020")
        await tenant.done("movePortfolioCash", "portfolio { id }", portfolioId=portfolio, amount="5")
        assert await following() == ("805", "1025")


async def test_what_cannot_be_watched(tenant, watch):
    mine = (await tenant.instrument())["id"]
    theirs = str(demo_id("acme", "instrument", "coin"))
    for query, variables, code in (
        (MARKET, {"ids": [mine, theirs]}, "INSTRUMENT_NOT_FOUND"),
        (MARKET, {"ids": []}, "BAD_USER_INPUT"),
        (MARKET, {"ids": [mine, mine]}, "BAD_USER_INPUT"),
        (MARKET, {"ids": [mine], "after": "1.2"}, "BAD_USER_INPUT"),
        (MARKET, {"ids": [mine], "after": "x"}, "BAD_USER_INPUT"),
        (PORTFOLIO, {"id": str(demo_id("acme", "portfolio", "growth"))}, "PORTFOLIO_NOT_FOUND"),
    ):
        async with asyncio.timeout(20), aclosing(watch(query, variables)) as events:
            answer = await anext(events)
        assert [error["extensions"]["code"] for error in answer["errors"]] == [code], variables


PROPOSE = """mutation ($input: ProposeTradesInput!) { proposeTrades(input: $input) {
  run { id } portfolio { id } errors { code } } }"""


async def test_trades_are_proposed_in_a_run_only(trading, tenant):
    instrument = (await tenant.instrument())["id"]
    strategy = (await tenant.done("createTradingStrategy", "strategy { id }", name="S", rule={"buyAndHold": {}}))[
        "strategy"
    ]["id"]
    portfolio = (await tenant.done("createPortfolio", "portfolio { id }", name="P", currency="USD"))["portfolio"]["id"]
    given = {"portfolioId": portfolio, "strategyId": strategy, "instrumentIds": [instrument]}
    refused = await trading.call(PROPOSE, {"input": given}, tenant=tenant.id)
    assert refused["errors"][0]["extensions"]["code"] == "AGENT_RUN_REQUIRED"
    run = str(uuid4())
    for change, code in (
        ({}, None),
        ({"portfolioId": str(demo_id("acme", "portfolio", "growth"))}, "PORTFOLIO_NOT_FOUND"),
        ({"strategyId": str(uuid4())}, "STRATEGY_NOT_FOUND"),
        ({"instrumentIds": [str(demo_id("acme", "instrument", "coin"))]}, "INSTRUMENT_NOT_FOUND"),
        ({"instrumentIds": []}, "BAD_USER_INPUT"),
    ):
        data = await trading.data(PROPOSE, {"input": {**given, **change}}, tenant=tenant.id, claims={"run": run})
        payload = data["proposeTrades"]
        assert payload["run"] == {"id": run}
        assert [error["code"] for error in payload["errors"]] == ([] if code is None else [code])
    sdl = (await trading.data("{ _service { sdl } }"))["_service"]["sdl"]
    assert '@agent(crew: "trade_proposal", risk: MONEY, waitSeconds: 5)' in sdl
