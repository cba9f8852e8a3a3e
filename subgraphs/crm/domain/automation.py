"""What happens by itself when a lead enters a stage: rules, which are data."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from subgraphs.crm.domain.errors import InvalidValue
from subgraphs.crm.domain.leads import Lead
from subgraphs.crm.domain.tasks import CrmTask, new_task
from subgraphs.crm.domain.values import required_text

__all__ = ["MAX_RULES", "MOST_IN_TURN", "StageAction", "StageRule", "new_rule", "task_of"]

MAX_RULES = 20
"""Of one stage."""

MOST_IN_TURN = 50

_MAX_DAYS = 365


class StageAction(Enum):
    """What a rule does."""

    CREATE_TASK = "create_task"
    ASSIGN = "assign"
    ASSIGN_IN_TURN = "assign_in_turn"
    NOTIFY = "notify"


@dataclass(frozen=True, slots=True)
class StageRule:
    """A row of `crm.stage_rules`, without its tenant.

    Attributes:
        subject, due_in_days: of the task that CREATE_TASK makes.
        assignee_id: whom ASSIGN gives the lead to.
        assignee_ids: whom ASSIGN_IN_TURN gives leads to, one after another.
    """

    id: UUID
    stage_id: UUID
    action: StageAction
    subject: str | None
    due_in_days: int | None
    assignee_id: UUID | None
    assignee_ids: tuple[UUID, ...] | None
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
    assignee_ids: Sequence[UUID] | None = None,
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
    if (action is StageAction.ASSIGN_IN_TURN) != (assignee_ids is not None):
        needed = "are needed" if assignee_ids is None else "are for ASSIGN_IN_TURN alone"
        raise InvalidValue("assigneeIds", needed)
    turns = None if assignee_ids is None else tuple(dict.fromkeys(assignee_ids))
    if turns is not None and not 1 <= len(turns) <= MOST_IN_TURN:
        raise InvalidValue("assigneeIds", f"must be from 1 to {MOST_IN_TURN}")
    return StageRule(rule_id, stage_id, action, subject, due_in_days, assignee_id, turns, now, now)


def task_of(rule: StageRule, task_id: UUID, lead: Lead, now: datetime) -> CrmTask:
    """The task that a rule makes for a lead, to be done by whoever it is assigned to."""
    assert rule.subject is not None
    due_at = now + timedelta(days=rule.due_in_days or 0)
    return new_task(task_id, rule.subject, now, lead_id=lead.id, assignee_id=lead.assignee_id, due_at=due_at)
