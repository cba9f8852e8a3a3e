"""Tasks: what is to be done about a lead or a contact, by whom and until when."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from subgraphs.crm.domain.errors import InvalidValue, TaskAlreadyCompleted
from subgraphs.crm.domain.values import checked_moment, optional_text, required_text

__all__ = ["CrmTask", "assign_task", "complete_task", "edit_task", "new_task"]


@dataclass(frozen=True, slots=True)
class CrmTask:
    """A row of `crm.tasks`, without its tenant. Exactly one of `lead_id` and `contact_id` is set.

    Attributes:
        assignee_id: who is to do it; None: whoever takes it.
        created_by: None if a rule made it.
        completed_at: None while it is to do.
    """

    id: UUID
    title: str
    body: str | None
    lead_id: UUID | None
    contact_id: UUID | None
    assignee_id: UUID | None
    created_by: UUID | None
    due_at: datetime
    completed_at: datetime | None
    completed_by: UUID | None
    version: int
    created_at: datetime
    updated_at: datetime


def new_task(
    task_id: UUID,
    title: str,
    now: datetime,
    *,
    body: str | None = None,
    lead_id: UUID | None = None,
    contact_id: UUID | None = None,
    assignee_id: UUID | None = None,
    created_by: UUID | None = None,
    due_at: datetime | None = None,
) -> CrmTask:
    """A task to do, due now unless `due_at` says when.

    Raises:
        InvalidValue: not exactly one of lead and contact, or a text or a moment that breaks its rule.
    """
    if (lead_id is None) == (contact_id is None):
        raise InvalidValue("leadId", "or contactId must be given, and not both")
    return CrmTask(
        id=task_id,
        title=required_text("title", title, 200),
        body=optional_text("body", body, 5000),
        lead_id=lead_id,
        contact_id=contact_id,
        assignee_id=assignee_id,
        created_by=created_by,
        due_at=now if due_at is None else checked_moment("dueAt", due_at),
        completed_at=None,
        completed_by=None,
        version=1,
        created_at=now,
        updated_at=now,
    )


def edit_task(task: CrmTask, changes: Mapping[str, Any], now: datetime) -> CrmTask:
    """The task with `changes` (`title`, `body`, `due_at`; what is absent stays).

    Raises:
        TaskAlreadyCompleted: what is done stays as it was.
        InvalidValue: a text or a moment breaks its rule.
    """
    if task.completed_at is not None:
        raise TaskAlreadyCompleted
    changed = replace(
        task,
        title=required_text("title", changes.get("title", task.title), 200),
        body=optional_text("body", changes.get("body", task.body), 5000),
        due_at=checked_moment("dueAt", changes.get("due_at", task.due_at)),
    )
    return _next(changed, now)


def assign_task(task: CrmTask, assignee_id: UUID | None, now: datetime) -> CrmTask:
    """The task of somebody else, or of whoever takes it; the same one if nothing changes.

    Raises:
        TaskAlreadyCompleted: it is done.
    """
    if assignee_id == task.assignee_id:
        return task
    if task.completed_at is not None:
        raise TaskAlreadyCompleted
    return _next(replace(task, assignee_id=assignee_id), now)


def complete_task(task: CrmTask, by: UUID | None, now: datetime) -> CrmTask:
    """The task, done now.

    Raises:
        TaskAlreadyCompleted: it is done.
    """
    if task.completed_at is not None:
        raise TaskAlreadyCompleted
    return _next(replace(task, completed_at=now, completed_by=by), now)


def _next(task: CrmTask, now: datetime) -> CrmTask:
    return replace(task, version=task.version + 1, updated_at=now)
