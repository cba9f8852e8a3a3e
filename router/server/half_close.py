"""Clients that end their side of a connection while they are answered: they wait, or they are gone.

Both look the same: the system tells of the end of what they send, and of no more. One that is gone answers whatever is
sent to it with a reset. So something is sent that every client of HTTP/1.1 passes over, and then the system is asked
what became of the connection.
"""

import asyncio
import socket
from contextlib import suppress

from router.server.connection_ends import copy_of

__all__ = ["HalfClose"]

PROBE = b"HTTP/1.1 100 Continue\r\n\r\n"
"""An interim answer (RFC 9110, 15.2): clients of HTTP/1.1 must understand it, also where they did not ask for it."""

_FIRST_LOOK_S = 0.05
_LAST_LOOK_S = 1.0
_WAITS_FOR_CLOSE = 8
"""`TCP_CLOSE_WAIT` of Linux: the other side has ended, and has not been heard to be gone."""


class HalfClose:
    """Watches a client that sends no more, until its connection is closed.

    Args:
        transport: of the connection, without TLS: over TLS an end ends both ways.

    Attributes:
        is_on: whether the client has ended its side, and still waits, as far as can be said.
    """

    __slots__ = ("_loop", "_timer", "_transport", "_wait_s", "is_on")

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
        self._loop = loop
        self._transport = transport
        self._timer: asyncio.TimerHandle | None = None
        self._wait_s = _FIRST_LOOK_S
        self.is_on = False

    def begin(self, *, takes_probes: bool) -> bool:
        """Take note that the client has ended its side; again is no harm.

        Args:
            takes_probes: whether the client understands interim answers. One that does not is seen to be gone only once
                something is written.

        Returns:
            Whether it can be watched. If not, it must be taken for gone.
        """
        if self.is_on:
            return True
        if not _can_be_seen(self._transport):
            return False
        self.is_on = True
        if takes_probes:
            self._transport.write(PROBE)
        self._look_later()
        return True

    def stop(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_later(self) -> None:
        self._timer = self._loop.call_later(self._wait_s, self._look)
        self._wait_s = min(2 * self._wait_s, _LAST_LOOK_S)

    def _look(self) -> None:
        self._timer = None
        if self._transport.is_closing():
            return
        if _can_be_seen(self._transport):
            self._look_later()
        else:
            self._transport.abort()


def _can_be_seen(transport: asyncio.Transport) -> bool:
    """Whether the other side may be there still, and it would be seen if it were not."""
    with suppress(OSError), copy_of(transport) as copy:
        if copy.family == getattr(socket, "AF_UNIX", None):
            return True  # there writing itself fails
        return copy.getsockopt(socket.IPPROTO_TCP, getattr(socket, "TCP_INFO", -1), 1)[0] == _WAITS_FOR_CLOSE
    return False
