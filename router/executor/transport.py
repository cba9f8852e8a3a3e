"""How requests reach subgraphs: the client that adds headers and hooks, and two ways to carry bytes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from types import TracebackType
from typing import Any, Protocol, Self

import aiohttp

from router.errors import SubgraphError
from router.hooks import RequestContext, RouterHooks, SubgraphCall, SubgraphReply

__all__ = ["AiohttpTransport", "AsgiTransport", "SubgraphClient", "Transport"]

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
    """

    __slots__ = ("_constant", "_on_fetch", "_propagated", "_timeout_s", "_timeouts_s", "_transport", "_urls")

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
    ) -> None:
        self._urls = dict(urls)
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
        url = self._urls.get(subgraph)
        if url is None:
            raise SubgraphError(f"No endpoint is configured for subgraph '{subgraph}'.", subgraph=subgraph)
        headers = self._constant[subgraph].copy()
        given = context.headers
        for name in self._propagated:
            if name in given:
                headers[name] = given[name]
        headers["x-request-id"] = context.request_id
        call = SubgraphCall(subgraph, url, headers, body, operation_type, fetch_ids, context)
        return self._carry(call) if self._on_fetch is None else self._on_fetch(call, self._carry)

    def _carry(self, call: SubgraphCall) -> Awaitable[SubgraphReply]:
        return self._transport.send(call, self._timeouts_s.get(call.subgraph, self._timeout_s))


class AiohttpTransport:
    """HTTP with kept connections.

    A query that fails because a kept connection was closed just before it was sent is sent once more; mutations never.

    Args:
        connections_per_subgraph: open at the same time, per host and port; further requests wait.
        max_response_bytes: an answer that is larger is cut off and fails.
        keep_alive_s: how long an idle connection is kept.
    """

    def __init__(
        self,
        *,
        connections_per_subgraph: int = 100,
        max_response_bytes: int = 32 * 1024 * 1024,
        keep_alive_s: float = 15.0,
    ) -> None:
        self._connections = connections_per_subgraph
        self._max_response_bytes = max_response_bytes
        self._keep_alive_s = keep_alive_s
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Open the pool of connections."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=0, limit_per_host=self._connections, keepalive_timeout=self._keep_alive_s
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("user-agent", "accept-encoding"),
        )

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

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
            raise _timed_out(subgraph) from error
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise SubgraphError(f"Subgraph '{subgraph}' could not be reached.", subgraph=subgraph) from error

    async def _post(self, call: SubgraphCall) -> SubgraphReply:
        if self._session is None:
            raise RuntimeError("The transport is not started.")
        async with self._session.post(
            call.url, data=call.body, headers=call.headers, allow_redirects=False, timeout=_NO_TIMEOUT
        ) as response:
            if (response.content_length or 0) > self._max_response_bytes:
                response.close()
                raise _too_large(call.subgraph, response.status)
            chunks: list[bytes] = []
            size = 0
            while chunk := await response.content.readany():
                size += len(chunk)
                if size > self._max_response_bytes:
                    response.close()
                    raise _too_large(call.subgraph, response.status)
                chunks.append(chunk)
            headers = {name.lower(): value for name, value in response.headers.items()}
            return SubgraphReply(response.status, headers, chunks[0] if len(chunks) == 1 else b"".join(chunks))


_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)

_Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [MutableMapping[str, Any], Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]],
    Awaitable[None],
]


class AsgiTransport:
    """Calls ASGI applications in this process, without sockets; for tests and for embedding.

    Args:
        apps: application of each subgraph. Their lifespan is the caller's business.
        max_response_bytes: an answer that is larger fails.
    """

    def __init__(self, apps: Mapping[str, AsgiApp], *, max_response_bytes: int = 32 * 1024 * 1024) -> None:
        self._apps = dict(apps)
        self._max_response_bytes = max_response_bytes

    async def start(self) -> None:
        """Nothing to open."""

    async def close(self) -> None:
        """Nothing to release."""

    async def send(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        """Call the application; see `Transport.send`."""
        try:
            async with asyncio.timeout(timeout_s):
                return await self._call(call)
        except TimeoutError as error:
            raise _timed_out(call.subgraph) from error

    async def _call(self, call: SubgraphCall) -> SubgraphReply:
        pending: list[_Message] = [{"type": "http.request", "body": call.body, "more_body": False}]
        status = 0
        headers: dict[str, str] = {}
        body = bytearray()

        async def receive() -> _Message:
            return pending.pop() if pending else {"type": "http.disconnect"}

        async def send(message: _Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers.update((k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in message["headers"])
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))
                if len(body) > self._max_response_bytes:
                    raise _too_large(call.subgraph, status)

        app = self._apps.get(call.subgraph)
        if app is None:
            raise SubgraphError(f"Subgraph '{call.subgraph}' could not be reached.", subgraph=call.subgraph)
        try:
            await app(_scope(call), receive, send)
        except SubgraphError:
            raise
        except Exception as error:
            raise SubgraphError(f"Subgraph '{call.subgraph}' failed.", subgraph=call.subgraph) from error
        if not status:
            raise SubgraphError(f"Subgraph '{call.subgraph}' did not answer.", subgraph=call.subgraph)
        return SubgraphReply(status, headers, bytes(body))


def _scope(call: SubgraphCall) -> MutableMapping[str, Any]:
    path = "/" + call.url.partition("://")[2].partition("/")[2].partition("?")[0]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": call.url.partition("?")[2].encode(),
        "headers": [
            (b"host", b"localhost"),
            (b"content-length", b"%d" % len(call.body)),
            *((name.encode("latin-1"), value.encode("latin-1")) for name, value in call.headers.items()),
        ],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 80),
    }


def _timed_out(subgraph: str) -> SubgraphError:
    return SubgraphError(f"Subgraph '{subgraph}' did not answer in time.", subgraph=subgraph, code=TIMEOUT)


def _too_large(subgraph: str, status: int) -> SubgraphError:
    return SubgraphError(f"The answer of subgraph '{subgraph}' is too large.", subgraph=subgraph, status=status)
