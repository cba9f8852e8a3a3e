"""One request over HTTP/2, as the application sees it: an ASGI cycle."""

import asyncio
import logging
from collections import deque
from typing import TYPE_CHECKING, Any

from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from starlette.types import ASGIApp, Message, Scope

if TYPE_CHECKING:
    from router.server.http2.connection import Http2Protocol

__all__ = ["Stream"]

_log = logging.getLogger("router.server")

# They are about one connection of HTTP/1.1, and forbidden here.
_CONNECTION_HEADERS = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"})


class Stream:
    """A request and its response.

    Attributes:
        is_request_over: the client has sent all of the request.
        is_gone: the client has taken it back, or the connection is lost.
        is_response_over: all of the response is written.
    """

    __slots__ = (
        "_body", "_connection", "_expects_continue", "_has_begun", "_has_told_end", "_readable", "_scope", "_writable",
        "is_gone", "is_request_over", "is_response_over", "number",
    )  # fmt: skip

    def __init__(self, connection: "Http2Protocol", number: int, scope: Scope, *, expects_continue: bool) -> None:
        self.number = number
        self._connection = connection
        self._scope = scope
        self._expects_continue = expects_continue
        self._body: deque[tuple[bytes, int]] = deque()  # with what each counts in the windows
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._has_begun = self._has_told_end = False
        self.is_request_over = self.is_gone = self.is_response_over = False

    # ---- the client's side --------------------------------------------------------------------------------------

    def body_came(self, data: bytes, counted: int) -> None:
        if self.is_gone or self.is_response_over:
            self._connection.taken(self.number, counted)
        else:
            self._body.append((data, counted))
            self._readable.set()

    def request_ended(self) -> None:
        self.is_request_over = True
        self._readable.set()

    def client_gone(self) -> None:
        """Nobody wants the response any more; the application learns it when it next asks or sends."""
        self.is_gone = True
        self._let_go()
        self._readable.set()
        self._writable.set()

    def may_write(self) -> None:
        """A window has grown, or the connection takes bytes again."""
        self._writable.set()

    # ---- the application's side ---------------------------------------------------------------------------------

    async def run(self, app: ASGIApp) -> None:
        """Let the application answer; whatever it does, the stream is over then."""
        try:
            try:
                await app(self._scope, self.receive, self.send)
            except Exception:  # noqa: BLE001  reported, and answered with 500
                _log.exception("the application failed")
            if not self.is_response_over and not self.is_gone:
                await self._break_off()
        finally:
            if not self.is_response_over and not self.is_gone:  # this task is cancelled: the server stops
                self._connection.reset(self.number, ErrorCodes.CANCEL)
                self.is_gone = True
            self._let_go()
            self._connection.stream_ended(self)

    async def receive(self) -> Message:
        """The next part of the request; once it is complete, waits until the client needs no answer any more."""
        if self._expects_continue and not (self.is_gone or self._has_begun or self._body):
            self._expects_continue = False
            self._connection.h2.send_headers(self.number, [(b":status", b"100")])
            self._connection.flush()
        while not (self.is_gone or self.is_response_over):
            if self._body or (self.is_request_over and not self._has_told_end):
                return self._next_part()
            self._readable.clear()
            await self._readable.wait()
        return {"type": "http.disconnect"}

    def _next_part(self) -> Message:
        body = b"".join([data for data, _ in self._body])
        self._let_go()
        self._has_told_end = self.is_request_over
        return {"type": "http.request", "body": body, "more_body": not self.is_request_over}

    async def send(self, message: Message) -> None:
        if self.is_gone:
            return
        kind = message["type"]
        if not self._has_begun:
            if kind != "http.response.start":
                raise RuntimeError(f"expected 'http.response.start', got {kind!r}")
            self._start(message["status"], message.get("headers", ()))
        elif self.is_response_over:
            raise RuntimeError(f"{kind!r} after the response was complete")
        elif kind != "http.response.body":
            raise RuntimeError(f"expected 'http.response.body', got {kind!r}")
        else:
            is_last = not message.get("more_body", False)
            body = b"" if self._scope["method"] == "HEAD" else message.get("body", b"")
            await self._write(body, is_last=is_last)

    # ---- writing ------------------------------------------------------------------------------------------------

    def _start(self, status: int, headers: Any) -> None:
        lines = [(b":status", b"%d" % status), *self._connection.default_headers]
        for name, value in headers:
            lowered = name.lower()
            if lowered not in _CONNECTION_HEADERS:
                lines.append((lowered, value))
        self._has_begun = True
        try:
            self._connection.h2.send_headers(self.number, lines)
        except ProtocolError as error:
            self.client_gone()
            _log.debug("a response could not be started", extra={"fields": {"reason": str(error)}})
        self._connection.flush()

    async def _write(self, body: bytes, *, is_last: bool) -> None:
        """Write as the client's windows and the connection allow."""
        connection, h2, number = self._connection, self._connection.h2, self.number
        place, size = 0, len(body)
        try:
            while place < size:
                most = min(h2.local_flow_control_window(number), h2.max_outbound_frame_size)
                if most <= 0 or connection.is_write_paused:
                    if not await self._may_go_on():
                        return
                    continue
                end = min(place + most, size)
                h2.send_data(number, body[place:end], end_stream=is_last and end == size)
                place = end
                connection.flush()
            if is_last and not size:
                h2.end_stream(number)
                connection.flush()
        except ProtocolError:  # the stream was closed while this waited
            self.client_gone()
            return
        if is_last:
            self.is_response_over = True
            connection.resets.give()
            self._readable.set()
            if not self.is_request_over:
                connection.unread[number] = 0

    async def _may_go_on(self) -> bool:
        """Wait until more can be written; False if nobody waits for it."""
        self._writable.clear()
        try:
            async with asyncio.timeout(self._connection.limits.stall_s):
                await self._writable.wait()
        except TimeoutError:
            if self._connection.is_write_paused:
                self._connection.abort()  # it takes nothing at all
            else:
                self._connection.reset(self.number, ErrorCodes.CANCEL)
            self.client_gone()
        return not self.is_gone

    async def _break_off(self) -> None:
        """The application did not answer, or not to the end."""
        if self._has_begun:
            self._connection.reset(self.number, ErrorCodes.INTERNAL_ERROR)
            self.client_gone()
            return
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"21")]
        self._start(500, headers)
        await self._write(b"Internal Server Error", is_last=True)

    def _let_go(self) -> None:
        """What came of the request was read, or nobody will read it: the client may send as much more."""
        counted = sum(count for _, count in self._body)
        self._body.clear()
        if counted:
            self._connection.taken(self.number, counted)
