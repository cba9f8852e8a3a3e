"""What sends the requests of fetches: adds the headers and passes the hooks that apply to all of them."""

import asyncio
import math
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol

from router.errors import SubgraphError
from router.executor.running_loop import running_loop
from router.executor.sse_streams import LAST_EVENT_ID
from router.executor.transport import Exchange, Pending, Transport, timed_out
from router.hooks import BodyStream, RequestContext, RouterHooks, StreamProtocol, SubgraphCall, SubgraphReply

__all__ = ["OnOutcome", "Sender", "SubgraphClient", "websocket_url"]

_PASSED_ON = ("traceparent", "tracestate")

_HOOK_GRACE_S = 0.25
"""For a hook that awaits, after the request's deadline: by then all that it can have sent has ended."""

OnOutcome = Callable[[SubgraphReply | Exception], None]
"""Takes the answer, or why there is none: a `SubgraphError`, or what a hook raised, which ends the whole request."""

Check = Callable[[SubgraphReply], SubgraphReply]


class Sender(Protocol):
    """What makes the requests of a run."""

    def send(
        self,
        subgraph: str,
        body: bytes,
        operation_type: str,
        fetch_ids: tuple[int, ...],
        context: RequestContext,
        deadline: float,
        on_reply: OnOutcome,
    ) -> Pending:
        """Send one request; see `SubgraphClient.send`."""


@dataclass(frozen=True, slots=True)
class _Endpoint:
    """Where requests of a subgraph go, and what is the same for all of them."""

    url: str
    headers: Mapping[str, str]
    timeout_s: float
    protocol: StreamProtocol = "graphql-transport-ws"


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
        streams: how and where subscriptions go, by subgraph. By default a WebSocket at the endpoint.
    """

    __slots__ = ("_endpoints", "_on_fetch", "_propagated", "_streams", "_transport")

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
        streams: Mapping[str, tuple[StreamProtocol, str]] | None = None,
    ) -> None:
        self._transport = transport
        is_overridden = hooks is not None and type(hooks).on_fetch is not RouterHooks.on_fetch
        self._on_fetch = hooks.on_fetch if hooks is not None and is_overridden else None
        self._propagated = tuple(dict.fromkeys((*_PASSED_ON, *(name.lower() for name in propagate_headers))))
        self._endpoints = {
            subgraph: _Endpoint(
                url,
                {
                    "content-type": "application/json",
                    "accept": "application/graphql-response+json, application/json;q=0.9",
                    **{name.lower(): value for name, value in (headers or {}).get(subgraph, {}).items()},
                },
                (timeouts_s or {}).get(subgraph, timeout_s),
            )
            for subgraph, url in urls.items()
        }
        self._streams = {
            subgraph: replace(endpoint, url=websocket_url(endpoint.url))
            for subgraph, endpoint in self._endpoints.items()
        }
        for subgraph, (protocol, url) in (streams or {}).items():
            self._streams[subgraph] = replace(self._streams[subgraph], url=url, protocol=protocol)

    def send(
        self,
        subgraph: str,
        body: bytes,
        operation_type: str,
        fetch_ids: tuple[int, ...],
        context: RequestContext,
        deadline: float,
        on_reply: OnOutcome,
        *,
        stream: BodyStream | None = None,
    ) -> Pending:
        """Send one request. Raises nothing.

        Args:
            deadline: of the client's request, by the event loop's clock; the subgraph's own timeout may end it before.
            on_reply: called exactly once unless the request is cancelled, and never before `send` has returned.
            stream: files to be sent along; how long that takes is the client's affair, not the subgraph's timeout's.
        """
        loop = running_loop()
        endpoint = self._endpoints.get(subgraph)
        if endpoint is None:
            return loop.call_soon(on_reply, _unknown(subgraph))
        now = loop.time()
        if now >= deadline:
            return loop.call_soon(on_reply, timed_out(subgraph))
        headers = {**endpoint.headers, "x-request-id": context.request_id}
        given = context.headers
        for name in self._propagated:
            if name in given:
                headers[name] = given[name]
        call = SubgraphCall(subgraph, endpoint.url, headers, body, operation_type, fetch_ids, context)
        timeout_s = endpoint.timeout_s
        if stream is not None:
            call.stream = stream
            timeout_s = math.inf
        if self._on_fetch is None:
            context.fetches += 1
            own = now + timeout_s
            return self._transport.send(call, min(deadline, own), on_reply)
        try:
            found = self._on_fetch(call, partial(_Sent, self._transport, timeout_s, deadline))
            if type(found) is _Sent and found.is_delivered_to(on_reply):
                return found
            if isinstance(found, SubgraphReply):
                return loop.call_soon(on_reply, found)
            return Exchange(found, deadline + _HOOK_GRACE_S, TimeoutError, on_reply)
        except Exception as error:  # noqa: BLE001  a hook's own; it is not lost
            return loop.call_soon(on_reply, error)

    async def subscribe(
        self, subgraph: str, body: bytes, fetch_ids: tuple[int, ...], context: RequestContext
    ) -> SubgraphReply:
        """Open a subscription; see `Transport.subscribe`. Whoever gets `events` must close them.

        Raises:
            SubgraphError: no endpoint is known for the subgraph, or there is no answer.
        """
        endpoint = self._streams.get(subgraph)
        if endpoint is None:
            raise _unknown(subgraph)
        headers = {**endpoint.headers, "x-request-id": context.request_id}
        given = context.headers
        for name in self._propagated:
            if name in given:
                headers[name] = given[name]
        call = SubgraphCall(subgraph, endpoint.url, headers, body, "subscription", fetch_ids, context)
        call.protocol = endpoint.protocol
        if call.protocol == "graphql-sse" and LAST_EVENT_ID in context.headers:
            call.headers[LAST_EVENT_ID] = context.headers[LAST_EVENT_ID]
        if self._on_fetch is None:
            context.fetches += 1
            return await self._transport.subscribe(call, endpoint.timeout_s)
        found = self._on_fetch(call, partial(_Opening, self._transport, endpoint.timeout_s))
        return found if isinstance(found, SubgraphReply) else await found

    def streams_alike(self, other: "SubgraphClient", subgraph: str) -> bool:
        """Whether the other one opens a subscription of the subgraph in the same way, at the same place."""
        one, two = self._streams.get(subgraph), other._streams.get(subgraph)
        if one is None or two is None:
            return False
        return (one.url, one.protocol, one.headers) == (two.url, two.protocol, two.headers)


class _Sent:
    """A request that a hook has sent: see `hooks.PendingReply`. Only who really awaits it makes a future."""

    __slots__ = ("_checks", "_future", "_on_reply", "_outcome", "_pending")

    def __init__(self, transport: Transport, timeout_s: float, deadline: float, call: SubgraphCall) -> None:
        self._checks: tuple[Check, ...] = ()
        self._future: asyncio.Future[None] | None = None
        self._on_reply: OnOutcome | None = None
        self._outcome: SubgraphReply | Exception | None = None
        call.context.fetches += 1
        own = running_loop().time() + timeout_s
        self._pending: Pending | None = transport.send(call, min(own, deadline), self._arrived)

    def then(self, check: Check) -> "_Sent":
        self._checks += (check,)
        return self

    def __await__(self) -> Generator[Any, None, SubgraphReply]:
        if self._outcome is None:
            if self._future is None:
                self._future = running_loop().create_future()
            try:
                yield from self._future
            except BaseException:
                self.cancel()
                raise
        outcome = self._checked()
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def is_delivered_to(self, on_reply: OnOutcome) -> bool:
        """Let the reply go to a callback, if nobody has awaited it, and it has not been answered."""
        if self._future is None and self._on_reply is None and self._outcome is None:
            self._on_reply = on_reply
            return True
        return False

    def cancel(self) -> None:
        """End the request; see `Pending`."""
        self._on_reply = None
        pending, self._pending = self._pending, None
        if pending is not None:
            pending.cancel()

    def _arrived(self, outcome: SubgraphReply | SubgraphError) -> None:
        self._outcome = outcome
        self._pending = None
        if self._future is not None and not self._future.done():
            self._future.set_result(None)
        on_reply, self._on_reply = self._on_reply, None
        if on_reply is not None:
            on_reply(self._checked())

    def _checked(self) -> SubgraphReply | Exception:
        outcome = self._outcome
        assert outcome is not None
        if isinstance(outcome, SubgraphReply):
            try:
                for check in self._checks:
                    outcome = check(outcome)
            except Exception as error:  # noqa: BLE001  the check's own; it is not lost
                return error
        return outcome


class _Opening:
    """The same for a subscription, which is opened when it is awaited."""

    __slots__ = ("_call", "_checks", "_timeout_s", "_transport")

    def __init__(self, transport: Transport, timeout_s: float, call: SubgraphCall) -> None:
        self._transport = transport
        self._timeout_s = timeout_s
        self._call = call
        self._checks: tuple[Check, ...] = ()

    def then(self, check: Check) -> "_Opening":
        self._checks += (check,)
        return self

    def __await__(self) -> Generator[Any, None, SubgraphReply]:
        return self._opened().__await__()

    async def _opened(self) -> SubgraphReply:
        self._call.context.fetches += 1
        reply = await self._transport.subscribe(self._call, self._timeout_s)
        try:
            checked = reply
            for check in self._checks:
                checked = check(checked)
        except BaseException:
            if reply.events is not None:
                await reply.events.aclose()
            raise
        return checked


def websocket_url(url: str) -> str:
    """The same address for a WebSocket."""
    return f"ws{url.removeprefix('http')}" if url.startswith("http") else url


def _unknown(subgraph: str) -> SubgraphError:
    return SubgraphError(f"No endpoint is configured for subgraph '{subgraph}'.", subgraph=subgraph)
