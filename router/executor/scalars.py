"""Values of the built-in scalars: what passes as it is, what is coerced, what is refused.

Subgraphs coerce results themselves, so a value that does not have its type's form in JSON is rare: generated code only
asks whether there is one. What becomes of it is then graphql-core's result coercion, which is graphql-js's: `1.0` and
`"1"` are the Int 1, the ID 7 is "7", a number or a boolean is a String. Lists and objects are never scalars, so nothing
that was not selected gets out in the place of a leaf. Custom scalars are not ours to judge. Numbers that Python's would
change come as `orjson.Fragment`, see `exact_json`.

Source: GraphQL specification, section 3.5 (result coercion of each built-in scalar).
"""

import math
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from graphql import GRAPHQL_MAX_INT, GRAPHQL_MIN_INT, GraphQLError, specified_scalar_types

__all__ = ["REFUSED", "coerce", "irregular_test", "is_built_in"]

REFUSED: Any = object()
"""Instead of a value that a scalar cannot represent."""

_TESTS: Mapping[str, str] = {
    "String": "{0}.__class__ is not str",
    "ID": "{0}.__class__ is not str",
    "Boolean": "{0}.__class__ is not bool",
    "Int": f"{{0}}.__class__ is not int or {{0}} > {GRAPHQL_MAX_INT} or {{0}} < {GRAPHQL_MIN_INT}",
    # JSON has one kind of number; an integer stays as it is, however large, so that no digit is lost.
    "Float": "{0}.__class__ is not float and {0}.__class__ is not int",
}

_IS_REGULAR: Mapping[str, Callable[[Any], bool]] = {
    "String": lambda value: value.__class__ is str,
    "ID": lambda value: value.__class__ is str,
    "Boolean": lambda value: value.__class__ is bool,
    "Int": lambda value: value.__class__ is int and GRAPHQL_MIN_INT <= value <= GRAPHQL_MAX_INT,
    "Float": lambda value: value.__class__ is float or value.__class__ is int,
}


def is_built_in(name: str) -> bool:
    """Whether a type of this name is one of the five scalars of the specification."""
    return name in _TESTS


def irregular_test(name: str, variable: str) -> str:
    """Return an expression: is the value in `variable` something else than a built-in scalar looks like in JSON?"""
    return _TESTS[name].format(variable)


def coerce(name: str, value: Any) -> Any:
    """Return a JSON value other than null as the built-in scalar `name`, or REFUSED; what is regular stays as it is."""
    if _IS_REGULAR[name](value):
        return value
    if isinstance(value, dict | list):
        return REFUSED
    if isinstance(value, orjson.Fragment):
        return _coerce_long(name, value)
    try:
        return specified_scalar_types[name].coerce_output_value(value)
    except GraphQLError:
        return REFUSED


def _coerce_long(name: str, value: orjson.Fragment) -> Any:
    text = orjson.dumps(value).decode()
    number = float(text)
    if not math.isfinite(number):
        return REFUSED
    if name == "Float":
        return value
    if text.lstrip("-").isdigit() and name in ("ID", "String"):
        return text
    return coerce(name, number)
