"""Revisions of pages, as Wagtail keeps them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Row, Select, Text, cast, func, select
from sqlalchemy import column as plain_column
from sqlalchemy import table as plain_table

from resolvers.loaders import aligned
from resolvers.pagination import Key, Ordering, Page, Window, fetch_pages
from resolvers.session import TenantSession
from subgraphs.content.domain.revisions import Revision, RevisionStatus
from subgraphs.content.tables import table

__all__ = ["LATEST", "count_revisions", "find_revisions", "planned_of", "previous_of", "revisions_of"]

_revision, _page, _editor = table("wagtailcore_revision"), table("wagtailcore_page"), table("cms_editor")
_kind = plain_table(
    "django_content_type",
    plain_column("id", Integer),
    plain_column("app_label", Text),
    plain_column("model", Text),
    schema="content",
)

LATEST = Ordering("LATEST", Key(_revision.c.id, descending=True))


def _is_of_page() -> ColumnElement[bool]:
    """A revision names what it is of by a type and a text."""
    pages = select(_kind.c.id).where(_kind.c.app_label == "wagtailcore", _kind.c.model == "page").scalar_subquery()
    return (_revision.c.base_content_type_id == pages) & (_revision.c.object_id == cast(_page.c.id, Text))


def _revisions() -> Select[Any]:
    return select(
        _revision.c.id,
        _page.c.id.label("page_id"),
        _revision.c.created_at,
        _editor.c.username.label("editor"),
        func.coalesce(_revision.c.content["title"].astext, "").label("title"),
        _revision.c.approved_go_live_at,
        _page.c.latest_revision_id,
        _page.c.live_revision_id,
        _page.c.live,
    ).select_from(_revision.join(_page, _is_of_page()).outerjoin(_editor, _editor.c.id == _revision.c.user_id))


async def revisions_of(session: TenantSession, pages: Sequence[int], window: Window) -> list[Page[Revision]]:
    """A page of each page's revisions, the latest first. One statement."""
    found = await fetch_pages(session, _revisions(), _page.c.id, pages, window)
    return [Page(tuple(_of(row) for row in page.rows), page.cursors, page.info) for page in found]


async def count_revisions(session: TenantSession, pages: Sequence[int]) -> list[int]:
    """How many revisions each page has. One statement."""
    rows = await session.rows(
        select(_page.c.id, func.count().label("number"))
        .select_from(_revision.join(_page, _is_of_page()))
        .where(_page.c.id.in_(pages))
        .group_by(_page.c.id)
    )
    found = {row.id: int(row.number) for row in rows}
    return [found.get(page, 0) for page in pages]


async def find_revisions(session: TenantSession, ids: Sequence[int]) -> list[Revision | None]:
    """The revision of each id. One statement."""
    rows = await session.rows(_revisions().where(_revision.c.id.in_(ids)))
    return aligned(ids, {row.id: _of(row) for row in rows})


async def planned_of(session: TenantSession, pages: Sequence[int]) -> list[datetime | None]:
    """When what was planned for each page will be there for everybody. One statement."""
    rows = await session.rows(
        select(_page.c.id, func.min(_revision.c.approved_go_live_at).label("at"))
        .select_from(_revision.join(_page, _is_of_page()))
        .where(_page.c.id.in_(pages), _revision.c.approved_go_live_at.is_not(None))
        .group_by(_page.c.id)
    )
    return aligned(pages, {row.id: row.at for row in rows})


async def previous_of(session: TenantSession, ids: Sequence[int]) -> list[int | None]:
    """The revision that was saved before each, of the same page. One statement."""
    earlier = _revision.alias("earlier")
    previous = (
        select(func.max(earlier.c.id))
        .where(
            earlier.c.base_content_type_id == _revision.c.base_content_type_id,
            earlier.c.object_id == _revision.c.object_id,
            earlier.c.id < _revision.c.id,
        )
        .scalar_subquery()
    )
    rows = await session.rows(select(_revision.c.id, previous.label("previous")).where(_revision.c.id.in_(ids)))
    return aligned(ids, {row.id: row.previous for row in rows})


def _of(row: Row[Any]) -> Revision:
    if row.live and row.id == row.live_revision_id:
        status = RevisionStatus.LIVE
    elif row.approved_go_live_at is not None:
        status = RevisionStatus.SCHEDULED
    else:
        status = RevisionStatus.DRAFT if row.id == row.latest_revision_id else RevisionStatus.PAST
    return Revision(
        row.id,
        row.page_id,
        row.created_at,
        row.editor,
        row.title,
        status,
        row.id == row.latest_revision_id,
        row.approved_go_live_at,
    )
