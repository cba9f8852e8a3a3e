"""Batch functions for `info.context.load`: one statement for all keys of a level of the query."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from resolvers.pagination import Page, Window
from resolvers.session import TenantSession
from subgraphs.content.domain.forms import Form
from subgraphs.content.domain.images import Image
from subgraphs.content.domain.pages import PageDetails, PageSummary
from subgraphs.content.domain.revisions import Revision
from subgraphs.content.repository import details, navigation, pages
from subgraphs.content.repository import forms as sent
from subgraphs.content.repository import revisions as saved
from subgraphs.content.repository.details import AuthorRow
from subgraphs.content.repository.forms import Entry
from subgraphs.content.repository.navigation import MenuLink

__all__ = [
    "author_by_id",
    "authors",
    "children",
    "documents",
    "entries",
    "entry_count",
    "forms",
    "images",
    "menu_links",
    "page_by_id",
    "page_details",
    "page_in",
    "parents",
    "planned",
    "previous_revision",
    "revision_by_id",
    "revision_count",
    "revision_details",
    "revisions",
    "tag_name",
    "tags",
    "translations",
]


async def page_by_id(session: TenantSession, keys: list[int], drafts: bool) -> Sequence[PageSummary | None]:
    """The page of each id; with `drafts` also those that only editors may see."""
    return await pages.find_pages(session, keys, drafts=drafts)


async def page_details(session: TenantSession, keys: list[int], newest: bool) -> Sequence[PageDetails | None]:
    """What is on each page, or in its newest draft."""
    return await (details.newest_details if newest else details.live_details)(session, keys)


async def revision_details(session: TenantSession, keys: list[int]) -> Sequence[PageDetails | None]:
    """What each revision has."""
    return await details.revision_details(session, keys)


async def revision_by_id(session: TenantSession, keys: list[int]) -> Sequence[Revision | None]:
    """The revision of each id."""
    return await saved.find_revisions(session, keys)


async def previous_revision(session: TenantSession, keys: list[int]) -> Sequence[int | None]:
    """The number of the one before each revision."""
    return await saved.previous_of(session, keys)


async def revisions(session: TenantSession, keys: list[int], window: Window) -> Sequence[Page[Revision]]:
    """Each page's revisions."""
    return await saved.revisions_of(session, keys, window)


async def planned(session: TenantSession, keys: list[int]) -> Sequence[datetime | None]:
    """When what was planned for each page will be there."""
    return await saved.planned_of(session, keys)


async def entries(session: TenantSession, keys: list[int], window: Window) -> Sequence[Page[Entry]]:
    """What was sent to each form."""
    return await sent.entries_of(session, keys, window)


async def entry_count(session: TenantSession, keys: list[int]) -> Sequence[int]:
    """How much was sent to each form."""
    return await sent.count_entries(session, keys)


async def revision_count(session: TenantSession, keys: list[int]) -> Sequence[int]:
    """How many revisions each page has."""
    return await saved.count_revisions(session, keys)


async def children(
    session: TenantSession, keys: list[str], arguments: tuple[Window, bool]
) -> Sequence[Page[PageSummary]]:
    """The pages right below each place."""
    window, drafts = arguments
    return await pages.children_of(session, keys, window, drafts=drafts)


async def parents(session: TenantSession, keys: list[str], drafts: bool) -> Sequence[PageSummary | None]:
    """The page right above each place."""
    return await pages.parents_of(session, keys, drafts=drafts)


async def translations(session: TenantSession, keys: list[UUID], drafts: bool) -> Sequence[Sequence[PageSummary]]:
    """The pages of each group of translations."""
    return await pages.translations_of(session, keys, drafts=drafts)


async def page_in(session: TenantSession, keys: list[int], locale: str) -> Sequence[PageSummary | None]:
    """The translation of each page into a language."""
    return await pages.in_language(session, keys, locale)


async def tags(session: TenantSession, keys: list[int]) -> Sequence[Sequence[str]]:
    """Each article's tags."""
    return await details.tags_of(session, keys)


async def authors(session: TenantSession, keys: list[int]) -> Sequence[Sequence[AuthorRow]]:
    """Each article's authors."""
    return await details.authors_of(session, keys)


async def tag_name(session: TenantSession, keys: list[int]) -> Sequence[str | None]:
    """The name of each tag."""
    return await details.tag_names(session, keys)


async def author_by_id(session: TenantSession, keys: list[int]) -> Sequence[AuthorRow | None]:
    """The author of each id."""
    return await details.authors_by_id(session, keys)


async def images(session: TenantSession, keys: list[int]) -> Sequence[Image | None]:
    """The image of each id."""
    return await details.find_images(session, keys)


async def documents(session: TenantSession, keys: list[int]) -> Sequence[str | None]:
    """The file's name of each document."""
    return await details.find_documents(session, keys)


async def forms(session: TenantSession, keys: list[int]) -> Sequence[Form | None]:
    """The form of each page that is one."""
    return await details.forms_of(session, keys)


async def menu_links(session: TenantSession, keys: list[int]) -> Sequence[Sequence[MenuLink]]:
    """The links of each menu."""
    return await navigation.links_of(session, keys)
