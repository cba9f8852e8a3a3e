"""The router as an ASGI application.

    app = create_app("supergraph.graphql")          # for any ASGI server
    host = FastAPI(lifespan=app.lifespan)           # or inside another application
    host.mount("/", app)

Endpoints: GraphQL at `config.graphql_paths`, `GET` at `config.health_path`. Everything else is 404.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Any

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from router.composition.contracts import Contract
from router.executor import AiohttpTransport, Transport
from router.graph.supergraph import Supergraph
from router.hooks import RequestContext, RouterHooks
from router.server.config import InvalidConfig, RouterConfig
from router.server.disconnect import DisconnectGuard
from router.server.operations import opened
from router.server.requests import ClientGone, GraphQLRequest, read_get, read_post, refuse_forgeable
from router.server.responses import (
    GRAPHQL_RESPONSE_JSON,
    JSON,
    Rejected,
    encoded,
    negotiate,
    rejection_of,
    status_of,
)
from router.server.served import Served, Workshop
from router.server.telemetry import log_access, new_request_id

__all__ = ["RouterApp", "create_app"]

METHODS = "GET, HEAD, OPTIONS, POST"
FIXED_HEADERS = {"cache-control": "no-store", "vary": "accept", "x-content-type-options": "nosniff"}


def create_app(
    supergraph: str | os.PathLike[str] | Supergraph,
    *,
    hooks: RouterHooks | None = None,
    config: RouterConfig | None = None,
    transport: Transport | None = None,
    subgraph_urls: Mapping[str, str] | None = None,
    views: Mapping[str, Contract | str | os.PathLike[str]] | None = None,
) -> "RouterApp":
    """Make a router for a supergraph.

    Args:
        supergraph: a loaded one; or the path of its SDL file; or, if it has a line break or a brace, the SDL itself.
        hooks: the application's part in each request.
        config: settings; all have defaults.
        transport: how to reach subgraphs; HTTP by default.
        subgraph_urls: by subgraph name; these win over the configuration's and the supergraph's.
        views: by name, contracts or their files, besides the configuration's. `RequestContext.view` says which one a
            client sees.

    Returns:
        An ASGI application. It opens its connections when its lifespan starts, or else with its first request.

    Raises:
        InvalidSupergraph: the file cannot be read, or is no supergraph.
        InvalidConfig: a setting is for a subgraph that the supergraph does not have, or for a view that there is not.
        InvalidContract: a view's contract cannot be read or does not fit the supergraph.
    """
    config = config or RouterConfig()
    sources = {**config.views, **(views or {})}
    if config.default_view is not None and config.default_view not in sources:
        raise InvalidConfig(f"default_view: there is no view {config.default_view!r}")
    return RouterApp(opened(supergraph), hooks, config, transport, dict(subgraph_urls or {}), sources)


class RouterApp:
    """See `create_app`, which makes these."""

    def __init__(
        self,
        supergraph: Supergraph,
        hooks: RouterHooks | None,
        config: RouterConfig,
        transport: Transport | None,
        subgraph_urls: dict[str, str],
        views: Mapping[str, Contract | str | os.PathLike[str]],
    ) -> None:
        self.config = config
        self.workshop = Workshop(config, hooks, transport or AiohttpTransport(), subgraph_urls, views)
        self.serve(self.workshop.make(supergraph))
        self.on_request = hooks.on_request if overrides(hooks, "on_request") and hooks else None
        self.on_response = hooks.on_response if overrides(hooks, "on_response") and hooks else None
        self.started = False
        self.starting = asyncio.Lock()
        self.reloading = asyncio.Lock()
        self.entry: ASGIApp = self.handle
        if config.cors is not None:
            self.entry = cors_middleware(self.handle, config)

    # ---- supergraphs --------------------------------------------------------------------------------------------

    def serve(self, served: Served) -> None:
        """Answer all requests with this from now on. In one go: no request sees a part of each."""
        self.supergraph = served.supergraph
        self.pipeline = served.pipeline
        self.subgraphs = served.subgraphs
        self.transport = served.transport

    async def reload(self, supergraph: str | os.PathLike[str] | Supergraph) -> None:
        """Serve another supergraph, with the same settings, hooks and views, without a pause.

        It is loaded in the background, and the documents that clients sent most are planned on it, within
        `config.document_cache.warm_up_documents` and `warm_up_s`; then all new requests get it. Requests that run are
        finished on the old one. Operations that it has no plan for do not hold it up.

        Raises:
            InvalidSupergraph, InvalidConfig, InvalidContract: as `create_app`; the old supergraph stays.
        """
        async with self.reloading:
            old = self.pipeline
            self.serve(await self.workshop.make_next(supergraph, old))
            old.retire()

    def cache_counters(self) -> dict[str, int]:
        """Of the plan cache, since the supergraph went live: hits, shared, misses, evictions, and what is in it now."""
        cache = self.pipeline.cache
        sizes = {"texts": len(cache.texts), "operations": len(cache.operations), "size_bytes": cache.size_bytes}
        return {**asdict(cache.counters), **sizes}

    # ---- life ---------------------------------------------------------------------------------------------------

    async def startup(self) -> None:
        """Open what requests need; again is no harm."""
        async with self.starting:
            if not self.started:
                await self.transport.start()
                self.started = True

    async def shutdown(self) -> None:
        """Close it. Requests that are still running fail."""
        async with self.starting:
            if self.started:
                self.started = False
                await self.transport.close()
            self.pipeline.close()

    @asynccontextmanager
    async def lifespan(self, _app: object = None) -> AsyncIterator[None]:
        """For a host application that mounts this one: mounted applications get no lifespan events of their own."""
        await self.startup()
        try:
            yield
        finally:
            await self.shutdown()

    # ---- ASGI ---------------------------------------------------------------------------------------------------

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.entry(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self.run_lifespan(receive, send)
        else:  # a WebSocket: closing before accepting answers the handshake with 403
            await send({"type": "websocket.close", "code": 1002})

    async def run_lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        try:
            await self.startup()
        except Exception as error:  # noqa: BLE001  the server reports it and stops
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.shutdown()
        await send({"type": "lifespan.shutdown.complete"})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        context = new_context(scope, self.config.default_view)
        exchange = Exchange(self, context, receive, send, started)
        path = context.path
        root = scope.get("root_path", "")
        if root and path.startswith(root):  # mounted below a prefix
            path = path[len(root) :] or "/"
        if path in self.config.graphql_paths:
            await exchange.graphql(scope["query_string"])
        elif path == self.config.health_path:
            await exchange.health()
        else:
            await exchange.reject(Rejected.one("NOT_FOUND", "There is nothing at this address.", status=404))


class Exchange:
    """One HTTP request and its response."""

    __slots__ = ("app", "context", "media_type", "receive", "send", "started")

    def __init__(self, app: RouterApp, context: RequestContext, receive: Receive, send: Send, started: float) -> None:
        self.app = app
        self.context = context
        self.receive = receive
        self.send = send
        self.started = started
        self.media_type = JSON

    async def health(self) -> None:
        if self.context.method not in ("GET", "HEAD"):
            refusal = Rejected.one("METHOD_NOT_ALLOWED", "Use GET.", status=405, headers={"allow": "GET, HEAD"})
            await self.reject(refusal)
            return
        await self.respond(200, b'{"status":"UP"}')

    async def graphql(self, query_string: bytes) -> None:
        context = self.context
        try:
            if context.method == "OPTIONS":
                context.response_headers["allow"] = METHODS
                await self.respond(204, b"")
                return
            self.media_type = GRAPHQL_RESPONSE_JSON
            self.media_type = negotiate(context.headers.get("accept"))
            requests = await self.read(query_string)
            if not self.app.started:
                await self.app.startup()
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001  the outermost handler: everything becomes a response
            await self.reject(rejection_of(error, context.request_id))
            return
        if isinstance(requests, list):
            await self.batch(requests)
        else:
            await self.single(requests)

    async def read(self, query_string: bytes) -> GraphQLRequest | list[GraphQLRequest]:
        context, config = self.context, self.app.config
        if context.method == "POST":
            return await read_post(context.headers, self.receive, config)
        if context.method in ("GET", "HEAD"):
            refuse_forgeable(context.headers, config)
            return read_get(query_string)
        message = f"GraphQL is served by POST and GET, not {context.method}."
        raise Rejected.one("METHOD_NOT_ALLOWED", message, status=405, headers={"allow": METHODS})

    async def single(self, request: GraphQLRequest) -> None:
        with DisconnectGuard(self.receive) as guard:
            status, response = await self.operation(request, self.context, guard)
        if guard.disconnected:
            log_access(self.context, status=499, started=self.started, codes=[], size_bytes=0)
            return
        await self.answer(status, response, [self.context])

    async def batch(self, requests: list[GraphQLRequest]) -> None:
        contexts = [part_of(self.context, index) for index in range(len(requests))]
        pairs = zip(requests, contexts, strict=True)
        answers = await asyncio.gather(*(self.operation(request, context, None) for request, context in pairs))
        for context in contexts:
            self.context.response_headers.update(context.response_headers)
        await self.answer(200, [response for _, response in answers], contexts)

    async def operation(
        self, request: GraphQLRequest, context: RequestContext, guard: DisconnectGuard | None
    ) -> tuple[int, dict[str, Any]]:
        """Run one operation; all its errors become part of the response."""
        app = self.app
        context.query = request.query
        context.operation_name = request.operation_name
        context.variables = request.variables
        try:
            async with asyncio.timeout(app.config.limits.request_timeout_s):
                if app.on_request is not None:
                    await app.on_request(context)
                response = await app.pipeline.run(
                    request, context, app.subgraphs, read_only=context.method != "POST", guard=guard
                )
            if response.get("errors"):
                complete_errors(response["errors"])
            status = status_of(response, self.media_type)
        except Exception as error:  # noqa: BLE001  the outermost handler: everything becomes a response
            rejected = rejection_of(error, context.request_id)
            context.response_headers.update(rejected.headers)
            response = {"errors": rejected.errors}
            status = rejected.status if self.media_type == GRAPHQL_RESPONSE_JSON else rejected.json_status
        if app.on_response is not None:
            try:
                app.on_response(context, response)
            except Exception as error:  # noqa: BLE001
                rejected = rejection_of(error, context.request_id)
                return rejected.status, {"errors": rejected.errors}
        return status, response

    # ---- answering ----------------------------------------------------------------------------------------------

    async def reject(self, rejected: Rejected) -> None:
        """Answer a request that did not get as far as an operation."""
        self.context.response_headers.update(rejected.headers)
        status = rejected.status if self.media_type == GRAPHQL_RESPONSE_JSON else rejected.json_status
        await self.answer(status, {"errors": rejected.errors}, [self.context])

    async def answer(
        self, status: int, response: dict[str, Any] | list[dict[str, Any]], contexts: list[RequestContext]
    ) -> None:
        try:
            body = encoded(response)
        except TypeError as error:
            rejected = rejection_of(error, self.context.request_id)
            status, response = rejected.status, {"errors": rejected.errors}
            body = encoded(response)
        responses = response if isinstance(response, list) else [response] * len(contexts)
        for context, part in zip(contexts, responses, strict=True):
            codes = [error["extensions"]["code"] for error in part.get("errors", ())]
            log_access(context, status=status, started=self.started, codes=codes, size_bytes=len(body))
        await self.respond(status, body)

    async def respond(self, status: int, body: bytes) -> None:
        context = self.context
        values = {**FIXED_HEADERS, "x-request-id": context.request_id}
        if body:
            values["content-type"] = f"{self.media_type}; charset=utf-8"
        for name, value in context.response_headers.items():
            values[name.lower()] = " ".join(value.splitlines())  # a line break would start another header
        if status != 204:
            values["content-length"] = str(len(body))
        headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in values.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        # HEAD has the headers of GET, and no body.
        await self.send({"type": "http.response.body", "body": b"" if context.method == "HEAD" else body})


# ---- parts ----------------------------------------------------------------------------------------------------------


def new_context(scope: Scope, view: str | None) -> RequestContext:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        if name in headers:
            value = f"{headers[name]}{'; ' if name == 'cookie' else ', '}{value}"
        headers[name] = value
    client = scope.get("client")
    return RequestContext(
        request_id=new_request_id(headers.get("x-request-id")),
        method=scope["method"].upper(),
        path=scope["path"],
        headers=headers,
        client=client[0] if client else None,
        view=view,
    )


def part_of(context: RequestContext, index: int) -> RequestContext:
    """The context of one operation of a batch: its own in everything that hooks write to."""
    return RequestContext(
        request_id=f"{context.request_id}-{index}",
        method=context.method,
        path=context.path,
        headers=context.headers,
        client=context.client,
        view=context.view,
    )


def complete_errors(errors: list[dict[str, Any]]) -> None:
    """Every error has a code, whoever made it."""
    for error in errors:
        extensions = error.get("extensions")
        if not isinstance(extensions, dict):
            extensions = error["extensions"] = {}
        if not isinstance(extensions.get("code"), str):
            extensions["code"] = "DOWNSTREAM_SERVICE_ERROR"


def overrides(hooks: RouterHooks | None, name: str) -> bool:
    """Whether a hook does something; one that does nothing is not called."""
    return hooks is not None and getattr(type(hooks), name) is not getattr(RouterHooks, name)


def cors_middleware(app: ASGIApp, config: RouterConfig) -> ASGIApp:
    cors = config.cors
    assert cors is not None
    return CORSMiddleware(
        app,
        allow_origins=cors.allow_origins,
        allow_origin_regex=cors.allow_origin_regex,
        allow_methods=cors.allow_methods,
        allow_headers=cors.allow_headers,
        allow_credentials=cors.allow_credentials,
        expose_headers=cors.expose_headers,
        max_age=cors.max_age_s,
    )
