"""Relay connections over keyset cursors.

    ORDERINGS = {LeadOrder.NEWEST: Ordering("newest", Key(leads.c.created_at, descending=True), Key(leads.c.id))}

    window = Window.of(ORDERINGS[order], first=first, after=after, last=last, before=before)
    page = await fetch_page(session, select(leads).where(...), window)                      # one list
    pages = await fetch_pages(session, select(leads), leads.c.assignee_id, user_ids, window)  # one list per parent
    return LeadConnection.of(page, Lead.from_row)

A cursor is opaque to clients: it holds the ordering's name and the row's values in it, checked against both when it
comes back. It is not signed, since it gives no access: its values are bound parameters of a comparison.
"""

import base64
import binascii
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Generic, Self, TypeVar
from uuid import UUID

import strawberry
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Select,
    and_,
    bindparam,
    false,
    func,
    literal,
    null,
    nulls_first,
    nulls_last,
    or_,
    select,
    true,
    tuple_,
)

from resolvers.errors import BadCursor, BadUserInput
from resolvers.session import TenantSession

__all__ = [
    "After",
    "Before",
    "Connection",
    "CountedConnection",
    "Edge",
    "First",
    "Key",
    "Last",
    "Ordering",
    "Page",
    "PageInfo",
    "Window",
    "fetch_page",
    "fetch_pages",
]

First = Annotated[int | None, strawberry.argument(description="At most so many from the start; 0 to 100, default 20.")]
After = Annotated[str | None, strawberry.argument(description="Only what comes after this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="At most so many from the end; 0 to 100. Not with first.")]
Before = Annotated[str | None, strawberry.argument(description="Only what comes before this cursor.")]

DEFAULT_PAGE_SIZE = 20
MAX_PAGE_SIZE = 100
_VERSION = 1
# Contracts that show lists include this tag; which lists they show is up to the fields that return them.
_PAGING = ("paging",)

R = TypeVar("R")
T = TypeVar("T")
P = TypeVar("P")


@strawberry.federation.type(tags=_PAGING, shareable=True, description="Where a page lies in its list (Relay).")
class PageInfo:
    has_next_page: bool
    has_previous_page: bool
    start_cursor: str | None = None
    end_cursor: str | None = None


@strawberry.federation.type(tags=_PAGING, description="One element of a connection.")
class Edge(Generic[T]):
    cursor: str
    node: T


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Rows of one page, in the order of the list, with a cursor for each.

    Attributes:
        info: for `pageInfo`.
    """

    rows: tuple[R, ...]
    cursors: tuple[str, ...]
    info: PageInfo


@strawberry.type(description="A page of a list (Relay).")
class Connection(Generic[T]):
    """`Connection[Lead]` is `LeadConnection`; a subclass may add fields such as `totalCount`."""

    edges: list[Edge[T]] = strawberry.federation.field(tags=_PAGING)
    page_info: PageInfo = strawberry.federation.field(tags=_PAGING)

    @classmethod
    def of(cls, page: Page[R], node: Callable[[R], T], **fields: Any) -> Self:
        """The connection that shows `page`; `fields` are those that a subclass adds."""
        edges = [Edge(cursor=cursor, node=node(row)) for row, cursor in zip(page.rows, page.cursors, strict=True)]
        return cls(edges=edges, page_info=page.info, **fields)


@strawberry.type(description="A page of a list that can be counted.")
class CountedConnection(Connection[T]):
    count: strawberry.Private[Callable[[], Awaitable[int]]]

    @strawberry.federation.field(tags=_PAGING, description="How many match, on all pages. Counted only when asked for.")
    async def total_count(self) -> int:
        return await self.count()


@dataclass(frozen=True, slots=True)
class Key:
    """One column of an ordering. NULLs come last when ascending and first when descending, as in PostgreSQL.

    Attributes:
        column: a column, or an expression that carries a label.
        nullable: False spares the comparison with NULL; taken from the column where it is one.
    """

    column: ColumnElement[Any]
    descending: bool = False
    nullable: bool | None = None

    @property
    def name(self) -> str:
        """Attribute of the row that holds the value."""
        return str(self.column.key)

    @property
    def may_be_null(self) -> bool:
        if self.nullable is None:
            return bool(getattr(self.column, "nullable", True))
        return self.nullable

    @property
    def expression(self) -> ColumnElement[Any]:
        """The column without its label, for comparisons."""
        return getattr(self.column, "element", self.column) if hasattr(self.column, "_label") else self.column


class Ordering:
    """A total order over the rows of a statement.

    Args:
        name: part of the cursors; unique among the orderings of one list.
        keys: most significant first. The last must be unique and not null, usually the id.
    """

    __slots__ = ("keys", "name")

    def __init__(self, name: str, *keys: Key) -> None:
        self.name = name
        self.keys = keys

    def cursor(self, row: Row[Any]) -> str:
        """The opaque cursor of `row`, which must have all the ordering's columns."""
        values = [_to_json(getattr(row, key.name)) for key in self.keys]
        data = json.dumps([_VERSION, self.name, *values], separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    def decode(self, cursor: str) -> tuple[Any, ...]:
        """The values that `cursor` holds, one per key.

        Raises:
            BadCursor: not a cursor, or one of another ordering.
        """
        try:
            padded = cursor.encode("ascii") + b"=" * (-len(cursor) % 4)
            decoded = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        except (ValueError, binascii.Error, RecursionError):
            raise BadCursor from None
        if not isinstance(decoded, list) or decoded[:2] != [_VERSION, self.name]:
            raise BadCursor
        values = decoded[2:]
        if len(values) != len(self.keys):
            raise BadCursor
        try:
            return tuple(_from_json(key, value) for key, value in zip(self.keys, values, strict=True))
        except (ValueError, TypeError, InvalidOperation, OverflowError):
            raise BadCursor from None

    def order_by(self, *, reverse: bool) -> list[ColumnElement[Any]]:
        """For `Select.order_by`; `reverse` reads the list from its end."""
        clauses = []
        for key in self.keys:
            if key.descending is not reverse:
                clause = key.expression.desc()
                clauses.append(nulls_first(clause) if key.may_be_null else clause)
            else:
                clause = key.expression.asc()
                clauses.append(nulls_last(clause) if key.may_be_null else clause)
        return clauses

    def beyond(self, values: tuple[Any, ...], *, reverse: bool) -> ColumnElement[bool]:
        """Rows strictly after `values` in the order (before them with `reverse`).

        Said so that an index on the keys can begin at the right place, however deep the page is.
        """
        descending = [key.descending is not reverse for key in self.keys]
        bounds = [literal(value, key.column.type) for key, value in zip(self.keys, values, strict=True)]
        if len(set(descending)) == 1 and not any(key.may_be_null for key in self.keys):
            row, bound = tuple_(*(key.expression for key in self.keys)), tuple_(*bounds)
            return row < bound if descending[0] else row > bound
        alternatives: list[ColumnElement[bool]] = []
        equal: list[ColumnElement[bool]] = []
        for key, value, down in zip(self.keys, values, descending, strict=True):
            alternatives.append(and_(*equal, _after(key, value, descending=down)))
            equal.append(
                key.expression.is_(null()) if value is None else key.expression == literal(value, key.column.type)
            )
        first = self.keys[0]
        if first.may_be_null:
            return or_(*alternatives)
        at_least = first.expression <= bounds[0] if descending[0] else first.expression >= bounds[0]
        return and_(at_least, or_(*alternatives))


def _after(key: Key, value: Any, *, descending: bool) -> ColumnElement[bool]:
    """What sorts strictly after `value` in one column; NULL counts as greater than everything."""
    column = key.expression
    if value is None:
        return column.is_not(null()) if descending else false()
    bound = literal(value, key.column.type)
    if descending:
        return column < bound
    return or_(column > bound, column.is_(null())) if key.may_be_null else column > bound


def _to_json(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, UUID | Decimal):
        return str(value)
    raise TypeError(f"a cursor cannot hold a {type(value).__name__}")


def _from_json(key: Key, value: Any) -> Any:
    if value is None:
        if not key.may_be_null:
            raise ValueError("null in a column that has none")
        return None
    kind = key.column.type.python_type
    parse = _PARSERS.get(kind)
    if parse is not None:
        if not isinstance(value, str):
            raise TypeError("not a text")
        parsed = parse(value)
        if isinstance(parsed, datetime) and parsed.tzinfo is None:
            raise ValueError("no time zone")
        return parsed
    if kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is not kind or (isinstance(value, str) and "\0" in value):
        raise TypeError("wrong type")
    if kind is int and not -(2**63) <= value < 2**63:
        raise ValueError("out of range")
    return value


_PARSERS: Mapping[type, Callable[[str], Any]] = {
    UUID: UUID,
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
    Decimal: Decimal,
}


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is asked for. Hashable when built by `of`, so that loaders can batch by it.

    Attributes:
        size: number of rows at most.
        backward: counted from the end (`last`).
        after: values of the row after which the window begins, or None.
        before: values of the row before which it ends, or None.
    """

    ordering: Ordering
    size: int
    backward: bool = False
    after: tuple[Any, ...] | None = field(default=None)
    before: tuple[Any, ...] | None = field(default=None)

    @classmethod
    def of(
        cls,
        ordering: Ordering,
        *,
        first: int | None = None,
        after: str | None = None,
        last: int | None = None,
        before: str | None = None,
        default: int = DEFAULT_PAGE_SIZE,
        maximum: int = MAX_PAGE_SIZE,
    ) -> "Window":
        """The window that Relay's arguments describe.

        Raises:
            BadUserInput: both `first` and `last`, or a number outside 0..maximum.
            BadCursor: a cursor that is not of this ordering.
        """
        if first is not None and last is not None:
            raise BadUserInput("Give `first` or `last`, not both.")
        size = next((each for each in (last, first) if each is not None), default)
        if not 0 <= size <= maximum:
            raise BadUserInput(f"`first` and `last` are from 0 to {maximum}.")
        return cls(
            ordering,
            size,
            backward=last is not None,
            after=None if after is None else ordering.decode(after),
            before=None if before is None else ordering.decode(before),
        )

    def apply(self, statement: Select[Any]) -> Select[Any]:
        """`statement` limited to the window plus one row, which tells whether there is more."""
        if self.after is not None:
            statement = statement.where(self.ordering.beyond(self.after, reverse=False))
        if self.before is not None:
            statement = statement.where(self.ordering.beyond(self.before, reverse=True))
        return statement.order_by(None).order_by(*self.ordering.order_by(reverse=self.backward)).limit(self.size + 1)

    def page(self, rows: Sequence[Row[Any]]) -> Page[Row[Any]]:
        """What `rows`, the result of `apply`, mean."""
        more = len(rows) > self.size
        kept = tuple(rows[: self.size])
        if self.backward:
            kept = kept[::-1]
        cursors = tuple(self.ordering.cursor(row) for row in kept)
        info = PageInfo(
            # What lies beyond a cursor that was given is known to exist: the cursor's own row.
            has_next_page=self.before is not None if self.backward else more,
            has_previous_page=more if self.backward else self.after is not None,
            start_cursor=cursors[0] if cursors else None,
            end_cursor=cursors[-1] if cursors else None,
        )
        return Page(kept, cursors, info)


async def fetch_page(session: TenantSession, statement: Select[Any], window: Window) -> Page[Row[Any]]:
    """One page of `statement`, which must select the ordering's columns. One SQL statement."""
    return window.page(await session.rows(window.apply(statement)))


async def fetch_pages(
    session: TenantSession,
    statement: Select[Any],
    parent: ColumnElement[P],
    parents: Iterable[P],
    window: Window,
) -> list[Page[Row[Any]]]:
    """A page of `statement` for each of `parents`, in their order. One SQL statement, a lateral join.

    Args:
        statement: selects the ordering's columns; without a condition on the parent.
        parent: the column of `statement` that holds the parent.
        parents: values of that column; those without rows get an empty page.
    """
    wanted = list(parents)
    values = bindparam("parents", wanted, type_=ARRAY(parent.type), unique=True)
    asked = func.unnest(values).table_valued("parent", with_ordinality="place", name="asked").render_derived()
    asked_parent = asked.c.parent
    inner = window.apply(statement.where(parent == asked_parent)).lateral("page")
    rows = await session.rows(
        select(inner, asked.c.place.label("_place"))
        .select_from(asked.join(inner, true()))
        # The lateral's own order is kept by nested loops but promised by nothing.
        .order_by(asked.c.place, *_outer_order(window, inner))
    )
    by_place: dict[int, list[Row[Any]]] = {}
    for row in rows:
        by_place.setdefault(row._place, []).append(row)
    return [window.page(by_place.get(place, ())) for place in range(1, len(wanted) + 1)]


def _outer_order(window: Window, inner: Any) -> list[ColumnElement[Any]]:
    keys = (Key(inner.c[key.name], descending=key.descending, nullable=key.may_be_null) for key in window.ordering.keys)
    return Ordering(window.ordering.name, *keys).order_by(reverse=window.backward)
