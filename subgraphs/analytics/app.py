"""The ASGI application of analytics."""

from resolvers.app import Subgraph, subgraph_app
from resolvers.settings import Settings
from subgraphs.analytics.schema import schema

__all__ = ["create_app", "sdl"]


def create_app(settings: Settings) -> Subgraph:
    """The subgraph, at `/analytics/graphql` and `/analytics/health`."""
    return subgraph_app("analytics", schema, settings)


def sdl() -> str:
    """The subgraph's schema, for composition."""
    return schema.as_str()
