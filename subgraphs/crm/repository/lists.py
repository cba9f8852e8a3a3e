"""What lists of leads, contacts, activities and tasks share: orderings, words searched for, pages, counts."""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Table, func, select

from resolvers.pagination import Key, Ordering, Page
from resolvers.rows import among
from resolvers.session import TenantSession

__all__ = ["DESCENDING", "count", "counts_by", "matches_words", "orderings", "page_of"]

DESCENDING = True

F = TypeVar("F", bound=Enum)
T = TypeVar("T")


def orderings(table: Table, fields: type[F]) -> dict[tuple[F, bool], Ordering]:
    """An ordering for each field (its value names the column) and direction (true: descending), ties broken by id.

    Made once per table: windows compare and hash orderings by identity.
    """
    return {
        (field, descending): Ordering(
            f"{field.name}_{'DESC' if descending else 'ASC'}",
            Key(table.c[field.value], descending=descending),
            Key(table.c.id, descending=descending),
        )
        for field in fields
        for descending in (False, DESCENDING)
    }


def matches_words(column: ColumnElement[Any], search: str | None) -> list[ColumnElement[bool]]:
    """Conditions that each word of `search` occurs in a lower-case column."""
    words = re.split(r"\s+", (search or "").strip())
    return [column.contains(word.lower(), autoescape=True) for word in words if word]


def page_of(page: Page[Row[Any]], read: Callable[[Row[Any]], T]) -> Page[T]:
    """The page with what `read` makes of each row."""
    return Page(tuple(read(row) for row in page.rows), page.cursors, page.info)


async def count(session: TenantSession, table: Table, conditions: Iterable[ColumnElement[bool]]) -> int:
    """How many of the tenant's rows match. One statement."""
    return int(await session.scalar(select(func.count()).select_from(table).where(*conditions)))


async def counts_by(
    session: TenantSession,
    parent: ColumnElement[Any],
    parents: Sequence[UUID],
    conditions: Iterable[ColumnElement[bool]],
) -> list[int]:
    """How many rows of each parent match, in the order of parents. One statement.

    Args:
        parent: the column that refers to the parents.
    """
    rows = await session.rows(
        select(parent.label("parent"), func.count().label("number"))
        .where(among(parent, parents), *conditions)
        .group_by(parent)
    )
    numbers = {row.parent: row.number for row in rows}
    return [numbers.get(key, 0) for key in parents]
