"""What resolvers of `agents` need besides the session; `info.context.services`."""

from dataclasses import dataclass

from resolvers.embeddings import EmbeddingProvider
from subgraphs.agents.engine_settings import EngineSettings
from subgraphs.agents.secrets import Secrets
from subgraphs.agents.streams import EventStreams
from subgraphs.agents.workflows import Workflows

__all__ = ["Services"]


@dataclass(frozen=True, slots=True)
class Services:
    streams: EventStreams
    workflows: Workflows
    embeddings: EmbeddingProvider
    secrets: Secrets
    engines: EngineSettings
