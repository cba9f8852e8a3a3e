"""One kept connection to a subgraph: a request out, its answer in, and then the next."""

import asyncio
import select
from typing import TYPE_CHECKING, Any

from router.executor.http_client.answers import AnswerParser, BadAnswer, Head, KnownHeads, TooLarge, decoded
from router.hooks import SubgraphReply

if TYPE_CHECKING:
    from router.executor.http_client.pool import Pool
    from router.executor.http_client.transport import HttpExchange

__all__ = ["Connection"]

_SEPARATE_BYTES = 64 * 1024
"""A body of that size is written beside its head rather than copied behind it."""


class Connection(asyncio.Protocol):
    """Carries one exchange at a time; what the answer must look like to be kept for another is said here.

    Attributes:
        exchange: what runs; None if idle.
        idle_until: in the loop's time; when the pool should not use it any more.
        answers: complete ones so far.
    """

    __slots__ = (
        "_head", "_known", "_max_bytes", "_missing", "_parser", "_parts", "_pool", "_transport", "answers", "exchange",
        "idle_until",
    )  # fmt: skip

    def __init__(self, pool: "Pool", known: KnownHeads, max_bytes: int) -> None:
        self._pool = pool
        self._known = known
        self._max_bytes = max_bytes
        self._transport: Any = None  # asyncio.Transport, or uvloop's, which does not inherit from it
        self._parser: AnswerParser | None = None  # only while it has seen a part of an answer
        self._head: Head | None = None  # of the body that `_missing` bytes are missing of
        self._missing = 0
        self._parts: list[bytes] = []
        self.exchange: HttpExchange | None = None
        self.answers = 0
        self.idle_until = 0.0

    # ---- requests -----------------------------------------------------------------------------------------------

    def carry(self, exchange: "HttpExchange") -> None:
        """Send a request; the connection must be idle."""
        self.exchange = exchange
        exchange.connection = self
        body = exchange.call.body
        if len(body) < _SEPARATE_BYTES:
            self._transport.write(exchange.head + body)
        else:
            self._transport.writelines((exchange.head, body))

    def is_readable(self) -> bool:
        """Whether something came that nobody waits for: the end of the connection, as a rule.

        The event loop may not have looked since.
        """
        return bool(self._transport is None or self._transport.is_closing() or _has_input(self._transport))

    def abort(self) -> None:
        """Hang up at once; the pool's and the exchange's part is left to the caller. Again is no harm."""
        self.exchange = None
        transport, self._transport = self._transport, None
        if self._parser is not None:
            self._parser.close()
            self._parser = None
        self._parts = []
        if transport is not None:
            transport.abort()

    @property
    def has_answer_begun(self) -> bool:
        return self._head is not None or (self._parser is not None and self._parser.has_begun)

    # ---- asyncio.Protocol ---------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        if self.exchange is None:
            self._pool.dropped(self)  # an idle connection has nothing to say
            return
        head = self._head
        if head is not None:
            self._more(head, data)
            return
        if self._parser is not None and self._parser.has_begun:
            self._parse(data)
            return
        known = self._known
        if known.pause:
            known.pause -= 1
            self._parse(data)
            return
        end = data.find(b"\r\n\r\n") + 4
        head = known.heads.get(data[:end])
        if head is None:
            self._parse(data, end if end > 3 else 0)
            return
        known.unseen = 0
        missing = head.length + end - len(data)
        if missing > 0:
            self._head, self._missing = head, missing
            self._parts.append(data[end:])
        else:
            self._finish(
                head, data[end : end + head.length] if missing else data[end:], head.keeps_alive and not missing
            )

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport is None:
            return  # aborted here
        parser = self._parser
        if error is None and parser is not None and self.exchange is not None and parser.end():
            self._parsed(parser)
        else:
            self._pool.lost(self, error)

    # ---- answers ------------------------------------------------------------------------------------------------

    def _more(self, head: Head, data: bytes) -> None:
        """The next bytes of a body whose head was known."""
        missing = self._missing - len(data)
        self._parts.append(data if missing >= 0 else data[:missing])
        if missing > 0:
            self._missing = missing
            return
        body = b"".join(self._parts)
        self._head, self._parts = None, []
        self._finish(head, body, head.keeps_alive and not missing)

    def _parse(self, data: bytes, head_end: int = 0) -> None:
        """Let httptools read on; `head_end` is where the answer's head ends if `data` is its beginning, or 0."""
        parser = self._parser
        if parser is None:
            parser = self._parser = AnswerParser(self._max_bytes)
        is_head_known = False
        try:
            if not head_end:
                is_complete = parser.feed(data)
            else:
                is_complete = parser.feed(data[:head_end])
                is_head_known = parser.has_head  # else it is an interim answer's
                if head_end < len(data):
                    if is_complete:
                        parser.is_surplus = True
                    else:
                        is_complete = parser.feed(data[head_end:])
        except (BadAnswer, TooLarge) as error:
            self._pool.failed(self, error)
            return
        if is_complete:
            head = parser.known_head()
            if is_head_known and head is not None:
                self._known.add(data[:head_end], head)
            self._parsed(parser)

    def _parsed(self, parser: AnswerParser) -> None:
        parts = parser.parts
        parser.parts = []
        body = parts[0] if len(parts) == 1 else b"".join(parts)
        head = Head(parser.status, parser.headers, len(body), parser.keeps_alive, parser.idle_s)
        self._finish(head, body, parser.keeps_alive and not parser.is_surplus)

    def _finish(self, head: Head, body: bytes, keeps_alive: bool) -> None:
        exchange = self.exchange
        assert exchange is not None
        if "content-encoding" in head.headers:
            try:
                body = decoded(body, head.headers, head.status, self._max_bytes)
            except (BadAnswer, TooLarge) as error:
                self._pool.failed(self, error)
                return
        self.exchange = None
        exchange.connection = None
        self.answers += 1
        # An answer that came before the whole request was out leaves the connection in the middle of it.
        if keeps_alive and not self._transport.get_write_buffer_size():
            self._pool.released(self, head.idle_s)
        else:
            self._pool.dropped(self)
        exchange.deliver(SubgraphReply(head.status, head.headers, body))


def _has_input(transport: Any) -> bool:
    descriptor = transport.get_extra_info("socket").fileno()
    if not hasattr(select, "poll"):  # Windows
        return bool(select.select([descriptor], [], [], 0)[0])
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(0))
