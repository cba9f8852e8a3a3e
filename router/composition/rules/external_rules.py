"""`@external` and `@shareable`: where they stand, and whether they have a use."""

from collections.abc import Iterator

from graphql.language import Node

from router.composition.definitions import federation
from router.composition.field_usage import FieldUsage
from router.composition.model import SubgraphSchema
from router.composition.reporting import error
from router.errors import CompositionError

__all__ = ["check_external", "check_shareable"]


def check_external(schema: SubgraphSchema, usage: FieldUsage) -> Iterator[CompositionError]:
    """Yields misplaced and unused `@external`."""
    for definition in schema.composites():
        for field in definition.fields.values():
            coordinate = f"{definition.name}.{field.name}"
            if definition.kind == "INTERFACE" and field.applied(federation("external")):
                yield error(
                    "EXTERNAL_ON_INTERFACE",
                    f'[{schema.name}] "{coordinate}" is a field of an interface and cannot be @external: remove the'
                    " directive here, and put it on the fields of implementations if these are external.",
                    coordinate=coordinate,
                    at=[(schema, field.node)],
                )
            at = (definition.name, field.name)
            if at in usage.external and field.applied(federation("provides")):
                yield error(
                    "EXTERNAL_COLLISION_WITH_ANOTHER_DIRECTIVE",
                    f'[{schema.name}] "{coordinate}" has both @external and @provides: what is not resolved here'
                    " provides nothing. Remove one of them.",
                    coordinate=coordinate,
                    at=[(schema, field.node)],
                )
            elif at in usage.external and at not in usage.used:
                yield error(
                    "EXTERNAL_UNUSED",
                    f'[{schema.name}] "{coordinate}" is @external but no @key, @provides, @requires or interface uses'
                    " it: remove the field, or remove @external if this subgraph resolves it.",
                    coordinate=coordinate,
                    at=[(schema, field.node)],
                )


def check_shareable(schema: SubgraphSchema) -> Iterator[CompositionError]:
    """Yields `@shareable` on interfaces' fields and repeated on one declaration."""
    for definition in schema.composites():
        for block in range(len(definition.blocks)):
            if sum(a.block == block for a in definition.all_applied(federation("shareable"))) > 1:
                yield _misused(schema, definition.name, "is repeated on one declaration: keep one", definition.node)
        for field in definition.fields.values():
            count = sum(a.name == federation("shareable") for a in field.directives)
            coordinate = f"{definition.name}.{field.name}"
            if count and definition.kind == "INTERFACE":
                yield _misused(schema, coordinate, "stands on a field of an interface: remove it", field.node)
            elif count > 1:
                yield _misused(schema, coordinate, "is repeated on one field: keep one", field.node)


def _misused(schema: SubgraphSchema, coordinate: str, what: str, node: Node | None) -> CompositionError:
    message = f'[{schema.name}] @shareable at "{coordinate}" {what}.'
    return error("INVALID_SHAREABLE_USAGE", message, coordinate=coordinate, at=[(schema, node)])
