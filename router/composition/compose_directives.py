"""`@composeDirective`: which custom directives go into the supergraph, and with which definition."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from router.composition.definitions import federation
from router.composition.model import Applied, DirectiveDef, SubgraphSchema
from router.composition.reporting import and_list, error, hint, quoted
from router.composition.supergraph_links import link_features
from router.composition.supergraph_model import MergeState
from router.composition.supergraph_specs import SHOWN_DIRECTIVES
from router.graph.federation_spec import APOLLO_SPECS, FEDERATION, Feature

__all__ = ["merge_composed_directives"]

_COMPOSED_ANYWAY = frozenset({"tag", "inaccessible", "authenticated", "requiresScopes", "policy", "context"})
_NOT_COMPOSED = frozenset(
    f"{APOLLO_SPECS}/{name}"
    for name in (
        "authenticated",
        "context",
        "core",
        "cost",
        "federation",
        "inaccessible",
        "join",
        "link",
        "requiresScopes",
        "source",
        "tag",
    )
)
"""Specifications whose directives `@composeDirective` cannot name."""

_UPGRADING_SPECS = {"authenticated": (2, 5), "cost": (2, 9)}
"""Specifications whose link asks for a later version of federation than the subgraph may have linked."""


@dataclass(frozen=True, slots=True)
class _Request:
    """One `@composeDirective` that names a directive of a linked specification."""

    subgraph: int
    feature: Feature
    canonical: str
    local: str
    applied: Applied


def merge_composed_directives(state: MergeState) -> None:
    """Fills `state.composed`, `names_shown` and `links`, with the definitions that go with them."""
    _check_spellings(state)
    _hint_on_versions(state)
    requests = [r for i, s in enumerate(state.subgraphs) for r in _requests(state, i, s)]
    newest = {
        identity: feature
        for identity in dict.fromkeys(f.url.identity for s in state.subgraphs for f in s.features)
        if (feature := _newest(state, identity, {r.subgraph for r in requests if r.feature.url.identity == identity}))
    }
    _check_same_directive(state, requests)
    _check_same_name(state, requests)
    if state.errors:
        return
    for local in sorted({r.local for r in requests}):
        found = [r for r in requests if r.local == local]
        if found[0].feature.url.identity in newest:
            state.composed[local] = frozenset(r.subgraph for r in found)
    _link(state, requests, newest)
    if not state.errors:
        for local in list(state.composed):
            _define(state, next(r for r in requests if r.local == local), newest)


# ---- federation's own directives -------------------------------------------------------------------------------------


def _check_spellings(state: MergeState) -> None:
    for name in SHOWN_DIRECTIVES:
        nodes = {i: n for i, s in enumerate(state.subgraphs) if (n := s.spellings.get(federation(name))) is not None}
        spelled: dict[str, list[int]] = {}
        for index, node in nodes.items():
            spelled.setdefault(node.name.value, []).append(index)
        for local in spelled:
            state.names_shown.setdefault(federation(name), local)
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
    for subgraph in state.subgraphs:
        needed = max(
            (_UPGRADING_SPECS.get(f.url.name, (2, 0)) for f in subgraph.features if f.url.identity in _NOT_COMPOSED),
            default=(2, 0),
        )
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


# ---- what is asked for -----------------------------------------------------------------------------------------------


def _requests(state: MergeState, index: int, subgraph: SubgraphSchema) -> Iterable[_Request]:
    for applied in subgraph.schema_directives:
        if applied.name == federation("composeDirective"):
            found = _resolve(state, subgraph, applied)
            if found is not None:
                feature, local = found
                yield _Request(index, feature, _canonical(feature, local), local, applied)


def _resolve(state: MergeState, subgraph: SubgraphSchema, applied: Applied) -> tuple[Feature, str] | None:
    """The feature and local name of one `@composeDirective(name:)`, or None after reporting."""
    name = applied.arguments.get("name")

    def fail(message: str, others: Iterable[str] = ()) -> None:
        text = f"[{subgraph.name}] @composeDirective: {message}"
        state.errors.append(
            error(
                "DIRECTIVE_COMPOSITION_ERROR",
                text,
                coordinate="@composeDirective",
                at=[(subgraph, applied.node)],
                subgraphs=list(others),
            )
        )

    if not isinstance(name, str) or not name.startswith("@"):
        fail(f'the argument is {name!r}: write the name of a directive with its "@".')
        return None
    local = name[1:]
    owner = subgraph.features.owner_of_directive(local)
    if owner is not None and owner.url.identity in _NOT_COMPOSED:
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
    if local not in subgraph.directives and not (owner is not None and _is_specified(owner, local)):
        fail(f'"{name}" is not defined in this subgraph: define it, or mend the name.')
        return None
    if owner is None:
        fail(f'"{name}" belongs to no linked specification: @link to one and import the directive.')
        return None
    for canonical in ("tag", "inaccessible"):
        having = [s.name for s in state.subgraphs if _name_in(s, canonical) == local]
        if having:
            fail(
                f'"{name}" cannot be composed: in {quoted(having)} it is federation\'s @{canonical}. Rename one where'
                " it is imported.",
                having,
            )
            return None
    return owner, local


def _is_specified(owner: Feature, local: str) -> bool:
    return owner.url.identity == f"{APOLLO_SPECS}/{owner.url.name}" and _canonical(owner, local) in SHOWN_DIRECTIVES


def _name_in(subgraph: SubgraphSchema, canonical: str) -> str:
    """How a subgraph would call the federation directive."""
    feature = subgraph.features.get(FEDERATION)
    return feature.directive(canonical) if feature else canonical


def _canonical(feature: Feature, local: str) -> str:
    for element, name in feature.imports.items():
        if name == f"@{local}":
            return element[1:]
    return feature.url.name if local == feature.namespace else local.removeprefix(f"{feature.namespace}__")


# ---- whether it fits together ----------------------------------------------------------------------------------------


def _newest(state: MergeState, identity: str, composing: set[int]) -> Feature | None:
    """The latest version that is composed; None where none is, or after reporting different major versions."""
    best: tuple[Feature, bool] | None = None
    linked = [(i, f) for i, s in enumerate(state.subgraphs) if (f := s.features.get(identity)) is not None]
    has_hint = False
    for index, feature in linked:
        is_composed = index in composing
        if best is None:
            best = feature, is_composed
            continue
        if best[0].url.version[0] != feature.url.version[0]:
            spread = [f'v{f.url.version[0]} in "{state.subgraphs[i].name}"' for i, f in linked]
            message = f'"{identity}" is linked in different major versions: {and_list(spread)}.'
            if best[1] and is_composed:
                state.errors.append(
                    error(
                        "DIRECTIVE_COMPOSITION_ERROR",
                        f"{message} To compose its directives, link to one.",
                        subgraphs=state.names(i for i, _ in linked),
                    )
                )
                return None
            if not has_hint:
                has_hint = True
                text = f"{message} To compose its directives from all of them, link to one."
                names = state.names(i for i, _ in linked)
                state.hints.append(hint("DIRECTIVE_COMPOSITION_INFO", text, subgraphs=names))
            best = best if best[1] else (feature, is_composed)
        elif best[1] != is_composed:
            best = best if best[1] else (feature, is_composed)
        elif best[0].url.version[1] <= feature.url.version[1]:
            best = feature, is_composed
    return best[0] if best is not None and best[1] else None


def _report(state: MergeState, coordinate: str, message: str, found: list[_Request]) -> None:
    places = [(state.subgraphs[r.subgraph], r.applied.node) for r in found]
    state.errors.append(error("DIRECTIVE_COMPOSITION_ERROR", message, coordinate=coordinate, at=places))


def _check_same_directive(state: MergeState, requests: list[_Request]) -> None:
    for local in sorted({r.local for r in requests}):
        found = [r for r in requests if r.local == local]
        if len({(r.feature.url.identity, r.canonical) for r in found}) > 1:
            spread = [f'"@{r.canonical}" of "{r.feature.url.identity}"' for r in found]
            message = f'"@{local}" is not the same directive everywhere: {and_list(spread)}. Rename one where imported.'
            _report(state, f"@{local}", message, found)


def _check_same_name(state: MergeState, requests: list[_Request]) -> None:
    for canonical in sorted({r.canonical for r in requests}):
        found = [r for r in requests if r.canonical == canonical]
        if len({r.local for r in found}) > 1:
            spread = [f'"@{r.local}" in "{state.subgraphs[r.subgraph].name}"' for r in found]
            message = f'The composed directive "@{canonical}" is called {and_list(spread)}: import it under one name.'
            _report(state, f"@{canonical}", message, found)
        _hint_on_other_names(state, found)


def _hint_on_other_names(state: MergeState, found: list[_Request]) -> None:
    first = found[0]
    composing = {r.subgraph for r in found}
    differing = {}
    for index, subgraph in enumerate(state.subgraphs):
        feature = subgraph.features.get(first.feature.url.identity)
        name = feature.imports.get(f"@{first.canonical}") if feature and index not in composing else None
        if name is not None and name != f"@{first.local}":
            differing[subgraph.name] = name
    if differing:
        spread = and_list([f'"{name}" in "{subgraph}"' for subgraph, name in differing.items()])
        state.hints.append(
            hint(
                "DIRECTIVE_COMPOSITION_WARN",
                f'"@{first.local}" of "{first.feature.url.identity}" is composed from'
                f" {quoted(state.names(composing))} but imported as {spread}: import it under one name.",
                subgraphs=[*differing, *state.names(composing)],
            )
        )


# ---- links and definitions -------------------------------------------------------------------------------------------


def _link(state: MergeState, requests: list[_Request], newest: dict[str, Feature]) -> None:
    composed = []
    for identity, feature in newest.items():
        imports = {f"@{r.canonical}": f"@{r.local}" for r in requests if r.feature.url.identity == identity}
        composed.append(Feature(feature.url, feature.url.name, imports))
    for problem, feature in link_features(state, composed):
        using = [r for r in requests if r.feature.url.identity == feature.url.identity]
        state.errors.append(
            error(
                "INVALID_LINK_DIRECTIVE_USAGE",
                f"In the supergraph, {problem}.",
                coordinate="@link",
                at=[(state.subgraphs[r.subgraph], r.applied.node) for r in using],
            )
        )


def _define(state: MergeState, request: _Request, newest: dict[str, Feature]) -> None:
    """Takes the definition of a subgraph with the newest version, whether it composes the directive or not."""
    identity, canonical, local = request.feature.url.identity, request.canonical, request.local
    version = newest[identity].url.version
    names = []
    for subgraph in reversed(state.subgraphs):
        feature = subgraph.features.get(identity)
        if feature is None or feature.url.version != version:
            continue
        names.append(subgraph.name)
        definition = subgraph.directives.get(feature.directive(canonical))
        if definition is not None:
            state.directives[local] = DirectiveDef(
                local,
                {name: replace(a, directives=_merged(a.directives)) for name, a in definition.arguments.items()},
                definition.locations,
                definition.repeatable,
                definition.description,
            )
            return
    state.errors.append(
        error(
            "DIRECTIVE_COMPOSITION_ERROR",
            f'"{identity}" is linked in its newest version in {quoted(sorted(names))}, which must define'
            f' "@{canonical}", composed as "@{local}": define it there.',
            coordinate=f"@{local}",
            subgraphs=names,
        )
    )
    del state.composed[local]


def _merged(directives: list[Applied]) -> list[Applied]:
    return [d for d in directives if d.name in {"deprecated", federation("inaccessible"), federation("tag")}]
