"""The ASGI application of gaming."""

from redis.asyncio import Redis

from resolvers.app import REDIS_TIMEOUT_S, Subgraph, subgraph_app
from resolvers.bells import Bells
from resolvers.settings import Settings
from subgraphs.gaming.boards import Boards
from subgraphs.gaming.schema import schema
from subgraphs.gaming.services import Services
from subgraphs.gaming.sweeper import SWEEP_EVERY_S, Sweeper

__all__ = ["create_app", "sdl"]


def create_app(settings: Settings, *, sweep_every_s: float = SWEEP_EVERY_S) -> Subgraph:
    """The subgraph, at `/gaming/graphql` and `/gaming/health`.

    Args:
        sweep_every_s: between two looks for what is not in Redis as it is in PostgreSQL.
    """
    url = settings.redis_url.get_secret_value()
    asking: Redis = Redis.from_url(url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S)
    boards = Boards(asking, Bells.at(settings))
    services = Services(boards, Sweeper(boards, every_s=sweep_every_s))

    async def begin() -> None:
        services.sweeper.begin(app.database)

    async def end() -> None:
        await services.sweeper.end()
        await boards.close()

    app = subgraph_app("gaming", schema, settings, services=services, on_start=begin, on_stop=end)
    return app


def sdl() -> str:
    """The subgraph's schema, for composition."""
    return schema.as_str()
