"""Composition: subgraph schemas in, one supergraph schema out.

    composition = compose([Subgraph("users", users_sdl), Subgraph("orders", orders_sdl)])
    if isinstance(composition, Rejected):
        for error in composition.errors: ...

The stages stand in order in `compose`; each module has one of them. Composition never raises on bad input: it collects
every error of the first stage that has any, and gives the same text for the same subgraphs in any order.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from router.composition.field_usage import FieldUsage, find_field_usage
from router.composition.merge_types import merge_subgraphs
from router.composition.model import Subgraph, SubgraphSchema
from router.composition.render import render_api, render_supergraph
from router.composition.rules import (
    check_names,
    check_roots,
    check_subgraph,
    check_supergraph,
    check_validity,
    is_reserved,
)
from router.composition.satisfiability import check_satisfiability
from router.composition.subgraph import read_subgraph
from router.composition.upgrade import check_extensions, upgrade_subgraphs
from router.errors import CompositionError, CompositionHint
from router.graph.garbage import collection_paused

__all__ = ["Composed", "Rejected", "Subgraph", "compose"]


@dataclass(frozen=True, slots=True)
class Composed:
    """The subgraphs fit together.

    Attributes:
        supergraph_sdl: for the router: all types, with join directives.
        api_sdl: for clients: what the supergraph offers them.
        hints: worth knowing, nothing is wrong.
    """

    supergraph_sdl: str
    api_sdl: str
    hints: tuple[CompositionHint, ...] = ()


@dataclass(frozen=True, slots=True)
class Rejected:
    """The subgraphs do not fit together. `errors` is not empty."""

    errors: tuple[CompositionError, ...]
    hints: tuple[CompositionHint, ...] = ()


def compose(subgraphs: Sequence[Subgraph]) -> Composed | Rejected:
    """Composes subgraphs into a supergraph.

    Args:
        subgraphs: in any order; the order does not change the result.
    """
    with collection_paused():
        return _compose(subgraphs)


def _compose(subgraphs: Sequence[Subgraph]) -> Composed | Rejected:
    ordered = sorted(subgraphs, key=lambda s: (s.name, s.sdl))
    errors = list(check_names(ordered))

    schemas: list[SubgraphSchema] = []
    known: dict[str, FieldUsage] = {}
    for subgraph in ordered:
        schema, problems = read_subgraph(subgraph)
        if schema is not None and not problems and not is_reserved(subgraph.name):
            problems = list(check_validity(schema)) or list(check_roots(schema))
            if not schema.is_fed1 and all(p.code != "INVALID_GRAPHQL" for p in problems):
                known[schema.name] = find_field_usage(schema)  # others once they are upgraded
                problems += check_subgraph(schema, known[schema.name])
            schemas.append(schema)
        errors += problems
    if errors:
        return _rejected(errors)

    errors = upgrade_subgraphs(schemas)
    if errors:
        return _rejected(errors)

    usages = [known.get(schema.name) or find_field_usage(schema) for schema in schemas]
    state = merge_subgraphs(schemas, usages)
    state.errors += check_extensions(schemas)
    if not state.errors:
        state.errors += check_supergraph(state)
    if not state.errors:
        check_satisfiability(state)
    hints = tuple(sorted(state.hints, key=lambda h: (h.code, h.coordinate or "", h.message)))
    if state.errors:
        return _rejected(state.errors, hints)
    return Composed(render_supergraph(state), render_api(state), hints)


def _rejected(errors: Iterable[CompositionError], hints: tuple[CompositionHint, ...] = ()) -> Rejected:
    """Errors in one stable order, each once."""
    unique = dict.fromkeys(errors)
    ordered = sorted(unique, key=lambda e: (e.code, e.coordinate or "", e.message, e.subgraphs))
    return Rejected(tuple(ordered), hints)
