"""Between AST nodes, GraphQL text and what the model holds: constants as Python values, types as text."""

import json
import math
from collections.abc import Mapping

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

from router.composition.model import Const, EnumName, TypeDef, base_type

__all__ = ["const", "fits", "render_constant", "spell_type", "typed"]


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


def render_constant(value: Const) -> str:
    """A constant as GraphQL text."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case EnumName():
            return str(value)
        case str():
            return json.dumps(value, ensure_ascii=False)
        case list():
            return f"[{', '.join(render_constant(v) for v in value)}]"
        case dict():
            return "{" + ", ".join(f"{k}: {render_constant(v)}" for k, v in value.items()) + "}"
        case _:
            return repr(value)


def fits(types: Mapping[str, TypeDef], spelled_type: str, value: Const, *, is_literal: bool = False) -> bool:
    """Whether a constant can be given where the type is expected.

    The reference composer decides what fits: a default value or a directive's argument is judged by its value, so that
    `3.0` is an `Int`, `"ONE"` a value of an enum that has it, and an input object may lack required fields.

    Args:
        types: the schema's own types; of others any value is taken.
        is_literal: judge the constant as it is written: an `Int` is a whole number of 32 bits, a `String` is quoted.
    """
    if spelled_type.endswith("!"):
        return value is not None and fits(types, spelled_type[:-1], value, is_literal=is_literal)
    if value is None:
        return True
    if spelled_type.startswith("["):
        items = value if isinstance(value, list) else [value]
        return all(fits(types, spelled_type[1:-1], item, is_literal=is_literal) for item in items)
    if spelled_type in _LEAVES:
        return _LEAVES[spelled_type](value, is_literal)
    definition = types.get(spelled_type)
    if definition is None:
        return isinstance(value, str) or spelled_type not in _TEXTS
    if definition.kind == "ENUM":
        return isinstance(value, str) and value in definition.values
    if definition.kind != "INPUT_OBJECT":
        return True
    return isinstance(value, dict) and all(
        name in definition.inputs and fits(types, definition.inputs[name].type, item, is_literal=is_literal)
        for name, item in value.items()
    )


def _is_whole(value: Const) -> bool:
    if isinstance(value, float):
        return math.isfinite(value) and value == int(value) and abs(value) < 10**21
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**21


def _is_int(value: Const, is_literal: bool) -> bool:
    return _is_whole(value) and (not is_literal or (isinstance(value, int) and -(2**31) <= value < 2**31))


def _is_boolean(value: Const, _is_literal: bool) -> bool:
    return isinstance(value, bool)


def _is_float(value: Const, _is_literal: bool) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and _is_finite(value)


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _is_string(value: Const, is_literal: bool) -> bool:
    return isinstance(value, str) and not (is_literal and isinstance(value, EnumName))


def _is_id(value: Const, is_literal: bool) -> bool:
    return _is_string(value, is_literal) or (_is_whole(value) and not (is_literal and isinstance(value, float)))


_LEAVES = {
    "Int": _is_int,
    "Float": _is_float,
    "Boolean": _is_boolean,
    "String": _is_string,
    "ID": _is_id,
}
_TEXTS = frozenset({"Scope", "Policy", "ContextFieldValue"})


def typed(types: Mapping[str, TypeDef], spelled_type: str, value: Const) -> Const:
    """A constant that fits the type, in one form however it was written: `"ONE"` as the enum's value, `3.0` as `3`."""
    base = base_type(spelled_type)
    definition = types.get(base)
    match value:
        case bool():
            return value
        case float() if _is_whole(value):
            return int(value)
        case int() if abs(value) >= 10**21 and _is_finite(value):
            return float(value)
        case list():
            return [typed(types, base, item) for item in value]
        case str():
            return EnumName(value) if definition is not None and definition.kind == "ENUM" else str(value)
        case dict():
            inputs = definition.inputs if definition is not None else {}
            return {k: typed(types, inputs[k].type if k in inputs else base, v) for k, v in value.items()}
    return value
