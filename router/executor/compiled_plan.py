"""A plan that can be executed, as often and at the same time as is wanted: all requests share it."""

import asyncio
import math
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from functools import partial
from typing import Any

import orjson

from router.executor.client import Sender, SubgraphClient
from router.executor.delivered import copied
from router.executor.denials import Denials
from router.executor.errors import Covered, ErrorExposure, introspection_error, null_error
from router.executor.incremental import CompiledDeferred, Delivery, Project
from router.executor.introspection import Introspection
from router.executor.parts import Collected, CompiledFetch
from router.executor.passed_run import PassedRun
from router.executor.passthrough import PassThrough
from router.executor.positions import ConditionTable, Position, storage_keys
from router.executor.projection import IRREGULAR, Completion
from router.executor.requests import Requests
from router.executor.scheduler import OnEnd, Run, reported_failure
from router.executor.subscriptions import EventSender, Failure, SourceStream, open_source_stream
from router.executor.transport import Pending
from router.executor.writes import Writes
from router.hooks import RequestContext
from router.planner.plan import QueryPlan

__all__ = ["CompiledPlan", "OnDone", "Response", "response_of"]

Response = dict[str, Any] | bytes | Exception
"""A response map, a response's JSON text, or why there is neither."""

OnDone = Callable[[Response], None]


async def response_of(start: Callable[[OnDone], Pending]) -> dict[str, Any]:
    """Await what `CompiledPlan.start` gives; see `CompiledPlan.execute`."""
    done: asyncio.Future[Response] = asyncio.get_running_loop().create_future()

    def on_done(response: Response) -> None:
        # Who waits may be cancelled, and not yet have had its turn to say so, when the answer comes.
        if not done.done():
            done.set_result(response)

    pending = start(on_done)
    try:
        response = await done
    except asyncio.CancelledError:
        pending.cancel()
        raise
    if isinstance(response, Exception):
        raise response
    if isinstance(response, bytes):
        return {"data": orjson.Fragment(response[len(b'{"data":') : -1])}
    return response


class CompiledPlan:
    """A plan that can be executed.

    Attributes:
        plan: what it was made from.
        source: the generated Python text.
        response_bytes: how long the last response's text was, as far as who runs the plan notes it; 0 at first.
    """

    __slots__ = (
        "_complete", "_conditions", "_deferred", "_denials", "_exposure", "_fetches", "_introspections", "_keys",
        "_pass_through", "_project", "_project_apart", "_requests", "_root", "_writes", "plan",
        "response_bytes", "source",
    )  # fmt: skip

    def __init__(
        self,
        plan: QueryPlan,
        source: str,
        fetches: tuple[CompiledFetch, ...],
        requests: Requests,
        writes: Writes,
        root: Position,
        project: Project,
        project_apart: Project,
        conditions: ConditionTable,
        introspections: tuple[tuple[Introspection, int | None], ...],
        deferred: tuple[CompiledDeferred, ...],
        complete: Position,
        exposure: ErrorExposure,
        keys: tuple[str, ...] | None,
        denials: Denials | None,
    ) -> None:
        self.plan = plan
        self.response_bytes = 0
        self._denials = denials
        self._deferred = deferred
        self._complete = complete
        self.source = source
        self._fetches = fetches
        self._requests = requests
        self._writes = writes
        self._root = root
        self._project = project
        self._project_apart = project_apart
        self._conditions = conditions
        self._introspections = introspections
        self._exposure = exposure
        self._keys = keys
        """Of the response, if the merged tree may be it as it is."""
        is_alone = (
            denials is None
            and len(fetches) == 1
            and fetches[0].collect is None
            and not fetches[0].run_if
            and fetches[0].operation_type != "subscription"
        )
        self._pass_through = PassThrough(root) if is_alone else None

    def start(
        self,
        variables: Mapping[str, Any],
        context: RequestContext,
        subgraphs: Sender,
        deadline: float,
        on_done: OnDone,
        *,
        pass_through: bool = False,
    ) -> Pending:
        """Run the plan without a task: the response comes by callback.

        Args:
            variables: the request's variables as JSON values, validated, with the operation's defaults filled in.
            context: passed to hooks.
            subgraphs: makes the requests.
            deadline: by the event loop's clock; subgraphs that have not answered by then have failed.
            on_done: called exactly once unless the run is cancelled, perhaps before this returns: with the response
                map (`data`, and `errors` if there are any); with the response as JSON text; or with the exception that
                ended the request, which is `RequestRefused` or `TimeoutError` if it was a hook.
            pass_through: for callers that only serialise the response: it may be text, which is then a subgraph's own,
                and objects in it that are equal may be one object.
        """
        replies = self._pass_through if pass_through else None
        if replies is not None and replies.is_ready:
            fetch = self._fetches[0]
            try:
                body = self._requests.root_body(fetch, variables)
            except (RecursionError, orjson.JSONEncodeError):  # inputs nested hundreds of times over: a run says so
                pass
            else:
                return PassedRun(self, replies, fetch, body, variables, context, subgraphs, deadline, on_done)
        run = self.run(variables, context, subgraphs, deadline, on_done, replies, only_read=pass_through)
        run.start()
        return run

    def run(
        self,
        variables: Mapping[str, Any],
        context: RequestContext,
        subgraphs: Sender,
        deadline: float,
        on_done: OnDone,
        replies: PassThrough | None = None,
        *,
        only_read: bool = True,
    ) -> Run:
        """Return a run, not started. Arguments as for `start`.

        Args:
            replies: decides whether a reply is passed on.
            only_read: whether equal objects of the response may be one object.
        """
        return Run(
            self._fetches,
            self._requests,
            self._root,
            self._conditions.evaluate(variables),
            variables,
            context,
            subgraphs,
            self._exposure,
            deadline,
            partial(self._ended, on_done, only_read),
            replies,
            self._keys is not None,
        )

    async def execute(
        self,
        variables: Mapping[str, Any],
        context: RequestContext,
        subgraphs: Sender,
        *,
        deadline: float = math.inf,
        pass_through: bool = False,
    ) -> dict[str, Any]:
        """Run the plan; arguments as for `start`.

        Returns:
            The response map. With `pass_through` its `data` may be an `orjson.Fragment`.

        Raises:
            RequestRefused: a hook ended the request.
        """
        return await response_of(
            lambda on_done: self.start(variables, context, subgraphs, deadline, on_done, pass_through=pass_through)
        )

    async def create_source_stream(
        self, variables: Mapping[str, Any], context: RequestContext, subgraphs: SubgraphClient
    ) -> SourceStream:
        """Open the stream of a subscription's events; the caller must close it. Arguments as for `execute`.

        A subgraph that refuses or cannot be reached yields one event, which says so.

        Raises:
            RequestRefused: a hook ended the request.
        """
        request = self._requests.root(Collected(self._fetches[0], [{}], []), variables)
        return await open_source_stream(request, context, subgraphs)

    async def execute_event(
        self,
        event: Any,
        variables: Mapping[str, Any],
        context: RequestContext,
        subgraphs: SubgraphClient,
        *,
        deadline: float = math.inf,
    ) -> dict[str, Any]:
        """Run the plan for one event of its source stream; see `execute`."""
        if isinstance(event, Failure):
            return {"data": None, "errors": reported_failure(event.reason, [()], self._exposure, context)}
        return await self.execute(variables, context, EventSender(event, subgraphs), deadline=deadline)

    async def subscribe(
        self, variables: Mapping[str, Any], context: RequestContext, subgraphs: SubgraphClient
    ) -> AsyncGenerator[dict[str, Any]]:
        """Run a subscription: a response map per event. Each has its own state and errors; the next event is taken
        when the next response is asked for. Closing the generator ends the subscription. Arguments as for `execute`.

        Raises:
            RequestRefused: a hook ended the request.
        """
        async with aclosing(await self.create_source_stream(variables, context, subgraphs)) as source:
            async for event in source:
                yield await self.execute_event(event, variables, context, subgraphs)

    def _ended(self, on_done: OnDone, only_read: bool, run: Run, failure: Exception | None) -> None:
        response: Response
        if failure is not None:
            response = failure
        elif run.passed is not None:
            response = run.passed
        else:
            try:
                answers: Sequence[Any] = ()
                if self._introspections:
                    answers, errors = self._introspected(run.conditions, run.variables)
                    for error in errors:
                        run.errors.add(error)
                response = self._response(run, only_read, answers)
            except Exception as error:  # noqa: BLE001  it is not lost
                response = error
        on_done(response)

    def _introspected(
        self, conditions: Sequence[bool], variables: Mapping[str, Any]
    ) -> tuple[list[Any], list[dict[str, Any]]]:
        answers: list[Any] = []
        found: list[dict[str, Any]] = []
        for introspection, condition in self._introspections:
            is_asked = condition is None or conditions[condition]
            answer, errors = introspection.answer(variables) if is_asked else (None, ())
            answers.append(answer)
            found.extend(map(introspection_error, errors))
        return answers, found

    @property
    def is_incremental(self) -> bool:
        """Whether the result may be delivered in parts, by `deliver`."""
        return bool(self._deferred) or self._root.has_streams

    def deliver(
        self,
        variables: Mapping[str, Any],
        context: RequestContext,
        subgraphs: Sender,
        *,
        deadline: float = math.inf,
    ) -> Delivery:
        """Run the plan and deliver the result in parts: see `Delivery.payloads`. Arguments as for `start`."""
        conditions = self._conditions.evaluate(variables)
        answers, errors = self._introspected(conditions, variables)

        def make_run(on_end: OnEnd, on_over: Callable[[CompiledFetch], None]) -> Run:
            return Run(
                self._fetches,
                self._requests,
                self._complete,
                conditions,
                variables,
                context,
                subgraphs,
                self._exposure,
                deadline,
                on_end,
                on_over=on_over,
            )

        def null_at(path: tuple[str | int, ...], message: str) -> dict[str, Any]:
            return self._null_error(delivery.run, path, message, conditions)

        first = (self._root, self._project_apart)
        delivery = Delivery(
            make_run, self._fetches, first, self._deferred, conditions, variables, answers, errors, null_at,
            self._denials.told(conditions) if self._denials is not None else {},
        )  # fmt: skip
        return delivery

    def _response(self, run: Run, only_read: bool, introspection: Sequence[Any]) -> dict[str, Any]:
        data: dict[str, Any] | None
        conditions = run.conditions
        try:
            if run.is_tidy and self._keys is not None and len(run.data) == len(self._keys):
                data = {key: run.data[key] for key in self._keys}
                return {"data": data if only_read else copied(data)}
            project = self._project if only_read else self._project_apart
            data = project(run.data, conditions, introspection)
        except IRREGULAR:
            completion = Completion(conditions, introspection)
            data = completion.project(self._root, run.data)
            covered = Covered(run.errors.errors, run.failed_paths())
            missing = [(path, message) for path, message in completion.missing if path not in covered]
            run.errors.add_nulls(
                (*completion.errors, *missing), lambda path, message: self._null_error(run, path, message, conditions)
            )
        response: dict[str, Any] = {"data": data}
        if run.errors.errors:
            response["errors"] = run.errors.told()
        if self._denials is not None:
            self._denials.tell(response, conditions)
        return response

    def _null_error(
        self, run: Run, path: tuple[str | int, ...], message: str, conditions: Sequence[bool]
    ) -> dict[str, Any]:
        subgraphs = self._writes.subgraphs(storage_keys(self._complete, run.data, path, conditions))
        return null_error(message, path, next(iter(subgraphs)) if len(subgraphs) == 1 else None)
