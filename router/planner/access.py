"""Which fields of an operation a caller may not have, before anything is planned.

The rules are those of Apollo's router. A field is denied if something is lacking that it demands, or its type, or, on
an interface, the same field of an implementation. What is asked of all objects of an interface is given only to who may
see all of them; else the field that leads there is denied. Fragments on a type that the caller may not see are denied.
Keys and requirements that only the planner asks for are not looked at: composition has seen to it that fields demand
what their requirements do.

Whether a node of a document is denied follows from the node alone, wherever its fragment is spread; so normalisation
needs no more than the denied nodes.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)

from router.errors import OperationError
from router.graph.selection_builder import root_type
from router.graph.selection_syntax import both, conditions_of
from router.graph.selections import TYPENAME
from router.graph.supergraph import Requirement, Supergraph
from router.planner.plan import Denial

__all__ = ["OperationAccess", "operation_access"]

ITEMS = "@"
"""In paths: each item of a list."""

MAX_DENIALS = 10_000
"""Fragments in fragments can have more places than anybody wants to read of."""

MAX_MENTIONS = 20 * MAX_DENIALS
"""How often one of them may be met on the way up, in selection sets that enclose one another or ask for the same."""


@dataclass(frozen=True, slots=True)
class OperationAccess:
    """What an operation demands, and what is denied to a caller who meets certain demands.

    Attributes:
        requirements: each demand of the operation, once.
        denials: in the order of the document.
        nodes: identities of the nodes that are denied; the document must outlive them.
    """

    requirements: tuple[Requirement, ...] = ()
    denials: tuple[Denial, ...] = ()
    nodes: frozenset[int] = frozenset()


def operation_access(
    document: DocumentNode,
    operation: OperationDefinitionNode,
    supergraph: Supergraph,
    granted: Collection[Requirement] = (),
    hidden: frozenset[str] = frozenset(),
) -> OperationAccess:
    """Works out what an operation demands. The document must be valid against the API schema.

    Args:
        document: has the fragments.
        operation: in it.
        granted: which demands the caller meets.
        hidden: names of types that the caller's view does not show, besides those that nobody sees.

    Raises:
        OperationError: too much is denied to be told.
    """
    if not supergraph.access:
        return OperationAccess()
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    walk = _Walk(supergraph, fragments, frozenset(granted), hidden | supergraph.inaccessible_types)
    denials = walk.denials(operation.selection_set, root_type(supergraph, operation.operation))
    return OperationAccess(tuple(walk.requirements), denials, frozenset(walk.nodes))


_Found = tuple[Denial, ...]
"""Denials, their paths and conditions relative to a place."""


class _Walk:
    """One operation, for one set of rights. A selection set is looked at once, wherever its fragment is spread."""

    def __init__(
        self,
        supergraph: Supergraph,
        fragments: Mapping[str, FragmentDefinitionNode],
        granted: frozenset[Requirement],
        hidden_types: frozenset[str],
    ) -> None:
        self._types = supergraph.types
        self._rules = supergraph.access
        self._fragments = fragments
        self._granted = granted
        self._possible = {
            name: tuple(member for member in members if member not in hidden_types)
            for name, members in supergraph.possible.items()
        }
        self._of_fields: dict[tuple[str, str], tuple[Requirement, ...]] = {}
        self._known: dict[int, _Found] = {}
        self._left = MAX_MENTIONS
        self.requirements: dict[Requirement, None] = {}
        self.nodes: set[int] = set()

    def denials(self, selection_set: SelectionSetNode, type_name: str) -> _Found:
        """
        Raises:
            OperationError: there are too many.
        """
        known = self._known.get(id(selection_set))
        if known is None:
            found: dict[Denial, None] = {}
            for node in selection_set.selections:
                conditions = conditions_of(node.directives or ())
                if conditions is None:
                    continue
                for denial in self._denials_of(node, type_name):
                    self._left -= 1
                    if self._left < 0:
                        raise _too_many("too many times for things")
                    combined = both(conditions, denial.conditions)
                    if combined is not None:
                        found[Denial(denial.path, combined)] = None
                if len(found) > MAX_DENIALS:
                    raise _too_many(f"for more than {MAX_DENIALS} things")
            known = self._known[id(selection_set)] = tuple(found)
        return known

    def _denials_of(self, node: SelectionNode, type_name: str) -> Iterable[Denial]:
        if isinstance(node, FieldNode):
            return self._of_field_node(node, type_name)
        fragment = self._fragment(node)
        condition = fragment.type_condition
        inner = condition.name.value if condition is not None else type_name
        below = self.denials(fragment.selection_set, inner)  # also for what is demanded there
        if condition is not None:
            demanded = (*self._rules.types.get(inner, ()), *self._of_all_objects(inner, fragment.selection_set))
            if self._lacks(demanded):
                self.nodes.add(id(fragment))
                return (Denial((f"... on {inner}",), ()),)
        return below

    def _of_field_node(self, node: FieldNode, type_name: str) -> Iterable[Denial]:
        name = node.name.value
        if name.startswith("__"):
            return ()
        type_ = self._types[type_name].fields[name].type
        demanded = self._of_field(type_name, name)
        below: _Found = ()
        key = node.alias.value if node.alias else name
        if node.selection_set is not None:
            demanded = (*demanded, *self._of_all_objects(type_.name, node.selection_set))
        lacks = self._lacks(demanded)
        if node.selection_set is not None:
            below = self.denials(node.selection_set, type_.name)
        if lacks:
            self.nodes.add(id(node))
            return (Denial((key,), ()),)
        place = (key, ITEMS) if type_.list_depth else (key,)
        return (Denial((*place, *denial.path), denial.conditions) for denial in below)

    # -- what is demanded ---------------------------------------------------------------------------------------------

    def _lacks(self, demanded: tuple[Requirement, ...]) -> bool:
        """Note what is demanded; whether the caller lacks some of it."""
        self.requirements.update(dict.fromkeys(demanded))
        return not self._granted.issuperset(demanded)

    def _of_field(self, type_name: str, name: str) -> tuple[Requirement, ...]:
        known = self._of_fields.get((type_name, name))
        if known is None:
            found: list[Requirement] = []
            for owner in dict.fromkeys((type_name, *self._possible[type_name])):
                field = self._types[owner].fields.get(name)
                if field is not None:
                    found += self._rules.fields.get((owner, name), ())
                    found += self._rules.types.get(field.type.name, ())
            if type_name in self._rules.types and not self._types[type_name].is_abstract:
                found += self._rules.types[type_name]
            known = self._of_fields[type_name, name] = tuple(dict.fromkeys(found))
        return known

    def _of_all_objects(self, type_name: str, selection_set: SelectionSetNode) -> Iterator[Requirement]:
        """What seeing any object of an interface demands, if something is asked of all of them."""
        if self._types[type_name].is_abstract and _asks_of_all(selection_set):
            for name in self._possible[type_name]:
                yield from self._rules.types.get(name, ())

    def _fragment(self, node: SelectionNode) -> FragmentDefinitionNode | InlineFragmentNode:
        if isinstance(node, FragmentSpreadNode):
            return self._fragments[node.name.value]
        assert isinstance(node, InlineFragmentNode)
        return node


def _too_many(what: str) -> OperationError:
    message = f"The operation asks {what} that its caller may not have."
    return OperationError(message, code="QUERY_PLANNING_BUDGET_EXCEEDED")


def _asks_of_all(selection_set: SelectionSetNode) -> bool:
    """Whether fields are selected outside of fragments with a type condition; `__typename` is free."""
    return any(
        node.name.value != TYPENAME
        if isinstance(node, FieldNode)
        else isinstance(node, InlineFragmentNode) and node.type_condition is None and _asks_of_all(node.selection_set)
        for node in selection_set.selections
    )
