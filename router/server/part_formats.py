"""How responses in several parts are written: Server-Sent Events, and multipart/mixed.

Sources: graphql-sse's PROTOCOL.md, "distinct connections mode"; GraphQL over HTTP, "Incremental Delivery over HTTP".
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from router.executor.increments import Payload, as_current, as_older
from router.server.responses import encoded, media_ranges

__all__ = ["EVENT_STREAM", "PartFormat", "accepts_event_stream", "multipart_of", "with_keep_alive"]


@dataclass(frozen=True, slots=True)
class PartFormat:
    """A way to write parts.

    Attributes:
        content_type: of the response.
        opening: bytes before the first part.
        closing: bytes after the last.
        keep_alive: bytes that mean nothing, for when there is no part for a while; empty: there are none.
        part: bytes of one part, from its JSON.
        form: the map of a payload of a result in parts.
    """

    content_type: str
    opening: bytes
    closing: bytes
    keep_alive: bytes
    part: Callable[[bytes], bytes]
    form: Callable[[Payload], dict[str, Any]] = as_current

    def written(self, response: Mapping[str, Any]) -> bytes:
        """One part.

        Raises:
            TypeError: a hook or a plan put something into it that JSON does not have.
        """
        return self.part(encoded(response))


EVENT_STREAM = PartFormat(
    "text/event-stream; charset=utf-8",
    b"",
    b"event: complete\ndata:\n\n",
    b":\n\n",
    lambda body: b"event: next\ndata: " + body + b"\n\n",
)


def _multipart(parameter: str, form: Callable[[Payload], dict[str, Any]]) -> PartFormat:
    # The boundary that ends a part follows at once: clients wait for it before they read the part.
    return PartFormat(
        f'multipart/mixed; boundary="-"{parameter}',
        b"\r\n---",
        b"--\r\n",
        b"",
        lambda body: b"\r\ncontent-type: application/json; charset=utf-8\r\n\r\n" + body + b"\r\n---",
        form,
    )


_OLDER = _multipart("; deferSpec=20220824", as_older)
_CURRENT = _multipart("", as_current)
_NAMED = _multipart("; incrementalSpec=v0.2", as_current)


def accepts_event_stream(accept: str | None) -> bool:
    """Whether the client takes `text/event-stream`, and says so by name."""
    if accept is None or "text/event-stream" not in accept.lower():
        return False
    return any(name == "text/event-stream" and quality > 0 for name, quality, _ in media_ranges(accept))


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
        if waiting is not None and not waiting.done():
            waiting.cancel()
            await asyncio.wait({waiting})
        await responses.aclose()
