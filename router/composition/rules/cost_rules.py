"""`@cost` and `@listSize` in one subgraph."""

from collections.abc import Iterator

from router.composition.definitions import federation
from router.composition.model import Applied, Field, SubgraphSchema, TypeDef, base_type, is_list
from router.composition.reporting import error
from router.errors import CompositionError

__all__ = ["check_costs"]


def check_costs(schema: SubgraphSchema) -> Iterator[CompositionError]:
    """Yields costs of interface fields, and list sizes that name what is not there."""
    for definition in schema.composites():
        for field in definition.fields.values():
            coordinate = f"{definition.name}.{field.name}"
            if definition.kind == "INTERFACE" and field.applied(federation("cost")):
                message = f'"{coordinate}" is a field of an interface: put @cost on the fields of its implementations.'
                yield _problem(schema, "COST_APPLIED_TO_INTERFACE_FIELD", message, coordinate, field)
            applied = field.applied(federation("listSize"))
            if applied is not None:
                yield from _check_list_size(schema, definition, field, applied)


def _problem(schema: SubgraphSchema, code: str, message: str, coordinate: str, field: Field) -> CompositionError:
    return error(code, f"[{schema.name}] {message}", coordinate=coordinate, at=[(schema, field.node)])


def _check_list_size(
    schema: SubgraphSchema, definition: TypeDef, field: Field, applied: Applied
) -> Iterator[CompositionError]:
    coordinate = f"{definition.name}.{field.name}"
    sized = applied.arguments.get("sizedFields")
    sized = sized if isinstance(sized, list) else [] if sized is None else [sized]
    if not sized and not is_list(field.type):
        message = f'"{coordinate}" is no list: say with sizedFields which of its fields are, or remove @listSize.'
        yield _problem(schema, "LIST_SIZE_APPLIED_TO_NON_LIST", message, coordinate, field)
    size = applied.arguments.get("assumedSize")
    if isinstance(size, int) and size < 0:
        message = f'The assumed size of "{coordinate}" cannot be negative: give it as 0 or more.'
        yield _problem(schema, "LIST_SIZE_INVALID_ASSUMED_SIZE", message, coordinate, field)
    slicing = applied.arguments.get("slicingArguments")
    for name in slicing if isinstance(slicing, list) else [] if slicing is None else [slicing]:
        argument = field.arguments.get(str(name))
        if argument is None or argument.type.removesuffix("!") != "Int":
            message = f'The slicing argument "{name}" must be an Int argument of "{coordinate}": add or rename it.'
            yield _problem(schema, "LIST_SIZE_INVALID_SLICING_ARGUMENT", message, coordinate, field)
    target = schema.types.get(base_type(field.type))
    for name in sized:
        found = target.fields.get(str(name)) if target is not None and target.is_composite else None
        if found is None:
            message = (
                f'On "{coordinate}", the sized field "{name}" is not a field of "{base_type(field.type)}": correct it.'
            )
            yield _problem(schema, "LIST_SIZE_INVALID_SIZED_FIELD", message, coordinate, field)
        elif not is_list(found.type):
            message = f'On "{coordinate}", the sized field "{base_type(field.type)}.{name}" is no list: leave it out.'
            yield _problem(schema, "LIST_SIZE_APPLIED_TO_NON_LIST", message, coordinate, field)
