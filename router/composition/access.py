"""Access control (`@authenticated`, `@requiresScopes`, `@policy`) across types: what protects an implementation must
protect the interface through which it is read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from router.composition.definitions import federation
from router.composition.merge_values import Clauses, conjunction, merge_arguments
from router.composition.model import Applied, base_type
from router.composition.supergraph_model import MergeState

__all__ = ["ACCESS_DIRECTIVES", "Access", "access_of", "field_access", "propagate_access"]

AUTHENTICATED = federation("authenticated")
SCOPES = federation("requiresScopes")
POLICY = federation("policy")
ACCESS_DIRECTIVES = (AUTHENTICATED, SCOPES, POLICY)


@dataclass(frozen=True, slots=True)
class Access:
    """What a caller must have: to be known, and scopes and policies as disjunctions of conjunctions."""

    authenticated: bool = False
    scopes: Clauses = field(default_factory=list)
    policies: Clauses = field(default_factory=list)

    def __and__(self, other: "Access") -> "Access":
        return Access(
            self.authenticated or other.authenticated,
            conjunction(self.scopes, other.scopes),
            conjunction(self.policies, other.policies),
        )

    def implies(self, other: "Access") -> bool:
        """Whether everybody whom this lets through, `other` would let through as well."""
        return (
            (self.authenticated or not other.authenticated)
            and _implies(self.scopes, other.scopes)
            and _implies(self.policies, other.policies)
        )


def _implies(given: Clauses, wanted: Clauses) -> bool:
    return all(any(set(clause) <= set(own) for clause in wanted or [[]]) for own in given or [[]])


def access_of(directives: Iterable[Applied]) -> Access:
    """What the directives of one element demand."""
    result = Access()
    for applied in directives:
        if applied.name == AUTHENTICATED:
            result &= Access(authenticated=True)
        elif applied.name in {SCOPES, POLICY}:
            value = next(iter(applied.arguments.values()), None)
            clauses = [[str(n) for n in c] for c in value if isinstance(c, list)] if isinstance(value, list) else []
            result &= Access(scopes=clauses) if applied.name == SCOPES else Access(policies=clauses)
    return result


def field_access(state: MergeState, type_name: str, field_name: str) -> Access:
    """What reading a field demands: its own requirements and those of what it returns."""
    merged = state.types.get(type_name)
    found = merged.definition.fields.get(field_name) if merged else None
    if found is None:
        return Access()
    target = state.types.get(base_type(found.type))
    return access_of(found.directives) & access_of(target.definition.directives if target else ())


def propagate_access(state: MergeState) -> None:
    """Gives interfaces and their fields the sum of what their implementations demand."""
    for name in sorted(state.types):
        merged = state.types[name]
        if merged.definition.kind != "INTERFACE":
            continue
        implementations = [state.types[t].definition for t in state.possible_types(name)]
        merged.definition.directives = _sum(merged.definition.directives, [t.directives for t in implementations])
        for found in merged.definition.fields.values():
            below = [t.fields[found.name].directives for t in implementations if found.name in t.fields]
            found.directives = _sum(found.directives, below)


def _sum(own: list[Applied], others: Sequence[list[Applied]]) -> list[Applied]:
    by_name: Mapping[str, list[Applied]] = {
        name: [a for directives in (own, *others) for a in directives if a.name == name] for name in ACCESS_DIRECTIVES
    }
    kept = [a for a in own if a.name not in ACCESS_DIRECTIVES]
    for name, found in by_name.items():
        if len(found) == 1:
            kept.append(found[0])
        elif found:
            merged = merge_arguments(name.removeprefix(federation("")), [a.arguments for a in found])
            kept.append(Applied(name, merged or {}))
    return kept
