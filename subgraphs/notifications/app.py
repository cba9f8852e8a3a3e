"""The ASGI application of notifications."""

from resolvers.app import Subgraph, subgraph_app
from resolvers.settings import Settings
from resolvers.workflow_service import TemporalSettings, WorkflowService
from subgraphs.notifications.dispatcher import Dispatcher
from subgraphs.notifications.schema import schema

__all__ = ["create_app", "sdl"]


def create_app(settings: Settings, temporal: TemporalSettings | None = None) -> Subgraph:
    """The subgraph, at `/notifications/graphql` and `/notifications/health`.

    Args:
        temporal: where the workflow service is; by default as the environment says.
    """
    dispatcher = Dispatcher(WorkflowService(temporal or TemporalSettings()))

    async def begin() -> None:
        dispatcher.begin(app.database)

    app = subgraph_app("notifications", schema, settings, on_start=begin, on_stop=dispatcher.end)
    return app


def sdl() -> str:
    """The subgraph's schema, for composition."""
    return schema.as_str()
