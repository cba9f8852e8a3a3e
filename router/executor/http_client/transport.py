"""The transport over the client's connections: finds the pool of a request, and minds its time."""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

from router.errors import SubgraphError
from router.executor.http_client.answers import TooLarge
from router.executor.http_client.connection import Connection
from router.executor.http_client.deadlines import Deadlines
from router.executor.http_client.pool import Pool, PoolLimits
from router.executor.http_client.requests import Origin, RequestLine, parse_url
from router.executor.http_client.tls import client_tls
from router.executor.transport import ConnectedTransport, OnReply, Pending, timed_out, too_large
from router.hooks import SubgraphCall, SubgraphReply

__all__ = ["HttpEndpoint", "HttpExchange", "HttpTransport"]

_MAX_TARGETS = 4096


_LIMITS = PoolLimits()


@dataclass(frozen=True, slots=True)
class HttpEndpoint:
    """How one subgraph is reached.

    Attributes:
        tls: for `https` URLs; None for the system's authorities and no client certificate.
        unix_socket: path of a socket to use instead of the URL's host and port.
        asks_for_compression: whether answers may come in gzip or deflate; such that do are understood anyway.
    """

    limits: PoolLimits = _LIMITS
    tls: ssl.SSLContext | None = None
    unix_socket: str | None = None
    asks_for_compression: bool = False


_DEFAULT = HttpEndpoint()


class Refused:
    """A request that cannot even be tried."""

    __slots__ = ("_handle",)

    def __init__(self, subgraph: str, error: Exception, on_reply: OnReply) -> None:
        self._handle = asyncio.get_running_loop().call_soon(on_reply, unreachable(subgraph, error))

    def cancel(self) -> None:
        self._handle.cancel()


class HttpExchange:
    """A request and what becomes of it; see `transport.Pending`.

    Attributes:
        head: the bytes that go before the body.
        connection: what carries it now.
        is_over: the answer or the error was delivered, or nobody wants it any more.
    """

    __slots__ = (
        "_deadlines",
        "_on_reply",
        "_pool",
        "_was_sent_again",
        "call",
        "connection",
        "deadline",
        "head",
        "is_over",
    )

    def __init__(
        self,
        call: SubgraphCall,
        head: bytes,
        deadline: float,
        on_reply: OnReply,
        pool: Pool,
        deadlines: "Deadlines[HttpExchange]",
    ) -> None:
        self.call = call
        self.head = head
        self.deadline = deadline
        self.connection: Connection | None = None
        self.is_over = False
        self._on_reply = on_reply
        self._pool = pool
        self._deadlines = deadlines
        self._was_sent_again = False

    def may_be_sent_again(self) -> bool:
        """Whether it may go to another connection, as its own was closed while it was sent; asked only once."""
        is_first = not self._was_sent_again
        self._was_sent_again = True
        return is_first and self.call.operation_type == "query"

    def fail(self, error: Exception) -> None:
        """Deliver what clients may know of the error."""
        if self.is_over:
            return
        subgraph = self.call.subgraph
        if isinstance(error, TooLarge):
            told = too_large(subgraph, error.status)
        elif isinstance(error, TimeoutError):
            told = timed_out(subgraph)
        else:
            told = unreachable(subgraph, error)
        self.deliver(told)

    def deliver(self, outcome: SubgraphReply | SubgraphError) -> None:
        """It is over: tell whoever waits."""
        self.is_over = True
        self._deadlines.pending.discard(self)
        try:
            self._on_reply(outcome)
        except Exception as error:  # noqa: BLE001  the caller's; here it would end the connection, which is another's now
            asyncio.get_running_loop().call_exception_handler(
                {"message": "a callback for a subgraph's answer failed", "exception": error}
            )

    def expire(self) -> None:
        self._pool.withdraw(self)
        self.fail(TimeoutError())

    def abandon(self) -> None:
        """The transport is closed."""
        self._pool.withdraw(self)
        self.fail(ConnectionAbortedError("the transport was closed"))

    def cancel(self) -> None:
        if not self.is_over:
            self.is_over = True
            self._deadlines.pending.discard(self)
            self._pool.withdraw(self)


class HttpTransport(ConnectedTransport):
    """HTTP/1.1 with kept connections, for requests; a call by callback costs no task and no timer.

    Subscriptions are another transport's.

    A query whose kept connection was closed while it was sent is sent once more, on a new one; mutations never. Content
    encodings are undone, and asked for if the endpoint says so.

    Args:
        endpoint: how subgraphs are reached that `endpoints` does not have.
        endpoints: by subgraph. Each subgraph has connections of its own: a slow one cannot take those of others.
    """

    def __init__(
        self,
        endpoint: HttpEndpoint = _DEFAULT,
        *,
        endpoints: Mapping[str, HttpEndpoint] | None = None,
    ) -> None:
        self._endpoint = endpoint
        self._endpoints = dict(endpoints or {})
        self._loop: asyncio.AbstractEventLoop | None = None
        self._deadlines: Deadlines[HttpExchange]
        self._targets: dict[tuple[str, str], tuple[RequestLine, Pool]] = {}
        self._pools: dict[tuple[str, Origin, HttpEndpoint], Pool] = {}
        self._retired: list[Pool] = []
        self._tls: ssl.SSLContext | None = None  # made when first needed: loading authorities takes milliseconds

    async def start(self) -> None:
        """Be ready to send; see `Transport.start`. Connections are opened when they are needed."""
        self._loop = asyncio.get_running_loop()
        self._deadlines = Deadlines(self._loop)

    async def close(self) -> None:
        """Close all connections; requests in flight fail."""
        if self._loop is not None:
            self._loop = None
            self._deadlines.close()
            opening = [task for pool in (*self._pools.values(), *self._retired) for task in pool.close()]
            for exchange in list(self._deadlines.pending):
                exchange.abandon()
            self._targets.clear()
            self._pools.clear()
            self._retired.clear()
            await asyncio.gather(*opening, return_exceptions=True)

    def use(self, endpoint: HttpEndpoint, endpoints: Mapping[str, HttpEndpoint]) -> None:
        """Reach subgraphs this way from now on. Connections are kept where nothing changed; what runs is finished."""
        if endpoint == self._endpoint and endpoints == self._endpoints:
            return
        self._endpoint, self._endpoints = endpoint, dict(endpoints)
        self._targets.clear()
        self._retired = [pool for pool in self._retired if not pool.is_empty]
        for key in list(self._pools):
            subgraph, _, used = key
            if self._endpoints.get(subgraph, endpoint) != used:
                pool = self._pools.pop(key)
                pool.retire()
                self._retired.append(pool)

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        """Make a request; see `Transport.send`."""
        if self._loop is None:
            return Refused(call.subgraph, RuntimeError("the transport is not started"), on_reply)
        try:
            line, pool = self._targets.get((call.subgraph, call.url)) or self._target(call.subgraph, call.url)
            head = line.head(call.headers, len(call.body))
        except (ValueError, TypeError, AttributeError, OSError) as error:  # also what a hook made of the headers
            return Refused(call.subgraph, error, on_reply)
        deadlines = self._deadlines
        exchange = HttpExchange(call, head, deadline, on_reply, pool, deadlines)
        deadlines.pending.add(exchange)  # `add`, without a call
        if deadline < deadlines.next:
            deadlines.look_at(deadline)
        pool.begin(exchange)
        return exchange

    def _target(self, subgraph: str, url: str) -> tuple[RequestLine, Pool]:
        """What requests to a URL need that is the same for all of them."""
        assert self._loop is not None
        endpoint = self._endpoints.get(subgraph, self._endpoint)
        tls = endpoint.tls
        if tls is None and url[:6].lower() == "https:":
            tls = self._tls = self._tls or client_tls()
        origin, line = parse_url(url, tls, endpoint.unix_socket)
        if endpoint.asks_for_compression:
            line.add("accept-encoding: gzip, deflate")
        if len(self._targets) >= _MAX_TARGETS:  # a hook makes URLs; pools in use are found again
            self._targets.clear()
            self._pools = {key: pool for key, pool in self._pools.items() if not pool.is_empty}
        key = (subgraph, origin, endpoint)
        pool = self._pools.get(key)
        if pool is None:
            pool = self._pools[key] = Pool(self._loop, origin, endpoint.limits)
        self._targets[subgraph, url] = line, pool
        return line, pool


def unreachable(subgraph: str, cause: Exception) -> SubgraphError:
    """The error for a subgraph that gave no usable answer; the log has the cause."""
    error = SubgraphError(f"Subgraph '{subgraph}' could not be reached.", subgraph=subgraph)
    error.__cause__ = cause
    return error
