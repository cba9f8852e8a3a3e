"""Menus and redirects."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, and_, func, select

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.session import TenantSession
from subgraphs.content.domain.pages import public_path
from subgraphs.content.repository.visible import public
from subgraphs.content.tables import table

__all__ = [
    "BY_OLD_PATH",
    "MenuLink",
    "MenuRow",
    "Redirect",
    "count_redirects",
    "find_menu",
    "links_of",
    "locales",
    "page_of_redirects",
    "preview_url",
    "redirect_of",
]

_menu, _item = table("cms_menu"), table("cms_menuitem")
_redirect, _page = table("wagtailredirects_redirect"), table("wagtailcore_page")
_locale, _frontend = table("wagtailcore_locale"), table("cms_frontend")

BY_OLD_PATH = Ordering("OLD_PATH", Key(_redirect.c.old_path), Key(_redirect.c.id))


class MenuRow(NamedTuple):
    """A menu."""

    id: int
    slug: str
    title: str


class MenuLink(NamedTuple):
    """A link of a menu; to a page, or to an address."""

    id: int
    label: str
    page_id: int | None
    url: str


class Redirect(NamedTuple):
    """Where visitors of an old path are sent."""

    old_path: str
    target: str
    is_permanent: bool


async def find_menu(session: TenantSession, slug: str, locale: str) -> MenuRow | None:
    """The menu of that slug in a language, or else the one for all languages. One statement."""
    row = await session.row(
        select(_menu.c.id, _menu.c.slug, _menu.c.title)
        .where(_menu.c.slug == slug, _menu.c.language.in_((locale, "")))
        .order_by(_menu.c.language.desc())
        .limit(1)
    )
    return None if row is None else MenuRow._make(row)


async def links_of(session: TenantSession, menus: Sequence[int]) -> list[Sequence[MenuLink]]:
    """The links of each menu, in their order. One statement."""
    rows = await session.rows(
        select(_item.c.menu_id, _item.c.id, _item.c.label, _item.c.page_id, _item.c.url)
        .where(_item.c.menu_id.in_(menus))
        .order_by(_item.c.sort_order, _item.c.id)
    )
    found: dict[int, list[MenuLink]] = {}
    for row in rows:
        found.setdefault(row.menu_id, []).append(MenuLink._make(row[1:]))
    return [found.get(menu, []) for menu in menus]


async def locales(session: TenantSession) -> list[str]:
    """The languages in which the site has a home page that everybody may see."""
    rows = await session.rows(
        select(_locale.c.language_code)
        .join(_page, _page.c.locale_id == _locale.c.id)
        .where(_page.c.depth == 2, *public(_page))
        .distinct()
        .order_by(_locale.c.language_code)
    )
    return [row.language_code for row in rows]


async def preview_url(session: TenantSession) -> str | None:
    """Where previews of drafts lead."""
    found = await session.scalar(select(_frontend.c.preview_url).where(_frontend.c.name == "main"))
    return None if found is None else str(found)


async def redirect_of(session: TenantSession, path: str) -> Redirect | None:
    """Where the path leads, if somewhere else."""
    normal = "/" + path.strip("/")
    row = await session.row(_redirects().where(_redirect.c.old_path == normal))
    return None if row is None else _of(row)


async def page_of_redirects(session: TenantSession, window: Window) -> Page[Redirect]:
    """All redirects, by their old paths. One statement."""
    page = await fetch_page(session, _redirects(), window)
    return Page(tuple(_of(row) for row in page.rows), page.cursors, page.info)


async def count_redirects(session: TenantSession) -> int:
    """How many there are."""
    return int(await session.scalar(select(func.count()).select_from(_redirects().subquery())))


def _redirects() -> Select[Any]:
    """Those that lead to an address, or to a page that everybody may see."""
    return (
        select(
            _redirect.c.id, _redirect.c.old_path, _redirect.c.redirect_link, _page.c.url_path, _redirect.c.is_permanent
        )
        .select_from(_redirect)
        .outerjoin(_page, and_(_page.c.id == _redirect.c.redirect_page_id, *public(_page)))
        .where((_redirect.c.redirect_link != "") | _page.c.id.is_not(None))
    )


def _of(row: Row[Any]) -> Redirect:
    target = row.redirect_link or public_path(row.url_path)
    return Redirect(row.old_path, target, row.is_permanent)
