"""What a view must be after its contract has hidden what it hides: a schema in which nothing visible needs something
hidden. Codes are those of `@inaccessible`, which a contract amounts to.

Source: the inaccessible specification (https://specs.apollo.dev/inaccessible/v0.2), rules for the API schema.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graphql.language import (
    DirectiveDefinitionNode,
    EnumTypeDefinitionNode,
    EnumValueNode,
    InputObjectTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    ListTypeNode,
    ListValueNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    ObjectValueNode,
    TypeDefinitionNode,
    TypeNode,
    ValueNode,
)

from router.composition.contract_file import Contract
from router.errors import CompositionError

__all__ = ["check_view", "children", "named_type"]

Types = Mapping[str, TypeDefinitionNode]
Hidden = Mapping[str, str]


def check_view(
    contract: Contract, types: Types, directives: Iterable[DirectiveDefinitionNode], hidden: Hidden, query: str
) -> Iterator[CompositionError]:
    """Yields every reason why the rest is no schema.

    Args:
        types: the full API schema's types, by name.
        directives: its directives.
        hidden: schema coordinates of what the view hides, with the reason in words.
        query: name of the query root type.
    """
    if all(f"{query}.{child.name.value}" in hidden for child in children(types[query])):
        message = (
            f'The view "{contract.name}" has no query: it hides every field of "{query}". '
            "Tag at least one of them with an included tag."
        )
        yield CompositionError("CONTRACT_EMPTY", message, query, locations=contract.location())
        return
    checker = _Checker(contract, types, hidden)
    for name, node in types.items():
        if name not in hidden:
            yield from checker.check_type(name, node)
    for directive in directives:
        yield from checker.check_directive(directive)


class _Checker:
    def __init__(self, contract: Contract, types: Types, hidden: Hidden) -> None:
        self.contract = contract
        self.types = types
        self.hidden = hidden

    def check_type(self, name: str, node: TypeDefinitionNode) -> Iterator[CompositionError]:
        parts = children(node)
        if parts and all(f"{name}.{part.name.value}" in self.hidden for part in parts):
            yield self._error("ONLY_INACCESSIBLE_CHILDREN", name, f'shows "{name}" but hides all it has')
        if isinstance(node, EnumTypeDefinitionNode):
            return
        for part in parts:
            coordinate = f"{name}.{part.name.value}"
            if isinstance(node, InputObjectTypeDefinitionNode):
                yield from self._check_input(coordinate, part, f'input type "{name}"')
            elif coordinate not in self.hidden:
                yield from self._check_reference(coordinate, part.type)
                for argument in part.arguments or ():
                    at = f"{coordinate}({argument.name.value}:)"
                    yield from self._check_input(at, argument, f'field "{coordinate}"')
        for interface in getattr(node, "interfaces", None) or ():
            if interface.name.value not in self.hidden and interface.name.value in self.types:
                yield from self._check_implementation(name, node, interface.name.value)

    def check_directive(self, node: DirectiveDefinitionNode) -> Iterator[CompositionError]:
        name = f"@{node.name.value}"
        for argument in node.arguments or ():
            yield from self._check_input(f"{name}({argument.name.value}:)", argument, f'directive "{name}"')

    def _check_reference(self, coordinate: str, type_: TypeNode) -> Iterator[CompositionError]:
        name = named_type(type_)
        if name in self.hidden:
            yield self._error(
                "REFERENCED_INACCESSIBLE",
                coordinate,
                f'shows "{coordinate}", whose type "{name}" it hides ({self.hidden[name]})',
                f'Show "{name}", or hide "{coordinate}".',
            )

    def _check_input(self, coordinate: str, node: Any, owner: str) -> Iterator[CompositionError]:
        """An argument or input field: hidden ones must not be needed, visible ones must not need what is hidden."""
        if coordinate in self.hidden:
            if isinstance(node.type, NonNullTypeNode) and node.default_value is None:
                yield self._error(
                    "REQUIRED_INACCESSIBLE",
                    coordinate,
                    f'hides "{coordinate}" ({self.hidden[coordinate]}), but shows the {owner}, which requires it',
                    "Give it a default value or make it optional, or show it, or hide both.",
                )
            return
        yield from self._check_reference(coordinate, node.type)
        if node.default_value is not None:
            for used in self._used_by_value(node.type, node.default_value):
                yield self._error(
                    "DEFAULT_VALUE_USES_INACCESSIBLE",
                    coordinate,
                    f'shows "{coordinate}", whose default value uses "{used}", which it hides ({self.hidden[used]})',
                    f'Show "{used}", or take another default.',
                )

    def _used_by_value(self, type_: TypeNode, value: ValueNode) -> Iterator[str]:
        """Hidden enum values and input fields in a default value."""
        if isinstance(type_, NonNullTypeNode):
            yield from self._used_by_value(type_.type, value)
        elif isinstance(type_, ListTypeNode):
            items = value.values if isinstance(value, ListValueNode) else (value,)
            for item in items:
                yield from self._used_by_value(type_.type, item)
        elif isinstance(type_, NamedTypeNode):
            node = self.types.get(type_.name.value)
            if isinstance(node, EnumTypeDefinitionNode) and isinstance(value, EnumValueNode):
                used = f"{node.name.value}.{value.value}"
                if used in self.hidden:
                    yield used
            elif isinstance(node, InputObjectTypeDefinitionNode) and isinstance(value, ObjectValueNode):
                fields = {field.name.value: field.type for field in node.fields or ()}
                for given in value.fields:
                    used = f"{node.name.value}.{given.name.value}"
                    if used in self.hidden:
                        yield used
                    elif given.name.value in fields:
                        yield from self._used_by_value(fields[given.name.value], given.value)

    def _check_implementation(self, name: str, node: Any, interface: str) -> Iterator[CompositionError]:
        own = {field.name.value: field for field in node.fields or ()}
        for field in children(self.types[interface]):
            promised = f"{interface}.{field.name.value}"
            coordinate = f"{name}.{field.name.value}"
            if promised in self.hidden:
                continue
            if coordinate in self.hidden:
                yield self._implementation_error(promised, coordinate)
                continue
            arguments = {argument.name.value for argument in own[field.name.value].arguments or ()}
            for argument in field.arguments or ():
                at = f"{coordinate}({argument.name.value}:)"
                of_interface = f"{promised}({argument.name.value}:)"
                if argument.name.value in arguments and at in self.hidden and of_interface not in self.hidden:
                    yield self._implementation_error(of_interface, at)

    def _implementation_error(self, promised: str, coordinate: str) -> CompositionError:
        return self._error(
            "IMPLEMENTED_BY_INACCESSIBLE",
            coordinate,
            f'shows "{promised}", but hides "{coordinate}", which implements it ({self.hidden[coordinate]})',
            f'Show "{coordinate}", or hide "{promised}".',
        )

    def _error(
        self, code: str, coordinate: str, what: str, fix: str = "Show a part of it, or hide it."
    ) -> CompositionError:
        message = f'The view "{self.contract.name}" {what}. {fix}'
        return CompositionError(code, message, coordinate, locations=self.contract.location())


def children(node: TypeDefinitionNode) -> tuple[Any, ...]:
    """Fields, input fields or enum values of a type."""
    match node:
        case ObjectTypeDefinitionNode() | InterfaceTypeDefinitionNode() | InputObjectTypeDefinitionNode():
            return tuple(node.fields or ())
        case EnumTypeDefinitionNode():
            return tuple(node.values or ())
        case _:
            return ()


def named_type(node: TypeNode) -> str:
    """The name of a type without its lists and exclamation marks."""
    while isinstance(node, ListTypeNode | NonNullTypeNode):
        node = node.type
    assert isinstance(node, NamedTypeNode)
    return node.name.value
