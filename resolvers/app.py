"""The ASGI application of a subgraph: `POST /<name>/graphql` and `GET /<name>/health`.

The order of things in a call: the context header is verified (401 otherwise, also for introspection and `_service`),
the body is read, with its files if it is a multipart one (`resolvers.uploads`), the operation runs inside one session
with the caller's deadline, and the session is committed once before the answer leaves. A request that accepts
`text/event-stream` is a subscription, see `resolvers.event_stream`.
"""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from cross_web import AsyncHTTPRequestAdapter, HTTPException, StarletteRequestAdapter
from graphql import GraphQLError
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket
from strawberry.asgi import GraphQL
from strawberry.types import ExecutionResult

from resolvers.context import RequestContext
from resolvers.context_header import HEADER_NAME, ContextRefused, ContextVerifier
from resolvers.errors import DeadlineExceeded, as_domain_error, shown
from resolvers.event_stream import EventStreamResponse, events_of, is_wanted_by, last_event_id_of, without_deadline
from resolvers.idempotency import is_mutation, once
from resolvers.loaders import Loaders
from resolvers.operation import Operation
from resolvers.schema import SubgraphSchema
from resolvers.sealing import seals_of
from resolvers.session import Database, TransactionFailed
from resolvers.settings import Settings
from resolvers.uploads import Multipart, UploadLimits, UploadTooLarge, is_multipart, read_multipart

__all__ = ["Subgraph", "subgraph_app"]

MAX_BODY_BYTES = 4_000_000
REDIS_TIMEOUT_S = 2
BODY_TIMEOUT_S = 10

_log = logging.getLogger("resolvers.app")


class Subgraph(Starlette):
    """A subgraph's ASGI application. Its paths begin with its name, so several can share one process."""

    name: str
    schema: SubgraphSchema
    database: Database
    redis: Redis
    services: Any


def subgraph_app(
    name: str,
    schema: SubgraphSchema,
    settings: Settings,
    *,
    services: Any = None,
    uploads: UploadLimits | None = None,
    routes: Sequence[BaseRoute] = (),
    on_start: Callable[[], Awaitable[None]] | None = None,
    on_stop: Callable[[], Awaitable[None]] | None = None,
) -> Subgraph:
    """The application of the subgraph `name`.

    Args:
        name: of the context; also its schema, the prefix of its role and the audience of its context header.
        schema: from `build_schema`.
        settings: where the database, Redis and the keys shared with the Brain are.
        services: handed to resolvers as `info.context.services`.
        uploads: how much files a request may have; None: it takes none.
        routes: further public routes below `/<name>`, which no context header guards.
        on_start: awaited before the first request.
        on_stop: awaited after the last one.
    """
    database = Database(
        settings.app_url(name),
        name,
        settings.database_pool_size,
        logins=settings.logins(name),
        seals=seals_of(settings, name),
    )
    redis: Redis = Redis.from_url(
        settings.redis_url.get_secret_value(), socket_timeout=REDIS_TIMEOUT_S, socket_connect_timeout=REDIS_TIMEOUT_S
    )
    verifier = ContextVerifier(name, settings.context_keys_of(name), redis)

    async def health(_: Request) -> Response:
        try:
            async with asyncio.timeout(2):
                await database.ping()
                await redis.ping()
        except (TimeoutError, OSError, SQLAlchemyError, RedisError):
            _log.warning("health of %s: the database or Redis does not answer", name, exc_info=True)
            return JSONResponse({"status": "unavailable"}, status_code=503)
        return JSONResponse({"status": "ok"})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if on_start is not None:
            await on_start()
        try:
            yield
        finally:
            if on_stop is not None:
                await on_stop()
            await database.close()
            await redis.aclose()

    endpoint = _Endpoint(name, schema, verifier, database, redis, settings, services, uploads)
    app = Subgraph(
        routes=[Mount(f"/{name}", routes=[Route("/graphql", endpoint), Route("/health", health), *routes])],
        lifespan=lifespan,
    )
    app.name, app.schema, app.database, app.redis, app.services = name, schema, database, redis, services
    return app


class _Read(StarletteRequestAdapter):
    """The request as Strawberry looks at it, with what has been read of a multipart one."""

    def __init__(self, request: Request) -> None:
        super().__init__(request)
        self.multipart: Multipart | None = getattr(request.state, "multipart", None)


class _Endpoint(GraphQL[Operation, None]):
    """Strawberry's GraphQL over HTTP behind the context header, with one session per request."""

    request_adapter_class = _Read

    def __init__(
        self,
        name: str,
        schema: SubgraphSchema,
        verifier: ContextVerifier,
        database: Database,
        redis: Redis,
        settings: Settings,
        services: Any,
        uploads: UploadLimits | None,
    ) -> None:
        super().__init__(
            schema, graphql_ide=None, allow_queries_via_get=False, multipart_uploads_enabled=uploads is not None
        )
        self._uploads = uploads
        self._schema = schema
        self._name = name
        self._verifier = verifier
        self._database = database
        self._redis = redis
        self._settings = settings
        self._services = services

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        try:
            context = await self._verifier.verify(request.headers.getlist(HEADER_NAME))
        except ContextRefused as error:
            _log.info("refused: context header %s", error)
            return _error_response(401, "UNAUTHENTICATED", "A valid context is required.")
        except (RedisError, OSError):
            _log.exception("the context header cannot be verified")
            return _error_response(503, "SERVICE_UNAVAILABLE", "The service is not available.")
        if not is_multipart(request) and int(request.headers.get("content-length") or 0) > MAX_BODY_BYTES:
            return _error_response(413, "BAD_REQUEST", "The request is too large.")
        if is_wanted_by(request):
            context = without_deadline(context)
        request.state.context = context
        if context.remaining_s() == 0:
            return _error_response(200, DeadlineExceeded.code, DeadlineExceeded().message)
        try:
            async with asyncio.timeout(context.remaining_s()):
                return await self._ran(request)
        except HTTPException as error:
            return _error_response(error.status_code, "BAD_REQUEST", error.reason)
        except UploadTooLarge as error:
            return _error_response(413, error.code, str(error))
        except ClientDisconnect:
            return _error_response(400, "BAD_REQUEST", "The request has not come to its end.")
        except (UnicodeDecodeError, RecursionError):
            return _error_response(400, "BAD_REQUEST", "The request cannot be read.")
        except TimeoutError:
            return _error_response(200, DeadlineExceeded.code, DeadlineExceeded().message)
        except Exception:  # noqa: BLE001 - logged, and nothing of it may reach the caller
            # Errors of resolvers never come this far: the schema masks them.
            _log.exception("unexpected error, trace id %s", context.request_id)
            extensions = {"traceId": context.request_id}
            return _error_response(500, "INTERNAL_SERVER_ERROR", "Internal server error", extensions)

    async def _ran(self, request: Request) -> Response:
        if not is_multipart(request):
            return await (self._stream(request) if is_wanted_by(request) else self.run(request))
        if self._uploads is None or is_wanted_by(request):
            raise HTTPException(415, "This takes no files.")
        request.state.multipart, form = await read_multipart(request, self._uploads)
        try:
            return await self.run(request)
        finally:
            await form.close()

    async def parse_multipart(self, request: AsyncHTTPRequestAdapter) -> dict[str, Any]:
        """What `_ran` has read already, within the limits."""
        assert isinstance(request, _Read)
        assert request.multipart is not None
        return _checked(request.multipart.operation)

    async def _stream(self, request: Request) -> Response:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            content = await request.body()
        try:
            body = self.parse_json(content)
        except json.JSONDecodeError as error:
            raise HTTPException(400, "Unable to parse request body as JSON") from error
        if not isinstance(body.get("query"), str) or not isinstance(body.get("variables"), dict | None):
            raise HTTPException(400, "`query` must be a string, `variables` an object or null.")
        operation = await self.get_context(request, Response())
        operation.last_event_id = last_event_id_of(request)
        return EventStreamResponse(events_of(self._schema, operation, body))

    def parse_json(self, data: str | bytes) -> Any:
        """The request's JSON object; anything else is refused here, before Strawberry takes it for one."""
        return _checked(super().parse_json(data))

    async def get_context(
        self,
        request: Request | WebSocket,
        response: Response | WebSocket,  # noqa: ARG002 - the base class's signature
    ) -> Operation:
        context: RequestContext = request.state.context
        session = self._database.unit(context)
        return Operation(
            request=context,
            session=session,
            loaders=Loaders(session),
            redis=self._redis,
            settings=self._settings,
            services=self._services,
        )

    async def execute_operation(self, *, context: Operation, **arguments: Any) -> Any:  # type: ignore[override]
        """Runs the operation, then commits or rolls back: the only place where that happens."""
        try:
            result = await self._executed(context, arguments)
            try:
                await context.session.commit()
            except (TransactionFailed, SQLAlchemyError, OSError) as error:
                # Reads are as good as they were. Writes were not kept, so nothing of the answer may claim them.
                if context.mutates:
                    cause = as_domain_error(error) or error
                    failed = GraphQLError("not committed", original_error=cause)
                    return ExecutionResult(data=None, errors=[shown(failed, context.request.request_id)])
            return result
        finally:
            await context.session.close()

    async def _executed(self, context: Operation, arguments: dict[str, Any]) -> Any:
        execute = partial(super().execute_operation, context=context, **arguments)
        key = context.request.idempotency_key
        if key is not None:
            request: Request = arguments["request"]
            multipart: Multipart | None = getattr(request.state, "multipart", None)
            body = await request.body() if multipart is None else multipart.said
            if is_mutation(body):
                return await once(context, self._name, key, body, execute)
        return await execute()


def _checked(parsed: Any) -> dict[str, Any]:
    if not isinstance(parsed, dict):
        raise HTTPException(400, "The request body must be a JSON object.")
    if not isinstance(parsed.get("operationName"), str | None):
        raise HTTPException(400, "`operationName` must be a string or null.")
    return parsed


def _error_response(status: int, code: str, message: str, extensions: dict[str, str] | None = None) -> Response:
    body = {"errors": [{"message": message, "extensions": {"code": code, **(extensions or {})}}]}
    return Response(json.dumps(body), status_code=status, media_type="application/json")
