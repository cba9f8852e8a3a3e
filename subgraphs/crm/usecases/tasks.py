"""Tasks: made, changed, given to somebody, done."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from resolvers.session import TenantSession
from subgraphs.crm.domain.errors import TaskNotFound, check_version
from subgraphs.crm.domain.tasks import CrmTask, assign_task, complete_task, edit_task, new_task
from subgraphs.crm.domain.timeline import TimelineKind, task_summary
from subgraphs.crm.events import TaskCompleted, TaskDue
from subgraphs.crm.repository import leads, tasks, timeline
from subgraphs.crm.usecases.members import check_assignee

__all__ = ["assign_crm_task", "complete_crm_task", "create_crm_task", "tell_of_due_tasks", "update_crm_task"]

NO_LONGER_NEWS: Final = timedelta(days=1)
"""What was due longer ago is told of to nobody: a reminder that comes so late helps no one."""


async def create_crm_task(
    session: TenantSession,
    title: str,
    *,
    body: str | None = None,
    lead_id: UUID | None = None,
    contact_id: UUID | None = None,
    assignee_id: UUID | None = None,
    due_at: datetime | None = None,
) -> CrmTask:
    """A new task of the caller's making."""
    await check_assignee(session, assignee_id)
    task = new_task(
        uuid4(),
        title,
        datetime.now(UTC),
        body=body,
        lead_id=lead_id,
        contact_id=contact_id,
        assignee_id=assignee_id,
        created_by=session.context.user_id,
        due_at=due_at,
    )
    await tasks.add_task(session, task)
    return task


async def update_crm_task(
    session: TenantSession, task_id: UUID, changes: Mapping[str, Any], expected_version: int | None
) -> CrmTask:
    """The task with another title, text or date."""
    task = await _locked(session, task_id, expected_version)
    edited = edit_task(task, changes, datetime.now(UTC))
    await tasks.change_task(session, edited)
    return edited


async def assign_crm_task(
    session: TenantSession, task_id: UUID, assignee_id: UUID | None, expected_version: int | None
) -> CrmTask:
    """The task of another member, or of whoever takes it."""
    task = await _locked(session, task_id, expected_version)
    given = assign_task(task, assignee_id, datetime.now(UTC))
    if given is not task:
        await check_assignee(session, assignee_id)
        await tasks.change_task(session, given)
    return given


async def complete_crm_task(session: TenantSession, task_id: UUID, expected_version: int | None) -> CrmTask:
    """The task, done now: others are told, and it is in the timeline of the contact that it is about."""
    task = await _locked(session, task_id, expected_version)
    now = datetime.now(UTC)
    done = complete_task(task, session.context.user_id, now)
    await tasks.change_task(session, done)
    session.publish(
        TaskCompleted(done.id, done.title, done.lead_id, done.contact_id, done.assignee_id, done.completed_by, now)
    )
    contact_id = done.contact_id
    if done.lead_id is not None:
        (lead,) = await leads.find_leads(session, [done.lead_id])
        contact_id = None if lead is None else lead.contact_id
    if contact_id is not None:
        await timeline.add_to_contact(
            session,
            contact_id,
            TimelineKind.TASK,
            at=now,
            summary=task_summary(done.title),
            source="crm.task_completed",
            reference=str(done.id),
            event_id=done.id,
        )
    return done


async def tell_of_due_tasks(session: TenantSession) -> int:
    """Tells others of the tenant's tasks that have become due; each once, unless it is put off. Says how many."""
    now = datetime.now(UTC)
    due = await tasks.note_due(session, now, now - NO_LONGER_NEWS)
    for task in due:
        session.publish(
            TaskDue(task.id, task.title, task.lead_id, task.contact_id, task.assignee_id, task.created_by, task.due_at)
        )
    return len(due)


async def _locked(session: TenantSession, task_id: UUID, expected_version: int | None) -> CrmTask:
    task = await tasks.task_for_update(session, task_id)
    if task is None:
        raise TaskNotFound
    check_version(task.version, expected_version)
    return task
