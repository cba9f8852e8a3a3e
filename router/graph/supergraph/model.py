"""The supergraph model: what a supergraph SDL says, with every join resolved.

Source: the join specification v0.1 to v0.5 (https://specs.apollo.dev/join). Only what planning needs is kept; the
client's schema is `api_schema.build_api_schema(supergraph.document)`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from graphql import DocumentNode, specified_scalar_types

from router.graph.supergraph.access import AccessRules, read_access
from router.graph.supergraph.costs import CostRules, read_costs

__all__ = [
    "FieldJoin",
    "Key",
    "SubgraphInfo",
    "Supergraph",
    "SupergraphField",
    "SupergraphType",
    "TypeJoin",
    "TypeRef",
]


@dataclass(frozen=True, slots=True)
class SubgraphInfo:
    """One subgraph: its position in `Supergraph.subgraphs`, name, default URL and name in `join__Graph`."""

    index: int
    name: str
    url: str
    graph: str


@dataclass(frozen=True, slots=True)
class TypeRef:
    """A field's type: the named type, how many lists are around it, and the whole in SDL notation."""

    name: str
    list_depth: int
    text: str


@dataclass(frozen=True, slots=True)
class Key:
    """One `@key` of a type in a subgraph; `fields` is the text of its field set."""

    fields: str
    resolvable: bool


@dataclass(frozen=True, slots=True)
class TypeJoin:
    """What one subgraph has of a type. A type without keys there has an empty `keys`."""

    keys: tuple[Key, ...]
    is_interface_object: bool
    extension: bool


@dataclass(frozen=True, slots=True)
class FieldJoin:
    """One `@join__field`. `graph` is None where the field comes from an interface object."""

    graph: int | None
    requires: str | None = None
    provides: str | None = None
    type: TypeRef | None = None
    external: bool = False
    override: str | None = None
    override_label: str | None = None
    used_overridden: bool = False
    context_arguments: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class SupergraphField:
    """A field of an object or interface type. No `joins`: every subgraph that has the type resolves it."""

    name: str
    type: TypeRef
    joins: tuple[FieldJoin, ...]
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SupergraphType:
    """A composite or leaf type.

    Attributes:
        kind: `OBJECT`, `INTERFACE`, `UNION`, `ENUM`, `SCALAR` or `INPUT_OBJECT`.
        joins: what each subgraph (by index) has of it.
        implements: names of the interfaces it implements, per subgraph index.
        members: for a union: names of its members, per subgraph index.
        values: for an enum: the values that clients may see.
        is_inaccessible: whether the type is hidden from clients.
        contexts: names of the contexts that objects of this type set (`@context`), such as `products__locale`.
    """

    name: str
    kind: str
    joins: Mapping[int, TypeJoin]
    fields: Mapping[str, SupergraphField] = field(default_factory=dict)
    implements: Mapping[int, frozenset[str]] = field(default_factory=dict)
    members: Mapping[int, frozenset[str]] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    is_inaccessible: bool = False
    contexts: frozenset[str] = frozenset()

    @property
    def is_composite(self) -> bool:
        return self.kind in ("OBJECT", "INTERFACE", "UNION")

    @property
    def is_abstract(self) -> bool:
        return self.kind in ("INTERFACE", "UNION")


@dataclass(frozen=True, eq=False)
class Supergraph:
    """An immutable supergraph. Equality is identity, so that it can key caches.

    Attributes:
        roots: type name per operation type (`query`, `mutation`, `subscription`).
        possible: names of the object types of each composite type, sorted, hidden ones included.
    """

    sdl: str
    document: DocumentNode
    subgraphs: tuple[SubgraphInfo, ...]
    types: Mapping[str, SupergraphType]
    roots: Mapping[str, str]
    possible: Mapping[str, tuple[str, ...]]

    def is_custom_scalar(self, name: str) -> bool:
        """Whether the type of that name is a scalar other than the specification's own."""
        type_ = self.types.get(name)
        return type_ is not None and type_.kind == "SCALAR" and name not in specified_scalar_types

    @cached_property
    def inaccessible_types(self) -> frozenset[str]:
        """Names of the types that are hidden from all clients."""
        return frozenset(name for name, type_ in self.types.items() if type_.is_inaccessible)

    @cached_property
    def access(self) -> AccessRules:
        """What types and fields demand of a caller."""
        return read_access(self.document)

    @cached_property
    def costs(self) -> CostRules:
        """How much work types and fields are said to be."""
        return read_costs(self.document)

    @cached_property
    def conditions_met(self) -> Mapping[str, frozenset[str]]:
        """For each composite type the type conditions that its objects always meet: its own name among them."""
        met = {name: {name} for name in self.possible}
        for name, members in self.possible.items():
            for member in members:
                met[member].add(name)
        for name, conditions in met.items():
            conditions.update(interface for of in self.types[name].implements.values() for interface in of)
        return {name: frozenset(names) for name, names in met.items()}

    def subgraph(self, name: str) -> SubgraphInfo:
        """Raises KeyError for an unknown name."""
        for info in self.subgraphs:
            if info.name == name:
                return info
        raise KeyError(name)
