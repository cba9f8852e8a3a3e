"""HTTP/1.1 as `serve` speaks it: uvicorn's protocol, with a fast lane before it.

A connection's bytes are looked at before uvicorn sees them. A whole request whose header block is one for the lane
(see `heads`) is answered by `fast_lane` without an ASGI cycle; any other byte is uvicorn's, in the order of arrival: a
message that uvicorn has begun to read, it reads to its end, and the lane waits until it is answered.
"""

import asyncio
import time
from asyncio.events import TimerHandle
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import httptools
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from router.hooks import RequestContext
from router.server.connection_ends import LingeringClose, WriteWatch
from router.server.exchange import Exchange
from router.server.fast_lane import FastLane
from router.server.half_close import HalfClose
from router.server.head_limits import too_large
from router.server.heads import END_OF_HEAD, Head, wrong_lines
from router.server.requests import late_body, late_head
from router.server.responses import Rejected, encoded

if TYPE_CHECKING:
    from router.server.app import RouterApp
    from router.server.lane_request import LaneRequest

__all__ = ["LaneProtocol", "fast_protocol"]

GRACE_S = 1.0
"""How long a server that stops waits for the first request of a connection, or the rest of one."""
JOINED_BYTES = 32_768
"""A body up to this size is copied behind its head; copying a larger one costs more than a second buffer."""


def fast_protocol(app: "RouterApp") -> type["LaneProtocol"]:
    """The protocol class for `uvicorn.Config(http=...)` of a server whose application is `app`, or wraps it.

    What wraps it does not see the requests that the lane answers.
    """
    protocol: type[LaneProtocol] = type("FastProtocol", (LaneProtocol,), {"router": app})

    def renew() -> None:
        protocol.lane = FastLane(app)

    app.after_serve.append(renew)
    renew()
    return protocol


class LaneProtocol(HttpToolsProtocol):
    """One connection.

    Attributes:
        running: the request that the lane answers now.
        answering: uvicorn's cycle that answers now, or did last.
        is_foreign: whether uvicorn has been given bytes whose request may not be answered yet.
        held: bytes that wait for their turn.
        is_offering: whether what has been read of a request, its head, offers to change the protocol.
    """

    router: "RouterApp"
    lane: FastLane

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # What these two ask for is done in uvicorn's cycles.
        self.has_lane = self.limit_concurrency is None and not self.root_path
        self.running: LaneRequest | None = None
        self.answering: RequestResponseCycle | None = None
        self.is_foreign = not self.has_lane
        self.is_inside = False
        self.is_in_head = False
        self.is_offering = False
        self.head_bytes = 0
        self.is_taking = False
        self.is_ending = False
        self.is_fresh = True
        self.held = b""
        self.refusal: Rejected | None = None
        self.chunks: list[bytes] = []
        self.missing_bytes = 0
        self.head_timer: TimerHandle | None = None
        self.body_timer: TimerHandle | None = None
        self.watchdog: TimerHandle | None = None
        self.quiet_since = 0.0
        self.peer: str | None = None

    # ---- what the event loop tells ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.writes = WriteWatch(self.loop, transport, lambda: self.lane.send_timeout_s)
        self.ending = LingeringClose(self.loop, transport, self.flow, lambda: self.is_inside, self.writes)
        self.half_close = HalfClose(self.loop, transport)
        self.peer = self.client[0] if self.client else None
        self.rest()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self.stop_timers()
        self.writes.stop()
        self.ending.stop()
        self.half_close.stop()
        self.chunks.clear()
        self.held = b""
        if self.running is not None:
            self.running.client_gone()
            self.end()

    def data_received(self, data: bytes) -> None:
        if self.missing_bytes:
            self.more_of_body(data)
        elif self.running is not None or self.held:
            # Pipelined, or sent faster than the answers are read: the client can wait.
            self.held += data
            self.flow.pause_reading()
        elif self.is_foreign and not self.is_foreign_over():
            self.feed(data)
        else:
            self.take(data)

    def eof_received(self) -> bool:  # type: ignore[override]  # what uvicorn's None says, too
        """The client sends no more. Whether it is waited for: if it may be there, and has a whole request to answer."""
        if self.ending.is_closing() or self.scheme == "https":
            return False
        cycle = self.answering
        if self.running is None:
            if cycle is None or cycle.response_started or (cycle is self.cycle and self.is_inside):
                return False
            return self.half_close.begin(takes_probes=cycle.scope["http_version"] == "1.1")
        return self.half_close.begin(takes_probes=True)

    def pause_writing(self) -> None:
        super().pause_writing()
        self.writes.begin()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.ending.is_closing():
            self.writes.stop()
        self.go_on()

    def shutdown(self) -> None:
        """Let the running request end, then close; called by the server when it stops."""
        self.is_ending = True
        if self.running is not None:
            return
        is_between = self.cycle is None or self.cycle.response_complete
        if is_between and (self.is_fresh or self.missing_bytes or self.is_inside):
            # The client could not know: its first request, or the rest of one, is on the way.
            self.loop.call_later(GRACE_S, self.end_grace)
        else:
            super().shutdown()

    def end_grace(self) -> None:
        if self.running is None and not self.transport.is_closing():
            super().shutdown()

    # ---- whose bytes they are ---------------------------------------------------------------------------------------

    def is_idle(self) -> bool:
        """Whether nothing is being answered."""
        return self.running is None and (self.answering is None or self.answering.response_complete)

    def take(self, data: bytes) -> None:
        """Bytes that begin a request, with nothing before it that is left to be done."""
        self.is_taking = True
        self.is_fresh = False
        while data and not self.transport.is_closing():
            if self.running is not None or self.flow.write_paused:
                self.held = data
                self.flow.pause_reading()
                break
            lane = self.lane
            end = data.find(END_OF_HEAD) + 4
            head = lane.heads[data[:end]] if end > 3 else None
            if head is None or not self.router.started:
                self.leave(data)
                break
            rest = end + head.length
            if rest > len(data):
                self.wait_for_body(data, rest - len(data), head)
                break
            if self.timeout_keep_alive_task is not None:
                self._unset_keepalive_if_required()
            if not lane.begin(self, head, data[end:rest]):
                self.leave(data)
                break
            data = data[rest:]
        self.is_taking = False

    def leave(self, data: bytes) -> None:
        """Give bytes to uvicorn, from the beginning of a request."""
        self.is_foreign = self.is_inside = True  # a line break alone begins no message, but has been read
        self.feed(data)

    def feed(self, data: bytes) -> None:
        """Let uvicorn read bytes. A head that does not end is not collected for ever, in space or in time."""
        if self.ending.is_deaf:
            self.ending.discard(data)
            return
        self._unset_keepalive_if_required()
        data = self.parse(data)
        if self.is_in_head and not self.ending.is_closing():
            self.head_bytes += len(data)
            if self.head_bytes > self.lane.max_head_bytes:
                self.refuse(too_large("The request's head is larger than this server takes."))
            elif self.head_timer is None:
                self.head_timer = self.loop.call_later(self.lane.head_timeout_s, self.head_is_late)

    def parse(self, data: bytes) -> bytes:
        """Have it parsed; returns what belongs to the last request that has begun, or all of it."""
        while True:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserError:
                message = "Invalid HTTP request received."
                self.logger.warning(message)
                self.send_400_response(message)
            except httptools.HttpParserUpgrade as offer:
                if self.is_offering:
                    data = self.without_offer() + data[offer.args[0] :]
                    continue
                if self._should_upgrade():
                    self.handle_websocket_upgrade()
            return data

    def without_offer(self) -> bytes:
        """The head that was read without its offer to change to something else, such as HTTP/2 (h2c).

        The parser took what comes behind for that, and takes nothing more.
        """
        opening = b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        kept = (b"%b: %b" % (name, value) for name, value in self.headers if name != b"upgrade")
        self.is_offering = False
        self.parser = httptools.HttpRequestParser(self)
        return b"\r\n".join((opening, *kept, b"", b""))

    def head_is_late(self) -> None:
        if self.cycle is None or self.cycle.response_complete:
            self.head_timer = None
            self.refuse(late_head(self.lane.head_timeout_s))
        else:  # an answer is being sent to who has begun with the next request: look again
            self.head_timer = self.loop.call_later(self.lane.head_timeout_s, self.head_is_late)

    def refuse(self, rejected: Rejected) -> None:
        """Answer what is no request, or no whole one: nothing of it has come to uvicorn's cycles."""
        if self.transport.is_closing():
            return
        body = encoded({"errors": rejected.errors})
        lines = [*self.server_state.default_headers, (b"content-type", b"application/json"), (b"connection", b"close")]
        lines.append((b"content-length", b"%d" % len(body)))
        head = STATUS_LINE[rejected.status] + b"".join(b"%b: %b\r\n" % line for line in lines)
        self.transport.write(head + b"\r\n" + body)
        self.is_foreign = self.is_inside = True
        self.held = b""
        self.ending.begin()

    def is_foreign_over(self) -> bool:
        """Whether uvicorn has read its message to the end, and answered it."""
        if self.is_inside or not self.has_lane or not (self.cycle is None or self.cycle.response_complete):
            return False
        self.is_foreign = False
        return True

    def go_on(self) -> None:
        """Take what was held, if its turn has come."""
        if self.is_taking or self.running is not None or self.ending.is_closing():
            return
        if self.held and (not self.is_foreign or self.is_foreign_over()):
            data, self.held = self.held, b""
            self.flow.resume_reading()
            self.take(data)
        if self.half_close.is_on and self.is_idle():
            self.ending.end()  # of who has asked for nothing more, or for half of something

    # ---- bodies that come in pieces ---------------------------------------------------------------------------------

    def wait_for_body(self, data: bytes, missing_bytes: int, head: Head) -> None:
        self.chunks.append(data)
        self.missing_bytes = missing_bytes
        self.body_timer = self.loop.call_later(self.lane.body_timeout_s, self.body_is_late, head)

    def more_of_body(self, data: bytes) -> None:
        self.chunks.append(data)
        self.missing_bytes -= len(data)
        if self.missing_bytes <= 0:
            self.take(self.collected())

    def collected(self) -> bytes:
        """All that came of a request whose body was waited for."""
        if self.body_timer is not None:
            self.body_timer.cancel()
            self.body_timer = None
        self.missing_bytes = 0
        data = b"".join(self.chunks)
        self.chunks.clear()
        return data

    def body_is_late(self, head: Head) -> None:
        self.collected()
        self.ending.is_deaf = self.is_inside = True
        lane = self.lane
        started = time.perf_counter() - lane.body_timeout_s
        self.run_cycle(head, lane.context(self, head), started, lambda exchange: exchange.reject(late_body()))

    # ---- answers ----------------------------------------------------------------------------------------------------

    def answered(self, head: bytes, body: bytes) -> None:
        """Send the running request's answer; the next one may come."""
        if len(body) > JOINED_BYTES:
            self.transport.writelines((head, body))
        else:
            self.transport.write(head + body)
        self.end()
        self.server_state.total_requests += 1
        if self.is_ending or (self.half_close.is_on and not self.held):
            self.ending.end()
            return
        self.quiet_since = self.loop.time()
        if self.watchdog is None:
            self.rest()
        if self.held:
            self.go_on()

    def end(self) -> None:
        """The running request runs no longer."""
        running, self.running = self.running, None
        if running is not None and running.lane.admission is not None:
            running.lane.admission.leave()
        self.router.metrics.active -= 1

    def answer_elsewhere(self, request: "LaneRequest", work: Callable[[Exchange], Awaitable[None]]) -> None:
        """Answer the running request by the ASGI way's own means: what is rare need not be written twice."""
        if not request.is_gone:
            self.end()
            self.run_cycle(request.head, request.context, request.started, work)

    def run_cycle(
        self, head: Head, context: RequestContext, started: float, work: Callable[[Exchange], Awaitable[None]]
    ) -> None:
        async def run(_: Any, receive: Any, send: Any) -> None:
            exchange = Exchange(self.router, context, receive, head.answer.completing(send), started)
            exchange.media_type = head.media_type
            await work(exchange)

        scope: Any = {"type": "http", "method": "POST", "http_version": "1.1"}
        self.is_foreign = True
        self.cycle = RequestResponseCycle(
            scope,
            self.transport,
            self.flow,
            self.logger,
            self.access_logger,
            False,
            self.server_state.default_headers,
            asyncio.Event(),
            False,
            not self.is_ending,
            self.on_response_complete,
        )
        self._start_asgi_task(self.cycle, run)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self.answering = cycle
        cycle.transport = self.ending  # type: ignore[assignment]  # all that a cycle does with it
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        if self.answering is not None and not self.answering.response_complete:
            # What comes behind a request that is being answered is no HTTP. The connection is closed for it: the
            # answer has nowhere to go, and writing it would be a fault.
            self.answering.disconnected = True
            self.answering.message_event.set()
        self.refuse(self.refusal or Rejected.one("BAD_REQUEST", msg, status=400))

    # ---- what uvicorn's parser and cycles tell ----------------------------------------------------------------------

    def on_message_begin(self) -> None:
        self.is_inside = self.is_in_head = True
        self.head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self.is_in_head = False
        if self.head_timer is not None:
            self.head_timer.cancel()
            self.head_timer = None
        self.refusal = wrong_lines(self.parser.get_http_version(), self.headers)
        if self.refusal is not None:
            raise self.refusal
        if self.parser.should_upgrade() and not self._should_upgrade():
            self.is_offering = any(name == b"upgrade" for name, _ in self.headers)
            if self.is_offering:
                return
        super().on_headers_complete()
        if self.is_ending and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        if self.is_offering:
            return
        self.is_inside = False
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self.ending.is_on:
            self.server_state.total_requests += 1
            return
        super().on_response_complete()
        self.quiet_since = self.loop.time()
        self.go_on()

    def handle_websocket_upgrade(self) -> None:
        self.stop_timers()
        super().handle_websocket_upgrade()

    # ---- quiet connections ------------------------------------------------------------------------------------------

    def rest(self) -> None:
        """Nothing is to be done from now on, until the next request."""
        self.quiet_since = self.loop.time()
        if self.watchdog is None:
            # Not one timer per request but one per connection, which looks at the clock when it rings.
            self.watchdog = self.loop.call_later(self.timeout_keep_alive, self.look)

    def look(self) -> None:
        """Close the connection if it has been quiet for too long, or has been sending a head ever since."""
        is_busy = self.running is not None or (self.cycle is not None and not self.cycle.response_complete)
        if self.ending.is_closing():
            self.writes.begin()
        left = self.timeout_keep_alive if is_busy else self.quiet_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self.watchdog = self.loop.call_later(left, self.look)
        else:
            self.watchdog = None
            self.timeout_keep_alive_handler()

    def timeout_keep_alive_handler(self) -> None:
        self.ending.end()

    def stop_timers(self) -> None:
        for timer in (self.watchdog, self.head_timer, self.body_timer):
            if timer is not None:
                timer.cancel()
        self.watchdog = self.head_timer = self.body_timer = None
        self.missing_bytes = 0
