"""The directory as an ASGI application, and its SDL."""

from dataclasses import dataclass
from pathlib import Path

from resolvers.app import Subgraph, subgraph_app
from resolvers.embeddings import EmbeddingProvider, EmbeddingSettings, MiniLMEmbeddings
from resolvers.settings import Settings
from subgraphs.directory.schema import schema
from subgraphs.directory.websites import Websites

__all__ = ["MIGRATIONS", "NAME", "Services", "create_app", "sdl"]

NAME = "directory"
MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class Services:
    """What the directory's resolvers find in `info.context.services`."""

    embeddings: EmbeddingProvider
    websites: Websites


def create_app(settings: Settings, embeddings: EmbeddingProvider | None = None) -> Subgraph:
    """The directory's application.

    Args:
        embeddings: another source of embeddings than the local all-MiniLM-L6-v2.
    """
    provider = embeddings or MiniLMEmbeddings.from_settings(EmbeddingSettings())
    services = Services(provider, Websites(loopback=settings.oidc_loopback))
    return subgraph_app(NAME, schema, settings, services=services)


def sdl() -> str:
    """The federation SDL of the directory."""
    return schema.as_str()
