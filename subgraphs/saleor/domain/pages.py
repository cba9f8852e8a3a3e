"""Relay's `first`, `after`, `last`, `before` as Saleor takes them: one of the sizes is required, at most 100."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from subgraphs.saleor.domain.errors import Failed

__all__ = ["Window", "cursor_of", "window"]

MAX_SIZE = 100


@dataclass(frozen=True, slots=True)
class Window:
    """A piece of a list.

    Attributes:
        size: most items.
        backwards: whether they are the last ones.
        after: the cursor's values, as text, or None.
        before: the same.
    """

    size: int
    backwards: bool = False
    after: tuple[str, str] | None = None
    before: tuple[str, str] | None = None


def window(name: str, arguments: Mapping[str, Any]) -> Window:
    """The window that a connection's arguments ask for.

    Raises:
        Failed: they ask for none, for too much, or with a cursor that is none.
    """
    first: int | None = arguments.get("first")
    last: int | None = arguments.get("last")
    if not first and not last:  # none of none is no size, either
        raise Failed(f"You must provide a `first` or `last` value to properly paginate the `{name}` connection.")
    for which, wanted in (("first", first), ("last", last)):
        if wanted is not None and wanted > MAX_SIZE:
            raise Failed(
                f"Requesting {wanted} records on the `{name}` connection exceeds the `{which}` limit of {MAX_SIZE} "
                "records."
            )
        if wanted is not None and wanted < 0:
            raise Failed(f"Argument `{which}` must be a non-negative integer.")
    if first and last:
        raise Failed("Argument `last` cannot be combined with `first`.")
    return Window(first or last or 0, not first, _values(arguments.get("after")), _values(arguments.get("before")))


def cursor_of(values: Sequence[object]) -> str:
    """The cursor of an item with these values of the sort."""
    return b64encode(json.dumps([str(value) for value in values], separators=(",", ":")).encode()).decode()


def _values(cursor: str | None) -> tuple[str, str] | None:
    if not cursor:
        return None
    try:
        values = json.loads(b64decode(cursor, validate=True))
    except ValueError:
        values = None
    if not isinstance(values, list) or len(values) != 2 or not all(isinstance(each, str) for each in values):
        raise Failed("Received cursor is invalid.")
    return values[0], values[1]
