"""Schedules: when a crew is to run without anybody asking."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from subgraphs.agents.domain.errors import InvalidValue
from subgraphs.agents.domain.runs import DEFAULT_RUN_MICROS
from subgraphs.agents.domain.values import Risk, checked_micros, checked_name, checked_object, required_text

__all__ = ["MAX_SCHEDULES", "Schedule", "ScheduleDetails", "key_prefix", "never_comes"]

MAX_SCHEDULES: Final = 200
"""Of a tenant."""
_PART: Final = re.compile(r"[0-9A-Za-z*,/?#-]{1,60}")


@dataclass(frozen=True, slots=True)
class ScheduleDetails:
    """What owners say about a schedule; checked when made.

    Attributes:
        cron: minute, hour, day of the month, month, day of the week.
        time_zone: IANA name in which they are meant.
        budget_micros: the most that each of its runs may cost.
    """

    name: str
    crew: str
    cron: str
    arguments: dict[str, Any]
    time_zone: str = "UTC"
    risk: Risk = Risk.WRITE
    budget_micros: int = DEFAULT_RUN_MICROS
    enabled: bool = True

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "name", required_text("name", self.name, 100))
        checked_name("crew", self.crew)
        put(self, "cron", " ".join(self.cron.split()))
        parts = self.cron.split(" ")
        if len(parts) != 5 or not all(_PART.fullmatch(part) for part in parts):
            raise InvalidValue("cron", "must have five parts: minute, hour, day, month, day of the week")
        if never_comes(parts[2], parts[3]):
            raise InvalidValue("cron", f"never comes: no month {parts[3]} has a day {parts[2]}")
        try:
            ZoneInfo(self.time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise InvalidValue("timeZone", "must be an IANA name such as Europe/Lisbon") from None
        checked_object("arguments", self.arguments)
        checked_micros("budgetMicros", self.budget_micros)


@dataclass(frozen=True, slots=True)
class Schedule:
    """A row of `agents.schedules`, without its tenant.

    Attributes:
        scopes: of who wrote it last, as they were then; its runs may use no more.
    """

    id: UUID
    name: str
    crew: str
    cron: str
    time_zone: str
    arguments: dict[str, Any]
    risk: Risk
    budget_micros: int
    enabled: bool
    scopes: tuple[str, ...]
    changed_by: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime


_MONTHS: Final = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")


def never_comes(days: str, months: str) -> bool:
    """Whether a cron's days of the month are in none of its months, such as 30 February.

    What cannot be understood is left to who keeps schedules.
    """
    wanted_days, wanted_months = _numbers(days, 1, 31), _numbers(months, 1, 12)
    if not wanted_days or not wanted_months:
        return False
    longest = max(monthrange(2024, month)[1] for month in wanted_months)  # a leap year
    return min(wanted_days) > longest


def _numbers(part: str, first: int, last: int) -> set[int]:
    """What a part of a cron names; nothing if it cannot be understood."""
    found: set[int] = set()
    for item in part.upper().split(","):
        span, _, step = item.partition("/")
        begin, dash, end = ("*", "", "") if span in ("*", "?") else span.partition("-")
        try:
            low = first if begin == "*" else _number(begin)
            high = last if begin == "*" or (step and not dash) else _number(end) if dash else low
            found.update(range(low, high + 1, int(step or 1)))
        except ValueError:
            return set()
    return {number for number in found if first <= number <= last}


def _number(text: str) -> int:
    return _MONTHS.index(text) + 1 if text in _MONTHS else int(text)


def key_prefix(schedule_id: UUID) -> str:
    """With what the idempotency keys of the schedule's runs begin; the moment follows."""
    return f"schedule:{schedule_id}"
