"""What single nodes of a document say: conditions, arguments, variables."""

from collections.abc import Iterable, Mapping

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

__all__ = ["Conditions", "InlineFragments", "arguments_of", "both", "conditions_of", "variables_in"]

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

    class Collect(Visitor):
        def enter_variable(self, variable: VariableNode, *_: object) -> None:
            names.add(variable.name.value)

    for node in nodes:
        visit(node, Collect())
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
