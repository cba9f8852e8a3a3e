"""Schedules: statements that read and write `agents.schedules`."""

from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, func, select

from resolvers.rows import columns_of
from resolvers.session import TenantSession
from subgraphs.agents.domain.schedules import Schedule
from subgraphs.agents.repository.rows import insert_rows, update_row
from subgraphs.agents.tables import schedules

__all__ = [
    "add_schedule",
    "all_schedules",
    "change_schedule",
    "count_schedules",
    "find_schedule",
    "remove_schedule",
    "schedule_for_update",
]

_COLUMNS = columns_of(schedules, Schedule)
_NAMES = tuple(field.name for field in fields(Schedule))


async def all_schedules(session: TenantSession) -> list[Schedule]:
    """The tenant's schedules by name."""
    return [_schedule(row) for row in await session.rows(select(*_COLUMNS).order_by(schedules.c.name, schedules.c.id))]


async def count_schedules(session: TenantSession) -> int:
    """How many the tenant has."""
    return int(await session.scalar(select(func.count()).select_from(schedules)))


async def find_schedule(session: TenantSession, schedule_id: UUID) -> Schedule | None:
    """The schedule, if the tenant has it."""
    row = await session.row(select(*_COLUMNS).where(schedules.c.id == schedule_id))
    return None if row is None else _schedule(row)


async def schedule_for_update(session: TenantSession, schedule_id: UUID) -> Schedule | None:
    """The schedule, locked until the transaction ends."""
    row = await session.row(select(*_COLUMNS).where(schedules.c.id == schedule_id).with_for_update())
    return None if row is None else _schedule(row)


async def add_schedule(session: TenantSession, schedule: Schedule) -> None:
    """Writes a new schedule."""
    await insert_rows(session, schedules, schedule)


async def change_schedule(session: TenantSession, schedule: Schedule) -> None:
    """Writes a schedule that was locked, as it is now."""
    await update_row(session, schedules, schedule)


async def remove_schedule(session: TenantSession, schedule_id: UUID) -> None:
    """Deletes a schedule; its runs stay."""
    await session.execute(delete(schedules).where(schedules.c.id == schedule_id))


def _schedule(row: Row[Any]) -> Schedule:
    values = dict(zip(_NAMES, row, strict=False))
    return Schedule(**{**values, "scopes": tuple(values["scopes"])})
