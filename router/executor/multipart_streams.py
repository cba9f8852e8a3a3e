"""Subscriptions of subgraphs as the parts of a multipart response: Apollo's multipart protocol, version 1.0.

Each part is `{"payload": ...}`; `{}` is a heartbeat; `{"payload": null, "errors": [...]}` says why the stream ends.

Source: Apollo's "Multipart HTTP protocol for GraphQL subscriptions".
"""

from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Self

import aiohttp

from router.executor.event_streams import interrupted, keep_alive
from router.executor.exact_json import load_reply
from router.hooks import SubgraphCall, SubgraphReply

__all__ = ["MultipartEvents", "MultipartParser", "over_multipart"]

ACCEPT = (
    "multipart/mixed;boundary=graphql;subscriptionSpec=1.0, "
    "application/graphql-response+json;q=0.9, application/json;q=0.8"
)
_NO_TIMEOUT = aiohttp.ClientTimeout(total=None)


async def over_multipart(session: aiohttp.ClientSession, call: SubgraphCall, *, max_event_bytes: int) -> SubgraphReply:
    """Post the operation; a subgraph that does not answer in parts has answered like to any request.

    Raises:
        aiohttp.ClientError, OSError: the subgraph cannot be reached.
    """
    headers = {**call.headers, "accept": ACCEPT}
    response = await session.post(call.url, data=call.body, headers=headers, allow_redirects=False, timeout=_NO_TIMEOUT)
    try:
        found = {name.lower(): value for name, value in response.headers.items()}
        boundary = boundary_of(found.get("content-type", ""))
        if boundary is not None and response.status < 300:

            async def close() -> None:
                response.close()

            keep_alive(response)
            events = MultipartEvents(response.content.readany, close, call.subgraph, boundary, max_event_bytes)
            return SubgraphReply(response.status, found, b"", events)
        body = await response.content.read(max_event_bytes)
    except BaseException:
        response.close()
        raise
    response.close()
    return SubgraphReply(response.status, found, body)


def boundary_of(content_type: str) -> str | None:
    """The boundary of a multipart/mixed response; None if it is none. Without the parameter it is `-`."""
    name, *parameters = content_type.split(";")
    if name.strip().lower() != "multipart/mixed":
        return None
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "boundary":
            return value.strip().strip('"')
    return "-"


class MultipartEvents:
    """Iterates the response maps of the parts; see `hooks.EventStream`.

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
        boundary: str,
        max_event_bytes: int,
    ) -> None:
        self._read = read
        self._close = close
        self._subgraph = subgraph
        self._parser = MultipartParser(boundary, max_event_bytes)
        self._pending: Iterator[bytes] = iter(())
        self._is_over = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Any:
        while not self._is_over:
            try:
                for body in self._pending:
                    event, is_last = event_of(body)
                    if is_last:
                        await self.aclose()
                    if event is not None:
                        return event
                if self._parser.is_over:
                    await self.aclose()
                    raise StopAsyncIteration
                chunk = await self._read()
                self._pending = self._parser.feed(chunk)
            except (aiohttp.ClientError, OSError, ValueError):  # what is no JSON is a ValueError
                chunk = b""
            if not chunk:
                await self.aclose()
                raise interrupted(self._subgraph)
        raise StopAsyncIteration

    async def aclose(self) -> None:
        """Hang up, which tells the subgraph to stop."""
        if not self._is_over:
            self._is_over = True
            await self._close()


def event_of(body: bytes) -> tuple[Any, bool]:
    """The response map in a part, None if it is a heartbeat; and whether there are no more.

    Raises:
        ValueError: it is no part of a subscription.
    """
    part = load_reply(body, exactly=True)
    if not isinstance(part, dict):
        raise ValueError("a part is no object")  # noqa: TRY004  as for any other text that does not fit
    if part.get("payload") is not None:
        return part["payload"], False
    if "payload" in part and part.get("errors"):
        return {"data": None, "errors": part["errors"]}, True
    return (part if "data" in part or "errors" in part else None), False  # a response map without the wrapping


class MultipartParser:
    """Takes a multipart body apart, however it is cut into chunks.

    A part is complete when the boundary after it is there.

    Attributes:
        is_over: whether the last boundary has come.
    """

    __slots__ = ("_buffer", "_delimiter", "_is_after_boundary", "_is_inside", "_max_part_bytes", "is_over")

    def __init__(self, boundary: str, max_part_bytes: int) -> None:
        self.is_over = False
        self._delimiter = b"\r\n--" + boundary.encode()
        self._buffer = b"\r\n"  # the first delimiter may stand at the very beginning
        self._is_inside = False
        self._is_after_boundary = False
        self._max_part_bytes = max_part_bytes

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield the bodies of the parts that are complete now.

        Raises:
            ValueError: a part is too large.
        """
        self._buffer += chunk
        while not self.is_over:
            if self._is_after_boundary:
                if len(self._buffer) < 2:
                    return  # what comes next says whether it was the last one
                self._is_after_boundary = False
                self.is_over = self._buffer.startswith(b"--")
                continue
            part, found, rest = self._buffer.partition(self._delimiter)
            if len(part) > self._max_part_bytes:
                raise ValueError("a part is too large")
            if not found:
                return
            self._buffer = rest
            self._is_after_boundary = True
            if self._is_inside and part:  # some write a boundary before the last one
                yield part.partition(b"\r\n\r\n")[2]
            self._is_inside = True
