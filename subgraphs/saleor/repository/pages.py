"""Pages of a list by keyset: by a column and, among equals, by the key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, literal, select, tuple_

from resolvers.session import TenantSession
from subgraphs.saleor.domain.errors import Failed
from subgraphs.saleor.domain.pages import Window, cursor_of

__all__ = ["Page", "Sort", "count", "page"]


@dataclass(frozen=True, slots=True)
class Sort:
    """An order: by `column`, then by `key`, both never null."""

    column: ColumnElement[Any]
    key: ColumnElement[Any]
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """A window's rows in the list's order, each with its cursor, and whether there is more on either side."""

    rows: Sequence[Row[Any]]
    cursors: Sequence[str]
    has_next: bool
    has_previous: bool


async def page(session: TenantSession, statement: Select[Any], sort: Sort, window: Window) -> Page:
    """The rows of a statement in a window.

    Raises:
        Failed: a cursor is of another list.
    """
    down = sort.descending != window.backwards
    for values, forwards in ((window.after, True), (window.before, False)):
        if values is not None:
            mark = tuple_(_literal(sort.column, values[0]), _literal(sort.key, values[1]))
            here = tuple_(sort.column, sort.key)
            statement = statement.where(here > mark if forwards != sort.descending else here < mark)
    order = (sort.column.desc(), sort.key.desc()) if down else (sort.column.asc(), sort.key.asc())
    query = statement.add_columns(sort.column.label("sort_value")).order_by(*order).limit(window.size + 1)
    found = list(await session.rows(query))
    more = len(found) > window.size
    rows = found[: window.size]
    if window.backwards:
        rows.reverse()
    return Page(
        rows=rows,
        cursors=[cursor_of((_text(row.sort_value), row.id)) for row in rows],
        has_next=window.before is not None if window.backwards else more,
        has_previous=more if window.backwards else window.after is not None,
    )


async def count(session: TenantSession, statement: Select[Any]) -> int:
    """How many rows a statement has."""
    return int(await session.scalar(select(func.count()).select_from(statement.subquery())))


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _literal(column: ColumnElement[Any], text: str) -> ColumnElement[Any]:
    kind = column.type.python_type
    try:
        if kind is datetime:
            value: Any = datetime.fromisoformat(text)
        elif kind is Decimal:
            value = Decimal(text)
        elif kind in (int, float, UUID):
            value = kind(text)
        else:
            value = text
    except (ValueError, InvalidOperation):
        raise Failed("Received cursor is invalid.") from None
    if "\0" in text or (kind is Decimal and not value.is_finite()) or (kind is int and abs(value) >= 2**63):
        raise Failed("Received cursor is invalid.")
    return literal(value, column.type)
