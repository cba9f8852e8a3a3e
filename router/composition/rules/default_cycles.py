"""Default values of input objects that need themselves: filling them in would never end."""

from collections.abc import Iterator

from router.composition.model import Const, InputValue, Missing, SubgraphSchema, base_type
from router.composition.reporting import error
from router.errors import CompositionError

__all__ = ["check_default_cycles"]

Coordinate = tuple[str, str]


def check_default_cycles(schema: SubgraphSchema) -> Iterator[CompositionError]:
    """Yields an error for each circle of default values.

    Source: the GraphQL specification, "Input Object Default Value Has Cycle".
    """
    fields: dict[Coordinate, InputValue] = {
        (definition.name, value.name): value
        for definition in schema.types.values()
        if definition.kind == "INPUT_OBJECT"
        for value in definition.inputs.values()
        if not isinstance(value.default, Missing)
    }
    needed = {at: tuple(_needed_by(schema, value, fields)) for at, value in fields.items()}
    done: set[Coordinate] = set()
    for start in fields:
        path: list[Coordinate] = []
        stack = [(start, iter(needed[start]))] if start not in done else []
        while stack:
            at, rest = stack[-1]
            if len(path) < len(stack):
                path.append(at)
            following = next((n for n in rest if n not in done), None)
            if following is None:
                done.add(at)
                stack.pop()
                path.pop()
            elif following in path:
                yield _error(schema, [*path[path.index(following) :], following], fields[following])
                done.add(following)
            else:
                stack.append((following, iter(needed[following])))


def _needed_by(
    schema: SubgraphSchema, declared: InputValue, fields: dict[Coordinate, InputValue]
) -> Iterator[Coordinate]:
    """Fields whose defaults fill in what a field's own default leaves out."""
    assert not isinstance(declared.default, Missing)
    waiting: list[tuple[str, Const]] = [(base_type(declared.type), declared.default)]
    while waiting:
        type_name, value = waiting.pop()
        if isinstance(value, list):
            waiting += ((type_name, item) for item in value)
        definition = schema.types.get(type_name)
        if not isinstance(value, dict) or definition is None or definition.kind != "INPUT_OBJECT":
            continue
        for name, inner in definition.inputs.items():
            if name in value:
                waiting.append((base_type(inner.type), value[name]))
            elif (type_name, name) in fields:
                yield type_name, name


def _error(schema: SubgraphSchema, circle: list[Coordinate], value: InputValue) -> CompositionError:
    coordinates = [".".join(at) for at in circle]
    message = (
        f"[{schema.name}] The default value of an input field cannot need itself: {' -> '.join(coordinates)}. "
        "Give one of these fields another default value, or none."
    )
    return error("INVALID_GRAPHQL", message, coordinate=coordinates[0], at=[(schema, value.node)])
