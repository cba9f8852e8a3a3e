"""The ASGI application of analytics."""

from resolvers.app import Subgraph, subgraph_app
from resolvers.settings import Settings
from subgraphs.analytics.domain.ages import Ages
from subgraphs.analytics.schema import schema
from subgraphs.analytics.services import Services
from subgraphs.analytics.sweeper import Sweeper

__all__ = ["create_app", "sdl"]


def create_app(settings: Settings) -> Subgraph:
    """The subgraph, at `/analytics/graphql` and `/analytics/health`."""
    services = Services.of(settings)
    sweeper = Sweeper(Ages(settings.analytics_events_days, settings.analytics_quarters_days))

    async def begin() -> None:
        sweeper.begin(app.database)

    async def end() -> None:
        await sweeper.end()
        await services.close()

    app = subgraph_app("analytics", schema, settings, services=services, on_start=begin, on_stop=end)
    return app


def sdl() -> str:
    """The subgraph's schema, for composition."""
    return schema.as_str()
