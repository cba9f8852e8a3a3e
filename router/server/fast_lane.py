"""The fast lane: POSTed operations answered without an ASGI cycle, and without a task where nothing is awaited.

A request gets here as the bytes of its body and a header block that is known (see `http1`). A body seen before is known
with its operation and its coerced variables; another one is read and looked up in the plan cache. What is not a plain
request - malformed, a batch, perhaps in parts - is left to `exchange`. Both ways give the same bytes.
"""

import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import orjson

from router.executor.exact_json import load
from router.hooks import RequestContext
from router.server.documents import Entry
from router.server.generations import Generations
from router.server.heads import Head, HeadReader
from router.server.lane_request import LaneRequest
from router.server.part_formats import may_come_in_parts
from router.server.pipeline import Audience, PreparedOperation
from router.server.requests import VARIABLES, GraphQLRequest, checked
from router.server.responses import Rejected
from router.server.telemetry import new_request_id
from router.server.variable_errors import Places

if TYPE_CHECKING:
    from router.server.app import RouterApp
    from router.server.http1 import LaneProtocol

__all__ = ["FastLane", "KnownBody", "Ready"]

MAX_KNOWN_BODY_BYTES = 16_384
MAX_AUDIENCES = 16


class Ready:
    """An operation of the plan cache with its variables, as one audience's requests of one body run it.

    Attributes:
        has_demands: whether it is for callers without rights, and others have another one.
    """

    __slots__ = ("entry", "has_demands", "variables")

    def __init__(self, entry: Entry[Places, PreparedOperation], variables: Mapping[str, Any]) -> None:
        self.entry = entry
        self.variables = variables
        self.has_demands = bool(entry.operation.plan.requirements)


class KnownBody:
    """What a body says. Shared by all requests with the same bytes: nobody may change anything in it.

    Attributes:
        named: the request with the document that it names by an id, as the last one to find it had it.
        may_come_in_parts: whether its result may, for clients that take it so; true for more than those.
        ready: for the audience of everybody, if there is only that.
        by_audience: for each of several.
    """

    __slots__ = ("by_audience", "may_come_in_parts", "named", "ready", "request")

    def __init__(self, request: GraphQLRequest) -> None:
        text = request.query
        self.request = request
        self.may_come_in_parts = may_come_in_parts(text) if text else request.document_id is not None
        self.named: GraphQLRequest | None = None
        self.ready: Ready | None = None
        self.by_audience: dict[Audience, Ready] = {}

    def with_document(self, request: GraphQLRequest, text: str) -> GraphQLRequest:
        """The request with the document that it names; the same one each time, if it is the one that all share."""
        if request is not self.request:
            return request.with_document(text)
        named = self.named
        if named is None or named.query != text:  # another client's may be another document
            self.named = named = request.with_document(text)
            self.ready = None
            self.by_audience.clear()
        return named


class FastLane:
    """Answers requests with one supergraph and its settings; when either changes, another lane takes over.

    Attributes:
        heads: header blocks that may take the lane.
        bodies: small bodies that may.
    """

    def __init__(self, app: "RouterApp") -> None:
        config = app.config
        self.app = app
        self.metrics = app.metrics
        self.pipeline = app.pipeline
        self.persisted = app.persisted
        self.subgraphs = app.subgraphs
        self.sharing = app.sharing
        self.admission = app.admission
        self.turns = app.turns
        self.on_request = app.on_request
        self.on_plan = app.pipeline.on_plan
        self.on_response = app.on_response
        self.has_hooks = any(hook is not None for hook in (self.on_request, self.on_plan, self.on_response))
        self.has_one_audience = self.on_request is None and self.pipeline.has_one_audience
        self.has_costs = app.pipeline.demand is not None
        self.view = config.default_view
        self.timeout_s = config.limits.request_timeout_s
        self.head_timeout_s = config.limits.head_timeout_s
        self.body_timeout_s = config.limits.body_timeout_s
        self.send_timeout_s = config.limits.send_timeout_s
        self.max_head_bytes = config.limits.max_url_bytes + config.limits.max_header_bytes
        # What asks others, or counts, before there is a plan is written once, for all ways.
        self.opens_in_full = app.persisted.judges_texts or app.pipeline.rate_limits is not None
        self.opens_at_once = not self.opens_in_full and self.on_request is None
        self.compression = app.compression
        self.compress_from = sys.maxsize if app.compression is None else app.compression.min_bytes
        self.heads = Generations(HeadReader(config, app.cors).read, max_entries=1_000, max_bytes=1_000_000)
        self.bodies = Generations(read_body, max_entries=4_000, max_bytes=1_000_000)

    def begin(self, line: "LaneProtocol", head: Head, body: bytes) -> bool:
        """Answer a request, now or later; False, and nothing has happened, if it is not one for the lane."""
        known = self.bodies[body] if len(body) <= MAX_KNOWN_BODY_BYTES else read_body(body)
        if known is None or (head.takes_parts and known.may_come_in_parts and not self.names_a_whole(known.request)):
            return False
        if self.admission is not None:
            if self.admission.is_full:
                return False
            self.admission.enter()
        started = time.perf_counter()
        request = known.request
        if self.has_hooks and request.variables:
            # Hooks get variables of their own: what one does to them must not reach another request.
            request = checked(load(body), (body, VARIABLES))
        context = RequestContext(
            head.request_id or new_request_id(),
            "POST",
            head.path,
            head.headers,
            line.peer,
            request.query,
            request.operation_name,
            "",
            request.variables,
            view=self.view,
        )
        self.metrics.active += 1
        line.running = running = LaneRequest(self, line, head, known, request, context, started)
        if self.opens_at_once:
            running.open()
        else:
            running.begin()
        return True

    def names_a_whole(self, request: GraphQLRequest) -> bool:
        """Whether a request names a document whose result does not come in parts, whoever asks."""
        return request.document_id is not None and not request.query and self.persisted.is_whole(request.document_id)

    def context(self, line: "LaneProtocol", head: Head) -> RequestContext:
        """The context of a request whose body is not read yet."""
        request_id = head.request_id or new_request_id()
        return RequestContext(request_id, "POST", head.path, head.headers, line.peer, view=self.view)

    def found(self, known: KnownBody, request: GraphQLRequest, context: RequestContext) -> Ready | None:
        """The operation that this caller may run, if its plan is there.

        Args:
            request: that of `known`, with its document, or one with variables of its own.

        Raises:
            Rejected: the variables are wrong, or the caller may not run it.
            ValueError: a hook set an `override_percent` that is none.
        """
        audience = None if self.has_one_audience else self.pipeline.audience(context)
        ready = known.ready if audience is None else known.by_audience.get(audience)
        if ready is None or not ready.entry.is_kept:
            ready = self.looked_up(known, request, context, audience)
            if ready is None:
                return None
        else:
            self.pipeline.cache.hit(ready.entry)
            if request is not known.request and request is not known.named:
                ready = Ready(ready.entry, self.pipeline.variables(request, ready.entry))
        return self.permitted(ready, request, context, audience) if ready.has_demands else ready

    def permitted(
        self, ready: Ready, request: GraphQLRequest, context: RequestContext, audience: Audience | None
    ) -> Ready | None:
        """What the caller may have of an operation that demands something; see `Pipeline.permitted`.

        Raises:
            Rejected: see `AccessControl.note_denials`.
        """
        pipeline = self.pipeline
        key = pipeline.key(request, pipeline.audience(context) if audience is None else audience)
        permitted = pipeline.permitted(key, ready.entry, context)
        if permitted is None:
            return None
        _, entry = permitted
        plan = entry.operation.plan
        if plan.denials:
            pipeline.access.note_denials(plan, ready.variables, context)
        return ready if entry is ready.entry else Ready(entry, ready.variables)

    def looked_up(
        self, known: KnownBody, request: GraphQLRequest, context: RequestContext, audience: Audience | None
    ) -> Ready | None:
        """The operation of a body in the plan cache, for callers without rights.

        Args:
            audience: None if there is only one.

        Raises:
            Rejected: the variables are wrong.
        """
        pipeline = self.pipeline
        entry = pipeline.cache.get(pipeline.key(request, pipeline.audience(context) if audience is None else audience))
        if entry is None:
            return None
        ready = Ready(entry, pipeline.variables(request, entry))
        if request is not known.request and request is not known.named:
            return ready
        if audience is None:
            known.ready = ready
        else:
            if len(known.by_audience) >= MAX_AUDIENCES:
                known.by_audience.clear()
            known.by_audience[audience] = ready
        return ready


def read_body(body: bytes) -> KnownBody | None:
    """What a body says; None if it is not a plain request, right in form, of one operation."""
    try:
        payload = load(body)
    except orjson.JSONDecodeError:
        return None
    try:
        return KnownBody(checked(payload, (body, VARIABLES)))
    except Rejected:
        return None
