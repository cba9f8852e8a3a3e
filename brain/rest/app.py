"""The ASGI side: which route a request is for, and its way through the router."""

import json
import re
from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes

from graphql import GraphQLSchema
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from brain.in_process import Exchange, graphql_scope
from brain.rest.answers import answer
from brain.rest.cors import RestCors
from brain.rest.openapi import openapi_document
from brain.rest.parameters import read_body, read_variables
from brain.rest.problems import Problem
from brain.rest.routes import PREFIX, RestRoute, load_routes
from router import RouterConfig

__all__ = ["rest_routes"]

_DOCUMENT = ("openapi.json",)
_MAX_BODY_BYTES = 1_000_000
# Those of the connection and of this body are not those of the request to the graph.
_OWN = frozenset(
    {
        b"accept",
        b"accept-encoding",
        b"connection",
        b"content-encoding",
        b"content-length",
        b"content-type",
        b"cookie",
        b"expect",
        b"keep-alive",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)


def rest_routes(
    router: ASGIApp, schema: Callable[[], GraphQLSchema], settings: Callable[[], RouterConfig]
) -> list[Mount]:
    """The routes below `PREFIX`.

    Args:
        router: answers the operations.
        schema: that it serves now, for the OpenAPI document.
        settings: by which it serves now, for CORS.

    Raises:
        RoutesInvalid: the routes do not fit together.
    """
    routes = load_routes()
    methods = frozenset({"GET", "HEAD"}.union(route.method for route in routes))
    return [_Below(PREFIX, app=RestCors(_Rest(router, schema, routes), settings, methods))]


class _Below(Mount):
    """A mount that takes paths with line ends in them, too: as what is below it, they are its to refuse."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        super().__init__(path, app=app)
        self.path_regex = re.compile(self.path_regex.pattern, re.DOTALL)


class _Rest:
    def __init__(self, router: ASGIApp, schema: Callable[[], GraphQLSchema], routes: Sequence[RestRoute]) -> None:
        self._router = router
        self._schema = schema
        self._routes = routes
        self._described: tuple[GraphQLSchema, dict[str, Any]] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except Problem as problem:
            response = problem.response()
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        segments = _segments(request.scope)
        if segments == _DOCUMENT:
            return self._document(request.method)
        route, path = self._find(request.method, segments)
        _check_acceptable(request.headers.get("accept"))
        query = parse_qsl(
            request.scope["query_string"].decode("latin-1"), keep_blank_values=True, errors="surrogateescape"
        )
        body = None
        if route.method not in {"GET", "DELETE"}:
            body = read_body(request.headers.get("content-type"), await _content(request))
        variables = read_variables(route, path, query, body)
        content = {"query": route.document, "operationName": route.operation, "variables": variables}
        headers = [(name, value) for name, value in request.scope["headers"] if name not in _OWN]
        headers += [(b"content-type", b"application/json"), (b"accept", b"application/json")]
        exchange = Exchange(self._router, graphql_scope(request, headers), json.dumps(content).encode())
        try:
            found = json.loads(await exchange.content())
        except ValueError:
            found = {}
        return answer(route, _own_path(request.scope), query, exchange.status, found, exchange.headers)

    def _find(self, method: str, segments: tuple[str, ...]) -> tuple[RestRoute, dict[str, str]]:
        """The route, and the values of its placeholders.

        Raises:
            Problem: there is none, or none for this method.
        """
        wanted = "GET" if method == "HEAD" else method
        allowed: list[str] = []
        for route in self._routes:
            path = _match(route.segments, segments)
            if path is None:
                continue
            if route.method == wanted:
                return route, path
            allowed.append(route.method)
        if not allowed:
            raise Problem("NOT_FOUND", "There is no such resource; /rest/v1/openapi.json lists all.")
        raise _wrong_method(allowed)

    def _document(self, method: str) -> Response:
        if method not in {"GET", "HEAD"}:
            raise _wrong_method(["GET"])
        schema = self._schema()
        if self._described is None or self._described[0] is not schema:
            self._described = schema, openapi_document(self._routes, schema)
        return JSONResponse(self._described[1], headers={"cache-control": "no-cache"})


def _wrong_method(allowed: list[str]) -> Problem:
    methods = sorted({*allowed, *(("HEAD",) if "GET" in allowed else ())})
    allow = ", ".join(methods)
    return Problem("METHOD_NOT_ALLOWED", f"Use one of: {allow}.", headers={"allow": allow})


def _own_path(scope: Scope) -> str:
    """The request's path as it came: ids of a shop may have a slash in them, which is escaped there."""
    raw = scope.get("raw_path") or scope["path"].encode()
    return bytes(raw).partition(b"?")[0].decode("latin-1")


def _segments(scope: Scope) -> tuple[str, ...]:
    """Of the path below the prefix, each unescaped by itself."""
    path = _own_path(scope)
    below = path[path.find(PREFIX) + len(PREFIX) :]
    return tuple(
        unquote_to_bytes(part).decode("utf-8", "surrogateescape") for part in below.removeprefix("/").split("/")
    )


def _match(route: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    if len(route) != len(segments):
        return None
    found: dict[str, str] = {}
    for own, given in zip(route, segments, strict=True):
        if own.startswith("{"):
            if not given:
                return None
            found[own[1:-1]] = given
        elif own != given:
            return None
    return found


def _check_acceptable(accept: str | None) -> None:
    """Raises `Problem` for who takes no JSON."""
    if not accept:
        return
    for part in accept.lower().split(","):
        media_type, *parameters = (piece.strip() for piece in part.split(";"))
        refused = any(parameter.replace(" ", "") in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for parameter in parameters)
        if media_type in {"*/*", "application/*", "application/json"} and not refused:
            return
    raise Problem("NOT_ACCEPTABLE", "Answers are `application/json`; accept it.")


async def _content(request: Request) -> bytes:
    """The request's body.

    Raises:
        Problem: it is too large.
    """
    content = b""
    async for chunk in request.stream():
        content += chunk
        if len(content) > _MAX_BODY_BYTES:
            raise Problem("REQUEST_TOO_LARGE", f"A body has at most {_MAX_BODY_BYTES} bytes.")
    return content
