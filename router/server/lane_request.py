"""One request that takes the fast lane, from its context to its answer: a state machine that is called back."""

import asyncio
import re
from collections.abc import Awaitable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from router.executor import CompiledPlan, Pending
from router.executor.compiled_plan import Response
from router.hooks import RequestContext
from router.server.exchange import Exchange
from router.server.heads import Head
from router.server.requests import GraphQLRequest
from router.server.responses import (
    GRAPHQL_RESPONSE_JSON,
    JSON,
    Rejected,
    codes_of,
    encoded,
    header_values,
    rejection_of,
    status_of,
)
from router.server.streams import finished, needs_a_stream, open_operation, rejection
from router.server.turns import SMALL_BYTES

if TYPE_CHECKING:
    from router.server.fast_lane import FastLane, KnownBody
    from router.server.http1 import LaneProtocol

__all__ = ["LaneRequest"]

HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
HEADER_VALUE = re.compile(r"[^\x00-\x08\x0a-\x1f\x7f]*")

LENGTH_OF = {
    media_type: f"\r\ncontent-type: {media_type}; charset=utf-8\r\ncontent-length: ".encode()
    for media_type in (JSON, GRAPHQL_RESPONSE_JSON)
}
"""By media type, the end of a head up to the length."""


class LaneRequest:
    """One request.

    Attributes:
        pending: what it waits for.
        compiled: what it runs.
        turn_bytes: what it counts for among those that run; see `Turns`.
        is_mutation: whether it runs to its end although the client is gone.
    """

    __slots__ = (
        "compiled", "context", "deadline", "head", "is_gone", "is_mutation", "known", "lane", "line", "pending",
        "request", "started", "turn_bytes",
    )  # fmt: skip

    def __init__(
        self,
        lane: "FastLane",
        line: "LaneProtocol",
        head: Head,
        known: "KnownBody",
        request: GraphQLRequest,
        context: RequestContext,
        started: float,
    ) -> None:
        self.lane = lane
        self.line = line
        self.head = head
        self.known = known
        self.request = request
        self.context = context
        self.started = started
        self.deadline = line.loop.time() + lane.timeout_s
        self.pending: Pending | asyncio.Task[None] | None = None
        self.compiled: CompiledPlan | None = None
        self.turn_bytes = 0
        self.is_mutation = False
        self.is_gone = False

    # ---- opening ----------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Let the hooks look at it, find its plan, run it. Nothing is raised: everything becomes an answer."""
        if self.lane.opens_in_full:
            self.pending = self.line.loop.create_task(self.open_in_full())
            return
        on_request = self.lane.on_request
        if on_request is not None:
            try:
                asking = on_request(self.context)
            except Exception as error:  # noqa: BLE001  the outermost handler
                self.refuse(error)
                return
            if asking is not None:
                self.pending = self.line.loop.create_task(self.open_after(asking))
                return
        self.open()

    async def open_after(self, asking: Awaitable[None]) -> None:
        try:
            async with asyncio.timeout_at(self.deadline):
                await asking
        except Exception as error:  # noqa: BLE001  the outermost handler
            self.refuse(error)
        else:
            self.open()

    def open(self) -> None:
        """Run it if its plan is there, else have that made."""
        lane, context = self.lane, self.context
        try:
            if self.request.document_id is not None:
                text = lane.persisted.known(self.request, context)
                if text is None:
                    self.pending = self.line.loop.create_task(self.fetch_document())
                    return
                self.use_document(text)
            ready = lane.found(self.known, self.request, context)
            if ready is None:
                self.pending = self.line.loop.create_task(self.prepare())
                return
            if lane.has_costs:
                lane.pipeline.judge(ready.entry, ready.variables, context)
            operation = ready.entry.operation
            plan = operation.plan
            context.operation_name = plan.operation_name
            context.operation_type = plan.operation_type
            context.plan_cache = "hit"
            if lane.on_plan is not None:
                lane.on_plan(context, plan)
        except Exception as error:  # noqa: BLE001  the outermost handler
            self.refuse(error)
        else:
            self.run(plan.operation_type, operation.compiled, ready.variables)

    async def fetch_document(self) -> None:
        try:
            async with asyncio.timeout_at(self.deadline):
                text = await self.lane.persisted.fetched(self.request, self.context)
        except Exception as error:  # noqa: BLE001  the outermost handler
            self.refuse(error)
        else:
            self.use_document(text)
            self.open()

    def use_document(self, text: str) -> None:
        """Go on as if the client had sent the document that it named."""
        self.context.query = text
        self.request = self.known.with_document(self.request, text)

    async def open_in_full(self) -> None:
        try:
            opened = await open_operation(self.lane.app, self.request, self.context)
        except Rejected as rejected:
            self.send_rejected(rejected)
        else:
            self.run(opened.operation.type, opened.operation.compiled, opened.operation.variables)

    async def prepare(self) -> None:
        try:
            async with asyncio.timeout_at(self.deadline):
                operation = await self.lane.pipeline.open(self.request, self.context)
        except Exception as error:  # noqa: BLE001  the outermost handler
            self.refuse(error)
        else:
            self.run(operation.type, operation.compiled, operation.variables)

    def run(self, operation_type: str, compiled: CompiledPlan, variables: Mapping[str, Any]) -> None:
        """Execute it, when its turn comes."""
        if operation_type != "query":
            if operation_type == "subscription":
                self.refuse_subscription()
                return
            self.is_mutation = True
        if compiled.response_bytes > SMALL_BYTES and not self.lane.turns.has_room:
            self.pending = self.lane.turns.wait(partial(self.start, compiled, variables))
        else:
            self.start(compiled, variables)

    def start(self, compiled: CompiledPlan, variables: Mapping[str, Any]) -> None:
        lane = self.lane
        self.compiled = compiled
        self.turn_bytes = compiled.response_bytes
        lane.turns.running_bytes += self.turn_bytes
        try:
            start = compiled.start
            if lane.sharing is not None and not self.is_mutation:
                start = partial(lane.sharing.start, compiled)
            pending = start(
                variables, self.context, lane.subgraphs, self.deadline, self.done, pass_through=lane.on_response is None
            )
        except Exception as error:  # noqa: BLE001  the outermost handler
            self.done(error)
        else:
            self.pending = pending

    def refuse_subscription(self) -> None:
        app = self.lane.app
        try:
            app.subscriptions.check(app.config)
        except Exception as error:  # noqa: BLE001  there are too many already
            self.refuse(error)
        else:
            self.send_rejected(needs_a_stream(app, self.context))

    def client_gone(self) -> None:
        """Stop working for nobody; but a mutation runs to its end."""
        self.is_gone = True
        if not self.is_mutation:
            if self.pending is not None:
                self.pending.cancel()
            self.lane.turns.running_bytes -= self.turn_bytes
            self.lane.app.finished(self.context, status=499, started=self.started, codes=[], size_bytes=0)

    # ---- answering --------------------------------------------------------------------------------------------------

    def done(self, response: Response) -> None:
        """Take what executing gave, and answer."""
        lane = self.lane
        lane.turns.running_bytes -= self.turn_bytes
        try:
            if isinstance(response, bytes):
                self.write(200, response, [])
                return
            rejected = None
            if isinstance(response, Exception):
                rejected = rejection_of(response, self.context.request_id)
                response = {"errors": rejected.errors}
            if lane.on_response is not None or "errors" in response:
                response, fault = finished(lane.app, self.context, response)
                rejected = fault or rejected
            self.send(response, rejected)
        except Exception as error:  # noqa: BLE001  who calls back has nothing to do with it
            self.fail(error)

    def refuse(self, error: Exception) -> None:
        """Answer with an error that ends the request before it is executed."""
        try:
            self.send_rejected(rejection(self.lane.app, error, self.context))
        except Exception as fault:  # noqa: BLE001
            self.fail(fault)

    def send_rejected(self, rejected: Rejected) -> None:
        self.send({"errors": rejected.errors}, rejected)

    def send(self, response: dict[str, Any], rejected: Rejected | None) -> None:
        media_type = self.head.media_type
        if rejected is None:
            status = status_of(response, media_type)
        else:
            self.context.response_headers.update(rejected.headers)
            status = rejected.status if media_type == GRAPHQL_RESPONSE_JSON else rejected.json_status
        try:
            body = encoded(response)
        except TypeError:  # not JSON, or too deep: rare enough for the other way
            self.line.answer_elsewhere(self, lambda exchange: exchange.answer(status, response, [self.context]))
        else:
            if self.compiled is not None:
                self.compiled.response_bytes = len(body)
            self.write(status, body, codes_of(response) if "errors" in response else [])

    def write(self, status: int, body: bytes, codes: list[str]) -> None:
        """Send an answer, if there is still somebody to send it to."""
        lane, line, context = self.lane, self.line, self.context
        lane.app.finished(context, status=status, started=self.started, codes=codes, size_bytes=len(body))
        if self.is_gone:
            return
        if len(body) >= lane.compress_from and self.is_compressed(len(body)):
            line.answer_elsewhere(self, lambda exchange: exchange.respond(status, body))
            return
        if status == 200 and not context.response_headers and not line.is_ending:
            answer = self.head.answer
            head = b"%b%b%b%d%b" % (
                answer.opening(line.server_state.default_headers),
                context.request_id.encode(),
                LENGTH_OF[self.head.media_type],
                len(body),
                answer.end,
            )
            line.answered(head, body)
            return
        values = header_values(context.request_id, self.head.media_type, context.response_headers)
        if "connection" in values or "transfer-encoding" in values or not all(map(is_header, values.items())):
            line.answer_elsewhere(self, lambda exchange: exchange.respond(status, body))
            return
        values["content-length"] = str(len(body))
        if line.is_ending:
            values["connection"] = "close"
        own = [(name.encode("latin-1"), value.encode("latin-1", "replace")) for name, value in values.items()]
        own = self.head.answer.completed(own)
        lines = [name + b": " + value for name, value in (*line.server_state.default_headers, *own)]
        line.answered(STATUS_LINE[status] + b"\r\n".join(lines) + b"\r\n\r\n", body)

    def is_compressed(self, size_bytes: int) -> bool:
        compression = self.lane.compression
        accept = self.head.headers.get("accept-encoding")
        return compression is not None and compression.coding(accept, size_bytes) is not None

    def fail(self, error: Exception) -> None:
        """Let the server deal with a fault while answering, most likely a hook's, as it does with an application's."""

        async def raised(_: Exchange) -> None:
            raise error

        self.line.answer_elsewhere(self, raised)


def is_header(header: tuple[str, str]) -> bool:
    """Whether a header can be sent as it is; what cannot is an error of whoever set it."""
    name, value = header
    return HEADER_NAME.fullmatch(name) is not None and HEADER_VALUE.fullmatch(value) is not None
