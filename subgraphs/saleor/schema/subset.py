"""Proves that `schema.graphql` is a strict subset of a real Saleor's SDL.

    python -m subgraphs.saleor.schema.subset REAL.graphql

tells every difference, or, if there is none, keeps the digest of what was proved in `proven.sha256`. Whatever is asked
of the stand-in can then be asked of the real one, with the same meaning: each type, field, argument, nullability,
default, enum value, union member, interface and key of ours is there in the same way, and nothing that is required
there lacks here.
"""

import hashlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from graphql import (
    DefinitionNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    FieldDefinitionNode,
    InputObjectTypeDefinitionNode,
    InputValueDefinitionNode,
    InterfaceTypeDefinitionNode,
    Node,
    NonNullTypeNode,
    ObjectTypeDefinitionNode,
    ScalarTypeDefinitionNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
    parse,
    print_ast,
)

__all__ = ["DIGEST_FILE", "differences", "digest"]

SDL_FILE = Path(__file__).parent / "schema.graphql"
DIGEST_FILE = Path(__file__).parent / "proven.sha256"


def differences(ours: str, real: str) -> list[str]:
    """What an SDL has that the real one has not, or has otherwise; empty if it is a strict subset."""
    theirs = {each.name.value: each for each in _types(parse(real, no_location=True))}
    found = []
    for own in _types(parse(ours, no_location=True)):
        other = theirs.get(own.name.value)
        if other is None:
            found.append(f"{own.name.value}: there is no such type")
        elif other.kind != own.kind:
            found.append(f"{own.name.value}: is of another kind")
        else:
            found += [f"{own.name.value}{each}" for each in _between(own, other)]
    return found


def digest(sdl: str) -> str:
    """The digest of an SDL, whatever its layout and the order of its types."""
    texts = sorted(print_ast(each) for each in parse(sdl, no_location=True).definitions)
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()


def _types(document: DocumentNode) -> Iterator[TypeDefinitionNode]:
    for each in document.definitions:
        if _is_type(each):
            yield each  # type: ignore[misc]


def _is_type(each: DefinitionNode) -> bool:
    return isinstance(
        each,
        ObjectTypeDefinitionNode
        | InterfaceTypeDefinitionNode
        | InputObjectTypeDefinitionNode
        | EnumTypeDefinitionNode
        | UnionTypeDefinitionNode
        | ScalarTypeDefinitionNode,
    )


def _between(own: TypeDefinitionNode, other: TypeDefinitionNode) -> Iterator[str]:
    if isinstance(own, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode):
        assert isinstance(other, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode)
        yield from _beyond(_names(own.interfaces), _names(other.interfaces), " implements ")
        if _keys(own) != _keys(other):
            yield ": has other keys"
        theirs = {each.name.value: each for each in other.fields or ()}
        for field in own.fields or ():
            yield from _field(field, theirs.get(field.name.value))
    elif isinstance(own, InputObjectTypeDefinitionNode):
        assert isinstance(other, InputObjectTypeDefinitionNode)
        yield from _inputs(own.fields or (), other.fields or (), ".{}")
    elif isinstance(own, EnumTypeDefinitionNode):
        assert isinstance(other, EnumTypeDefinitionNode)
        ours = [each.name.value for each in own.values or ()]
        yield from _beyond(ours, [each.name.value for each in other.values or ()], ".")
    elif isinstance(own, UnionTypeDefinitionNode):
        assert isinstance(other, UnionTypeDefinitionNode)
        yield from _beyond(_names(own.types), _names(other.types), " = ")


def _field(own: FieldDefinitionNode, other: FieldDefinitionNode | None) -> Iterator[str]:
    name = own.name.value
    if other is None:
        yield f".{name}: there is no such field"
        return
    if print_ast(own.type) != print_ast(other.type):
        yield f".{name}: is {print_ast(other.type)}, not {print_ast(own.type)}"
    yield from _inputs(own.arguments or (), other.arguments or (), f".{name}({{}}:)")


def _inputs(
    own: Sequence[InputValueDefinitionNode], other: Sequence[InputValueDefinitionNode], place: str
) -> Iterator[str]:
    """Between arguments, or input fields."""
    theirs = {each.name.value: each for each in other}
    for each in own:
        name = each.name.value
        found = theirs.pop(name, None)
        if found is None:
            yield f"{place.format(name)}: there is none"
        elif (_text(each.type), _text(each.default_value)) != (_text(found.type), _text(found.default_value)):
            yield f"{place.format(name)}: is {_text(found.type)} with the default {_text(found.default_value)}"
    for name, left in theirs.items():
        if isinstance(left.type, NonNullTypeNode) and left.default_value is None:
            yield f"{place.format(name)}: is required"


def _text(node: Node | None) -> str:
    return "" if node is None else print_ast(node)


def _names(nodes: Sequence[Node] | None) -> list[str]:
    return [print_ast(each) for each in nodes or ()]


def _keys(definition: ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode) -> set[str]:
    return {print_ast(each) for each in definition.directives or () if each.name.value == "key"}


def _beyond(own: Sequence[str], other: Sequence[str], sign: str) -> Iterator[str]:
    for each in own:
        if each not in other:
            yield f"{sign}{each}: there is none"


def main(arguments: Sequence[str]) -> int:
    """Compares, and returns the exit status."""
    ours = SDL_FILE.read_text()
    found = differences(ours, Path(arguments[0]).read_text())
    for each in found:
        sys.stderr.write(f"{each}\n")
    if not found:
        DIGEST_FILE.write_text(f"{digest(ours)}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
