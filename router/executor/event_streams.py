"""Subscriptions of subgraphs: what all protocols have in common, and graphql-transport-ws over a WebSocket.

One connection per subscription. Events are only taken from the connection when somebody wants the next one: a slow
client slows the subgraph down by TCP's own means, and no queue grows here.

Source: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md
"""

import socket
import sys
from collections.abc import Mapping
from typing import Any, Self

import aiohttp
import orjson

from router.errors import SubgraphError
from router.executor.exact_json import load_reply
from router.hooks import SubgraphCall, SubgraphReply

__all__ = ["INTERRUPTED", "interrupted", "keep_alive", "over_websocket"]

SUBPROTOCOL = "graphql-transport-ws"

INTERRUPTED = "SUBSCRIPTION_INTERRUPTED"
"""Code of the error for a stream that ended without the subgraph saying that it is complete."""

# How long a subgraph may take to answer the closing of a WebSocket; it has been told to stop by then.
_CLOSE = aiohttp.ClientWSTimeout(ws_close=1.0)
_NOT_FOR_HANDSHAKES = frozenset({"content-type", "accept"})


def interrupted(subgraph: str) -> SubgraphError:
    """The error for a stream that ended without the subgraph saying that it is complete."""
    message = f"Subgraph '{subgraph}' ended the subscription unexpectedly."
    return SubgraphError(message, subgraph=subgraph, code=INTERRUPTED)


def keep_alive(response: aiohttp.ClientResponse) -> None:
    """Let the system find out about a subgraph that is gone without a word, on a connection that may be quiet."""
    transport = response.connection.transport if response.connection is not None else None
    found = transport.get_extra_info("socket") if transport is not None else None
    if found is not None and found.family in (socket.AF_INET, socket.AF_INET6):
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if sys.platform == "linux":
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10)
            found.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3)


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
                message = load_reply(frame.data.encode(), exactly=True)
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
            except (ValueError, AttributeError):
                return None

    async def _send(self, message: Mapping[str, Any]) -> None:
        await self._socket.send_str(orjson.dumps(message).decode())
