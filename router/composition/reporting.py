"""Making errors and hints, with locations looked up from AST nodes."""

from collections.abc import Iterable, Sequence

from graphql.language import Node

from router.composition.model import SubgraphSchema
from router.errors import CompositionError, CompositionHint

__all__ = ["and_list", "error", "hint", "quoted"]

Places = Iterable[tuple[SubgraphSchema, Node | None]]

_HINT_LEVELS = {
    "CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS": "INFO",
    "DIRECTIVE_COMPOSITION_INFO": "INFO",
    "IMPLICITLY_UPGRADED_FEDERATION_VERSION": "INFO",
    "INCONSISTENT_BUT_COMPATIBLE_ARGUMENT_TYPE": "INFO",
    "INCONSISTENT_BUT_COMPATIBLE_FIELD_TYPE": "INFO",
    "INCONSISTENT_ENTITY": "INFO",
    "INCONSISTENT_ENUM_VALUE_FOR_OUTPUT_ENUM": "DEBUG",
    "INCONSISTENT_INTERFACE_VALUE_TYPE_FIELD": "DEBUG",
    "INCONSISTENT_OBJECT_VALUE_TYPE_FIELD": "DEBUG",
    "INCONSISTENT_TYPE_SYSTEM_DIRECTIVE_LOCATIONS": "DEBUG",
    "INCONSISTENT_TYPE_SYSTEM_DIRECTIVE_REPEATABLE": "DEBUG",
    "INCONSISTENT_UNION_MEMBER": "DEBUG",
    "MERGED_NON_REPEATABLE_DIRECTIVE_ARGUMENTS": "INFO",
    "OVERRIDDEN_FIELD_CAN_BE_REMOVED": "INFO",
    "OVERRIDE_DIRECTIVE_CAN_BE_REMOVED": "INFO",
    "OVERRIDE_MIGRATION_IN_PROGRESS": "INFO",
    "UNUSED_ENUM_TYPE": "DEBUG",
}


def error(
    code: str, message: str, *, coordinate: str | None = None, at: Places = (), subgraphs: Sequence[str] = ()
) -> CompositionError:
    """An error at the given (subgraph, node) places; `subgraphs` adds names that have no place."""
    places = list(at)
    names = {s.name for s, _ in places} | set(subgraphs)
    locations = {location for s, node in places if (location := s.location(node)) is not None}
    ordered = sorted(locations, key=lambda x: (x.subgraph, x.line, x.column))
    return CompositionError(code, message, coordinate, tuple(sorted(names)), tuple(ordered))


def hint(code: str, message: str, *, coordinate: str | None = None, subgraphs: Sequence[str] = ()) -> CompositionHint:
    """A hint; its level follows from its code."""
    return CompositionHint(code, _HINT_LEVELS.get(code, "WARN"), message, coordinate, tuple(sorted(set(subgraphs))))


def quoted(names: Iterable[str]) -> str:
    """`"a", "b" and "c"`."""
    return and_list([f'"{n}"' for n in names])


def and_list(items: Sequence[str]) -> str:
    """`a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else "nothing"
