"""The ASGI application of gaming."""

from resolvers.app import Subgraph, subgraph_app
from resolvers.settings import Settings
from subgraphs.gaming.schema import schema

__all__ = ["create_app", "sdl"]


def create_app(settings: Settings) -> Subgraph:
    """The subgraph, at `/gaming/graphql` and `/gaming/health`."""
    return subgraph_app("gaming", schema, settings)


def sdl() -> str:
    """The subgraph's schema, for composition."""
    return schema.as_str()
