"""The federation directives: arguments, locations, and the version of the specification that brought each.

Source: https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/versions
"""

from dataclasses import dataclass, replace

from router.composition.model import MISSING, Const, Missing

__all__ = [
    "BUILT_IN_DIRECTIVES",
    "BUILT_IN_NAMES",
    "BUILT_IN_SCALARS",
    "DIRECTIVES",
    "FED1_DIRECTIVES",
    "LATEST",
    "PREFIX",
    "SPEC_VERSIONS",
    "DirectiveSpec",
    "federation",
    "specification",
    "spelled",
]

PREFIX = "@"
"""Of the canonical names of federation directives: no document can spell it."""

LATEST = (2, 14)

BUILT_IN_SCALARS = frozenset({"Int", "Float", "String", "Boolean", "ID"})


def federation(name: str) -> str:
    """Canonical name of the federation directive `name`."""
    return PREFIX + name


def spelled(canonical: str) -> str:
    """`@key` for a canonical name, for messages."""
    return "@" + canonical.removeprefix(PREFIX)


def specification(canonical: str) -> "DirectiveSpec | None":
    """The definition of a federation directive or one of GraphQL's own, by canonical name."""
    if canonical.startswith(PREFIX):
        return DIRECTIVES.get(canonical.removeprefix(PREFIX))
    return BUILT_IN_DIRECTIVES.get(canonical)


@dataclass(frozen=True, slots=True)
class ArgumentSpec:
    """One argument. `type` is spelled with the federation types un-namespaced (`FieldSet`)."""

    name: str
    type: str
    default: Const | Missing = MISSING
    since: tuple[int, int] = (2, 0)


@dataclass(frozen=True, slots=True)
class DirectiveSpec:
    """One directive, as of the latest version.

    Attributes:
        since: the version that brought it.
        repeatable_since: the version that made it repeatable.
        later_locations: those that came later, with the version that brought them.
        specs: Apollo specifications, beside federation itself, through which it can be linked.
    """

    name: str
    arguments: tuple[ArgumentSpec, ...]
    locations: tuple[str, ...]
    since: tuple[int, int] = (2, 0)
    repeatable: bool = False
    specs: tuple[str, ...] = ()
    repeatable_since: tuple[int, int] = (2, 0)
    later_locations: tuple[tuple[str, tuple[int, int]], ...] = ()

    def as_of(self, version: tuple[int, int]) -> "DirectiveSpec":
        """What it is in a version of the federation specification."""
        version = max(version, (2, 0))
        later = {location for location, since in self.later_locations if since > version}
        return replace(
            self,
            arguments=tuple(a for a in self.arguments if a.since <= version),
            locations=tuple(location for location in self.locations if location not in later),
            repeatable=self.repeatable and self.repeatable_since <= version,
        )

    @property
    def canonical(self) -> str:
        """Its name in `Applied.name`."""
        return self.name if self.name in BUILT_IN_NAMES else federation(self.name)


BUILT_IN_NAMES = frozenset({"skip", "include", "deprecated", "specifiedBy", "oneOf", "defer", "stream"})


def _spec(
    name: str,
    arguments: str,
    locations: str,
    since: tuple[int, int] = (2, 0),
    repeatable: bool = False,
    specs: tuple[str, ...] = (),
    defaults: dict[str, Const] | None = None,
) -> DirectiveSpec:
    parsed = []
    for part in arguments.split(", ") if arguments else ():
        argument, _, type_ = part.partition(": ")
        parsed.append(ArgumentSpec(argument, type_, (defaults or {}).get(argument, MISSING)))
    return DirectiveSpec(name, tuple(parsed), tuple(locations.split()), since, repeatable, specs)


_EVERYWHERE = (
    "FIELD_DEFINITION OBJECT INTERFACE UNION ARGUMENT_DEFINITION SCALAR ENUM ENUM_VALUE INPUT_OBJECT"
    " INPUT_FIELD_DEFINITION"
)
_AUTH = "FIELD_DEFINITION OBJECT INTERFACE SCALAR ENUM"

DIRECTIVES = {
    spec.name: spec
    for spec in (
        _spec(
            "key",
            "fields: FieldSet!, resolvable: Boolean",
            "OBJECT INTERFACE",
            repeatable=True,
            defaults={"resolvable": True},
        ),
        _spec("requires", "fields: FieldSet!", "FIELD_DEFINITION"),
        _spec("provides", "fields: FieldSet!", "FIELD_DEFINITION"),
        _spec("external", "reason: String", "OBJECT FIELD_DEFINITION"),
        _spec("extends", "", "OBJECT INTERFACE"),
        DirectiveSpec("shareable", (), ("OBJECT", "FIELD_DEFINITION"), repeatable=True, repeatable_since=(2, 2)),
        DirectiveSpec(
            "override",
            (ArgumentSpec("from", "String!"), ArgumentSpec("label", "String", since=(2, 7))),
            ("FIELD_DEFINITION",),
        ),
        DirectiveSpec(
            "tag",
            (ArgumentSpec("name", "String!"),),
            (*_EVERYWHERE.split(), "SCHEMA"),
            repeatable=True,
            specs=("tag",),
            later_locations=(("SCHEMA", (2, 3)),),
        ),
        _spec("inaccessible", "", _EVERYWHERE, specs=("inaccessible",)),
        _spec("composeDirective", "name: String", "SCHEMA", (2, 1), repeatable=True),
        _spec("interfaceObject", "", "OBJECT", (2, 3)),
        _spec("authenticated", "", _AUTH, (2, 5), specs=("authenticated",)),
        _spec("requiresScopes", "scopes: [[Scope!]!]!", _AUTH, (2, 5), specs=("requiresScopes",)),
        _spec("policy", "policies: [[Policy!]!]!", _AUTH, (2, 6), specs=("policy",)),
        _spec("context", "name: String!", "INTERFACE OBJECT UNION", (2, 8), repeatable=True, specs=("context",)),
        _spec("fromContext", "field: ContextFieldValue", "ARGUMENT_DEFINITION", (2, 8), specs=("context",)),
        _spec(
            "cost",
            "weight: Int!",
            "ARGUMENT_DEFINITION ENUM FIELD_DEFINITION INPUT_FIELD_DEFINITION OBJECT SCALAR",
            (2, 9),
            specs=("cost",),
        ),
        _spec(
            "listSize",
            "assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean",
            "FIELD_DEFINITION",
            (2, 9),
            specs=("cost",),
            defaults={"requireOneSlicingArgument": True},
        ),
        _spec(
            "cacheTag",
            "format: String!",
            "FIELD_DEFINITION OBJECT",
            (2, 12),
            repeatable=True,
        ),
    )
}

SPEC_VERSIONS = {
    "tag": ((0, 1), (0, 2), (0, 3)),
    "inaccessible": ((0, 1), (0, 2)),
    "authenticated": ((0, 1),),
    "requiresScopes": ((0, 1),),
    "policy": ((0, 1),),
    "context": ((0, 1),),
    "cost": ((0, 1),),
}
"""Versions of the specifications in `DirectiveSpec.specs`."""

FED1_DIRECTIVES = ("key", "requires", "provides", "external", "extends", "tag")
"""Known in a schema that does not link to the federation specification, under these names."""

BUILT_IN_DIRECTIVES = {
    spec.name: spec
    for spec in (
        _spec("skip", "if: Boolean!", "FIELD FRAGMENT_SPREAD INLINE_FRAGMENT"),
        _spec("include", "if: Boolean!", "FIELD FRAGMENT_SPREAD INLINE_FRAGMENT"),
        _spec(
            "deprecated",
            "reason: String",
            "FIELD_DEFINITION ARGUMENT_DEFINITION INPUT_FIELD_DEFINITION ENUM_VALUE",
            defaults={"reason": "No longer supported"},
        ),
        _spec("specifiedBy", "url: String!", "SCALAR"),
        _spec("oneOf", "", "INPUT_OBJECT"),
    )
}
