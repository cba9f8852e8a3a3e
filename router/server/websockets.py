"""Clients over WebSockets: the subprotocol graphql-transport-ws, for operations of every kind.

Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md

    client                                server
    connection_init {payload}        ->
                                     <-   connection_ack
    subscribe {id, payload}          ->
                                     <-   next {id, payload} ... then error {id} or complete {id}
    complete {id}                    ->   the operation is stopped
    ping                             <->  pong

Each operation is a task of its own; all end with the connection. A mutation runs to its end even so.
"""

import asyncio
import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import orjson
from starlette.types import Receive, Send

from router.hooks import RequestContext
from router.server.origins import is_allowed_origin
from router.server.requests import checked
from router.server.responses import Rejected, codes_of, rejection_of, substitute
from router.server.streams import open_operation

if TYPE_CHECKING:
    from router.server.app import RouterApp

__all__ = ["Connection"]

SUBPROTOCOL = "graphql-transport-ws"


class Closed(Exception):
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
        self._operations: dict[str, asyncio.Task[None]] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._mutations: set[asyncio.Task[None]] = set()
        self._count = 0

    async def serve(self) -> None:
        """Speak the protocol until one side hangs up; nothing of the connection is left running afterwards."""
        await self._receive()  # websocket.connect
        if not is_allowed_origin(self.context.headers, self.app.config):
            await self._send({"type": "websocket.close", "code": 4403, "reason": "Forbidden"})
            return
        is_ours = SUBPROTOCOL in self.subprotocols
        await self._send({"type": "websocket.accept", "subprotocol": SUBPROTOCOL if is_ours else None})
        try:
            if is_ours:
                await self._initialise()
            else:
                await self._hang_up(4406, "Subprotocol not acceptable")
                return
            while True:
                await self._handle(await self._message())
        except Closed as closed:
            if closed.code is not None:
                await self._hang_up(closed.code, closed.reason)
        finally:
            await self._stop()

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
        if id_ in self._operations:
            raise Closed(4409, f"Subscriber for {id_[:60]} already exists")
        self._count += 1
        context = self._operation_context(str(self._count))
        is_one_too_many = len(self._operations) >= self.settings.max_operations
        operation = self._operate(id_, message.get("payload"), context, is_one_too_many)
        task = asyncio.get_running_loop().create_task(operation)
        self._operations[id_] = task
        self._running.add(task)
        task.add_done_callback(self._ended)

    def _complete(self, message: Mapping[str, Any]) -> None:
        id_ = message.get("id")
        if not isinstance(id_, str):
            raise Closed(4400, "complete needs an id")
        task = self._operations.pop(id_, None)
        if task is not None and task not in self._mutations:  # None: our own `complete` crossed this one
            task.cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._mutations.discard(task)

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

    async def _operate(self, id_: str, payload: Any, context: RequestContext, is_one_too_many: bool) -> None:
        """Run one operation and send what it answers."""
        started = time.perf_counter()
        codes: list[str] = []
        size = 0
        status = 200
        current = asyncio.current_task()
        assert current is not None
        try:
            try:
                if is_one_too_many:
                    raise too_many(self.settings.max_operations)
                opened = await open_operation(self.app, checked(payload), context, incremental=True)
            except Rejected as error:
                status, codes = error.status, codes_of({"errors": error.errors})
                size = await self._answer(id_, "error", error.errors)
                return
            if opened.operation.type == "mutation":
                self._mutations.add(current)
            async with aclosing(opened.responses()) as responses:
                async for response in responses:
                    codes += codes_of(response)
                    size += await self._answer(id_, "next", response)
            if self._operations.get(id_) is current:
                del self._operations[id_]  # before it is said: the client may use the id again at once
                await self._write({"id": id_, "type": "complete"})
        except asyncio.CancelledError:
            status = 499
            raise
        except Closed:
            status = 499
        finally:
            if self._operations.get(id_) is current:
                del self._operations[id_]
            self.app.finished(context, status=status, started=started, codes=codes, size_bytes=size)

    async def _answer(self, id_: str, kind: str, payload: Any) -> int:
        """Send a message of an operation that the client has not ended; returns its size."""
        if self._operations.get(id_) is not asyncio.current_task():
            return 0
        if kind == "error":
            del self._operations[id_]
        try:
            return await self._write({"id": id_, "type": kind, "payload": payload})
        except TypeError as error:  # it is too deep, or a hook put something into it that JSON does not have
            _, instead = substitute(payload if kind == "next" else {}, error, self.context.request_id)
            sent = instead if kind == "next" else instead["errors"]
            return await self._write({"id": id_, "type": kind, "payload": sent})

    async def _stop(self) -> None:
        """End all operations and wait until they have ended."""
        self._operations.clear()
        for task in self._running - self._mutations:
            task.cancel()
        while self._running:
            await asyncio.wait(set(self._running))

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
            message = orjson.loads(text)
        except orjson.JSONDecodeError as error:
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


def too_many(limit: int) -> Rejected:
    message = f"This connection may have {limit} operations at the same time."
    return Rejected.one("TOO_MANY_OPERATIONS", message, status=429, limit=limit)
