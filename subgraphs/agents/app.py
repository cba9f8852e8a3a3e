"""The ASGI application of agents."""

from redis.asyncio import Redis

from resolvers.app import REDIS_TIMEOUT_S, Subgraph, subgraph_app
from resolvers.embeddings import EmbeddingSettings, MiniLMEmbeddings
from resolvers.settings import Settings
from subgraphs.agents.engine_settings import EngineSettings
from subgraphs.agents.schema import schema
from subgraphs.agents.secrets import Secrets
from subgraphs.agents.services import Services
from subgraphs.agents.streams import EventStreams
from subgraphs.agents.sweeper import Sweeper
from subgraphs.agents.workflows import TemporalSettings, Workflows
from vault import Vault

__all__ = ["create_app", "sdl"]

_LONGEST_WAIT_S = 30


def create_app(settings: Settings, temporal: TemporalSettings | None = None) -> Subgraph:
    """The subgraph, at `/agents/graphql` and `/agents/health`.

    Args:
        temporal: where the workflow service is; by default as the environment says.
    """
    url = settings.redis_url.get_secret_value()
    ringing: Redis = Redis.from_url(url, socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S)
    waiting: Redis = Redis.from_url(url, socket_timeout=_LONGEST_WAIT_S, socket_connect_timeout=REDIS_TIMEOUT_S)
    streams = EventStreams(ringing, waiting)
    workflows = Workflows(temporal or TemporalSettings())
    sweeper = Sweeper(workflows)
    secrets = Secrets(None if settings.vault_address is None else Vault.from_settings(settings, "subgraph-agents"))

    async def begin() -> None:
        sweeper.begin(app.database)

    async def end() -> None:
        await sweeper.end()
        await streams.close()
        await secrets.close()

    embeddings = MiniLMEmbeddings.from_settings(EmbeddingSettings())
    services = Services(streams, workflows, embeddings, secrets, EngineSettings())
    app = subgraph_app("agents", schema, settings, services=services, on_start=begin, on_stop=end)
    return app


def sdl() -> str:
    """The subgraph's schema, for composition."""
    return schema.as_str()
