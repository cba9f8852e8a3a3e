"""`@context` and `@fromContext`: the values that arguments take from ancestors in the query."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from router.composition.definitions import federation
from router.composition.model import Field, InputValue, SubgraphSchema, TypeDef
from router.graph.field_sets import FieldSet, InvalidFieldSet, parse_field_set

__all__ = ["ContextValue", "context_types", "context_values", "contextual_fields", "parse_context_value"]

CONTEXT = federation("context")
FROM_CONTEXT = federation("fromContext")
_IGNORED = r"(?:[\n\r\t ,]|#[^\n\r]*(?![^\n\r]))*"
_VALUE = re.compile(
    rf"{_IGNORED}\${_IGNORED}(?P<context>[A-Za-z_][0-9A-Za-z_]*)(?![0-9A-Za-z_])(?P<selection>[\s\S]+)$"
)


@dataclass(frozen=True, slots=True)
class ContextValue:
    """What a `@fromContext(field:)` says.

    Attributes:
        selection: as written, leading space included.
        fields: the selection parsed, or None where it is wrong.
        problem: what is wrong with it.
    """

    context: str
    selection: str
    fields: FieldSet | None
    problem: str | None = None


def parse_context_value(text: object) -> ContextValue | None:
    """Reads `$context { selection }`; None where that is not its form."""
    match = _VALUE.match(text) if isinstance(text, str) else None
    if match is None:
        return None
    selection = match["selection"]
    try:
        return ContextValue(match["context"], selection, parse_field_set(selection))
    except InvalidFieldSet as problem:
        return ContextValue(match["context"], selection, None, str(problem))


def context_values(field: Field) -> Iterator[tuple[InputValue, ContextValue]]:
    """Yields the field's arguments that come from a context."""
    for argument in field.arguments.values():
        for applied in argument.directives:
            if applied.name == FROM_CONTEXT:
                value = parse_context_value(applied.arguments.get("field"))
                if value is not None:
                    yield argument, value


def contextual_fields(schema: SubgraphSchema) -> Iterator[tuple[TypeDef, Field, InputValue]]:
    """Yields each argument with `@fromContext`, however it is written."""
    for definition in schema.composites():
        for field in definition.fields.values():
            for argument in field.arguments.values():
                if any(d.name == FROM_CONTEXT for d in argument.directives):
                    yield definition, field, argument


def context_types(schema: SubgraphSchema, context: str) -> list[str]:
    """Names of the types that set a context, sorted."""
    return sorted(
        t.name
        for t in schema.types.values()
        if any(d.name == CONTEXT and d.arguments.get("name") == context for d in t.directives)
    )
