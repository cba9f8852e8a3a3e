"""Subscriptions of clients, whatever carries them, and how they reach subgraphs."""

from pydantic import Field

from router.server.config.sections import HeaderName, Section, UrlPath

__all__ = ["CallbackConfig", "SharingConfig", "SubscriptionsConfig"]


class SharingConfig(Section):
    """One stream for equal subscriptions: of the same partition (such as a tenant), subgraph, document and variables,
    with the same headers for the subgraph and the same credentials."""

    enabled: bool = Field(
        default=False,
        description="For all subgraphs. Who joins a stream that runs misses what it began with: leave it off where a "
        "subscription begins with the present state.",
    )
    credential_headers: tuple[HeaderName, ...] = Field(
        default=("authorization", "cookie", "x-api-key"),
        description="Headers of clients in which these must be equal too, even if the subgraph does not get them.",
    )
    max_queued_events: int = Field(
        default=100,
        gt=0,
        description="Events that may wait for one client while others take theirs; then its subscription is ended.",
    )


class CallbackConfig(Section):
    """Where subgraphs send events that speak the HTTP callback protocol."""

    public_url: str = Field(
        pattern=r"^https?://[^\s?#]+[^\s?#/]$", description="At which subgraphs reach `path`; an id is added to it."
    )
    path: UrlPath = Field(default="/callback", pattern="[^/]$")
    heartbeat_s: float = Field(
        default=5.0,
        ge=0,
        le=3600,
        description="How often a subgraph must check each subscription; 0: never, and what it forgets stays open.",
    )
    max_queued_events: int = Field(
        default=100, gt=0, description="Events that may wait for a client; the subgraph waits with the next one."
    )


class SubscriptionsConfig(Section):
    """Subscriptions of clients, whatever carries them, and how they reach subgraphs."""

    max_open: int = Field(
        default=10_000, gt=0, description="Subscriptions of one process at the same time; more are refused with 503."
    )
    sharing: SharingConfig = SharingConfig()
    callback: CallbackConfig | None = None
