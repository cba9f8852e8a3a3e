"""The cache of plans."""

from pydantic import Field

from router.server.config.sections import Seconds, Section

__all__ = ["DocumentCacheConfig"]


class DocumentCacheConfig(Section):
    """How many plans are kept, and how many a new supergraph starts with."""

    max_entries: int = Field(default=2_000, ge=0, description="Texts, and plans; 0 keeps none.")
    max_bytes: int = Field(default=128_000_000, ge=0, description="Estimated memory of all of them.")
    warm_up_documents: int = Field(
        default=200, ge=0, description="Of the most used ones, planned before a new supergraph goes live."
    )
    warm_up_s: Seconds = Field(default=30.0, description="How long a new supergraph may wait for that.")
