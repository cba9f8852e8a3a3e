"""The five places where an application takes part in a request.

    class Hooks(RouterHooks):
        def on_fetch(self, call: SubgraphCall, send: Send) -> PendingReply:
            call.headers["x-tenant"] = call.context.state["tenant"]
            return send(call)

    app = create_app(supergraph, hooks=Hooks())

Only what a subclass overrides is called: a hook that is not overridden costs nothing. `on_request` and `on_fetch` may
be plain functions or `async def`; a plain one saves a task.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Hashable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, Self

from router.errors import RequestRefused
from router.planner.plan import QueryPlan

__all__ = [
    "BodyStream",
    "EventStream",
    "PendingReply",
    "RequestContext",
    "RequestRefused",
    "RouterHooks",
    "Send",
    "SubgraphCall",
    "SubgraphReply",
]


@dataclass(slots=True)
class RequestContext:
    """One client request, from its arrival to its response.

    Attributes:
        request_id: opaque, unique; also in logs and error extensions as `traceId`.
        method: HTTP method, upper case.
        path: URL path.
        headers: the client's headers, names in lower case.
        client: peer address, or None if the server does not know it.
        query: the document's text; empty until read.
        operation_name: as the client sent it.
        operation_type: `query`, `mutation` or `subscription`; empty until known.
        variables: as the client sent them.
        state: the application's own; starts empty. What hooks learn in `on_request` belongs here.
        partition: which of the application's customers, such as tenants, the request is for: opaque to the router, set
            by a hook in `on_request`. Nothing that is counted, kept or shared goes from one partition to another.
        caller: who calls, such as a user's id: opaque, set by a hook in `on_request`; rate limits may count by it.
        view: which view (contract) of the supergraph the client sees; None for the full schema. A hook sets it in
            `on_request`, to one of the router's `views`.
        share_key: where equal queries of clients are executed once (`traffic.share_client_requests`): what requests
            must have in common to get one response, in place of the client's headers and address. A hook sets it in
            `on_request`, such as to the user's id and rights; it must tell apart all who may not have each other's
            answer. None: all that hooks can see must be equal.
        override_percent: where the request stands from 0 up to but not including 100: `@override` labels `percent(x)`
            with a greater x are on. A hook may set it in `on_request`, such as to a hash of the user, who then always
            gets the same; None draws it at random.
        override_labels: other `@override` labels that are on; a hook sets it in `on_request`. What the supergraph does
            not have is ignored.
        claims: what is known of the caller, such as the claims of its token; None for an anonymous one. It is what
            `@authenticated` asks for. A hook may set it in `on_request`.
        scopes: what `@requiresScopes` asks for; None: those of the claim `scope`, a list or a text with spaces. A hook
            may set it in `on_request`.
        policies: what `@policy` asks for and `on_request` knows to hold; the rest is `on_policies`' to decide.
        expires_at: when the caller's credential ends, in Unix seconds; a subscription ends then, too. None: never.
        response_headers: added to the response.
        log_fields: added to the request's line in the access log, such as a tenant. Values must be JSON.
        fetches: subgraph requests sent so far; counted by the router.
        estimated_cost: what the operation was estimated to cost, with `limits.cost`; None until it is known.
        plan_cache: where the plan came from: `hit`, found by the document's text; `shared`, by another text's equal
            operation; `miss`, it was made. Empty until then.
    """

    request_id: str
    method: str
    path: str
    headers: Mapping[str, str]
    client: str | None = None
    query: str = ""
    operation_name: str | None = None
    operation_type: str = ""
    variables: Mapping[str, Any] = field(default_factory=dict)
    state: dict[str, Any] = field(default_factory=dict)
    partition: str = ""
    caller: str | None = None
    view: str | None = None
    share_key: Hashable = None
    override_percent: float | None = None
    override_labels: Collection[str] = ()
    claims: Mapping[str, Any] | None = None
    scopes: Collection[str] | None = None
    policies: Collection[str] = ()
    expires_at: float | None = None
    response_headers: MutableMapping[str, str] = field(default_factory=dict)
    log_fields: dict[str, Any] = field(default_factory=dict)
    fetches: int = 0
    estimated_cost: float | None = None
    plan_cache: str = ""


StreamProtocol = Literal["graphql-transport-ws", "graphql-sse", "multipart", "http-callback"]
"""How a subscription reaches a subgraph: over a WebSocket, as Server-Sent Events, as parts of a multipart response, or
with requests that the subgraph sends back."""


@dataclass(slots=True)
class SubgraphCall:
    """One request that is about to go to a subgraph. Hooks may change `url` and `headers`, and set what follows
    `context`.

    Attributes:
        body: the JSON request, complete.
        fetch_ids: indexes of the fetches in the plan that share the request.
        share_as: where equal queries under way are sent once (`traffic.share_requests`): by header, what stands for its
            value when calls are compared. For headers that a hook makes anew for each call, such as a signature, though
            they mean the same to the subgraph; it must tell apart all who may not have each other's answer.
        renew: called before the call is sent another time (a retry, or a second copy of it), to make headers anew that
            may be used only once.
        stream: what is sent instead of `body` if the client sends files: a multipart request that begins with it.
        protocol: how a subscription is carried; of other requests without meaning.
    """

    subgraph: str
    url: str
    headers: dict[str, str]
    body: bytes
    operation_type: str
    fetch_ids: tuple[int, ...]
    context: RequestContext
    share_as: Mapping[str, Hashable] | None = None
    renew: Callable[["SubgraphCall"], None] | None = None
    stream: "BodyStream | None" = None
    protocol: StreamProtocol = "graphql-transport-ws"


class BodyStream(Protocol):
    """A body that is made while it is sent, once."""

    content_type: str

    @property
    def failure(self) -> Exception | None:
        """Why what the client sends could not be passed on: the subgraph is not to blame for what comes of it."""

    @property
    def is_finished(self) -> bool:
        """Whether the client has sent all that it is made of."""

    def chunks(self, body: bytes) -> AsyncIterator[bytes]:
        """The body's parts.

        Args:
            body: the JSON request that it begins with.
        """


class EventStream(Protocol):
    """The events of a subscription, each a decoded response map (`data`, `errors`), as the subgraph sends them.

    Iteration raises `SubgraphError` if the stream ends before its end. Where events have ids, with which the stream can
    be resumed, it has that of the last one as `last_event_id`.
    """

    def __aiter__(self) -> Self:
        """Return itself."""

    async def __anext__(self) -> Any:
        """Wait for the next event."""

    async def aclose(self) -> None:
        """End the subscription in the subgraph; again is no harm."""


@dataclass(slots=True)
class SubgraphReply:
    """What a subgraph answered: HTTP status, headers (lower-case names) and the undecoded body.

    Attributes:
        events: for a subscription that the subgraph accepted; the body is empty then.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    events: EventStream | None = None


class PendingReply(Awaitable[SubgraphReply], Protocol):
    """What `send` gives a hook: the request is under way. Return it, or await it once.

    Awaiting raises `SubgraphError` if there is no complete answer.
    """

    def then(self, check: Callable[[SubgraphReply], SubgraphReply]) -> "PendingReply":
        """Let a function see the answer, if one comes: it returns that or another one, or raises. Returns this."""


Send = Callable[[SubgraphCall], PendingReply]


class RouterHooks:
    """Override what you need. Raise `RequestRefused` in the first three to end the request with that error."""

    def on_request(self, context: RequestContext) -> Awaitable[None] | None:  # noqa: ARG002
        """Called once the request's form is read, before its document is looked at.

        For a subscription also once per event, with a context of its own: what has been revoked meanwhile must not
        receive more. Refusing an event ends the subscription. For a WebSocket also when it is opened, `query` empty.
        """
        return None

    def on_policies(
        self,
        context: RequestContext,  # noqa: ARG002
        policies: Collection[str],  # noqa: ARG002
    ) -> Awaitable[Collection[str]] | Collection[str]:
        """Called if an operation asks for something with `@policy`, with the policies that are named there.

        Returns:
            Those that hold for this caller. What is not returned does not hold; by default none does. For a
            subscription it is called once per event.
        """
        return ()

    def on_plan(self, context: RequestContext, plan: QueryPlan) -> None:
        """Called before execution, also when the plan came from the cache."""

    def on_fetch(self, call: SubgraphCall, send: Send) -> Awaitable[SubgraphReply] | SubgraphReply:
        """Wraps each subgraph request; must return what `send` gave, or an answer of its own.

        For a subscription (`call.operation_type`) it wraps the opening of the stream, not each event.
        """
        return send(call)

    def on_response(self, context: RequestContext, response: dict[str, Any]) -> None:
        """Called with the complete response map (`data`, `errors`, `extensions`) before it is serialised; for a
        subscription, with each, and for a result in parts with each part (`incremental`, `completed`).

        Also for operations that were refused; not for requests so malformed that they hold no operation.
        """
