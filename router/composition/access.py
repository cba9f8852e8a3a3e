"""Access control (`@authenticated`, `@requiresScopes`, `@policy`) across types: what protects an implementation must
protect the interface through which it is read."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from router.composition.definitions import federation
from router.composition.merge_directives import ACCESS_DIRECTIVES, merge_applications
from router.composition.merge_values import Clauses, conjunction
from router.composition.model import Applied, base_type
from router.composition.supergraph_model import MergeState

__all__ = ["ACCESS_DIRECTIVES", "Access", "access_of", "field_access", "merge_access"]

AUTHENTICATED, SCOPES, POLICY = ACCESS_DIRECTIVES


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


def merge_access(state: MergeState) -> None:
    """Merges access control: what protects an implementation protects the interface, too, and the reverse for objects
    that stand for interfaces."""
    added = _propagated(state)
    for name in sorted(state.types):
        merged = state.types[name]
        definition = merged.definition
        own = [a for source in merged.sources.values() for a in source.directives]
        definition.directives += _merge(state, [*own, *added.get((name, None), ())], name)
        for at in definition.fields:
            resolved = (
                source.fields[at]
                for index, source in merged.sources.items()
                if at in source.fields and (name, at) not in state.usages[index].external
            )
            own = [a for source in resolved for a in source.directives]
            found = [*own, *added.get((name, at), ())]
            definition.fields[at].directives += _merge(state, found, f"{name}.{at}")


def _merge(state: MergeState, found: list[Applied], coordinate: str) -> Iterator[Applied]:
    for name in ACCESS_DIRECTIVES:
        if same := [a for a in found if a.name == name]:
            yield from merge_applications(state, name, same, coordinate)


Added = dict[tuple[str, str | None], list[Applied]]
"""By (type, field), or (type, None) for the type itself: what others add to what its own sources demand."""


def _propagated(state: MergeState) -> Added:
    added: Added = {}
    for index, subgraph in enumerate(state.subgraphs):
        for definition in subgraph.types.values():
            if definition.kind != "OBJECT" or definition.name not in state.types:
                continue
            is_stand_in = definition.applied(federation("interfaceObject")) is not None
            interfaces = [] if is_stand_in else list(state.types[definition.name].definition.interfaces)
            _add(added, [(target, None) for target in interfaces], definition.directives)
            below = _below_stand_in(state, definition.name) if is_stand_in else interfaces
            for at, declared in definition.fields.items():
                if (definition.name, at) not in state.usages[index].external:
                    _add(added, [(target, at) for target in below], declared.directives)
    return added


def _below_stand_in(state: MergeState, interface: str) -> list[str]:
    """The implementations of an interface, and the other interfaces that these implement."""
    implementations = state.possible_types(interface)
    others = {other for t in implementations for other in state.types[t].definition.interfaces} - {interface}
    return [*implementations, *sorted(others)]


def _add(added: Added, targets: list[tuple[str, str | None]], directives: list[Applied]) -> None:
    demanded = [a for a in directives if a.name in ACCESS_DIRECTIVES]
    for target in targets if demanded else ():
        added.setdefault(target, []).extend(demanded)
