"""`@composeDirective`: which custom directives go into the supergraph."""

from dataclasses import replace

from router.composition.definitions import DIRECTIVES, federation
from router.composition.model import Applied, DirectiveDef, SubgraphSchema
from router.composition.reporting import error, hint, quoted
from router.composition.supergraph_model import MergeState
from router.graph.federation_spec import APOLLO_SPECS, Feature

__all__ = ["merge_composed_directives"]


_COMPOSED_ANYWAY = frozenset({"tag", "inaccessible", "authenticated", "requiresScopes", "policy", "context"})


def merge_composed_directives(state: MergeState) -> None:
    """Fills `state.composed`, with the definitions and links that go with it."""
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


def _resolve(state: MergeState, subgraph: SubgraphSchema, applied: Applied) -> tuple[Feature, str] | None:
    """The feature and local name of one `@composeDirective(name:)`, or None after reporting."""
    name = applied.arguments.get("name")

    def fail(message: str) -> None:
        text = f"[{subgraph.name}] @composeDirective: {message}"
        state.errors.append(error("DIRECTIVE_COMPOSITION_ERROR", text, at=[(subgraph, applied.node)]))

    if not isinstance(name, str) or not name.startswith("@"):
        fail(f'the argument must be the name of a directive with its "@", not {name!r}.')
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
    newest = max(found, key=lambda i: found[i][0].url.version)
    definition = state.subgraphs[newest].directives[local]
    state.directives[local] = DirectiveDef(
        local,
        {name: replace(a, directives=_merged(a.directives)) for name, a in definition.arguments.items()},
        definition.locations,
        definition.repeatable,
        definition.description,
    )
    state.composed.add(local)
    _link(state, found[newest][0], canonical, local)


def _merged(directives: list[Applied]) -> list[Applied]:
    return [d for d in directives if d.name in {"deprecated", federation("inaccessible"), federation("tag")}]


def _link(state: MergeState, feature: Feature, canonical: str, local: str) -> None:
    element = f'"@{local}"' if canonical == local else f'{{name: "@{canonical}", as: "@{local}"}}'
    for position, (url, imports) in enumerate(state.composed_links):
        if url.rsplit("/v", 1)[0] == feature.url.identity:
            state.composed_links[position] = (max(url, str(feature.url)), (*imports, element))
            return
    state.composed_links.append((str(feature.url), (element,)))
