from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.storefront.domain.delivery import DeliveryRules, checked_rules, promise
from subgraphs.storefront.domain.errors import InvalidValue

LISBON = ZoneInfo("Europe/Lisbon")
WEEK = frozenset(range(5))
BOUNDS = (datetime(2000, 1, 1), datetime(2100, 1, 1))  # noqa: DTZ001 - the strategy adds the zone


def rules(**changes: Any) -> DeliveryRules:
    given_ = {
        "time_zone": "Europe/Lisbon",
        "cutoff": time(14),
        "working_days": WEEK,
        "handling_days": 1,
        "transit_min_days": 2,
        "transit_max_days": 4,
    }
    return checked_rules(**{**given_, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ordered", "taken_up", "dispatched", "earliest", "latest"),
    [
        # 2 March 2026 is a Monday.
        ("2026-03-02T10:00", "2026-03-02", "2026-03-03", "2026-03-05", "2026-03-07"),
        ("2026-03-02T14:00", "2026-03-02", "2026-03-03", "2026-03-05", "2026-03-07"),
        ("2026-03-02T14:01", "2026-03-03", "2026-03-04", "2026-03-06", "2026-03-09"),  # not on Sunday, the eighth
        ("2026-03-06T15:00", "2026-03-09", "2026-03-10", "2026-03-12", "2026-03-14"),  # after Friday comes Monday
        ("2026-03-07T09:00", "2026-03-09", "2026-03-10", "2026-03-12", "2026-03-14"),
    ],
)
def test_promises(ordered: str, taken_up: str, dispatched: str, earliest: str, latest: str) -> None:
    found = promise(rules(), datetime.fromisoformat(ordered).replace(tzinfo=LISBON))
    assert found.order_by == datetime.combine(date.fromisoformat(taken_up), time(14), LISBON)
    assert [found.dispatched_on, found.earliest, found.latest] == [
        date.fromisoformat(each) for each in (dispatched, earliest, latest)
    ]


def test_it_is_the_suppliers_clock_that_counts() -> None:
    # In Shanghai it is Tuesday already, and past five.
    ordered = datetime(2026, 3, 2, 23, 0, tzinfo=ZoneInfo("America/Los_Angeles"))
    found = promise(rules(time_zone="Asia/Shanghai", cutoff=time(17), handling_days=0), ordered)
    assert found.dispatched_on == date(2026, 3, 3)
    later = promise(rules(time_zone="Asia/Shanghai", cutoff=time(14), handling_days=0), ordered)
    assert later.dispatched_on == date(2026, 3, 4)


def test_clocks_that_change() -> None:
    # On 29 March 2026 Lisbon's clocks jump from one to two; the written time counts.
    every_day = rules(cutoff=time(1, 30), working_days=range(7), handling_days=0)
    before = datetime(2026, 3, 29, 0, 59, tzinfo=LISBON)
    assert promise(every_day, before).dispatched_on == date(2026, 3, 29)
    assert promise(every_day, before + timedelta(hours=2)).dispatched_on == date(2026, 3, 30)


def test_an_article_of_its_own_time() -> None:
    monday = datetime(2026, 3, 2, 9, tzinfo=LISBON)
    assert promise(rules(), monday, 0).dispatched_on == date(2026, 3, 2)
    assert promise(rules(), monday, 6).dispatched_on == date(2026, 3, 10)


@given(
    st.datetimes(*BOUNDS, timezones=st.just(LISBON)),
    st.sets(st.integers(0, 6), min_size=1),
    st.integers(0, 60),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_what_always_holds(ordered: datetime, days: set[int], handling: int, low: int, more: int) -> None:
    kept = rules(working_days=days, handling_days=handling, transit_min_days=low, transit_max_days=low + more)
    found = promise(kept, ordered)
    assert found.order_by.date() <= found.dispatched_on <= found.earliest <= found.latest
    assert found.order_by.weekday() in days
    assert found.dispatched_on.weekday() in days
    assert found.earliest.weekday() != 6 != found.latest.weekday()
    # Who orders before `order_by` gets the same promise.
    assert promise(kept, min(ordered, found.order_by)) == found


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../etc/passwd"},
        {"time_zone": ""},
        {"cutoff": time(14, 0, 1)},
        {"working_days": []},
        {"working_days": [7]},
        {"handling_days": -1},
        {"handling_days": 61},
        {"transit_min_days": 5},
        {"transit_max_days": 121},
    ],
)
def test_rules_that_nobody_can_keep(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidValue):
        rules(**wrong)


@pytest.mark.parametrize("ordered", [BOUNDS[0], datetime.max.replace(tzinfo=LISBON), datetime(1, 1, 1, tzinfo=LISBON)])
def test_instants_that_are_none(ordered: datetime) -> None:
    with pytest.raises(InvalidValue):
        promise(rules(), ordered)
