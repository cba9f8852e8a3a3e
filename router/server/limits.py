"""Limits on documents: how deep, how wide, how many aliases and directives.

Counted before validation, so that a document made to be expensive to validate or to plan never gets there. Fragments
count where they are spread; each is measured once, so the count itself is linear in the document.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

from router.server.config import LimitsConfig
from router.server.responses import Rejected

__all__ = ["Measure", "check_document", "check_variables", "measure_operation"]


@dataclass(frozen=True, slots=True)
class Measure:
    """Size of a selection set with all fragments spread out; `depth` counts levels of fields."""

    depth: int = 0
    fields: int = 0
    root_fields: int = 0
    aliases: int = 0
    directives: int = 0
    variables: int = 0


def check_document(document: DocumentNode, limits: LimitsConfig) -> None:
    """Refuse a document one of whose operations is over a limit.

    Raises:
        Rejected: code `MAX_<WHAT>_LIMIT`, naming the limit.
    """
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    measured: dict[str, Measure | None] = {}
    for operation in document.definitions:
        if isinstance(operation, OperationDefinitionNode):
            measure = measure_operation(operation, fragments, measured)
            check(measure, limits)


def check(measure: Measure, limits: LimitsConfig) -> None:
    for code, what, value, limit in (
        ("MAX_DEPTH_LIMIT", "levels of fields", measure.depth, limits.max_depth),
        ("MAX_FIELDS_LIMIT", "fields", measure.fields, limits.max_fields),
        ("MAX_ROOT_FIELDS_LIMIT", "root fields", measure.root_fields, limits.max_root_fields),
        ("MAX_ALIASES_LIMIT", "aliases", measure.aliases, limits.max_aliases),
        ("MAX_DIRECTIVES_LIMIT", "directives", measure.directives, limits.max_directives),
        ("MAX_VARIABLES_LIMIT", "variables", measure.variables, limits.max_variables),
    ):
        if value > limit:
            raise over(code, what, limit)


def over(code: str, what: str, limit: int) -> Rejected:
    return Rejected.one(code, f"The operation has more than {limit} {what}.", status=422, json_status=200, limit=limit)


def measure_operation(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    measured: dict[str, Measure | None] | None = None,
) -> Measure:
    """Measure one operation; fragments that are unknown or cyclic count as empty, validation reports them."""
    inner = measure_selections(operation.selection_set, fragments, {} if measured is None else measured)
    definitions = operation.variable_definitions or ()
    directives = len(operation.directives or ()) + sum(len(d.directives or ()) for d in definitions)
    return replace(inner, directives=inner.directives + directives, variables=len(definitions))


def measure_selections(
    selection_set: SelectionSetNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    measured: dict[str, Measure | None],
) -> Measure:
    depth = fields = root_fields = aliases = directives = 0
    for selection in selection_set.selections:
        directives += len(selection.directives or ())
        if isinstance(selection, FieldNode):
            inner = EMPTY
            if selection.selection_set is not None:
                inner = measure_selections(selection.selection_set, fragments, measured)
            root_fields += 1
            fields += 1
            aliases += selection.alias is not None
            depth = max(depth, inner.depth + 1)
        else:
            if isinstance(selection, FragmentSpreadNode):
                inner = measure_fragment(selection.name.value, fragments, measured)
            elif isinstance(selection, InlineFragmentNode):
                inner = measure_selections(selection.selection_set, fragments, measured)
            else:
                raise TypeError(f"no selection: {selection.kind}")
            root_fields += inner.root_fields
            depth = max(depth, inner.depth)
        fields += inner.fields
        aliases += inner.aliases
        directives += inner.directives
    return Measure(depth, fields, root_fields, aliases, directives)


def measure_fragment(
    name: str, fragments: Mapping[str, FragmentDefinitionNode], measured: dict[str, Measure | None]
) -> Measure:
    if name in measured:
        return measured[name] or EMPTY  # None: being measured, so this is a cycle
    fragment = fragments.get(name)
    if fragment is None:
        return EMPTY
    measured[name] = None
    measure = measure_selections(fragment.selection_set, fragments, measured)
    measured[name] = measure
    return measure


def check_variables(variables: Mapping[str, object], limits: LimitsConfig) -> None:
    """Refuse variables that are nested too deeply, or hold too many values, to be checked and sent on.

    Raises:
        Rejected: code `MAX_VARIABLES_DEPTH_LIMIT` or `MAX_VARIABLES_ITEMS_LIMIT`.
    """
    depth, items, level = 0, 0, inner_values([variables])
    while level:
        depth += 1
        items += sum(map(len, level))
        if depth > limits.max_variables_depth:
            limit, what = limits.max_variables_depth, "levels of lists and objects"
            raise variables_over("MAX_VARIABLES_DEPTH_LIMIT", what, limit)
        if items > limits.max_variables_items:
            limit, what = limits.max_variables_items, "values in their lists and objects"
            raise variables_over("MAX_VARIABLES_ITEMS_LIMIT", what, limit)
        level = inner_values(level)


def variables_over(code: str, what: str, limit: int) -> Rejected:
    return Rejected.one(code, f"The variables have more than {limit} {what}.", status=422, json_status=200, limit=limit)


def inner_values(containers: Iterable[Mapping[str, object] | list[object]]) -> list[dict[str, object] | list[object]]:
    found: list[dict[str, object] | list[object]] = []
    for container in containers:
        values = container if isinstance(container, list) else container.values()
        found.extend(value for value in values if isinstance(value, (dict, list)))
    return found


EMPTY = Measure()
