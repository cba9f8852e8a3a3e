"""Contacts that are one person: how likely two are, and what becomes of them when somebody says so."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from uuid import UUID

from subgraphs.crm.domain.contacts import Contact
from subgraphs.crm.domain.errors import InvalidValue

__all__ = [
    "LIKELY",
    "Duplicate",
    "DuplicateReason",
    "MergedContact",
    "judge",
    "merged",
    "normalised_phone",
]

LIKELY = 0.5
"""From this score on two contacts are suggested as one."""


class DuplicateReason(Enum):
    """Why two contacts may be one person."""

    SAME_EMAIL = "same_email"
    SAME_PHONE = "same_phone"
    SIMILAR_NAME = "similar_name"
    SAME_COMPANY = "same_company"


# What each is worth; the sum is cut at 1. A similar name alone is no reason: there are two people of most names.
_WORTH = {
    DuplicateReason.SAME_EMAIL: 0.8,
    DuplicateReason.SAME_PHONE: 0.5,
    DuplicateReason.SIMILAR_NAME: 0.4,
    DuplicateReason.SAME_COMPANY: 0.2,
}
_SIMILAR = 0.6


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A contact that may be the same person as another.

    Attributes:
        score: how likely, from `LIKELY` to 1.
    """

    contact: Contact
    score: float
    reasons: tuple[DuplicateReason, ...]


@dataclass(frozen=True, slots=True)
class MergedContact:
    """A row of `crm.merged_contacts`, without its tenant: a contact that is another one now.

    Attributes:
        from_id: which it was.
        into_id: which it is.
        email_key: its address in lower case, by which it is still known.
        merged_by: the user who said so.
    """

    id: UUID
    from_id: UUID
    into_id: UUID
    name: str
    email_key: str | None
    merged_by: UUID | None
    created_at: datetime
    updated_at: datetime


def normalised_phone(phone: str | None) -> str | None:
    """The digits of a number from its country on, as far as they can be told; None if there are too few to compare."""
    if phone is None:
        return None
    digits = re.sub(r"\D", "", phone.replace("(0)", ""))
    digits = digits.removeprefix("00") if not phone.strip().startswith("+") else digits
    return digits if len(digits) >= 7 else None


def judge(
    contact: Contact, *, same_email: bool, name_similarity: float, same_company: bool, same_phone: bool
) -> Duplicate | None:
    """The suggestion that these facts make, or None if they make none.

    Args:
        name_similarity: of trigrams, from 0 to 1.
    """
    facts = {
        DuplicateReason.SAME_EMAIL: same_email,
        DuplicateReason.SAME_PHONE: same_phone,
        DuplicateReason.SIMILAR_NAME: name_similarity >= _SIMILAR,
        DuplicateReason.SAME_COMPANY: same_company,
    }
    reasons = tuple(reason for reason, holds in facts.items() if holds)
    score = min(1.0, round(sum(_WORTH[reason] for reason in reasons), 2))
    return Duplicate(contact, score, reasons) if score >= LIKELY else None


def merged(kept: Contact, other: Contact, now: datetime) -> Contact:
    """The contact that two become: `kept`, with what it lacks from `other`; one version on.

    Raises:
        InvalidValue: they are one already.
    """
    if kept.id == other.id:
        raise InvalidValue("otherId", "must be another contact")
    lacking = {
        name: getattr(other, name)
        for name in ("email", "phone", "company", "job_title", "owner_id", "business_id")
        if getattr(kept, name) is None
    }
    return replace(kept, **lacking, version=kept.version + 1, updated_at=now)
