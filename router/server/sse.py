"""Responses as Server-Sent Events: one `next` event per response map, then `complete`.

Source: graphql-sse's PROTOCOL.md, "distinct connections mode".
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from typing import Any

from router.server.responses import encoded

__all__ = ["COMPLETE", "KEEP_ALIVE", "next_event", "with_keep_alive"]

COMPLETE = b"event: complete\ndata:\n\n"
KEEP_ALIVE = b":\n\n"


def next_event(response: Mapping[str, Any]) -> bytes:
    """One response map as an event.

    Raises:
        TypeError: a hook or a plan put something into it that JSON does not have.
    """
    return b"event: next\ndata: " + encoded(response) + b"\n\n"


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
