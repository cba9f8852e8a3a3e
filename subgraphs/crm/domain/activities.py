"""Activities: what was done about a lead or a contact, or is planned."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from subgraphs.crm.domain.errors import ActivityAlreadyCompleted, InvalidValue
from subgraphs.crm.domain.values import ActivityKind, checked_moment, optional_text, required_text

__all__ = ["Activity", "complete", "log_activity"]


@dataclass(frozen=True, slots=True)
class Activity:
    """A row of `crm.activities`, without its tenant. Exactly one of `lead_id` and `contact_id` is set.

    Attributes:
        occurs_at: when it took place, or is due.
        completed_at: when it was done; none while it is still to do.
    """

    id: UUID
    kind: ActivityKind
    subject: str
    body: str | None
    lead_id: UUID | None
    contact_id: UUID | None
    actor_id: UUID | None
    occurs_at: datetime
    completed_at: datetime | None
    created_at: datetime
    updated_at: datetime


def log_activity(
    activity_id: UUID,
    kind: ActivityKind,
    subject: str,
    now: datetime,
    *,
    body: str | None = None,
    lead_id: UUID | None = None,
    contact_id: UUID | None = None,
    actor_id: UUID | None = None,
    occurs_at: datetime | None = None,
    completed: bool | None = None,
) -> Activity:
    """An activity: done if it lies in the past or now, still to do if in the future, unless `completed` says so.

    Raises:
        InvalidValue: not exactly one of lead and contact; done in the future; a note still to do; or a text that
            breaks its rule.
    """
    if (lead_id is None) == (contact_id is None):
        raise InvalidValue("leadId", "or contactId must be given, and not both")
    at = checked_moment("occursAt", occurs_at) if occurs_at is not None else now
    done = completed if completed is not None else at <= now
    if done and at > now:
        raise InvalidValue("occursAt", "lies in the future, so the activity cannot be completed")
    if kind is ActivityKind.NOTE and not done:
        raise InvalidValue("completed", "must be true for a note: there is nothing to do about it")
    return Activity(
        id=activity_id,
        kind=kind,
        subject=required_text("subject", subject, 200),
        body=optional_text("body", body, 5000),
        lead_id=lead_id,
        contact_id=contact_id,
        actor_id=actor_id,
        occurs_at=at,
        completed_at=at if done else None,
        created_at=now,
        updated_at=now,
    )


def complete(activity: Activity, now: datetime) -> Activity:
    """The activity, done now.

    Raises:
        ActivityAlreadyCompleted: it is done.
    """
    if activity.completed_at is not None:
        raise ActivityAlreadyCompleted
    return replace(activity, completed_at=now, updated_at=now)
