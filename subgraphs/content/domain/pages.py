"""Pages: their kinds, their paths, and what is known of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

__all__ = [
    "KINDS",
    "MAX_BLOCKS",
    "PageDetails",
    "PageFilter",
    "PageKind",
    "PageSummary",
    "public_path",
    "url_path_within",
]

MAX_BLOCKS: Final = 200
"""Of a body."""


class PageKind(StrEnum):
    """What sort of page it is."""

    HOME = "home"
    STANDARD = "standard"
    ARTICLE_INDEX = "article_index"
    ARTICLE = "article"
    FORM = "form"


KINDS: Final = {
    "homepage": PageKind.HOME,
    "standardpage": PageKind.STANDARD,
    "articleindexpage": PageKind.ARTICLE_INDEX,
    "articlepage": PageKind.ARTICLE,
    "formpage": PageKind.FORM,
}
"""By the name of the model."""


@dataclass(frozen=True, slots=True)
class PageSummary:
    """A page in the tree.

    Attributes:
        place: its path in the tree, four characters for each step.
        url_path: with the home page's slug as its first part.
        version: of the newest draft; 0 without one.
        group: what is the same for all translations.
    """

    id: int
    kind: PageKind
    title: str
    slug: str
    place: str
    url_path: str
    locale: str
    live: bool
    has_unpublished_changes: bool
    first_published_at: datetime | None
    last_published_at: datetime | None
    changed_at: datetime | None
    expire_at: datetime | None
    seo_title: str
    search_description: str
    version: int
    group: UUID

    @property
    def path(self) -> str:
        """On the site, from its root."""
        return public_path(self.url_path)


@dataclass(frozen=True, slots=True)
class PageDetails:
    """What is on a page.

    Attributes:
        body: the stream's blocks as Wagtail stores them.
        slug: of a draft, the slug that it will have.
        author_ids, tag_ids: of a draft. None: those in the tables are the page's.
        questions: of a draft of a form, as text.
    """

    title: str
    seo_title: str
    search_description: str
    intro: str = ""
    image_id: int | None = None
    body: Sequence[Mapping[str, Any]] = ()
    day: date | None = None
    thanks: str = ""
    slug: str = ""
    author_ids: tuple[int, ...] | None = None
    tag_ids: tuple[int, ...] | None = None
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PageFilter:
    """Which pages of a list are wanted."""

    kind: PageKind | None = None
    locale: str | None = None
    tag: str | None = None
    author: str | None = None
    parent: int | None = None
    drafts: bool = field(default=False)


def public_path(url_path: str) -> str:
    """The path from the site's root, from that of the tree, whose first part is the home page."""
    _, _, rest = url_path.strip("/").partition("/")
    return f"/{rest}"


def url_path_within(home: str, path: str) -> str:
    """The path in the tree of what is at `path` on the site that begins at `home`."""
    rest = path.strip("/")
    return f"{home}{rest}/" if rest else home
