"""Pages of the tree, as visitors and as editors see them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Row, Select, Text, cast, column, exists, func, literal, or_, select
from sqlalchemy import table as plain_table

from resolvers.loaders import aligned
from resolvers.pagination import Key, Ordering, Page, Window, fetch_page, fetch_pages
from resolvers.session import TenantSession
from subgraphs.content.domain.pages import KINDS, PageFilter, PageSummary, url_path_within
from subgraphs.content.repository.visible import public
from subgraphs.content.tables import table

__all__ = [
    "BEST",
    "BY_PLACE",
    "NEWEST",
    "children_of",
    "count_found",
    "count_pages",
    "find_pages",
    "in_language",
    "page_at",
    "page_of_pages",
    "parents_of",
    "search_pages",
    "translations_of",
]

_page = table("wagtailcore_page")
_locale = table("wagtailcore_locale")
_kind = plain_table("django_content_type", column("id", Integer), column("model", Text), schema="content")
_entry = table("wagtailsearch_indexentry")
_STEP = 4  # characters of a place for each step down the tree

NEWEST = Ordering("NEWEST", Key(_page.c.first_published_at, descending=True), Key(_page.c.id, descending=True))
BY_PLACE = Ordering("PLACE", Key(_page.c.path), Key(_page.c.id))

_COLUMNS = (
    _page.c.id,
    _kind.c.model,
    _page.c.title,
    _page.c.slug,
    _page.c.path,
    _page.c.url_path,
    _locale.c.language_code,
    _page.c.live,
    _page.c.has_unpublished_changes,
    _page.c.first_published_at,
    _page.c.last_published_at,
    _page.c.latest_revision_created_at,
    _page.c.expire_at,
    _page.c.seo_title,
    _page.c.search_description,
    func.coalesce(_page.c.latest_revision_id, 0).label("version"),
    _page.c.translation_key,
)


def _pages(*, drafts: bool) -> Select[Any]:
    """All of the tenant's pages but the root; without `drafts` those alone that everybody may see now."""
    statement = (
        select(*_COLUMNS)
        .join(_kind, _kind.c.id == _page.c.content_type_id)
        .join(_locale, _locale.c.id == _page.c.locale_id)
        .where(_page.c.depth > 1)
    )
    return statement if drafts else statement.where(*public(_page))


def _matching(wanted: PageFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.kind is not None:
        found.append(_kind.c.model == next(model for model, kind in KINDS.items() if kind is wanted.kind))
    if wanted.locale is not None:
        found.append(_locale.c.language_code == wanted.locale)
    if wanted.parent is not None:
        above = _page.alias("above")
        found.append(
            exists(
                select(literal(1)).where(
                    above.c.id == wanted.parent,
                    func.starts_with(_page.c.path, above.c.path),
                    _page.c.depth == above.c.depth + 1,
                )
            )
        )
    if wanted.tag is not None:
        tagged, tag = table("cms_articletag"), table("taggit_tag")
        found.append(
            exists(
                select(literal(1))
                .select_from(tagged.join(tag, tag.c.id == tagged.c.tag_id))
                .where(
                    tagged.c.content_object_id == _page.c.id, or_(tag.c.slug == wanted.tag, tag.c.name == wanted.tag)
                )
            )
        )
    if wanted.author is not None:
        written, author = table("cms_articlepage_authors"), table("cms_author")
        found.append(
            exists(
                select(literal(1))
                .select_from(written.join(author, author.c.id == written.c.author_id))
                .where(written.c.articlepage_id == _page.c.id, author.c.slug == wanted.author)
            )
        )
    return found


async def find_pages(session: TenantSession, ids: Sequence[int], *, drafts: bool) -> list[PageSummary | None]:
    """The page of each id, in their order. One statement."""
    rows = await session.rows(_pages(drafts=drafts).where(_page.c.id.in_(ids)))
    return aligned(ids, {row.id: _summary(row) for row in rows})


async def page_at(session: TenantSession, path: str, locale: str, *, drafts: bool) -> PageSummary | None:
    """The page at `path` on the site of a language. One statement."""
    home = _page.alias("home")
    start = (
        select(home.c.url_path)
        .join(_locale, _locale.c.id == home.c.locale_id)
        .where(home.c.depth == 2, _locale.c.language_code == locale)
        .order_by(home.c.path)
        .limit(1)
    )
    rest = url_path_within("", path)
    statement = _pages(drafts=drafts).where(_page.c.url_path == start.scalar_subquery().op("||")(literal(rest, Text)))
    row = await session.row(statement)
    return None if row is None else _summary(row)


async def page_of_pages(session: TenantSession, wanted: PageFilter, window: Window) -> Page[PageSummary]:
    """A page of those that match. One statement."""
    statement = _pages(drafts=wanted.drafts).where(*_matching(wanted))
    return _as_summaries(await fetch_page(session, statement, window))


async def count_pages(session: TenantSession, wanted: PageFilter) -> int:
    """How many match."""
    found = _pages(drafts=wanted.drafts).where(*_matching(wanted)).subquery()
    return int(await session.scalar(select(func.count()).select_from(found)))


async def children_of(
    session: TenantSession, places: Sequence[str], window: Window, *, drafts: bool
) -> list[Page[PageSummary]]:
    """A page of those right below each place, in the order of the tree. One statement."""
    parent = func.left(_page.c.path, func.length(_page.c.path) - _STEP, type_=Text)
    pages = await fetch_pages(session, _pages(drafts=drafts), parent, places, window)
    return [_as_summaries(page) for page in pages]


async def parents_of(session: TenantSession, places: Sequence[str], *, drafts: bool) -> list[PageSummary | None]:
    """The page right above each place, if it may be seen. One statement."""
    wanted = {place: place[:-_STEP] for place in places}
    rows = await session.rows(_pages(drafts=drafts).where(_page.c.path.in_(wanted.values())))
    found = {row.path: _summary(row) for row in rows}
    return [found.get(wanted[place]) for place in places]


async def translations_of(
    session: TenantSession, groups: Sequence[UUID], *, drafts: bool
) -> list[Sequence[PageSummary]]:
    """The pages of each group, by language. One statement; there are no more than languages."""
    rows = await session.rows(
        _pages(drafts=drafts).where(_page.c.translation_key.in_(groups)).order_by(_locale.c.language_code)
    )
    found: dict[UUID, list[PageSummary]] = {}
    for row in rows:
        found.setdefault(row.translation_key, []).append(_summary(row))
    return [found.get(group, []) for group in groups]


async def in_language(session: TenantSession, ids: Sequence[int], locale: str) -> list[PageSummary | None]:
    """The translation of each page into a language, if everybody may see it. One statement."""
    original = _page.alias("original")
    rows = await session.rows(
        _pages(drafts=False)
        .add_columns(original.c.id.label("original_id"))
        .join(original, original.c.translation_key == _page.c.translation_key)
        .where(original.c.id.in_(ids), _locale.c.language_code == locale)
    )
    return aligned(ids, {row.original_id: _summary(row) for row in rows})


_RANK = column("rank", Integer)
BEST = Ordering("BEST", Key(_RANK, descending=True, nullable=False), Key(_page.c.id))


async def search_pages(session: TenantSession, text: str, wanted: PageFilter, window: Window) -> Page[PageSummary]:
    """A page of those that have all words of `text`, the best first. One statement over Wagtail's index.

    A rank is a whole number, millionths of PostgreSQL's: cursors hold it without loss.
    """
    found = _found(text, wanted)
    rank = found.selected_columns.rank
    ordering = Ordering(BEST.name, Key(rank, descending=True, nullable=False), Key(_page.c.id))
    within = Window(ordering, window.size, window.backward, window.after, window.before)
    return _as_summaries(await fetch_page(session, found, within))


async def count_found(session: TenantSession, text: str, wanted: PageFilter) -> int:
    """How many have all words of `text`."""
    return int(await session.scalar(select(func.count()).select_from(_found(text, wanted).subquery())))


def _found(text: str, wanted: PageFilter) -> Select[Any]:
    query = func.websearch_to_tsquery("simple", text)
    vector = _entry.c.title.op("||")(_entry.c.body)
    of_type = _kind.alias("of_type")
    ranked = (
        select(
            func.max(cast(func.ts_rank(vector, query) * _entry.c.title_norm * 1_000_000, Integer)).label("rank"),
            _entry.c.object_id.label("object_id"),
        )
        .join(of_type, of_type.c.id == _entry.c.content_type_id)
        .where(of_type.c.model.in_((*KINDS, "page")), vector.op("@@")(query))
        .group_by(_entry.c.object_id)
        .subquery("ranked")
    )
    return (
        _pages(drafts=False)
        .add_columns(ranked.c.rank)
        .join(ranked, ranked.c.object_id == cast(_page.c.id, Text))
        .where(*_matching(wanted))
    )


def _as_summaries(page: Page[Row[Any]]) -> Page[PageSummary]:
    return Page(tuple(_summary(row) for row in page.rows), page.cursors, page.info)


def _summary(row: Row[Any]) -> PageSummary:
    model, *rest = row[1 : len(_COLUMNS)]
    return PageSummary(row[0], KINDS[model], *rest)
