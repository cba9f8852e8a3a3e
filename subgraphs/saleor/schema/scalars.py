"""Scalars of the schema."""

import json
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import UUID

from ariadne import ScalarType
from graphql import GraphQLError, ValueNode, value_from_ast_untyped

__all__ = ["TYPES"]

_date_time = ScalarType("DateTime")
_uuid = ScalarType("UUID")
_json = ScalarType("JSONString")
_decimal = ScalarType("PositiveDecimal")
_any = ScalarType("_Any")
TYPES = (_date_time, _uuid, _json, _decimal, _any)


@_date_time.serializer
def _date_time_text(value: datetime) -> str:
    return value.isoformat()


@_uuid.serializer
def _uuid_text(value: UUID) -> str:
    return str(value)


@_uuid.value_parser
def _read_uuid(value: Any) -> UUID:
    try:
        return UUID(value)
    except (ValueError, TypeError, AttributeError):
        raise GraphQLError(f'Expected type "UUID", found {json.dumps(value, default=str)}.') from None


@_json.serializer
def _json_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@_decimal.value_parser
def _read_decimal(value: Any) -> Decimal:
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        found = Decimal(-1)
    if isinstance(value, bool) or not found.is_finite() or found < 0 or found >= Decimal(10) ** 11:
        raise GraphQLError("Value cannot be lower than 0 and has to be a number.")
    return found


@_decimal.literal_parser
def _read_decimal_literal(node: ValueNode, variables: dict[str, Any] | None = None) -> Decimal:
    value: Decimal = _read_decimal(value_from_ast_untyped(node, variables))
    return value


@_any.value_parser
def _read_any(value: Any) -> Any:
    return value


@_any.literal_parser
def _read_any_literal(_: ValueNode, __: dict[str, Any] | None = None) -> Any:
    """A representation is taken from a variable only: an inline one is no object to the shop."""
    return ""
