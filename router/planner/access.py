"""Which fields of an operation a caller may not have, before anything is planned.

The rules are those of Apollo's router. A field is denied if something is lacking that it demands, or its type, or, on
an interface, the same field of an implementation. What is asked of all objects of an interface is given only to who may
see all of them; else the field that leads there is denied. Fragments on a type that the caller may not see are denied.
Keys and requirements that only the planner asks for are not looked at: composition has seen to it that fields demand
what their requirements do.

Whether a node of a document is denied follows from the node alone, wherever its fragment is spread; so normalisation
needs no more than the denied nodes.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionNode,
    SelectionSetNode,
)

from router.graph.selection_builder import root_type
from router.graph.selection_syntax import Conditions, both, conditions_of
from router.graph.selections import TYPENAME
from router.graph.supergraph import Requirement, Supergraph
from router.planner.normalize import named_operation

__all__ = ["Denial", "OperationAccess", "operation_access"]

ITEMS = "@"
"""In paths: each item of a list."""


@dataclass(frozen=True, slots=True)
class Denial:
    """Something that the operation asks and the caller may not have.

    Attributes:
        path: response keys, `@` for the items of a list; at its end `... on Type` for a fragment.
        conditions: it is asked only if they hold.
    """

    path: tuple[str, ...]
    conditions: Conditions


@dataclass(frozen=True, slots=True)
class OperationAccess:
    """What an operation demands, and what is denied to a caller who meets certain demands.

    Attributes:
        requirements: each demand of the operation, once.
        denials: in the order of the document.
        nodes: identities of the nodes that are denied.
    """

    requirements: tuple[Requirement, ...] = ()
    denials: tuple[Denial, ...] = ()
    nodes: frozenset[int] = frozenset()


def operation_access(
    document: DocumentNode,
    operation_name: str | None,
    supergraph: Supergraph,
    granted: Collection[Requirement] = (),
    hidden: frozenset[str] = frozenset(),
) -> OperationAccess:
    """Works out what an operation demands. The document must be valid against the API schema.

    Args:
        granted: which demands the caller meets.
        hidden: names of types that the caller's view does not show, besides those that nobody sees.

    Raises:
        OperationError: there is no such operation, or several and no name.
    """
    if not supergraph.access:
        return OperationAccess()
    operation = named_operation(document, operation_name)
    fragments = {d.name.value: d for d in document.definitions if isinstance(d, FragmentDefinitionNode)}
    walk = _Walk(supergraph, fragments, frozenset(granted), hidden | supergraph.inaccessible_types)
    walk.operation(root_type(supergraph, operation.operation), operation.selection_set)
    return OperationAccess(tuple(walk.requirements), tuple(walk.denials), frozenset(walk.nodes))


_Path = tuple[str, ...]


class _Walk:
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
        self.requirements: dict[Requirement, None] = {}
        self.denials: dict[Denial, None] = {}
        self.nodes: set[int] = set()

    def operation(self, root: str, selection_set: SelectionSetNode) -> None:
        self._selection(selection_set, root, (), (), set(), is_denied=False)

    def _selection(
        self,
        selection_set: SelectionSetNode,
        type_name: str,
        path: _Path,
        conditions: Conditions,
        spread: set[tuple[str, Conditions, bool]],
        *,
        is_denied: bool,
    ) -> None:
        """
        Args:
            spread: named fragments that have been looked at in this place.
            is_denied: whether all of it is; then only what it demands is of interest.
        """
        for node in selection_set.selections:
            combined = both(conditions, conditions_of(node.directives or ()))
            if combined is None:
                continue
            if isinstance(node, FieldNode):
                self._field(node, type_name, path, combined, is_denied=is_denied)
                continue
            fragment = self._fragment(node)
            if isinstance(node, FragmentSpreadNode):
                key = (node.name.value, combined, is_denied)
                if key in spread:
                    continue
                spread.add(key)
            condition = fragment.type_condition
            inner = condition.name.value if condition is not None else type_name
            lacks = False
            if condition is not None:
                demanded = (*self._rules.types.get(inner, ()), *self._of_all_objects(inner, fragment.selection_set))
                lacks = self._lacks(demanded)
                if lacks:
                    self.nodes.add(id(fragment))
                    if not is_denied:
                        self.denials[Denial((*path, f"... on {inner}"), combined)] = None
            self._selection(fragment.selection_set, inner, path, combined, spread, is_denied=is_denied or lacks)

    def _field(self, node: FieldNode, type_name: str, path: _Path, conditions: Conditions, *, is_denied: bool) -> None:
        name = node.name.value
        if name.startswith("__"):
            return
        type_ = self._types[type_name].fields[name].type
        demanded = self._of_field(type_name, name)
        if node.selection_set is not None:
            demanded = (*demanded, *self._of_all_objects(type_.name, node.selection_set))
        here = (*path, node.alias.value if node.alias else name)
        lacks = self._lacks(demanded)
        if lacks:
            self.nodes.add(id(node))
            if not is_denied:
                self.denials[Denial(here, conditions)] = None
        if node.selection_set is not None:
            below = (*here, ITEMS) if type_.list_depth else here
            denied = is_denied or lacks
            self._selection(node.selection_set, type_.name, below, conditions, set(), is_denied=denied)

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


def _asks_of_all(selection_set: SelectionSetNode) -> bool:
    """Whether fields are selected outside of fragments with a type condition; `__typename` is free."""
    return any(
        node.name.value != TYPENAME
        if isinstance(node, FieldNode)
        else isinstance(node, InlineFragmentNode) and node.type_condition is None and _asks_of_all(node.selection_set)
        for node in selection_set.selections
    )
