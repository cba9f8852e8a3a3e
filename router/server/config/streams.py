"""Responses in parts, and subscriptions of clients."""

from pydantic import Field

from router.server.config.sections import HeaderName, Seconds, Section

__all__ = ["EventStreamConfig", "WebSocketConfig"]


class WebSocketConfig(Section):
    """Clients over WebSockets, with the subprotocol graphql-transport-ws, at the GraphQL paths."""

    enabled: bool = True
    init_headers: tuple[HeaderName, ...] = Field(
        default=("authorization",),
        description="Names in the payload of `connection_init` that count as headers of the client's operations.",
    )
    init_timeout_s: Seconds = Field(default=10.0, description="How long a client may take for `connection_init`.")
    max_operations: int = Field(default=100, gt=0, description="Operations of one connection at the same time.")
    ping_interval_s: Seconds = Field(
        default=20.0,
        description="A client that is quiet for so long is pinged, and dropped if it stays so.",
    )
    compression: bool = Field(
        default=False,
        description="Whether `serve` offers permessage-deflate. It takes some 300 kB for each connection, and lets a "
        "small message of a client become a large one in memory.",
    )


class EventStreamConfig(Section):
    """Answers that come in parts: Server-Sent Events, multipart responses, WebSockets."""

    keep_alive_s: Seconds = Field(default=12.0, description="After so long without an event, a comment is sent.")
    send_timeout_s: Seconds = Field(
        default=30.0, description="How long a client may take to receive one event before it is dropped."
    )
    single_connection: bool = Field(
        default=True,
        description="Whether a client may have the results of all its operations in one event stream, which it "
        'reserves with PUT (graphql-sse\'s "single connection mode").',
    )
    reservation_timeout_s: Seconds = Field(
        default=10.0, description="How long a client may take to fetch the event stream that it has reserved."
    )
    max_operations: int = Field(default=100, gt=0, description="Operations of one such stream at the same time.")
