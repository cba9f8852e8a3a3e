"""How requests reach subgraphs: the client that adds headers and hooks, and HTTP."""

import asyncio
from collections.abc import Awaitable, Iterable, Mapping
from types import TracebackType
from typing import Protocol, Self

import aiohttp

from router.errors import SubgraphError
from router.executor.event_streams import over_sse, over_websocket
from router.hooks import RequestContext, RouterHooks, SubgraphCall, SubgraphReply

__all__ = ["AiohttpTransport", "Sender", "SubgraphClient", "Transport", "timed_out", "too_large"]

TIMEOUT = "SUBREQUEST_TIMEOUT"
"""Code of the error for a subgraph that did not answer in time."""

_PASSED_ON = ("traceparent", "tracestate")


class Transport(Protocol):
    """Carries a request to a subgraph."""

    async def start(self) -> None:
        """Open what is needed; called once, in the event loop that `send` runs in."""

    async def close(self) -> None:
        """Release everything; requests in flight fail."""

    async def send(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Make the request and read the whole answer.

        Cancelling must end the request.

        Raises:
            SubgraphError: no complete answer came; the message is for clients and names no address.
        """

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Open a subscription; the reply has `events` if the subgraph accepted it.

        A URL with `ws` or `wss` wants graphql-transport-ws, any other Server-Sent Events.

        Args:
            timeout_s: for opening it, not for its events.

        Raises:
            SubgraphError: as for `send`.
        """


class Sender(Protocol):
    """What makes the requests of a run."""

    def send(
        self, subgraph: str, body: bytes, operation_type: str, fetch_ids: tuple[int, ...], context: RequestContext
    ) -> Awaitable[SubgraphReply]:
        """Send one request; see `SubgraphClient.send`."""


class SubgraphClient:
    """Sends the requests of fetches, with the headers and through the hooks that apply to all of them.

    Args:
        urls: endpoint of each subgraph.
        transport: see `Transport`.
        hooks: `on_fetch` is called if a subclass overrides it.
        timeout_s: for each request, from connecting to the last byte.
        timeouts_s: other timeouts, by subgraph.
        propagate_headers: names of the client's headers that every subgraph gets, besides `traceparent` and
            `tracestate`. The request's id always goes along as `x-request-id`.
        headers: further constant headers, by subgraph.
        subscription_urls: where subscriptions go, by subgraph; see `Transport.subscribe`. By default a WebSocket at
            the endpoint.
    """

    __slots__ = (
        "_constant", "_on_fetch", "_propagated", "_subscription_urls", "_timeout_s", "_timeouts_s", "_transport",
        "_urls",
    )  # fmt: skip

    def __init__(
        self,
        urls: Mapping[str, str],
        transport: Transport,
        hooks: RouterHooks | None = None,
        *,
        timeout_s: float = 30.0,
        timeouts_s: Mapping[str, float] | None = None,
        propagate_headers: Iterable[str] = (),
        headers: Mapping[str, Mapping[str, str]] | None = None,
        subscription_urls: Mapping[str, str] | None = None,
    ) -> None:
        self._urls = dict(urls)
        self._subscription_urls = {name: websocket_url(url) for name, url in urls.items()} | dict(
            subscription_urls or {}
        )
        self._transport = transport
        is_overridden = hooks is not None and type(hooks).on_fetch is not RouterHooks.on_fetch
        self._on_fetch = hooks.on_fetch if hooks is not None and is_overridden else None
        self._timeout_s = timeout_s
        self._timeouts_s = dict(timeouts_s or {})
        self._propagated = tuple(dict.fromkeys((*_PASSED_ON, *(name.lower() for name in propagate_headers))))
        self._constant = {
            subgraph: {
                "content-type": "application/json",
                "accept": "application/graphql-response+json, application/json;q=0.9",
                **{name.lower(): value for name, value in (headers or {}).get(subgraph, {}).items()},
            }
            for subgraph in self._urls
        }

    def send(
        self, subgraph: str, body: bytes, operation_type: str, fetch_ids: tuple[int, ...], context: RequestContext
    ) -> Awaitable[SubgraphReply]:
        """Send one request; the awaitable raises `SubgraphError` if there is no answer.

        Raises:
            SubgraphError: no endpoint is known for the subgraph.
        """
        call = self._call(self._urls, subgraph, body, operation_type, fetch_ids, context)
        return self._carry(call) if self._on_fetch is None else self._on_fetch(call, self._carry)

    def subscribe(
        self, subgraph: str, body: bytes, fetch_ids: tuple[int, ...], context: RequestContext
    ) -> Awaitable[SubgraphReply]:
        """Open a subscription; see `Transport.subscribe`. Whoever gets `events` must close them.

        Raises:
            SubgraphError: no endpoint is known for the subgraph.
        """
        call = self._call(self._subscription_urls, subgraph, body, "subscription", fetch_ids, context)
        return self._open(call) if self._on_fetch is None else self._on_fetch(call, self._open)

    def _call(
        self,
        urls: Mapping[str, str],
        subgraph: str,
        body: bytes,
        operation_type: str,
        fetch_ids: tuple[int, ...],
        context: RequestContext,
    ) -> SubgraphCall:
        url = urls.get(subgraph)
        if url is None:
            raise SubgraphError(f"No endpoint is configured for subgraph '{subgraph}'.", subgraph=subgraph)
        headers = self._constant[subgraph].copy()
        given = context.headers
        for name in self._propagated:
            if name in given:
                headers[name] = given[name]
        headers["x-request-id"] = context.request_id
        return SubgraphCall(subgraph, url, headers, body, operation_type, fetch_ids, context)

    def _open(self, call: SubgraphCall) -> Awaitable[SubgraphReply]:
        return self._transport.subscribe(call, self._timeouts_s.get(call.subgraph, self._timeout_s))

    def _carry(self, call: SubgraphCall) -> Awaitable[SubgraphReply]:
        return self._transport.send(call, self._timeouts_s.get(call.subgraph, self._timeout_s))


def websocket_url(url: str) -> str:
    """The same address for a WebSocket."""
    return f"ws{url.removeprefix('http')}" if url.startswith("http") else url


class AiohttpTransport:
    """HTTP with kept connections; each subscription has a connection of its own.

    A query that fails because a kept connection was closed just before it was sent is sent once more; mutations never.

    Args:
        connections_per_subgraph: open at the same time, per host and port; further requests wait.
        max_response_bytes: an answer that is larger is cut off and fails.
        keep_alive_s: how long an idle connection is kept.
        heartbeat_s: after so long without an event, a subgraph's WebSocket must answer a ping in as much time.
    """

    def __init__(
        self,
        *,
        connections_per_subgraph: int = 100,
        max_response_bytes: int = 32 * 1024 * 1024,
        keep_alive_s: float = 15.0,
        heartbeat_s: float = 20.0,
    ) -> None:
        self._connections = connections_per_subgraph
        self._max_response_bytes = max_response_bytes
        self._keep_alive_s = keep_alive_s
        self._heartbeat_s = heartbeat_s
        self._session: aiohttp.ClientSession | None = None
        self._streams: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Open the pool of connections."""
        self._session = _session(
            aiohttp.TCPConnector(limit=0, limit_per_host=self._connections, keepalive_timeout=self._keep_alive_s)
        )
        # Apart, so that streams that stay open do not use up the connections of requests.
        self._streams = _session(aiohttp.TCPConnector(limit=0, force_close=True))

    async def close(self) -> None:
        """Close all connections."""
        for session in (self._session, self._streams):
            if session is not None:
                await session.close()
        self._session = self._streams = None

    async def send(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Make the request; see `Transport.send`."""
        subgraph = call.subgraph
        attempts = 2 if call.operation_type == "query" else 1
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    attempts -= 1
                    try:
                        return await self._post(call)
                    except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError) as error:
                        if not attempts or isinstance(error, aiohttp.ClientConnectorError):
                            raise
        except TimeoutError as error:
            raise timed_out(subgraph) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SubgraphError(f"Subgraph '{subgraph}' could not be reached.", subgraph=subgraph) from error

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Open a subscription; see `Transport.subscribe`."""
        if self._streams is None:
            raise RuntimeError("The transport is not started.")
        limit = self._max_response_bytes
        try:
            async with asyncio.timeout(timeout_s):
                if call.url.startswith("ws"):
                    return await over_websocket(
                        self._streams, call, heartbeat_s=self._heartbeat_s, max_event_bytes=limit
                    )
                return await over_sse(self._streams, call, max_event_bytes=limit)
        except TimeoutError as error:
            raise timed_out(call.subgraph) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SubgraphError(f"Subgraph '{call.subgraph}' could not be reached.", subgraph=call.subgraph) from error

    async def _post(self, call: SubgraphCall) -> SubgraphReply:
        if self._session is None:
            raise RuntimeError("The transport is not started.")
        async with self._session.post(
            call.url, data=call.body, headers=call.headers, allow_redirects=False, timeout=_NO_TIMEOUT
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


_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)


def _session(connector: aiohttp.TCPConnector) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        skip_auto_headers=("user-agent", "accept-encoding"),
    )


def timed_out(subgraph: str) -> SubgraphError:
    """The error for a subgraph that did not answer in time."""
    return SubgraphError(f"Subgraph '{subgraph}' did not answer in time.", subgraph=subgraph, code=TIMEOUT)


def too_large(subgraph: str, status: int) -> SubgraphError:
    """The error for an answer over the limit."""
    return SubgraphError(f"The answer of subgraph '{subgraph}' is too large.", subgraph=subgraph, status=status)
