"""Names that linked specifications give to their elements: which of them can be confused with one another.

An element of a specification is spelled as imported, or in the specification's namespace (`namespace__name`, and
`@namespace` for the directive called like the specification).
"""

import re
from collections.abc import Iterable

from router.graph.federation_spec import Feature

__all__ = ["LinkNames", "conflicting_namespaces", "namespace_problem"]

_NAMESPACE = re.compile(r"[_A-Za-z][_0-9A-Za-z.-]*$")


def namespace_problem(namespace: str) -> str | None:
    """Why the text cannot be a namespace; None where it can."""
    if "__" in namespace or namespace.endswith("_") or not _NAMESPACE.match(namespace):
        return f'"{namespace}" cannot be a namespace: write a name without "__" and without "_" at its end, with `as:`'
    return None


class LinkNames:
    """The names taken by the features added so far."""

    def __init__(self) -> None:
        self._identities: set[str] = set()
        self._namespaces: dict[str, str] = {}
        self._imported: dict[str, tuple[str, str]] = {}
        self._used_namespaces: dict[str, str] = {}

    def add(self, feature: Feature) -> str | None:
        """Takes a feature's names; says why it cannot, in words that end without a full stop."""
        identity, namespace = feature.url.identity, feature.namespace
        if identity in self._identities:
            return f'specification "{identity}" is linked more than once; keep one of the links'
        problem = namespace_problem(namespace) or self._namespace_taken(namespace)
        if problem is not None:
            return problem
        for element, local in feature.imports.items():
            problem = self._import_problem(feature, element, local)
            if problem is not None:
                return problem
            self._imported[local] = (identity, element)
        self._identities.add(identity)
        self._namespaces[namespace] = identity
        return None

    def is_free(self, namespace: str) -> bool:
        """Whether a feature could have the namespace, its imports aside."""
        return namespace_problem(namespace) is None and namespace not in self._namespaces

    def _namespace_taken(self, namespace: str) -> str | None:
        if (other := self._namespaces.get(namespace)) is not None:
            return f'"{other}" has the same namespace "{namespace}"; rename one with `as:`'
        local = self._used_namespaces.get(namespace)
        if local is None and f"@{namespace}" in self._imported:
            local = f"@{namespace}"
        if local is not None:
            return f'"{local}", imported from another specification, looks as if from "{namespace}"; rename one'
        return None

    def _import_problem(self, feature: Feature, element: str, local: str) -> str | None:
        identity, namespace = feature.url.identity, feature.namespace
        is_directive = element.startswith("@")
        name, spelled = (element[1:], local[1:]) if is_directive else (element, local)
        prefix, separator, rest = spelled.partition("__")
        if separator:
            if prefix == namespace:
                if rest != name:
                    return f'"{element}" imported as "{local}" looks like another of its elements; rename it'
            elif prefix in self._namespaces:
                return f'"{element}" imported as "{local}" looks as if from "{self._namespaces[prefix]}"; rename it'
            else:
                self._used_namespaces[prefix] = local
        if is_directive:
            if spelled == namespace:
                if name != feature.url.name:
                    return f'"{element}" imported as "{local}" looks like the directive of that name; rename it'
            elif spelled in self._namespaces:
                return f'"{element}" imported as "{local}" looks as if from "{self._namespaces[spelled]}"; rename it'
        earlier = self._imported.get(local, (identity, element))
        if earlier != (identity, element):
            return f'"{local}" is already imported, from "{earlier[0]}"; rename one with `as:`'
        return None


def conflicting_namespaces(features: Iterable[Feature]) -> dict[str, set[str]]:
    """By identity, the namespaces that a feature's own imports, and those of the others, leave no room for."""
    listed = list(features)
    result: dict[str, set[str]] = {}
    for feature in listed:
        taken = result.setdefault(feature.url.identity, set())
        for other in listed:
            for element, local in other.imports.items():
                name, spelled = element.removeprefix("@"), local.removeprefix("@")
                prefix, separator, rest = spelled.partition("__")
                is_own = other is feature
                if separator and not (is_own and rest == name):
                    taken.add(prefix)
                if element.startswith("@") and not (is_own and name == other.url.name):
                    taken.add(spelled)
    return result
