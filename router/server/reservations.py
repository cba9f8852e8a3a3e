"""One event stream for all operations of a client: graphql-sse's "single connection mode".

    client                                             server
    PUT                                            ->
                                                   <-  201, a token
    GET, the token, accept: text/event-stream      ->
                                                   <-  200, the stream
    POST, the token, extensions.operationId        ->
                                                   <-  202; then in the stream `next {id, payload}` ... `complete {id}`
    DELETE ?operationId=..., the token             ->
                                                   <-  200; the operation is stopped

The token is in the header `x-graphql-event-stream-token`, or in the URL as `token`. Only the client's own code can know
it: a foreign page cannot forge these requests. Who has it may read the stream; an operation is let in only if hooks
find it in the partition of who made the reservation.

Source: graphql-sse's PROTOCOL.md.
"""

import asyncio
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import orjson

from router.hooks import RequestContext
from router.server.disconnect import DisconnectGuard
from router.server.heads import TOKEN_HEADER
from router.server.live import TOO_MANY, stopping
from router.server.multiplex import Gone, Multiplex, too_many_operations
from router.server.part_formats import EVENT_STREAM, accepted_events
from router.server.requests import GraphQLRequest, malformed
from router.server.responses import Rejected
from router.server.streams import OpenOperation, open_operation
from router.server.worker_relay import NAME_LENGTH

if TYPE_CHECKING:
    from router.server.app import RouterApp
    from router.server.exchange import Exchange

__all__ = ["Reservations", "is_reservation", "stream_token"]

TOKEN_PARAMETER = "token"  # noqa: S105
MAX_WAITING = 16
"""Messages that wait for the client to read; operations wait with the next one."""
THE_END = b""
"""Stands for a message after which there are none."""


def stream_token(context: RequestContext, query_string: bytes) -> str | None:
    """The token of a request, if it has one."""
    token = context.headers.get(TOKEN_HEADER)
    return _parameter(query_string, TOKEN_PARAMETER) if token is None and b"token=" in query_string else token


def is_reservation(context: RequestContext) -> bool:
    """Whether a request reserves a stream; a PUT with a body is something else."""
    return context.method == "PUT" and context.headers.get("content-length", "0") == "0"


def _parameter(query_string: bytes, name: str) -> str | None:
    return parse_qs(query_string.decode("latin-1"), max_num_fields=100).get(name, [None])[0]


class Reservation:
    """A stream that a client has reserved, and the operations that answer in it."""

    def __init__(self, app: "RouterApp", partition: str) -> None:
        self.partition = partition
        self.is_taken = False
        self.is_over = False
        self.operations = Multiplex(app, self._write, app.config.event_stream.max_operations)
        self.messages: asyncio.Queue[bytes] = asyncio.Queue(MAX_WAITING)
        self.closing: asyncio.Task[None] | None = None

    async def _write(self, id_: str, kind: str, payload: Any) -> int:
        if self.is_over:
            raise Gone
        data = {"id": id_} if kind == "complete" else {"id": id_, "payload": payload}
        message = b"event: " + kind.encode() + b"\ndata: " + orjson.dumps(data) + b"\n\n"
        await self.messages.put(message)
        return len(message)


class Reservations:
    """All of one router.

    Attributes:
        worker: name of this one of several processes, with which its tokens begin; empty if there is but one.
    """

    def __init__(self, app: "RouterApp") -> None:
        self.app = app
        self.worker = ""
        self._by_token: dict[str, Reservation] = {}
        self._is_draining = False

    def drain(self) -> None:
        """Take nothing new, and end each stream once its operations have ended: the server stops."""
        self._is_draining = True
        for token, reservation in self._by_token.items():
            reservation.closing = asyncio.get_running_loop().create_task(self._end(token, reservation))

    async def _end(self, token: str, reservation: Reservation) -> None:
        if reservation.is_taken:
            await reservation.operations.ended()
            await reservation.messages.put(THE_END)
        else:
            await self._close(token, reservation)

    async def handle(self, exchange: "Exchange", token: str | None, query_string: bytes) -> None:
        """Answer a request of this mode.

        Raises:
            Rejected, ClientGone: it was not answered.
            Exception: of a hook.
        """
        method = exchange.context.method
        relay = self.app.relay
        reservation = self._by_token.get(token or "")
        worker = (token or "")[:NAME_LENGTH]
        if reservation is None and relay is not None and await relay.forward(exchange, worker, query_string):
            return
        if self._is_draining and method != "DELETE":
            raise stopping()
        if is_reservation(exchange.context):
            await self._reserve(exchange)
            return
        if reservation is None:
            raise unknown_stream()
        if method == "DELETE":
            operation_id = _parameter(query_string, "operationId")
            if operation_id is None:
                raise Rejected.one("BAD_REQUEST", "Parameter `operationId` is missing.", status=400)
            reservation.operations.complete(operation_id)
            await exchange.respond(200, b"")
        elif method == "GET" and accepted_events(exchange.context.headers.get("accept")) is EVENT_STREAM:
            await self._stream(exchange, token or "", reservation)
        else:
            await self._operate(exchange, reservation, query_string)

    # ---- the stream -------------------------------------------------------------------------------------------------

    async def _reserve(self, exchange: "Exchange") -> None:
        app, context = self.app, exchange.context
        if len(self._by_token) >= app.config.subscriptions.max_open:
            message = "Too many event streams are open or reserved."
            raise Rejected.one(TOO_MANY, message, status=503, headers={"retry-after": "5"})
        if app.on_request is not None:
            async with asyncio.timeout(app.config.limits.request_timeout_s):
                asking = app.on_request(context)
                if asking is not None:
                    await asking
        token = self.worker + secrets.token_urlsafe(32)
        reservation = self._by_token[token] = Reservation(app, context.partition)
        timeout_s = app.config.event_stream.reservation_timeout_s
        asyncio.get_running_loop().call_later(timeout_s, self._expire, token, reservation)
        exchange.media_type = "text/plain"
        await exchange.respond(201, token.encode())
        app.finished(context, status=201, started=exchange.started, codes=[], size_bytes=len(token))

    def _expire(self, token: str, reservation: Reservation) -> None:
        if not reservation.is_taken:
            reservation.closing = asyncio.get_running_loop().create_task(self._close(token, reservation))

    async def _close(self, token: str, reservation: Reservation) -> None:
        self._by_token.pop(token, None)
        reservation.is_over = True
        while not reservation.messages.empty():  # a mutation, which runs to its end, must not wait for a reader
            reservation.messages.get_nowait()
        await reservation.operations.stop()

    async def _stream(self, exchange: "Exchange", token: str, reservation: Reservation) -> None:
        if reservation.is_taken:
            raise Rejected.one("EVENT_STREAM_TAKEN", "This event stream is open already.", status=409)
        reservation.is_taken = True
        exchange.leave()
        settings = self.app.config.event_stream
        status, size = 499, 0
        with DisconnectGuard(exchange.receive) as guard:
            guard.arm()
            try:
                await exchange.start(200, {"content-type": EVENT_STREAM.content_type, "x-accel-buffering": "no"})
                message = EVENT_STREAM.keep_alive
                while True:
                    async with asyncio.timeout(settings.send_timeout_s):
                        await exchange.send({"type": "http.response.body", "body": message, "more_body": True})
                    size += len(message)
                    try:
                        async with asyncio.timeout(settings.keep_alive_s):
                            message = await reservation.messages.get()
                    except TimeoutError:
                        message = EVENT_STREAM.keep_alive
                    if message == THE_END:
                        status = 200
                        await exchange.send({"type": "http.response.body", "body": b""})
                        break
            except TimeoutError:
                pass  # the client does not read; returning without an end closes the connection
            finally:
                await self._close(token, reservation)
        self.app.finished(exchange.context, status=status, started=exchange.started, codes=[], size_bytes=size)

    # ---- operations -------------------------------------------------------------------------------------------------

    async def _operate(self, exchange: "Exchange", reservation: Reservation, query_string: bytes) -> None:
        request = await exchange.read(query_string)
        if not isinstance(request, GraphQLRequest):
            raise malformed("An event stream takes one operation at a time.")
        operations = reservation.operations
        id_ = request.extensions.get("operationId")
        if not isinstance(id_, str) or not id_:
            raise malformed("`extensions.operationId` is missing: the stream's events are told apart by it.")
        if id_ in operations:
            message = "This event stream has an operation with this id already."
            raise Rejected.one("OPERATION_ID_TAKEN", message, status=409)
        if operations.is_full:
            raise too_many_operations(operations.max_operations)
        context = exchange.context
        context.log_fields["transport"] = "event-stream"
        is_open: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def opening() -> OpenOperation | None:
            try:
                opened = await open_operation(
                    self.app, request, context, read_only=context.method != "POST", incremental=True
                )
            except Rejected as error:
                is_open.set_exception(error)
                return None
            except BaseException:
                is_open.cancel()
                raise
            if context.partition != reservation.partition or reservation.is_over:
                is_open.set_exception(unknown_stream())
                return None
            is_open.set_result(None)
            return opened

        operations.start(id_, opening, context)
        try:
            await is_open
        except asyncio.CancelledError:
            if not is_open.cancelled():
                raise
            # The client has stopped the operation, or closed the stream, before it began.
        await exchange.respond(202, b"")


def unknown_stream() -> Rejected:
    message = "There is no event stream with this token: reserve one with PUT."
    return Rejected.one("EVENT_STREAM_NOT_FOUND", message, status=404)
