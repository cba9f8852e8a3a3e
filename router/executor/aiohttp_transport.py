"""HTTP to subgraphs with aiohttp."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import aiohttp

from router.errors import SubgraphError
from router.executor.event_streams import over_websocket
from router.executor.multipart_streams import over_multipart
from router.executor.sse_streams import over_sse
from router.executor.transport import ConnectedTransport, CoroutineTransport, timed_out, too_large
from router.hooks import SubgraphCall, SubgraphReply

__all__ = ["AiohttpTransport"]


class AiohttpTransport(CoroutineTransport, ConnectedTransport):
    """HTTP with kept connections; each subscription has a connection of its own.

    A query that fails because a kept connection was closed just before it was sent is sent once more; mutations never.

    Args:
        connections_per_subgraph: open at the same time, per host and port; further requests wait.
        max_response_bytes: an answer that is larger is cut off and fails.
        keep_alive_s: how long an idle connection is kept.
        tls: for `https` and `wss` URLs; None for the system's authorities.
        proxy: URL of an HTTP proxy for everything.
        unix_socket: path of a socket to use instead of URLs' hosts and ports, without TLS.
        heartbeat_s: after so long without an event, a subgraph's WebSocket must answer a ping in as much time.
        resume_s: how long to try to resume an event stream that broke and whose events have ids.
    """

    def __init__(
        self,
        *,
        connections_per_subgraph: int = 100,
        max_response_bytes: int = 32 * 1024 * 1024,
        keep_alive_s: float = 15.0,
        tls: ssl.SSLContext | None = None,
        proxy: str | None = None,
        unix_socket: str | None = None,
        heartbeat_s: float = 20.0,
        resume_s: float = 30.0,
    ) -> None:
        self._connections = connections_per_subgraph
        self._max_response_bytes = max_response_bytes
        self._keep_alive_s = keep_alive_s
        self._tls: ssl.SSLContext | bool = tls or True
        self._proxy = proxy
        self._unix_socket = unix_socket
        self._heartbeat_s = heartbeat_s
        self._resume_s = resume_s
        self._session: aiohttp.ClientSession | None = None
        self._streams: aiohttp.ClientSession | None = None

    async def start(self) -> None:
        """Open the pool of connections."""
        self.open()

    def open(self) -> None:
        """The same at once, in the event loop; again is no harm."""
        if self._session is None:
            self._session = self._new_session(limit_per_host=self._connections, keepalive_timeout=self._keep_alive_s)
            # Apart, so that streams that stay open do not use up the connections of requests.
            self._streams = self._new_session(force_close=True)

    async def close(self) -> None:
        """Close all connections."""
        for session in (self._session, self._streams):
            if session is not None:
                await session.close()
        self._session = self._streams = None

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        """Make the request; see `CoroutineTransport.exchange`."""
        subgraph = call.subgraph
        attempts = 2 if call.operation_type == "query" and call.stream is None else 1
        try:
            while True:
                attempts -= 1
                try:
                    return await self._post(call)
                except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                    if not attempts or isinstance(error, aiohttp.ClientConnectorError):
                        raise
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SubgraphError(f"Subgraph '{subgraph}' could not be reached.", subgraph=subgraph) from error

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Open a subscription; see `Transport.subscribe`."""
        if self._streams is None:
            raise RuntimeError("The transport is not started.")
        limit = self._max_response_bytes
        try:
            async with asyncio.timeout(timeout_s):
                if call.protocol == "multipart":
                    return await over_multipart(self._streams, call, max_event_bytes=limit)
                if call.protocol == "graphql-sse":
                    return await over_sse(self._streams, call, max_event_bytes=limit, resume_s=self._resume_s)
                return await over_websocket(self._streams, call, heartbeat_s=self._heartbeat_s, max_event_bytes=limit)
        except TimeoutError as error:
            raise timed_out(call.subgraph) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SubgraphError(f"Subgraph '{call.subgraph}' could not be reached.", subgraph=call.subgraph) from error

    async def _post(self, call: SubgraphCall) -> SubgraphReply:
        session, headers = self._session, call.headers
        data: bytes | AsyncIterator[bytes] = call.body
        if call.stream is not None:
            # On a connection of its own: one that the subgraph has just closed would cost the client its files.
            session, data = self._streams, call.stream.chunks(call.body)
            headers = {**headers, "content-type": call.stream.content_type}
        if session is None:
            raise RuntimeError("The transport is not started.")
        async with session.post(
            call.url, data=data, headers=headers, allow_redirects=False, timeout=_NO_TIMEOUT
        ) as response:
            if (response.content_length or 0) > self._max_response_bytes:
                response.close()
                raise too_large(call.subgraph, response.status)
            chunks: list[bytes] = []
            size = 0
            while chunk := await response.content.readany():
                size += len(chunk)
                if size > self._max_response_bytes:
                    response.close()
                    raise too_large(call.subgraph, response.status)
                chunks.append(chunk)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return SubgraphReply(response.status, headers, chunks[0] if len(chunks) == 1 else b"".join(chunks))

    def _new_session(self, **options: Any) -> aiohttp.ClientSession:
        connector: aiohttp.BaseConnector
        if self._unix_socket is not None:
            connector = aiohttp.UnixConnector(self._unix_socket, limit=0, **options)
        else:
            connector = aiohttp.TCPConnector(limit=0, ssl=self._tls, **options)
        return aiohttp.ClientSession(
            connector=connector,
            proxy=self._proxy,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("user-agent", "accept-encoding"),
        )


_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)
