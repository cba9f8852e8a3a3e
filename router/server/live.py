"""The subscriptions that run: how many there are, one's way from events to responses, and what a reload does to it.

When another supergraph or other settings take over, each subscription's operation is opened again, as if the client had
sent it now. If it is still valid, the subscription goes on: with the stream that runs, where the new plan asks the
subgraph for the same in the same place; else with a new stream, which is opened before the old one is closed. If not,
it ends with the reason.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from router.executor.sse_streams import LAST_EVENT_ID
from router.executor.subscriptions import Failure, SourceStream
from router.hooks import RequestContext, RequestRefused
from router.server.config import RouterConfig
from router.server.pipeline import Operation
from router.server.responses import Rejected, rejection_of

if TYPE_CHECKING:
    from router.server.app import RouterApp
    from router.server.streams import OpenOperation

__all__ = ["SCHEMA_RELOAD", "TOO_MANY", "LiveSubscription", "LiveSubscriptions", "stopping"]

TOO_MANY = "TOO_MANY_SUBSCRIPTIONS"
"""Code of the error for a subscription that this process has no room for."""

SCHEMA_RELOAD = "SUBSCRIPTION_SCHEMA_RELOAD"
"""Code of the error for a subscription that a new supergraph has no plan for."""

MOVED_TOGETHER = 20
"""Subscriptions that are opened again at the same time after a reload."""

_END = object()

logger = logging.getLogger("router.server")


class LiveSubscriptions:
    """All subscriptions of one router."""

    __slots__ = ("_all", "_moving", "is_draining")

    def __init__(self) -> None:
        self._all: set[LiveSubscription] = set()
        self.is_draining = False
        self._moving: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        return len(self._all)

    def check(self, config: RouterConfig) -> None:
        """
        Raises:
            Rejected: there are as many as there may be, or the server stops.
        """
        if self.is_draining:
            raise stopping()
        limit = config.subscriptions.max_open
        if len(self._all) >= limit:
            message = f"This server has {limit} subscriptions, as many as it takes."
            raise Rejected.one(TOO_MANY, message, status=503, json_status=200, headers={"retry-after": "5"})

    def enter(self, one: "LiveSubscription", config: RouterConfig) -> None:
        """Count one more; it must `leave`.

        Raises:
            Rejected: see `check`.
        """
        self.check(config)
        self._all.add(one)

    def leave(self, one: "LiveSubscription") -> None:
        self._all.discard(one)

    def move(self) -> None:
        """Let all subscriptions go on with what is served now; `moved` waits until they do."""
        if self._moving is not None:
            self._moving.cancel()
        self._moving = asyncio.get_running_loop().create_task(self._move()) if self._all else None

    async def moved(self) -> None:
        """Wait until the last `move` is done."""
        if self._moving is not None:
            await asyncio.wait({self._moving})

    def drain(self) -> None:
        """Begin no more, and end those that run with a word about it: the server stops."""
        self.is_draining = True
        for one in self._all:
            one.end(stopping())

    async def stop(self) -> None:
        """End what `move` has begun."""
        moving, self._moving = self._moving, None
        if moving is not None:
            moving.cancel()
            await asyncio.wait({moving})

    async def _move(self) -> None:
        waiting = list(self._all)

        async def work() -> None:
            while waiting:
                try:
                    await waiting.pop().move()
                except Exception as error:
                    logger.exception("a subscription could not be moved", exc_info=error)

        async with asyncio.TaskGroup() as group:
            for _ in range(min(MOVED_TOGETHER, len(waiting))):
                group.create_task(work())


class LiveSubscription:
    """One client's subscription."""

    __slots__ = ("_ending", "_source", "_waiting", "opened")

    def __init__(self, opened: "OpenOperation") -> None:
        self.opened = opened
        self._source: SourceStream | None = None
        self._ending: Rejected | None = None
        self._waiting: asyncio.Timeout | None = None

    @property
    def app(self) -> "RouterApp":
        return self.opened.app

    async def responses(self) -> AsyncGenerator[dict[str, Any]]:
        """Yield a response map per event; close the generator to stop. It raises nothing but cancellation."""
        opened = self.opened
        app, context, operation = opened.app, opened.context, opened.operation
        count = 0
        try:
            app.subscriptions.enter(self, app.config)
            async with asyncio.timeout_at(opened.deadline):
                self._source = await operation.compiled.create_source_stream(
                    operation.variables, context, opened.subgraphs
                )
            await self.move()  # something else may be served by now
            while (event := await self._next()) is not _END:
                count += 1
                context.log_fields["events"] = count
                response = await self._response(event, event_context(context, str(count)))
                yield response
                if opened.has_failed:
                    return
        except Exception as error:  # noqa: BLE001  the outermost handler: everything becomes a response
            opened.has_failed, opened.event_id = True, None
            yield opened.finished(context, opened.refused(error, context))
        finally:
            app.subscriptions.leave(self)
            if self._source is not None:
                await self._source.aclose()

    async def _next(self) -> Any:
        """The next event, or `_END`.

        Raises:
            Rejected: the subscription must end.
            RequestRefused: the client's credential has ended.
        """
        while True:
            if self._ending is not None:
                raise self._ending
            source = self._source
            assert source is not None
            event = _END
            try:
                async with asyncio.timeout(self._time_left()) as self._waiting:
                    event = await anext(source, _END)
            except TimeoutError:
                if self._ending is None and source is self._source:
                    if self._time_left() == 0:
                        message = "The token has expired: subscribe again."
                        raise RequestRefused(message, "TOKEN_EXPIRED", 401) from None
                    raise  # not ours
            finally:
                self._waiting = None
            if source is self._source and self._ending is None:
                self.opened.event_id = source.last_event_id
                return event

    def _time_left(self) -> float | None:
        """How long the client's credential is good for; None: for ever. Events ask, too, but there may be none."""
        expires_at = self.opened.context.expires_at
        return None if expires_at is None else max(0.0, expires_at - time.time())

    async def _response(self, event: Any, one: RequestContext) -> dict[str, Any]:
        """What the client gets for an event."""
        opened = self.opened
        operation, subgraphs = opened.operation, opened.subgraphs
        deadline = asyncio.get_running_loop().time() + opened.app.config.limits.request_timeout_s
        try:
            async with asyncio.timeout_at(deadline):
                await self._admit(one, operation)
            response = await operation.compiled.execute_event(
                event, operation.variables, one, subgraphs, deadline=deadline
            )
            opened.has_failed = isinstance(event, Failure)
        except Exception as error:  # noqa: BLE001
            response = opened.refused(error, one)
            opened.has_failed = isinstance(error, RequestRefused)
        opened.context.fetches += one.fetches
        return opened.finished(one, response)

    async def _admit(self, one: RequestContext, operation: Operation) -> None:
        """Ask again whether the client may have this event.

        Raises:
            RequestRefused: it may not, or sees another schema by now, or acts in another partition, or lost a right.
        """
        app, context = self.opened.app, self.opened.context
        if app.on_request is None:
            return
        # Whoever said it says it again, or it no longer holds.
        one.claims, one.scopes, one.policies, one.expires_at = None, None, (), None
        asking = app.on_request(one)
        if asking is not None:
            await asking
        await app.pipeline.access.check_again(operation.granted, one)
        if one.view != context.view or one.partition != context.partition:
            raise RequestRefused("The schema for this client has changed: subscribe again.", "VIEW_CHANGED", 409)

    # ---- reloads ----------------------------------------------------------------------------------------------------

    async def move(self) -> None:
        """Go on with what is served now, or end."""
        opened, app = self.opened, self.opened.app
        while opened.pipeline is not app.pipeline and self._source is not None and self._ending is None:
            pipeline, subgraphs = app.pipeline, app.subgraphs
            context = event_context(opened.context, "reload")
            source = None
            try:
                async with asyncio.timeout(app.config.limits.request_timeout_s):
                    operation = await pipeline.open(opened.request, context, is_again=True)
                    if not asks_the_same(opened.operation, operation) or not subgraphs.streams_alike(
                        opened.subgraphs, operation.compiled.plan.fetches[0].subgraph
                    ):
                        source = await operation.compiled.create_source_stream(
                            operation.variables, self._resuming(), subgraphs
                        )
            except Exception as error:  # noqa: BLE001
                rejected = rejection_of(error, context.request_id)
                if rejected.errors[0]["extensions"].get("code") == "PLANNER_OVERLOADED":
                    await asyncio.sleep(1)  # it goes on with the old plan as long as that
                    continue
                self.end(schema_reload(rejected))
                return
            opened.operation, opened.pipeline, opened.subgraphs = operation, pipeline, subgraphs
            if source is not None:
                await self._replace(source)

    def _resuming(self) -> RequestContext:
        """The client's context, for a stream that begins after the last event."""
        context, event_id = self.opened.context, self.opened.event_id
        if event_id is None:
            return context
        return replace(context, headers={**context.headers, LAST_EVENT_ID: event_id})

    async def _replace(self, source: SourceStream) -> None:
        old, self._source = self._source, source
        self._interrupt()
        if old is None:
            self._source = None  # it has ended meanwhile
            await source.aclose()
        else:
            await old.aclose()

    def end(self, ending: Rejected) -> None:
        """Send no more events but why there are no more."""
        self._ending = ending
        self._interrupt()

    def _interrupt(self) -> None:
        """Wake who waits for an event."""
        if self._waiting is not None:
            self._waiting.reschedule(0)


def asks_the_same(old: Operation, new: Operation) -> bool:
    """Whether both send the same to the same subgraph for their streams."""
    if not (old.compiled.plan.fetches and new.compiled.plan.fetches):
        return False  # there is nothing that the caller may have
    one, other = old.compiled.plan.fetches[0], new.compiled.plan.fetches[0]
    return (one.subgraph, one.operation_name, one.document, one.variables) == (
        other.subgraph,
        other.operation_name,
        other.document,
        other.variables,
    ) and all(old.variables.get(name, _END) == new.variables.get(name, _END) for name in one.variables)


def schema_reload(rejected: Rejected) -> Rejected:
    """Why a subscription does not go on, from why its operation was refused."""
    first = rejected.errors[0]
    extensions = {**first.get("extensions", {}), "code": SCHEMA_RELOAD}
    message = f"The schema has changed, and the subscription does not fit it any more: {first['message']}"
    return Rejected([{**first, "message": message, "extensions": extensions}], status=409, json_status=200)


def stopping() -> Rejected:
    """Why a server that is about to stop has no subscriptions."""
    message = "The server is about to stop: subscribe again."
    return Rejected.one("SERVER_STOPPING", message, status=503, json_status=200, headers={"retry-after": "1"})


def event_context(context: RequestContext, suffix: str) -> RequestContext:
    """The context of one event: its own in everything that hooks write to."""
    return replace(
        context,
        request_id=f"{context.request_id}-{suffix}",
        state=dict(context.state),
        response_headers={},
        log_fields=dict(context.log_fields),
        fetches=0,
    )
