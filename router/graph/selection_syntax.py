"""What single nodes of a document say: conditions, arguments, variables."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    Node,
    VariableNode,
    Visitor,
    print_ast,
    value_from_ast_untyped,
    visit,
)

__all__ = [
    "Conditions",
    "DeferDirective",
    "InlineFragments",
    "Stream",
    "arguments_of",
    "both",
    "conditions_of",
    "defer_of",
    "stream_of",
    "variables_in",
]

Conditions = tuple[tuple[str, bool], ...]
"""A conjunction of `@skip`/`@include` variables with the value each must have. Empty: always."""


def conditions_of(directives: Iterable[DirectiveNode]) -> Conditions | None:
    """None: the selection is never included."""
    conditions: Conditions | None = ()
    for directive in directives:
        name = directive.name.value
        if name not in ("skip", "include"):
            continue
        value = directive.arguments[0].value if directive.arguments else None
        wanted = name == "include"
        if isinstance(value, VariableNode):
            conditions = both(conditions, ((value.name.value, wanted),))
        elif value is not None and bool(value_from_ast_untyped(value)) is not wanted:
            return None
    return conditions


@dataclass(frozen=True, slots=True)
class DeferDirective:
    """`@defer` of a fragment. `condition` names the variable that switches it on; None: it is on."""

    label: str | None
    condition: str | None


@dataclass(frozen=True, slots=True)
class Stream:
    """`@stream` of a list field.

    Attributes:
        label: the client's name for it.
        initial_count: how many items are delivered at once; a variable's name after `$`.
        condition: name of the variable that switches it on; None: it is on.
    """

    label: str | None
    initial_count: int | str
    condition: str | None


def defer_of(directives: Iterable[DirectiveNode]) -> DeferDirective | None:
    """None if there is none, or it is switched off."""
    given = _incremental_arguments(directives, "defer")
    return None if given is None else DeferDirective(given.get("label"), given.get("if"))


def stream_of(directives: Iterable[DirectiveNode]) -> Stream | None:
    """None if there is none, or it is switched off."""
    given = _incremental_arguments(directives, "stream")
    return None if given is None else Stream(given.get("label"), given.get("initialCount", 0), given.get("if"))


def _incremental_arguments(directives: Iterable[DirectiveNode], name: str) -> dict[str, Any] | None:
    """Arguments by name: `if` only if it is a variable (its name), `initialCount` of a variable with `$`."""
    directive = next((d for d in directives if d.name.value == name), None)
    if directive is None:
        return None
    given: dict[str, Any] = {}
    for argument in directive.arguments or ():
        key, value = argument.name.value, argument.value
        if isinstance(value, VariableNode):
            given[key] = value.name.value if key == "if" else f"${value.name.value}"
        elif key != "if":
            given[key] = value_from_ast_untyped(value)
        elif not value_from_ast_untyped(value):
            return None
    return given


def both(first: Conditions | None, second: Conditions | None) -> Conditions | None:
    """The conjunction; None if it can never hold."""
    if first is None or second is None:
        return None
    if not first or not second:
        return first or second
    terms = sorted({*first, *second})
    return tuple(terms) if len({name for name, _ in terms}) == len(terms) else None


def arguments_of(node: FieldNode) -> tuple[str, frozenset[str]]:
    """A field's arguments as printed, parentheses included, and the variables in them."""
    if not node.arguments:
        return "", frozenset()
    printed = ", ".join(print_ast(a) for a in node.arguments)
    return f"({printed})", variables_in(*node.arguments)


def variables_in(*nodes: Node) -> frozenset[str]:
    """Names of all variables below the nodes."""
    names: set[str] = set()
    pending: list[object] = list(nodes)
    while pending:
        node = pending.pop()
        if isinstance(node, VariableNode):
            names.add(node.name.value)
        elif isinstance(node, Node):
            pending.extend(getattr(node, key) for key in node.keys)
        elif isinstance(node, tuple | list):
            pending.extend(node)
    return frozenset(names)


class InlineFragments(Visitor):
    """Turns fragment spreads into inline fragments."""

    def __init__(self, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        super().__init__()
        self.fragments = fragments

    def enter_fragment_spread(self, node: FragmentSpreadNode, *_: object) -> InlineFragmentNode:
        definition = self.fragments[node.name.value]
        return InlineFragmentNode(
            type_condition=definition.type_condition,
            directives=node.directives or (),
            selection_set=visit(definition.selection_set, InlineFragments(self.fragments)),
        )
