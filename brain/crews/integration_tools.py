"""Operations of integrations as tools of crews: their address, and their arguments as tools take them.

A tool that reads may be of any crew: its file names the operation (`integration: amazon_sp.get_item_offers`) where
others name a document. What writes at a provider is proposed by the integration's own crew alone.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from brain.catalogue.descriptors import Operation
from brain.crews.definition import Argument, Risk, Tool

__all__ = ["ADDRESS", "PAYLOAD", "is_plain", "tool_of"]

ADDRESS: Final = "integration:"
"""Where other tools have a document of GraphQL, these have this and their name, `stripe.create_refund`."""

PAYLOAD: Final = "done"
"""The field of a write's answer that the rest of the worker looks at."""

_PLAIN: Final = frozenset({"string", "integer", "number", "boolean"})


def is_plain(schema: Mapping[str, Any]) -> bool:
    """Whether a tool's argument can have the type as it is; others are given as texts that hold JSON."""
    return schema["type"] in _PLAIN or _is_list_of_texts(schema)


def tool_of(
    operation: Operation,
    *,
    name: str | None = None,
    description: str | None = None,
    bound: Mapping[str, str] | None = None,
    untrusted: tuple[str, ...] = ("text",),
) -> Tool:
    """The tool that does an operation.

    Args:
        name, description: the operation's own, if left out.
        bound: arguments that the run sets.
        untrusted: whatever a provider says may be an outsider's words.
    """
    reads, bound = operation.risk is Risk.READ, bound or {}
    required = operation.arguments["required"]
    free = {key: schema for key, schema in operation.arguments["properties"].items() if key not in bound}
    return Tool(
        name=name or operation.name,
        risk=operation.risk,
        description=description or operation.description,
        document=ADDRESS + operation.tool,
        arguments=tuple(_argument(key, schema, key in required) for key, schema in free.items()) if reads else (),
        bound=bound,
        untrusted=untrusted if reads else (),
        payload=None if reads else PAYLOAD,
    )


def _argument(name: str, schema: Mapping[str, Any], required: bool) -> Argument:
    kind = "string_list" if schema["type"] == "array" else str(schema["type"])
    about = [str(schema.get("description", ""))]
    if not is_plain(schema):
        kind = "string"
        about.append("JSON of the schema " + json.dumps(schema))
    elif "enum" in schema:
        about.append("one of " + ", ".join(schema["enum"]))
    elif "pattern" in schema:
        about.append("matches " + schema["pattern"])
    return Argument(name, kind, "; ".join(part for part in about if part) or name, required)


def _is_list_of_texts(schema: Mapping[str, Any]) -> bool:
    return bool(schema["type"] == "array" and schema.get("items", {}).get("type") == "string")
