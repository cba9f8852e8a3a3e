"""The paper broker: exact money, orders against the newest bars, refusals."""

import asyncio
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.demo import demo_id
from tests.subgraphs.conftest import ALL_SCOPES

ORDER = """order { id side kind status quantity limitPrice stopPrice reserved price amount commission rejection
  placedBy { id } run { id } endedAt }"""
PORTFOLIO = """query ($id: ID!) { portfolio(id: $id) { cash availableCash deposited version
  valuation { marketValue equity unrealisedProfit realisedProfit totalReturn }
  positions { edges { node { quantity cost averagePrice realisedProfit marketValue instrument { id } } } }
  orders { edges { node { status } } } cashEntries { edges { node { number kind amount balance } } } } }"""


@pytest.fixture
async def share(tenant):
    instrument = (await tenant.instrument())["id"]
    await tenant.import_days(instrument, "100,100,100,100")
    return instrument


@pytest.fixture
async def portfolio(tenant):
    values = {"name": "P", "currency": "usd", "cash": "10000", "commissionBps": "10", "slippageBps": "0"}
    return (await tenant.done("createPortfolio", "portfolio { id }", **values))["portfolio"]["id"]


async def place(tenant, portfolio, instrument, side, quantity, **values):
    values = {"portfolioId": portfolio, "instrumentId": instrument, "side": side, "quantity": quantity, **values}
    return await tenant.mutate("placeOrder", ORDER, **values)


async def placed(tenant, *arguments, **values):
    payload = await place(tenant, *arguments, **values)
    assert payload["errors"] == []
    return payload["order"]


async def state(tenant, portfolio):
    return (await tenant.data(PORTFOLIO, {"id": portfolio}))["portfolio"]


async def order_of(tenant, order):
    return (await tenant.data(f'{{ tradeOrder(id: "{order["id"]}") {{ {ORDER[8:-1]} }} }}'))["tradeOrder"]


def codes(payload):
    return [error["code"] for error in payload["errors"]]


async def test_what_is_bought_and_sold_is_exact(trading, tenant, share, portfolio):
    bought = await placed(tenant, portfolio, share, "BUY", "30")
    assert {name: bought[name] for name in ("status", "price", "amount", "commission", "reserved")} == {
        "status": "FILLED",
        "price": "100",
        "amount": "3000",
        "commission": "3",
        "reserved": "0",
    }
    await tenant.import_days(share, "110,112,108,111.11", first=2)
    await placed(tenant, portfolio, share, "SELL", "10")
    found = await state(tenant, portfolio)
    # 10 at 111.11 less 1.11; a third of 3003 was their cost.
    assert (found["cash"], found["availableCash"]) == ("8106.99", "8106.99")
    (position,) = [edge["node"] for edge in found["positions"]["edges"]]
    assert position == {
        "quantity": "20",
        "cost": "2002",
        "averagePrice": "100.1",
        "realisedProfit": "108.99",
        "marketValue": "2222.2",
        "instrument": {"id": share},
    }
    assert found["valuation"] == {
        "marketValue": "2222.2",
        "equity": "10329.19",
        "unrealisedProfit": "220.2",
        "realisedProfit": "108.99",
        "totalReturn": pytest.approx(0.032919),
    }
    entries = [tuple(edge["node"].values()) for edge in found["cashEntries"]["edges"]]
    assert entries == [
        (3, "SELL", "1109.99", "8106.99"),
        (2, "BUY", "-3003", "6997"),
        (1, "DEPOSIT", "10000", "10000"),
    ]
    async with trading.database.session(RequestContext.system(tenant.id)) as session:
        rows = await session.rows(
            text("select name, data from outbox where name like 'trading.order%' order by created_at")
        )
    assert [row.name.partition(".")[2] for row in rows] == ["order_placed", "order_filled"] * 2
    assert rows[1].data["amount"] == "3000.00"


@pytest.mark.parametrize(
    ("side", "values", "bar", "price"),
    [
        ("BUY", {"kind": "LIMIT", "limitPrice": "95"}, "97,98,96,97", None),
        ("BUY", {"kind": "LIMIT", "limitPrice": "95"}, "97,98,95,97", "95"),
        ("BUY", {"kind": "LIMIT", "limitPrice": "95"}, "90,98,89,97", "90"),  # a gap in one's favour
        ("BUY", {"kind": "STOP", "stopPrice": "105"}, "101,106,100,102", "105"),
        ("BUY", {"kind": "STOP", "stopPrice": "105"}, "108,109,100,102", "108"),  # a gap against one
        ("SELL", {"kind": "LIMIT", "limitPrice": "105"}, "101,105,100,102", "105"),
        ("SELL", {"kind": "LIMIT", "limitPrice": "105"}, "107,108,100,102", "107"),
        ("SELL", {"kind": "STOP", "stopPrice": "95"}, "97,98,94,97", "95"),
        ("SELL", {"kind": "STOP", "stopPrice": "95"}, "93,98,92,97", "93"),
        ("SELL", {"kind": "STOP", "stopPrice": "95"}, "97,98,96,97", None),
    ],
)
async def test_what_waits_is_carried_out_by_the_bar_that_reaches_it(tenant, share, portfolio, side, values, bar, price):
    await placed(tenant, portfolio, share, "BUY", "10")
    order = await placed(tenant, portfolio, share, side, "10", **values)
    assert (order["status"], order["price"]) == ("OPEN", None)
    # A bar that opened before the order was placed is not for it, also if it comes later.
    await tenant.import_days(share, "1,1000,1,1", first=1)
    assert (await order_of(tenant, order))["status"] == "OPEN"
    await tenant.import_days(share, bar, first=2)
    found = await order_of(tenant, order)
    assert (found["status"], found["price"]) == (("OPEN", None) if price is None else ("FILLED", price))
    if price is not None:
        assert found["endedAt"][:10] == "2026-01-03"


async def test_cash_and_units_are_set_aside_once(tenant, share, portfolio):
    order = await placed(tenant, portfolio, share, "BUY", "100", kind="LIMIT", limitPrice="90")
    assert order["reserved"] == "9009"
    assert (await state(tenant, portfolio))["availableCash"] == "991"
    refused = await place(tenant, portfolio, share, "BUY", "10")
    assert codes(refused) == ["INSUFFICIENT_CASH"]
    assert codes(
        await tenant.mutate("movePortfolioCash", "portfolio { cash }", portfolioId=portfolio, amount="-992")
    ) == ["INSUFFICIENT_CASH"]
    cancelled = await tenant.done("cancelOrder", ORDER, id=order["id"])
    assert (cancelled["order"]["status"], cancelled["order"]["reserved"]) == ("CANCELLED", "0")
    assert codes(await tenant.mutate("cancelOrder", ORDER, id=order["id"])) == ["ORDER_NOT_OPEN"]
    await placed(tenant, portfolio, share, "BUY", "10")
    await placed(tenant, portfolio, share, "SELL", "6", kind="LIMIT", limitPrice="200")
    assert codes(await place(tenant, portfolio, share, "SELL", "5", kind="STOP", stopPrice="50")) == [
        "INSUFFICIENT_POSITION"
    ]
    await placed(tenant, portfolio, share, "SELL", "4")


async def test_a_gap_that_costs_more_than_there_is_rejects_the_order(tenant, share, portfolio):
    order = await placed(tenant, portfolio, share, "BUY", "90", kind="STOP", stopPrice="110")
    await tenant.import_days(share, "120,121,119,120", first=2)
    found = await order_of(tenant, order)
    assert (found["status"], found["rejection"], found["reserved"]) == ("REJECTED", "INSUFFICIENT_CASH", "0")
    assert (await state(tenant, portfolio))["cash"] == "10000"


async def test_what_is_refused(tenant, share, portfolio):
    empty = (await tenant.instrument())["id"]
    euro = (await tenant.instrument(currency="EUR"))["id"]
    gone = (await tenant.instrument())["id"]
    await tenant.done("updateInstrument", "instrument { id }", id=gone, active=False)
    good = {"portfolioId": portfolio, "instrumentId": share, "side": "BUY", "quantity": "1"}
    for values, code in (
        ({"instrumentId": str(uuid4())}, "INSTRUMENT_NOT_FOUND"),
        ({"portfolioId": str(uuid4())}, "PORTFOLIO_NOT_FOUND"),
        ({"instrumentId": empty}, "NO_MARKET_PRICE"),
        ({"instrumentId": euro}, "CURRENCY_MISMATCH"),
        ({"instrumentId": gone}, "INSTRUMENT_INACTIVE"),
        ({"quantity": "100"}, "INSUFFICIENT_CASH"),
        ({"side": "SELL"}, "INSUFFICIENT_POSITION"),
        ({"quantity": "0.5"}, "BAD_USER_INPUT"),
        ({"quantity": "-1"}, "BAD_USER_INPUT"),
        ({"kind": "LIMIT"}, "BAD_USER_INPUT"),
        ({"limitPrice": "90"}, "BAD_USER_INPUT"),
        ({"kind": "LIMIT", "limitPrice": "90.001"}, "BAD_USER_INPUT"),
    ):
        payload = await tenant.mutate("placeOrder", ORDER, **{**good, **values})
        assert (payload["order"], codes(payload)) == (None, [code]), values
    for field, values, code in (
        ("createPortfolio", {"name": "p", "currency": "USD"}, "NAME_TAKEN"),
        ("createPortfolio", {"name": "Q", "currency": "USD", "cash": "0.001"}, "BAD_USER_INPUT"),
        ("createPortfolio", {"name": "Q", "currency": "USD", "commissionBps": "1001"}, "BAD_USER_INPUT"),
        ("movePortfolioCash", {"portfolioId": portfolio, "amount": "0"}, "BAD_USER_INPUT"),
        ("movePortfolioCash", {"portfolioId": str(uuid4()), "amount": "1"}, "PORTFOLIO_NOT_FOUND"),
    ):
        assert codes(await tenant.mutate(field, "portfolio { id }", **values)) == [code], values
    assert (await state(tenant, portfolio))["version"] == 2


async def test_two_purchases_at_once_do_not_spend_the_same_cash(tenant, share, portfolio):
    payloads = await asyncio.gather(*(place(tenant, portfolio, share, "BUY", "60") for _ in range(3)))
    assert sorted(codes(payload) for payload in payloads) == [[], ["INSUFFICIENT_CASH"], ["INSUFFICIENT_CASH"]]
    assert (await state(tenant, portfolio))["cash"] == "3994"


async def test_an_order_says_which_run_placed_it(tenant, share, portfolio):
    run = str(uuid4())
    query = f"mutation ($input: PlaceOrderInput!) {{ placeOrder(input: $input) {{ {ORDER} errors {{ code }} }} }}"
    values = {"portfolioId": portfolio, "instrumentId": share, "side": "BUY", "quantity": "1"}
    named = {"tenant": tenant.id, "claims": {"run": run}}
    beside = await tenant.subgraph.data(query, {"input": values}, **named)
    assert beside["placeOrder"]["order"]["run"] is None, "it was only asked for, and has placed nothing"
    data = await tenant.subgraph.data(query, {"input": values}, **named, scopes=[*ALL_SCOPES, "agents:run"])
    assert data["placeOrder"]["order"]["run"] == {"id": run}
    assert data["placeOrder"]["order"]["placedBy"] == {"id": str(demo_id("acme", "user", "ada"))}


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["BUY", "SELL"]),
        st.integers(1, 40),
        st.sampled_from(["MARKET", "LIMIT", "STOP"]),
        st.integers(80, 120),
        st.integers(60, 140),
    ),
    max_size=6,
)


@given(moves=MOVES)
@settings(max_examples=5, suppress_health_check=list(HealthCheck), deadline=None)
async def test_money_is_neither_made_nor_lost(trading, moves):
    """Whatever is ordered, the entries add up to the cash, and cash and cost and profits to what was paid in."""
    from tests.subgraphs.trading.conftest import Tenant

    tenant = Tenant(trading, uuid4())
    instrument = (await tenant.instrument())["id"]
    await tenant.import_days(instrument, "100,100,100,100")
    values = {"name": "P", "currency": "USD", "cash": "5000", "commissionBps": "37.5", "slippageBps": "12.5"}
    portfolio = (await tenant.done("createPortfolio", "portfolio { id }", **values))["portfolio"]["id"]
    for day, (side, quantity, kind, price, close) in enumerate(moves, start=2):
        field = {"LIMIT": {"limitPrice": str(price)}, "STOP": {"stopPrice": str(price)}, "MARKET": {}}[kind]
        await place(tenant, portfolio, instrument, side, str(quantity), kind=kind, **field)
        await tenant.import_days(instrument, f"{close},{close + 3}.33,{close - 3}.77,{close}", first=day)
    found = await state(tenant, portfolio)
    entries = [edge["node"] for edge in found["cashEntries"]["edges"]]
    assert (
        sum(Decimal(entry["amount"]) for entry in entries) == Decimal(found["cash"]) == Decimal(entries[0]["balance"])
    )
    cost = sum((Decimal(edge["node"]["cost"]) for edge in found["positions"]["edges"]), Decimal(0))
    paid_in = Decimal(found["deposited"])
    assert Decimal(found["cash"]) + cost - Decimal(found["valuation"]["realisedProfit"]) == paid_in
    assert 0 <= Decimal(found["availableCash"]) <= Decimal(found["cash"])


async def test_portfolios_with_everything_are_a_constant_number_of_statements(trading, tenant, share, portfolio):
    query = """{ portfolios { totalCount edges { node { availableCash valuation { equity } positions { edges { node {
      marketValue instrument { symbol } } } } orders(status: OPEN) { edges { node { id } } }
      cashEntries { edges { node { number } } } } } } }"""

    async def count():
        with trading.count_statements() as statements:
            await tenant.data(query)
        return len(statements)

    await placed(tenant, portfolio, share, "BUY", "1")
    few = await count()
    for name in "QRS":
        values = {"name": name, "currency": "USD", "cash": "1000"}
        another = (await tenant.done("createPortfolio", "portfolio { id }", **values))["portfolio"]["id"]
        await placed(tenant, another, share, "BUY", "1")
    assert await count() == few <= 10


async def test_another_tenants_portfolio_is_not_there(tenant, share):
    theirs = str(demo_id("acme", "portfolio", "growth"))
    assert (await tenant.data(PORTFOLIO, {"id": theirs}))["portfolio"] is None
    assert codes(await place(tenant, theirs, share, "BUY", "1")) == ["PORTFOLIO_NOT_FOUND"]
    assert codes(await tenant.mutate("cancelOrder", ORDER, id=str(demo_id("acme", "order", "1")))) == [
        "ORDER_NOT_FOUND"
    ]
