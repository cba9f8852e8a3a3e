"""Tasks: statements that read and write `crm.tasks`."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select, update

from resolvers.loaders import aligned
from resolvers.pagination import Page, Window, fetch_page, fetch_pages
from resolvers.rows import among, columns_of
from resolvers.session import TenantSession
from subgraphs.crm.domain import TaskFilter, TaskOrderField
from subgraphs.crm.domain.tasks import CrmTask
from subgraphs.crm.events import TaskCreated
from subgraphs.crm.repository.lists import count, counts_by, orderings, page_of
from subgraphs.crm.repository.rows import insert_rows, update_row
from subgraphs.crm.tables import tasks

__all__ = [
    "TASK_ORDERINGS",
    "add_task",
    "change_task",
    "count_tasks",
    "count_tasks_by",
    "find_tasks",
    "note_due",
    "task_for_update",
    "task_page",
    "task_pages_by",
]

TASK_ORDERINGS = orderings(tasks, TaskOrderField)

_COLUMNS = columns_of(tasks, CrmTask)
_LISTED = select(*_COLUMNS)


async def find_tasks(session: TenantSession, ids: Iterable[UUID]) -> list[CrmTask | None]:
    """The task of each id, in their order. One statement."""
    wanted = list(ids)
    rows = await session.rows(_LISTED.where(among(tasks.c.id, wanted)))
    return aligned(wanted, {row.id: _task(row) for row in rows})


async def note_due(session: TenantSession, now: datetime, since: datetime) -> list[CrmTask]:
    """Tasks that have become due and nobody was told of, noted as told: whoever asks next is not given them."""
    due = (
        update(tasks)
        .where(tasks.c.completed_at.is_(None), tasks.c.told_due_at.is_distinct_from(tasks.c.due_at))
        .where(tasks.c.due_at <= now, tasks.c.due_at > since)
        .values(told_due_at=tasks.c.due_at)
        .returning(*_COLUMNS)
    )
    return [_task(row) for row in await session.rows(due)]


async def task_page(session: TenantSession, wanted: TaskFilter, window: Window) -> Page[CrmTask]:
    """A page of the tenant's tasks. One statement."""
    return page_of(await fetch_page(session, _LISTED.where(*_conditions(wanted)), window), _task)


async def task_pages_by(
    session: TenantSession, column: str, parents: Sequence[UUID], wanted: TaskFilter, window: Window
) -> list[Page[CrmTask]]:
    """A page of the tasks of each parent, in the order of parents. One statement.

    Args:
        column: `lead_id`, `contact_id` or `assignee_id`.
    """
    pages = await fetch_pages(session, _LISTED.where(*_conditions(wanted)), tasks.c[column], parents, window)
    return [page_of(page, _task) for page in pages]


async def count_tasks(session: TenantSession, wanted: TaskFilter) -> int:
    """How many of the tenant's tasks match."""
    return await count(session, tasks, _conditions(wanted))


async def count_tasks_by(session: TenantSession, column: str, parents: Sequence[UUID], wanted: TaskFilter) -> list[int]:
    """How many tasks of each parent match, in the order of parents. One statement."""
    return await counts_by(session, tasks.c[column], parents, _conditions(wanted))


async def task_for_update(session: TenantSession, task_id: UUID) -> CrmTask | None:
    """The task, locked until the transaction ends."""
    row = await session.row(_LISTED.where(tasks.c.id == task_id).with_for_update())
    return None if row is None else _task(row)


async def add_task(session: TenantSession, *new: CrmTask) -> None:
    """Writes new tasks, and tells of them: here, so that no way of making one leaves it out.

    Raises:
        LeadNotFound: the tenant has no such lead.
        ContactNotFound: the tenant has no such contact.
    """
    await insert_rows(session, tasks, *new)
    for task in new:
        session.publish(
            TaskCreated(
                task.id, task.title, task.lead_id, task.contact_id, task.assignee_id, task.due_at, task.created_at
            )
        )


async def change_task(session: TenantSession, task: CrmTask) -> None:
    """Writes a task that `task_for_update` gave, as it is now."""
    await update_row(session, tasks, task)


def _task(row: Row[Any]) -> CrmTask:
    return CrmTask(*row[: len(_COLUMNS)])


def _conditions(wanted: TaskFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    for name in ("lead_id", "contact_id", "assignee_id"):
        values = getattr(wanted, name)
        if values is not None:
            conditions.append(among(tasks.c[name], values))
    for asked, column in ((wanted.completed, tasks.c.completed_at), (wanted.assigned, tasks.c.assignee_id)):
        if asked is not None:
            conditions.append(column.is_not(None) if asked else column.is_(None))
    if wanted.due_from is not None:
        conditions.append(tasks.c.due_at >= wanted.due_from)
    if wanted.due_until is not None:
        conditions.append(tasks.c.due_at < wanted.due_until)
    return conditions
