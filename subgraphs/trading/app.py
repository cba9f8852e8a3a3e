"""The ASGI application of trading."""

from resolvers.app import Subgraph, subgraph_app
from resolvers.bells import Bells
from resolvers.settings import Settings
from subgraphs.trading.schema import schema
from subgraphs.trading.services import Services

__all__ = ["create_app", "sdl"]


def create_app(settings: Settings) -> Subgraph:
    """The subgraph, at `/trading/graphql` and `/trading/health`."""
    bells = Bells.at(settings)
    return subgraph_app("trading", schema, settings, services=Services(bells), on_stop=bells.close)


def sdl() -> str:
    """The subgraph's schema, for composition."""
    return schema.as_str()
