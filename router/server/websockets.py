"""Clients over WebSockets: the subprotocol graphql-transport-ws, for operations of every kind.

Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md

    client                                server
    connection_init {payload}        ->
                                     <-   connection_ack
    subscribe {id, payload}          ->
                                     <-   next {id, payload} ... then error {id} or complete {id}
    complete {id}                    ->   the operation is stopped
    ping                             <->  pong
"""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
from starlette.types import Receive, Send

from router.executor.exact_json import load
from router.hooks import RequestContext
from router.server.multiplex import Gone, Multiplex, too_many_operations
from router.server.origins import is_allowed_origin
from router.server.requests import VARIABLES, checked
from router.server.responses import rejection_of
from router.server.streams import OpenOperation, open_operation

if TYPE_CHECKING:
    from router.server.app import RouterApp

__all__ = ["Connection"]

SUBPROTOCOL = "graphql-transport-ws"
LEGACY_SUBPROTOCOL = "graphql-ws"
"""Of the library subscriptions-transport-ws, which its authors have given up."""
REFUSED_SUBPROTOCOL = f"The subprotocol must be {SUBPROTOCOL}"
REFUSED_LEGACY = f"{LEGACY_SUBPROTOCOL} (subscriptions-transport-ws) is not spoken here: use {SUBPROTOCOL}"


class Closed(Gone):
    """The connection must be closed with this code; or, without one, is closed already."""

    def __init__(self, code: int | None = None, reason: str = "") -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Connection:
    """One client's WebSocket.

    Args:
        context: of the opening handshake; each operation gets one like it.
        subprotocols: what the client offers.
    """

    def __init__(
        self, app: "RouterApp", context: RequestContext, receive: Receive, send: Send, subprotocols: list[str]
    ) -> None:
        self.app = app
        self.context = context
        self.subprotocols = subprotocols
        self.settings = app.config.websocket
        self._receive = receive
        self._send = send
        self.operations = Multiplex(app, self._write_of, self.settings.max_operations)
        self._count = 0
        self._text = b""  # of the message that came last

    async def serve(self) -> None:
        """Speak the protocol until one side hangs up; nothing of the connection is left running afterwards."""
        await self._receive()  # websocket.connect
        if not is_allowed_origin(self.context.headers, self.app.config):
            await self._send({"type": "websocket.close", "code": 4403, "reason": "Forbidden"})
            return
        offered = self.subprotocols
        # Browsers tell a page why a connection was closed only if one of the subprotocols it offered was chosen first.
        chosen = SUBPROTOCOL if SUBPROTOCOL in offered else offered[0] if offered else None
        await self._send({"type": "websocket.accept", "subprotocol": chosen})
        if chosen != SUBPROTOCOL:
            await self._hang_up(4406, REFUSED_LEGACY if chosen == LEGACY_SUBPROTOCOL else REFUSED_SUBPROTOCOL)
            return
        try:
            await self._initialise()
            while True:
                await self._handle(await self._message())
        except Closed as closed:
            if closed.code is not None:
                await self._hang_up(closed.code, closed.reason)
        finally:
            await self.operations.stop()

    # ---- the protocol -----------------------------------------------------------------------------------------------

    async def _initialise(self) -> None:
        """Wait for `connection_init`, take headers from it, and ask the hooks."""
        try:
            async with asyncio.timeout(self.settings.init_timeout_s):
                message = await self._next()
                while message.get("type") in ("ping", "pong"):
                    await self._handle(message)
                    message = await self._next()
        except TimeoutError as error:
            raise Closed(4408, "Connection initialisation timeout") from error
        if message.get("type") == "subscribe":
            raise Closed(4401, "Unauthorized")
        payload = message.get("payload")
        if message.get("type") != "connection_init" or not (payload is None or isinstance(payload, dict)):
            raise Closed(4400, "The first message must be connection_init, its payload an object or nothing")
        self.context.headers = {**self.context.headers, **self._init_headers(payload or {})}
        try:
            if not self.app.started:
                await self.app.startup()
            if self.app.on_request is not None:
                async with asyncio.timeout(self.app.config.limits.request_timeout_s):
                    asking = self.app.on_request(self._operation_context("init"))
                    if asking is not None:
                        await asking
        except Exception as error:
            rejected = rejection_of(error, self.context.request_id)
            code = 4403 if rejected.status < 500 else 4500
            raise Closed(code, rejected.errors[0]["message"]) from error
        await self._write({"type": "connection_ack"})

    def _init_headers(self, payload: Mapping[str, Any]) -> dict[str, str]:
        """Headers in the payload, or in its `headers`: those that the settings name, and no others.

        What proxies add to requests, such as who the caller is, could else be forged here.
        """
        nested = payload.get("headers")
        given = {**payload, **(nested if isinstance(nested, dict) else {})}
        return {
            name.lower(): value
            for name, value in given.items()
            if isinstance(value, str) and name.lower() in self.settings.init_headers
        }

    async def _handle(self, message: Mapping[str, Any]) -> None:
        kind = message.get("type")
        if kind == "ping":
            payload = message.get("payload")
            await self._write({"type": "pong"} if payload is None else {"type": "pong", "payload": payload})
        elif kind == "subscribe":
            self._subscribe(message)
        elif kind == "complete":
            self._complete(message)
        elif kind == "connection_init":
            raise Closed(4429, "Too many initialisation requests")
        elif kind != "pong":
            raise Closed(4400, "Unknown message type")

    def _subscribe(self, message: Mapping[str, Any]) -> None:
        id_ = message.get("id")
        if not isinstance(id_, str) or not id_:
            raise Closed(4400, "subscribe needs an id, a text that is not empty")
        if id_ in self.operations:
            raise Closed(4409, f"Subscriber for {id_[:60]} already exists")
        self._count += 1
        context = self._operation_context(str(self._count))
        is_one_too_many = self.operations.is_full
        source = (self._text, ("payload", *VARIABLES))

        async def opening() -> OpenOperation:
            if is_one_too_many:
                raise too_many_operations(self.operations.max_operations)
            return await open_operation(self.app, checked(message.get("payload"), source), context, incremental=True)

        self.operations.start(id_, opening, context)

    def _complete(self, message: Mapping[str, Any]) -> None:
        id_ = message.get("id")
        if not isinstance(id_, str):
            raise Closed(4400, "complete needs an id")
        self.operations.complete(id_)

    # ---- operations -------------------------------------------------------------------------------------------------

    def _operation_context(self, suffix: str) -> RequestContext:
        """A context of its own in everything that hooks write to."""
        return replace(
            self.context,
            request_id=f"{self.context.request_id}-{suffix}",
            state={},
            response_headers={},
            log_fields={"transport": "websocket"},
        )

    async def _write_of(self, id_: str, kind: str, payload: Any) -> int:
        """Send a message of an operation."""
        message = {"id": id_, "type": kind}
        return await self._write(message if kind == "complete" else {**message, "payload": payload})

    # ---- messages ---------------------------------------------------------------------------------------------------

    async def _message(self) -> Mapping[str, Any]:
        """The next message. A client that is quiet is pinged, and given up if it stays quiet."""
        interval_s = self.settings.ping_interval_s
        try:
            async with asyncio.timeout(interval_s):
                return await self._next()
        except TimeoutError:
            await self._write({"type": "ping"})
        try:
            async with asyncio.timeout(interval_s):
                return await self._next()
        except TimeoutError as error:
            raise Closed(4408, "No answer to a ping") from error

    async def _next(self) -> Mapping[str, Any]:
        frame = await self._receive()
        if frame["type"] == "websocket.disconnect":
            raise Closed
        text = frame.get("text")
        if text is None:
            raise Closed(4400, "Messages must be text")
        if len(text) > self.app.config.limits.max_body_bytes:
            raise Closed(1009, "The message is too large")
        try:
            self._text = text.encode()
            message = load(self._text)
        except (orjson.JSONDecodeError, UnicodeEncodeError) as error:
            raise Closed(4400, "Messages must be JSON") from error
        if not isinstance(message, dict):
            raise Closed(4400, "Messages must be objects")
        return message

    async def _write(self, message: Mapping[str, Any]) -> int:
        """Send a message; returns its size.

        Raises:
            Closed: the client hung up, or does not read.
            TypeError: the message is no JSON.
        """
        text = orjson.dumps(message).decode()
        try:
            async with asyncio.timeout(self.app.config.event_stream.send_timeout_s):
                await self._send({"type": "websocket.send", "text": text})
        except (OSError, RuntimeError) as error:  # TimeoutError is an OSError
            raise Closed(None if not isinstance(error, TimeoutError) else 4408, "Too slow") from error
        return len(text)

    async def _hang_up(self, code: int, reason: str) -> None:
        # A close frame has room for 123 bytes of reason.
        shortened = reason.encode()[:120].decode(errors="ignore")
        try:
            async with asyncio.timeout(self.app.config.event_stream.send_timeout_s):
                await self._send({"type": "websocket.close", "code": code, "reason": shortened})
        except (OSError, RuntimeError):
            pass  # gone already
