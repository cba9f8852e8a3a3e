"""When a business is open, as it is shown and set."""

import enum
from datetime import date, datetime, time, timedelta
from typing import Self

import strawberry

from resolvers.errors import BadUserInput
from subgraphs.directory.domain.exceptions import DayInterval, OpeningException
from subgraphs.directory.domain.hours import OpeningInterval, time_of
from subgraphs.directory.schema.parts import SHOWN


@strawberry.enum(description="A day of the week.")
class Weekday(enum.Enum):
    MONDAY = 0
    TUESDAY = 1
    WEDNESDAY = 2
    THURSDAY = 3
    FRIDAY = 4
    SATURDAY = 5
    SUNDAY = 6


@strawberry.federation.type(tags=SHOWN, description="A stretch of being open, repeated every week.")
class BusinessHours:
    weekday: Weekday = strawberry.field(description="Day on which it begins.")
    opens: time = strawberry.field(description="Wall-clock time of opening.")
    closes: time = strawberry.field(
        description="Wall-clock time of closing; not after `opens` means on the next day, the same means 24 hours."
    )

    @classmethod
    def of(cls, interval: OpeningInterval) -> Self:
        return cls(weekday=Weekday(interval.weekday), opens=interval.opens, closes=interval.closes)


@strawberry.federation.type(tags=SHOWN, description="A stretch of being open that begins on each day of special hours.")
class BusinessSpecialInterval:
    opens: time = strawberry.field(description="Wall-clock time of opening.")
    closes: time = strawberry.field(
        description="Wall-clock time of closing; not after `opens` means on the next day, the same means 24 hours."
    )


@strawberry.federation.type(
    tags=SHOWN, description="Days on which other hours are kept than the week says: a holiday, a season, a late night."
)
class BusinessSpecialHours:
    first_day: date = strawberry.field(description="The first of the days, in the business's time zone.")
    last_day: date = strawberry.field(description="The last of the days.")
    yearly: bool = strawberry.field(description="Whether it is so every year.")
    name: str = strawberry.field(description="What people call it; may be empty.")
    hours: list[BusinessSpecialInterval] = strawberry.field(
        description="What begins on each of the days, instead of what the week says; none means closed."
    )

    @classmethod
    def of(cls, exception: OpeningException) -> Self:
        return cls(
            first_day=exception.first_day,
            last_day=exception.last_day,
            yearly=exception.yearly,
            name=exception.name,
            hours=[
                BusinessSpecialInterval(
                    opens=time_of(each.start_minute), closes=time_of(each.start_minute + each.length_minutes)
                )
                for each in exception.intervals
            ],
        )


@strawberry.federation.type(tags=SHOWN, description="From when until when a business is open.")
class BusinessOpenPeriod:
    opens_at: datetime = strawberry.field(description="From when; the start of the window if it was open before.")
    closes_at: datetime = strawberry.field(description="Until when; the end of the window if it is open after.")


@strawberry.federation.type(tags=SHOWN, description="Whether a business is open, and for how long that stays so.")
class BusinessOpeningState:
    is_open: bool = strawberry.field(description="Whether it is open at that instant.")
    next_change_at: datetime | None = strawberry.field(
        description="When it closes, or opens, next, its time zone's clock changes considered; null if it never does."
    )
    special_hours: BusinessSpecialHours | None = strawberry.field(
        description="Why the hours of that day are not those of the week; null if they are."
    )


@strawberry.input(description="A stretch of being open, repeated every week.")
class OpeningIntervalInput:
    weekday: Weekday = strawberry.field(description="Day on which it begins.")
    opens: time = strawberry.field(description="Wall-clock time of opening, whole minutes.")
    closes: time = strawberry.field(
        description="Wall-clock time of closing; not after `opens` means on the next day, the same means 24 hours."
    )

    def to_domain(self) -> OpeningInterval:
        return OpeningInterval.on(self.weekday.value, self.opens, self.closes)


@strawberry.input(description="The timetable of a business, instead of the one it has.")
class SetOpeningHoursInput:
    business_id: strawberry.ID = strawberry.field(description="The business.")
    time_zone: str = strawberry.field(description="IANA name of the time zone.")
    opening_hours: list[OpeningIntervalInput] = strawberry.field(description="Intervals that do not overlap.")


@strawberry.input(description="A stretch of being open that begins on each day of special hours.")
class SpecialIntervalInput:
    opens: time = strawberry.field(description="Wall-clock time of opening, whole minutes.")
    closes: time = strawberry.field(
        description="Wall-clock time of closing; not after `opens` means on the next day, the same means 24 hours."
    )


@strawberry.input(description="Days on which other hours are kept than the week says.")
class SpecialHoursInput:
    first_day: date = strawberry.field(description="The first of the days, in the business's time zone.")
    last_day: date | None = strawberry.field(
        default=None, description="The last of the days, at most a year later; the first if left out."
    )
    yearly: bool = strawberry.field(
        default=False, description="The same every year. One for a certain year counts before it."
    )
    name: str = strawberry.field(default="", description="What people call it, at most 80 characters.")
    hours: list[SpecialIntervalInput] = strawberry.field(
        default_factory=list, description="What begins on each of the days, at most 6; none means closed."
    )

    def to_domain(self) -> OpeningException:
        intervals = [DayInterval.on(each.opens, each.closes) for each in self.hours]
        last_day = self.first_day if self.last_day is None else self.last_day
        return OpeningException.of(self.first_day, last_day, intervals, yearly=self.yearly, name=self.name)


@strawberry.input(description="The special hours of a business, instead of those it has.")
class SetSpecialHoursInput:
    business_id: strawberry.ID = strawberry.field(description="The business.")
    special_hours: list[SpecialHoursInput] = strawberry.field(
        description="At most 60. No two of a year, and no two yearly ones, have a day in common."
    )


def opening_window(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """Two instants that a client gave.

    Raises:
        BadUserInput: one has no offset, they are out of order, or too far apart.
    """
    first, last = instant(start), instant(end)
    assert first is not None
    assert last is not None
    if not timedelta(0) <= last - first <= timedelta(days=62):
        raise BadUserInput("`to` is not before `from`, and at most 62 days later.")
    return first, last


def instant(at: datetime | None) -> datetime | None:
    """An instant that a client gave.

    Raises:
        BadUserInput: it has no offset, or lies where calendars end.
    """
    if at is None:
        return None
    if at.tzinfo is None:
        raise BadUserInput("An instant needs an offset, for example 2030-01-01T12:00:00Z.")
    if not 1900 <= at.year <= 2200:
        raise BadUserInput("An instant lies between the years 1900 and 2200.")
    return at
