"""Resolving `@link`: which specifications a subgraph uses and under which local names.

Every later stage works on canonical names (`@key`), never on spelled ones.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from graphql import print_ast
from graphql.language import (
    DirectiveDefinitionNode,
    DirectiveNode,
    DocumentNode,
    EnumValueNode,
    ListValueNode,
    Node,
    NullValueNode,
    ObjectValueNode,
    StringValueNode,
    ValueNode,
)

from router.composition.definitions import DIRECTIVES, FED1_DIRECTIVES, LATEST, SPEC_VERSIONS, DirectiveSpec
from router.composition.link_names import LinkNames
from router.graph.federation_spec import (
    APOLLO_SPECS,
    CORE,
    FEDERATION,
    LINK,
    Feature,
    Features,
    FeatureUrl,
    read_feature,
    read_features,
    schema_directives,
)

__all__ = ["LinkProblem", "Names", "link_problems", "resolve_names"]

LinkProblem = tuple[str, str, Node]
"""Code, message, where."""

_NAME = re.compile(r"@?[_A-Za-z][_0-9A-Za-z]*$")
_NO_CONNECTORS = (
    "Connectors (@connect, @source) need a router that calls REST itself, which this one does not: remove the link, and"
    " serve the fields from a GraphQL subgraph."
)
_FEDERATION_TYPES = {"FieldSet": (2, 0), "Scope": (2, 5), "Policy": (2, 6), "ContextFieldValue": (2, 8)}


@dataclass(frozen=True, slots=True)
class Names:
    """What a document's names mean.

    Attributes:
        directives: local directive name (no `@`) to its definition by a specification.
        is_fed1: whether the federation specification is not linked.
        version: of the federation specification; (1, 0) for Federation 1.
    """

    features: Features
    directives: dict[str, DirectiveSpec]
    is_fed1: bool
    version: tuple[int, int]

    def is_link(self, local: str) -> bool:
        """Whether the directive is `@link` or `@core`."""
        owner = self.features.owner_of_directive(local)
        return local in {"link", "core"} or (owner is not None and owner.url.identity in {LINK, CORE})

    def is_specification_type(self, local: str) -> bool:
        """Whether the type belongs to a specification and so is not part of the subgraph's own schema."""
        if local in _MACHINERY or local == ("_FieldSet" if self.is_fed1 else ""):
            return True
        if self.is_fed1:
            return local.startswith("federation__")
        owner = self.features.owner_of_type(local)
        return owner is not None and (
            owner.url.identity in {LINK, CORE, FEDERATION} or owner.url.identity.rpartition("/")[2] in _SPEC_NAMES
        )

    def specified_kind(self, local: str) -> str | None:
        """The kind that a specification's type must have where a subgraph defines it; None where any will do."""
        if local in {"link__Purpose", "core__Purpose"}:
            return "ENUM"
        if local in {"link__Import", "_FieldSet"}:
            return "SCALAR"
        owner = self.features.owner_of_type(local)
        if owner is None:
            return None
        if owner.url.identity in {LINK, CORE}:
            return "ENUM" if local == owner.type("Purpose") else "SCALAR" if local == owner.type("Import") else None
        return "SCALAR" if local in map(owner.type, _FEDERATION_TYPES) else None


_MACHINERY = frozenset({"_Any", "_Service", "_Entity", "link__Import", "link__Purpose", "core__Purpose"})
_SPEC_NAMES = frozenset(name for spec in DIRECTIVES.values() for name in spec.specs)


def resolve_names(document: DocumentNode) -> Names:
    """What the names in a document mean, leniently: see `link_problems` for what is wrong with its links."""
    features = read_features(document)
    if not any(feature.url.identity in {FEDERATION, LINK, CORE} for feature in features):
        features = Features()  # nothing says that `@link` means anything
    federation = features.get(FEDERATION)
    directives: dict[str, DirectiveSpec] = {}
    if federation is None:
        # What a schema of Federation 1 defines under the name of a later directive is taken for that one.
        defined = {d.name.value for d in document.definitions if isinstance(d, DirectiveDefinitionNode)}
        later = (spec.name for spec in DIRECTIVES.values() if spec.since <= (2, 4) and spec.name in defined)
        directives.update((name, DIRECTIVES[name]) for name in (*FED1_DIRECTIVES, *later))
    else:
        for spec in DIRECTIVES.values():
            if spec.since <= federation.url.version:
                directives[federation.directive(spec.name)] = spec
    for spec in DIRECTIVES.values():
        for name in spec.specs:
            feature = features.named(name)
            if feature is not None and feature.url.version in SPEC_VERSIONS[name]:
                directives[feature.directive(spec.name)] = spec
    version = federation.url.version if federation else (1, 0)
    return Names(features, directives, federation is None, version)


def link_problems(document: DocumentNode) -> Iterator[LinkProblem]:
    """Yields what is wrong with a document's `@link` applications."""
    names = resolve_names(document)
    defined = {d.name.value for d in document.definitions if isinstance(d, DirectiveDefinitionNode)}
    taken = LinkNames()
    last: Node | None = None
    if not any(f.url.identity in {LINK, CORE} for f in names.features):
        taken.add(Feature(FeatureUrl(LINK, (1, 0)), "link"))
    for node in schema_directives(document):
        if not names.is_link(node.name.value):
            continue
        if node.name.value == "core" and "core" not in defined:
            yield "INVALID_GRAPHQL", 'Unknown directive "@core": use @link, or define it.', node
            continue
        arguments = {a.name.value: a.value for a in node.arguments or ()}
        unknown = arguments.keys() - {"url", "feature", "as", "for", "import"}
        if unknown:
            message = f'Unknown argument "{min(unknown)}" on directive "@{node.name.value}": remove it.'
            yield "INVALID_GRAPHQL", message, node
        text = arguments.get("url", arguments.get("feature"))
        if not names.features and not (isinstance(text, StringValueNode) and text.value.startswith(FEDERATION)):
            continue
        if node.name.value == "link" and (text is None or isinstance(text, NullValueNode)):
            continue  # the specification lets `url` be left out: it links nothing
        if not isinstance(text, StringValueNode):
            yield "INVALID_LINK_DIRECTIVE_USAGE", f"Invalid use of @{node.name.value}: give its url as a string.", node
            continue
        feature = read_feature(node)
        if feature is None:
            yield (
                "INVALID_LINK_IDENTIFIER",
                f'"{text.value}" does not identify a specification and its version; write a URL that ends in /vX.Y.',
                node,
            )
            continue
        if feature.url.identity == f"{APOLLO_SPECS}/connect":
            yield "UNSUPPORTED_FEATURE", _NO_CONNECTORS, node
        problems = [*_version_problems(feature.url, node), *_argument_problems(feature, arguments, node)]
        yield from problems
        if not problems and (problem := taken.add(feature)) is not None:
            yield "INVALID_LINK_DIRECTIVE_USAGE", f"{problem[0].upper()}{problem[1:]}.", node
        last = node
    if names.is_fed1 and names.features and last is not None:
        # The upgrade links to federation, with all of its directives up to v2.4 under their plain names.
        imports = {f"@{spec.name}": f"@{spec.name}" for spec in DIRECTIVES.values() if spec.since <= (2, 4)}
        problem = taken.add(Feature(FeatureUrl(FEDERATION, (2, 4)), "federation", imports))
        if problem is not None:
            message = f"Link to federation and import from there: {problem}."
            yield "INVALID_LINK_DIRECTIVE_USAGE", message, last


def _version_problems(url: FeatureUrl, node: DirectiveNode) -> Iterator[LinkProblem]:
    version = f"v{url.version[0]}.{url.version[1]}"
    if url.identity == FEDERATION and not (2, 0) <= url.version <= LATEST:
        yield (
            "UNKNOWN_FEDERATION_LINK_VERSION",
            f"Unknown version {version} of the federation specification; link to v2.0 to v{LATEST[0]}.{LATEST[1]}.",
            node,
        )
    elif url.identity == LINK and url.version != (1, 0):
        yield "UNKNOWN_LINK_VERSION", f"Unknown version {version} of the link specification; link to v1.0.", node


def _argument_problems(feature: Feature, arguments: dict[str, ValueNode], node: DirectiveNode) -> Iterator[LinkProblem]:
    usage = "INVALID_LINK_DIRECTIVE_USAGE"
    purpose = arguments.get("for")
    if purpose is not None and not isinstance(purpose, NullValueNode):
        said = purpose.value if isinstance(purpose, EnumValueNode | StringValueNode) else print_ast(purpose)
        if said not in {"SECURITY", "EXECUTION"}:
            yield "INVALID_GRAPHQL", f"`for: {said}` is not known; write SECURITY or EXECUTION.", node
    imports = arguments.get("import")
    if imports is None or isinstance(imports, NullValueNode):
        return
    if not isinstance(imports, ListValueNode):
        yield usage, "`import:` is no list: write a list of names or of {name:, as:} objects.", node
        return
    known = _elements(feature.url)
    seen: dict[str, str] = {}
    for item in imports.values:
        parts = _import_parts(item)
        if parts is None:
            yield usage, "This is no import: write a name, or an object with `name` and, if wanted, `as`.", item
            continue
        name, local = parts
        if seen.setdefault(name, local) != local:
            yield usage, f'"{name}" is imported under two names: keep one.', item
        if name.startswith("@") != local.startswith("@"):
            yield (
                usage,
                f'Import "{name}" cannot be renamed "{local}": keep the "@" of a directive, and give a type none.',
                item,
            )
        if known is not None and name not in known:
            version = f"v{feature.url.version[0]}.{feature.url.version[1]}"
            message = f'The {feature.url.name} specification {version} has no "{name}" to import: mend name or version.'
            yield usage, message, item


def _elements(url: FeatureUrl) -> set[str] | None:
    """What can be imported from a specification; None where that is not known."""
    if url.identity == FEDERATION and (2, 0) <= url.version <= LATEST:
        types = {name for name, since in _FEDERATION_TYPES.items() if since <= url.version}
        return {f"@{spec.name}" for spec in DIRECTIVES.values() if spec.since <= url.version} | types
    if url.identity == LINK:
        return {"@link", "Purpose", "Import"}
    if url.identity != f"{APOLLO_SPECS}/{url.name}" or url.version not in SPEC_VERSIONS.get(url.name, ()):
        return None
    types = {"requiresScopes": {"Scope"}, "policy": {"Policy"}, "context": {"ContextFieldValue"}}.get(url.name, set())
    return {f"@{spec.name}" for spec in DIRECTIVES.values() if url.name in spec.specs} | types


def _import_parts(item: ValueNode) -> tuple[str, str] | None:
    if isinstance(item, StringValueNode):
        return item.value, item.value
    if not isinstance(item, ObjectValueNode):
        return None
    parts = {f.name.value: f.value.value for f in item.fields if isinstance(f.value, StringValueNode)}
    if "name" not in parts or len(parts) != len(item.fields) or not parts.keys() <= {"name", "as"}:
        return None
    if not all(_NAME.match(text) for text in parts.values()):
        return None
    return parts["name"], parts.get("as", parts["name"])
