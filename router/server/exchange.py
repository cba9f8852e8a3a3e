"""One HTTP request and its response: a single one, an array of them, or an event stream."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from starlette.types import Receive, Scope, Send

from router.hooks import RequestContext
from router.server.disconnect import DisconnectGuard
from router.server.requests import ClientGone, GraphQLRequest, read_get, read_post, refuse_forgeable
from router.server.responses import (
    EVENT_STREAM,
    GRAPHQL_RESPONSE_JSON,
    JSON,
    Rejected,
    accepts_event_stream,
    encoded,
    negotiate,
    rejection_of,
    status_of,
)
from router.server.sse import COMPLETE, KEEP_ALIVE, next_event, with_keep_alive
from router.server.streams import needs_a_stream, open_operation
from router.server.telemetry import log_access, new_request_id

if TYPE_CHECKING:
    from router.server.app import RouterApp

__all__ = ["Exchange", "new_context"]

METHODS = "GET, HEAD, OPTIONS, POST"
FIXED_HEADERS = {"cache-control": "no-store", "vary": "accept", "x-content-type-options": "nosniff"}


class Exchange:
    """One HTTP request and its response.

    Attributes:
        media_type: of the response.
        takes_json: whether the client accepts a single response.
        takes_stream: whether it accepts an event stream.
        codes: of the errors sent in one.
    """

    __slots__ = ("app", "codes", "context", "media_type", "receive", "send", "started", "takes_json", "takes_stream")

    def __init__(self, app: "RouterApp", context: RequestContext, receive: Receive, send: Send, started: float) -> None:
        self.app = app
        self.context = context
        self.receive = receive
        self.send = send
        self.started = started
        self.media_type = JSON
        self.takes_json = True
        self.takes_stream = False
        self.codes: list[str] = []

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
            self.negotiate(context.headers.get("accept"))
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
        elif self.takes_stream:
            await self.parts(requests)
        else:
            await self.single(requests)

    def negotiate(self, accept: str | None) -> None:
        self.takes_stream = accepts_event_stream(accept)
        try:
            self.media_type = negotiate(accept)
        except Rejected:
            if not self.takes_stream:
                raise
            self.media_type, self.takes_json = JSON, False

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
        """Run one operation to its one response; all its errors become part of it."""
        rejected: Rejected | None
        try:
            opened = await open_operation(self.app, request, context, read_only=context.method != "POST", guard=guard)
            if opened.is_subscription:
                raise needs_a_stream(self.app, context)
        except Rejected as error:
            rejected, response = error, {"errors": error.errors}
        else:
            response = await opened.single()
            rejected = opened.rejected
        return self.status(rejected, context, response), response

    def status(self, rejected: Rejected | None, context: RequestContext, response: dict[str, Any]) -> int:
        if rejected is None:
            return status_of(response, self.media_type)
        context.response_headers.update(rejected.headers)
        return rejected.status if self.media_type == GRAPHQL_RESPONSE_JSON else rejected.json_status

    async def parts(self, request: GraphQLRequest) -> None:
        """Answer a client that takes an event stream: with one if it takes nothing else, or for a subscription."""
        context, app = self.context, self.app
        sent: list[int] = []
        with DisconnectGuard(self.receive) as guard:
            try:
                opened = await open_operation(app, request, context, read_only=context.method != "POST", guard=guard)
            except Rejected as error:
                # Like a response of status 200, the errors of a well-formed request are an event.
                if self.takes_json or error.json_status != 200:
                    await self.answer(self.status(error, context, {}), {"errors": error.errors}, [context])
                    return
                sent = await self.event_stream(only({"errors": error.errors}))
            else:
                if self.takes_json and not opened.is_subscription:
                    response = await opened.single()
                    await self.answer(self.status(opened.rejected, context, response), response, [context])
                    return
                sent = await self.event_stream(opened.responses())
        status = 499 if guard.disconnected else 200
        log_access(context, status=status, started=self.started, codes=self.codes, size_bytes=sum(sent))

    async def event_stream(self, responses: AsyncGenerator[dict[str, Any]]) -> list[int]:
        """Send an event stream; returns the sizes of what was sent."""
        settings = self.app.config.event_stream
        sizes: list[int] = []

        async def send(body: bytes, *, more: bool = True) -> None:
            sizes.append(len(body))
            async with asyncio.timeout(settings.send_timeout_s):
                await self.send({"type": "http.response.body", "body": body, "more_body": more})

        self.media_type = EVENT_STREAM
        # Proxies that collect responses before they pass them on would hold events back.
        await self.start(200, {"x-accel-buffering": "no"})
        try:
            kept = with_keep_alive(responses, settings.keep_alive_s, lambda: send(KEEP_ALIVE))
            async with aclosing(kept) as alive:
                async for response in alive:
                    self.codes += [error["extensions"]["code"] for error in response.get("errors", ())]
                    try:
                        event = next_event(response)
                    except TypeError as error:
                        event = next_event({"errors": rejection_of(error, self.context.request_id).errors})
                    await send(event)
            await send(COMPLETE, more=False)
        except TimeoutError:
            pass  # the client does not read; returning without an end closes the connection
        return sizes

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
        values = {"content-length": str(len(body))} if status != 204 else {}
        await self.start(status, values, has_body=bool(body))
        # HEAD has the headers of GET, and no body.
        await self.send({"type": "http.response.body", "body": b"" if self.context.method == "HEAD" else body})

    async def start(self, status: int, more: Mapping[str, str], *, has_body: bool = True) -> None:
        context = self.context
        values = {**FIXED_HEADERS, "x-request-id": context.request_id}
        if has_body:
            values["content-type"] = f"{self.media_type}; charset=utf-8"
        for name, value in context.response_headers.items():
            values[name.lower()] = " ".join(value.splitlines())  # a line break would start another header
        values |= more
        headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in values.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})


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
        method=scope.get("method", "GET").upper(),  # a WebSocket begins as a GET
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


async def only(response: dict[str, Any]) -> AsyncGenerator[dict[str, Any]]:
    yield response
