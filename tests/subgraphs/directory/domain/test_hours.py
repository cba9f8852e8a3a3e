"""Opening hours against a clock that is watched minute by minute."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from subgraphs.directory.domain.errors import InvalidOpeningHours
from subgraphs.directory.domain.exceptions import DayInterval, OpeningException
from subgraphs.directory.domain.hours import DAY_MINUTES, WEEK_MINUTES, OpeningHours, OpeningInterval, wall_clock

ZONES = (
    "Europe/Lisbon",
    "Europe/Berlin",
    "America/New_York",
    "America/Santiago",  # changes at midnight
    "Africa/Cairo",  # springs forward at midnight
    "Africa/Casablanca",  # its summer time ends for Ramadan
    "Australia/Lord_Howe",  # half an hour
    "Asia/Kathmandu",  # none, offset of 5:45
)


@cache
def transitions(name: str) -> tuple[datetime, ...]:
    """Minutes at which the offset of a zone changes, 2018 to 2030."""
    zone = ZoneInfo(name)
    found = []
    day = datetime(2018, 1, 1, tzinfo=UTC)
    while day.year < 2031:
        early, late = day, day + timedelta(days=1)
        if early.astimezone(zone).utcoffset() != late.astimezone(zone).utcoffset():
            while late - early > timedelta(minutes=1):
                middle = early + (late - early) // 2
                middle = middle.replace(second=0, microsecond=0)
                same = middle.astimezone(zone).utcoffset() == day.astimezone(zone).utcoffset()
                early, late = (middle, late) if same else (early, middle)
            found.append(late)
        day += timedelta(days=1)
    return tuple(found)


def furthest_clock(at: datetime, name: str) -> datetime:
    """The latest wall-clock time that anyone has seen by an instant: watched for more than a day."""
    zone = ZoneInfo(name)
    return max((at - timedelta(minutes=m)).astimezone(zone).replace(tzinfo=None) for m in range(26 * 60))


def is_open_by_watching(hours: OpeningHours, at: datetime) -> bool:
    clock = furthest_clock(at, hours.time_zone)
    for back in range(3):
        day = clock.date() - timedelta(days=back)
        chosen: list[OpeningException] = []
        for each in hours.exceptions:
            length = (each.last_day - each.first_day).days
            if each.yearly:
                days = {(each.first_day + timedelta(days=number)).strftime("%m%d") for number in range(length + 1)}
                # A range over the end of February has its 29th in every year that has one.
                if "0228" in days and "0301" in days:
                    days.add("0229")
                if day.strftime("%m%d") in days:
                    chosen.append(each)
            elif day in (each.first_day + timedelta(days=number) for number in range(length + 1)):
                chosen.insert(0, each)
        if chosen:
            for begun in chosen[0].intervals:
                opens = datetime.combine(day, time()) + timedelta(minutes=begun.start_minute)
                if opens <= clock < opens + timedelta(minutes=begun.length_minutes):
                    return True
            continue
        for interval in hours.intervals:
            if interval.weekday == day.weekday():
                opens = datetime.combine(day, interval.opens)
                if opens <= clock < opens + timedelta(minutes=interval.length_minutes):
                    return True
    return False


@st.composite
def instants(draw: st.DrawFn, zone: str) -> datetime:
    changes = transitions(zone)
    if changes and draw(st.booleans()):
        return draw(st.sampled_from(changes)) + timedelta(seconds=draw(st.integers(-3 * 3600, 3 * 3600)))
    return draw(
        st.integers(0, 6_000_000).map(lambda minute: datetime(2018, 1, 2, tzinfo=UTC) + timedelta(minutes=minute))
    )


@st.composite
def cases(draw: st.DrawFn) -> tuple[OpeningHours, datetime]:
    zone = draw(st.sampled_from(ZONES))
    at = draw(instants(zone))
    near = furthest_clock(at, zone)
    start = st.integers(0, WEEK_MINUTES - 1) | st.integers(-200, 200).map(
        lambda off: (near.weekday() * DAY_MINUTES + near.hour * 60 + near.minute + off) % WEEK_MINUTES
    )
    interval = st.builds(OpeningInterval, start, st.integers(1, DAY_MINUTES) | st.integers(1, 90))
    wanted = draw(st.lists(interval, max_size=6))
    try:
        return OpeningHours.of(zone, wanted), at
    except InvalidOpeningHours:
        return OpeningHours.of(zone, wanted[:1]), at


@st.composite
def exceptional_cases(draw: st.DrawFn) -> tuple[OpeningHours, datetime]:
    """Timetables whose exceptions are near the instant, so that they matter."""
    hours, at = draw(cases())
    today = furthest_clock(at, hours.time_zone).date()
    day = st.integers(-3, 3).map(lambda off: today + timedelta(days=off))
    interval = st.builds(DayInterval, st.integers(0, DAY_MINUTES - 1), st.integers(1, DAY_MINUTES))
    found: list[OpeningException] = []
    for _ in range(draw(st.integers(1, 4))):
        yearly = draw(st.booleans())
        first = draw(day)
        last = first + timedelta(days=draw(st.sampled_from((0, 0, 1, 3, 40))))
        years = timedelta(days=365 * draw(st.integers(-2, 2)) if yearly else 0)
        intervals = draw(st.lists(interval, max_size=2))
        try:
            each = OpeningException.of(first + years, last + years, intervals, yearly=yearly, name="")
            OpeningHours.of(hours.time_zone, hours.intervals, [*found, each])
        except InvalidOpeningHours:
            continue
        found.append(each)
    return OpeningHours.of(hours.time_zone, hours.intervals, found), at


@given(exceptional_cases())
@settings(max_examples=60, deadline=None)
def test_is_open_on_exceptional_days_as_someone_who_watches_the_clock_would_say(
    case: tuple[OpeningHours, datetime],
) -> None:
    hours, at = case
    assert hours.is_open(at) == is_open_by_watching(hours, at)


@given(exceptional_cases())
@settings(max_examples=20, deadline=None)
def test_periods_are_the_minutes_at_which_it_is_open(case: tuple[OpeningHours, datetime]) -> None:
    hours, at = case
    start = at.replace(second=0, microsecond=0) - timedelta(hours=20)
    end = start + timedelta(hours=45)
    periods = hours.periods(start, end)
    assert all(one[1] < other[0] for one, other in pairwise(periods)), "in order, and apart"
    minute = start
    while minute < end:
        inside = any(opens <= minute < closes for opens, closes in periods)
        assert inside == hours.is_open(minute), minute
        minute += timedelta(minutes=1)


@given(exceptional_cases())
@settings(max_examples=40, deadline=None)
def test_the_next_change_is_the_first_with_exceptions_too(case: tuple[OpeningHours, datetime]) -> None:
    hours, at = case
    found = hours.next_change(at)
    window = hours.periods(at, min(found or at + timedelta(days=40), at + timedelta(days=40)))
    if hours.is_open(at):
        assert len(window) == 1
        assert found is None or (window[0][1] == found and not hours.is_open(found))
    else:
        assert window == []
        assert found is None or hours.is_open(found)


def test_a_holiday_is_closed_but_the_night_before_ends_as_it_began() -> None:
    night = OpeningInterval.on(3, time(18), time(4))
    christmas = OpeningException.of(date(2020, 12, 25), date(2020, 12, 25), [], yearly=True, name="Christmas")
    every_night = [OpeningInterval.on(day, night.opens, night.closes) for day in range(7)]
    hours = OpeningHours.of("Europe/Berlin", every_night, [christmas])
    opens, closes = (datetime(2025, 12, 24, 17, tzinfo=UTC), datetime(2025, 12, 25, 3, tzinfo=UTC))
    assert hours.next_change(opens) == closes
    assert hours.next_change(closes) == datetime(2025, 12, 26, 17, tzinfo=UTC)
    assert hours.exception_at(closes) == christmas
    # That very year, it is open.
    late = DayInterval.on(time(20), time(23))
    once = OpeningException.of(date(2025, 12, 25), date(2025, 12, 25), [late], yearly=False, name="Party")
    both = OpeningHours.of("Europe/Berlin", every_night, [christmas, once])
    assert both.next_change(closes) == datetime(2025, 12, 25, 19, tzinfo=UTC)
    assert both.exception_at(closes) == once


def test_a_season_may_close_a_place_for_months() -> None:
    winter = OpeningException.of(date(2024, 11, 2), date(2025, 3, 31), [], yearly=True, name="Winter")
    hours = OpeningHours.of("UTC", [OpeningInterval.on(0, time(9), time(10))], [winter])
    assert hours.next_change(datetime(2026, 11, 2, 12, tzinfo=UTC)) == datetime(2027, 4, 5, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("first", "last", "yearly"),
    [
        (date(2025, 1, 2), date(2025, 1, 1), False),
        (date(2025, 1, 1), date(2026, 1, 2), False),
        (date(2024, 1, 1), date(2024, 12, 31), True),
        (date(1, 1, 1), date(1, 1, 1), False),
    ],
)
def test_days_that_no_calendar_has_in_order_are_refused(first: date, last: date, yearly: bool) -> None:
    with pytest.raises(InvalidOpeningHours):
        OpeningException.of(first, last, [], yearly=yearly, name="")


def test_two_exceptions_of_a_kind_for_a_day_are_refused() -> None:
    days = ((date(2024, 12, 30), date(2025, 1, 2)), (date(2026, 1, 2), date(2026, 1, 4)))
    yearly = [OpeningException.of(*each, [], yearly=True, name="") for each in days]
    with pytest.raises(InvalidOpeningHours):
        OpeningHours.of("UTC", [], yearly)
    OpeningHours.of("UTC", [], [OpeningException.of(*each, [], yearly=False, name="") for each in days])


@given(cases())
@settings(max_examples=200, deadline=None)
def test_is_open_as_someone_who_watches_the_clock_would_say(case: tuple[OpeningHours, datetime]) -> None:
    hours, at = case
    assert hours.is_open(at) == is_open_by_watching(hours, at)


@given(cases())
@settings(max_examples=40, deadline=None)
def test_the_next_change_is_the_first(case: tuple[OpeningHours, datetime]) -> None:
    hours, at = case
    found = hours.next_change(at)
    now = hours.is_open(at)
    if found is not None:
        assert hours.is_open(found) is not now
        assert hours.is_open(found - timedelta(seconds=1)) is now or found - timedelta(seconds=1) < at
    # Nothing changes before it; a week without a change is all weeks without one.
    end = min(found or at + timedelta(days=8), at + timedelta(days=8))
    step = timedelta(minutes=7)
    watched = at + step
    while watched < end:
        assert hours.is_open(watched) is now, watched
        watched += step


def test_the_next_change_is_when_the_clock_is_turned() -> None:
    """30 March 2025: Berlin's clocks go from 2:00 to 3:00 at 1:00 UTC; there is no 2:30."""
    saturday = datetime(2025, 3, 29, 22, 0, tzinfo=UTC)
    assert bar().next_change(saturday - timedelta(hours=2)) == datetime(2025, 3, 29, 21, 0, tzinfo=UTC)
    assert bar().next_change(saturday) == datetime(2025, 3, 30, 1, 0, tzinfo=UTC)
    # 26 October 2025: 2:30 is passed twice, and closes the first time.
    assert bar().next_change(datetime(2025, 10, 25, 23, 0, tzinfo=UTC)) == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)
    assert bar().next_change(datetime(2025, 10, 26, 0, 45, tzinfo=UTC)) == datetime(2025, 11, 1, 21, 0, tzinfo=UTC)


def test_what_never_opens_or_closes_does_not_change() -> None:
    always = OpeningHours.of("Europe/Berlin", [OpeningInterval.on(day, time(0), time(0)) for day in range(7)])
    for hours in (always, OpeningHours.of("Europe/Berlin", [])):
        assert hours.next_change(datetime(2025, 3, 29, 22, 0, tzinfo=UTC)) is None


@given(st.sampled_from(ZONES).flatmap(lambda zone: st.tuples(st.just(zone), instants(zone))))
@settings(max_examples=150, deadline=None)
def test_the_clock_that_counts_never_goes_back(case: tuple[str, datetime]) -> None:
    zone, at = case
    early, late = (wall_clock(at + timedelta(minutes=each), zone).replace(second=0, microsecond=0) for each in (0, 1))
    step = late - early
    assert timedelta(0) <= step <= timedelta(minutes=61)


@given(st.lists(st.builds(OpeningInterval, st.integers(0, WEEK_MINUTES - 1), st.integers(1, DAY_MINUTES)), max_size=5))
def test_overlaps_are_refused_exactly_when_a_minute_is_covered_twice(intervals: list[OpeningInterval]) -> None:
    minutes = [(i.start_minute + m) % WEEK_MINUTES for i in intervals for m in range(i.length_minutes)]
    if len(set(minutes)) == len(minutes):
        assert OpeningHours.of("UTC", intervals).intervals == tuple(sorted(intervals))
    else:
        with pytest.raises(InvalidOpeningHours):
            OpeningHours.of("UTC", intervals)


@given(st.integers(0, 6), st.times(), st.times())
def test_wall_clock_times_survive(weekday: int, opens: time, closes: time) -> None:
    opens, closes = opens.replace(second=0, microsecond=0), closes.replace(second=0, microsecond=0)
    interval = OpeningInterval.on(weekday, opens, closes)
    assert (interval.weekday, interval.opens, interval.closes) == (weekday, opens, closes)


def bar() -> OpeningHours:
    return OpeningHours.of("Europe/Berlin", [OpeningInterval.on(5, time(22), time(2, 30))])


def test_past_midnight() -> None:
    assert not bar().is_open(datetime(2025, 6, 7, 19, 59, tzinfo=UTC))
    assert bar().is_open(datetime(2025, 6, 7, 20, 0, tzinfo=UTC))
    assert bar().is_open(datetime(2025, 6, 8, 0, 29, tzinfo=UTC))
    assert not bar().is_open(datetime(2025, 6, 8, 0, 30, tzinfo=UTC))


def test_a_repeated_hour_does_not_reopen() -> None:
    """26 October 2025: Berlin's clocks go from 3:00 back to 2:00 at 1:00 UTC."""
    assert bar().is_open(datetime(2025, 10, 26, 0, 29, tzinfo=UTC))  # 2:29, the first time
    assert not bar().is_open(datetime(2025, 10, 26, 0, 45, tzinfo=UTC))  # 2:45
    assert not bar().is_open(datetime(2025, 10, 26, 1, 10, tzinfo=UTC))  # 2:10 again
    assert not bar().is_open(datetime(2025, 10, 26, 2, 0, tzinfo=UTC))


def test_a_closing_time_that_is_skipped_takes_effect_at_the_jump() -> None:
    """30 March 2025: Berlin's clocks go from 2:00 to 3:00 at 1:00 UTC; there is no 2:30."""
    assert bar().is_open(datetime(2025, 3, 30, 0, 59, tzinfo=UTC))
    assert not bar().is_open(datetime(2025, 3, 30, 1, 0, tzinfo=UTC))


def test_sunday_night_runs_into_monday() -> None:
    hours = OpeningHours.of("UTC", [OpeningInterval.on(6, time(23), time(1))])
    monday = date(2025, 6, 9)
    assert hours.is_open(datetime.combine(monday, time(0, 59), UTC))
    assert not hours.is_open(datetime.combine(monday, time(1, 0), UTC))


def test_the_same_opening_and_closing_time_is_a_whole_day() -> None:
    hours = OpeningHours.of("UTC", [OpeningInterval.on(day, time(0), time(0)) for day in range(7)])
    assert all(hours.is_open(datetime(2025, 6, day, 0, 0, tzinfo=UTC)) for day in range(1, 15))


@pytest.mark.parametrize("name", ["Mars/Olympus", "", "../../etc/passwd", "Europe", "a\0b"])
def test_unknown_time_zones_are_refused(name: str) -> None:
    with pytest.raises(InvalidOpeningHours):
        OpeningHours.of(name, [])


def test_an_instant_needs_an_offset() -> None:
    with pytest.raises(ValueError, match="time zone"):
        bar().is_open(datetime(2025, 6, 7, 20, 0))  # noqa: DTZ001
