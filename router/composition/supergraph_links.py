"""The supergraph's own `@link`s: to federation's specifications in use, and to those of composed directives."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count

from router.composition.link_names import LinkNames, conflicting_namespaces
from router.composition.supergraph_model import MergeState
from router.composition.supergraph_specs import SUPERGRAPH_SPECS
from router.graph.federation_spec import JOIN, LINK, Feature, FeatureUrl

__all__ = ["link_features"]


def link_features(state: MergeState, composed: Sequence[Feature]) -> Iterator[tuple[str, Feature]]:
    """Fills `state.links` and `state.namespaces`; yields what cannot be linked, and why.

    Args:
        composed: the features of composed directives, with those as their imports.
    """
    specs = {spec.name: spec.feature(state.names_shown) for spec in SUPERGRAPH_SPECS if spec.is_used(state.names_shown)}
    conflicts = conflicting_namespaces([*specs.values(), *composed])
    names = LinkNames()
    for identity in (LINK, JOIN):
        url = FeatureUrl(identity, (1, 0))
        names.add(Feature(url, url.name))
    for feature in (*specs.values(), *composed):
        namespace = _namespace(feature.url.name, names, conflicts[feature.url.identity])
        named = replace(feature, namespace=namespace)
        if feature.url.name in specs and specs[feature.url.name] is feature:
            named = replace(named, imports=_needed(named))
            state.namespaces[feature.url.name] = namespace
        problem = names.add(named)
        if problem is not None:
            yield problem, feature
        else:
            state.links.append(_text(named))


def _namespace(name: str, names: LinkNames, taken: set[str]) -> str:
    if names.is_free(name) and name not in taken:
        return name
    base = "".join(c for c in name if c.isalpha()) or "feature"
    return next(text for n in count(1) if names.is_free(text := f"{base}{n}") and text not in taken)


def _needed(feature: Feature) -> dict[str, str]:
    """The imports without those that say what the namespace says anyway."""
    plain = replace(feature, imports={})
    return {e: local for e, local in feature.imports.items() if local != f"@{plain.directive(e[1:])}"}


def _text(feature: Feature) -> str:
    parts = [f'url: "{feature.url}"']
    if feature.namespace != feature.url.name:
        parts.append(f'as: "{feature.namespace}"')
    imports = [f'"{e}"' if e == local else f'{{name: "{e}", as: "{local}"}}' for e, local in feature.imports.items()]
    if imports:
        parts.append(f"import: [{', '.join(imports)}]")
    if feature.purpose:
        parts.append(f"for: {feature.purpose}")
    return f"@link({', '.join(parts)})"
