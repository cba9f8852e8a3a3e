"""`__schema` and `__type`, answered from the API schema."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import (
    BooleanValueNode,
    ConstValueNode,
    GraphQLError,
    GraphQLSchema,
    NullValueNode,
    StringValueNode,
    VariableNode,
    Visitor,
    execute_sync,
    parse,
    visit,
)
from graphql.language import ArgumentNode, NameNode

__all__ = ["Introspection"]

_MAX_ANSWERS = 64


class Introspection:
    """One printed introspection field, ready to be answered; answers are kept.

    Args:
        text: the field, such as `types: __schema { types { name } }`.
        schema: the API schema of the view.
    """

    __slots__ = ("_answers", "_document", "_schema", "_variables")

    def __init__(self, text: str, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._document = parse(f"{{ {text} }}", no_location=True)
        used = _UsedVariables()
        visit(self._document, used)
        self._variables = tuple(sorted(used.names))
        self._answers: dict[tuple[Any, ...], tuple[Any, Sequence[GraphQLError]]] = {}

    def answer(self, variables: Mapping[str, Any]) -> tuple[Any, Sequence[GraphQLError]]:
        """Return the field's value, which callers must not change, and errors: a variable's null may not fit."""
        key = tuple([variables.get(name, _Absent) for name in self._variables])
        if key not in self._answers:
            if len(self._answers) >= _MAX_ANSWERS:
                self._answers.pop(next(iter(self._answers)))
            self._answers[key] = self._execute(variables)
        return self._answers[key]

    def _execute(self, variables: Mapping[str, Any]) -> tuple[Any, Sequence[GraphQLError]]:
        result = execute_sync(self._schema, visit(self._document, _WithValues(variables)))
        # The document has one field, and a condition on it is the plan's business.
        return next(iter((result.data or {}).values()), None), result.errors or ()


class _Absent:
    """Stands for a variable that the request does not have."""


class _UsedVariables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: object) -> None:
        self.names.add(node.name.value)


class _WithValues(Visitor):
    """Replaces variables by their values: introspection takes strings and booleans only."""

    def __init__(self, variables: Mapping[str, Any]) -> None:
        super().__init__()
        self._variables = variables

    def enter_argument(self, node: ArgumentNode, *_: object) -> Any:
        if not isinstance(node.value, VariableNode) or node.value.name.value not in self._variables:
            return None
        value = _literal(self._variables[node.value.name.value])
        return ArgumentNode(name=NameNode(value=node.name.value), value=value)


def _literal(value: Any) -> ConstValueNode:
    if value is None:
        return NullValueNode()
    if isinstance(value, bool):
        return BooleanValueNode(value=value)
    return StringValueNode(value=str(value))
