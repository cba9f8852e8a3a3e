"""Which pages everybody may see now."""

from typing import Any

from sqlalchemy import ColumnElement, exists, func, literal, or_, select

from subgraphs.content.tables import table

__all__ = ["public"]

_page, _restriction = table("wagtailcore_page"), table("wagtailcore_pageviewrestriction")


def public(page: Any) -> tuple[ColumnElement[bool], ...]:
    """That `page` (the table, or an alias of it) is live, has not ended, and neither it nor one above is restricted."""
    barred, barring = _restriction.alias("barred"), _page.alias("barring")
    is_barred = exists(
        select(literal(1))
        .select_from(barred.join(barring, barring.c.id == barred.c.page_id))
        .where(func.starts_with(page.c.path, barring.c.path))
    )
    # The timer takes back what has ended a little later than it ends.
    return page.c.live, or_(page.c.expire_at.is_(None), page.c.expire_at > func.now()), ~is_barred
