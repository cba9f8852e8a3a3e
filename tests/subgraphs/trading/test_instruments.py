"""Instruments: what users do, and what nobody of another tenant can."""

from uuid import uuid4

import pytest
from sqlalchemy import text

from resolvers.context import RequestContext
from resolvers.demo import demo_id

SHOWN = "instrument { id symbol name kind currency venue tickSize lotSize active version }"
LIST = """query ($first: Int, $after: String, $filter: InstrumentFilterInput) {
  instruments(first: $first, after: $after, filter: $filter) {
    totalCount edges { node { symbol } } pageInfo { hasNextPage endCursor } } }"""


async def test_it_is_added_and_changed(tenant):
    made = await tenant.instrument(symbol=" abc.x ", name=" A B C ", lotSize="0.5")
    assert made == {
        "id": made["id"],
        "symbol": "ABC.X",
        "name": "A B C",
        "kind": "EQUITY",
        "currency": "USD",
        "venue": "",
        "tickSize": "0.01",
        "lotSize": "0.5",
        "active": True,
        "version": 1,
    }
    payload = await tenant.mutate("updateInstrument", SHOWN, id=made["id"], active=False, expectedVersion=1)
    assert payload["instrument"] == {**made, "active": False, "version": 2}
    found = (await tenant.data('{ instrumentBySymbol(symbol: " abc.X") { id active } }'))["instrumentBySymbol"]
    assert found == {"id": made["id"], "active": False}


@pytest.mark.parametrize(
    ("field", "change", "code"),
    [
        ("createInstrument", {"symbol": "has space"}, "BAD_USER_INPUT"),
        ("createInstrument", {"symbol": "X" * 33}, "BAD_USER_INPUT"),
        ("createInstrument", {"symbol": "abc"}, "SYMBOL_TAKEN"),
        ("createInstrument", {"currency": "US1"}, "BAD_USER_INPUT"),
        ("createInstrument", {"tickSize": "0"}, "BAD_USER_INPUT"),
        ("createInstrument", {"lotSize": "0.000000001"}, "BAD_USER_INPUT"),
        ("createInstrument", {"name": " "}, "BAD_USER_INPUT"),
        ("updateInstrument", {"id": str(uuid4())}, "INSTRUMENT_NOT_FOUND"),
        ("updateInstrument", {"id": "x"}, "BAD_USER_INPUT"),
        ("updateInstrument", {"expectedVersion": 7}, "VERSION_CONFLICT"),
        ("updateInstrument", {"name": "\0"}, "BAD_USER_INPUT"),
    ],
)
async def test_what_is_refused(tenant, field, change, code):
    made = await tenant.instrument(symbol="ABC")
    given = {"symbol": "NEW", "name": "N", "kind": "FUND", "currency": "USD"}
    values = {**(given if field.startswith("create") else {"id": made["id"]}), **change}
    payload = await tenant.mutate(field, SHOWN, **values)
    assert (payload["instrument"], [error["code"] for error in payload["errors"]]) == (None, [code])


async def test_pages_follow_one_another_and_filters_hold(tenant):
    for symbol, kind in (("C", "CRYPTO"), ("A", "EQUITY"), ("B_1", "EQUITY")):
        await tenant.instrument(symbol=symbol, name=f"Name of {symbol}", kind=kind)

    async def symbols(**variables):
        found = (await tenant.data(LIST, variables))["instruments"]
        return [edge["node"]["symbol"] for edge in found["edges"]], found

    first, page = await symbols(first=2)
    assert (first, page["totalCount"]) == (["A", "B_1"], 3)
    assert (await symbols(first=2, after=page["pageInfo"]["endCursor"]))[0] == ["C"]
    assert (await symbols(filter={"kind": "EQUITY"}))[0] == ["A", "B_1"]
    assert (await symbols(filter={"search": "b_"}))[0] == ["B_1"]
    assert (await symbols(filter={"search": "name of c"}))[0] == ["C"]
    assert (await symbols(filter={"currency": "eur"}))[1]["totalCount"] == 0


async def test_references_take_one_statement(trading):
    ids = [str(demo_id("acme", "instrument", key)) for key in ("coin", "fund", "shares")]
    with trading.count_statements() as statements:
        found = await trading.entities(
            [{"__typename": "Instrument", "id": key} for key in ids], "... on Instrument { id }"
        )
    assert [entity["id"] for entity in found] == ids
    assert len(statements) == 1


async def test_another_tenants_is_not_there(trading, tenant):
    theirs = str(demo_id("globex", "instrument", "shares"))
    shown = "... on Instrument { id }"
    assert await trading.entities([{"__typename": "Instrument", "id": theirs}], shown) == [None]
    for field, values in (
        ("updateInstrument", {"id": theirs}),
        ("importBars", {"instrumentId": theirs, "interval": "DAY", "csv": "time,open,high,low,close\n"}),
        (
            "generateBars",
            {"instrumentId": theirs, "interval": "DAY", "start": "2026-01-01", "count": 1, "price": "1"},
        ),
    ):
        payload = await tenant.mutate(field, "instrument { id }", **values)
        assert [error["code"] for error in payload["errors"]] == ["INSTRUMENT_NOT_FOUND"], field
    data = await trading.data("{ instruments { totalCount } }", tenant="globex")
    assert data["instruments"]["totalCount"] == 3


async def test_scopes_are_asked_for(trading):
    update = 'mutation { updateInstrument(input: {id: "x"}) { errors { code } } }'
    for query, scope in (("{ instruments { totalCount } }", "read"), (update, "write")):
        refused = await trading.call(query, scopes=["other:read"])
        assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": f"trading:{scope}"}


async def test_others_are_told_of_what_was_added_and_of_nothing_refused(trading, tenant):
    made = await tenant.instrument(symbol="ABC")
    await tenant.mutate("createInstrument", SHOWN, symbol="abc", name="x", kind="FUND", currency="USD")
    async with trading.database.session(RequestContext.system(tenant.id)) as session:
        rows = await session.rows(text("select name, data from outbox"))
    assert [(row.name, row.data["instrument_id"]) for row in rows] == [("trading.instrument_created", made["id"])]
