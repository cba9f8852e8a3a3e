"""The Brain's application: the router, put together with tenants, the signed context and GraphiQL.

python -m brain.serve

/graphql   the graph (also POST /)
/graphiql  the editor; a browser that opens / is sent there
/rest/v1   the same for clients that do not speak GraphQL
/cms/      the content process's pages for editors, for those who have signed in
/directory/photos/  photos of listings, for browsers
/health    the process is alive
/ready     its subgraphs and Redis are, too
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.types import Receive, Scope, Send

from brain.agent_fields import AgentFields
from brain.cms import CmsProxy, cms_routes
from brain.config import BrainSettings, ConfigError, load_settings, variable
from brain.console import console_routes
from brain.context_header import ContextSigner
from brain.dispatch import AgentDispatch
from brain.error_pages import error_page_routes
from brain.graphiql import graphiql_routes
from brain.hooks import PARTNER_VIEW, BrainHooks
from brain.http_client import HttpClient
from brain.identity_client import IdentityClient
from brain.integrations import all_crews
from brain.internal_subgraph import InternalSubgraph
from brain.mark_watch import MarkWatch
from brain.photos import photo_routes
from brain.readiness import Readiness
from brain.rest import rest_routes
from brain.revocation import MARKS, Revocations
from brain.run_standing import RunStandings
from brain.run_tokens import RunTokens
from brain.saleor import NAME as SALEOR
from brain.saleor import ROUTER_SETTINGS
from brain.saleor.part import SaleorPart
from brain.tenancy import TenantResolver
from brain.tokens import AccessTokens, SigningKeys
from brain.workflow_service import WorkflowService
from router import (
    InvalidConfig,
    Reloader,
    RouterApp,
    RouterConfig,
    configure_logging,
    create_app,
    load_config,
    load_supergraph,
)

__all__ = ["create_brain_app"]

_log = logging.getLogger("brain.app")

T = TypeVar("T")

_AGENTS = "agents"
_CONTENT = "content"
_DIRECTORY = "directory"
_IDENTITY = "identity"
_WRITTEN_FOR_CLIENTS = (
    "identity",
    "crm",
    "directory",
    "agents",
    "storefront",
    "trading",
    "gaming",
    "analytics",
    "campaigns",
    "content",
    "sourcing",
    "notifications",
)
"""Subgraphs whose errors clients may read; those of any other are masked."""

_REDIS_TIMEOUT_S = 2
_PHOTO_TIMEOUT_S = 15.0
_OPENING_S = 20.0
"""How long the opening of an agents' run may take: runs of one tenant are opened one after another."""


def create_brain_app(settings: BrainSettings | None = None) -> Starlette:
    """Make the Brain.

    Args:
        settings: read from the environment and `brain.yaml` if not given; then logs go to standard error as JSON
            lines, too.

    Raises:
        ConfigError: a setting is wrong or missing; the message names it.
        InvalidSupergraph: the supergraph cannot be loaded.
        InvalidContract: a contract beside it (`contracts/*.toml`) is wrong or does not fit it.
        OSError: a key file cannot be read.
        ValueError: a key file holds no usable key.
    """
    if settings is None:
        settings = load_settings()
        configure_logging(settings.log_level)
        _log_as_one()
    at_identity = settings.subgraph_base(_IDENTITY)
    redis: Redis = Redis.from_url(
        _needed(settings.redis_url, "redis_url"),
        socket_timeout=_REDIS_TIMEOUT_S,
        socket_connect_timeout=_REDIS_TIMEOUT_S,
    )
    signer = ContextSigner.from_file(_needed(settings.context_secret_file, "context_secret_file"))
    _read(settings.supergraph)  # it is named where it is missing
    http = HttpClient()
    saleor = SaleorPart(settings, http, lambda: router.supergraph)
    supergraph = load_supergraph(saleor.source.read())
    contexts = [subgraph.name for subgraph in supergraph.subgraphs if subgraph.name != SALEOR]
    urls = {name: f"{settings.subgraph_base(name)}/graphql" for name in contexts}
    names = [subgraph.name for subgraph in supergraph.subgraphs]

    jwks_url = settings.identity_jwks_url or f"{at_identity}/.well-known/jwks.json"
    identity = IdentityClient(http, f"{at_identity}/graphql", jwks_url, signer, _IDENTITY)
    marks = MarkWatch(redis, MARKS)
    revocations = Revocations(redis, marks)
    tokens = AccessTokens(SigningKeys(identity.jwks), settings.token_issuer, revocations)
    config = _router_config(settings, names)
    cms = _cms(settings, names)
    photos = _photos(settings, names)
    run_tokens, standings = _run_tokens(settings), None
    if run_tokens is not None and _AGENTS in urls:
        standings = RunStandings(
            InternalSubgraph(http, urls[_AGENTS], signer, _AGENTS), identity, revocations, _grants_of
        )
    resolver = TenantResolver(identity, tokens, revocations, run_tokens, standings)
    workflows = None
    if settings.temporal_address is not None:
        workflows = WorkflowService(settings.temporal_address, settings.temporal_namespace)
    dispatch = None
    if _AGENTS in urls:
        agents = InternalSubgraph(http, urls[_AGENTS], signer, _AGENTS, _OPENING_S)
        dispatch = AgentDispatch(agents, workflows, all_crews())
    hooks = BrainHooks(
        resolver,
        signer,
        request_timeout_s=config.limits.request_timeout_s,
        upload_timeout_s=config.uploads.timeout_s,
        agent_fields=AgentFields(lambda: router.supergraph),
        dispatch=dispatch,
        saleor=saleor.calls if SALEOR in names else None,
    )
    contracts = sorted((settings.supergraph.parent / "contracts").glob("*.toml"))
    views = {file.stem: file for file in contracts}
    if PARTNER_VIEW not in views:
        _log.warning("no contract %s beside the supergraph: API keys will be refused", PARTNER_VIEW)
    router = create_app(supergraph, hooks=hooks, config=config, subgraph_urls=urls, views=views)
    reloader = Reloader(router, saleor.source, lambda: _router_config(settings, names))
    readiness = Readiness(http, {name: f"{settings.subgraph_base(name)}/health" for name in urls}, redis)

    async def ready(_: Request) -> Response:
        parts = await readiness.parts()
        words = {name: "up" if up else "down" for name, up in parts.items()} | saleor.states()
        all_up = all(parts.values())
        return JSONResponse(
            {"status": "ready" if all_up else "not ready", "parts": words},
            status_code=200 if all_up else 503,
            headers={"cache-control": "no-store"},
        )

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        background: set[asyncio.Task[None]] = set()
        await http.start()
        proxies = [proxy for proxy in (cms, photos) if proxy is not None]
        for proxy in proxies:
            await proxy.start()
        try:
            if workflows is not None:
                background.add(asyncio.create_task(workflows.warm_up()))
            # Last: another schema is served as soon as it is known, by a router that runs.
            follow = saleor.running(router, lambda text: reloader.switch(text, None))
            async with marks.running(), router.lifespan(), reloader.running(), follow:
                yield
        finally:
            for task in background:
                task.cancel()
            if workflows is not None:
                await workflows.close()
            for proxy in proxies:
                await proxy.close()
            await http.close()
            await redis.aclose()

    app = Starlette(
        lifespan=lifespan,
        routes=[
            Route("/", _Landing(router), methods=["GET", "HEAD"]),
            Route("/ready", ready, methods=["GET"]),
            *graphiql_routes(data_dir=settings.data_dir, demo=bool(settings.demo_data)),
            *([] if cms is None else cms_routes(router, resolver, signer, cms)),
            *([] if photos is None else photo_routes(resolver, photos)),
            *console_routes(router, temporal_ui_url=settings.temporal_ui_url),
            *rest_routes(router, router.api_schema, lambda: router.config),
            *error_page_routes(),
            Mount("/", router),
        ],
    )
    app.state.router = router
    return app


def _run_tokens(settings: BrainSettings) -> RunTokens | None:
    """What verifies the credentials of agents' runs, if there are workers."""
    if settings.worker_jwks_file is None:
        return None
    return RunTokens(settings.worker_jwks_file, _grants_of)


def _cms(settings: BrainSettings, subgraphs: Collection[str]) -> CmsProxy | None:
    """The way to the CMS, if there is one: beside its subgraph, if nothing else is said."""
    url = settings.cms_url
    if url is None and _CONTENT in subgraphs and settings.subgraphs_url is not None:
        url = settings.subgraphs_url.replace("{name}", _CONTENT)
    if url is None:
        return None
    return CmsProxy(url, max_body_bytes=settings.cms_max_body_bytes, timeout_s=settings.cms_timeout_s)


def _photos(settings: BrainSettings, subgraphs: Collection[str]) -> CmsProxy | None:
    """The way to the process that has the directory's photos, if there is one."""
    if _DIRECTORY not in subgraphs:
        return None
    url = settings.subgraph_base(_DIRECTORY).removesuffix(f"/{_DIRECTORY}")
    return CmsProxy(url, max_body_bytes=0, timeout_s=_PHOTO_TIMEOUT_S)


def _grants_of(crew: str) -> Iterable[str] | None:
    known = all_crews().get(crew)
    return None if known is None else known.grants


class _Landing:
    """`GET /`: a browser is sent to GraphiQL, everything else is GraphQL's business."""

    def __init__(self, router: RouterApp) -> None:
        self._router = router

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        if "text/html" in request.headers.get("accept", "") and "query" not in request.query_params:
            await RedirectResponse("graphiql", 307, {"cache-control": "no-store"})(scope, receive, send)
        else:
            await self._router(scope, receive, send)


def _router_config(settings: BrainSettings, subgraphs: Collection[str]) -> RouterConfig:
    """The router's settings: what the Brain needs, and what the file says, which wins."""
    sections: dict[str, Any] = {name: {"expose_errors": True} for name in _WRITTEN_FOR_CLIENTS if name in subgraphs}
    if SALEOR in subgraphs:
        sections[SALEOR] = dict(ROUTER_SETTINGS)
    for section in sections.values():
        section["subscription"] = {"protocol": "graphql-sse"}  # what `resolvers.event_stream` speaks: events have ids
    chosen: dict[str, Any] = {
        "telemetry": {"access_log": "all"},  # who did what in which tenant is asked later
        # What `on_request` reads: browsers cannot set headers of a WebSocket.
        "websocket": {"init_headers": ["authorization", "x-api-key", "x-tenant"]},
        # Whoever takes files has narrower limits of its own (`resolvers.uploads`).
        "uploads": {"enabled": True, "max_file_bytes": 10_000_000, "max_total_bytes": 20_000_000, "timeout_s": 120},
        "subgraphs": sections,
    }
    if settings.router_config is None:
        return RouterConfig.model_validate(chosen)
    try:
        given = load_config(settings.router_config).model_dump(exclude_unset=True)
    except InvalidConfig as error:
        raise ConfigError(f"{variable('router_config')}: {error}") from error
    return RouterConfig.model_validate(_overlaid(chosen, given))


def _overlaid(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Sections merged; where both have a value, that of the second."""
    merged = {**below, **above}
    for name in below.keys() & above.keys():
        if isinstance(below[name], Mapping) and isinstance(above[name], Mapping):
            merged[name] = _overlaid(below[name], above[name])
    return merged


def _log_as_one() -> None:
    """Let the server's own records take the way of all others, but for its access log.

    The router has a line per request; the server's would be a second one, with the query string: of a GET that is the
    whole operation, its variables, and whatever secret a client put there.
    """
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = name != "uvicorn.access"


def _needed(value: T | None, name: str) -> T:
    if value is None:
        raise ConfigError(f"{variable(name)} is not set. `brain up` sets it for what it starts itself.")
    return value


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{variable('supergraph')}: {path}: {error.strerror}") from error
