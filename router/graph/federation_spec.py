"""Names, URLs and versions of the specifications that a supergraph and its subgraphs link to.

A *feature* is one `@link(url:, as:, import:, for:)` (or the older `@core(feature:, as:, for:)`): a specification whose
elements appear in a schema either under imported names or prefixed with the feature's namespace (`@join__type`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from graphql.language import (
    ConstDirectiveNode,
    DirectiveNode,
    DocumentNode,
    EnumValueNode,
    ListValueNode,
    ObjectValueNode,
    SchemaDefinitionNode,
    SchemaExtensionNode,
    StringValueNode,
    ValueNode,
    print_ast,
)

__all__ = [
    "APOLLO_SPECS",
    "CORE",
    "FEDERATION",
    "JOIN",
    "LINK",
    "Feature",
    "FeatureUrl",
    "Features",
    "links_with_purpose",
    "read_feature",
    "read_features",
    "schema_directives",
    "supergraph_features",
]

APOLLO_SPECS = "https://specs.apollo.dev"
LINK = f"{APOLLO_SPECS}/link"
CORE = f"{APOLLO_SPECS}/core"
JOIN = f"{APOLLO_SPECS}/join"
FEDERATION = f"{APOLLO_SPECS}/federation"

_URL = re.compile(r"(?P<identity>[a-zA-Z][a-zA-Z0-9+.-]*://.*)/v(?P<major>[0-9]+)\.(?P<minor>[0-9]+)(\?[^#]*)?(#.*)?$")
_LARGEST = 2**53
"""Versions beyond it are all the same: numbers there are not told apart."""


@dataclass(frozen=True, slots=True, order=True)
class FeatureUrl:
    """A specification's identity and version: `https://specs.apollo.dev/join/v0.5`.

    Attributes:
        identity: the URL without its version.
        version: (major, minor).
    """

    identity: str
    version: tuple[int, int]

    @classmethod
    def parse(cls, text: str) -> "FeatureUrl | None":
        """The URL's parts, or None where it has no version as its last segment."""
        match = _URL.match(text.strip())
        if match is None:
            return None
        return cls(match["identity"].rstrip("/"), (_number(match["major"]), _number(match["minor"])))

    @property
    def name(self) -> str:
        """The last path segment: the namespace unless `as:` says otherwise."""
        return self.identity.rsplit("/", 1)[-1]

    def satisfies(self, required: "FeatureUrl") -> bool:
        """Whether this version can stand for `required`: same major, same or later minor (exact for 0.x)."""
        if self.identity != required.identity or self.version[0] != required.version[0]:
            return False
        return self.version == required.version if self.version[0] == 0 else self.version[1] >= required.version[1]

    def __str__(self) -> str:
        return f"{self.identity}/v{self.version[0]}.{self.version[1]}"


def _number(digits: str) -> int:
    """The number, with a bound: Python refuses to convert thousands of digits."""
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) < 16 else _LARGEST


@dataclass(frozen=True, slots=True)
class Feature:
    """One linked specification as a document names it.

    Attributes:
        url: which specification.
        namespace: prefix (`ns__name`) of what is not imported; also the name of the directive called like the feature.
        imports: canonical element (`@key`, `FieldSet`) to its local name (`@myKey`, `FieldSet`), both with their `@`.
        purpose: `SECURITY`, `EXECUTION` or None.
    """

    url: FeatureUrl
    namespace: str
    imports: Mapping[str, str] = field(default_factory=dict)
    purpose: str | None = None

    def directive(self, canonical: str) -> str:
        """The local name, without `@`, of the feature's directive `canonical`."""
        if imported := self.imports.get(f"@{canonical}"):
            return imported[1:]
        return self.namespace if canonical == self.url.name else f"{self.namespace}__{canonical}"

    def type(self, canonical: str) -> str:
        """The local name of the feature's type `canonical`."""
        return self.imports.get(canonical) or f"{self.namespace}__{canonical}"

    def owns_directive(self, local: str) -> bool:
        """Whether the directive spelled `local` (no `@`) in the document is this feature's."""
        return (
            local == self.namespace or local.startswith(f"{self.namespace}__") or f"@{local}" in self.imports.values()
        )

    def owns_type(self, local: str) -> bool:
        """Whether the type spelled `local` in the document is this feature's."""
        return local.startswith(f"{self.namespace}__") or local in self.imports.values()


class Features(tuple[Feature, ...]):
    """All features of a document, in order of their `@link`."""

    __slots__ = ()

    def get(self, identity: str) -> Feature | None:
        """The feature of that identity, or None."""
        return next((f for f in self if f.url.identity == identity), None)

    def named(self, name: str) -> Feature | None:
        """The feature of the Apollo specification `name` (`join`, `inaccessible`), or None."""
        return self.get(f"{APOLLO_SPECS}/{name}")

    def owner_of_directive(self, local: str) -> Feature | None:
        """The feature whose directive is spelled `local`, or None."""
        return next((f for f in self if f.owns_directive(local)), None)

    def owner_of_type(self, local: str) -> Feature | None:
        """The feature whose type is spelled `local`, or None."""
        return next((f for f in self if f.owns_type(local)), None)


def read_features(document: DocumentNode) -> Features:
    """The features that a document links to, leniently: what cannot be read is left out.

    Source: https://specs.apollo.dev/link/v1.0, https://specs.apollo.dev/core/v0.2.
    """
    applications = list(schema_directives(document))
    names = _link_names(applications)
    read = (read_feature(node) for node in applications if node.name.value in names)
    return Features(feature for feature in read if feature is not None)


def supergraph_features(document: DocumentNode) -> Features:
    """The features of a supergraph, which uses the names of link, core and join also where it does not say so."""
    features = read_features(document)
    implied = (FeatureUrl(LINK, (1, 0)), FeatureUrl(CORE, (0, 2)), FeatureUrl(JOIN, (0, 5)))
    return Features((*features, *(Feature(url, url.name) for url in implied if features.get(url.identity) is None)))


def links_with_purpose(document: DocumentNode) -> Iterator[tuple[FeatureUrl | None, str, str | None]]:
    """Each link's URL (None where it has no version), the URL as it is written, and what it says it is for, if it does.

    Unlike `read_features`, nothing is left out: who must know every feature that is demanded asks this.
    """
    applications = list(schema_directives(document))
    names = _link_names(applications)
    for node in applications:
        if node.name.value in names:
            arguments = {a.name.value: a.value for a in node.arguments or ()}
            text = _string(arguments.get("url")) or _string(arguments.get("feature")) or ""
            purpose = arguments.get("for")
            said = None if purpose is None or purpose.kind == "null_value" else print_ast(purpose)
            yield FeatureUrl.parse(text), text, said


def schema_directives(document: DocumentNode) -> Iterator[ConstDirectiveNode | DirectiveNode]:
    """Yields all directives applied to the schema definition and its extensions."""
    for definition in document.definitions:
        if isinstance(definition, SchemaDefinitionNode | SchemaExtensionNode):
            yield from definition.directives or ()


def _link_names(applications: list[ConstDirectiveNode | DirectiveNode]) -> set[str]:
    """Local names of `@link` and `@core`: found by their application to themselves, else their plain names."""
    names = {"link", "core"}
    for node in applications:
        arguments = {a.name.value: a.value for a in node.arguments or ()}
        text = _string(arguments.get("url")) or _string(arguments.get("feature")) or ""
        url = FeatureUrl.parse(text)
        if url is not None and url.identity in {LINK, CORE}:
            if alias := _string(arguments.get("as")):
                names.add(alias)
            names.add(_imports(arguments.get("import")).get("@link", "@link")[1:])
    return names


def read_feature(node: ConstDirectiveNode | DirectiveNode) -> Feature | None:
    """The feature that one `@link` or `@core` links to; None where that has no URL with a version."""
    arguments = {a.name.value: a.value for a in node.arguments or ()}
    url = FeatureUrl.parse(_string(arguments.get("url")) or _string(arguments.get("feature")) or "")
    if url is None:
        return None
    purpose = arguments.get("for")
    namespace = _string(arguments.get("as"))
    return Feature(
        url,
        url.name if namespace is None else namespace,
        _imports(arguments.get("import")),
        purpose.value if isinstance(purpose, EnumValueNode) else None,
    )


def _imports(listed: ValueNode | None) -> dict[str, str]:
    """Canonical to local names of what an `import:` lists."""
    imports: dict[str, str] = {}
    for item in listed.values if isinstance(listed, ListValueNode) else ():
        if isinstance(item, StringValueNode):
            imports[item.value] = item.value
        elif isinstance(item, ObjectValueNode):
            parts = {f.name.value: _string(f.value) for f in item.fields}
            name = parts.get("name")
            if name:
                imports[name] = parts.get("as") or name
    return imports


def _string(value: ValueNode | None) -> str | None:
    return value.value if isinstance(value, StringValueNode) else None
