"""From AST nodes to what the model holds: constants as Python values, types as text."""

from graphql import GraphQLError
from graphql.language import (
    BooleanValueNode,
    EnumValueNode,
    FloatValueNode,
    IntValueNode,
    ListTypeNode,
    ListValueNode,
    NamedTypeNode,
    NonNullTypeNode,
    ObjectValueNode,
    StringValueNode,
    TypeNode,
    ValueNode,
)

from router.composition.model import Const, EnumName

__all__ = ["const", "spell_type"]


def const(node: ValueNode) -> Const:
    """The Python value of a constant: enum values become `EnumName`.

    Raises:
        GraphQLError: a whole number with more digits than Python converts (4,300 unless it was told otherwise).
    """
    match node:
        case IntValueNode():
            try:
                return int(node.value)
            except ValueError:
                raise GraphQLError(f"A number with {len(node.value):,} digits is too long.", node) from None
        case FloatValueNode():
            return float(node.value)
        case BooleanValueNode():
            return bool(node.value)
        case StringValueNode():
            return str(node.value)
        case EnumValueNode():
            return EnumName(node.value)
        case ListValueNode():
            return [const(v) for v in node.values]
        case ObjectValueNode():
            return {f.name.value: const(f.value) for f in node.fields}
        case _:
            return None


def spell_type(node: TypeNode) -> str:
    """The type as SDL spells it."""
    if isinstance(node, NonNullTypeNode):
        return spell_type(node.type) + "!"
    if isinstance(node, ListTypeNode):
        return f"[{spell_type(node.type)}]"
    assert isinstance(node, NamedTypeNode)
    return node.name.value
