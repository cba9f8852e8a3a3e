"""Exceptions to opening hours over GraphQL, and who is open by SQL as by Python."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from subgraphs.directory.domain.errors import InvalidOpeningHours
from subgraphs.directory.domain.exceptions import DayInterval, OpeningException
from subgraphs.directory.domain.hours import WEEK_MINUTES, OpeningHours, OpeningInterval
from subgraphs.directory.domain.search import BusinessFilter
from subgraphs.directory.repository import hours
from subgraphs.directory.repository.filters import conditions
from subgraphs.directory.tables import businesses

SET = """mutation ($input: SetSpecialHoursInput!) { setSpecialHours(input: $input) {
  business { version specialHours { firstDay lastDay yearly name hours { opens closes } } }
  errors { code ... on InvalidInputError { path } } } }"""
CHRISTMAS = {"firstDay": "2024-12-25", "yearly": True, "name": "  Christmas  "}
EVE = {"firstDay": "2025-12-24", "lastDay": "2025-12-24", "hours": [{"opens": "09:00", "closes": "14:00"}]}


async def test_exceptions_are_set_and_shown(new_tenant: Any) -> None:
    owner = uuid4()
    every_day = [OpeningInterval(day * 1440 + 600, 480) for day in range(7)]
    business = await new_tenant.add_one(owner_id=owner)
    async with new_tenant.directory.database.session(new_tenant.context) as session:
        await hours.add_intervals(session, new_tenant.id, {business: every_day})
    wanted = {"input": {"businessId": str(business), "specialHours": [CHRISTMAS, EVE]}}
    stranger = (await new_tenant.data(SET, wanted, scopes=["directory:read"]))["setSpecialHours"]
    assert stranger == {"business": None, "errors": [{"code": "NOT_YOUR_LISTING"}]}
    payload = (await new_tenant.data(SET, wanted, user=owner, scopes=["directory:read"]))["setSpecialHours"]
    day = {"firstDay": "2024-12-25", "lastDay": "2024-12-25", "yearly": True, "name": "Christmas", "hours": []}
    eve = {**EVE, "yearly": False, "name": "", "hours": [{"opens": "09:00:00", "closes": "14:00:00"}]}
    assert payload == {"business": {"version": 2, "specialHours": [eve, day]}, "errors": []}
    look = """query ($id: ID!) { business(id: $id) {
      eve: openingState(at: "2025-12-24T08:30:00Z") { isOpen nextChangeAt specialHours { firstDay } }
      day: openingState(at: "2031-12-25T12:00:00Z") { isOpen nextChangeAt specialHours { name } }
      usual: openingState(at: "2025-12-23T12:00:00Z") { isOpen specialHours { name } }
      openPeriods(from: "2025-12-23T12:00:00+01:00", to: "2025-12-26T12:00:00Z") { opensAt closesAt } } }"""
    shown = (await new_tenant.data(look, {"id": str(business)}))["business"]
    assert shown == {
        "eve": {
            "isOpen": False,
            "nextChangeAt": "2025-12-24T09:00:00+00:00",
            "specialHours": {"firstDay": "2025-12-24"},
        },
        "day": {
            "isOpen": False,
            "nextChangeAt": "2031-12-26T10:00:00+00:00",
            "specialHours": {"name": "Christmas"},
        },
        "usual": {"isOpen": True, "specialHours": None},
        "openPeriods": [
            {"opensAt": "2025-12-23T11:00:00+00:00", "closesAt": "2025-12-23T18:00:00+00:00"},
            {"opensAt": "2025-12-24T09:00:00+00:00", "closesAt": "2025-12-24T14:00:00+00:00"},
            {"opensAt": "2025-12-26T10:00:00+00:00", "closesAt": "2025-12-26T12:00:00+00:00"},
        ],
    }
    for wrong in ([EVE, EVE], [{**EVE, "lastDay": "2025-12-23"}], [CHRISTMAS] * 61):
        values = {"input": {"businessId": str(business), "specialHours": wrong}}
        payload = (await new_tenant.data(SET, values))["setSpecialHours"]
        assert payload["errors"] == [{"code": "BAD_USER_INPUT", "path": ["input", "specialHours"]}]
    window = (
        'query ($id: ID!) { business(id: $id) { openPeriods(from: "2025-01-01T00:00:00Z", to: "%s") { opensAt } } }'
    )
    for to in ("2025-03-05T00:00:00Z", "2024-12-31T00:00:00Z", "2025-01-02T00:00:00"):
        body = await new_tenant.call(window % to, {"id": str(business)})
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


def timetable(chance: random.Random, at: datetime) -> OpeningHours:
    """A timetable with exceptions around an instant."""
    zone = chance.choice(("Europe/Lisbon", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland"))
    intervals = [OpeningInterval(chance.randrange(WEEK_MINUTES), chance.randint(30, 1440)) for _ in range(4)]
    found: list[OpeningException] = []
    for _ in range(chance.randint(0, 4)):
        first = at.date() + timedelta(days=chance.randint(-3, 2))
        last = first + timedelta(days=chance.choice((0, 0, 1, 5)))
        yearly = chance.random() < 0.5
        back = 366 * chance.randint(0, 3) if yearly else 0
        begun = [DayInterval(chance.randrange(1440), chance.randint(30, 1440)) for _ in range(chance.randint(0, 1))]
        try:
            each = OpeningException.of(
                first - timedelta(days=back), last - timedelta(days=back), begun, yearly=yearly, name=""
            )
            OpeningHours.of(zone, [], [*found, each])
        except InvalidOpeningHours:
            continue
        found.append(each)
    while True:
        try:
            return OpeningHours.of(zone, intervals, found)
        except InvalidOpeningHours:
            intervals.pop()


async def test_who_is_open_by_sql_is_open_by_python(new_tenant: Any) -> None:
    chance = random.Random(8)
    instants = [datetime(2024, 12, 31, 22, 40, tzinfo=UTC), datetime(2024, 2, 29, 3, 15, tzinfo=UTC)]
    known: dict[UUID, OpeningHours] = {}
    async with new_tenant.directory.database.session(new_tenant.context) as session:
        for number in range(60):
            each = timetable(chance, instants[number % 2])
            known[await new_tenant.add(session, time_zone=each.time_zone)] = each
        await hours.add_intervals(session, new_tenant.id, {key: each.intervals for key, each in known.items()})
        await hours.add_exceptions(session, new_tenant.id, {key: each.exceptions for key, each in known.items()})
        seen = set()
        for at in (moment + timedelta(hours=shift) for moment in instants for shift in (-26, -9, 0, 7, 20)):
            found = await session.rows(
                select(businesses.c.id).where(*await conditions(session, BusinessFilter(open_at=at)))
            )
            expected = {key for key, each in known.items() if each.is_open(at)}
            assert {row.id for row in found} == expected, at
            by_week = {key for key, each in known.items() if OpeningHours(each.time_zone, each.intervals).is_open(at)}
            seen |= expected ^ by_week
    assert len(seen) > 10, "exceptions make a difference"
    assert any(each.covers(date(2025, 1, 1)) for timetable in known.values() for each in timetable.exceptions)
