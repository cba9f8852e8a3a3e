"""One operation's responses, one after the other, whichever transport carries them.

A query or a mutation has one, or, with `@defer` or `@stream`, several parts; a subscription has one per event. Hooks,
limits and time-outs apply as they do to a single response: everything that can go wrong after the operation has started
becomes a response map.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Any

from router.executor import SubgraphClient
from router.executor.client import Sender
from router.executor.increments import Payload, as_current
from router.hooks import RequestContext
from router.server.disconnect import DisconnectGuard
from router.server.live import LiveSubscription
from router.server.persisted import PersistedDocuments
from router.server.pipeline import Operation, Pipeline
from router.server.requests import GraphQLRequest
from router.server.responses import Rejected, complete_errors, rejection_of
from router.server.uploads import Uploads, UploadSender

if TYPE_CHECKING:
    from router.server.app import RouterApp

__all__ = ["OpenOperation", "finished", "needs_a_stream", "open_operation", "rejection"]


class OpenOperation:
    """An operation that may be executed, once: by `single` or by `responses`.

    Attributes:
        pipeline: which the operation was planned by; another one may serve by now.
        subgraphs: that belong to it.
        request: as it was planned, with its document.
        deadline: until when a single response must be there, by the event loop's clock.
        rejected: why there is no response but errors; None if there is one.
        event_id: of the event whose response came last, with which a client can resume after it; None if it has none.
        uploads: the files that come with the request.
        has_failed: whether the response that came last says why there are no more, instead of being an event's.
    """

    __slots__ = (
        "app", "context", "deadline", "event_id", "has_failed", "operation", "pipeline", "rejected", "request",
        "subgraphs", "uploads",
    )  # fmt: skip

    def __init__(
        self,
        app: "RouterApp",
        pipeline: Pipeline,
        subgraphs: SubgraphClient,
        request: GraphQLRequest,
        context: RequestContext,
        operation: Operation,
        deadline: float,
        uploads: Uploads | None = None,
    ) -> None:
        self.uploads = uploads
        self.app = app
        self.pipeline = pipeline
        self.subgraphs = subgraphs
        self.request = request
        self.context = context
        self.operation = operation
        self.deadline = deadline
        self.rejected: Rejected | None = None
        self.event_id: str | None = None
        self.has_failed = False

    @property
    def is_subscription(self) -> bool:
        return self.operation.type == "subscription"

    @property
    def is_incremental(self) -> bool:
        """Whether its result may come in parts."""
        return self.operation.is_incremental

    async def single(self) -> dict[str, Any]:
        """Execute a query or mutation to its one response map. It raises nothing but cancellation."""
        operation, context = self.operation, self.context
        subgraphs: Sender = self.subgraphs
        if self.uploads is not None and operation.upload_fetch is not None:
            subgraphs = UploadSender(self.subgraphs, self.uploads, operation.upload_fetch)
        try:
            sharing = self.app.sharing if operation.type == "query" else None
            compiled = operation.compiled
            response = await (compiled.execute if sharing is None else partial(sharing.execute, compiled))(
                operation.variables,
                context,
                subgraphs,
                deadline=self.deadline,
                pass_through=self.app.on_response is None,
            )
        except Exception as error:  # noqa: BLE001  the outermost handler: everything becomes a response
            response = self.refused(error, context)
        if self.uploads is not None and self.uploads.failure is not None:
            response = self.refused(self.uploads.failure, context)
        return self.finished(context, response)

    async def responses(self, form: Callable[[Payload], dict[str, Any]] = as_current) -> AsyncGenerator[dict[str, Any]]:
        """Yield response maps; close the generator to stop. It raises nothing but cancellation.

        Args:
            form: makes the map of a payload of a result in parts.
        """
        if self.is_subscription or self.is_incremental:
            source = LiveSubscription(self).responses() if self.is_subscription else self.payloads(form)
            async with aclosing(source) as responses:
                async for response in responses:
                    yield response
        else:
            yield await self.single()

    async def payloads(self, form: Callable[[Payload], dict[str, Any]]) -> AsyncGenerator[dict[str, Any]]:
        operation, context = self.operation, self.context
        delivery = operation.compiled.deliver(operation.variables, context, self.subgraphs, deadline=self.deadline)
        is_first = True
        async with aclosing(delivery.payloads()) as payloads:
            while True:
                try:
                    payload = await anext(payloads, None)
                except Exception as error:  # noqa: BLE001  the outermost handler: everything becomes a response
                    response = self.refused(error, context)
                    if not is_first:
                        response = form(delivery.abort(response["errors"]))
                    yield self.finished(context, response)
                    return
                if payload is None:
                    return
                is_first = False
                yield self.finished(context, form(payload))

    def refused(self, error: Exception, context: RequestContext) -> dict[str, Any]:
        self.rejected = rejection_of(error, context.request_id)
        return {"errors": self.rejected.errors}

    def finished(self, context: RequestContext, response: dict[str, Any]) -> dict[str, Any]:
        response, fault = finished(self.app, context, response)
        self.rejected = fault or self.rejected
        return response


def finished(
    app: "RouterApp", context: RequestContext, response: dict[str, Any]
) -> tuple[dict[str, Any], Rejected | None]:
    """A response as its client gets it, and why it is no result, if that was decided here: by `on_response`."""
    if response.keys() - {"data"}:
        complete_errors(response)
    if app.on_response is not None:
        try:
            app.on_response(context, response)
        except Exception as error:  # noqa: BLE001  the outermost handler: everything becomes a response
            rejected = rejection_of(error, context.request_id)
            return {"errors": rejected.errors}, rejected
    return response, None


async def open_operation(
    app: "RouterApp",
    request: GraphQLRequest,
    context: RequestContext,
    *,
    read_only: bool = False,
    incremental: bool = False,
    guard: DisconnectGuard | None = None,
) -> OpenOperation:
    """Let the hooks look at a request, and prepare its operation.

    Args:
        read_only: refuse mutations, because the request came by GET.
        incremental: heed `@defer` and `@stream`, because the client takes results in parts.
        guard: armed for everything but mutations, which run to their end.

    Raises:
        Rejected: the request ends here. `on_response` has seen the errors.
    """
    context.query = request.query
    context.operation_name = request.operation_name
    context.variables = request.variables
    timeout_s = app.config.limits.request_timeout_s
    if request.uploads is not None:
        incremental, guard, timeout_s = (
            False,
            None,
            app.config.uploads.timeout_s,
        )  # the body is not to be read by a guard
    deadline = asyncio.get_running_loop().time() + timeout_s
    try:
        async with asyncio.timeout_at(deadline):
            if app.on_request is not None:
                asking = app.on_request(context)
                if asking is not None:
                    await asking
            # Together: a new supergraph replaces both.
            pipeline, subgraphs = app.pipeline, app.subgraphs
            if app.persisted.concerns(request):
                request = await with_document(app.persisted, request, context)
            operation = await pipeline.open(request, context, read_only=read_only, incremental=incremental)
            if operation.type == "subscription":
                app.subscriptions.check(app.config)
    except Exception as error:
        raise rejection(app, error, context) from error
    if guard is not None and operation.type != "mutation":
        guard.arm()
    return OpenOperation(app, pipeline, subgraphs, request, context, operation, deadline, request.uploads)


async def with_document(
    persisted: PersistedDocuments, request: GraphQLRequest, context: RequestContext
) -> GraphQLRequest:
    """The request with the document that it names, if its client may send that.

    Raises:
        Rejected: it is unknown, or not for this client.
    """
    text = persisted.known(request, context)
    if text is None:
        text = await persisted.fetched(request, context)
    context.query = text
    return request.with_document(text)


def rejection(app: "RouterApp", error: Exception, context: RequestContext) -> Rejected:
    """What the client sees of an error that ends the request, once `on_response` has seen it."""
    rejected = rejection_of(error, context.request_id)
    if app.on_response is not None:
        response = {"errors": rejected.errors}
        try:
            app.on_response(context, response)
        except Exception as other:  # noqa: BLE001  the outermost handler
            return rejection_of(other, context.request_id)
        rejected.errors = response["errors"]
    return rejected


def needs_a_stream(app: "RouterApp", context: RequestContext) -> Rejected:
    """The refusal of a subscription whose client takes one response only."""
    message = (
        "A subscription needs a response in parts: send `Accept: text/event-stream`, or `multipart/mixed; "
        "subscriptionSpec=1.0`, or use a WebSocket with the subprotocol graphql-transport-ws."
    )
    error = Rejected.one("SUBSCRIPTION_NEEDS_A_STREAM", message, status=406, json_status=200)
    return rejection(app, error, context)
