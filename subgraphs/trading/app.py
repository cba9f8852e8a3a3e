"""The ASGI application of trading."""

from resolvers.app import Subgraph, subgraph_app
from resolvers.settings import Settings
from subgraphs.trading.schema import schema

__all__ = ["create_app", "sdl"]


def create_app(settings: Settings) -> Subgraph:
    """The subgraph, at `/trading/graphql` and `/trading/health`."""
    return subgraph_app("trading", schema, settings)


def sdl() -> str:
    """The subgraph's schema, for composition."""
    return schema.as_str()
