"""What notifications listens to: each event that somebody ought to be told about."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from resolvers.events.envelope import About as Event
from resolvers.events.subscriptions import subscribe
from resolvers.session import TenantSession
from subgraphs.notifications.domain.kinds import NotificationChannel, NotificationKind
from subgraphs.notifications.repository import people
from subgraphs.notifications.usecases import delivering
from subgraphs.notifications.usecases.telling import About, tell_address, tell_members

__all__ = [
    "note_confirmed_member",
    "note_connection",
    "note_member",
    "note_member_removed",
    "note_role",
    "send_claim_code",
    "send_invitation",
    "tell_of_approval",
    "tell_of_business_claimed",
    "tell_of_due_task",
    "tell_of_hidden_review",
    "tell_of_ownership_ended",
    "tell_of_review",
    "tell_of_stock",
]

_TRANSFER: Final = "transferred"
_CONNECTED: Final = "connected"
_DECIDE: Final = ("owner", "manager")
"""Roles of those who decide about what agents propose."""
_MOST_TOLD: Final = 100
_MOMENT: Final = "%Y-%m-%d %H:%M UTC"


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody belongs to the tenant."""

    user_id: UUID
    role: str
    joined_at: datetime


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Somebody belongs to the tenant still."""

    user_id: UUID
    role: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class RoleChange:
    """A member has another role."""

    user_id: UUID
    role: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Removed:
    """Somebody is no member any more."""

    user_id: UUID
    removed_at: datetime


@dataclass(frozen=True, slots=True)
class PostedReview:
    """Somebody's business was reviewed."""

    review_id: UUID
    business_name: str
    author_id: UUID
    rating: int
    title: str
    owner_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class ModeratedReview:
    """A moderator has decided about a review."""

    review_id: UUID
    author_id: UUID
    is_hidden: bool
    reason: str


@dataclass(frozen=True, slots=True)
class ClaimedBusiness:
    """A listing has an owner."""

    business_id: UUID
    business_name: str
    owner_id: UUID


@dataclass(frozen=True, slots=True)
class EndedOwnership:
    """A listing has the owner no more."""

    business_id: UUID
    business_name: str
    owner_id: UUID
    how: str
    reason: str


@dataclass(frozen=True, slots=True)
class RequestedCode:
    """A code is to be sent to a business that somebody claims."""

    claim_id: UUID
    business_name: str
    channel: str
    address: str
    minutes: int
    send_until: datetime
    locale: str | None


@dataclass(frozen=True, slots=True)
class DueTask:
    """Something is to be done, and is not."""

    task_id: UUID
    title: str
    assignee_id: UUID | None
    created_by: UUID | None
    due_at: datetime


@dataclass(frozen=True, slots=True)
class RequestedApproval:
    """A run waits for a decision."""

    run_id: UUID
    crew: str
    actions: int


@dataclass(frozen=True, slots=True)
class CheckedIntegration:
    """It is known how a connection is."""

    integration: str
    state: str


@dataclass(frozen=True, slots=True)
class MadeInvitation:
    """Somebody is invited."""

    invitation_id: UUID
    organisation: str
    role: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class BackInStock:
    """What users wait for can be had again."""

    variant_id: str
    user_ids: tuple[UUID, ...]


@subscribe("identity.member_joined", version=1)
async def note_member(session: TenantSession, joined: Joined, _: Event) -> None:
    """Somebody may be told what those with their role are told."""
    await people.note_member(session, joined.user_id, joined.role, joined.joined_at, is_member=True)


@subscribe("identity.member_confirmed", version=1)
async def note_confirmed_member(session: TenantSession, confirmed: Confirmed, _: Event) -> None:
    """Somebody who joined before notifications listened may be told what those with their role are told."""
    await people.note_member(session, confirmed.user_id, confirmed.role, confirmed.changed_at, is_member=True)


@subscribe("identity.role_changed", version=1)
async def note_role(session: TenantSession, changed: RoleChange, _: Event) -> None:
    """A member is told what those with the new role are told."""
    await people.note_role(session, changed.user_id, changed.role, changed.changed_at)


@subscribe("identity.member_removed", version=1)
async def note_member_removed(session: TenantSession, removed: Removed, _: Event) -> None:
    """Somebody is told nothing any more, and what they wanted is forgotten."""
    await people.note_member(session, removed.user_id, "", removed.removed_at, is_member=False)
    await people.forget_preferences(session, removed.user_id)


@subscribe("directory.review_posted", version=1)
async def tell_of_review(session: TenantSession, review: PostedReview, event: Event) -> None:
    """The owner of the business is told, unless it is their own review."""
    if review.owner_id is not None and review.owner_id != review.author_id:
        values = {"business": review.business_name, "rating": str(review.rating), "title": review.title}
        about = About(event.id, "review", str(review.review_id))
        await tell_members(session, NotificationKind.REVIEW_POSTED, about, [review.owner_id], values)


@subscribe("directory.review_moderated", version=1)
async def tell_of_hidden_review(session: TenantSession, review: ModeratedReview, event: Event) -> None:
    """Whoever wrote it is told that it is hidden."""
    if review.is_hidden:
        about = About(event.id, "review", str(review.review_id))
        values = {"reason": review.reason}
        await tell_members(session, NotificationKind.REVIEW_HIDDEN, about, [review.author_id], values)


@subscribe("directory.business_claimed", version=1)
async def tell_of_business_claimed(session: TenantSession, claimed: ClaimedBusiness, event: Event) -> None:
    """The new owner is told."""
    about = About(event.id, "business", str(claimed.business_id))
    values = {"business": claimed.business_name}
    await tell_members(session, NotificationKind.BUSINESS_CLAIMED, about, [claimed.owner_id], values)


@subscribe("directory.ownership_ended", version=1)
async def tell_of_ownership_ended(session: TenantSession, ended: EndedOwnership, event: Event) -> None:
    """Whoever was the owner is told, unless they gave it away themselves."""
    if ended.how != _TRANSFER:
        about = About(event.id, "business", str(ended.business_id))
        values = {"business": ended.business_name, "reason": ended.reason}
        await tell_members(session, NotificationKind.OWNERSHIP_ENDED, about, [ended.owner_id], values)


@subscribe("directory.claim_code_requested", version=1)
async def send_claim_code(session: TenantSession, asked: RequestedCode, event: Event) -> None:
    """The business is sent the code, which is made then."""
    channel = NotificationChannel.SMS if asked.channel == "phone" else NotificationChannel.EMAIL
    await tell_address(
        session,
        NotificationKind.CLAIM_CODE,
        About(event.id, "claim", str(asked.claim_id)),
        channel,
        asked.address,
        {"business": asked.business_name, "minutes": str(asked.minutes)},
        locale=asked.locale,
        expires_at=asked.send_until,
    )


@subscribe("crm.task_due", version=1)
async def tell_of_due_task(session: TenantSession, task: DueTask, event: Event) -> None:
    """Whoever is to do it is told; if that is nobody yet, whoever made it."""
    person = task.assignee_id or task.created_by
    if person is not None:
        values = {"title": task.title, "dueAt": task.due_at.astimezone(UTC).strftime(_MOMENT)}
        about = About(event.id, "task", str(task.task_id))
        await tell_members(session, NotificationKind.TASK_DUE, about, [person], values)


@subscribe("agents.approval_requested", version=1)
async def tell_of_approval(session: TenantSession, asked: RequestedApproval, event: Event) -> None:
    """Those who may decide are told."""
    deciders = await people.members_with_roles(session, _DECIDE, _MOST_TOLD)
    values = {"crew": asked.crew, "actions": str(asked.actions)}
    about = About(event.id, "run", str(asked.run_id))
    await tell_members(session, NotificationKind.APPROVAL_WAITING, about, deciders, values)


@subscribe("agents.integration_checked", version=1)
async def note_connection(session: TenantSession, checked: CheckedIntegration, _: Event) -> None:
    """What waited for an integration is sent when it is connected."""
    if checked.state == _CONNECTED:
        await delivering.connected(session, checked.integration)


@subscribe("identity.invitation_made", version=1)
async def send_invitation(session: TenantSession, made: MadeInvitation, event: Event) -> None:
    """Whoever is invited is sent a token, which is made then; identity knows the address."""
    days = max(1, round((made.expires_at - event.at) / timedelta(days=1)))
    await tell_address(
        session,
        NotificationKind.INVITATION,
        About(event.id, "invitation", str(made.invitation_id)),
        NotificationChannel.EMAIL,
        None,
        {"organisation": made.organisation, "role": made.role, "days": str(days)},
        expires_at=made.expires_at,
    )


@subscribe("storefront.variant_back_in_stock", version=1)
async def tell_of_stock(session: TenantSession, back: BackInStock, event: Event) -> None:
    """All who waited for it are told."""
    about = About(event.id, "variant", back.variant_id)
    await tell_members(session, NotificationKind.BACK_IN_STOCK, about, back.user_ids, {"variant": back.variant_id})
