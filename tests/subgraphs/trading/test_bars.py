"""Bars: taken in from CSV with a report, made up, and shown by the page."""

import asyncio
from datetime import UTC, datetime

import pytest

from resolvers.demo import demo_id

REPORT = "report { rows valid added replaced unchanged problemCount problems { line column problem } }"
BARS = """query ($id: ID!, $first: Int, $after: String, $last: Int, $since: DateTime, $until: DateTime) {
  instrument(id: $id) { bars(interval: DAY, first: $first, after: $after, last: $last, since: $since, until: $until) {
    edges { node { at open high low close volume source } } pageInfo { hasNextPage hasPreviousPage endCursor } } } }"""

GOOD = "Date;Open;High;Low;Close;Vol\n2026-01-02;10;11;9.5;10.50;1000\n2026-01-01;9;10;9;10;\n"


async def bring(tenant, instrument, csv, **values):
    return await tenant.mutate(
        "importBars", REPORT, **{"instrumentId": instrument, "interval": "DAY", "csv": csv, **values}
    )


async def test_what_is_right_is_taken_and_what_is_wrong_is_named(tenant):
    instrument = (await tenant.instrument())["id"]
    wrong = [
        "2026-01-05,10,9,8,10,1",  # the close is above the high
        "2026-01-05,10,11,9,ten,1",
        "2026-01-05T13:00:00,10,11,9,10,1",
        "2026-01-05,-1,11,9,10,1",
        "yesterday,10,11,9,10,1",
        "2026-01-05,10",
        "2026-01-01,10,11,9,10,1",  # twice
        "2026-01-05,10,8,9,10,1",
        "2026-01-05,1e999999,11,9,10,1",
        "2026-01-05,nan,11,9,10,1",
        "2026-01-05,10,11,9,10,-1",
        "2026-01-05,10.123456789,11,9,10,1",
    ]
    right = "2026-01-01,9,10,9,10,5"
    payload = await bring(tenant, instrument, "\n".join(["time,open,high,low,close,volume", right, "", *wrong]))
    assert payload["errors"] == []
    report = payload["report"]
    numbers = {name: report[name] for name in ("rows", "valid", "added", "replaced", "unchanged", "problemCount")}
    assert numbers == {"rows": 13, "valid": 1, "added": 1, "replaced": 0, "unchanged": 0, "problemCount": 12}
    assert [(each["line"], each["column"]) for each in report["problems"]] == [
        (4, "open"),
        (5, "close"),
        (6, "time"),
        (7, "open"),
        (8, "time"),
        (9, None),
        (10, "time"),
        (11, "high"),
        (12, "open"),
        (13, "open"),
        (14, "volume"),
        (15, "open"),
    ]
    assert report["problems"][2]["problem"] == "It is not the beginning of a day (00:00 UTC)."


async def test_bars_that_are_there_stay_unless_they_are_to_be_replaced(tenant):
    instrument = (await tenant.instrument())["id"]
    other = "time,open,high,low,close\n2026-01-01,1,2,1,2\n2026-01-02,10,11,9.5,10.5\n2026-01-03,3,4,3,4"
    tried = await bring(tenant, instrument, GOOD, dryRun=True)
    assert (tried["report"]["valid"], tried["report"]["added"]) == (2, 0)
    for csv, replace, counted in (
        (GOOD, False, (2, 0, 0)),
        (GOOD, True, (0, 0, 2)),
        (other, False, (1, 0, 2)),
        (other, True, (0, 2, 1)),
    ):
        report = (await bring(tenant, instrument, csv, replace=replace))["report"]
        assert (report["added"], report["replaced"], report["unchanged"]) == counted
    edges = (await tenant.data(BARS, {"id": instrument}))["instrument"]["bars"]["edges"]
    assert [(edge["node"]["at"][:10], edge["node"]["close"], edge["node"]["volume"]) for edge in edges] == [
        ("2026-01-01", "2", "0"),
        ("2026-01-02", "10.5", "0"),
        ("2026-01-03", "4", "0"),
    ]


@pytest.mark.parametrize(
    "csv",
    [
        "",
        "time,open,high,low\n",
        "time,open,high,low,close,close\n",
        "x" * 2_000_001,
        "time,open,high,low,close" + "\n0" * 20_001,
    ],
    ids=["nothing", "no close", "twice", "too long", "too many"],
)
async def test_what_is_no_such_csv_is_refused(tenant, csv):
    instrument = (await tenant.instrument())["id"]
    payload = await bring(tenant, instrument, csv)
    assert (payload["report"], [error["code"] for error in payload["errors"]]) == (None, ["BAD_USER_INPUT"])


async def test_pages_of_bars_follow_one_another_within_a_range(tenant):
    instrument = (await tenant.instrument())["id"]
    await tenant.import_days(instrument, *[f"{day},{day},{day},{day}" for day in range(1, 8)])

    async def opens(**variables):
        found = (await tenant.data(BARS, {"id": instrument, **variables}))["instrument"]["bars"]
        return [int(edge["node"]["open"]) for edge in found["edges"]], found["pageInfo"]

    first, info = await opens(first=3)
    assert (first, info["hasNextPage"]) == ([1, 2, 3], True)
    assert (await opens(first=10, after=info["endCursor"]))[0] == [4, 5, 6, 7]
    newest, info = await opens(last=2)
    assert (newest, info["hasPreviousPage"]) == ([6, 7], True)
    assert (await opens(since="2026-01-02T00:00:00Z", until="2026-01-04T00:00:00Z"))[0] == [2, 3]
    refused = await tenant.subgraph.call(BARS, {"id": instrument, "first": 1001}, tenant=tenant.id)
    assert refused["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_the_newest_bar_is_the_one_that_ended_last(tenant):
    instrument = (await tenant.instrument())["id"]
    query = (
        f'{{ instrument(id: "{instrument}") {{ any: newestBar {{ open }} day: newestBar(interval: DAY) {{ open }} }} }}'
    )
    assert (await tenant.data(query))["instrument"] == {"any": None, "day": None}
    await tenant.import_days(instrument, "1,1,1,1")
    for at, price in (("2026-01-01T23:00:00Z", 2), ("2026-01-01T22:00:00Z", 3)):
        await bring(
            tenant, instrument, f"time,open,high,low,close\n{at},{price},{price},{price},{price}", interval="HOUR"
        )
    # The day and its last hour end together: the shorter is nearer to the price.
    assert (await tenant.data(query))["instrument"] == {"any": {"open": "2"}, "day": {"open": "1"}}


async def test_walks_are_the_same_for_the_same_seed_and_keep_out_of_weekends(tenant):
    made = []
    for seed in ("a", "a", "b"):
        instrument = (await tenant.instrument())["id"]
        values = {"interval": "DAY", "start": "2026-01-02T00:00:00Z", "count": 30, "price": "100", "seed": seed}
        payload = await tenant.done("generateBars", "added", instrumentId=instrument, **values)
        assert payload["added"] == 30
        again = await tenant.done("generateBars", "added", instrumentId=instrument, **values)
        assert again["added"] == 0
        bars = (await tenant.data(BARS, {"id": instrument, "first": 50}))["instrument"]["bars"]["edges"]
        made.append([edge["node"] for edge in bars])
    assert made[0] == made[1] != made[2]
    assert {bar["source"] for bar in made[0]} == {"GENERATED"}
    assert {datetime.fromisoformat(bar["at"]).astimezone(UTC).weekday() for bar in made[0]} == set(range(5))


async def test_bars_and_newest_bars_of_many_instruments_are_a_statement_each(trading):
    query = """{ instruments { edges { node { newestBar { close } bars(interval: DAY, last: 3) { edges { node { at } } }
      } } } }"""
    with trading.count_statements() as statements:
        data = await trading.data(query)
    assert [len(edge["node"]["bars"]["edges"]) for edge in data["instruments"]["edges"]] == [3, 3, 3]
    assert len(statements) == 3


async def test_two_imports_at_once_count_each_bar_once(tenant):
    instrument = (await tenant.instrument())["id"]
    reports = await asyncio.gather(*(bring(tenant, instrument, GOOD) for _ in range(3)))
    assert sorted(each["report"]["added"] for each in reports) == [0, 0, 2]


async def test_demo_bars_are_there_for_each_demo_tenant(trading):
    closes = {}
    for slug in ("acme", "globex"):
        query = '{ instrument(id: "%s") { currency bars(interval: DAY, first: 300) { edges { node { close } } } } }'
        data = await trading.data(query % demo_id(slug, "instrument", "shares"), tenant=slug)
        closes[slug] = [edge["node"]["close"] for edge in data["instrument"]["bars"]["edges"]]
    assert [len(each) for each in closes.values()] == [250, 250]
    assert closes["acme"] != closes["globex"]
