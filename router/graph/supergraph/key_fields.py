"""Keys before join v0.2: which subgraphs have the fields of a key, which these supergraphs do not say."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from router.graph.field_sets import FieldSelection, FieldSet, InvalidFieldSet, parse_field_set
from router.graph.supergraph.model import FieldJoin, SupergraphType, TypeJoin

__all__ = ["with_key_fields"]


def with_key_fields(types: dict[str, SupergraphType], owners: Mapping[str, Sequence[int]]) -> None:
    """Adds to `types`, in place, that a subgraph which has a key of an entity resolves the key's fields.

    Args:
        types: all types of the supergraph by name.
        owners: indices of the subgraphs that own each entity; these resolve what no join names.
    """
    for name in owners:
        for graph, join in tuple(types[name].joins.items()):
            for key in join.keys:
                try:
                    selected = parse_field_set(key.fields)
                except InvalidFieldSet:
                    continue  # reported with its text where the key is first needed
                _add(types, owners, name, graph, selected)


def _add(
    types: dict[str, SupergraphType], owners: Mapping[str, Sequence[int]], name: str, graph: int, selected: FieldSet
) -> None:
    type_ = types.get(name)
    if type_ is None:
        return
    for selection in selected:
        if not isinstance(selection, FieldSelection):
            _add(types, owners, selection.type_condition or name, graph, selection.selections)
            continue
        declared = types[name].fields.get(selection.name)
        if declared is None:
            continue
        if name in owners and all(join.graph != graph for join in declared.joins):
            field = replace(declared, joins=(*declared.joins, FieldJoin(graph)))
            joins = {graph: TypeJoin((), False, False), **types[name].joins}
            types[name] = replace(types[name], fields={**types[name].fields, selection.name: field}, joins=joins)
        if selection.selections is not None:
            _add(types, owners, declared.type.name, graph, selection.selections)
