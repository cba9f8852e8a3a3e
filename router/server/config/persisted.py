"""Documents that clients name instead of sending them."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from router.server.config.sections import HeaderName, Seconds, Section

__all__ = ["AutomaticPersistedQueriesConfig", "TrustMode", "TrustedDocumentsConfig"]

TrustMode = Literal["off", "log", "enforce"]


class AutomaticPersistedQueriesConfig(Section):
    """Documents that clients send once, and from then on only by their SHA-256."""

    enabled: bool = True
    max_bytes: int = Field(default=32_000_000, ge=0, description="Estimated memory of the documents that are kept.")
    shared: bool = Field(
        default=True,
        description="Whether the documents are kept in `redis` as well, if there is one: for other routers and after a "
        "restart.",
    )
    ttl_s: int = Field(default=30 * 24 * 3600, gt=0, description="How long Redis keeps a document.")
    retry_s: Seconds = Field(default=5.0, description="After a failure Redis is left alone for so long.")


class TrustedDocumentsConfig(Section):
    """Documents that are known beforehand, from manifests: clients send their ids, and may be held to them."""

    manifests: tuple[Path, ...] = Field(
        default=(), description="JSON files: Apollo's persisted query manifest, or an object of id and document."
    )
    mode: TrustMode = Field(
        default="off", description="What becomes of other documents: answered, answered and logged, or refused."
    )
    require_id: bool = Field(
        default=False, description="Where the mode is `enforce`, whether also a listed document must come as its id."
    )
    clients: dict[str, TrustMode] = Field(
        default_factory=dict, description="Another mode for some clients, by the name that they give themselves."
    )
    client_name_headers: tuple[HeaderName, ...] = Field(
        default=("apollographql-client-name", "graphql-client-name", "x-client-name"),
        description="Headers with the client's name; the first that is there counts.",
    )
    allow_introspection: bool = Field(
        default=False, description="Whether documents that ask for nothing but the schema need not be listed."
    )
    warm_up: bool = Field(
        default=True, description="Whether the documents are planned before they are asked for, which also checks them."
    )

    @model_validator(mode="after")
    def modes_need_a_list(self) -> Self:
        if not self.manifests and (self.mode == "enforce" or "enforce" in self.clients.values()):
            raise ValueError("without manifests, mode `enforce` would refuse everything")
        return self
