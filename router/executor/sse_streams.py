"""Subscriptions of subgraphs as Server-Sent Events in answer to a POST.

Events may have ids. A stream that breaks after one with an id is resumed: the same request again, with the id in
`Last-Event-ID`, so that nothing is lost. Without ids nobody could tell what was missed: the stream ends with an error.

Sources: HTML standard, section 9.2; graphql-sse's PROTOCOL.md, "distinct connections mode".
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import aiohttp

from router.executor.event_streams import interrupted, keep_alive
from router.executor.exact_json import load_reply
from router.hooks import SubgraphCall, SubgraphReply

__all__ = ["EVENT_STREAM", "LAST_EVENT_ID", "ServerSentEvents", "SseParser", "over_sse"]

EVENT_STREAM = "text/event-stream"
LAST_EVENT_ID = "last-event-id"

_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)
_FIRST_RETRY_S = 0.5
_MAX_RETRY_S = 5.0


@dataclass(frozen=True, slots=True)
class _Opened:
    """A connection with a stream.

    Attributes:
        read: the next bytes; empty at the end.
        close: ends the connection.
    """

    read: Callable[[], Awaitable[bytes]]
    close: Callable[[], Awaitable[None]]


async def over_sse(
    session: aiohttp.ClientSession, call: SubgraphCall, *, max_event_bytes: int, resume_s: float
) -> SubgraphReply:
    """Post the operation; a subgraph that does not answer with an event stream has answered like to any request.

    Args:
        resume_s: how long to try to resume a stream that broke.

    Raises:
        SubgraphError: the answer is too large.
        aiohttp.ClientError, OSError: the subgraph cannot be reached.
    """
    response = await _post(session, call, None)
    try:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if _is_stream(response):

            async def reopen(last_event_id: str) -> _Opened | None:
                if call.renew is not None:
                    call.renew(call)
                again = await _post(session, call, last_event_id)
                if _is_stream(again):
                    return _opened(again)
                again.close()
                return None

            opened = _opened(response)
            events = ServerSentEvents(
                opened.read, opened.close, call.subgraph, max_event_bytes, reopen=reopen, resume_s=resume_s
            )
            return SubgraphReply(response.status, headers, b"", events)
        body = await response.content.read(max_event_bytes)
    except BaseException:
        response.close()
        raise
    response.close()
    return SubgraphReply(response.status, headers, body)


async def _post(
    session: aiohttp.ClientSession, call: SubgraphCall, last_event_id: str | None
) -> aiohttp.ClientResponse:
    headers = {**call.headers, "accept": EVENT_STREAM}
    if last_event_id is not None:
        headers[LAST_EVENT_ID] = last_event_id
    return await session.post(call.url, data=call.body, headers=headers, allow_redirects=False, timeout=_NO_TIMEOUT)


def _is_stream(response: aiohttp.ClientResponse) -> bool:
    return response.content_type == EVENT_STREAM and response.status < 300


def _opened(response: aiohttp.ClientResponse) -> _Opened:
    async def close() -> None:
        response.close()

    keep_alive(response)
    return _Opened(response.content.readany, close)


class ServerSentEvents:
    """Iterates the response maps of an event stream; see `hooks.EventStream`.

    Args:
        read: the next bytes; empty at the end.
        close: ends the connection.
        reopen: asks for what comes after an id; None if there is no such stream any more.
        resume_s: how long to try that.

    Attributes:
        last_event_id: of the event that was yielded last; None if it had none.
    """

    __slots__ = (
        "_close", "_is_over", "_max_event_bytes", "_parser", "_pending", "_read", "_reopen", "_resume_s",
        "_subgraph", "_until", "last_event_id",
    )  # fmt: skip

    def __init__(
        self,
        read: Callable[[], Awaitable[bytes]],
        close: Callable[[], Awaitable[None]],
        subgraph: str,
        max_event_bytes: int,
        *,
        reopen: Callable[[str], Awaitable[_Opened | None]] | None = None,
        resume_s: float = 0.0,
    ) -> None:
        self.last_event_id: str | None = None
        self._read = read
        self._close = close
        self._subgraph = subgraph
        self._max_event_bytes = max_event_bytes
        self._reopen = reopen
        self._resume_s = resume_s
        self._parser = SseParser(max_event_bytes)
        self._pending: Iterator[SseEvent] = iter(())
        self._is_over = False
        self._until: float | None = None
        """Until when to try to resume: nothing has come since the stream broke."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while not self._is_over:
            for kind, data, id_ in self._pending:
                if kind == "next":
                    try:
                        event = load_reply(data, exactly=True)
                    except ValueError:
                        await self.aclose()
                        raise interrupted(self._subgraph) from None
                    self.last_event_id = id_ or None
                    self._until = None
                    return event
                if kind == "complete":
                    await self.aclose()
                    raise StopAsyncIteration
            try:
                chunk = await self._read()
                self._pending = self._parser.feed(chunk)
            except ValueError:  # an event is too large: it would be again
                await self.aclose()
                raise interrupted(self._subgraph) from None
            except (aiohttp.ClientError, OSError):
                chunk = b""
            if not chunk and not await self._is_resumed():
                await self.aclose()
                raise interrupted(self._subgraph)
        raise StopAsyncIteration

    async def _is_resumed(self) -> bool:
        """Ask for what comes after the last event, again and again until it is there or time is up."""
        if self._reopen is None or self.last_event_id is None:
            return False
        await self._close()
        loop = asyncio.get_running_loop()
        if self._until is None:
            self._until = loop.time() + self._resume_s
        pause_s = _FIRST_RETRY_S if self._parser.retry_s is None else min(self._parser.retry_s, _MAX_RETRY_S)
        while (left_s := self._until - loop.time()) > 0:
            await asyncio.sleep(min(left_s, pause_s * random.uniform(0.5, 1.0)))  # noqa: S311  no secret
            pause_s = min(pause_s * 2, _MAX_RETRY_S)
            try:
                async with asyncio.timeout_at(self._until):
                    opened = await self._reopen(self.last_event_id)
            except (aiohttp.ClientError, OSError):  # TimeoutError is one
                continue
            if opened is None:
                return False
            self._read, self._close = opened.read, opened.close
            retry_s = self._parser.retry_s
            self._parser = SseParser(self._max_event_bytes)
            self._parser.retry_s = retry_s
            self._parser.last_id = self.last_event_id
            self._pending = iter(())
            return True
        return False

    async def aclose(self) -> None:
        """Hang up, which tells the subgraph to stop."""
        if not self._is_over:
            self._is_over = True
            await self._close()


class SseEvent(NamedTuple):
    """An event's name, data, and the last id by then."""

    kind: str
    data: bytes
    id: str


class SseParser:
    """Takes an event stream apart, however it is cut into chunks.

    Source: HTML standard, section 9.2.6.

    Attributes:
        last_id: the last id that came; empty: none.
        retry_s: how long the server wants clients to wait before they connect again.
    """

    __slots__ = ("_buffer", "_data", "_kind", "_max_event_bytes", "_size", "last_id", "retry_s")

    def __init__(self, max_event_bytes: int) -> None:
        self.last_id = ""
        self.retry_s: float | None = None
        self._buffer = b""
        self._kind = ""
        self._data: list[bytes] = []
        self._size = 0
        self._max_event_bytes = max_event_bytes

    def feed(self, chunk: bytes) -> Iterator[SseEvent]:
        """Yield the events that are complete now.

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
                    yield SseEvent(self._kind, b"\n".join(self._data), self.last_id)
                self._kind, self._data, self._size = "", [], 0
            else:
                self._take(*line.partition(b":")[::2])

    def _take(self, name: bytes, value: bytes) -> None:
        value = value.removeprefix(b" ")
        if name == b"event":
            self._kind = value.decode("utf-8", "replace")
        elif name == b"data":
            self._data.append(value)
            self._size += len(value)
            if self._size > self._max_event_bytes:
                raise ValueError("an event is too large")
        elif name == b"id" and b"\0" not in value:
            # What is no header's value could not be sent back.
            self.last_id = value.decode("utf-8", "replace") if value.isascii() and len(value) <= 1000 else ""
        elif name == b"retry" and value.isdigit():
            self.retry_s = int(value) / 1000
