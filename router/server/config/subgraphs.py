"""How subgraphs are reached, and what they can take."""

from pathlib import Path
from typing import Self

from pydantic import Field

from router.hooks import StreamProtocol
from router.server.config.sections import HeaderName, HeaderValue, HttpUrl, Seconds, Section
from router.server.config.subgraph_http import SubgraphHttpConfig, SubgraphTlsConfig
from router.server.config.traffic import SubgraphTrafficConfig

__all__ = ["HeadersConfig", "SubgraphConfig", "SubscriptionConfig"]


class HeadersConfig(Section):
    """Headers of subgraph requests. What a hook sets wins over all."""

    propagate: tuple[HeaderName, ...] = Field(default=(), description="Client headers to send on, as they are.")
    insert: dict[HeaderName, HeaderValue] = Field(default_factory=dict, description="Headers with fixed values.")
    claims: dict[HeaderName, str] = Field(
        default_factory=dict,
        description="Headers made of the caller's claims, such as `x-user-id: sub`; what is no text is sent as JSON. "
        "Clients cannot set these headers, and who has no such claim sends none.",
    )


class SubscriptionConfig(Section):
    """How subscriptions reach a subgraph."""

    protocol: StreamProtocol = Field(
        default="graphql-transport-ws",
        description="Over a WebSocket; in answer to a POST, as Server-Sent Events or as parts of a multipart response; "
        "or as requests that the subgraph sends to the router (`subscriptions.callback`).",
    )
    url: HttpUrl | None = Field(default=None, description="Used instead of the subgraph's own URL.")
    share: bool | None = Field(
        default=None, description="Whether equal subscriptions share a stream; else as `subscriptions.sharing` says."
    )


class SubgraphConfig(Section):
    """Overrides for one subgraph."""

    routing_url: HttpUrl | None = Field(default=None, description="Used instead of the supergraph's URL.")
    timeout_s: Seconds | None = Field(default=None, description="For one request to this subgraph.")
    http: SubgraphHttpConfig | None = Field(default=None, description="Instead of `subgraph_http`.")
    tls: SubgraphTlsConfig | None = Field(default=None, description="Instead of `subgraph_tls`.")
    headers: HeadersConfig = HeadersConfig()
    subscription: SubscriptionConfig = SubscriptionConfig()
    max_representations: int | None = Field(
        default=None,
        gt=0,
        description="Entities asked for in one request; more are asked for in several, side by side.",
    )
    one_type_per_call: bool = Field(
        default=False, description="Ask for entities of different types in different `_entities` fields."
    )
    batching: bool = Field(default=True, description="Whether one request may have several `_entities` fields.")
    isolate_failures: int = Field(
        default=0,
        ge=0,
        description="How many further requests may be made to find the entities for which a whole batch failed "
        "(`_entities: null`), so that the others get their data.",
    )
    nullable_key_fields: frozenset[str] = Field(
        default=frozenset(),
        description="Fields of keys of several fields that may be null in a representation, such as `channel` of "
        "`id channel`. Else an entity whose key has a null is not asked for.",
    )
    traffic: SubgraphTrafficConfig | None = None
    expose_errors: bool | None = Field(
        default=None,
        description="Whether clients see this subgraph's error messages, codes and extensions; else as "
        "`expose_subgraph_errors` says.",
    )

    def relative_to(self, folder: Path) -> Self:
        """The same with paths that lead there from anywhere."""
        return self if self.tls is None else self.model_copy(update={"tls": self.tls.relative_to(folder)})
