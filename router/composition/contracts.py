"""Contracts: a view of the supergraph that shows only what its tags allow.

    view = view_of(load_contract("partner.toml"), supergraph)
    view.schema       # validates and introspects
    view.hidden       # what planning and projection must not show

The supergraph stays one: a view only hides, so whatever keys and requirements need is still fetched.

Rules, those of Apollo's contracts:
- Everything with an excluded tag is hidden.
- With included tags, a field of an object or interface and a union are hidden unless they have one. A type's tags are
  its fields', too. Arguments, input types, enums and scalars need no tag: they belong to what uses them.
- A type is hidden when all it has is hidden; the query root never is.
- Then, unless the contract says otherwise, types that nothing visible leads to are hidden.
- What remains must be a schema: see `contract_rules`.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, TypeVar

from graphql import GraphQLSchema, print_ast
from graphql.language import (
    ConstDirectiveNode,
    DefinitionNode,
    DirectiveDefinitionNode,
    DocumentNode,
    EnumTypeDefinitionNode,
    InterfaceTypeDefinitionNode,
    NameNode,
    Node,
    ObjectTypeDefinitionNode,
    StringValueNode,
    TypeDefinitionNode,
    UnionTypeDefinitionNode,
)

from router.composition.contract_file import Contract, InvalidContract, load_contract
from router.composition.contract_rules import check_view, children, named_type
from router.errors import CompositionError
from router.graph.api_schema import api_document, build_api_schema
from router.graph.federation_spec import read_features
from router.graph.supergraph import Supergraph

__all__ = ["Contract", "InvalidContract", "View", "load_contract", "view_of"]

_N = TypeVar("_N", bound=Node)


@dataclass(frozen=True, eq=False)
class View:
    """One contract's part of a supergraph.

    Attributes:
        hidden: schema coordinates (`T`, `T.field`, `T.field(argument:)`, `T.VALUE`) that clients of the full schema see
            and those of this view do not.
        document: the view's API schema.
    """

    contract: Contract
    hidden: frozenset[str]
    document: DocumentNode

    @cached_property
    def schema(self) -> GraphQLSchema:
        """The schema that operations of this view are validated against."""
        return build_api_schema(self.document)

    @cached_property
    def sdl(self) -> str:
        """The schema's text, for the view's clients; ends in a newline."""
        return print_ast(self.document) + "\n"


def view_of(contract: Contract, supergraph: Supergraph) -> View:
    """Applies a contract to a supergraph. Deterministic.

    Raises:
        InvalidContract: it names a tag that nothing has (`CONTRACT_UNKNOWN_TAG`), leaves no query (`CONTRACT_EMPTY`),
            or what it leaves is no valid schema (codes as for `@inaccessible`).
    """
    tags = _read_tags(supergraph.document)
    known = {tag for found in tags.values() for tag in found}
    unknown = sorted((contract.include | contract.exclude) - known)
    if unknown:
        raise InvalidContract([_unknown_tag(contract, tag, known) for tag in unknown])
    api = api_document(supergraph.document)
    filtered = _Filter(contract, supergraph, api, tags)
    filtered.hide()
    errors = list(check_view(contract, filtered.types, filtered.directives, filtered.hidden, supergraph.roots["query"]))
    if errors:
        raise InvalidContract(errors)
    hidden = frozenset(filtered.hidden)
    return View(contract, hidden, api_document(_marked(api, hidden)))


class _Filter:
    """Finds what to hide; `hidden` says of each coordinate why."""

    def __init__(
        self, contract: Contract, supergraph: Supergraph, api: DocumentNode, tags: Mapping[str, frozenset[str]]
    ) -> None:
        self.contract = contract
        self.roots = supergraph.roots
        self.tags = tags
        self.types = {d.name.value: d for d in api.definitions if isinstance(d, TypeDefinitionNode)}
        self.directives = [d for d in api.definitions if isinstance(d, DirectiveDefinitionNode)]
        self.hidden: dict[str, str] = {}

    def hide(self) -> None:
        for name, node in self.types.items():
            self._hide_by_tags(name, node)
        for name, node in self.types.items():
            if (
                name not in self.hidden
                and name != self.roots["query"]
                and not isinstance(node, UnionTypeDefinitionNode)
            ):
                self._hide_if_empty(name, [f"{name}.{c.name.value}" for c in children(node)])
        for name, node in self.types.items():
            if name not in self.hidden and isinstance(node, UnionTypeDefinitionNode):
                self._hide_if_empty(name, [member.name.value for member in node.types or ()])
        if self.contract.hide_unreachable_types:
            reached = self._reachable()
            for name in self.types:
                if name not in reached:
                    self.hidden.setdefault(name, "nothing that the view shows leads to it")

    def _hide_by_tags(self, name: str, node: TypeDefinitionNode) -> None:
        own = self.tags.get(name, frozenset())
        has_fields = isinstance(node, ObjectTypeDefinitionNode | InterfaceTypeDefinitionNode)
        if name != self.roots["query"]:
            self._hide(name, own, must_be_included=isinstance(node, UnionTypeDefinitionNode))
        for child in children(node):
            coordinate = f"{name}.{child.name.value}"
            tags = own | self.tags.get(coordinate, frozenset())
            self._hide(coordinate, tags, must_be_included=has_fields)
            for argument in getattr(child, "arguments", None) or ():
                at = f"{coordinate}({argument.name.value}:)"
                self._hide(at, tags | self.tags.get(at, frozenset()), must_be_included=False)

    def _hide(self, coordinate: str, tags: frozenset[str], *, must_be_included: bool) -> None:
        excluded = sorted(tags & self.contract.exclude)
        if excluded:
            self.hidden[coordinate] = f'it has the excluded tag "{excluded[0]}"'
        elif must_be_included and self.contract.include and not tags & self.contract.include:
            self.hidden[coordinate] = "it has none of the included tags"

    def _hide_if_empty(self, name: str, parts: list[str]) -> None:
        if parts and all(part in self.hidden for part in parts):
            self.hidden[name] = "all it has is hidden"

    # ---- what the roots lead to -------------------------------------------------------------------------------------

    def _reachable(self) -> set[str]:
        implementers: dict[str, list[str]] = {}
        for name, node in self.types.items():
            for interface in getattr(node, "interfaces", None) or ():
                implementers.setdefault(interface.name.value, []).append(name)
        # An interface leads to what implements it where a field returns it, not where a type merely claims it.
        waiting = [(name, True) for name in (*self.roots.values(), *self._of_directives())]
        seen: set[tuple[str, bool]] = set()
        while waiting:
            name, is_returned = waiting.pop()
            if (name, is_returned) in seen or name in self.hidden or name not in self.types:
                continue
            seen |= {(name, is_returned), (name, False)}
            node = self.types[name]
            waiting += ((interface.name.value, False) for interface in getattr(node, "interfaces", None) or ())
            waiting += ((used, True) for used in self._used_by(name, node))
            if is_returned:
                waiting += ((implementer, True) for implementer in implementers.get(name, ()))
        return {name for name, _ in seen}

    def _used_by(self, name: str, node: TypeDefinitionNode) -> Iterator[str]:
        if isinstance(node, UnionTypeDefinitionNode):
            yield from (member.name.value for member in node.types or ())
        elif not isinstance(node, EnumTypeDefinitionNode):
            for child in children(node):
                coordinate = f"{name}.{child.name.value}"
                if coordinate not in self.hidden:
                    yield named_type(child.type)
                    for argument in getattr(child, "arguments", None) or ():
                        if f"{coordinate}({argument.name.value}:)" not in self.hidden:
                            yield named_type(argument.type)

    def _of_directives(self) -> Iterator[str]:
        return (named_type(argument.type) for d in self.directives for argument in d.arguments or ())


# ---- tags and marks -------------------------------------------------------------------------------------------------


def _read_tags(document: DocumentNode) -> dict[str, frozenset[str]]:
    """Names of the `@tag`s at each schema coordinate; the supergraph has those of all subgraphs."""
    feature = read_features(document).named("tag")
    directive = feature.directive("tag") if feature else "tag"
    found: dict[str, frozenset[str]] = {}

    def read(coordinate: str, node: Node) -> None:
        names = frozenset(
            argument.value.value
            for applied in getattr(node, "directives", None) or ()
            if applied.name.value == directive
            for argument in applied.arguments or ()
            if argument.name.value == "name" and isinstance(argument.value, StringValueNode)
        )
        if names:
            found[coordinate] = names

    for node in document.definitions:
        if isinstance(node, TypeDefinitionNode):
            name = node.name.value
            read(name, node)
            for child in children(node):
                coordinate = f"{name}.{child.name.value}"
                read(coordinate, child)
                for argument in getattr(child, "arguments", None) or ():
                    read(f"{coordinate}({argument.name.value}:)", argument)
    return found


def _unknown_tag(contract: Contract, tag: str, known: Iterable[str]) -> CompositionError:
    listed = ", ".join(f'"{name}"' for name in sorted(known)) or "no tags at all"
    message = f'No element of the supergraph has the tag "{tag}"; it has {listed}. Correct it, or tag what it means.'
    return CompositionError("CONTRACT_UNKNOWN_TAG", message, locations=contract.location(tag))


_MARK = ConstDirectiveNode(name=NameNode(value="inaccessible"), arguments=())


def _marked(api: DocumentNode, hidden: frozenset[str]) -> DocumentNode:
    """The document with `@inaccessible` on what is hidden."""

    def marked(coordinate: str, node: _N) -> _N:
        if coordinate not in hidden:
            return node
        return replace(node, directives=(*(getattr(node, "directives", None) or ()), _MARK))  # type: ignore[call-arg]

    def with_marks(node: DefinitionNode) -> DefinitionNode:
        if not isinstance(node, TypeDefinitionNode):
            return node
        name = node.name.value
        parts = []
        for child in children(node):
            coordinate = f"{name}.{child.name.value}"
            arguments = getattr(child, "arguments", None)
            if arguments:
                each = tuple(marked(f"{coordinate}({a.name.value}:)", a) for a in arguments)
                child = replace(child, arguments=each)  # noqa: PLW2901
            parts.append(marked(coordinate, child))
        if parts:
            attribute = "values" if isinstance(node, EnumTypeDefinitionNode) else "fields"
            changed: dict[str, Any] = {attribute: tuple(parts)}
            node = replace(node, **changed)
        return marked(name, node)

    return DocumentNode(definitions=tuple(with_marks(node) for node in api.definitions))
