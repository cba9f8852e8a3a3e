"""The arguments of an integration's operation on the way to a tool of a crew and back."""

import json
from collections.abc import Mapping
from typing import Any

from brain.catalogue.descriptors import Operation
from brain.crews.errors import GraphRefused
from brain.crews.integration_tools import is_plain

__all__ = ["decoded", "encoded"]


def encoded(operation: Operation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as the operation's tool takes them."""
    schemas = operation.arguments["properties"]
    return {
        name: value if is_plain(schemas[name]) else json.dumps(value, ensure_ascii=False)
        for name, value in arguments.items()
    }


def decoded(operation: Operation, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments as the operation wants them; what is null was not given.

    Raises:
        GraphRefused: a text that should hold JSON does not.
    """
    found = {}
    for name, value in arguments.items():
        schema = operation.arguments["properties"].get(name)
        if value is None:
            continue
        if schema is not None and not is_plain(schema) and isinstance(value, str):
            try:
                value = json.loads(value)  # noqa: PLW2901 - the same, read
            except ValueError as error:
                raise GraphRefused("INVALID_ARGUMENTS", f"{name} of {operation.tool} must be JSON") from error
        found[name] = value
    return found
