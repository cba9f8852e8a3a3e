"""Field sets: the selections written as strings in `@key`, `@requires`, `@provides` and `@join__*(...)`."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from graphql import GraphQLError, Source, parse, print_ast
from graphql.language import (
    FieldNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

__all__ = ["FieldSelection", "FieldSet", "FragmentSelection", "InvalidFieldSet", "parse_field_set", "render_field_set"]


@dataclass(frozen=True, slots=True)
class FieldSelection:
    """One selected field.

    Attributes:
        name: the field's name.
        arguments: (name, value as GraphQL text) pairs, sorted by name.
        selections: None for a leaf.
        alias: response name if one was given; field sets in schemas may not have one.
        has_directives: whether directives are applied to it; field sets in schemas may not have any.
    """

    name: str
    arguments: tuple[tuple[str, str], ...] = ()
    selections: "FieldSet | None" = None
    alias: str | None = None
    has_directives: bool = False


@dataclass(frozen=True, slots=True)
class FragmentSelection:
    """An inline fragment. `type_condition` is None for a bare `... { }`."""

    type_condition: str | None
    selections: "FieldSet"
    has_directives: bool = False


FieldSet = tuple[FieldSelection | FragmentSelection, ...]


_NAME = re.compile(r"[_A-Za-z][_0-9A-Za-z]*")
_NAMES = re.compile(rf"[ \t\n,]*+{_NAME.pattern}(?:[ \t\n,]++{_NAME.pattern})*+[ \t\n,]*+")


class InvalidFieldSet(ValueError):
    """The text is not a selection set; the message says why."""


def parse_field_set(text: str) -> FieldSet:
    """Reads `id organization { id }` (braces around the whole are optional).

    Raises:
        InvalidFieldSet: a syntax error, an empty set, or a named fragment.
    """
    if _NAMES.fullmatch(text):  # most are no more than that
        return tuple(FieldSelection(name) for name in _NAME.findall(text))
    stripped = text.strip()
    source = stripped if stripped.startswith("{") else "{" + stripped + "}"
    try:
        document = parse(Source(source, "field set"), no_location=True)
    except (GraphQLError, RecursionError) as error:
        raise InvalidFieldSet(getattr(error, "message", "nested too deeply")) from error
    if len(document.definitions) != 1 or not isinstance(document.definitions[0], OperationDefinitionNode):
        raise InvalidFieldSet("it is not one selection set")
    selections = tuple(_selections(document.definitions[0].selection_set))
    if not selections:
        raise InvalidFieldSet("it selects nothing")
    return selections


def render_field_set(selections: Sequence[FieldSelection | FragmentSelection]) -> str:
    """The set's text in one canonical form: single spaces, arguments sorted by name."""
    parts = []
    for selection in selections:
        if isinstance(selection, FragmentSelection):
            condition = f"... on {selection.type_condition}" if selection.type_condition else "..."
            parts.append(f"{condition} {{ {render_field_set(selection.selections)} }}")
            continue
        text = f"{selection.alias}: {selection.name}" if selection.alias else selection.name
        if selection.arguments:
            text += "(" + ", ".join(f"{name}: {value}" for name, value in selection.arguments) + ")"
        if selection.selections is not None:
            text += f" {{ {render_field_set(selection.selections)} }}"
        parts.append(text)
    return " ".join(parts)


def _selections(node: SelectionSetNode) -> Iterator[FieldSelection | FragmentSelection]:
    for selection in node.selections:
        if isinstance(selection, FragmentSpreadNode):
            raise InvalidFieldSet(f"it spreads the named fragment {selection.name.value!r}")
        if isinstance(selection, InlineFragmentNode):
            condition = selection.type_condition.name.value if selection.type_condition else None
            yield FragmentSelection(condition, tuple(_selections(selection.selection_set)), bool(selection.directives))
        elif isinstance(selection, FieldNode):
            yield FieldSelection(
                selection.name.value,
                tuple(sorted((a.name.value, print_ast(a.value)) for a in selection.arguments or ())),
                tuple(_selections(selection.selection_set)) if selection.selection_set else None,
                selection.alias.value if selection.alias else None,
                bool(selection.directives),
            )
