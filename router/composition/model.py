"""A subgraph's schema as composition sees it: definitions and extensions joined, directives under canonical names.

Types are spelled as in SDL (`[Product!]!`): strings compare fast and print themselves. Objects here are filled while
reading and upgrading a subgraph; from merging on they are only read.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

from graphql.language import DirectiveNode, Node

from router.errors import SourceLocation
from router.graph.federation_spec import Features

__all__ = [
    "MISSING",
    "Applied",
    "Const",
    "DirectiveDef",
    "EnumName",
    "EnumValue",
    "Field",
    "InputValue",
    "Kind",
    "Missing",
    "Subgraph",
    "SubgraphSchema",
    "TypeDef",
    "base_type",
    "is_list",
    "is_required",
]

Kind = Literal["SCALAR", "OBJECT", "INTERFACE", "UNION", "ENUM", "INPUT_OBJECT"]


class EnumName(str):
    """An enum value in a constant, as opposed to a string."""

    __slots__ = ()


class Missing:
    """Says that there is no default value (a default may be null)."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = Missing()

Const: TypeAlias = bool | int | float | str | list["Const"] | dict[str, "Const"] | None


@dataclass(frozen=True, slots=True)
class Subgraph:
    """One input of composition.

    Attributes:
        name: unique among the subgraphs of a supergraph.
        sdl: the schema's text, with or without the federation definitions.
        url: where the router reaches it; written into the supergraph.
        file: where `sdl` came from, for error locations.
    """

    name: str
    sdl: str
    url: str = ""
    file: str | None = None


@dataclass(slots=True)
class Applied:
    """An applied directive.

    Attributes:
        name: canonical: a federation directive is `@key` however the subgraph spells it; others as
            spelled, without `@`.
        arguments: those given, without defaults.
        block: index into `TypeDef.blocks` of the definition or extension it stands on (types only).
    """

    name: str
    arguments: dict[str, Const]
    node: Node | None = None
    block: int = 0


@dataclass(slots=True)
class InputValue:
    """An argument or a field of an input object."""

    name: str
    type: str
    default: Const | Missing = MISSING
    description: str | None = None
    directives: list[Applied] = field(default_factory=list)
    node: Node | None = None


@dataclass(slots=True)
class Field:
    """A field of an object or interface. `block` as for `Applied`."""

    name: str
    type: str
    arguments: dict[str, InputValue] = field(default_factory=dict)
    description: str | None = None
    directives: list[Applied] = field(default_factory=list)
    node: Node | None = None
    block: int = 0

    def applied(self, name: str) -> Applied | None:
        """The first application of the directive with that canonical name."""
        for directive in self.directives:
            if directive.name == name:
                return directive
        return None


@dataclass(slots=True)
class EnumValue:
    """One value of an enum."""

    name: str
    description: str | None = None
    directives: list[Applied] = field(default_factory=list)
    node: Node | None = None


@dataclass(slots=True)
class TypeDef:
    """A named type: its definition and all its extensions together.

    Attributes:
        interfaces: names of implemented interfaces, to where they are named.
        fields: of objects and interfaces.
        inputs: of input objects.
        members: of unions, to where they are named.
        values: of enums.
        blocks: definition and extensions in order, each with whether it is an extension.
    """

    name: str
    kind: Kind
    description: str | None = None
    directives: list[Applied] = field(default_factory=list)
    interfaces: dict[str, Node | None] = field(default_factory=dict)
    fields: dict[str, Field] = field(default_factory=dict)
    inputs: dict[str, InputValue] = field(default_factory=dict)
    members: dict[str, Node | None] = field(default_factory=dict)
    values: dict[str, EnumValue] = field(default_factory=dict)
    blocks: list[tuple[Node | None, bool]] = field(default_factory=list)

    @property
    def node(self) -> Node | None:
        """Where the type is first declared."""
        return self.blocks[0][0] if self.blocks else None

    @property
    def is_composite(self) -> bool:
        """Whether it is an object, interface or union."""
        return self.kind in {"OBJECT", "INTERFACE", "UNION"}

    def applied(self, name: str) -> Applied | None:
        """The first application of the directive with that canonical name."""
        for directive in self.directives:
            if directive.name == name:
                return directive
        return None

    def all_applied(self, name: str) -> list[Applied]:
        """All applications of the directive with that canonical name."""
        return [d for d in self.directives if d.name == name]


@dataclass(slots=True)
class DirectiveDef:
    """A directive's definition. `locations` are names such as `FIELD_DEFINITION`, in the order written."""

    name: str
    arguments: dict[str, InputValue]
    locations: tuple[str, ...]
    repeatable: bool = False
    description: str | None = None
    node: Node | None = None


@dataclass(slots=True)
class SubgraphSchema:
    """A subgraph, read.

    Attributes:
        types: the subgraph's own types by name; elements of specifications are left out.
        directives: its own directive definitions by name.
        roots: operation (`query`) to root type; always the default names (`Query`), what was spelled otherwise is
            renamed.
        features: what it links to.
        is_fed1: whether it does not link to the federation specification.
        version: of the federation specification; (1, 0) for Federation 1.
        taken_roots: operation to its root type, where another type has the name that the root should have.
        schema_directives: applied to the schema itself.
        interfaces_with_fed1_keys: interfaces whose `@key` the upgrade to Federation 2 removed.
        spellings: canonical name of each applied federation directive, to where it is first applied.
    """

    name: str
    url: str
    file: str | None
    types: dict[str, TypeDef]
    directives: dict[str, DirectiveDef]
    roots: dict[str, str]
    features: Features
    is_fed1: bool
    version: tuple[int, int]
    taken_roots: dict[str, str] = field(default_factory=dict)
    schema_directives: list[Applied] = field(default_factory=list)
    description: str | None = None
    interfaces_with_fed1_keys: set[str] = field(default_factory=set)
    spellings: dict[str, DirectiveNode] = field(default_factory=dict)

    def location(self, node: Node | None) -> SourceLocation | None:
        """Where a node of this subgraph's document stands."""
        if node is None or node.loc is None:
            return None
        token = node.loc.start_token
        return SourceLocation(self.name, token.line, token.column, self.file)

    def possible_types(self, name: str) -> tuple[str, ...]:
        """Names of the object types that a value of the composite type `name` can have here, sorted."""
        definition = self.types.get(name)
        if definition is None:
            return ()
        if definition.kind == "OBJECT":
            return (name,)
        if definition.kind == "UNION":
            return tuple(sorted(definition.members))
        return tuple(sorted(t.name for t in self.types.values() if t.kind == "OBJECT" and name in t.interfaces))

    def applications(self) -> Iterator[Applied]:
        """Yields all applied directives, wherever they stand."""
        yield from self.schema_directives
        for directive in self.directives.values():
            for argument in directive.arguments.values():
                yield from argument.directives
        for definition in self.types.values():
            yield from definition.directives
            for member in definition.fields.values():
                yield from member.directives
                for argument in member.arguments.values():
                    yield from argument.directives
            for value in definition.inputs.values():
                yield from value.directives
            for enum_value in definition.values.values():
                yield from enum_value.directives

    def composites(self) -> Iterator[TypeDef]:
        """Yields objects and interfaces."""
        return (t for t in self.types.values() if t.kind in {"OBJECT", "INTERFACE"})


def base_type(spelled: str) -> str:
    """`Product` for `[Product!]!`."""
    return spelled.strip("[]!")


def is_list(spelled: str) -> bool:
    """Whether the type is a list, possibly non-null."""
    return spelled.startswith("[")


def is_required(value: InputValue) -> bool:
    """Whether a caller must give the argument or input field: non-null and without default."""
    return value.type.endswith("!") and isinstance(value.default, Missing)
