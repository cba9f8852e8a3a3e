"""What happens by itself when a lead enters a stage: rules, which are data."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from subgraphs.crm.domain.activities import Activity, log_activity
from subgraphs.crm.domain.errors import InvalidValue
from subgraphs.crm.domain.leads import Lead
from subgraphs.crm.domain.values import ActivityKind, required_text

__all__ = ["MAX_RULES", "StageAction", "StageRule", "new_rule", "task_of"]

MAX_RULES = 20
"""Of one stage."""

_MAX_DAYS = 365


class StageAction(Enum):
    """What a rule does."""

    CREATE_TASK = "create_task"
    ASSIGN = "assign"
    NOTIFY = "notify"


@dataclass(frozen=True, slots=True)
class StageRule:
    """A row of `crm.stage_rules`, without its tenant.

    Attributes:
        subject, due_in_days: of the task that CREATE_TASK makes.
        assignee_id: whom ASSIGN gives the lead to.
    """

    id: UUID
    stage_id: UUID
    action: StageAction
    subject: str | None
    due_in_days: int | None
    assignee_id: UUID | None
    created_at: datetime
    updated_at: datetime


def new_rule(
    rule_id: UUID,
    stage_id: UUID,
    action: StageAction,
    now: datetime,
    *,
    subject: str | None = None,
    due_in_days: int | None = None,
    assignee_id: UUID | None = None,
) -> StageRule:
    """A rule.

    Raises:
        InvalidValue: it lacks what its action needs, or has what it does not.
    """
    if action is StageAction.CREATE_TASK:
        subject = required_text("subject", subject or "", 200)
        due_in_days = 0 if due_in_days is None else due_in_days
        if not 0 <= due_in_days <= _MAX_DAYS:
            raise InvalidValue("dueInDays", f"must be from 0 to {_MAX_DAYS}")
    elif subject is not None or due_in_days is not None:
        raise InvalidValue("subject" if subject is not None else "dueInDays", "is for CREATE_TASK alone")
    if (action is StageAction.ASSIGN) != (assignee_id is not None):
        needed = "is needed" if assignee_id is None else "is for ASSIGN alone"
        raise InvalidValue("assigneeId", needed)
    return StageRule(rule_id, stage_id, action, subject, due_in_days, assignee_id, now, now)


def task_of(rule: StageRule, task_id: UUID, lead: Lead, now: datetime) -> Activity:
    """The task that a rule makes for a lead, to be done by whoever it is assigned to."""
    assert rule.subject is not None
    return log_activity(
        task_id,
        ActivityKind.TASK,
        rule.subject,
        now,
        lead_id=lead.id,
        actor_id=lead.assignee_id,
        occurs_at=now + timedelta(days=rule.due_in_days or 0),
        completed=False,
    )
