"""Running a compiled plan: a fetch starts the moment its own dependencies are merged; nothing waits for a level.

A run is a state machine: replies come by callback, and between two of them everything is plain function calls, so no
lock is needed, and no task or future is made. A reply is merged, and what became ready is prepared, in one go. While
requests are in flight, what became ready is held back until the event loop has handled the replies that are there
already, so that fetches which became ready together can share requests; nothing is ever waited for.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import copy_context
from functools import partial
from typing import Any

import orjson

from router.errors import SubgraphError
from router.executor.client import Sender
from router.executor.error_list import ErrorList
from router.executor.error_log import log_failure, log_masked
from router.executor.error_paths import ResponsePath
from router.executor.errors import ErrorExposure, failure_error
from router.executor.isolation import Next
from router.executor.merging import arrange, merge_entities
from router.executor.parts import Collected, CompiledFetch
from router.executor.passthrough import PassThrough
from router.executor.places import Places
from router.executor.positions import Position, conditions_hold
from router.executor.projection import IRREGULAR
from router.executor.regular import take_regular
from router.executor.replies import read_reply, unfit
from router.executor.reply_errors import ReplyErrors
from router.executor.representations import Target
from router.executor.requests import Requests, SubgraphRequest
from router.executor.running_loop import running_loop
from router.executor.transport import Pending
from router.hooks import RequestContext, SubgraphReply

__all__ = ["Run", "reported_failure"]

OnEnd = Callable[["Run", Exception | None], None]
"""Takes a run that has ended, and why it has no result."""


class Run:
    """One execution of a plan.

    Attributes:
        data: the merged response tree, by storage keys.
        errors: errors for the client.
        passed: the whole response's text, if it is a reply's own.
        is_tidy: whether the tree, once it is complete, is what the client gets; if it is not, it may be all the same.
        conditions: which conditions of the plan hold, by number.
        variables: of the request.
    """

    __slots__ = (
        "_collected", "_context", "_deadline", "_exposure", "_failed", "_fetches", "_held", "_in_flight", "_nulled",
        "_on_end", "_on_over", "_parts", "_pass", "_pending", "_ready", "_requests", "_root", "_scope", "_sent",
        "_subgraphs", "_targets", "conditions", "data", "errors", "is_tidy", "passed", "variables",
    )  # fmt: skip

    def __init__(
        self,
        fetches: Sequence[CompiledFetch],
        requests: Requests,
        root: Position,
        conditions: Sequence[bool],
        variables: Mapping[str, Any],
        context: RequestContext,
        subgraphs: Sender,
        exposure: ErrorExposure,
        deadline: float,
        on_end: OnEnd,
        pass_through: PassThrough | None = None,
        is_tidy: bool = False,
        on_over: Callable[[CompiledFetch], None] | None = None,
    ) -> None:
        self.data: dict[str, Any] = {}
        self.errors = ErrorList()
        self.passed: bytes | None = None
        self.is_tidy = is_tidy
        self.conditions = conditions
        self.variables = variables
        self._pass = pass_through
        self._on_end: OnEnd | None = on_end
        self._on_over = on_over
        self._fetches = fetches
        self._requests = requests
        self._root = root
        self._context = context
        self._subgraphs = subgraphs
        self._exposure = exposure
        self._deadline = deadline
        # Replies come in whatever context their connection was made in: hooks and tracing need the request's own.
        self._scope = copy_context()
        self._pending = [fetch.dependencies for fetch in fetches]
        self._ready = [fetch for fetch in fetches if not fetch.dependencies]
        self._collected: list[Collected] = []
        """What is ready, with its targets."""
        self._parts = [0] * len(fetches)
        """How many requests of each fetch are in flight."""
        self._in_flight: dict[int, tuple[SubgraphRequest, Pending]] = {}
        self._sent = 0
        self._held: asyncio.Handle | None = None
        """Prepares what is ready at the end of the event loop's round."""
        self._targets: dict[int, list[Target]] = {}
        """Targets that are known already, by the fetch for which they were collected."""
        self._failed: dict[int, SubgraphRequest] = {}
        """Requests that did not get all they asked for, by identity."""
        self._nulled: list[ResponsePath] = []

    def start(self) -> None:
        """Make all requests and merge all answers; `on_end` tells the end, perhaps before this returns.

        Errors of subgraphs go to `errors`.
        """
        try:
            self._send(self._prepared())
        except Exception as error:  # noqa: BLE001  it is not lost
            self._end(error)

    def resume(self, reply: SubgraphReply | Exception, pending: Pending) -> None:
        """Go on from where the plan's only fetch has been answered, whose request somebody else has made."""
        try:
            (request,) = self._prepared()
        except Exception as error:  # noqa: BLE001  it is not lost
            self._end(error)
            return
        self._sent = 1
        self._in_flight[1] = request, pending
        self._arrived(1, reply)

    def cancel(self) -> None:
        """End it: requests in flight are cancelled, and `on_end` is not called any more. Again is no harm."""
        self._on_end = self._on_over = None
        self._ready.clear()
        self._collected.clear()
        if self._held is not None:
            self._held.cancel()
            self._held = None
        in_flight, self._in_flight = self._in_flight, {}
        for _, pending in in_flight.values():
            pending.cancel()

    def _end(self, failure: Exception | None) -> None:
        on_end = self._on_end
        self.cancel()
        if on_end is not None:
            on_end(self, failure)

    def _send(self, requests: Iterable[SubgraphRequest]) -> None:
        """Send what can be sent; without anything to wait for, this is the end."""
        for request in requests:
            self._sent += 1
            number = self._sent
            pending = self._subgraphs.send(
                request.subgraph,
                request.body,
                request.operation_type,
                request.fetches,
                self._context,
                self._deadline,
                partial(self._scope.run, self._arrived, number),  # type: ignore[call-arg]  # the reply is to come
            )
            self._in_flight[number] = request, pending
        if not self._in_flight and self._held is None:
            self._end(None)

    def _arrived(self, number: int, reply: SubgraphReply | Exception) -> None:
        """Merge an answer, and send what can be sent now."""
        request, _ = self._in_flight.pop(number)
        try:
            if isinstance(reply, SubgraphReply):
                if self._pass is not None:
                    self.passed = self._pass.response(reply)
                    if self.passed is not None:
                        self._end(None)
                        return
                if not self.is_tidy or not take_regular(request, reply, self._targets):
                    self._take(request, reply)
            elif isinstance(reply, SubgraphError):
                self._fail(request, reply)
                if request.attempt is not None:
                    self._follow(request.attempt.search.failed(request))
            else:
                self._end(reply)
                return
            if request.attempt is None:
                self._answered(request)
            if self._ready:
                self._collect()
            if self._held is not None:
                return
            if not self._in_flight:
                self._send(self._prepared() if self._collected else ())
            elif self._collected:
                self._held = running_loop().call_soon(self._release, context=self._scope)
        except Exception as error:  # noqa: BLE001  it is not lost
            self._end(error)

    def _release(self) -> None:
        self._held = None
        try:
            self._send(self._prepared())
        except Exception as error:  # noqa: BLE001  it is not lost
            self._end(error)

    def _answered(self, request: SubgraphRequest) -> None:
        """Note that nothing more comes of a request."""
        parts = self._parts
        for number in request.fetches:
            parts[number] -= 1
            if not parts[number]:
                fetch = self._fetches[number]
                if fetch.dependents or self._on_over is not None:
                    self._over(fetch)

    def _take(self, request: SubgraphRequest, reply: SubgraphReply) -> None:
        try:
            data, errors = read_reply(request.subgraph, reply, has_custom_scalars=request.has_custom_scalars)
        except SubgraphError as failure:
            self._fail(request, failure)
            if request.attempt is not None:
                self._follow(request.attempt.search.failed(request))
            return
        if request.attempt is None:
            self._put(request, data, errors)
        else:
            self._follow(request.attempt.search.answered(request, data, errors))

    def _put(self, request: SubgraphRequest, data: dict[str, Any] | None, errors: Sequence[Any]) -> None:
        try:
            self._merge(request, data, errors)
        except RecursionError:  # lists nested a thousand times over
            self._fail(request, unfit(request.subgraph))

    def _follow(self, following: Next) -> None:
        """Do what follows from an answer in a search for representations that fail a request."""
        for request, data, errors in following.told:
            self._put(request, data, errors)
        for piece in following.pieces:
            for number in piece.fetches:
                self._parts[number] += 1
        if following.pieces:
            self._send(following.pieces)
        for request in following.over:
            self._answered(request)

    # ---- readiness ----

    def _over(self, fetch: CompiledFetch) -> None:
        """Make ready what waited for this fetch last."""
        if self._on_over is not None:
            self._on_over(fetch)
        for number in fetch.dependents:
            self._pending[number] -= 1
            if not self._pending[number]:
                self._ready.append(self._fetches[number])

    def _prepared(self) -> list[SubgraphRequest]:
        """Return requests for all fetches that are ready; those with nothing to send are over at once."""
        requests: list[SubgraphRequest] = []
        while True:
            if self._ready:
                self._collect()
            if not self._collected:
                break
            collected, self._collected = self._collected, []
            if len(collected) == 1:
                requests += self._composed(collected)
                continue
            collected.sort(key=lambda each: each.fetch.id)
            by_subgraph: dict[tuple[str, int | None], list[Collected]] = {}
            for ready in collected:
                if ready.fetch.call is None:
                    requests += self._composed([ready])
                else:
                    by_subgraph.setdefault((ready.fetch.subgraph, ready.fetch.deferred), []).append(ready)
            for together in by_subgraph.values():
                requests += self._composed(together)
        for request in requests:
            for number in request.fetches:
                self._parts[number] += 1
        return requests

    def _collect(self) -> None:
        """Find the targets of fetches that are ready, while the answer that made them so is still in the processor's
        caches. Fetches without targets are over, and more become ready.
        """
        while self._ready:
            fetch = self._ready.pop()
            targets: list[Target] = []
            values: list[tuple[Any, ...]] = []
            if not fetch.run_if or conditions_hold(fetch.run_if, self.variables):
                if fetch.collect is None:
                    targets.append(self.data)
                else:
                    known = self._targets.get(fetch.id if fetch.collected_by is None else fetch.collected_by)
                    if known is not None:
                        targets = known
                    else:
                        fetch.collect(self.data, targets, values)
                        if fetch.is_collected:
                            self._targets[fetch.id] = targets
            if targets:
                self._collected.append(Collected(fetch, targets, values))
            else:
                self._over(fetch)

    def _composed(self, together: Sequence[Collected]) -> list[SubgraphRequest]:
        """Return requests for one root fetch, or for entity fetches of one subgraph."""
        try:
            if together[0].fetch.call is None:
                return [self._requests.root(together[0], self.variables)]
            requests, idle = self._requests.entities(together, self.variables)
        except (RecursionError, orjson.JSONEncodeError):  # inputs nested hundreds of times over
            if len(together) > 1:
                return [request for each in together for request in self._composed([each])]
            self._say(unfit(together[0].fetch.subgraph), [()], together[0].fetch)
            requests, idle = [], [together[0].fetch]
        if idle or not requests[0].is_whole:
            self.is_tidy = False
        for fetch in idle:
            self._over(fetch)
        return requests

    # ---- answers ----

    def _merge(self, request: SubgraphRequest, data: dict[str, Any] | None, errors: Sequence[Any]) -> None:
        reports = self._reports(request) if errors else None
        if data is None:
            self._note_failed(request)
        else:
            for index, (call, owners) in enumerate(zip(request.calls, request.owners, strict=True)):
                entities = [data] if call.response_key is None else data.get(call.response_key)
                if isinstance(entities, list) and len(entities) == len(owners):
                    tidy = call.tidy if self.is_tidy else None
                    if tidy is not None:
                        try:
                            gathered = tidy.check(data if call.response_key is None else entities)
                        except IRREGULAR:
                            self.is_tidy, tidy = False, None
                        else:
                            self._targets.update(zip(tidy.gathers, gathered, strict=True))
                    if merge_entities(call.rule, owners, entities, tidy.moves if tidy is not None else ()):
                        if tidy is not None and tidy.wholes:
                            arrange(owners, tidy.wholes)
                        continue
                elif entities is None and errors:
                    self._note_failed(request)
                    continue
                self._fail(request, unfit(request.subgraph), index)
        if reports is not None:
            self.is_tidy = False
            reports.report(errors, data)
            self._nulled += reports.nulled
            if reports.is_failed:
                self._note_failed(request)
            if reports.masked:
                log_masked(reports.masked, request.subgraph, self._context)

    def _reports(self, request: SubgraphRequest) -> ReplyErrors:
        part = self._fetches[request.fetches[0]].deferred
        return ReplyErrors(request, self._places, self._exposure, self._context, self.errors, part)

    def _note_failed(self, request: SubgraphRequest) -> None:
        self._failed[id(request)] = request

    def _fail(self, request: SubgraphRequest, failure: SubgraphError, call: int | None = None) -> None:
        self._note_failed(request)
        self._say(failure, self._places.told_at(request, call), self._fetches[request.fetches[0]])

    def _say(self, failure: SubgraphError, paths: Sequence[ResponsePath], fetch: CompiledFetch) -> None:
        self.is_tidy = False
        for error in reported_failure(failure, paths, self._exposure, self._context):
            self.errors.add(error, fetch.deferred)

    # ---- where errors belong ----

    @property
    def _places(self) -> Places:
        return Places(self._root, self.data, self.conditions)

    def failed_paths(self) -> list[ResponsePath]:
        """Return response paths below which data is missing for reported reasons that do not name each place."""
        return self._nulled + self._places.missing(self._failed.values())


def reported_failure(
    failure: SubgraphError, paths: Sequence[ResponsePath], exposure: ErrorExposure, context: RequestContext
) -> list[dict[str, Any]]:
    """Return the client's errors, one for each path, for a request that failed as a whole; log the cause."""
    log_failure(failure, context)
    trace_id = None if exposure.exposes(failure.subgraph) else context.request_id
    return [failure_error(failure, path, trace_id=trace_id) for path in paths]
