"""Photos of a listing: how many, in which sizes, and what is said of them.

A photo is shown to all once it is there; a moderator can hide it, as a review, and show it again. A hidden one is seen
by those alone who act for the listing. What was sent is not kept: `resolvers.images` writes each size anew.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final
from uuid import UUID

from subgraphs.directory.domain.errors import InvalidPhoto

__all__ = [
    "MAX_PHOTOS",
    "SIDES",
    "PhotoDecision",
    "PhotoRuling",
    "PhotoSize",
    "checked_alt_text",
    "checked_order",
    "new_key",
    "photo_path",
]

MAX_PHOTOS: Final = 20
_MAX_ALT_TEXT: Final = 300
_MAX_REASON: Final = 1000


class PhotoSize(Enum):
    """A rendition of a photo."""

    THUMBNAIL = "thumbnail"
    LARGE = "large"


SIDES: Final = {PhotoSize.THUMBNAIL: 400, PhotoSize.LARGE: 1600}
"""The longest side of each, pixels."""


class PhotoDecision(Enum):
    """What becomes of a photo."""

    HIDE = "hide"
    SHOW = "show"


@dataclass(frozen=True, slots=True)
class PhotoRuling:
    """A decision about a photo with its reason; checked when it is made.

    Raises:
        InvalidPhoto: a decision to hide lacks a reason, or the reason is too long.
    """

    decision: PhotoDecision
    reason: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", _text(self.reason, "reason", _MAX_REASON))
        if self.decision is PhotoDecision.HIDE and not self.reason:
            raise InvalidPhoto("Who hides a photo says why.", path=("reason",))


def checked_alt_text(text: str) -> str:
    """What a photo shows, in words, for who does not see it; needed.

    Raises:
        InvalidPhoto: there is none, or it is too long.
    """
    said = _text(text, "altText", _MAX_ALT_TEXT)
    if not said:
        raise InvalidPhoto("Say what the photo shows, for those who do not see it.", path=("altText",))
    return said


def checked_order(wanted: Sequence[UUID], present: Collection[UUID]) -> list[UUID]:
    """All photos of a listing, in another order.

    Raises:
        InvalidPhoto: one is missing, named twice, or another listing's.
    """
    if len(wanted) != len(present) or set(wanted) != set(present):
        raise InvalidPhoto("Name each photo of the listing once, hidden ones too.", path=("photoIds",))
    return list(wanted)


def new_key() -> str:
    """What nobody guesses: the part of a photo's address that changes when the photo is hidden."""
    return secrets.token_urlsafe(16)


def photo_path(tenant_id: UUID, photo_id: UUID, key: str, size: PhotoSize) -> str:
    """Where a rendition is served: below the Brain's address, and the directory's."""
    return f"/directory/photos/{tenant_id}/{photo_id}/{key}/{size.value}.webp"


def _text(text: str, field: str, most: int) -> str:
    said = text.strip()
    if len(said) > most or "\0" in said or any("\ud800" <= character <= "\udfff" for character in said):
        raise InvalidPhoto(f"It has at most {most} characters that can be stored.", path=(field,))
    return said
