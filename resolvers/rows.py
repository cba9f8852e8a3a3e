"""What the repositories share: dataclasses as columns, many values as one parameter, constraints as errors."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import ARRAY, ColumnElement, Row, Table, any_, literal
from sqlalchemy.exc import IntegrityError

from resolvers.errors import DomainError
from resolvers.values import plain

__all__ = ["among", "columns_of", "read", "refusing"]

T = TypeVar("T")


def columns_of(table: Table, entity: Any) -> tuple[ColumnElement[Any], ...]:
    """The columns of `table` that `entity` (a dataclass) holds, in the order of its fields."""
    return tuple(table.c[field.name] for field in fields(entity))


def read(entity: Callable[..., T], row: Row[Any], count: int) -> T:
    """The dataclass of a row, from its first `count` columns; numbers without zeros behind them."""
    return entity(*(plain(value) if isinstance(value, Decimal) else value for value in row[:count]))


def among(column: ColumnElement[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """That `column` has one of `values`. They are one parameter, so there may be any number of them."""
    return column == any_(literal(list(values), ARRAY(column.type)))


@contextmanager
def refusing(refusals: Mapping[str, Callable[[], DomainError]]) -> Iterator[None]:
    """Turns the violation of a constraint named in `refusals` into that error; others pass through.

    The statement has failed, so the transaction goes on only behind the savepoint that each mutation field has.
    """
    try:
        yield
    except IntegrityError as error:
        cause = error.orig.__cause__ if error.orig is not None else None
        refusal = refusals.get(getattr(cause, "constraint_name", None) or "")
        if refusal is None:
            raise
        raise refusal() from error
