"""`@composeDirective`: which custom directives go into the supergraph."""

from dataclasses import replace

from router.composition.definitions import DIRECTIVES, federation
from router.composition.model import Applied, DirectiveDef, SubgraphSchema
from router.composition.reporting import and_list, error, hint, quoted
from router.composition.supergraph_model import MergeState
from router.graph.federation_spec import APOLLO_SPECS, FEDERATION, Feature

__all__ = ["merge_composed_directives"]


_COMPOSED_ANYWAY = frozenset({"tag", "inaccessible", "authenticated", "requiresScopes", "policy", "context"})
_NAMED_ALIKE = ("tag", "inaccessible", "authenticated", "requiresScopes", "policy", "cost", "listSize", "cacheTag")
"""Federation directives that the supergraph shows under the name that subgraphs give them."""

_UPGRADING_SPECS = {"authenticated": (2, 5), "cost": (2, 9)}
"""Specifications whose link asks for a later version of federation than the subgraph may have linked."""


def merge_composed_directives(state: MergeState) -> None:
    """Fills `state.composed`, with the definitions and links that go with it."""
    _check_spellings(state)
    _hint_on_versions(state)
    wanted: dict[str, dict[int, tuple[Feature, str]]] = {}
    for index, subgraph in enumerate(state.subgraphs):
        for applied in subgraph.schema_directives:
            if applied.name == federation("composeDirective"):
                found = _resolve(state, subgraph, applied)
                if found is not None:
                    feature, local = found
                    wanted.setdefault(local, {})[index] = (feature, _canonical(feature, local))
    for local in sorted(wanted):
        _compose(state, local, wanted)


def _check_spellings(state: MergeState) -> None:
    for name in _NAMED_ALIKE:
        nodes = {i: n for i, s in enumerate(state.subgraphs) if (n := s.spellings.get(federation(name))) is not None}
        spelled: dict[str, list[int]] = {}
        for index, node in nodes.items():
            spelled.setdefault(node.name.value, []).append(index)
        if len(spelled) > 1:
            spread = [f'"@{local}" in {quoted(state.names(indices))}' for local, indices in spelled.items()]
            state.errors.append(
                error(
                    "LINK_IMPORT_NAME_MISMATCH",
                    f'The federation directive "@{name}" is called {and_list(spread)}: import it under one name.',
                    coordinate=f"@{name}",
                    at=[(state.subgraphs[i], node) for i, node in nodes.items()],
                )
            )


def _hint_on_versions(state: MergeState) -> None:
    majors: dict[str, dict[int, list[int]]] = {}
    for index, subgraph in enumerate(state.subgraphs):
        needed = (2, 0)
        for feature in subgraph.features:
            needed = max(needed, _UPGRADING_SPECS.get(feature.url.name, needed) if _is_apollo(feature) else needed)
            if not feature.url.identity.startswith(APOLLO_SPECS):
                majors.setdefault(feature.url.identity, {}).setdefault(feature.url.version[0], []).append(index)
        if not subgraph.is_fed1 and subgraph.version < needed:
            linked, used = (f"v{major}.{minor}" for major, minor in (subgraph.version, needed))
            state.hints.append(
                hint(
                    "IMPLICITLY_UPGRADED_FEDERATION_VERSION",
                    f"[{subgraph.name}] The @link to federation {linked} is read as {used}, which its other links need:"
                    " link to that.",
                    coordinate="@link",
                    subgraphs=[subgraph.name],
                )
            )
    for identity, found in majors.items():
        if len(found) > 1:
            spread = [f"v{major} in {quoted(state.names(found[major]))}" for major in sorted(found)]
            state.hints.append(
                hint(
                    "DIRECTIVE_COMPOSITION_INFO",
                    f'"{identity}" is linked in different major versions: {and_list(spread)}. To compose its directives'
                    " from all of them, link to one.",
                    subgraphs=state.names(i for indices in found.values() for i in indices),
                )
            )


def _resolve(state: MergeState, subgraph: SubgraphSchema, applied: Applied) -> tuple[Feature, str] | None:
    """The feature and local name of one `@composeDirective(name:)`, or None after reporting."""
    name = applied.arguments.get("name")

    def fail(message: str) -> None:
        text = f"[{subgraph.name}] @composeDirective: {message}"
        state.errors.append(
            error("DIRECTIVE_COMPOSITION_ERROR", text, coordinate="@composeDirective", at=[(subgraph, applied.node)])
        )

    if not isinstance(name, str) or not name.startswith("@"):
        fail(f'the argument is {name!r}: write the name of a directive with its "@".')
        return None
    local = name[1:]
    owner = subgraph.features.owner_of_directive(local)
    if owner is not None and _is_apollo(owner):
        if _canonical(owner, local) not in _COMPOSED_ANYWAY:
            fail(f'"{name}" is machinery of federation, which the supergraph expresses otherwise: remove this.')
            return None
        state.hints.append(
            hint(
                "DIRECTIVE_COMPOSITION_INFO",
                f'"{name}" is composed anyway: @composeDirective in "{subgraph.name}" has no effect.',
                coordinate=name,
                subgraphs=[subgraph.name],
            )
        )
        return None
    if local not in subgraph.directives:
        fail(f'"{name}" is not defined in this subgraph: define it, or mend the name.')
        return None
    if owner is None:
        fail(f'"{name}" belongs to no linked specification: @link to one and import the directive.')
        return None
    return owner, local


def _is_apollo(feature: Feature) -> bool:
    known = {"federation", "link", *(name for spec in DIRECTIVES.values() for name in spec.specs)}
    return feature.url.identity in {f"{APOLLO_SPECS}/{name}" for name in known}


def _canonical(feature: Feature, local: str) -> str:
    for element, name in feature.imports.items():
        if name == f"@{local}":
            return element[1:]
    return local.removeprefix(f"{feature.namespace}__")


def _compose(state: MergeState, local: str, wanted: dict[str, dict[int, tuple[Feature, str]]]) -> None:
    found = wanted[local]
    names = quoted(state.names(found))
    features = [feature for feature, _ in found.values()]
    places = [(state.subgraphs[i], state.subgraphs[i].directives[local].node) for i in found]
    if len({feature.url.identity for feature in features}) > 1:
        message = f'"@{local}" comes from different specifications in {names}: rename one where it is imported.'
        state.errors.append(error("DIRECTIVE_COMPOSITION_ERROR", message, coordinate=f"@{local}", at=places))
        return
    identity = features[0].url.identity
    if len({feature.url.version[0] for feature in features}) > 1:
        message = f'"@{local}" comes from different major versions of "{identity}" in {names}: link to one.'
        state.errors.append(error("DIRECTIVE_COMPOSITION_ERROR", message, coordinate=f"@{local}", at=places))
        return
    canonical = next(iter(found.values()))[1]
    for other, composers in wanted.items():
        same = [i for i, (feature, name) in composers.items() if (feature.url.identity, name) == (identity, canonical)]
        if other > local and same:
            state.errors.append(
                error(
                    "LINK_IMPORT_NAME_MISMATCH",
                    f'"@{canonical}" of "{identity}" is "@{local}" in {names} but "@{other}" in'
                    f" {quoted(state.names(same))}: import it under one name.",
                    coordinate=f"@{canonical}",
                    at=[*places, *((state.subgraphs[i], state.subgraphs[i].directives[other].node) for i in same)],
                )
            )
            return
    for name in _COMPOSED_ANYWAY:
        having = [s for s in state.subgraphs if _local_name(s, name) == local]
        if having:
            state.errors.append(
                error(
                    "DIRECTIVE_COMPOSITION_ERROR",
                    f'"@{local}" of "{identity}" in {names} cannot be composed: in {quoted(s.name for s in having)} it'
                    f" is federation's @{name}. Rename one where it is imported.",
                    coordinate=f"@{local}",
                    at=places,
                    subgraphs=[s.name for s in having],
                )
            )
            return
    _hint_on_other_names(state, canonical, local, identity, found)
    newest = max(found, key=lambda i: (found[i][0].url.version, i))
    definition = state.subgraphs[newest].directives[local]
    state.directives[local] = DirectiveDef(
        local,
        {name: replace(a, directives=_merged(a.directives)) for name, a in definition.arguments.items()},
        definition.locations,
        definition.repeatable,
        definition.description,
    )
    state.composed[local] = frozenset(found)
    _link(state, found[newest][0], canonical, local)


def _local_name(subgraph: SubgraphSchema, name: str) -> str | None:
    """How a subgraph calls the federation directive; None where it neither imports nor applies it."""
    applied = subgraph.spellings.get(federation(name))
    if applied is not None:
        return applied.name.value
    imported = next((f.imports.get(f"@{name}") for f in subgraph.features if f.url.identity == FEDERATION), None)
    return imported[1:] if imported else None


def _hint_on_other_names(
    state: MergeState, canonical: str, local: str, identity: str, found: dict[int, tuple[Feature, str]]
) -> None:
    for index, subgraph in enumerate(state.subgraphs):
        feature = subgraph.features.get(identity)
        name = feature.imports.get(f"@{canonical}", f"@{local}") if feature else f"@{local}"
        if index not in found and name != f"@{local}":
            state.hints.append(
                hint(
                    "DIRECTIVE_COMPOSITION_WARN",
                    f'"@{local}" of "{identity}" is composed from {quoted(state.names(found))} but imported as "{name}"'
                    f' in "{subgraph.name}": import it under one name.',
                    subgraphs=[subgraph.name, *state.names(found)],
                )
            )


def _merged(directives: list[Applied]) -> list[Applied]:
    return [d for d in directives if d.name in {"deprecated", federation("inaccessible"), federation("tag")}]


def _link(state: MergeState, feature: Feature, canonical: str, local: str) -> None:
    element = f'"@{local}"' if canonical == local else f'{{name: "@{canonical}", as: "@{local}"}}'
    for position, (url, imports) in enumerate(state.composed_links):
        if url.rsplit("/v", 1)[0] == feature.url.identity:
            state.composed_links[position] = (max(url, str(feature.url)), (*imports, element))
            return
    state.composed_links.append((str(feature.url), (element,)))
