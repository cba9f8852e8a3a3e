"""One connection that speaks HTTP/2: the protocol that uvicorn's server is given for it.

Frames, header compression and windows are h2's; here are the streams' life, the guards against clients that make work
for nothing, and the end: by silence, by the server's stop, or by a breach of the protocol.
"""

import asyncio
from typing import Any
from urllib.parse import unquote

import h2.config
import h2.connection
import h2.events
import h2.settings
from h2.errors import ErrorCodes
from h2.exceptions import ProtocolError
from hyperframe.frame import GoAwayFrame
from starlette.types import Scope
from uvicorn.config import Config
from uvicorn.protocols.http.flow_control import service_unavailable
from uvicorn.protocols.utils import get_local_addr, get_remote_addr, is_ssl
from uvicorn.server import ServerState

from router.server.connection_ends import WriteWatch
from router.server.http2.limits import Allowance, Http2Limits
from router.server.http2.stream import Stream

__all__ = ["Http2Protocol"]

_Setting = h2.settings.SettingCodes
_UNHEARD_BYTES = 2 * 1024 * 1024
"""That may come without anything being understood from it: h2 keeps a frame until it is whole before it judges it."""


class _OwnSettings(h2.settings.Settings):
    """What is announced to the client. Requests beyond it, which it may send before it has read that, are refused each
    by itself, not by h2, which would end the connection for all.
    """

    @property
    def max_concurrent_streams(self) -> int:
        return 2**31 - 1

    @max_concurrent_streams.setter
    def max_concurrent_streams(self, value: int) -> None:
        self[_Setting.MAX_CONCURRENT_STREAMS] = value


class Http2Protocol(asyncio.Protocol):
    """See the module.

    Attributes:
        h2: the state of the connection. Who changes it calls `flush`.
        is_write_paused: the client takes the responses more slowly than they come.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        limits: Http2Limits,
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self.config = config
        self.state = server_state
        self.app_state = app_state
        self.limits = limits
        self.loop = _loop or asyncio.get_running_loop()
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding=None))
        self.h2.local_settings = _OwnSettings(
            client=False,
            initial_values={
                _Setting.MAX_CONCURRENT_STREAMS: limits.streams,
                _Setting.MAX_HEADER_LIST_SIZE: limits.header_bytes,
                _Setting.INITIAL_WINDOW_SIZE: limits.stream_window_bytes,
            },
        )
        self.h2.decoder.max_header_list_size = limits.header_bytes  # also until the client has confirmed it
        self.unheard_bytes = 0
        self.streams: dict[int, Stream] = {}
        self.unread: dict[int, int] = {}  # bytes of what was answered before it was all there, by stream
        self.running = 0  # applications: also of requests that were taken back
        self.is_write_paused = False
        self.is_ending = False
        self.is_closed = False
        self.resets = Allowance(limits.burst_resets, limits.resets_per_s, self.loop.time)
        self.controls = Allowance(limits.burst_controls, limits.controls_per_s, self.loop.time)
        self.silence: asyncio.TimerHandle | None = None

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """What the server puts before each response's headers."""
        return self.state.default_headers

    # ---- asyncio.Protocol ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self.writes = WriteWatch(self.loop, transport, lambda: self.limits.stall_s)
        self.state.connections.add(self)  # type: ignore[arg-type]  # of the kinds that uvicorn knows
        self.server = get_local_addr(transport)
        self.client = get_remote_addr(transport)
        self.scheme = "https" if is_ssl(transport) else "http"
        self.h2.initiate_connection()
        more = self.limits.connection_window_bytes - self.h2.inbound_flow_control_window
        if more > 0:
            self.h2.increment_flow_control_window(more)
        self.flush()
        self.rest()

    def data_received(self, data: bytes) -> None:
        try:
            events = self.h2.receive_data(data)
        except ProtocolError:
            self.end()  # h2 has written why
            return
        self.unheard_bytes = 0 if events else self.unheard_bytes + len(data)
        if self.unheard_bytes > _UNHEARD_BYTES or self.is_frame_too_long():
            self.break_off(ErrorCodes.FRAME_SIZE_ERROR)
            return
        for event in events:
            self.take(event)
            if self.is_closed:
                return
        self.flush()

    def is_frame_too_long(self) -> bool:
        """Whether the frame that is coming is longer than one may be: h2 would wait for all of it to say so."""
        begun = self.h2.incoming_buffer._data
        return len(begun) >= 3 and int.from_bytes(begun[:3]) > self.h2.max_inbound_frame_size

    def eof_received(self) -> None:
        """Nothing: the transport closes."""

    def connection_lost(self, _error: Exception | None) -> None:
        self.is_closed = True
        self.state.connections.discard(self)
        self.writes.stop()
        self.stop_waiting()
        for stream in list(self.streams.values()):
            stream.client_gone()

    def pause_writing(self) -> None:
        # What a client does not read it must not add to: answers to pings and settings.
        self.is_write_paused = True
        self.transport.pause_reading()

    def resume_writing(self) -> None:
        self.is_write_paused = False
        if not self.is_closed:
            self.transport.resume_reading()
        self.may_write()

    # ---- uvicorn ------------------------------------------------------------------------------------------------

    def shutdown(self) -> None:
        """Take no new requests, and close once the running ones are answered; called when the server stops."""
        if self.is_ending or self.is_closed:
            return
        self.is_ending = True
        if self.streams:
            # h2 would send nothing after a GOAWAY of its own.
            last = self.h2.highest_inbound_stream_id
            self.transport.write(GoAwayFrame(0, last_stream_id=last, error_code=ErrorCodes.NO_ERROR).serialize())
        else:
            self.say_goodbye()

    # ---- frames -------------------------------------------------------------------------------------------------

    def take(self, event: h2.events.Event) -> None:
        match event:
            case h2.events.RequestReceived():
                self.begin(event.stream_id, event.headers)
            case h2.events.DataReceived():
                self.body_came(event)
            case h2.events.StreamEnded():
                self.unread.pop(event.stream_id, None)
                if event.stream_id in self.streams:
                    self.streams[event.stream_id].request_ended()
            case h2.events.StreamReset():
                self.unread.pop(event.stream_id, None)
                if event.stream_id in self.streams:
                    self.streams[event.stream_id].client_gone()
                self.spend(self.resets)
            case h2.events.WindowUpdated():
                self.window_grew(event.stream_id)
            case h2.events.RemoteSettingsChanged():
                self.may_write()
                self.spend(self.controls)
            case h2.events.PingReceived() | h2.events.UnknownFrameReceived():
                self.spend(self.controls)
            case h2.events.ConnectionTerminated():
                self.end()

    def body_came(self, event: h2.events.DataReceived) -> None:
        if not event.data and event.stream_ended is None:
            self.spend(self.controls)
        number, counted = event.stream_id, event.flow_controlled_length
        if number in self.streams:
            self.streams[number].body_came(event.data, counted)
        else:
            self.taken(number, counted)
        if number in self.unread:
            self.unread[number] += counted
            if self.unread[number] > self.limits.unread_bytes:
                self.reset(number, ErrorCodes.NO_ERROR)
                del self.unread[number]

    def window_grew(self, number: int | None) -> None:
        """Of a stream, or of the connection (0)."""
        if not number:
            self.may_write()
            if not self.streams:
                self.spend(self.controls)
        elif number in self.streams:
            self.streams[number].may_write()

    def begin(self, number: int, headers: Any) -> None:
        """A request's headers are complete."""
        if len(self.streams) + len(self.unread) >= self.limits.streams:
            self.reset(number, ErrorCodes.REFUSED_STREAM)
            self.spend(self.controls)
            return
        if self.is_ending or self.running >= 2 * self.limits.streams:
            self.reset(number, ErrorCodes.REFUSED_STREAM)  # it may be sent again elsewhere
            return
        scope, expects_continue = self.scope_of(headers)
        if scope is None:
            self.reset(number, ErrorCodes.REFUSED_STREAM)
            return
        self.stop_waiting()
        stream = self.streams[number] = Stream(self, number, scope, expects_continue=expects_continue)
        self.running += 1
        limit = self.config.limit_concurrency
        is_full = limit is not None and (len(self.state.connections) >= limit or len(self.state.tasks) >= limit)
        app: Any = service_unavailable if is_full else self.config.loaded_app
        task = self.loop.create_task(stream.run(app))
        self.state.tasks.add(task)
        task.add_done_callback(self.state.tasks.discard)

    def scope_of(self, headers: Any) -> tuple[Scope | None, bool]:
        """The request as ASGI has it, and whether its body waits for a word of ours; None for what is no request."""
        pseudo: dict[bytes, bytes] = {}
        plain: list[tuple[bytes, bytes]] = []
        cookies: list[bytes] = []
        expects_continue = False
        for name, value in headers:
            if name.startswith(b":"):
                pseudo[name] = value
            elif name == b"cookie":
                cookies.append(value)
            else:
                expects_continue = expects_continue or (name == b"expect" and value.lower() == b"100-continue")
                plain.append((name, value))
        if cookies:  # they may come in several lines here, and only here
            plain.append((b"cookie", b"; ".join(cookies)))
        if b":authority" in pseudo:
            plain = [(b"host", pseudo[b":authority"]), *(line for line in plain if line[0] != b"host")]
        raw_path, _, query = pseudo.get(b":path", b"").partition(b"?")
        if not raw_path.startswith((b"/", b"*")) or not raw_path.isascii():
            return None, False
        root = self.config.root_path
        return {
            "type": "http",
            "asgi": {"version": self.config.asgi_version, "spec_version": "2.3"},
            "http_version": "2",
            "server": self.server,
            "client": self.client,
            "scheme": self.scheme,
            "method": pseudo[b":method"].decode("ascii", "replace"),
            "root_path": root,
            "path": root + unquote(raw_path.decode("ascii")),
            "raw_path": root.encode("ascii") + raw_path,
            "query_string": query,
            "headers": plain,
            "state": self.app_state.copy(),
        }, expects_continue

    # ---- streams say --------------------------------------------------------------------------------------------

    def taken(self, number: int, counted: int) -> None:
        """The application has taken so much of a body: the client may send as much more."""
        if counted and not self.is_closed:
            try:
                self.h2.acknowledge_received_data(counted, number)
            except ProtocolError:
                return  # the connection is ending
            self.flush()

    def reset(self, number: int, code: ErrorCodes) -> None:
        if not self.is_closed:
            try:
                self.h2.reset_stream(number, code)
            except ProtocolError:
                return  # it is closed already
            self.flush()

    def stream_ended(self, stream: Stream) -> None:
        self.running -= 1
        self.streams.pop(stream.number, None)
        self.state.total_requests += 1
        if not self.streams and not self.is_closed:
            if self.is_ending:
                self.say_goodbye()
            else:
                self.rest()

    def flush(self) -> None:
        """Write what h2 has ready."""
        data = self.h2.data_to_send()
        if data and not self.is_closed:
            self.transport.write(data)

    def may_write(self) -> None:
        for stream in self.streams.values():
            stream.may_write()

    # ---- the end ------------------------------------------------------------------------------------------------

    def spend(self, allowance: Allowance) -> None:
        """Another frame that made work and brought none; too many of them end the connection."""
        if not allowance.take():
            self.break_off(ErrorCodes.ENHANCE_YOUR_CALM)

    def rest(self) -> None:
        """No request is running: wait for the next, but not for ever."""
        self.stop_waiting()
        self.silence = self.loop.call_later(self.config.timeout_keep_alive, self.say_goodbye)

    def stop_waiting(self) -> None:
        if self.silence is not None:
            self.silence.cancel()
            self.silence = None

    def say_goodbye(self) -> None:
        """End it in peace."""
        self.break_off(ErrorCodes.NO_ERROR)

    def break_off(self, code: ErrorCodes) -> None:
        """End it and say why."""
        if not self.is_closed:
            self.h2.close_connection(code)
            self.end()

    def end(self) -> None:
        """Write what is ready and close; running requests are lost to the client."""
        self.flush()
        self.is_closed = True
        self.stop_waiting()
        self.transport.close()
        self.writes.begin()
        for stream in list(self.streams.values()):
            stream.client_gone()

    def abort(self) -> None:
        """Close a connection that takes nothing any more."""
        self.is_closed = True
        self.stop_waiting()
        self.transport.abort()
        for stream in list(self.streams.values()):
            stream.client_gone()
