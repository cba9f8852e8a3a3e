"""Access control in a supergraph: what `@authenticated`, `@requiresScopes` and `@policy` demand of a caller.

Source: https://specs.apollo.dev/authenticated/v0.1, https://specs.apollo.dev/requiresScopes/v0.1,
https://specs.apollo.dev/policy/v0.1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from graphql import ConstDirectiveNode, DocumentNode, TypeDefinitionNode, value_from_ast_untyped

from router.errors import InvalidSupergraph
from router.graph.federation_spec import Features, supergraph_features

__all__ = ["AUTHENTICATED", "POLICIES", "SCOPES", "AccessRules", "Requirement", "read_access"]

AUTHENTICATED = "authenticated"
SCOPES = "scopes"
POLICIES = "policies"

_DIRECTIVES = {"authenticated": AUTHENTICATED, "requiresScopes": SCOPES, "policy": POLICIES}


class Requirement(NamedTuple):
    """One thing that a caller must have.

    Attributes:
        kind: `AUTHENTICATED`, `SCOPES` or `POLICIES`.
        clauses: of scopes or policies: all of one clause will do. Empty for `AUTHENTICATED`.
    """

    kind: str
    clauses: tuple[tuple[str, ...], ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """Every scope or policy that is named."""
        return frozenset(name for clause in self.clauses for name in clause)


@dataclass(frozen=True, slots=True)
class AccessRules:
    """What types and fields demand; all of it must be met.

    Attributes:
        types: by type name.
        fields: by type and field name.
    """

    types: Mapping[str, tuple[Requirement, ...]] = field(default_factory=dict)
    fields: Mapping[tuple[str, str], tuple[Requirement, ...]] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.types or self.fields)


def read_access(document: DocumentNode) -> AccessRules:
    """Reads the rules of a supergraph.

    Raises:
        InvalidSupergraph: a directive's argument is no list of lists of strings: what protects must not be guessed.
    """
    return _Reader(supergraph_features(document)).rules(document)


class _Reader:
    def __init__(self, features: Features) -> None:
        self._kinds: dict[str, tuple[str, bool]] = {}
        """By the directive's name here: its kind, and whether the supergraph links to its specification."""
        for canonical, kind in _DIRECTIVES.items():
            feature = features.named(canonical)
            if feature is not None:
                self._kinds[feature.directive(canonical)] = kind, True
            elif features.owner_of_directive(canonical) is None:
                self._kinds[canonical] = kind, False

    def rules(self, document: DocumentNode) -> AccessRules:
        types: dict[str, tuple[Requirement, ...]] = {}
        fields: dict[tuple[str, str], tuple[Requirement, ...]] = {}
        for node in document.definitions:
            if not isinstance(node, TypeDefinitionNode):
                continue
            name = node.name.value
            if demanded := self._demanded(node.directives, name):
                types[name] = demanded
            for each in getattr(node, "fields", None) or ():
                if demanded := self._demanded(each.directives, f"{name}.{each.name.value}"):
                    fields[name, each.name.value] = demanded
        return AccessRules(types, fields)

    def _demanded(self, directives: tuple[ConstDirectiveNode, ...] | None, where: str) -> tuple[Requirement, ...]:
        return tuple(dict.fromkeys(each for node in directives or () for each in self._requirements(node, where)))

    def _requirements(self, node: ConstDirectiveNode, where: str) -> Iterator[Requirement]:
        kind, is_linked = self._kinds.get(node.name.value, ("", False))
        if not kind:
            return
        if kind == AUTHENTICATED:
            yield Requirement(AUTHENTICATED)
            return
        given = next((value_from_ast_untyped(a.value) for a in node.arguments or () if a.name.value == kind), None)
        if given is None and not is_linked:
            return  # a directive of the application's own, which happens to be called so
        if not isinstance(given, list) or not all(_is_clause(clause) for clause in given):
            raise InvalidSupergraph(f"@{node.name.value} of {where} needs `{kind}`, a list of lists of strings.")
        # Equal demands are one, however they are written. No clause at all demands nothing, nor does an empty one.
        clauses = tuple(sorted({tuple(sorted(set(clause))) for clause in given}))
        if clauses and () not in clauses:
            yield Requirement(kind, clauses)


def _is_clause(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)
