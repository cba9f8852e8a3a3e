"""Connections whose clients do not let them end: who takes no answer, and who still sends what nobody wants.

A closed transport waits until everything is written, for as long as that takes; and where bytes arrive that nobody has
read, closing a socket makes the system throw away the answer at the client's end as well.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

from uvicorn.protocols.http.flow_control import FlowControl

__all__ = ["LingeringClose", "WriteWatch"]

LINGER_S = 2.0
"""How long a client may go on to send, when its answer is written."""
UNREAD_BYTES = 16 * 1024 * 1024
"""How much it may send in this time."""

_BYTES_ACKED = struct.Struct("=Q"), 120
"""Where Linux tells, in its `struct tcp_info`, how many bytes the other side has confirmed."""
_NO_LINGERING = struct.pack("ii", 1, 0)


class WriteWatch:
    """Breaks off a connection whose client takes nothing of what is written for it.

    It costs nothing until it begins: when a transport asks to write no more, and when it closes with bytes left.

    Args:
        timeout_s: how long nothing may be taken.
    """

    __slots__ = ("_loop", "_seen", "_timeout_s", "_timer", "_transport")

    def __init__(
        self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, timeout_s: Callable[[], float]
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._timeout_s = timeout_s
        self._timer: asyncio.TimerHandle | None = None
        self._seen = (0, 0)

    def begin(self) -> None:
        """Watch from now on, until `stop`, or until everything is written; again is no harm."""
        if self._timer is None and self._transport.get_write_buffer_size():
            self._wait()

    def stop(self) -> None:
        """Watch no longer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self) -> None:
        self._seen = self._progress()
        self._timer = self._loop.call_later(self._timeout_s(), self._look)

    def _look(self) -> None:
        self._timer = None
        if not self._transport.get_write_buffer_size():
            return
        if self._progress() == self._seen:
            break_off(self._transport)
        else:
            self._wait()

    def _progress(self) -> tuple[int, int]:
        """What changes whenever the client takes something. With TLS the first may stay, since it counts a copy."""
        return self._transport.get_write_buffer_size(), confirmed_bytes(self._transport)


def confirmed_bytes(transport: asyncio.Transport) -> int:
    """How much the other side of a TCP connection has taken; 0 where the system does not tell."""
    layout, place = _BYTES_ACKED
    try:
        with copy_of(transport) as copy:
            info = copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, place + layout.size)
    except (OSError, AttributeError):
        return 0
    return int(layout.unpack_from(info, place)[0]) if len(info) >= place + layout.size else 0


def break_off(transport: asyncio.Transport) -> None:
    """End a connection at once, and have the system forget as well what it was to send."""
    with suppress(OSError), copy_of(transport) as copy:
        copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGERING)
    transport.abort()


def copy_of(transport: asyncio.Transport) -> socket.socket:
    """The transport's socket, to be closed; that of an event loop may be asked little.

    Raises:
        OSError: it is closed, or there is none.
    """
    found = transport.get_extra_info("socket")
    if found is None:
        raise OSError("no socket")
    return socket.socket(fileno=socket.dup(found.fileno()))


class LingeringClose:
    """A transport as those close it who answer a request: if it was not read to its end, first the answer is ended, and
    what still comes is thrown away for a while, so that the client can take the answer (RFC 9112, 9.6).

    Args:
        is_unread: whether a request is left that was not read to its end.
        watch: begins when the transport is closed.

    Attributes:
        is_deaf: whether all that comes is to be thrown away.
        is_on: whether the end has begun: nothing can be written any more.
    """

    __slots__ = ("_flow", "_is_unread", "_left", "_loop", "_timer", "_transport", "_watch", "is_deaf", "is_on")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        transport: asyncio.Transport,
        flow: FlowControl,
        is_unread: Callable[[], bool],
        watch: WriteWatch,
    ) -> None:
        self._loop = loop
        self._transport = transport
        self._flow = flow
        self._is_unread = is_unread
        self._watch = watch
        self._left = UNREAD_BYTES
        self._timer: asyncio.TimerHandle | None = None
        self.is_deaf = False
        self.is_on = False

    def write(self, data: bytes) -> None:
        """Write; see `asyncio.Transport.write`."""
        self._transport.write(data)

    def is_closing(self) -> bool:
        """Whether it is closed, or will be soon."""
        return self.is_on or self._transport.is_closing()

    def close(self) -> None:
        """Close it, at once or a little later."""
        if self.is_closing():
            return
        if self.is_deaf or self._is_unread():
            self.begin()
        else:
            self.end()

    def begin(self) -> None:
        """End the answer, and listen for a while."""
        if self.is_closing():
            return
        self.is_on = self.is_deaf = True
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._timer = self._loop.call_later(LINGER_S, self.end)
        self._flow.resume_reading()

    def discard(self, data: bytes) -> None:
        """Throw away what came."""
        self._left -= len(data)
        if self._left < 0:
            self.end()

    def end(self) -> None:
        """Close it."""
        self.stop()
        if not self._transport.is_closing():
            self._transport.close()
            self._watch.begin()

    def stop(self) -> None:
        """Forget the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
