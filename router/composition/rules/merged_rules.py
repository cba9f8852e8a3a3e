"""What must hold once everything is merged."""

from collections.abc import Iterator

from router.composition.definitions import LATEST
from router.composition.model import SubgraphSchema
from router.composition.reporting import error, quoted
from router.composition.rules.field_set_rules import check_selections
from router.composition.rules.graphql_validity import check_graphql_validity
from router.composition.supergraph_model import MergeState
from router.errors import CompositionError
from router.graph.federation_spec import Features

__all__ = ["check_merged", "check_merged_validity"]


def check_merged(state: MergeState) -> Iterator[CompositionError]:
    """Yields implementations that lack interface fields, and requirements that the supergraph cannot meet."""
    yield from _check_implementations(state)
    yield from _check_requires(state)


def _check_implementations(state: MergeState) -> Iterator[CompositionError]:
    for merged in state.types.values():
        definition = merged.definition
        for interface_name in definition.interfaces:
            interface = state.types[interface_name]
            if interface.definition.kind != "INTERFACE":
                continue
            for field in interface.definition.fields:
                if field in definition.fields:
                    continue
                having = [i for i, t in interface.sources.items() if field in t.fields]
                yield error(
                    "INTERFACE_FIELD_NO_IMPLEM",
                    f'Interface field "{interface_name}.{field}" is declared in {quoted(state.names(having))} but'
                    f' "{definition.name}.{field}" is not in any subgraph although "{definition.name}" implements it in'
                    f" {quoted(state.names(i for i, n in merged.implements if n == interface_name))}: add it.",
                    coordinate=f"{definition.name}.{field}",
                    at=[
                        *((state.subgraphs[i], t.node) for i, t in merged.sources.items()),
                        *((state.subgraphs[i], interface.sources[i].fields[field].node) for i in having),
                    ],
                )


def _whole(state: MergeState) -> SubgraphSchema:
    """The supergraph as if it were a subgraph of that name."""
    return SubgraphSchema("supergraph", "", None, state.definitions(), state.directives, {}, Features(), False, LATEST)


def check_merged_validity(state: MergeState) -> Iterator[CompositionError]:
    """Yields what is valid in each subgraph but not together, such as a default value that names a dropped field."""
    whole = _whole(state)
    whole.schema_directives = state.directives_of_schema
    for problem in check_graphql_validity(whole):
        type_name = (problem.coordinate or "").partition(".")[0]
        merged = state.types.get(type_name)
        yield error(
            problem.code,
            problem.message.replace("[supergraph] ", "In the supergraph: ", 1),
            coordinate=problem.coordinate,
            at=[(state.subgraphs[i], t.node) for i, t in merged.sources.items()] if merged else (),
        )


def _check_requires(state: MergeState) -> Iterator[CompositionError]:
    """Each subgraph has checked its own; but what is required is asked of the others."""
    whole = _whole(state)
    for index, usage in enumerate(state.usages):
        subgraph = state.subgraphs[index]
        for (type_name, field), fields in usage.requires.items():
            for problem in check_selections(whole, type_name, fields):
                yield error(
                    "REQUIRES_INVALID_FIELDS",
                    f'[{subgraph.name}] On "{type_name}.{field}", for @requires: in the supergraph, {problem}',
                    coordinate=f"{type_name}.{field}",
                    at=[(subgraph, subgraph.types[type_name].fields[field].node)],
                )
