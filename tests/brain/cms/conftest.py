"""The gate on a real socket: before it identity's keys and marks, behind it a CMS that tells what it was sent."""

import asyncio
import base64
import hashlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from brain.cms import CmsProxy, cms_routes
from brain.context_header import ContextSigner

MAX_BODY_BYTES = 300_000


@dataclass
class Cms:
    """The process behind the gate: what it was sent, and what it answers."""

    seen: list[dict[str, Any]] = field(default_factory=list)
    answer: Callable[[Request], Response] | None = None
    url: str = ""

    async def handle(self, request: Request) -> Response:
        digest, size = hashlib.sha256(), 0
        async for chunk in request.stream():
            digest.update(chunk)
            size += len(chunk)
        self.seen.append(
            {
                "method": request.method,
                "target": request.scope["raw_path"].decode()
                + ("?" + request.scope["query_string"].decode() if request.scope["query_string"] else ""),
                "headers": [(name.decode(), value.decode("latin-1")) for name, value in request.headers.raw],
                "size": size,
                "sha256": digest.hexdigest(),
            }
        )
        return JSONResponse({"seen": len(self.seen)}) if self.answer is None else self.answer(request)

    def header(self, name: str) -> list[str]:
        """What the last request had under that name."""
        return [value for key, value in self.seen[-1]["headers"] if key == name]


@dataclass
class Graph:
    """Answers the operations of signing in."""

    answers: dict[str, Callable[[dict[str, Any]], Any]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        body = json.loads(await request.body())
        name = body["operationName"]
        if name == "SignOnChoices":
            return JSONResponse({"data": {"singleSignOnChoices": [{"id": "p1", "name": "Acme's own"}]}})
        self.asked.append((name, body["variables"]))
        return JSONResponse(self.answers[name](body["variables"]))


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """The address of an application on a socket of its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, lifespan="off", log_config=None, proxy_headers=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve([listening]))
    try:
        async with asyncio.timeout(10):
            while not server.started:  # noqa: ASYNC110 - it has no event
                await asyncio.sleep(0.005)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


class Changing:
    """An application that is another one for each test."""

    def __init__(self) -> None:
        self.app: Any = None
        self.url = ""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


@pytest.fixture(scope="session")
async def behind() -> AsyncIterator[Changing]:
    """A server for what is behind the gate."""
    app = Changing()
    async with served(app) as app.url:
        yield app


@pytest.fixture(scope="session")
async def before() -> AsyncIterator[Changing]:
    """A server for the gate."""
    app = Changing()
    async with served(app) as app.url:
        yield app


@pytest.fixture
def cms(behind: Changing) -> Cms:
    state = Cms(url=behind.url)
    methods = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS"]
    behind.app = Starlette(routes=[Route("/{path:path}", state.handle, methods=methods)])
    return state


@pytest.fixture
def graph() -> Graph:
    return Graph()


@pytest.fixture
async def proxy(cms: Cms) -> AsyncIterator[CmsProxy]:
    made = CmsProxy(cms.url, max_body_bytes=MAX_BODY_BYTES, timeout_s=0.5)
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def gate(before: Changing, proxy: CmsProxy, graph: Graph, identity: Any, resolver: Any) -> str:
    """The gate's address."""
    router = Starlette(routes=[Route("/graphql", graph.answer, methods=["POST"])])
    routes = cms_routes(router, resolver, ContextSigner(identity.context_secret), proxy)
    before.app = Starlette(routes=[*routes, Mount("/", router)])
    return before.url


@pytest.fixture
async def browser(gate: str) -> AsyncIterator[httpx.AsyncClient]:
    """A browser without a session, at Acme's host."""
    headers = {"host": "acme.localhost", "accept": "text/html,*/*"}
    async with httpx.AsyncClient(base_url=gate, headers=headers, trust_env=False, timeout=10) as client:
        yield client


@pytest.fixture
def sign_in(identity: Any) -> Callable[..., dict[str, str]]:
    """`sign_in(scopes=[...])`: the header with the cookie of who has signed in."""

    def cookie(refresh: str | None = None, **claims: Any) -> dict[str, str]:
        token = identity.token(**{"scopes": ["content:publish", "content:write"], **claims})
        more = "" if refresh is None else f"; brain_cms_refresh={refresh}"
        return {"cookie": f"brain_cms_access={token}{more}"}

    return cookie


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, unverified."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


async def parts(*chunks: bytes) -> AsyncIterator[bytes]:
    """A body in parts, of no known length."""
    for chunk in chunks:
        yield chunk


def streaming(*chunks: bytes) -> StreamingResponse:
    """An answer in parts."""
    return StreamingResponse(parts(*chunks))
