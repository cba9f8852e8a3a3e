"""What editors write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

__all__ = ["Draft"]


@dataclass(frozen=True, slots=True)
class Draft:
    """What an editor has written; None: as it was.

    Attributes:
        body: blocks as Wagtail stores them.
    """

    title: str | None = None
    slug: str | None = None
    intro: str | None = None
    seo_title: str | None = None
    search_description: str | None = None
    image_id: int | None = None
    body: Sequence[Mapping[str, Any]] | None = None
    day: date | None = None
    tags: Sequence[str] | None = None
    authors: Sequence[str] | None = None
