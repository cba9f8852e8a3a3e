"""The ASGI application of analytics."""

from resolvers.app import Subgraph, subgraph_app
from resolvers.settings import Settings
from subgraphs.analytics.schema import schema
from subgraphs.analytics.services import Services

__all__ = ["create_app", "sdl"]


def create_app(settings: Settings) -> Subgraph:
    """The subgraph, at `/analytics/graphql` and `/analytics/health`."""
    services = Services.of(settings)
    return subgraph_app("analytics", schema, settings, services=services, on_stop=services.close)


def sdl() -> str:
    """The subgraph's schema, for composition."""
    return schema.as_str()
