"""The ASGI application of sourcing."""

from resolvers.app import Subgraph, subgraph_app
from resolvers.settings import Settings
from subgraphs.sourcing.schema import schema

__all__ = ["create_app", "sdl"]


def create_app(settings: Settings) -> Subgraph:
    """The subgraph, at `/sourcing/graphql` and `/sourcing/health`."""
    return subgraph_app("sourcing", schema, settings)


def sdl() -> str:
    """The subgraph's schema, for composition."""
    return schema.as_str()
