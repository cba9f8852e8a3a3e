"""Subscriptions of subgraphs: graphql-transport-ws over a WebSocket, or Server-Sent Events in answer to a POST.

One connection per subscription, so nothing of one client's stream is ever shared with another's. Events are only taken
from the connection when somebody wants the next one: a slow client slows the subgraph down by TCP's own means, and no
queue grows here.

Sources: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md, and graphql-sse's PROTOCOL.md, "distinct
connections mode".
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any, NoReturn, Self

import aiohttp
import orjson

from router.errors import SubgraphError
from router.hooks import SubgraphCall, SubgraphReply

__all__ = ["EVENT_STREAM", "INTERRUPTED", "ServerSentEvents", "SseParser", "over_sse", "over_websocket"]

EVENT_STREAM = "text/event-stream"
SUBPROTOCOL = "graphql-transport-ws"

INTERRUPTED = "SUBSCRIPTION_INTERRUPTED"
"""Code of the error for a stream that ended without the subgraph saying that it is complete."""

# How long a subgraph may take to answer the closing of a WebSocket; it has been told to stop by then.
_CLOSE = aiohttp.ClientWSTimeout(ws_close=1.0)
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)
_NOT_FOR_HANDSHAKES = frozenset({"content-type", "accept"})


def interrupted(subgraph: str) -> SubgraphError:
    message = f"Subgraph '{subgraph}' ended the subscription unexpectedly."
    return SubgraphError(message, subgraph=subgraph, code=INTERRUPTED)


def _refused(subgraph: str) -> SubgraphError:
    return SubgraphError(f"Subgraph '{subgraph}' refused the subscription.", subgraph=subgraph, code=INTERRUPTED)


# ---- graphql-transport-ws -------------------------------------------------------------------------------------------


async def over_websocket(
    session: aiohttp.ClientSession, call: SubgraphCall, *, heartbeat_s: float, max_event_bytes: int
) -> SubgraphReply:
    """Open a WebSocket and subscribe; returns when the subgraph has acknowledged the connection.

    Raises:
        SubgraphError: the subgraph does not speak the protocol, or refuses.
        aiohttp.ClientError, OSError: it cannot be reached.
    """
    headers = {name: value for name, value in call.headers.items() if name not in _NOT_FOR_HANDSHAKES}
    try:
        socket = await session.ws_connect(
            call.url, protocols=(SUBPROTOCOL,), headers=headers, max_msg_size=max_event_bytes, timeout=_CLOSE
        )
    except aiohttp.WSServerHandshakeError as error:
        return SubgraphReply(error.status, {}, b"")
    events = _WebSocketEvents(socket, call.subgraph, heartbeat_s)
    try:
        await events.subscribe(call.body)
    except BaseException:
        await events.aclose()
        raise
    return SubgraphReply(101, {}, b"", events)


class _WebSocketEvents:
    """Iterates the response maps that arrive; see `hooks.EventStream`."""

    __slots__ = ("_heartbeat_s", "_is_over", "_socket", "_subgraph")

    def __init__(self, socket: aiohttp.ClientWebSocketResponse, subgraph: str, heartbeat_s: float) -> None:
        self._socket = socket
        self._subgraph = subgraph
        self._heartbeat_s = heartbeat_s
        self._is_over = False

    async def subscribe(self, body: bytes) -> None:
        if self._socket.protocol != SUBPROTOCOL:
            raise _refused(self._subgraph)
        await self._send({"type": "connection_init"})
        message = await self._message()
        if message is None or message.get("type") != "connection_ack":
            raise _refused(self._subgraph)
        await self._socket.send_str('{"id":"1","type":"subscribe","payload":' + body.decode() + "}")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if self._is_over:
            raise StopAsyncIteration
        message = await self._message()
        kind = None if message is None else message.get("type")
        if message is None or kind not in ("next", "error", "complete"):
            await self.aclose()
            raise interrupted(self._subgraph)
        if kind == "next":
            return message.get("payload")
        await self.aclose()
        if kind == "error":
            return {"data": None, "errors": message.get("payload")}
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Tell the subgraph to stop, and hang up."""
        if self._is_over:
            return
        self._is_over = True
        try:
            await self._send({"id": "1", "type": "complete"})
        except (aiohttp.ClientError, OSError):
            pass  # it hung up first
        finally:
            await self._socket.close()

    async def _message(self) -> Mapping[str, Any] | None:
        """The next message but for pings and pongs; None if the connection is gone or what came is not the protocol."""
        is_quiet = False
        while True:
            try:
                frame = await self._socket.receive(self._heartbeat_s)
                if frame.type is not aiohttp.WSMsgType.TEXT:
                    return None
                is_quiet = False
                message = orjson.loads(frame.data)
                kind = message.get("type")
                if kind == "ping":
                    await self._send({"type": "pong"})
                elif kind != "pong":
                    return message if isinstance(message, dict) else None
            except TimeoutError:
                if is_quiet:
                    return None
                is_quiet = True
                await self._send({"type": "ping"})
            except (orjson.JSONDecodeError, AttributeError):
                return None

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self._socket.send_str(orjson.dumps(message).decode())


# ---- Server-Sent Events ---------------------------------------------------------------------------------------------


async def over_sse(session: aiohttp.ClientSession, call: SubgraphCall, *, max_event_bytes: int) -> SubgraphReply:
    """Post the operation; a subgraph that does not answer with an event stream has answered like to any request.

    Raises:
        SubgraphError: the answer is too large.
        aiohttp.ClientError, OSError: the subgraph cannot be reached.
    """
    response = await session.post(
        call.url,
        data=call.body,
        headers={**call.headers, "accept": EVENT_STREAM},
        allow_redirects=False,
        timeout=_NO_TIMEOUT,
    )
    try:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.content_type == EVENT_STREAM and response.status < 300:

            async def close() -> None:
                response.close()

            events = ServerSentEvents(response.content.readany, close, call.subgraph, max_event_bytes)
            return SubgraphReply(response.status, headers, b"", events)
        body = await response.content.read(max_event_bytes)
    except BaseException:
        response.close()
        raise
    response.close()
    return SubgraphReply(response.status, headers, body)


class ServerSentEvents:
    """Iterates the response maps of an event stream; see `hooks.EventStream`.

    Args:
        read: the next bytes; empty at the end.
        close: ends the connection.
    """

    __slots__ = ("_close", "_is_over", "_parser", "_pending", "_read", "_subgraph")

    def __init__(
        self,
        read: Callable[[], Awaitable[bytes]],
        close: Callable[[], Awaitable[None]],
        subgraph: str,
        max_event_bytes: int,
    ) -> None:
        self._read = read
        self._close = close
        self._subgraph = subgraph
        self._parser = SseParser(max_event_bytes)
        self._pending: Iterator[tuple[str, bytes]] = iter(())
        self._is_over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        if self._is_over:
            raise StopAsyncIteration
        while True:
            for kind, data in self._pending:
                if kind == "next":
                    try:
                        return orjson.loads(data)
                    except orjson.JSONDecodeError:
                        await self._interrupted()
                if kind == "complete":
                    await self.aclose()
                    raise StopAsyncIteration
            try:
                chunk = await self._read()
                self._pending = self._parser.feed(chunk)
            except (aiohttp.ClientError, OSError, ValueError):
                chunk = b""
            if not chunk:
                await self._interrupted()

    async def _interrupted(self) -> NoReturn:
        await self.aclose()
        raise interrupted(self._subgraph)

    async def aclose(self) -> None:
        """Hang up, which tells the subgraph to stop."""
        if not self._is_over:
            self._is_over = True
            await self._close()


class SseParser:
    """Takes an event stream apart, however it is cut into chunks.

    Source: HTML standard, section 9.2.6.
    """

    __slots__ = ("_buffer", "_data", "_kind", "_max_event_bytes", "_size")

    def __init__(self, max_event_bytes: int) -> None:
        self._buffer = b""
        self._kind = ""
        self._data: list[bytes] = []
        self._size = 0
        self._max_event_bytes = max_event_bytes

    def feed(self, chunk: bytes) -> Iterator[tuple[str, bytes]]:
        """Yield the events that are complete now: their names and data.

        Raises:
            ValueError: an event is too large.
        """
        text = self._buffer + chunk
        held = b"\r" if text.endswith(b"\r") else b""  # perhaps one half of a line end
        text = text.removesuffix(b"\r").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        *lines, rest = text.split(b"\n")
        self._buffer = rest + held
        if len(self._buffer) + self._size > self._max_event_bytes:
            raise ValueError("an event is too large")
        for line in lines:
            if not line:
                if self._kind or self._data:
                    yield self._kind, b"\n".join(self._data)
                self._kind, self._data, self._size = "", [], 0
                continue
            name, _, value = line.partition(b":")
            value = value.removeprefix(b" ")
            if name == b"event":
                self._kind = value.decode("utf-8", "replace")
            elif name == b"data":
                self._data.append(value)
                self._size += len(value)
                if self._size > self._max_event_bytes:
                    raise ValueError("an event is too large")
