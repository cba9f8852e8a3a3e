"""What the repositories share: dataclasses as columns, many values as one parameter, constraints as errors."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from typing import Any

from sqlalchemy import ARRAY, ColumnElement, Table, any_, literal
from sqlalchemy.exc import IntegrityError

from resolvers.errors import DomainError

__all__ = ["among", "columns_of", "refusing"]


def columns_of(table: Table, entity: Any) -> tuple[ColumnElement[Any], ...]:
    """The columns of `table` that `entity` (a dataclass) holds, in the order of its fields."""
    return tuple(table.c[field.name] for field in fields(entity))


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
