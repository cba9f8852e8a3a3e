"""What must hold once everything is merged."""

from collections.abc import Iterator

from router.composition.model import SubgraphSchema
from router.composition.reporting import error, quoted
from router.composition.rules.field_set_rules import check_selections
from router.composition.supergraph_model import MergeState
from router.errors import CompositionError
from router.graph.federation_spec import Features

__all__ = ["check_merged"]


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


def _check_requires(state: MergeState) -> Iterator[CompositionError]:
    """Each subgraph has checked its own; but what is required is asked of the others."""
    whole = SubgraphSchema("supergraph", "", None, state.definitions(), {}, {}, Features(), False, (2, 0))
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
