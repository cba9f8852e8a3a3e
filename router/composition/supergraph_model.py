"""The merged schema before it is printed: definitions as in `model`, and beside them who has what (the joins)."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from router.composition.field_usage import FieldUsage
from router.composition.model import Applied, Const, DirectiveDef, SubgraphSchema, TypeDef
from router.errors import CompositionError, CompositionHint

__all__ = ["ContextArgument", "JoinField", "JoinType", "MergeState", "MergedType", "RecordedDirective"]


@dataclass(frozen=True, slots=True)
class JoinType:
    """`@join__type`: one for each key of a subgraph's type, or one without a key. `graph` indexes the subgraphs."""

    graph: int
    key: str | None = None
    extension: bool = False
    resolvable: bool = True
    is_interface_object: bool = False


@dataclass(frozen=True, slots=True)
class ContextArgument:
    """An argument that the router sets from a context; not part of the API."""

    name: str
    type: str
    context: str
    selection: str


@dataclass(frozen=True, slots=True)
class JoinField:
    """`@join__field`. `graph` is None for fields that come from an interface object."""

    graph: int | None
    requires: str | None = None
    provides: str | None = None
    type: str | None = None
    external: bool = False
    override: str | None = None
    used_overridden: bool = False
    override_label: str | None = None
    context_arguments: tuple[ContextArgument, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordedDirective:
    """`@join__directive`: a directive that subgraphs apply, under its name there; the supergraph only records it."""

    name: str
    arguments: dict[str, Const]
    graphs: tuple[int, ...]


@dataclass(slots=True)
class MergedType:
    """One type of the supergraph.

    Attributes:
        definition: the merged definition; its directives are what the supergraph shows.
        sources: the subgraphs' definitions, by index.
        joins: who has the type.
        fields: joins by field (or input field) name; a field without an entry is resolvable wherever the type is.
        implements: (graph, interface).
        members: (graph, member) of a union.
        values: graphs by enum value.
        other_kinds: subgraphs that have a type of another kind under that name, which is an error.
        recorded: by field name, or None for those of the type.
    """

    definition: TypeDef
    sources: dict[int, TypeDef]
    joins: list[JoinType] = field(default_factory=list)
    fields: dict[str, list[JoinField]] = field(default_factory=dict)
    implements: list[tuple[int, str]] = field(default_factory=list)
    members: list[tuple[int, str]] = field(default_factory=list)
    values: dict[str, list[int]] = field(default_factory=dict)
    other_kinds: tuple[int, ...] = ()
    recorded: dict[str | None, list[RecordedDirective]] = field(default_factory=dict)


@dataclass(slots=True)
class MergeState:
    """What the merge has read and made so far.

    Attributes:
        subgraphs: sorted by name; everything else refers to them by index.
        usages: facts about their fields, by the same index.
        types: the supergraph's types by name, sorted by it.
        directives: its own (executable or composed) directive definitions.
        composed: names of the directives that `@composeDirective` carries over, with the indices of those that say so.
        links: the supergraph's `@link`s, as SDL, without those to link and join themselves.
        namespaces: federation's specifications in use, by name, with their namespace in the supergraph.
        directives_of_schema: directives applied to the supergraph's schema.
        names_shown: canonical name of each federation directive that the supergraph shows, to its name there.
        enum_usage: enum name to where it is used: any of `INPUT`, `OUTPUT`.
        interface_objects: interface name to the indices of subgraphs that have it as `@interfaceObject`.
    """

    subgraphs: tuple[SubgraphSchema, ...]
    usages: tuple[FieldUsage, ...]
    types: dict[str, MergedType] = field(default_factory=dict)
    directives: dict[str, DirectiveDef] = field(default_factory=dict)
    composed: dict[str, frozenset[int]] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)
    namespaces: dict[str, str] = field(default_factory=dict)
    directives_of_schema: list[Applied] = field(default_factory=list)
    names_shown: dict[str, str] = field(default_factory=dict)
    enum_usage: dict[str, set[str]] = field(default_factory=dict)
    interface_objects: dict[str, list[int]] = field(default_factory=dict)
    errors: list[CompositionError] = field(default_factory=list)
    hints: list[CompositionHint] = field(default_factory=list)

    def names(self, indices: Iterable[int]) -> list[str]:
        """Names of the subgraphs at these indices."""
        return [self.subgraphs[i].name for i in indices]

    def definitions(self) -> dict[str, TypeDef]:
        """The merged definitions by name."""
        return {name: merged.definition for name, merged in self.types.items()}

    def possible_types(self, name: str) -> tuple[str, ...]:
        """Object types that the composite type `name` can be in the supergraph, sorted."""
        merged = self.types.get(name)
        if merged is None:
            return ()
        if merged.definition.kind == "OBJECT":
            return (name,)
        if merged.definition.kind == "UNION":
            return tuple(sorted(merged.definition.members))
        return tuple(
            sorted(
                n for n, t in self.types.items() if t.definition.kind == "OBJECT" and name in t.definition.interfaces
            )
        )
