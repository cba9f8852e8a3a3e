"""Which specifications a supergraph may link to.

Source: https://specs.apollo.dev/link/v1.0: a feature with a purpose may not be passed over by who does not know it.
"""

from collections.abc import Mapping

from graphql import DocumentNode

from router.errors import InvalidSupergraph
from router.graph.federation_spec import APOLLO_SPECS, FeatureUrl, links_with_purpose

__all__ = ["check_features"]

_KNOWN: Mapping[str, tuple[tuple[int, int], ...]] = {
    "authenticated": ((0, 1),),
    "cacheTag": ((0, 1),),
    "context": ((0, 1),),
    "core": ((0, 1), (0, 2)),
    "cost": ((0, 1),),
    "inaccessible": ((0, 1), (0, 2)),
    "join": ((0, 1), (0, 2), (0, 3), (0, 4), (0, 5)),
    "link": ((1, 0),),
    "policy": ((0, 1),),
    "requiresScopes": ((0, 1),),
    "tag": ((0, 1), (0, 2), (0, 3)),
}


def check_features(document: DocumentNode) -> None:
    """Refuses a supergraph with a feature that must be understood and is not.

    Raises:
        InvalidSupergraph: with the code UNSUPPORTED_LINKED_FEATURE; the message names feature and purpose.
    """
    for url, text, purpose in links_with_purpose(document):
        # How a supergraph says what it means is never to be passed over, whether it says so or not.
        is_join = url is not None and url.identity == f"{APOLLO_SPECS}/join"
        if (purpose is None and not is_join) or (url is not None and _is_known(url)):
            continue
        known = ", ".join(f"v{major}.{minor}" for major, minor in _KNOWN.get(url.name, ())) if url is not None else ""
        is_apollos = url is not None and url.identity.startswith(f"{APOLLO_SPECS}/")
        versions = f" (known are its versions {known})" if known and is_apollos else ""
        raise InvalidSupergraph(
            f'The supergraph demands "{text}" for {purpose or "EXECUTION"}, which this router does not know{versions}. '
            "Compose it without that feature.",
            code="UNSUPPORTED_LINKED_FEATURE",
        )


def _is_known(url: FeatureUrl) -> bool:
    """Of versions from 1.0 on, a later minor one adds nothing that must be known."""
    if url.identity != f"{APOLLO_SPECS}/{url.name}":
        return False
    return any(url.satisfies(FeatureUrl(url.identity, version)) for version in _KNOWN.get(url.name, ()))
