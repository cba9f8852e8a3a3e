"""An operation of an integration as a tool of a crew: its address, and its arguments on the way there and back."""

import json
from collections.abc import Mapping
from typing import Any, Final

from brain.catalogue.descriptors import Operation
from brain.crews.errors import GraphRefused

__all__ = ["ADDRESS", "PAYLOAD", "decoded", "encoded", "is_plain"]

ADDRESS: Final = "integration:"
"""Where other tools have a document of GraphQL, these have this and their name, `stripe.create_refund`."""

PAYLOAD: Final = "done"
"""The field of a write's answer that the rest of the worker looks at."""

_PLAIN: Final = frozenset({"string", "integer", "number", "boolean"})


def is_plain(schema: Mapping[str, Any]) -> bool:
    """Whether a tool's argument can have the type as it is; others are given as texts that hold JSON."""
    return schema["type"] in _PLAIN or _is_list_of_texts(schema)


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


def _is_list_of_texts(schema: Mapping[str, Any]) -> bool:
    return bool(schema["type"] == "array" and schema.get("items", {}).get("type") == "string")
