"""How responses in several parts are written: Server-Sent Events, and multipart/mixed.

Sources: graphql-sse's PROTOCOL.md; GraphQL over HTTP, "Incremental Delivery over HTTP"; Apollo's "Multipart HTTP
protocol for GraphQL subscriptions".
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from router.executor.increments import Payload, as_current, as_older
from router.server.responses import encoded, media_ranges

__all__ = ["EVENT_STREAM", "PartFormat", "accepted_events", "may_come_in_parts", "multipart_of", "with_keep_alive"]

WritePart = Callable[[Mapping[str, Any], str | None, bool], bytes]
"""From a response, the id of its event, if it has one, and whether it says why there are no more: a part."""


@dataclass(frozen=True, slots=True)
class PartFormat:
    """A way to write parts.

    Attributes:
        content_type: of the response.
        opening: bytes before the first part.
        closing: bytes after the last.
        keep_alive: bytes that mean nothing, for when there is no part for a while; empty: there are none.
        part: bytes of one part.
        form: the map of a payload of a result in parts.
    """

    content_type: str
    opening: bytes
    closing: bytes
    keep_alive: bytes
    part: WritePart
    form: Callable[[Payload], dict[str, Any]] = as_current

    def written(self, response: Mapping[str, Any], event_id: str | None = None, *, is_failure: bool = False) -> bytes:
        """One part.

        Args:
            event_id: with which a client that lost its connection can resume after this event.
            is_failure: whether the response says why the subscription ends before its end.

        Raises:
            TypeError: a hook or a plan put something into it that JSON does not have.
        """
        return self.part(response, event_id, is_failure)


def _event(response: Mapping[str, Any], event_id: str | None, _is_failure: bool) -> bytes:
    if event_id is None:
        return b"event: next\ndata: " + encoded(response) + b"\n\n"
    return b"event: next\nid: " + event_id.encode() + b"\ndata: " + encoded(response) + b"\n\n"


EVENT_STREAM = PartFormat(
    "text/event-stream; charset=utf-8",
    b"",
    b"event: complete\ndata:\n\n",
    b":\n\n",
    _event,
)


# In all multipart formats the boundary that ends a part follows at once: clients wait for it before they read the part.
_PART_HEADERS = b"\r\ncontent-type: application/json; charset=utf-8\r\n\r\n"


def _multipart(parameter: str, form: Callable[[Payload], dict[str, Any]]) -> PartFormat:
    return PartFormat(
        f'multipart/mixed; boundary="-"{parameter}',
        b"\r\n---",
        b"--\r\n",
        b"",
        lambda response, _event_id, _is_failure: _PART_HEADERS + encoded(response) + b"\r\n---",
        form,
    )


_OLDER = _multipart("; deferSpec=20220824", as_older)
_CURRENT = _multipart("", as_current)
_NAMED = _multipart("; incrementalSpec=v0.2", as_current)


def _subscription_part(response: Mapping[str, Any], _event_id: str | None, is_failure: bool) -> bytes:
    # A failure of the subscription itself stands beside the payload, which is null.
    wrapped = {"payload": None, "errors": response["errors"]} if is_failure else {"payload": response}
    return _PART_HEADERS + encoded(wrapped) + b"\r\n--graphql"


MULTIPART_SUBSCRIPTION = PartFormat(
    'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
    b"\r\n--graphql",
    b"--\r\n",
    _PART_HEADERS + b"{}\r\n--graphql",
    _subscription_part,
)


def may_come_in_parts(text: str) -> bool:
    """Whether a document's result may, for clients that take it so; true of more texts than those."""
    return "subscription" in text or "defer" in text or "stream" in text


def accepted_events(accept: str | None) -> PartFormat | None:
    """The form in which the client takes a subscription's events: the one that it names and likes best.

    That is `text/event-stream`, or `multipart/mixed` with the parameter `subscriptionSpec`.
    """
    if accept is None:
        return None
    lower = accept.lower()
    if "text/event-stream" not in lower and "subscriptionspec" not in lower:
        return None
    best: tuple[float, PartFormat | None] = (0.0, None)
    for name, quality, parameters in media_ranges(accept):
        if quality > best[0]:
            if name == "text/event-stream":
                best = (quality, EVENT_STREAM)
            elif name == "multipart/mixed" and parameters.get("subscriptionspec", "").startswith("1."):
                best = (quality, MULTIPART_SUBSCRIPTION)
    return best[1]


def multipart_of(accept: str | None) -> PartFormat | None:
    """The form in which the client takes results in parts; None if it does not name `multipart/mixed`.

    `deferSpec=20220824` asks for the older form. Without a parameter, and with others such as `incrementalSpec=v0.2`,
    it is the current one. `subscriptionSpec` is about something else.
    """
    if accept is None or "multipart/mixed" not in accept.lower():
        return None
    best: tuple[float, PartFormat | None] = (0.0, None)
    for name, quality, parameters in media_ranges(accept):
        if name == "multipart/mixed" and "subscriptionspec" not in parameters and quality > best[0]:
            form = _CURRENT
            if parameters.get("deferspec") == "20220824":
                form = _OLDER
            elif parameters.get("incrementalspec") == "v0.2":
                form = _NAMED
            best = (quality, form)
    return best[1]


async def with_keep_alive(
    responses: AsyncGenerator[dict[str, Any]], interval_s: float, keep_alive: Callable[[], Awaitable[None]]
) -> AsyncGenerator[dict[str, Any]]:
    """Yield the responses, calling `keep_alive` whenever none has come for so long. Closes them at its end."""
    waiting: asyncio.Task[dict[str, Any]] | None = None
    try:
        while True:
            waiting = asyncio.ensure_future(anext(responses))
            while not (await asyncio.wait({waiting}, timeout=interval_s))[0]:
                await keep_alive()
            try:
                response = waiting.result()
            except StopAsyncIteration:
                return
            yield response
    finally:
        if waiting is not None:
            waiting.cancel()
            await asyncio.wait({waiting})
            if not waiting.cancelled():
                waiting.exception()  # the end may have come while we were told to stop: it is nobody's fault
        await responses.aclose()
