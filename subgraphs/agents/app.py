"""The ASGI application of agents."""

from resolvers.app import Subgraph, subgraph_app
from resolvers.bells import Bells
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


def create_app(settings: Settings, temporal: TemporalSettings | None = None) -> Subgraph:
    """The subgraph, at `/agents/graphql` and `/agents/health`.

    Args:
        temporal: where the workflow service is; by default as the environment says.
    """
    streams = EventStreams(Bells.at(settings))
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
