"""The first stage: one operation of a document, its selection in normal form."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    NonNullTypeNode,
    NullValueNode,
    OperationDefinitionNode,
    OperationType,
    VariableDefinitionNode,
    print_ast,
)

from router.errors import OperationError
from router.graph.selection_builder import SelectionBuilder, root_type
from router.graph.selections import Selection
from router.graph.supergraph import Requirement, Supergraph
from router.planner.access import OperationAccess, operation_access
from router.planner.plan import Denial

__all__ = ["NormalizedOperation", "named_operation", "normalize"]


@dataclass(frozen=True, slots=True)
class NormalizedOperation:
    """An operation without fragments, literal conditions and duplicates.

    Attributes:
        variables: each variable's definition as printed in a document, such as `$first: Int = 5`. Descriptions and
            directives are left out: subgraphs need not know them.
        requirements: what the operation demands of its caller.
        denials: what the caller may not have, for whom it was normalised; the selection has it as denied.
        work: what normalising took of the budget for planning; the plan is the same whatever it is.
    """

    type: str
    name: str | None
    root_type: str
    selection: Selection
    variables: Mapping[str, str]
    requirements: tuple[Requirement, ...] = ()
    denials: tuple[Denial, ...] = ()
    work: int = 0


def normalize(
    document: DocumentNode,
    operation_name: str | None,
    supergraph: Supergraph,
    hidden: frozenset[str] = frozenset(),
    *,
    incremental: bool = False,
    granted: Collection[Requirement] | None = None,
    dry_run: bool = False,
) -> NormalizedOperation:
    """Selects the operation and normalises it. The document must be valid against the API schema.

    Args:
        hidden: names of types that are hidden besides those that `@inaccessible` hides; others are ignored.
        incremental: whether `@defer` and `@stream` are heeded; else, and in subscriptions, they are ignored.
        granted: which demands of the supergraph's access rules the caller meets; None: whatever there are.
        dry_run: only note what would be denied.

    Raises:
        OperationError: there is no such operation, or several and no name; or it is too large to be planned.
    """
    operation = named_operation(document, operation_name)
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    root = root_type(supergraph, operation.operation)
    access = OperationAccess()
    if granted is not None:
        access = operation_access(document, operation, supergraph, granted, hidden)
    builder = SelectionBuilder(
        supergraph,
        fragments,
        hidden_types=hidden | supergraph.inaccessible_types,
        incremental=incremental and operation.operation is not OperationType.SUBSCRIPTION,
        denied=frozenset() if dry_run else access.nodes,
    )
    selection = builder.build(root, operation.selection_set)
    return NormalizedOperation(
        operation.operation.value,
        operation.name.value if operation.name else None,
        root,
        selection,
        {
            d.variable.name.value: _definition(d, is_switch=d.variable.name.value in builder.switches)
            for d in operation.variable_definitions or ()
        },
        access.requirements,
        access.denials,
        builder.work,
    )


def _definition(node: VariableDefinitionNode, *, is_switch: bool) -> str:
    """The definition as printed.

    Args:
        is_switch: whether it is the condition of a directive. A variable with a default may be nullable there, but not
            null; and what is deferred or not becomes `@include` or `@skip`, which take no nullable variable.
    """
    name = node.variable.name.value
    default = node.default_value
    if is_switch and not isinstance(node.type, NonNullTypeNode):
        value = "true" if default is None or isinstance(default, NullValueNode) else print_ast(default)
        return f"${name}: Boolean! = {value}"
    return f"${name}: {print_ast(node.type)}" + (f" = {print_ast(default)}" if default is not None else "")


def named_operation(document: DocumentNode, operation_name: str | None) -> OperationDefinitionNode:
    """The operation of that name; without a name the only one.

    Raises:
        OperationError: there is no such operation, or several and no name.
    """
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
