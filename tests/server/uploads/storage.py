"""A subgraph that stores files: an ASGI application that can read as slowly as a test wants it to."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

import orjson
from python_multipart.multipart import parse_options_header
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from router import Composed, RouterApp, RouterConfig, RouterHooks, Subgraph, Transport, compose, create_app
from tests.server.live import serving

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable"])\n'
FILES = (
    LINK
    + """
scalar Upload
scalar JSON
input Document { title: String, file: Upload, pages: [Upload!], and: Document }
type Stored @key(fields: "id") { id: ID! }
type Query { stored(file: Upload): Int }
type Mutation {
  store(file: Upload, files: [Upload!], document: Document, any: JSON, text: String, count: Int): Stored
  archive(file: Upload): Stored
}
"""
)
OTHER = (
    LINK
    + """
scalar Upload
type Stored @key(fields: "id") { id: ID! label(file: Upload): String }
type Query { ready: Boolean }
type Mutation { label(file: Upload): String }
"""
)


@dataclass
class Storage:
    """What the subgraph has got.

    Attributes:
        chunks: sizes of what came, piece by piece.
        may_read: cleared, the subgraph reads no further.
        answers_at: once so many bytes are there, it answers without reading the rest.
        requests: of each complete one: fields, and of each file its name, type, size and hash.
    """

    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    received: int = 0
    chunks: list[int] = field(default_factory=list)
    aborted: int = 0
    answers_at: int | None = None
    may_read: asyncio.Event = field(default_factory=asyncio.Event)
    has_begun: asyncio.Event = field(default_factory=asyncio.Event)
    has_ended: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_read.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.headers.append(headers)
        body = b""
        try:
            while True:
                await self.may_read.wait()
                message = await receive()
                if message["type"] == "http.disconnect":
                    self.aborted += 1
                    return
                self.has_begun.set()
                body += message["body"]
                self.received += len(message["body"])
                self.chunks.append(len(message["body"]))
                if self.answers_at is not None and self.received >= self.answers_at:
                    break
                if not message.get("more_body"):
                    break
            if self.answers_at is None:
                self.requests.append(await parsed(headers, body))
            answer = b'{"data":{"store":{"id":"1"},"archive":{"id":"2"},"label":"x"}}'
            response = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
            await send({"type": "http.response.start", "status": 200, "headers": response})
            await send({"type": "http.response.body", "body": answer})
        finally:
            self.has_ended.set()


async def parsed(headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """A request, read by another library than the router's own code."""
    if not headers["content-type"].startswith("multipart/form-data"):
        return orjson.loads(body)  # type: ignore[no-any-return]
    assert parse_options_header(headers["content-type"])[1][b"boundary"]

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    scope = {"type": "http", "headers": [(name.encode(), value.encode()) for name, value in headers.items()]}
    found: dict[str, Any] = {}
    async with Request(scope, receive).form() as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                found[name] = orjson.loads(value)
            else:
                content = await value.read()
                found[name] = (value.filename, value.content_type, len(content), sha256(content).hexdigest())
    return found


@asynccontextmanager
async def uploading(
    storage: Storage,
    hooks: RouterHooks | None = None,
    transport: Transport | None = None,
    sections: Mapping[str, Any] | None = None,
    **uploads: Any,
) -> AsyncIterator[tuple[RouterApp, str]]:
    """A router before two subgraphs that get the same storage; yields it and its address."""
    config = {**(sections or {}), "uploads": {"enabled": True, **uploads}, "batching": {"enabled": True}}
    async with serving(storage) as address:
        subgraphs = [Subgraph("files", sdl=FILES, url=address), Subgraph("other", sdl=OTHER, url=address)]
        composed = compose(subgraphs)
        assert isinstance(composed, Composed), composed.errors
        app = create_app(
            composed.supergraph_sdl, hooks=hooks, config=RouterConfig.model_validate(config), transport=transport
        )
        async with serving(app) as url, app.lifespan():
            yield app, f"{url}/graphql"
