"""What one HTTP/2 connection may ask of the router."""

from collections.abc import Callable
from dataclasses import dataclass

from router.server.config import RouterConfig

__all__ = ["Allowance", "Http2Limits", "http2_limits"]


@dataclass(frozen=True, slots=True)
class Http2Limits:
    """Bounds of one connection.

    Attributes:
        streams: requests at the same time, as announced to the client.
        header_bytes: of one request's headers, uncompressed, as HTTP/2 counts them (32 more for each).
        stream_window_bytes: of one request's body that is kept before the application has asked for it.
        connection_window_bytes: the same for all requests of the connection.
        unread_bytes: of the rest of a request that is answered already. So much is thrown away, since many clients take
            the answer only when they have sent everything.
        preface_s: how long a client may take for the bytes with which HTTP/2 begins, once the first of them has come.
        stall_s: how long a client may take no part of a response that waits for it.
        burst_resets: requests that a client may take back at once; as many more as `resets_per_s`, and one for each
            that was answered.
        burst_controls: the same for frames that carry nothing: pings, settings, empty data.
    """

    streams: int = 100
    header_bytes: int = 64 * 1024
    stream_window_bytes: int = 256 * 1024
    connection_window_bytes: int = 1024 * 1024
    unread_bytes: int = 16 * 1024 * 1024
    preface_s: float = 10.0
    stall_s: float = 30.0
    burst_resets: int = 100
    resets_per_s: float = 10.0
    burst_controls: int = 1000
    controls_per_s: float = 100.0


def http2_limits(config: RouterConfig) -> Http2Limits:
    """The limits that the settings say."""
    limits = config.limits
    # What is between this and the application's own limits gets an answer; beyond, the connection ends.
    header_bytes = 2 * (limits.max_url_bytes + limits.max_header_bytes + 32 * limits.max_headers)
    return Http2Limits(
        config.http2.max_streams, header_bytes, preface_s=limits.head_timeout_s, stall_s=limits.send_timeout_s
    )


class Allowance:
    """So many at once, and so many per second in the long run."""

    __slots__ = ("_burst", "_clock", "_left", "_per_s", "_since")

    def __init__(self, burst: int, per_s: float, clock: Callable[[], float]) -> None:
        self._burst = float(burst)
        self._per_s = per_s
        self._clock = clock
        self._left = self._burst
        self._since = clock()

    def take(self) -> bool:
        """Take one; whether there was one left."""
        now = self._clock()
        self._left = min(self._burst, self._left + (now - self._since) * self._per_s) - 1
        self._since = now
        return self._left >= 0

    def give(self) -> None:
        """Allow one more."""
        self._left += 1
