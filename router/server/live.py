"""The subscriptions that run: how many there are, and one's way from events to responses."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from router.executor.subscriptions import Failure, SourceStream
from router.hooks import RequestContext, RequestRefused
from router.server.config import RouterConfig
from router.server.responses import Rejected

if TYPE_CHECKING:
    from router.server.streams import OpenOperation

__all__ = ["TOO_MANY", "LiveSubscription", "LiveSubscriptions"]

TOO_MANY = "TOO_MANY_SUBSCRIPTIONS"
"""Code of the error for a subscription that this process has no room for."""


class LiveSubscriptions:
    """All subscriptions of one router."""

    __slots__ = ("_all",)

    def __init__(self) -> None:
        self._all: set[LiveSubscription] = set()

    def __len__(self) -> int:
        return len(self._all)

    def check(self, config: RouterConfig) -> None:
        """
        Raises:
            Rejected: there are as many as there may be.
        """
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


class LiveSubscription:
    """One client's subscription."""

    __slots__ = ("_source", "opened")

    def __init__(self, opened: "OpenOperation") -> None:
        self.opened = opened
        self._source: SourceStream | None = None

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
            async for event in self._source:
                count += 1
                context.log_fields["events"] = count
                yield await self._response(event, event_context(context, count))
                if opened.has_failed:
                    return
        except Exception as error:  # noqa: BLE001  the outermost handler: everything becomes a response
            opened.has_failed = True
            yield opened.finished(context, opened.refused(error, context))
        finally:
            app.subscriptions.leave(self)
            if self._source is not None:
                await self._source.aclose()

    async def _response(self, event: Any, one: RequestContext) -> dict[str, Any]:
        """What the client gets for an event."""
        opened = self.opened
        operation = opened.operation
        deadline = asyncio.get_running_loop().time() + opened.app.config.limits.request_timeout_s
        try:
            async with asyncio.timeout_at(deadline):
                await self._admit(one)
            response = await operation.compiled.execute_event(
                event, operation.variables, one, opened.subgraphs, deadline=deadline
            )
            opened.has_failed = isinstance(event, Failure)
        except Exception as error:  # noqa: BLE001
            response = opened.refused(error, one)
            opened.has_failed = isinstance(error, RequestRefused)
        opened.context.fetches += one.fetches
        return opened.finished(one, response)

    async def _admit(self, one: RequestContext) -> None:
        """Ask again whether the client may have this event.

        Raises:
            RequestRefused: it may not, or sees another schema by now, or acts in another partition.
        """
        app, context = self.opened.app, self.opened.context
        if app.on_request is None:
            return
        asking = app.on_request(one)
        if asking is not None:
            await asking
        if one.view != context.view or one.partition != context.partition:
            raise RequestRefused("The schema for this client has changed: subscribe again.", "VIEW_CHANGED", 409)


def event_context(context: RequestContext, number: int) -> RequestContext:
    """The context of one event: its own in everything that hooks write to."""
    return replace(
        context,
        request_id=f"{context.request_id}-{number}",
        state=dict(context.state),
        response_headers={},
        log_fields=dict(context.log_fields),
        fetches=0,
    )
