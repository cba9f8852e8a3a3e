"""The ASGI application of crm."""

from resolvers.app import Subgraph, subgraph_app
from resolvers.settings import Settings
from subgraphs.crm.reminders import REMIND_EVERY_S, Reminders
from subgraphs.crm.schema import schema

__all__ = ["create_app", "sdl"]


def create_app(settings: Settings, *, remind_every_s: float = REMIND_EVERY_S) -> Subgraph:
    """The subgraph, at `/crm/graphql` and `/crm/health`.

    Args:
        remind_every_s: between two looks for tasks that have become due.
    """
    reminders = Reminders(every_s=remind_every_s)

    async def begin() -> None:
        reminders.begin(app.database)

    app = subgraph_app("crm", schema, settings, on_start=begin, on_stop=reminders.end)
    return app


def sdl() -> str:
    """The subgraph's schema, for composition."""
    return schema.as_str()
