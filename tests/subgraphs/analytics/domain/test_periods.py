"""Buckets of calendars: without gaps, where the zone's clocks say."""

# ruff: noqa: DTZ001 (what clocks show)

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from resolvers.errors import BadUserInput
from subgraphs.analytics.domain.errors import TooManyPoints
from subgraphs.analytics.domain.periods import SLOT, Granularity, boundaries, period, previous, slot_of, zone_of

ZONES = ("UTC", "Asia/Kolkata", "Asia/Kathmandu", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe",
         "Pacific/Apia", "Pacific/Chatham", "America/New_York", "Africa/Cairo", "Asia/Beirut")  # fmt: skip
MOMENTS = st.datetimes(datetime(2000, 1, 3), datetime(2037, 12, 1), timezones=st.just(UTC))


def label(moment: datetime, granularity: Granularity, zone: ZoneInfo) -> tuple[int, ...]:
    """What tells one bucket from another: what the zone's calendar and clocks show."""
    local = moment.astimezone(zone)
    match granularity:
        case Granularity.MONTH:
            return local.year, local.month
        case Granularity.WEEK:
            return tuple(local.isocalendar()[:2])
        case Granularity.DAY:
            return local.year, local.month, local.day
    return local.year, local.month, local.day, local.hour


@given(MOMENTS, st.integers(1, 700), st.sampled_from(ZONES), st.sampled_from(Granularity))
@example(datetime(2011, 12, 29, tzinfo=UTC), 400, "Pacific/Apia", Granularity.DAY)
@example(datetime(2026, 10, 24, tzinfo=UTC), 300, "Europe/Berlin", Granularity.HOUR)
@example(datetime(2026, 4, 4, tzinfo=UTC), 300, "Australia/Lord_Howe", Granularity.HOUR)
@example(datetime(2008, 9, 26, tzinfo=UTC), 400, "Pacific/Chatham", Granularity.HOUR)
@example(datetime(2009, 4, 3, tzinfo=UTC), 400, "Pacific/Chatham", Granularity.HOUR)
@example(datetime(2018, 2, 17, tzinfo=UTC), 300, "America/Sao_Paulo", Granularity.DAY)
def test_buckets_are_those_of_the_calendar(first: datetime, slots: int, name: str, granularity: Granularity) -> None:
    zone = ZoneInfo(name)
    asked = period(first, first + slots * SLOT, zone)
    edges = boundaries(asked, granularity)
    assert edges[0] <= asked.first < edges[1]
    assert edges[-2] < asked.last <= edges[-1]
    for begin, end in pairwise(edges):
        assert begin < end
        assert slot_of(begin) == begin
        inside = []
        moment = begin
        while moment < end and len(inside) < 200:
            inside.append(moment)
            moment += SLOT
        assert len({label(each, granularity, zone) for each in inside}) == 1
    for before, edge in ((edge - SLOT, edge) for edge in edges):
        # A clock that is set back shows an hour, or a midnight, twice: then what it shows is the same, later or not.
        again = before.astimezone(zone).utcoffset() != edge.astimezone(zone).utcoffset()
        assert label(before, granularity, zone) != label(edge, granularity, zone) or (
            again or granularity is Granularity.HOUR
        )


def test_zones_differ_by_whole_slots() -> None:
    moments = [datetime(year, month, 15, tzinfo=UTC) for year in range(2000, 2038) for month in (1, 7)]
    for name in available_timezones():
        zone = ZoneInfo(name)
        assert {moment.astimezone(zone).utcoffset() % SLOT for moment in moments} == {timedelta(0)}, name


def test_days_have_the_lengths_that_clocks_give_them() -> None:
    zone = ZoneInfo("Europe/Berlin")
    edges = boundaries(period(datetime(2026, 3, 28), datetime(2026, 3, 31), zone), Granularity.DAY)
    assert [(end - begin) / timedelta(hours=1) for begin, end in pairwise(edges)] == [24, 23, 24]


def test_the_period_before_ends_where_this_begins() -> None:
    zone = ZoneInfo("Europe/Berlin")
    before = previous(period(datetime(2026, 3, 30), datetime(2026, 3, 31), zone))
    assert before.last == datetime(2026, 3, 29, 22, tzinfo=UTC)
    assert before.first == datetime(2026, 3, 28, 23, tzinfo=UTC)  # a day of 23 hours


def test_a_series_is_bounded() -> None:
    zone = ZoneInfo("UTC")
    first = datetime(2026, 1, 1)
    assert len(boundaries(period(first, first + timedelta(hours=1000), zone), Granularity.HOUR)) == 1001
    with pytest.raises(TooManyPoints):
        boundaries(period(first, first + timedelta(hours=1001), zone), Granularity.HOUR)


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (datetime(2026, 1, 2), datetime(2026, 1, 1)),
        (datetime(2026, 1, 1), datetime(2026, 1, 1)),
        (datetime(1999, 12, 31), datetime(2026, 1, 1)),
        (datetime(2026, 1, 1), datetime(2100, 1, 2)),
        (datetime(1, 1, 1), datetime(9999, 12, 31)),
    ],
)
def test_periods_that_are_none(first: datetime, last: datetime) -> None:
    with pytest.raises(BadUserInput):
        period(first, last, ZoneInfo("Asia/Kolkata"))


@pytest.mark.parametrize("name", ["", "Mars/Base", "../etc/passwd", "a\0b", "Europe"])
def test_zones_that_are_none(name: str) -> None:
    with pytest.raises(BadUserInput):
        zone_of(name)
