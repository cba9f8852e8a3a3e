"""Which HTTP a connection speaks, found out before it is given to who speaks it.

With TLS it was agreed on (ALPN). Without, HTTP/2 begins with bytes that no HTTP/1.1 request can begin with; a client
must know that it may send them (h2c with prior knowledge). After that nothing stands between the connection and its
protocol: a request over HTTP/1.1 costs nothing more.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from uvicorn.config import Config
from uvicorn.server import ServerState

from router.server.http1 import GRACE_S
from router.server.http2 import Http2Limits

__all__ = ["negotiating"]

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


def negotiating(http1: type[asyncio.Protocol], limits: Http2Limits | None = None) -> type[asyncio.Protocol]:
    """The protocol class for `uvicorn.Config(http=...)` that speaks HTTP/2 and leaves all else to `http1`."""
    return type("Negotiating", (Negotiation,), {"http1": http1, "limits": limits or Http2Limits()})


class Negotiation(asyncio.Protocol):
    """A connection whose first bytes have not come."""

    http1: type[asyncio.Protocol]
    limits: Http2Limits

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.config = config
        self.state = server_state
        self.app_state = app_state
        self.loop = _loop or asyncio.get_running_loop()
        self.begun = b""
        self.silence: asyncio.TimerHandle | None = None
        self.chosen: asyncio.Protocol | None = None
        self.is_ending = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        secured = transport.get_extra_info("ssl_object")
        if secured is not None:
            self.choose(is_http2=secured.selected_alpn_protocol() == "h2")
            return
        self.state.connections.add(self)  # type: ignore[arg-type]  # of the kinds that uvicorn knows
        self.wait(self.config.timeout_keep_alive)

    def data_received(self, data: bytes) -> None:
        is_first = not self.begun
        self.begun += data
        if PREFACE.startswith(self.begun[: len(PREFACE)]):
            if len(self.begun) < len(PREFACE):
                if is_first:
                    self.wait(min(self.limits.preface_s, self.config.timeout_keep_alive))
                return
            chosen = self.choose(is_http2=True)
        else:
            chosen = self.choose(is_http2=False)
        data, self.begun = self.begun, b""
        chosen.data_received(data)
        if self.is_ending:
            stop: Callable[[], None] = chosen.shutdown  # type: ignore[attr-defined]  # all of uvicorn's kind have it
            stop()

    def connection_lost(self, _error: Exception | None) -> None:
        self.leave()

    def shutdown(self) -> None:
        """Called by the server when it stops. The client could not know: its first request may be on the way."""
        self.is_ending = True
        self.loop.call_later(GRACE_S, self.end_grace)

    def end_grace(self) -> None:
        if self.chosen is None:
            self.transport.close()

    def wait(self, timeout_s: float) -> None:
        """Close the connection if nothing is known of it after this time."""
        if self.silence is not None:
            self.silence.cancel()
        self.silence = self.loop.call_later(timeout_s, self.transport.close)

    def leave(self) -> None:
        self.state.connections.discard(self)
        if self.silence is not None:
            self.silence.cancel()
            self.silence = None

    def choose(self, *, is_http2: bool) -> asyncio.Protocol:
        """Give the connection away."""
        self.leave()
        made: dict[str, Any] = {
            "config": self.config,
            "server_state": self.state,
            "app_state": self.app_state,
            "_loop": self.loop,
        }
        if is_http2:
            from router.server.http2.connection import Http2Protocol  # noqa: PLC0415  megabytes that few need

            chosen: asyncio.Protocol = Http2Protocol(**made, limits=self.limits)
        else:
            chosen = self.http1(**made)
        self.chosen = chosen
        self.transport.set_protocol(chosen)
        chosen.connection_made(self.transport)
        return chosen
