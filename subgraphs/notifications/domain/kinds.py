"""The kinds of notifications: what is told, by what, and whether one may do without."""

from dataclasses import dataclass
from enum import Enum
from typing import Final

__all__ = ["KINDS", "Kind", "NotificationChannel", "NotificationKind", "Secret"]


class NotificationKind(Enum):
    """What a person is told."""

    CLAIM_CODE = "claim_code"
    INVITATION = "invitation"
    TASK_DUE = "task_due"
    BACK_IN_STOCK = "back_in_stock"
    REVIEW_POSTED = "review_posted"
    REVIEW_HIDDEN = "review_hidden"
    BUSINESS_CLAIMED = "business_claimed"
    OWNERSHIP_ENDED = "ownership_ended"
    APPROVAL_WAITING = "approval_waiting"


class NotificationChannel(Enum):
    """By what a person is reached."""

    IN_APP = "in_app"
    EMAIL = "email"
    SMS = "sms"


class Secret(Enum):
    """What a message brings that nobody else may learn. Its context makes it when the message is sent."""

    CLAIM_CODE = "claim_code"
    INVITATION_TOKEN = "invitation_token"  # noqa: S105 - the name of one


@dataclass(frozen=True, slots=True)
class Kind:
    """How a kind is told.

    Attributes:
        placeholders: what its texts may ask for, besides `tenantUrl`.
        secret: what its texts bring, as the placeholder `code`.
        is_transactional: asked for by whoever gets it: it cannot be turned off, and goes before all others.
        by_email: whether a member gets a mail, besides what is shown in the application, unless they turn it off.
    """

    placeholders: tuple[str, ...]
    secret: Secret | None = None
    is_transactional: bool = False
    by_email: bool = True


KINDS: Final = {
    NotificationKind.CLAIM_CODE: Kind(("business", "minutes"), Secret.CLAIM_CODE, is_transactional=True),
    NotificationKind.INVITATION: Kind(("organisation", "role", "days"), Secret.INVITATION_TOKEN, is_transactional=True),
    NotificationKind.TASK_DUE: Kind(("title", "dueAt")),
    NotificationKind.BACK_IN_STOCK: Kind(("variant",)),
    NotificationKind.REVIEW_POSTED: Kind(("business", "rating", "title")),
    NotificationKind.REVIEW_HIDDEN: Kind(("reason",)),
    NotificationKind.BUSINESS_CLAIMED: Kind(("business",)),
    NotificationKind.OWNERSHIP_ENDED: Kind(("business", "reason")),
    NotificationKind.APPROVAL_WAITING: Kind(("crew", "actions")),
}
