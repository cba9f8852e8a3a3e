"""The first stage: one operation of a document, its selection in normal form."""

from collections.abc import Mapping
from dataclasses import dataclass

from graphql import DocumentNode, FragmentDefinitionNode, OperationDefinitionNode, VariableDefinitionNode, print_ast

from router.errors import OperationError
from router.graph.selections import Selection, SelectionBuilder, root_type
from router.graph.supergraph import Supergraph

__all__ = ["NormalizedOperation", "normalize"]


@dataclass(frozen=True, slots=True)
class NormalizedOperation:
    """An operation without fragments, literal conditions and duplicates.

    Attributes:
        variables: each variable's definition as printed in a document, such as `$first: Int = 5`. Descriptions and
            directives are left out: subgraphs need not know them.
    """

    type: str
    name: str | None
    root_type: str
    selection: Selection
    variables: Mapping[str, str]


def normalize(
    document: DocumentNode,
    operation_name: str | None,
    supergraph: Supergraph,
    hidden: frozenset[str] = frozenset(),
) -> NormalizedOperation:
    """Selects the operation and normalises it. The document must be valid against the API schema.

    Args:
        hidden: names of types that are hidden besides those that `@inaccessible` hides; others are ignored.

    Raises:
        OperationError: there is no such operation, or several and no name.
    """
    operation = _select(document, operation_name)
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    root = root_type(supergraph, operation.operation)
    builder = SelectionBuilder(supergraph, fragments, hidden_types=hidden | supergraph.inaccessible_types)
    selection = builder.build(root, operation.selection_set)
    return NormalizedOperation(
        operation.operation.value,
        operation.name.value if operation.name else None,
        root,
        selection,
        {d.variable.name.value: _definition(d) for d in operation.variable_definitions or ()},
    )


def _definition(node: VariableDefinitionNode) -> str:
    default = f" = {print_ast(node.default_value)}" if node.default_value is not None else ""
    return f"${node.variable.name.value}: {print_ast(node.type)}{default}"


def _select(document: DocumentNode, operation_name: str | None) -> OperationDefinitionNode:
    operations = [d for d in document.definitions if isinstance(d, OperationDefinitionNode)]
    if operation_name is None:
        if len(operations) == 1:
            return operations[0]
        if not operations:
            raise OperationError("The document has no operation.", code="OPERATION_RESOLUTION_FAILURE")
        raise OperationError(
            "The document has several operations: say which one with operationName.",
            code="OPERATION_RESOLUTION_FAILURE",
        )
    for operation in operations:
        if operation.name is not None and operation.name.value == operation_name:
            return operation
    known = ", ".join(o.name.value for o in operations if o.name) or "none"
    raise OperationError(
        f'The document has no operation "{operation_name}"; it has: {known}.', code="OPERATION_RESOLUTION_FAILURE"
    )
