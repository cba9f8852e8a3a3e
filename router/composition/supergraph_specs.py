"""The specifications that a supergraph links to for the federation directives that it shows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from router.composition.definitions import DIRECTIVES, federation
from router.composition.literals import render_constant
from router.composition.model import Missing
from router.graph.federation_spec import APOLLO_SPECS, Feature, FeatureUrl

__all__ = ["SHOWN_DIRECTIVES", "SUPERGRAPH_SPECS", "SupergraphSpec"]


@dataclass(frozen=True, slots=True)
class SupergraphSpec:
    """How a feature is linked in the supergraph once a subgraph uses one of its directives.

    Attributes:
        purpose: what `for:` says.
        directives: those that the supergraph defines.
        scalars: types of their arguments, without namespace.
        recorded: directives whose applications are only recorded, as `@join__directive`.
    """

    name: str
    version: tuple[int, int]
    purpose: str | None
    directives: tuple[str, ...] = ()
    scalars: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()

    def is_used(self, names: Mapping[str, str]) -> bool:
        """Whether one of its directives is among the canonical ones in `names`."""
        return any(federation(directive) in names for directive in (*self.directives, *self.recorded))

    def feature(self, names: Mapping[str, str]) -> Feature:
        """The feature with those of its directives as imports that subgraphs use, under their names there."""
        url = FeatureUrl(f"{APOLLO_SPECS}/{self.name}", self.version)
        used = {f"@{d}": f"@{names[federation(d)]}" for d in self.directives if federation(d) in names}
        return Feature(url, self.name, used, self.purpose)

    def directive_definitions(self, feature: Feature) -> Iterator[str]:
        """Yields its directives' definitions, as SDL, under their names in the feature."""
        for directive in self.directives:
            spec = DIRECTIVES[directive]
            arguments = []
            for argument in spec.arguments:
                type_ = argument.type
                for scalar in self.scalars:
                    type_ = type_.replace(scalar, feature.type(scalar))
                default = "" if isinstance(argument.default, Missing) else f" = {render_constant(argument.default)}"
                arguments.append(f"{argument.name}: {type_}{default}")
            listed = f"({', '.join(arguments)})" if arguments else ""
            repeatable = " repeatable" if spec.repeatable else ""
            yield f"directive @{feature.directive(directive)}{listed}{repeatable} on {' | '.join(spec.locations)}"

    def type_definitions(self, feature: Feature) -> Iterator[str]:
        """Yields its scalars' definitions, as SDL."""
        return (f"scalar {feature.type(scalar)}" for scalar in self.scalars)


SUPERGRAPH_SPECS = (
    SupergraphSpec("tag", (0, 3), None, ("tag",)),
    SupergraphSpec("inaccessible", (0, 2), "SECURITY", ("inaccessible",)),
    SupergraphSpec("authenticated", (0, 1), "SECURITY", ("authenticated",)),
    SupergraphSpec("requiresScopes", (0, 1), "SECURITY", ("requiresScopes",), ("Scope",)),
    SupergraphSpec("policy", (0, 1), "SECURITY", ("policy",), ("Policy",)),
    SupergraphSpec("context", (0, 1), "SECURITY", ("context", "fromContext"), ("ContextFieldValue",)),
    SupergraphSpec("cost", (0, 1), None, ("cost", "listSize")),
    SupergraphSpec("cacheTag", (0, 1), "EXECUTION", recorded=("cacheTag",)),
)

SHOWN_DIRECTIVES = tuple(
    name for spec in SUPERGRAPH_SPECS for name in (*spec.directives, *spec.recorded) if name != "fromContext"
)
"""Federation directives that the supergraph shows, under the name that subgraphs give them."""
