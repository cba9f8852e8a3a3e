"""Making errors and hints, with locations looked up from AST nodes."""

from collections.abc import Iterable, Sequence

from graphql.language import Node

from router.composition.codes import HINTS
from router.composition.model import SubgraphSchema
from router.errors import CompositionError, CompositionHint

__all__ = ["and_list", "error", "hint", "quoted"]

Places = Iterable[tuple[SubgraphSchema, Node | None]]


def error(
    code: str, message: str, *, coordinate: str | None = None, at: Places = (), subgraphs: Sequence[str] = ()
) -> CompositionError:
    """An error at the given (subgraph, node) places; `subgraphs` adds names that have no place.

    Subgraphs that the message does not name are put in front of it: `[users] ...`.
    """
    places = list(at)
    names = {s.name for s, _ in places} | set(subgraphs)
    unnamed = sorted(name for name in names if f'"{name}"' not in message and f"[{name}]" not in message)
    if unnamed:
        message = f"[{', '.join(unnamed)}] {message}"
    locations = {location for s, node in places if (location := s.location(node)) is not None}
    ordered = sorted(locations, key=lambda x: (x.subgraph, x.line, x.column))
    return CompositionError(code, message, coordinate, tuple(sorted(names)), tuple(ordered))


def hint(code: str, message: str, *, coordinate: str | None = None, subgraphs: Sequence[str] = ()) -> CompositionHint:
    """A hint; its level follows from its code."""
    return CompositionHint(code, HINTS[code].severity, message, coordinate, tuple(sorted(set(subgraphs))))


def quoted(names: Iterable[str]) -> str:
    """`"a", "b" and "c"`."""
    return and_list([f'"{n}"' for n in names])


def and_list(items: Sequence[str]) -> str:
    """`a, b and c`."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}" if items else "nothing"
