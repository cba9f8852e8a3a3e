"""Schedules: when a crew is to run without anybody asking."""

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from subgraphs.agents.domain.errors import InvalidValue
from subgraphs.agents.domain.runs import DEFAULT_RUN_MICROS
from subgraphs.agents.domain.values import Risk, checked_micros, checked_name, checked_object, required_text

__all__ = ["Schedule", "ScheduleDetails", "key_prefix"]

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


def key_prefix(schedule_id: UUID) -> str:
    """With what the idempotency keys of the schedule's runs begin; the moment follows."""
    return f"schedule:{schedule_id}"
