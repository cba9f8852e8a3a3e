"""When a business is open, as it is shown and set."""

import enum
from datetime import datetime, time
from typing import Self

import strawberry

from resolvers.errors import BadUserInput
from subgraphs.directory.domain.hours import OpeningInterval
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


@strawberry.federation.type(tags=SHOWN, description="Whether a business is open, and for how long that stays so.")
class BusinessOpeningState:
    is_open: bool = strawberry.field(description="Whether it is open at that instant.")
    next_change_at: datetime | None = strawberry.field(
        description="When it closes, or opens, next, its time zone's clock changes considered; null if it never does."
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
