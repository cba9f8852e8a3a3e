"""The connections to one origin, for one subgraph: kept, limited, and waited for in turn."""

import asyncio
import socket
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import aiohappyeyeballs

from router.executor.http_client.answers import BadAnswer, KnownHeads, TooLarge
from router.executor.http_client.connection import Connection
from router.executor.http_client.requests import Origin

if TYPE_CHECKING:
    from router.executor.http_client.transport import HttpExchange

__all__ = ["Pool", "PoolLimits"]

_SECOND_ADDRESS_S = 0.25
"""How long the first address of a name may take before the next is tried beside it (RFC 8305)."""


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """What a pool may hold.

    Attributes:
        connections: open or being opened at the same time; further requests wait.
        idle_s: how long an idle connection is kept, if the subgraph does not ask for less.
        connect_timeout_s: for resolving the name, TCP and TLS together.
        answer_bytes: an answer that is larger is cut off and fails.
    """

    connections: int = 100
    idle_s: float = 15.0
    connect_timeout_s: float = 10.0
    answer_bytes: int = 32 * 1024 * 1024


class Pool:
    """Lends connections to exchanges.

    The one used last is lent first, so that the surplus of a busy hour grows old and is closed. An exchange that finds
    none waits; a connection that becomes free or open goes to the one that waits longest.
    """

    __slots__ = (
        "_connecting", "_idle", "_is_closed", "_is_retired", "_known", "_limits", "_loop", "_open", "_origin",
        "_promised", "_timer", "_waiting",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, origin: Origin, limits: PoolLimits) -> None:
        self._loop = loop
        self._origin = origin
        self._limits = limits
        self._idle: list[Connection] = []
        self._open = 0  # connections, also those that are being opened
        self._connecting: set[asyncio.Task[None]] = set()
        self._promised = 0  # of these, for one exchange that does not wait in line
        self._waiting: OrderedDict[HttpExchange, None] = OrderedDict()
        self._known = KnownHeads()
        self._timer: asyncio.TimerHandle | None = None
        self._is_closed = self._is_retired = False

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it that runs or is open."""
        return not self._open and not self._waiting

    # ---- exchanges ----------------------------------------------------------------------------------------------

    def begin(self, exchange: "HttpExchange") -> None:
        """Send the request on a connection, as soon as there is one."""
        idle = self._idle
        while idle:
            connection = idle.pop()
            # What must not be sent twice is not sent where nobody may be listening any more.
            if exchange.call.operation_type == "query" or not connection.is_readable():
                connection.carry(exchange)
                return
            self._discard(connection)
        self._waiting[exchange] = None
        self._connect_for_waiting()

    def withdraw(self, exchange: "HttpExchange") -> None:
        """The exchange is over before its answer came: nobody may get what is left of it."""
        connection = exchange.connection
        if connection is None:
            self._waiting.pop(exchange, None)
        else:
            exchange.connection = None
            self.dropped(connection)

    def retire(self) -> None:
        """Finish what runs and waits, and keep no connection after it."""
        self._is_retired = True
        while self._idle:
            self._discard(self._idle.pop())

    def close(self) -> list[asyncio.Task[None]]:
        """Close idle connections and open no more; returns what is being opened, cancelled, to be awaited.

        What runs and what waits is the caller's to end.
        """
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._idle:
            self._discard(self._idle.pop())
        for task in self._connecting:
            task.cancel()
        return list(self._connecting)

    # ---- connections say ----------------------------------------------------------------------------------------

    def released(self, connection: Connection, idle_s: int | None) -> None:
        """An answer is complete and the connection can be used again."""
        if self._waiting:
            connection.carry(self._waiting.popitem(last=False)[0])
            return
        if self._is_retired:
            self._discard(connection)
            return
        limit = self._limits.idle_s
        if idle_s is not None and idle_s - 1 < limit:
            limit = idle_s - 1  # a request should not cross the subgraph's hanging up
            if limit <= 0:
                self.dropped(connection)
                return
        connection.idle_until = self._loop.time() + limit
        self._idle.append(connection)
        if self._timer is None:
            self._timer = self._loop.call_at(connection.idle_until, self._expire)

    def dropped(self, connection: Connection) -> None:
        """The connection is of no use any more."""
        if connection.exchange is None:
            with suppress(ValueError):
                self._idle.remove(connection)
        self._discard(connection)
        self._connect_for_waiting()

    def failed(self, connection: Connection, error: BadAnswer | TooLarge) -> None:
        """What came is no answer."""
        exchange = connection.exchange
        assert exchange is not None
        exchange.connection = None
        self.dropped(connection)
        exchange.fail(error)

    def lost(self, connection: Connection, error: Exception | None) -> None:
        """The subgraph hung up, or the network did."""
        exchange = connection.exchange
        if exchange is None:
            self.dropped(connection)
            return
        exchange.connection = None
        is_again = bool(connection.answers) and not connection.has_answer_begun and exchange.may_be_sent_again()
        if is_again:
            self._discard(connection)
            self._connect(exchange)
        else:
            self.dropped(connection)
            exchange.fail(error or BadAnswer("the connection was closed before the answer was complete"))

    # ---- opening and closing ------------------------------------------------------------------------------------

    def _discard(self, connection: Connection) -> None:
        connection.abort()
        self._open -= 1

    def _connect_for_waiting(self) -> None:
        """Open a connection if more exchanges wait than connections are being opened."""
        if len(self._waiting) > len(self._connecting) - self._promised:
            self._connect()

    def _connect(self, exchange: "HttpExchange | None" = None) -> None:
        """Open a connection if there may be one more: for this exchange alone, or for whoever waits longest then."""
        if self._open >= self._limits.connections or self._is_closed:
            return
        self._open += 1
        self._promised += exchange is not None
        task = self._loop.create_task(self._opened(exchange))
        self._connecting.add(task)

    async def _opened(self, exchange: "HttpExchange | None") -> None:
        failure: Exception | None = None
        connection: Connection | None = None
        try:
            async with asyncio.timeout(self._limits.connect_timeout_s):
                connection = await self._new_connection()
        except (OSError, ValueError) as error:  # ssl.SSLError and TimeoutError are OSErrors
            failure = error
        finally:
            self._connecting.discard(asyncio.current_task())
            self._promised -= exchange is not None
            if connection is None:
                self._open -= 1
        if exchange is not None and exchange.is_over:
            exchange = None
        if exchange is None and self._waiting:
            exchange = self._waiting.popitem(last=False)[0]
        if connection is not None:
            if exchange is not None:
                connection.carry(exchange)
            else:
                self.released(connection, None)
            return
        self._connect_for_waiting()
        if exchange is not None and failure is not None:
            exchange.fail(failure)

    async def _new_connection(self) -> Connection:
        origin, loop = self._origin, self._loop

        def make() -> Connection:
            return Connection(self, self._known, self._limits.answer_bytes)

        name = origin.host if origin.tls is not None else None
        if origin.unix_socket is not None:
            _, connection = await loop.create_unix_connection(
                make, origin.unix_socket, ssl=origin.tls, server_hostname=name
            )
            return connection
        addresses = await loop.getaddrinfo(origin.host, origin.port, type=socket.SOCK_STREAM)
        plain = await aiohappyeyeballs.start_connection(
            addresses, happy_eyeballs_delay=_SECOND_ADDRESS_S, interleave=1, loop=loop
        )
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _, connection = await loop.create_connection(make, sock=plain, ssl=origin.tls, server_hostname=name)
        except BaseException:
            plain.close()
            raise
        return connection

    def _expire(self) -> None:
        """Close what was idle for too long."""
        now = self._loop.time()
        kept = [connection for connection in self._idle if connection.idle_until > now]
        for connection in self._idle:
            if connection.idle_until <= now:
                self._discard(connection)
        self._idle = kept
        self._timer = None
        if kept:
            self._timer = self._loop.call_at(min(connection.idle_until for connection in kept), self._expire)
