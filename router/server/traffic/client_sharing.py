"""Equal queries of clients that are under way at the same time are executed once.

It stands between whoever has opened an operation and the compiled plan, so hooks, limits and access rules have looked
at every request by itself, and each still gets its own headers, request id, log line and `on_response`.
"""

import json
import math
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any

import orjson

from router.executor import CompiledPlan, Pending, Response
from router.executor.client import Sender
from router.executor.compiled_plan import OnDone, response_of
from router.executor.running_loop import running_loop
from router.hooks import RequestContext
from router.server.traffic.flights import Flight, Waiter

__all__ = ["ClientSharing"]

OWN_HEADERS = frozenset({"x-request-id", "traceparent", "tracestate", "content-length"})
"""They tell one request from another, and change no answer."""

UNSEEN_HEADERS = frozenset(
    {
        "accept", "accept-encoding", "accept-language", "apollographql-client-name", "apollographql-client-version",
        "cache-control", "connection", "content-type", "dnt", "host", "keep-alive", "origin", "pragma", "priority",
        "referer", "sec-ch-ua", "sec-ch-ua-mobile", "sec-ch-ua-platform", "sec-fetch-dest", "sec-fetch-mode",
        "sec-fetch-site", "user-agent", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto",
        "x-real-ip",
    }
)  # fmt: skip
"""They change no answer either, if neither a hook nor a subgraph gets to see them."""


class ClientSharing:
    """Executes equal queries once.

    Equal means: the same plan (so the same document but for its layout, operation name, view, labels and rights) with
    the same variables, of the same partition, with the same headers, but for those that cannot make a difference. If a
    hook sees requests, what it knows of the caller (address, `caller`, the document's text) must be the same as well,
    unless it says by `RequestContext.share_key` what requests must have in common; what goes on to subgraphs counts all
    the same.

    Args:
        propagated: names of the headers that go on to subgraphs, lower case.
        has_hooks: whether a hook sees requests while they are executed or their responses.
        ignored: further names of headers that make no difference.
        claims: names of the caller's claims that go on to subgraphs.

    Attributes:
        shared: requests that were answered by another one's execution.
    """

    __slots__ = ("_claims", "_flights", "_has_hooks", "_ignored", "_propagated", "shared")

    def __init__(
        self,
        propagated: Iterable[str],
        *,
        has_hooks: bool,
        ignored: Iterable[str] = (),
        claims: Iterable[str] = (),
    ) -> None:
        self._claims = tuple(sorted(set(claims)))
        self._flights: dict[Hashable, _Flight] = {}
        self.shared = 0
        self._propagated = tuple(sorted(set(propagated) - OWN_HEADERS))
        self._has_hooks = has_hooks
        seen = set() if has_hooks else UNSEEN_HEADERS - set(self._propagated)
        self._ignored = frozenset({*OWN_HEADERS, *seen, *ignored})

    def start(
        self,
        compiled: CompiledPlan,
        variables: Mapping[str, Any],
        context: RequestContext,
        subgraphs: Sender,
        deadline: float,
        on_done: OnDone,
        *,
        pass_through: bool = False,
    ) -> Pending:
        """Run a query's plan, or wait for an equal one that runs; see `CompiledPlan.start`."""
        key = self.key(compiled, variables, context, pass_through=pass_through)
        if key is None:
            return compiled.start(variables, context, subgraphs, deadline, on_done, pass_through=pass_through)
        waiter = _Waiter(context, deadline, on_done)
        flight = self._flights.get(key)
        if flight is not None:
            self.shared += 1
            flight.join(waiter)
            context.log_fields["shared_with"] = flight.request_id
        else:
            flight = self._flights[key] = _Flight(self._flights, key, compiled, variables, subgraphs, pass_through)
            flight.join(waiter)
            flight.begin()
        return waiter

    async def execute(
        self,
        compiled: CompiledPlan,
        variables: Mapping[str, Any],
        context: RequestContext,
        subgraphs: Sender,
        *,
        deadline: float = math.inf,
        pass_through: bool = False,
    ) -> dict[str, Any]:
        """The same for who awaits; see `CompiledPlan.execute`."""
        return await response_of(
            lambda on_done: self.start(
                compiled, variables, context, subgraphs, deadline, on_done, pass_through=pass_through
            )
        )

    def key(
        self, compiled: CompiledPlan, variables: Mapping[str, Any], context: RequestContext, *, pass_through: bool
    ) -> Hashable | None:
        """What requests must have in common; None for one that is not to be shared."""
        try:
            given = orjson.dumps(variables) if variables else b""
        except TypeError:
            return None
        claims: Hashable = None
        if self._claims and context.claims is not None:
            told = context.claims
            # What subgraphs are told of the caller, however it is known.
            claims = tuple([json.dumps(told[name], sort_keys=True) if name in told else None for name in self._claims])
        headers = context.headers
        sent: Hashable
        seen: Hashable = None
        if context.share_key is not None:
            sent = tuple([(name, headers[name]) for name in self._propagated if name in headers])
        else:
            ignored = self._ignored
            sent = frozenset([item for item in headers.items() if item[0] not in ignored])
            if self._has_hooks:
                seen = (context.client, context.caller, context.query, context.operation_name, context.path)
        # The plan is known by its identity: it lives as long as it is under way here.
        return id(compiled), given, context.partition, context.share_key, sent, seen, claims, pass_through


class _Flight(Flight["_Waiter"]):
    """One execution."""

    __slots__ = ("_before", "_compiled", "_flights", "_key", "_pass_through", "_subgraphs", "_variables")

    def __init__(
        self,
        flights: "dict[Hashable, _Flight]",
        key: Hashable,
        compiled: CompiledPlan,
        variables: Mapping[str, Any],
        subgraphs: Sender,
        pass_through: bool,
    ) -> None:
        super().__init__()
        self._flights = flights
        self._key = key
        self._compiled = compiled
        self._variables = variables
        self._subgraphs = subgraphs
        self._pass_through = pass_through
        self._before: dict[str, str] = {}

    @property
    def request_id(self) -> str:
        """Under which the log has what happens."""
        assert self.leader is not None
        return self.leader.context.request_id

    def start(self, leader: "_Waiter") -> Pending:
        self._before = dict(leader.context.response_headers)
        return self._started(leader, self._done)

    def over(self) -> None:
        del self._flights[self._key]

    def _started(self, waiter: "_Waiter", on_done: OnDone) -> Pending:
        return self._compiled.start(
            self._variables,
            waiter.context,
            self._subgraphs,
            waiter.deadline,
            on_done,
            pass_through=self._pass_through,
        )

    def _done(self, response: Response) -> None:
        leader, before = self.leader, self._before
        assert leader is not None
        is_timeout = self.deadline < math.inf and running_loop().time() >= self.deadline
        self._answer(self.landed(is_timeout=is_timeout), leader, before, response)

    def _answer(
        self, waiters: "list[_Waiter]", leader: "_Waiter", before: Mapping[str, str], response: Response
    ) -> None:
        copy: Callable[[str], Response] | None = None
        if any(each is not leader for each in waiters):
            copy = _copies(response, leader.context.request_id, as_text=self._pass_through)
            added = {
                name: value for name, value in leader.context.response_headers.items() if before.get(name) != value
            }
            for each in waiters:
                if each is not leader:
                    each.context.response_headers.update(added)
        for each in waiters:
            # Asked anew each time: what one does may cancel another.
            if each.is_cancelled:
                continue
            if each is leader:
                each.on_done(response)
            elif copy is not None:
                each.on_done(copy(each.context.request_id))
            else:  # the other one's response cannot be passed on
                each.alone = self._started(each, each.on_done)


class _Waiter(Waiter):
    """One request; `alone` is its own execution, if it needs one."""

    __slots__ = ("alone", "context", "on_done")

    def __init__(self, context: RequestContext, deadline: float, on_done: OnDone) -> None:
        super().__init__(deadline)
        self.context = context
        self.on_done = on_done
        self.alone: Pending | None = None

    def cancel(self) -> None:
        super().cancel()
        if self.alone is not None:
            self.alone.cancel()

    def tell_late(self) -> None:
        self.on_done(TimeoutError())


def _copies(response: Response, request_id: str, *, as_text: bool) -> Callable[[str], Response] | None:
    """What makes other requests' responses of one; None if nothing can.

    Errors name the request that they are told to: the log has under its id with whom it was shared.

    Args:
        request_id: whose the response is.
        as_text: whether its takers only write it.
    """
    if isinstance(response, bytes | Exception):
        return lambda _: response
    try:
        text = orjson.dumps(response)
        if as_text and response.keys() == {"data"}:
            return lambda _: text
        data = orjson.Fragment(orjson.dumps(response.get("data")))
    except TypeError:
        return None

    def copy(own_id: str) -> dict[str, Any]:
        made: dict[str, Any] = orjson.loads(text)
        if as_text and "data" in made:
            made["data"] = data
        for error in made.get("errors", ()):
            extensions = error.get("extensions")
            if isinstance(extensions, dict) and extensions.get("traceId") == request_id:
                extensions["traceId"] = own_id
        return made

    return copy
