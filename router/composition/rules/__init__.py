"""The rules: generators of errors that never raise, so that one run reports everything."""

from collections.abc import Iterator, Sequence

from router.composition.field_usage import FieldUsage
from router.composition.model import Subgraph, SubgraphSchema
from router.composition.reporting import error, quoted
from router.composition.rules.access_rules import check_access_sites, check_transitive_access
from router.composition.rules.context_rules import check_contexts
from router.composition.rules.cost_rules import check_costs
from router.composition.rules.external_rules import check_external, check_shareable
from router.composition.rules.field_set_rules import check_field_sets
from router.composition.rules.graphql_validity import check_graphql_validity as check_validity
from router.composition.rules.inaccessible_rules import check_inaccessible
from router.composition.rules.interface_rules import check_interface_entities
from router.composition.rules.merged_rules import check_merged, check_merged_validity
from router.composition.supergraph_model import MergeState
from router.errors import CompositionError

__all__ = ["check_names", "check_roots", "check_subgraph", "check_supergraph", "check_validity", "is_reserved"]


def is_reserved(name: str) -> bool:
    """Whether no subgraph can have the name."""
    return name in {"", "_"}


def check_names(subgraphs: Sequence[Subgraph]) -> Iterator[CompositionError]:
    """Yields reserved and repeated names of subgraphs, and the absence of any."""
    if not subgraphs:
        yield CompositionError("NO_QUERIES", "There is nothing to compose: give at least one subgraph.")
    names = [s.name for s in subgraphs]
    for name in sorted(set(names)):
        if is_reserved(name):
            message = f"{quoted([name])} cannot be the name of a subgraph: rename it."
            yield CompositionError("INVALID_SUBGRAPH_NAME", message, None, (name,))
        if names.count(name) > 1:
            message = f"{names.count(name)} subgraphs are called {quoted([name])}: rename all but one."
            yield CompositionError("INVALID_SUBGRAPH_NAME", message, None, (name,))


def check_roots(schema: SubgraphSchema) -> Iterator[CompositionError]:
    """Yields types that have the name of a root that another type is."""
    for operation, root in schema.taken_roots.items():
        name = operation.title()
        yield error(
            f"ROOT_{operation.upper()}_USED",
            f'[{schema.name}] The type "{name}" is not the {operation} root ("{root}" is): rename the type, or make it'
            " the root.",
            coordinate=name,
            at=[(schema, schema.types[name].node)],
        )


def check_subgraph(schema: SubgraphSchema, usage: FieldUsage) -> Iterator[CompositionError]:
    """Yields what is wrong with one subgraph by itself, beyond GraphQL."""
    yield from check_field_sets(schema, usage)
    if not schema.is_fed1:
        yield from check_external(schema, usage)
        yield from check_shareable(schema)
        yield from check_interface_entities(schema, usage)
        yield from check_contexts(schema, usage)
        yield from check_costs(schema)
        yield from check_access_sites(schema)


def check_supergraph(state: MergeState) -> Iterator[CompositionError]:
    """Yields what is wrong with the merged schema; only sound once the merge had no errors."""
    errors = [*check_merged(state), *check_transitive_access(state)]
    yield from errors or list(check_merged_validity(state)) or check_inaccessible(state)
