"""Moderation of reviews: what users report, and what moderators decide.

A hidden review is shown to its author and to moderators alone, and counts nowhere. Nothing is deleted: another decision
brings it back.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Final

from subgraphs.directory.domain.errors import InvalidReview

__all__ = ["MAX_OPEN_REPORTS", "ModerationDecision", "ReportReason", "Ruling", "checked_note"]

MAX_OPEN_REPORTS: Final = 50
"""How many reports of one user can wait for a decision."""

_MAX_NOTE: Final = 1000


class ReportReason(Enum):
    """What is wrong with a review."""

    SPAM = "spam"
    OFFENSIVE = "offensive"
    OFF_TOPIC = "off_topic"
    CONFLICT = "conflict"
    PRIVACY = "privacy"
    OTHER = "other"


class ModerationDecision(Enum):
    """What becomes of a review."""

    HIDE = "hide"
    SHOW = "show"


@dataclass(frozen=True, slots=True)
class Ruling:
    """A decision with its reason; checked when it is made.

    Raises:
        InvalidReview: a decision to hide lacks a reason, or the reason is too long.
    """

    decision: ModerationDecision
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", checked_note(self.reason, "reason"))
        if self.decision is ModerationDecision.HIDE and not self.reason:
            raise InvalidReview("Who hides a review says why.", path=("reason",))


def checked_note(text: str, field: str) -> str:
    """A note without blanks around it.

    Raises:
        InvalidReview: it is too long, or cannot be stored.
    """
    note = text.strip()
    if len(note) > _MAX_NOTE or "\0" in note or any("\ud800" <= character <= "\udfff" for character in note):
        raise InvalidReview(f"A note has at most {_MAX_NOTE} characters that can be stored.", path=(field,))
    return note
