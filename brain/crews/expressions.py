"""Expressions of crews' files: `$input.leadId`, `$output.reasons`, `$item`. A text without `$` in front is itself.

Nothing is computed: an expression is a path into what is known, so that what a crew proposes is its checked output and
its run's input, and nothing in between.
"""

from collections.abc import Mapping
from typing import Any

__all__ = ["ROOTS", "evaluate", "is_expression", "root_of", "values_at", "with_values_at"]

ROOTS = frozenset({"input", "output", "engine", "item"})


def is_expression(text: object) -> bool:
    """Whether `text` is a path rather than a constant."""
    return isinstance(text, str) and text.startswith("$")


def root_of(expression: str) -> str:
    """The name after the `$`."""
    return expression[1:].partition(".")[0]


def evaluate(expression: Any, known: Mapping[str, Any]) -> Any:
    """The value of an expression; constants are themselves, and what is not there is None."""
    if not is_expression(expression):
        return expression
    value: Any = known
    for name in expression[1:].split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def values_at(data: Any, path: str) -> list[Any]:
    """All values at a path of names; lists on the way are gone through."""
    found = [data]
    for name in path.split("."):
        found = [value[name] for item in found for value in _items(item) if isinstance(value, dict) and name in value]
    return [value for item in found for value in _items(item)]


def with_values_at(data: Any, path: str, change: Any) -> Any:
    """`data` with `change(value)` in place of each value at a path; the rest is shared."""
    if isinstance(data, list):
        return [with_values_at(item, path, change) for item in data]
    if not path:
        return change(data)
    name, _, rest = path.partition(".")
    if not isinstance(data, dict) or name not in data:
        return data
    return {**data, name: with_values_at(data[name], rest, change)}


def _items(value: Any) -> list[Any]:
    if not isinstance(value, list):
        return [value]
    return [item for each in value for item in _items(each)]
