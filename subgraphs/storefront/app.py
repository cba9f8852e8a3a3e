"""The storefront as an ASGI application, and its SDL."""

from dataclasses import dataclass
from pathlib import Path

from resolvers.app import Subgraph, subgraph_app
from resolvers.embeddings import EmbeddingProvider, EmbeddingSettings, MiniLMEmbeddings
from resolvers.settings import Settings
from subgraphs.storefront.schema import schema
from subgraphs.storefront.webhooks import webhook_route

__all__ = ["MIGRATIONS", "NAME", "Services", "create_app", "sdl"]

NAME = "storefront"
MIGRATIONS = Path(__file__).parent / "migrations"


@dataclass(frozen=True, slots=True)
class Services:
    """What the storefront's resolvers find in `info.context.services`."""

    embeddings: EmbeddingProvider


def create_app(settings: Settings, embeddings: EmbeddingProvider | None = None) -> Subgraph:
    """The storefront's application.

    Args:
        embeddings: another source of embeddings than the local all-MiniLM-L6-v2.
    """
    provider = embeddings or MiniLMEmbeddings.from_settings(EmbeddingSettings())
    app = subgraph_app(
        NAME, schema, settings, services=Services(provider), routes=[webhook_route(lambda: app.database)]
    )
    return app


def sdl() -> str:
    """The federation SDL of the storefront."""
    return schema.as_str()
