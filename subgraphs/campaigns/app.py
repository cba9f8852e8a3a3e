"""The ASGI application of campaigns."""

from resolvers.app import Subgraph, subgraph_app
from resolvers.settings import Settings
from subgraphs.campaigns.schema import schema

__all__ = ["create_app", "sdl"]


def create_app(settings: Settings) -> Subgraph:
    """The subgraph, at `/campaigns/graphql` and `/campaigns/health`."""
    return subgraph_app("campaigns", schema, settings)


def sdl() -> str:
    """The subgraph's schema, for composition."""
    return schema.as_str()
