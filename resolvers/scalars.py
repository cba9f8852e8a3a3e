"""Scalars that several contexts have: what is called the same is written and read the same everywhere.

schema = build_schema(query=Query, scalars=SCALARS)
"""

from decimal import Decimal, InvalidOperation
from typing import Any, Final, NewType

import strawberry
from graphql import GraphQLError

__all__ = ["SCALARS", "ExactDecimal"]

_MAX_DIGITS = 30


def _parse_decimal(value: Any) -> Decimal:
    # A float's shortest text is what was written, as long as it has no more digits than a float can hold.
    number: Decimal | None = None
    if isinstance(value, str | int | float) and not isinstance(value, bool) and len(str(value)) <= _MAX_DIGITS:
        try:
            number = Decimal(str(value))
        except InvalidOperation:
            number = None
    if number is None or not number.is_finite() or abs(number.adjusted()) > _MAX_DIGITS:
        raise GraphQLError('ExactDecimal is a decimal number, best written as text: "19.90".')
    return number


def _write_decimal(value: Decimal) -> str:
    return format(value, "f")


ExactDecimal = NewType("ExactDecimal", Decimal)
SCALARS: Final = {
    ExactDecimal: strawberry.scalar(
        name="ExactDecimal",
        description='A decimal number as text, so that no client rounds it: "19.90".',
        serialize=_write_decimal,
        parse_value=_parse_decimal,
    )
}
"""For `build_schema`."""
