"""What a supergraph says about the work that its fields are: `@cost` and `@listSize`.

Source: https://specs.apollo.dev/cost/v0.1, https://ibm.github.io/graphql-specs/cost-spec.html.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    ConstDirectiveNode,
    DirectiveNode,
    DocumentNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    ObjectTypeDefinitionNode,
    TypeDefinitionNode,
    TypeNode,
    value_from_ast_untyped,
)

from router.errors import InvalidSupergraph
from router.graph.federation_spec import Features, supergraph_features

__all__ = ["CostRules", "InputCost", "ListSize", "read_costs"]


@dataclass(frozen=True, slots=True)
class InputCost:
    """An argument or an input field.

    Attributes:
        type: the named type.
        weight: None if it has that of its type.
    """

    type: str
    weight: float | None


@dataclass(frozen=True, slots=True)
class ListSize:
    """A `@listSize`.

    Attributes:
        coordinate: of the field, such as `Query.products`.
        slicing: names of the arguments that say how long the list is, with their default values.
        sized: names of the fields below whose lists they are; empty if it is the field's own.
        requires_one: whether exactly one of `slicing` must be given.
    """

    coordinate: str
    assumed: int | None
    slicing: tuple[tuple[str, int | None], ...]
    sized: tuple[str, ...]
    requires_one: bool


@dataclass(frozen=True, slots=True)
class CostRules:
    """All of a supergraph.

    Attributes:
        types: weights of types by name, of those that have one.
        fields: weights by type and field name, of those that have one.
        list_sizes: by type and field name; also what an implementing type has from its interface.
        arguments: by type and field name, of fields whose arguments may be work.
        inputs: the fields of each input type.
    """

    types: Mapping[str, float] = field(default_factory=dict)
    fields: Mapping[tuple[str, str], float] = field(default_factory=dict)
    list_sizes: Mapping[tuple[str, str], ListSize] = field(default_factory=dict)
    arguments: Mapping[tuple[str, str], Mapping[str, InputCost]] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, InputCost]] = field(default_factory=dict)


def read_costs(document: DocumentNode) -> CostRules:
    """Reads the rules of a supergraph.

    Raises:
        InvalidSupergraph: a directive has not the arguments that its specification says: what limits must not be
            guessed.
    """
    return _Reader(supergraph_features(document)).rules(document)


class _Reader:
    def __init__(self, features: Features) -> None:
        feature = features.named("cost")
        self._cost = self._list_size = ""
        if feature is not None:
            self._cost, self._list_size = feature.directive("cost"), feature.directive("listSize")

    def rules(self, document: DocumentNode) -> CostRules:
        definitions = [node for node in document.definitions if isinstance(node, TypeDefinitionNode)]
        types = {
            node.name.value: weight
            for node in definitions
            if (weight := self._weight(node.directives, node.name.value)) is not None
        }
        inputs = {
            node.name.value: {each.name.value: self._input(each) for each in node.fields or ()}
            for node in definitions
            if isinstance(node, InputObjectTypeDefinitionNode)
        }
        fields: dict[tuple[str, str], float] = {}
        sizes: dict[tuple[str, str], ListSize] = {}
        arguments: dict[tuple[str, str], Mapping[str, InputCost]] = {}
        for node, each in _fields(definitions):
            key = node.name.value, each.name.value
            where = ".".join(key)
            if (weight := self._weight(each.directives, where)) is not None:
                fields[key] = weight
            if (size := self._size(each, where)) is not None:
                sizes[key] = size
            given = {argument.name.value: self._input(argument) for argument in each.arguments or ()}
            if any(one.weight is not None or one.type in inputs or one.type in types for one in given.values()):
                arguments[key] = given
        for node, each in _fields(definitions):
            for interface in node.interfaces or ():
                inherited = sizes.get((interface.name.value, each.name.value))
                if inherited is not None:
                    sizes.setdefault((node.name.value, each.name.value), inherited)
        return CostRules(types, fields, sizes, arguments, inputs)

    def _input(self, node: InputValueDefinitionNode) -> InputCost:
        return InputCost(_named(node.type), self._weight(node.directives, node.name.value))

    def _weight(self, directives: tuple[ConstDirectiveNode, ...] | None, where: str) -> float | None:
        given = _arguments(directives, self._cost)
        if given is None:
            return None
        weight = given.get("weight")
        if not isinstance(weight, int | float) or isinstance(weight, bool):
            raise InvalidSupergraph(f"@{self._cost} of {where} needs `weight`, a number.")
        return float(weight)

    def _size(self, node: FieldDefinitionNode, where: str) -> ListSize | None:
        given = _arguments(node.directives, self._list_size)
        if given is None:
            return None
        assumed, slicing, sized = given.get("assumedSize"), given.get("slicingArguments"), given.get("sizedFields")
        if not (assumed is None or isinstance(assumed, int)) or not _is_names(slicing) or not _is_names(sized):
            raise InvalidSupergraph(
                f"@{self._list_size} of {where} needs `assumedSize` as a number, and `slicingArguments` and "
                "`sizedFields` as lists of names."
            )
        defaults = {
            each.name.value: value_from_ast_untyped(each.default_value)
            for each in node.arguments or ()
            if each.default_value is not None
        }
        known = ((name, defaults.get(name)) for name in slicing or ())
        return ListSize(
            where,
            assumed,
            tuple((name, default if isinstance(default, int) else None) for name, default in known),
            tuple(sized or ()),
            given.get("requireOneSlicingArgument", True) is not False,
        )


def _fields(
    definitions: list[TypeDefinitionNode],
) -> Iterator[tuple[ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode, FieldDefinitionNode]]:
    for node in definitions:
        if isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
            for each in node.fields or ():
                yield node, each


def _arguments(directives: tuple[DirectiveNode, ...] | None, name: str) -> dict[str, Any] | None:
    """Of the directive of that name; None if there is none."""
    node = next((each for each in directives or () if name and each.name.value == name), None)
    return None if node is None else {a.name.value: value_from_ast_untyped(a.value) for a in node.arguments or ()}


def _is_names(value: object) -> bool:
    return value is None or (isinstance(value, list) and all(isinstance(name, str) for name in value))


def _named(node: TypeNode) -> str:
    while not isinstance(node, NamedTypeNode):
        node = node.type  # type: ignore[attr-defined]  # of a list or of what is not null
    return node.name.value
