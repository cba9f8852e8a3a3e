"""The router as an ASGI application.

    app = create_app("supergraph.graphql")          # for any ASGI server
    host = FastAPI(lifespan=app.lifespan)           # or inside another application
    host.mount("/", app)

Endpoints: GraphQL at `config.graphql_paths`, over HTTP and WebSockets; `GET` at `config.health_path`,
`config.readiness_path` and `config.metrics.path`. All else is 404.
"""

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict
from pathlib import Path

from graphql import GraphQLSchema
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from router.composition.contracts import Contract
from router.executor import Transport
from router.graph.supergraph import Supergraph
from router.hooks import RequestContext, RouterHooks
from router.server.compression import Compression
from router.server.config import RouterConfig
from router.server.contexts import new_context
from router.server.entrance import entrance
from router.server.exchange import Exchange
from router.server.head_limits import check_head
from router.server.live import LiveSubscriptions
from router.server.metrics import RouterMetrics
from router.server.metrics.instruments import Family, merged
from router.server.metrics.subgraph_requests import MeasuredTransport
from router.server.metrics.workers import WorkerMetrics
from router.server.operations import opened
from router.server.reservations import Reservations
from router.server.responses import Rejected
from router.server.served import Served, Workshop
from router.server.subgraph_transport import SubgraphTransport
from router.server.telemetry import log_access
from router.server.traffic.reports import traffic_parts, watch_traffic
from router.server.turns import Turns
from router.server.websockets import Connection
from router.server.worker_relay import WorkerRelay

__all__ = ["RouterApp", "create_app"]


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
        transport: how to reach subgraphs; by default over HTTP, as `config` says.
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
    metrics = RouterMetrics()
    transport = transport or SubgraphTransport()
    measured = MeasuredTransport(transport, metrics)
    workshop = Workshop(hooks, transport, measured, dict(subgraph_urls or {}), dict(views or {}), metrics)
    return RouterApp(workshop, workshop.make(opened(supergraph), config or RouterConfig()))


class RouterApp:
    """See `create_app`, which makes these.

    Attributes:
        after_serve: called whenever what is served has been replaced, in the same go.
        worker_metrics: asks the other workers for theirs, if this is one of several.
        turns: when requests begin that take the fast lane.
        relay: hands requests to the other workers, if this is one of several; see `be_worker`.
    """

    served: Served
    """What answers now; its parts are attributes of this, too."""

    def __init__(self, workshop: Workshop, served: Served) -> None:
        hooks = workshop.hooks
        self.workshop = workshop
        self.metrics = workshop.metrics
        self.turns = Turns(workshop.measured)
        self.parts: dict[str, Callable[[], str]] = {}
        self.after_serve: list[Callable[[], None]] = []
        self.worker_metrics: WorkerMetrics | None = None
        self.relay: WorkerRelay | None = None
        self.hook = hooks.on_request if overrides(hooks, "on_request") and hooks else None
        self.serve(served)
        self.on_response = hooks.on_response if overrides(hooks, "on_response") and hooks else None
        self.started = False
        self.starting = asyncio.Lock()
        self.reloading = asyncio.Lock()
        self.reloads = {"done": 0, "refused": 0}
        self.subscriptions = LiveSubscriptions()
        self.reservations = Reservations(self)
        self.watch_caches()

    # ---- what is served --------------------------------------------------------------------------------------------

    def serve(self, served: Served) -> None:
        """Answer all requests with this from now on. In one go: no request sees a part of each."""
        self.served = served
        self.config = served.config
        self.is_measured = served.config.metrics.enabled
        self.access_log = served.config.telemetry.access_log
        settings = served.config.compression
        self.compression = Compression(settings) if settings.enabled else None
        self.cors = None if served.config.cors is None else cors_middleware(self.handle, served.config)
        self.entry: ASGIApp = self.cors or self.handle
        self.on_request = entrance(served.config, served.authenticator, self.hook)
        self.supergraph = served.supergraph
        self.pipeline = served.pipeline
        self.subgraphs = served.subgraphs
        self.transport = served.transport
        self.sharing = served.sharing
        self.admission = served.admission
        self.persisted = served.persisted
        if isinstance(self.workshop.transport, SubgraphTransport):
            self.workshop.transport.use(served.routes)
        for follow in self.after_serve:
            follow()

    async def reload(
        self,
        supergraph: str | os.PathLike[str] | Supergraph | None = None,
        *,
        config: RouterConfig | None = None,
    ) -> None:
        """Serve another supergraph, or the same with other settings, or both, without a pause and in one go.

        It is loaded in the background, and the documents that clients sent most are planned on it, within
        `document_cache.warm_up_documents` and `warm_up_s`; then all new requests get it. Requests that run are finished
        on the old one; subscriptions go on with the new one, or end (see `live`). Operations that it has no plan for do
        not hold it up.

        Args:
            supergraph: as for `create_app`; None keeps what is served.
            config: None keeps the settings.

        Raises:
            InvalidSupergraph, InvalidConfig, InvalidContract: as `create_app`; all that was served stays.
        """
        async with self.reloading:
            old = self.served
            wanted = self.supergraph if supergraph is None else supergraph
            served = await self.workshop.make_next(wanted, config or self.config, old)
            served.persisted.adopt(old.persisted)
            try:
                self.serve(served)
            except BaseException:
                self.serve(old)  # some of it is in use already
                old.persisted.adopt(served.persisted)
                served.pipeline.retire()
                raise
            self.subscriptions.move()
            limits = old.pipeline.rate_limits
            old.pipeline.retire()
            if limits is not None and limits is not self.pipeline.rate_limits:
                await limits.retire()
            await old.persisted.close()
            if old.authenticator is not None and old.authenticator is not served.authenticator:
                await old.authenticator.close()

    def api_schema(self) -> GraphQLSchema:
        """What clients see who see all; the same object for as long as it is served."""
        return self.pipeline.schemas[None][0]

    def cache_counters(self) -> dict[str, int]:
        """Of the plan cache, since the supergraph went live: hits, shared, misses, evictions, and what is in it now."""
        cache = self.pipeline.cache
        sizes = {"texts": len(cache.texts), "operations": len(cache.operations), "size_bytes": cache.size_bytes}
        return {**asdict(cache.counters), **sizes}

    # ---- what is known about it ---------------------------------------------------------------------------------

    def readiness(self) -> tuple[int, dict[str, str]]:
        """The HTTP status of the readiness page, and the state of each part; 503 while requests would fail.

        A part of which something is wrong does not make the router unready: it goes on without.
        """
        parts = {name: state() for name, state in self.parts.items()}
        if self.persisted.state is not None:
            parts["persisted_documents"] = self.persisted.state
        parts |= traffic_parts(self.served)
        if self.served.authenticator is not None:
            parts["jwks"] = self.served.authenticator.state()
        return (200 if self.started else 503), dict(sorted(parts.items()))

    def finished(
        self, context: RequestContext, *, status: int, started: float, codes: list[str], size_bytes: int
    ) -> None:
        """Count an answered request and write its line, if it is to have one.

        Args:
            started: `time.perf_counter()` when the request arrived.
            codes: `extensions.code` of each error.
            size_bytes: of the answer's body.
        """
        duration_s = time.perf_counter() - started
        if self.is_measured:
            self.metrics.finished(context.operation_type, status, duration_s, codes, context.plan_cache)
        wanted = self.access_log
        if wanted == "all" or (wanted == "errors" and (codes or status >= 400)):
            log_access(context, status=status, duration_s=duration_s, codes=codes, size_bytes=size_bytes)

    async def families(self) -> list[Family]:
        """What has been counted, by this process or by all workers together."""
        if self.worker_metrics is None:
            return self.metrics.families()
        return merged(await self.worker_metrics.families())

    def watch_caches(self) -> None:
        """Show the plan cache, reloads and subscriptions among the metrics."""
        watch_traffic(self.metrics, lambda: self.served)
        watch = self.metrics.watch
        watch("router_subscriptions_open", "Subscriptions that are open.", (), lambda: {(): len(self.subscriptions)})
        watch("router_plan_cache_plans", "Plans that are kept.", (), lambda: {(): len(self.pipeline.cache.operations)})
        watch("router_plan_cache_bytes", "Their estimated size.", (), lambda: {(): self.pipeline.cache.size_bytes})
        watch(
            "router_reloads",
            "Supergraphs or settings that took over, or were refused.",
            ("result",),
            lambda: {(result,): count for result, count in self.reloads.items()},
            is_counter=True,
        )

    def be_worker(self, folder: Path) -> None:
        """Be one of several processes that are to look like one; to be called before it starts.

        Args:
            folder: where they find one another; readable for this user only.
        """
        self.worker_metrics = WorkerMetrics(folder, self.metrics)
        self.relay = WorkerRelay(folder, self.handle)
        self.reservations.worker = self.workshop.open_streams.desk.worker = self.relay.name

    # ---- life ---------------------------------------------------------------------------------------------------

    async def startup(self) -> None:
        """Open what requests need; again is no harm."""
        async with self.starting:
            if not self.started:
                await self.transport.start()
                if self.served.authenticator is not None:
                    await self.served.authenticator.start()
                if self.worker_metrics is not None:
                    await self.worker_metrics.start()
                if self.relay is not None:
                    await self.relay.start()
                await self.served.rehearse()
                self.started = True

    def drain(self) -> None:
        """Begin no more subscriptions, and end those that run with a word about it; all else goes on to be answered.

        For a server that begins to stop, before it closes connections.
        """
        self.subscriptions.drain()
        self.reservations.drain()

    async def shutdown(self) -> None:
        """Close it. Requests that are still running fail."""
        async with self.starting:
            await self.subscriptions.stop()
            if self.relay is not None:
                await self.relay.close()
            if self.started:
                self.started = False
                await self.transport.close()
                await self.persisted.close()
                if self.worker_metrics is not None:
                    await self.worker_metrics.close()
                if self.served.authenticator is not None:
                    await self.served.authenticator.close()
            self.pipeline.close()
            if self.pipeline.rate_limits is not None:
                await self.pipeline.rate_limits.close()

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
        else:
            await self.websocket(scope, receive, send)

    async def websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        context = new_context(scope, self.config.default_view)
        try:
            check_head(scope, self.config.limits)
        except Rejected:
            await send({"type": "websocket.close", "code": 1008})
            return
        if self.config.websocket.enabled and inner_path(scope) in self.config.graphql_paths:
            await Connection(self, context, receive, send, scope.get("subprotocols", [])).serve()
        else:
            await send({"type": "websocket.close", "code": 1008})  # before accepting: the handshake's answer is 403

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
        path = inner_path(scope)
        try:
            check_head(scope, self.config.limits)
        except Rejected as error:
            await exchange.reject(error)
            return
        if path in self.config.graphql_paths:
            self.metrics.active += 1
            try:
                await exchange.graphql(scope["query_string"])
            finally:
                self.metrics.active -= 1
                exchange.leave()
        elif path == self.config.health_path:
            await exchange.health()
        elif path == self.config.readiness_path:
            await exchange.ready()
        elif path == self.config.metrics.path:
            await exchange.metrics()
        elif (callback := self.config.subscriptions.callback) is not None and path.startswith(f"{callback.path}/"):
            await exchange.callback(path.removeprefix(f"{callback.path}/"))
        else:
            await exchange.reject(Rejected.one("NOT_FOUND", "There is nothing at this address.", status=404))


# ---- parts ----------------------------------------------------------------------------------------------------------


def inner_path(scope: Scope) -> str:
    """The path below where the router is mounted."""
    path: str = scope["path"]
    root = scope.get("root_path", "")
    return path[len(root) :] or "/" if root and path.startswith(root) else path


def overrides(hooks: RouterHooks | None, name: str) -> bool:
    """Whether a hook does something; one that does nothing is not called."""
    return hooks is not None and getattr(type(hooks), name) is not getattr(RouterHooks, name)


def cors_middleware(app: ASGIApp, config: RouterConfig) -> CORSMiddleware:
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
