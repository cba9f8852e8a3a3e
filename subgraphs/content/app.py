"""The ASGI application of content."""

from resolvers.app import Subgraph, subgraph_app
from resolvers.settings import Settings
from subgraphs.content.schema import schema
from subgraphs.content.services import Services

__all__ = ["create_app", "sdl"]


def create_app(settings: Settings) -> Subgraph:
    """The subgraph, at `/content/graphql` and `/content/health`."""
    return subgraph_app("content", schema, settings, services=Services(settings))


def sdl() -> str:
    """The subgraph's schema, for composition."""
    return schema.as_str()
