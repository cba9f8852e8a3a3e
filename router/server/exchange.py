"""One HTTP request and its response: a single one, an array of them, or one in parts."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from starlette.types import Receive, Send

from router.executor.increments import as_current
from router.hooks import RequestContext
from router.server.contexts import part_of
from router.server.disconnect import DisconnectGuard
from router.server.metrics.exposition import exposed
from router.server.part_formats import (
    EVENT_STREAM,
    PartFormat,
    accepted_events,
    multipart_of,
    with_keep_alive,
)
from router.server.requests import ClientGone, GraphQLRequest, read_get, read_post, refuse_forgeable
from router.server.reservations import is_reservation, stream_token
from router.server.responses import (
    GRAPHQL_RESPONSE_JSON,
    JSON,
    Rejected,
    codes_of,
    encoded,
    header_values,
    negotiate,
    rejection_of,
    status_of,
    substitute,
)
from router.server.streams import OpenOperation, needs_a_stream, open_operation
from router.server.traffic.admission import Admission
from router.server.uploads import Uploads

if TYPE_CHECKING:
    from router.server.app import RouterApp

__all__ = ["Exchange"]

METHODS = "GET, HEAD, OPTIONS, POST"


class Exchange:
    """One HTTP request and its response.

    Attributes:
        media_type: of the response.
        takes_json: whether the client accepts a single response.
        events: how it accepts the events of a subscription, if it does.
        increments: how it accepts a result in parts, if it does.
        codes: of the errors sent in parts.
        admission: counts this request, until it is answered or becomes a stream of events; None if nobody does.
        uploads: the files that come with the request.
    """

    __slots__ = (
        "admission", "app", "codes", "context", "events", "increments", "media_type", "receive", "send", "started",
        "takes_json", "uploads",
    )  # fmt: skip

    def __init__(self, app: "RouterApp", context: RequestContext, receive: Receive, send: Send, started: float) -> None:
        self.app = app
        self.context = context
        self.receive = receive
        self.send = send
        self.started = started
        self.media_type = JSON
        self.takes_json = True
        self.events: PartFormat | None = None
        self.increments: PartFormat | None = None
        self.codes: list[str] = []
        self.admission: Admission | None = None
        self.uploads: Uploads | None = None

    @property
    def methods(self) -> str:
        """What may be sent to where GraphQL is served."""
        return f"DELETE, {METHODS}, PUT" if self.app.config.event_stream.single_connection else METHODS

    async def health(self) -> None:
        if self.context.method not in ("GET", "HEAD"):
            await self.reject(only_get())
            return
        await self.respond(200, b'{"status":"UP"}')

    async def ready(self) -> None:
        if self.context.method not in ("GET", "HEAD"):
            await self.reject(only_get())
            return
        status, parts = self.app.readiness()
        word = b"READY" if status == 200 else b"NOT READY"
        await self.respond(status, b'{"status":"%b","parts":%b}' % (word, encoded(parts)))

    async def metrics(self) -> None:
        if self.context.method not in ("GET", "HEAD"):
            await self.reject(only_get())
            return
        body, content_type = exposed(await self.app.families(), self.context.headers.get("accept"))
        self.context.response_headers["content-type"] = content_type
        await self.respond(200, body)

    async def callback(self, id_: str) -> None:
        """Take what a subgraph sends for the subscription with this id."""
        try:
            await self.app.workshop.open_streams.desk.handle(self, id_)
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001  the outermost handler: everything becomes a response
            await self.reject(rejection_of(error, self.context.request_id))

    async def graphql(self, query_string: bytes) -> None:
        context = self.context
        try:
            if context.method == "OPTIONS":
                context.response_headers["allow"] = self.methods
                await self.respond(204, b"")
                return
            self.media_type = GRAPHQL_RESPONSE_JSON
            self.negotiate(context.headers.get("accept"))
            if not self.app.started:
                await self.app.startup()
            if self.app.config.event_stream.single_connection:
                token = stream_token(context, query_string)
                if token is not None or is_reservation(context):
                    self.enter()
                    await self.app.reservations.handle(self, token, query_string)
                    return
            if self.app.admission is not None:
                self.app.admission.check()
            requests = await self.read(query_string)
            self.uploads = None if isinstance(requests, list) else requests.uploads
        except ClientGone:
            return
        except Exception as error:  # noqa: BLE001  the outermost handler: everything becomes a response
            await self.reject(rejection_of(error, context.request_id))
            return
        if isinstance(requests, list):
            await self.batch(requests)
        elif self.events is not None or self.increments is not None:
            await self.parts(requests)
        else:
            await self.single(requests)

    def enter(self) -> None:
        """Count this request, whose body is there.

        Raises:
            Rejected: it is too many.
        """
        if self.app.admission is not None:
            self.app.admission.enter()
            self.admission = self.app.admission

    def leave(self) -> None:
        """Make room for another request; again is no harm."""
        admission, self.admission = self.admission, None
        if admission is not None:
            admission.leave()

    def negotiate(self, accept: str | None) -> None:
        self.events = accepted_events(accept)
        self.increments = multipart_of(accept) or (EVENT_STREAM if self.events is EVENT_STREAM else None)
        try:
            self.media_type = negotiate(accept)
        except Rejected:
            if self.events is None and self.increments is None:
                raise
            self.media_type, self.takes_json = JSON, False

    async def read(self, query_string: bytes) -> GraphQLRequest | list[GraphQLRequest | Rejected]:
        context, config = self.context, self.app.config
        if context.method == "POST":
            return await read_post(context.headers, self.receive, config, self.enter)
        if context.method in ("GET", "HEAD"):
            refuse_forgeable(context.headers, config)
            self.enter()
            return read_get(query_string)
        message = f"GraphQL is served by POST and GET, not {context.method}."
        raise Rejected.one("METHOD_NOT_ALLOWED", message, status=405, headers={"allow": self.methods})

    async def single(self, request: GraphQLRequest) -> None:
        with DisconnectGuard(self.receive) as guard:
            status, response = await self.operation(request, self.context, guard)
        if guard.disconnected:
            self.app.finished(self.context, status=499, started=self.started, codes=[], size_bytes=0)
            return
        await self.answer(status, response, [self.context])

    async def batch(self, requests: list[GraphQLRequest | Rejected]) -> None:
        contexts = [part_of(self.context, index) for index in range(len(requests))]
        pairs = zip(requests, contexts, strict=True)
        answers = await asyncio.gather(*(self.operation(request, context, None) for request, context in pairs))
        for context in contexts:
            self.context.response_headers.update(context.response_headers)
        await self.answer(200, [response for _, response in answers], contexts)

    async def operation(
        self, request: GraphQLRequest | Rejected, context: RequestContext, guard: DisconnectGuard | None
    ) -> tuple[int, dict[str, Any]]:
        """Run one operation to its one response; all its errors become part of it."""
        rejected: Rejected | None
        try:
            if isinstance(request, Rejected):
                raise request
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
        """Answer a client that takes responses in parts, in parts or not."""
        context, app = self.context, self.app
        sent: int | None = 0  # a client that hangs up early gets nothing
        with DisconnectGuard(self.receive) as guard:
            try:
                opened = await open_operation(
                    app,
                    request,
                    context,
                    read_only=context.method != "POST",
                    incremental=self.increments is not None,
                    guard=guard,
                )
                form = self.form_of(opened)
            except Rejected as error:
                sent = await self.refuse(error)
            else:
                responses = opened.responses(form.form if form is not None else as_current)
                if form is not None and opened.is_subscription:
                    sent = await self.send_parts(form, responses, opened)
                else:
                    sent = await self.first_of(opened, form, responses)
        if sent is not None:
            status = 499 if guard.disconnected else 200
            self.app.finished(context, status=status, started=self.started, codes=self.codes, size_bytes=sent)

    async def refuse(self, rejected: Rejected) -> int | None:
        """Tell why there is no response. Errors of well-formed requests are a part, for who takes nothing else."""
        response = {"errors": rejected.errors}
        form = self.events or self.increments
        if form is not None and not self.takes_json and rejected.json_status == 200:
            return await self.send_parts(form, only(response))
        await self.answer(self.status(rejected, self.context, response), response, [self.context])
        return None

    async def first_of(
        self, opened: OpenOperation, form: PartFormat | None, responses: AsyncGenerator[dict[str, Any]]
    ) -> int | None:
        """Send a result, in one part if there is only one; else returns the size of all."""
        async with aclosing(responses):
            first = await anext(responses)
            if form is not None and ("hasNext" in first or not self.takes_json) and opened.rejected is None:
                return await self.send_parts(form, continued(first, responses))
        await self.answer(self.status(opened.rejected, self.context, first), first, [self.context])
        return None

    def form_of(self, opened: OpenOperation) -> PartFormat | None:
        """How to write the parts of an operation's response; None: it has only one.

        Raises:
            Rejected: the operation is a subscription, and the client takes no events.
        """
        if opened.is_subscription:
            if self.events is None:
                raise needs_a_stream(self.app, self.context)
            return self.events
        if opened.is_incremental:
            return self.increments
        return None if self.takes_json else self.increments or self.events

    async def send_parts(
        self, form: PartFormat, responses: AsyncGenerator[dict[str, Any]], opened: OpenOperation | None = None
    ) -> int:
        """Send a response in parts; returns its size.

        Args:
            opened: the subscription that they are the events of.
        """
        if opened is not None:
            self.leave()
        settings = self.app.config.event_stream
        size = 0
        opening = form.opening

        async def send(body: bytes, *, more: bool = True) -> None:
            nonlocal size
            size += len(body)
            async with asyncio.timeout(settings.send_timeout_s):
                await self.send({"type": "http.response.body", "body": body, "more_body": more})

        async def send_part(part: bytes) -> None:
            nonlocal opening
            beginning, opening = opening, b""
            await send(beginning + part)

        async def keep_alive() -> None:
            if form.keep_alive:
                await send_part(form.keep_alive)

        # Proxies that collect responses before they pass them on would hold parts back.
        await self.start(200, {"content-type": form.content_type, "x-accel-buffering": "no"})
        try:
            async with aclosing(with_keep_alive(responses, settings.keep_alive_s, keep_alive)) as alive:
                async for response in alive:
                    self.codes += codes_of(response)
                    event_id, is_failure = (opened.event_id, opened.has_failed) if opened is not None else (None, False)
                    try:
                        part = form.written(response, event_id, is_failure=is_failure)
                    except TypeError as error:
                        part = form.written(substitute(response, error, self.context.request_id)[1], event_id)
                    await send_part(part)
            await send(opening + form.closing, more=False)
        except TimeoutError:
            pass  # the client does not read; returning without an end closes the connection
        return size

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
        except TypeError:
            status, response = self.writable(status, response)
            body = encoded(response)
        responses = response if isinstance(response, list) else [response] * len(contexts)
        for context, part in zip(contexts, responses, strict=True):
            codes = codes_of(part)
            self.app.finished(context, status=status, started=self.started, codes=codes, size_bytes=len(body))
        await self.respond(status, body)

    def writable(
        self, status: int, response: dict[str, Any] | list[dict[str, Any]]
    ) -> tuple[int, dict[str, Any] | list[dict[str, Any]]]:
        """Replace what cannot be written; returns status and response."""
        sent = []
        for each in response if isinstance(response, list) else [response]:
            try:
                encoded([each])
            except TypeError as error:
                fault, instead = substitute(each, error, self.context.request_id)
                if fault is not None:
                    status = fault
                elif not isinstance(response, list):
                    status = status_of(instead, self.media_type)
                sent.append(instead)
            else:
                sent.append(each)
        return status, sent if isinstance(response, list) else sent[0]

    async def respond(self, status: int, body: bytes) -> None:
        values: dict[str, str] = {}
        compression = self.app.compression
        if compression is not None:
            coding = compression.coding(self.context.headers.get("accept-encoding"), len(body))
            if coding is not None:
                body = await compression.compressed(body, coding)
                values["content-encoding"] = coding
        if status != 204:
            values["content-length"] = str(len(body))
        await self.start(status, values, has_body=bool(body))
        # HEAD has the headers of GET, and no body.
        await self.send({"type": "http.response.body", "body": b"" if self.context.method == "HEAD" else body})

    async def start(self, status: int, more: Mapping[str, str], *, has_body: bool = True) -> None:
        context = self.context
        media_type = self.media_type if has_body else None
        is_read = self.uploads is None or self.uploads.is_finished
        values = header_values(context.request_id, media_type, context.response_headers, is_read=is_read)
        values.update(more)
        headers = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in values.items()]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})


def only_get() -> Rejected:
    return Rejected.one("METHOD_NOT_ALLOWED", "Use GET.", status=405, headers={"allow": "GET, HEAD"})


async def only(response: dict[str, Any]) -> AsyncGenerator[dict[str, Any]]:
    yield response


async def continued(first: dict[str, Any], rest: AsyncGenerator[dict[str, Any]]) -> AsyncGenerator[dict[str, Any]]:
    yield first
    async for response in rest:
        yield response
