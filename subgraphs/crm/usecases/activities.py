"""Activities: logged or planned, and completed."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

from resolvers.session import TenantSession
from subgraphs.crm import domain
from subgraphs.crm.domain import Activity, ActivityKind
from subgraphs.crm.domain.errors import ActivityNotFound
from subgraphs.crm.repository import activities

__all__ = ["complete_activity", "log_activity"]


async def log_activity(
    session: TenantSession,
    kind: ActivityKind,
    subject: str,
    *,
    body: str | None = None,
    lead_id: UUID | None = None,
    contact_id: UUID | None = None,
    occurs_at: datetime | None = None,
    completed: bool | None = None,
) -> Activity:
    """A new activity of the caller."""
    activity = domain.log_activity(
        uuid4(),
        kind,
        subject,
        datetime.now(UTC),
        body=body,
        lead_id=lead_id,
        contact_id=contact_id,
        actor_id=session.context.user_id,
        occurs_at=occurs_at,
        completed=completed,
    )
    await activities.add_activity(session, activity)
    return activity


async def complete_activity(session: TenantSession, activity_id: UUID) -> Activity:
    """The activity, done now."""
    activity = await activities.activity_for_update(session, activity_id)
    if activity is None:
        raise ActivityNotFound
    done = domain.complete(activity, datetime.now(UTC))
    await activities.change_activity(session, done)
    return done
