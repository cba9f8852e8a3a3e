"""What the shop refuses to begin with: operations with too many aliases or mutations, or that cost too much.

Cost: a field that leads to other rows costs one, a list of them as many as are asked for, and each as often as the
lists around it may have items.
"""

from collections.abc import Mapping
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLError,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    OperationType,
    SelectionSetNode,
    get_named_type,
    value_from_ast_untyped,
)

__all__ = ["MAX_COST", "TooExpensive", "cost_of", "fragments_of", "too_many"]

MAX_COST = 50_000
_MAX_ALIASES = 100
_MAX_MUTATIONS = 4

_COSTLY: Mapping[str, frozenset[str]] = {
    "Query": frozenset(
        ["app", "category", "channel", "channels", "checkout", "collection", "me", "order", "product", "productVariant"]
    ),
    "Product": frozenset(
        [
            "attributes",
            "category",
            "collections",
            "defaultVariant",
            "media",
            "metadata",
            "pricing",
            "productType",
            "variant",
            "variants",
        ]
    ),
    "ProductVariant": frozenset(["attributes", "media", "pricing", "product", "quantityAvailable", "stocks"]),
    "SelectedAttribute": frozenset({"attribute", "values"}),
    "Stock": frozenset({"productVariant", "warehouse"}),
    "Category": frozenset({"parent"}),
    "Checkout": frozenset(
        [
            "availablePaymentGateways",
            "availableShippingMethods",
            "billingAddress",
            "channel",
            "lines",
            "shippingAddress",
            "shippingMethods",
            "user",
        ]
    ),
    "Order": frozenset(["billingAddress", "channel", "lines", "payments", "shippingAddress", "user"]),
    "OrderLine": frozenset({"thumbnail", "variant"}),
    "User": frozenset({"userPermissions"}),
}
_LISTS: Mapping[str, frozenset[str]] = {
    "Query": frozenset(
        ["categories", "collections", "customers", "orders", "pageTypes", "products", "productTypes", "productVariants"]
    ),
    "Category": frozenset({"ancestors", "children", "products"}),
    "Collection": frozenset({"products"}),
    "User": frozenset({"orders"}),
}


class TooExpensive(Exception):
    """The operation may cost more than the shop allows."""

    def __init__(self, cost: int) -> None:
        super().__init__(f"The query exceeds the maximum cost of {MAX_COST}. Actual cost is {cost}")


def fragments_of(document: DocumentNode) -> dict[str, FragmentDefinitionNode]:
    """The document's fragments by name."""
    return {each.name.value: each for each in document.definitions if isinstance(each, FragmentDefinitionNode)}


def too_many(document: DocumentNode, operation: OperationDefinitionNode) -> GraphQLError | None:
    """What there is too much of in a document, or None."""
    aliases = sum(_aliases(each.selection_set) for each in document.definitions if hasattr(each, "selection_set"))
    if aliases > _MAX_ALIASES:
        return GraphQLError(f"Number of aliases exceed the limit of {_MAX_ALIASES}")
    if operation.operation == OperationType.MUTATION and len(operation.selection_set.selections) > _MAX_MUTATIONS:
        return GraphQLError(f"Number of mutations exceed the limit of {_MAX_MUTATIONS}")
    return None


def _aliases(selections: SelectionSetNode | None) -> int:
    count = 0
    for each in () if selections is None else selections.selections:
        count += isinstance(each, FieldNode) and each.alias is not None
        count += _aliases(getattr(each, "selection_set", None))
    return count


def cost_of(
    schema: GraphQLSchema,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> int:
    """The cost of a valid operation."""
    root = schema.get_root_type(operation.operation)
    return _Costs(schema, fragments, variables).of(operation.selection_set, root, 1)


class _Costs:
    def __init__(
        self, schema: GraphQLSchema, fragments: Mapping[str, FragmentDefinitionNode], variables: Mapping[str, Any]
    ) -> None:
        self._schema, self._fragments, self._variables = schema, fragments, dict(variables)

    def of(self, selections: SelectionSetNode | None, parent: Any, factor: int) -> int:
        cost = 0
        for each in () if selections is None else selections.selections:
            if isinstance(each, FragmentSpreadNode):
                fragment = self._fragments[each.name.value]
                cost += self.of(fragment.selection_set, self._type(fragment.type_condition.name.value), factor)
            elif isinstance(each, InlineFragmentNode):
                condition = each.type_condition
                inner = parent if condition is None else self._type(condition.name.value)
                cost += self.of(each.selection_set, inner, factor)
            elif isinstance(each, FieldNode) and isinstance(parent, GraphQLObjectType):
                cost += self._field(each, parent, factor)
        return cost

    def _field(self, field: FieldNode, parent: GraphQLObjectType, factor: int) -> int:
        name = field.name.value
        definition = parent.fields.get(name)
        if definition is None:
            return 0
        cost = 0
        if name in _LISTS.get(parent.name, ()):
            factor *= self._size(field)
            cost = factor
        elif name in _COSTLY.get(parent.name, ()):
            cost = factor
        return cost + self.of(field.selection_set, get_named_type(definition.type), factor)

    def _size(self, field: FieldNode) -> int:
        for argument in field.arguments or ():
            if argument.name.value in {"first", "last"}:
                value = value_from_ast_untyped(argument.value, self._variables)
                if isinstance(value, int) and not isinstance(value, bool):
                    return max(1, value)
        return 1

    def _type(self, name: str) -> Any:
        return self._schema.type_map.get(name)
