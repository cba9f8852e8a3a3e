"""What is on pages: their bodies, and what belongs to kinds of them. Always for many pages at once."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, select

from resolvers.loaders import aligned
from resolvers.session import TenantSession
from subgraphs.content.domain.forms import Form, FormQuestion
from subgraphs.content.domain.images import Image
from subgraphs.content.domain.pages import KINDS, PageDetails, public_path
from subgraphs.content.repository.visible import public
from subgraphs.content.tables import table

__all__ = [
    "AuthorRow",
    "authors_by_id",
    "authors_of",
    "find_authors",
    "find_documents",
    "find_images",
    "forms_of",
    "live_details",
    "newest_details",
    "revision_details",
    "tag_names",
    "tags_of",
]

_page, _revision = table("wagtailcore_page"), table("wagtailcore_revision")
_with_bodies = {name: table(f"cms_{name}") for name in KINDS if name != "formpage"}
_form, _field = table("cms_formpage"), table("cms_formfield")
_article, _author, _written = _with_bodies["articlepage"], table("cms_author"), table("cms_articlepage_authors")
_tag, _tagged = table("taggit_tag"), table("cms_articletag")
_image, _document = table("wagtailimages_image"), table("wagtaildocs_document")


class AuthorRow(NamedTuple):
    """Who writes articles."""

    id: int
    name: str
    slug: str
    bio: str
    image_id: int | None


async def live_details(session: TenantSession, ids: Sequence[int]) -> list[PageDetails | None]:
    """What everybody sees on each page. One statement."""
    kinds = list(_with_bodies.values())
    statement = select(
        _page.c.id,
        _page.c.title,
        _page.c.seo_title,
        _page.c.search_description,
        func.coalesce(*(each.c.intro for each in kinds), _form.c.intro, "").label("intro"),
        func.coalesce(*(each.c.image_id for each in kinds)).label("image_id"),
        func.coalesce(*(each.c.body for each in kinds)).label("body"),
        _article.c.date,
        func.coalesce(_form.c.thanks, "").label("thanks"),
    )
    joined: Any = _page
    for each in (*kinds, _form):
        joined = joined.outerjoin(each, each.c.page_ptr_id == _page.c.id)
    rows = await session.rows(statement.select_from(joined).where(_page.c.id.in_(ids)))
    found = {
        row.id: PageDetails(
            row.title,
            row.seo_title,
            row.search_description,
            row.intro,
            row.image_id,
            _stream(row.body),
            row.date,
            row.thanks,
        )
        for row in rows
    }
    return aligned(ids, found)


async def newest_details(session: TenantSession, ids: Sequence[int]) -> list[PageDetails | None]:
    """What the newest draft of each page has; of a page without one what everybody sees. Two statements at most."""
    rows = await session.rows(
        select(_page.c.id, _revision.c.content)
        .join(_revision, _revision.c.id == _page.c.latest_revision_id)
        .where(_page.c.id.in_(ids))
    )
    found = {row.id: _of_revision(row.content) for row in rows}
    others = [each for each in ids if each not in found]
    if others:
        found |= {
            each: details
            for each, details in zip(others, await live_details(session, others), strict=True)
            if details is not None
        }
    return aligned(ids, found)


async def revision_details(session: TenantSession, ids: Sequence[int]) -> list[PageDetails | None]:
    """What each revision has. One statement."""
    rows = await session.rows(select(_revision.c.id, _revision.c.content).where(_revision.c.id.in_(ids)))
    return aligned(ids, {row.id: _of_revision(row.content) for row in rows})


async def tag_names(session: TenantSession, ids: Sequence[int]) -> list[str | None]:
    """The name of each tag. One statement."""
    rows = await session.rows(select(_tag.c.id, _tag.c.name).where(_tag.c.id.in_(ids)))
    return aligned(ids, {row.id: row.name for row in rows})


async def tags_of(session: TenantSession, ids: Sequence[int]) -> list[Sequence[str]]:
    """The names of each article's tags, by name. One statement."""
    rows = await session.rows(
        select(_tagged.c.content_object_id, _tag.c.name)
        .join(_tag, _tag.c.id == _tagged.c.tag_id)
        .where(_tagged.c.content_object_id.in_(ids))
        .order_by(_tag.c.name)
    )
    found: dict[int, list[str]] = {}
    for row in rows:
        found.setdefault(row.content_object_id, []).append(row.name)
    return [found.get(each, []) for each in ids]


async def authors_of(session: TenantSession, ids: Sequence[int]) -> list[Sequence[AuthorRow]]:
    """Each article's authors, by name. One statement."""
    columns = (_author.c.id, _author.c.name, _author.c.slug, _author.c.bio, _author.c.image_id)
    rows = await session.rows(
        select(_written.c.articlepage_id, *columns)
        .join(_author, _author.c.id == _written.c.author_id)
        .where(_written.c.articlepage_id.in_(ids))
        .order_by(_author.c.name, _author.c.id)
    )
    found: dict[int, list[AuthorRow]] = {}
    for row in rows:
        found.setdefault(row.articlepage_id, []).append(AuthorRow._make(row[1:]))
    return [found.get(each, []) for each in ids]


async def authors_by_id(session: TenantSession, ids: Sequence[int]) -> list[AuthorRow | None]:
    """The author of each id. One statement."""
    columns = (_author.c.id, _author.c.name, _author.c.slug, _author.c.bio, _author.c.image_id)
    rows = await session.rows(select(*columns).where(_author.c.id.in_(ids)))
    return aligned(ids, {row.id: AuthorRow._make(row) for row in rows})


async def find_authors(session: TenantSession, slugs: Sequence[str]) -> list[AuthorRow | None]:
    """The author of each slug. One statement."""
    rows = await session.rows(
        select(_author.c.id, _author.c.name, _author.c.slug, _author.c.bio, _author.c.image_id)
        .where(_author.c.slug.in_(slugs))
        .order_by(_author.c.id.desc())
    )
    return aligned(slugs, {row.slug: AuthorRow._make(row) for row in rows})


async def find_images(session: TenantSession, ids: Sequence[int]) -> list[Image | None]:
    """The image of each id. One statement."""
    columns = (_image.c.id, _image.c.title, _image.c.description, _image.c.width, _image.c.height)
    rows = await session.rows(select(*columns).where(_image.c.id.in_(ids)))
    return aligned(ids, {row.id: Image(row.id, row.title, row.description, row.width, row.height) for row in rows})


async def find_documents(session: TenantSession, ids: Sequence[int]) -> list[str | None]:
    """The file's name of each document. One statement."""
    rows = await session.rows(select(_document.c.id, _document.c.file).where(_document.c.id.in_(ids)))
    return aligned(ids, {row.id: str(row.file).rpartition("/")[2] for row in rows})


async def forms_of(session: TenantSession, ids: Sequence[int]) -> list[Form | None]:
    """The form of each page that is one and that everybody may see. Two statements."""
    pages = await session.rows(
        select(_page.c.id, _page.c.slug, _page.c.url_path)
        .join(_form, _form.c.page_ptr_id == _page.c.id)
        .where(_page.c.id.in_(ids), *public(_page))
    )
    if not pages:
        return [None] * len(ids)
    rows = await session.rows(
        select(_field)
        .where(_field.c.page_id.in_([page.id for page in pages]))
        .order_by(_field.c.sort_order, _field.c.id)
    )
    questions: dict[int, list[FormQuestion]] = {}
    for row in rows:
        choices = tuple(each.strip() for each in row.choices.replace("\n", ",").split(",") if each.strip())
        question = FormQuestion(
            row.clean_name, row.label, row.field_type, row.required, choices, row.help_text, row.default_value
        )
        questions.setdefault(row.page_id, []).append(question)
    found = {
        page.id: Form(page.id, page.slug, public_path(page.url_path), tuple(questions.get(page.id, ())))
        for page in pages
    }
    return aligned(ids, found)


def _of_revision(content: Mapping[str, Any]) -> PageDetails:
    day = content.get("date")
    return PageDetails(
        content.get("title", ""),
        content.get("seo_title", ""),
        content.get("search_description", ""),
        content.get("intro", ""),
        content.get("image"),
        _stream(content.get("body")),
        date.fromisoformat(day) if isinstance(day, str) else None,
        content.get("thanks", ""),
        content.get("slug", ""),
        _numbers(content.get("authors")),
        _numbers(each.get("tag") for each in content.get("tagged_items") or ()),
        tuple(_question(each) for each in content.get("form_fields") or ()),
    )


def _numbers(values: Iterable[Any] | None) -> tuple[int, ...]:
    return tuple(sorted({each for each in values or () if isinstance(each, int)}))


def _question(stored: Mapping[str, Any]) -> str:
    parts = [str(stored.get(name) or "") for name in ("label", "field_type", "choices", "help_text", "default_value")]
    return " | ".join(part for part in (*parts, "required" if stored.get("required") else "") if part)


def _stream(value: Any) -> Sequence[Mapping[str, Any]]:
    # A revision has it as text in its JSON, a page's own table as JSON.
    found = json.loads(value) if isinstance(value, str) else value
    return [each for each in found or () if isinstance(each, Mapping)]
