"""The subgraphs of the endurance runs, in a process of their own: `python -m tests.endurance.subgraphs`.

Strawberry servers (see `tests.server.live`); answers to queries are kept by their request's bytes, so that it is the
router that a run puts under load.
"""

import asyncio
import json
import sys
from contextlib import AsyncExitStack
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from strawberry.asgi import GraphQL

from tests.server.live import Sources, events, names, serving

__all__ = ["SCHEMAS"]

SOURCES = Sources()
SCHEMAS = {"events": events(SOURCES), "names": names()}


class Remembering:
    """Answers a query as it was answered before; everything else goes to the application."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.answers: dict[bytes, list[Message]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self.app(scope, receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            more = message.get("more_body", False)
        known = self.answers.get(body)
        if known is not None:
            for each in known:
                await send(each)
            return
        sent: list[Message] = []

        async def note(message: Message) -> None:
            sent.append(message)
            await send(message)

        rest = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay() -> Any:
            return rest.pop() if rest else await receive()

        await self.app(scope, replay, note)
        is_query = b"mutation" not in body and b"subscription" not in body and b"running" not in body
        if is_query and len(self.answers) < 1000 and sent and sent[0].get("status") == 200:
            self.answers[body] = sent


async def main() -> None:
    """Serve until standard input ends; the first line of output is a JSON object of the addresses by name."""
    async with AsyncExitStack() as stack:
        urls = {
            name: await stack.enter_async_context(serving(Remembering(GraphQL(schema))))
            for name, schema in SCHEMAS.items()
        }
        sys.stdout.write(json.dumps(urls) + "\n")
        sys.stdout.flush()
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
