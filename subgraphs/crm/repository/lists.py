"""What lists of leads, contacts and activities share: orderings, words searched for, pages of domain objects."""

import re
from collections.abc import Callable
from enum import Enum
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Row, Table

from resolvers.pagination import Key, Ordering, Page

__all__ = ["DESCENDING", "matches_words", "orderings", "page_of"]

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
