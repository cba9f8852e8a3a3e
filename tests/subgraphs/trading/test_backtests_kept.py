"""Strategies and backtests over HTTP to a real database."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.demo import demo_id

STRATEGY = """strategy { id name kind version archived rule {
  ... on MomentumRule { lookback threshold allowShort } ... on MovingAverageCrossoverRule { fast slow } } }"""
BACKTEST = """backtest { id bars firstAt lastAt money finalMoney holdReturn ruined strategy { name }
  instrument { symbol } requestedBy { id } rule { ... on MomentumRule { lookback } }
  performance { totalReturn annualisedReturn sharpe maxDrawdown winRate tradeCount exposure }
  equityCurve(points: 50) { at money }
  trades { edges { node { number direction quantity entryPrice exitPrice profit isOpen enteredAt } } } }"""


@pytest.fixture
async def momentum(tenant):
    rule = {"momentum": {"lookback": 1}}
    return (await tenant.done("createTradingStrategy", STRATEGY, name="M", rule=rule))["strategy"]


@pytest.fixture
async def rising(tenant):
    instrument = (await tenant.instrument())["id"]
    await tenant.import_days(
        instrument, "100,100,100,100", "101,105,100,105", "110,112,108,112", "100,101,95,96", "90,92,88,91"
    )
    return instrument


async def test_a_strategy_is_made_changed_put_away_and_deleted(tenant, momentum):
    assert momentum == {
        "id": momentum["id"],
        "name": "M",
        "kind": "MOMENTUM",
        "version": 1,
        "archived": False,
        "rule": {"lookback": 1, "threshold": 0.0, "allowShort": False},
    }
    rule = {"movingAverageCrossover": {"fast": 2, "slow": 5}}
    changed = await tenant.done("updateTradingStrategy", STRATEGY, id=momentum["id"], rule=rule, archived=True)
    assert (changed["strategy"]["rule"], changed["strategy"]["version"]) == ({"fast": 2, "slow": 5}, 2)
    query = (
        "query ($archived: Boolean!) { tradingStrategies(archived: $archived) { totalCount edges { node { name } } } }"
    )
    for archived in (False, True):
        found = (await tenant.data(query, {"archived": archived}))["tradingStrategies"]
        assert (found["totalCount"], len(found["edges"])) == (int(archived), int(archived))
    gone = await tenant.mutate("deleteTradingStrategy", "deletedId", id=momentum["id"])
    assert gone["deletedId"] == momentum["id"]


@pytest.mark.parametrize(
    ("values", "code", "path"),
    [
        ({"rule": {}}, "BAD_USER_INPUT", ["input", "rule"]),
        ({"rule": {"momentum": {"lookback": 1}, "buyAndHold": {}}}, "BAD_USER_INPUT", ["input", "rule"]),
        ({"rule": {"movingAverageCrossover": {"fast": 9, "slow": 9}}}, "BAD_USER_INPUT", ["input", "fast"]),
        ({"rule": {"meanReversion": {"window": 5, "entry": 0}}}, "BAD_USER_INPUT", ["input", "exit"]),
        ({"name": "m"}, "NAME_TAKEN", None),
        ({"name": ""}, "BAD_USER_INPUT", ["input", "name"]),
    ],
)
async def test_what_is_no_strategy(tenant, momentum, values, code, path):
    given = {"name": "New", "rule": {"buyAndHold": {}}, **values}
    payload = await tenant.mutate("createTradingStrategy", "strategy { id }", **given)
    assert payload["strategy"] is None
    assert [(error["code"], error.get("path")) for error in payload["errors"]] == [(code, path)]


async def test_a_backtest_is_made_and_kept(trading, tenant, momentum, rising):
    terms = {"money": 1000, "commissionBps": 200, "slippageBps": 100}
    made = (await tenant.done("runBacktest", BACKTEST, strategyId=momentum["id"], instrumentId=rising, **terms))[
        "backtest"
    ]
    quantity = 1000 / (110 * 1.01 * 1.02)
    money = quantity * 90 * 0.99 * 0.98
    assert [point["money"] for point in made["equityCurve"]] == pytest.approx(
        [1000, 1000, quantity * 112, quantity * 96, money]
    )
    assert made["finalMoney"] == pytest.approx(money)
    assert made["performance"]["totalReturn"] == pytest.approx(money / 1000 - 1)
    assert (made["performance"]["winRate"], made["performance"]["tradeCount"]) == (0, 1)
    assert made["performance"]["exposure"] == pytest.approx(2 / 5)
    assert made["holdReturn"] == pytest.approx(91 / (101 * 1.01 * 1.02) - 1)
    (trade,) = [edge["node"] for edge in made["trades"]["edges"]]
    assert (trade["direction"], trade["isOpen"], trade["enteredAt"][:10]) == ("LONG", False, "2026-01-03")
    assert made["requestedBy"]["id"] == str(demo_id("acme", "user", "ada"))
    # It keeps its rule, whatever becomes of the strategy; which cannot be deleted under it.
    await tenant.done("updateTradingStrategy", STRATEGY, id=momentum["id"], rule={"buyAndHold": {}})
    again = (await tenant.data(f'{{ backtest(id: "{made["id"]}") {{ {BACKTEST[10:]} }}'))["backtest"]
    assert again == made
    refused = await tenant.mutate("deleteTradingStrategy", "deletedId", id=momentum["id"])
    assert [error["code"] for error in refused["errors"]] == ["STRATEGY_IN_USE"]
    async with trading.database.session(RequestContext.system(tenant.id)) as session:
        (row,) = await session.rows(text("select data from outbox where name = 'trading.backtest_finished'"))
    assert row.data["backtest_id"] == made["id"]
    listed = await tenant.data(f'{{ backtests(instrumentId: "{rising}") {{ totalCount edges {{ node {{ id }} }} }} }}')
    assert listed["backtests"] == {"totalCount": 1, "edges": [{"node": {"id": made["id"]}}]}
    await tenant.done("deleteBacktest", "deletedId", id=made["id"])
    gone = await tenant.mutate("deleteBacktest", "deletedId", id=made["id"])
    assert [error["code"] for error in gone["errors"]] == ["BACKTEST_NOT_FOUND"]


async def test_what_is_not_tried(tenant, momentum, rising):
    good = {"strategyId": momentum["id"], "instrumentId": rising}
    for values, code in (
        ({"strategyId": str(uuid4())}, "STRATEGY_NOT_FOUND"),
        ({"instrumentId": str(uuid4())}, "INSTRUMENT_NOT_FOUND"),
        ({"interval": "HOUR"}, "NOT_ENOUGH_BARS"),
        ({"since": "2026-01-05T00:00:00Z"}, "NOT_ENOUGH_BARS"),
        ({"money": 0}, "BAD_USER_INPUT"),
        ({"commissionBps": 1001}, "BAD_USER_INPUT"),
    ):
        payload = await tenant.mutate("runBacktest", "backtest { id }", **{**good, **values})
        assert [error["code"] for error in payload["errors"]] == [code], values


async def test_signals_are_those_of_the_newest_bar(tenant, momentum, rising):
    empty = (await tenant.instrument())["id"]
    query = """query ($s: ID!, $i: [ID!]!) { tradingSignals(strategyId: $s, instrumentIds: $i) {
      kind at changedAt instrument { id } } }"""
    found = (await tenant.data(query, {"s": momentum["id"], "i": [rising, empty]}))["tradingSignals"]
    assert [(each["kind"], each["instrument"]["id"]) for each in found] == [("FLAT", rising), (None, empty)]
    assert found[0]["changedAt"][:10] == "2026-01-04"
    refused = await tenant.subgraph.call(query, {"s": momentum["id"], "i": [rising, rising]}, tenant=tenant.id)
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_many_backtests_are_a_constant_number_of_statements(tenant, momentum, rising, trading):
    for _ in range(3):
        await tenant.done("runBacktest", "backtest { id }", strategyId=momentum["id"], instrumentId=rising)
    query = (
        "{ backtests { edges { node { strategy { id } instrument { id } trades { edges { node { number } } } } } } }"
    )
    with trading.count_statements() as statements:
        data = await tenant.data(query)
    assert len(data["backtests"]["edges"]) == 3
    assert len(statements) == 4


async def test_a_tenants_backtest_is_nobody_elses(trading, tenant):
    theirs = str(demo_id("acme", "backtest", "crossover"))
    query = f'{{ backtest(id: "{theirs}") {{ finalMoney trades {{ edges {{ node {{ number }} }} }} }} }}'
    assert (await tenant.data(query))["backtest"] is None
    assert (await trading.data(query))["backtest"]["trades"]["edges"]
    values = {
        "strategyId": str(demo_id("acme", "strategy", "crossover")),
        "instrumentId": str(demo_id("acme", "instrument", "coin")),
    }
    payload = await tenant.mutate("runBacktest", "backtest { id }", **values)
    assert [error["code"] for error in payload["errors"]] == ["STRATEGY_NOT_FOUND"]
