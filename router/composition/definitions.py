"""The federation directives: arguments, locations, and the version of the specification that brought each.

Source: https://www.apollographql.com/docs/graphos/schema-design/federated-schemas/reference/versions
"""

from dataclasses import dataclass, replace

from router.composition.model import MISSING, Const, Missing

__all__ = [
    "BUILT_IN_DIRECTIVES",
    "BUILT_IN_SCALARS",
    "DIRECTIVES",
    "FED1_DIRECTIVES",
    "LATEST",
    "PREFIX",
    "SUPERGRAPH_SPECS",
    "DirectiveSpec",
    "SupergraphSpec",
    "federation",
    "spelled",
]

PREFIX = "federation__"
LATEST = (2, 14)

BUILT_IN_SCALARS = frozenset({"Int", "Float", "String", "Boolean", "ID"})


def federation(name: str) -> str:
    """Canonical name of the federation directive `name`."""
    return PREFIX + name


def spelled(canonical: str) -> str:
    """`@key` for a canonical name, for messages."""
    return "@" + canonical.removeprefix(PREFIX)


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
        specs: Apollo specifications, beside federation itself, through which it can be linked.
    """

    name: str
    arguments: tuple[ArgumentSpec, ...]
    locations: tuple[str, ...]
    since: tuple[int, int] = (2, 0)
    repeatable: bool = False
    specs: tuple[str, ...] = ()
    repeatable_since: tuple[int, int] = (2, 0)

    def as_of(self, version: tuple[int, int]) -> "DirectiveSpec":
        """What it is in a version of the federation specification."""
        arguments = tuple(a for a in self.arguments if a.since <= max(version, (2, 0)))
        return replace(
            self, arguments=arguments, repeatable=self.repeatable and self.repeatable_since <= max(version, (2, 0))
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
        _spec("tag", "name: String!", _EVERYWHERE + " SCHEMA", repeatable=True, specs=("tag",)),
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
            specs=("cacheTag",),
        ),
    )
}

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


@dataclass(frozen=True, slots=True)
class SupergraphSpec:
    """How a feature is linked in the supergraph once one of its directives is merged.

    Attributes:
        definitions: its directives, and the types they need, as SDL, by the local name under which they are sorted.
        imports: elements imported under their plain names.
    """

    name: str
    version: str
    purpose: str | None
    definitions: tuple[str, ...]
    imports: tuple[str, ...] = ()


_ON_EVERYTHING = (
    "FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM | ENUM_VALUE | INPUT_OBJECT"
    " | INPUT_FIELD_DEFINITION"
)
_ON_COSTLY = "ARGUMENT_DEFINITION | ENUM | FIELD_DEFINITION | INPUT_FIELD_DEFINITION | OBJECT | SCALAR"
_LIST_SIZE_ARGUMENTS = (
    "assumedSize: Int, slicingArguments: [String!], sizedFields: [String!], requireOneSlicingArgument: Boolean = true"
)
_ON_GUARDED = "FIELD_DEFINITION | OBJECT | INTERFACE | SCALAR | ENUM"

SUPERGRAPH_SPECS = {
    "tag": SupergraphSpec(
        "tag", "v0.3", None, (f"directive @tag(name: String!) repeatable on {_ON_EVERYTHING} | SCHEMA",)
    ),
    "inaccessible": SupergraphSpec(
        "inaccessible", "v0.2", "SECURITY", (f"directive @inaccessible on {_ON_EVERYTHING}",)
    ),
    "authenticated": SupergraphSpec(
        "authenticated", "v0.1", "SECURITY", (f"directive @authenticated on {_ON_GUARDED}",)
    ),
    "requiresScopes": SupergraphSpec(
        "requiresScopes",
        "v0.1",
        "SECURITY",
        (
            f"directive @requiresScopes(scopes: [[requiresScopes__Scope!]!]!) on {_ON_GUARDED}",
            "scalar requiresScopes__Scope",
        ),
    ),
    "policy": SupergraphSpec(
        "policy",
        "v0.1",
        "SECURITY",
        (f"directive @policy(policies: [[policy__Policy!]!]!) on {_ON_GUARDED}", "scalar policy__Policy"),
    ),
    "context": SupergraphSpec(
        "context",
        "v0.1",
        "SECURITY",
        (
            "directive @context(name: String!) repeatable on INTERFACE | OBJECT | UNION",
            "directive @context__fromContext(field: context__ContextFieldValue) on ARGUMENT_DEFINITION",
            "scalar context__ContextFieldValue",
        ),
    ),
    "cost": SupergraphSpec(
        "cost",
        "v0.1",
        None,
        (
            f"directive @cost(weight: Int!) on {_ON_COSTLY}",
            f"directive @listSize({_LIST_SIZE_ARGUMENTS}) on FIELD_DEFINITION",
        ),
        ("@listSize",),
    ),
    "cacheTag": SupergraphSpec(
        "cacheTag",
        "v0.1",
        None,
        ("directive @cacheTag(format: String!) repeatable on FIELD_DEFINITION | OBJECT | INTERFACE",),
    ),
}
