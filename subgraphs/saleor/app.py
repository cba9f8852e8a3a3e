"""The shops as an ASGI application, and their SDL."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from graphql import GraphQLSchema, build_schema, graphql
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route

from resolvers.context import RequestContext
from resolvers.loaders import Loaders
from resolvers.session import Database, TenantSession, TransactionFailed
from resolvers.settings import Settings
from subgraphs.saleor.repository import accounts, catalogue
from subgraphs.saleor.schema import executable
from subgraphs.saleor.schema import sdl as schema_sdl
from subgraphs.saleor.schema.execution import answer
from subgraphs.saleor.schema.nodes import Call
from subgraphs.saleor.tokens import Tokens
from subgraphs.saleor.usecases.accounts import requester_of
from subgraphs.saleor.webhooks import Webhooks

__all__ = ["MIGRATIONS", "NAME", "Shops", "create_app", "sdl"]

NAME = "saleor"
MIGRATIONS = Path(__file__).parent / "migrations"
MAX_BODY_BYTES = 4_000_000
_MAX_BATCH = 1
_PAGE = "<!DOCTYPE html><title>Saleor (stand-in)</title><p>A stand-in for Saleor. POST GraphQL requests here."

_SCHEMA_OF_NO_SHOP = build_schema("type Query { _service: _Service! } type _Service { sdl: String }")

_log = logging.getLogger("subgraphs.saleor")


class Shops(Starlette):
    """The stand-in's ASGI application: `POST /saleor/<shop>/graphql/`, and of no shop `POST /saleor/graphql/`, which
    tells the SDL, and `GET /saleor/health`."""

    name: str
    schema: GraphQLSchema
    database: Database


def create_app(settings: Settings) -> Shops:
    """The application of all shops."""
    database = Database(settings.app_url(NAME), NAME, settings.database_pool_size, settings.logins(NAME))
    endpoint = _Endpoint(executable(), database)

    async def health(_: Request) -> Response:
        try:
            await database.ping()
        except (OSError, SQLAlchemyError):
            _log.warning("health: the database does not answer", exc_info=True)
            return JSONResponse({"status": "unavailable"}, status_code=503)
        return JSONResponse({"status": "ok"})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        webhooks = None if settings.saleor_webhook_url is None else Webhooks(database, settings.saleor_webhook_url)
        if webhooks is not None:
            webhooks.begin()
        yield
        if webhooks is not None:
            await webhooks.end()
        await database.close()

    routes = [
        Route("/health", health),
        Route("/graphql/", _schema_alone, methods=["POST"]),
        Route("/{shop}/graphql/", endpoint.respond, methods=["GET", "POST"]),
        # Without the slash there is nothing: no redirect, which would lose the body.
        Route("/{shop}/graphql", _nothing, methods=["GET", "POST"]),
    ]
    app = Shops(routes=[Mount(f"/{NAME}", routes=routes)], lifespan=lifespan)
    app.name, app.schema, app.database = NAME, executable(), database
    return app


def sdl() -> str:
    """The federation SDL of the shops."""
    return schema_sdl()


async def _schema_alone(request: Request) -> Response:
    """The answer to `{ _service { sdl } }`: the only thing that is the same in all shops."""
    body = await _body(request)
    query = body.get("query") if isinstance(body, dict) else None
    if not isinstance(query, str):
        error = {"message": "Must provide a query string.", "extensions": _GRAPHQL_ERROR}
        return JSONResponse({"errors": [error]}, status_code=400)
    result = await graphql(_SCHEMA_OF_NO_SHOP, query, root_value={"_service": {"sdl": schema_sdl()}})
    errors = [{"message": error.message, "extensions": _GRAPHQL_ERROR} for error in result.errors or ()]
    found = {"data": result.data, **({"errors": errors} if errors else {})}
    return JSONResponse(found, status_code=400 if errors else 200)


async def _nothing(_: Request) -> Response:
    return Response("Not Found", status_code=404, media_type="text/plain")


class _Endpoint:
    """GraphQL over HTTP as the shop speaks it."""

    def __init__(self, schema: GraphQLSchema, database: Database) -> None:
        self._schema = schema
        self._database = database

    async def respond(self, request: Request) -> Response:
        """The response to a request."""
        if request.method == "GET":
            return HTMLResponse(_PAGE)
        body = await _body(request)
        if isinstance(body, list) and len(body) > _MAX_BATCH:
            error = {"message": "Number of batch queries exceeded.", "extensions": _GRAPHQL_ERROR}
            return JSONResponse({"errors": [error]}, status_code=400)
        request_id = request.headers.get("x-request-id", "")
        try:
            async with self._database.session(RequestContext(request_id=request_id)) as session:
                slug = request.path_params["shop"]
                tenant_id = None if "\0" in slug else await accounts.tenant_of(session, slug)
            if tenant_id is None:
                return await _nothing(request)
            async with self._database.session(RequestContext(tenant_id=tenant_id, request_id=request_id)) as session:
                return await self._answered(request, body, session)
        except (TransactionFailed, SQLAlchemyError, OSError):
            _log.exception("a request failed")
            error = {"message": "Internal Server Error", "extensions": {"exception": {"code": "Exception"}}}
            return JSONResponse({"errors": [error]}, status_code=500)

    async def _answered(self, request: Request, body: Any, session: TenantSession) -> Response:
        shop = await catalogue.shop(session)
        assert shop is not None
        base_url = f"{str(request.base_url).rstrip('/')}/{shop.slug}"
        tokens = Tokens(shop.secret, f"{base_url}/graphql/")
        call = Call(
            session=session,
            loaders=Loaders(session),
            shop=shop,
            channels=await catalogue.all_channels(session),
            requester=await requester_of(session, tokens, _token(request)),
            tokens=tokens,
            client=_client(request),
            base_url=base_url,
        )
        status, found = await answer(self._schema, body[0] if isinstance(body, list) and body else body, call)
        return JSONResponse([found] if isinstance(body, list) else found, status_code=status)


_GRAPHQL_ERROR = {"exception": {"code": "GraphQLError"}}


async def _body(request: Request) -> Any:
    """The request's JSON; None if it is none."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        return None
    content = await request.body()
    if len(content) > MAX_BODY_BYTES:
        return None
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _token(request: Request) -> str | None:
    own = request.headers.get("authorization-bearer")
    if own:
        return own
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.lower() in {"bearer", "jwt"} else None


def _client(request: Request) -> str:
    forwarded = request.headers.get("x-forwarded-for", "").partition(",")[0].strip()
    return forwarded or (request.client.host if request.client is not None else "unknown")
