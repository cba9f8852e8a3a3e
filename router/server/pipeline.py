"""From a document's text to a response: look up or prepare, check variables, run.

text -> parse -> limits -> validate -> normalise            once per text, operation name, view and set of labels
     -> plan -> compile                                     once per normalised operation, view and set of labels
     -> variables -> hooks.on_plan -> execute               every time
"""

import asyncio
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from graphql import GraphQLSchema

from router.composition.contracts import View
from router.executor import CompiledPlan, compile_plan
from router.graph.api_schema import with_incremental_directives
from router.graph.supergraph import Requirement, Supergraph
from router.hooks import RequestContext, RequestRefused, RouterHooks
from router.planner import fingerprint, normalize, plan_normalized
from router.planner.cost import OperationCost
from router.planner.plan import QueryPlan
from router.server.access import AccessControl
from router.server.config import RouterConfig
from router.server.demand import CostRefusal, DemandControl
from router.server.documents import DocumentKey, Entry, OperationKey, PlanCache, Prepared, Preparer
from router.server.labels import OverrideLabels
from router.server.limits import check_variables
from router.server.operations import api_schema_of, read_document, selected_operation, stream_counts
from router.server.rate_limits.limiter import RateLimiter
from router.server.requests import GraphQLRequest
from router.server.responses import Rejected
from router.server.subgraphs import exposure_of, traits_of
from router.server.uploads import upload_fetch, upload_problems
from router.server.variable_errors import Places, bad_input, check_stream_counts, place_of
from router.server.variables import Variables, compile_variables

__all__ = ["Audience", "Operation", "Pipeline", "PreparedOperation"]

logger = logging.getLogger("router.server")

# What one cached operation weighs: plan, compiled functions, requests' texts and what is made of them while it runs.
# Fitted to measurements, rounded up; the length of the generated source stands for all that grows with the fields.
ENTRY_BYTES = 7_000
FETCH_BYTES = 4_000
DOCUMENT_CHARACTER_BYTES = 6
SOURCE_CHARACTER_BYTES = 6.5
DENIAL_BYTES = 800
COST_STEP_BYTES = 500

Audience = tuple[str | None, frozenset[str]]
"""A view, and the `@override` labels that are on."""


@dataclass(frozen=True, slots=True)
class PreparedOperation:
    """One operation, ready to run. Holds nothing of any request.

    Attributes:
        stream_counts: names of the variables that say how many items a streamed list begins with.
        cost: None if nobody asks for it.
    """

    plan: QueryPlan
    compiled: CompiledPlan
    variables: Variables
    stream_counts: frozenset[str] = frozenset()
    cost: OperationCost | None = None


CachedEntry = Entry[Places, PreparedOperation]
Permitted = tuple[frozenset[Requirement], CachedEntry]
NOTHING: frozenset[Requirement] = frozenset()


@dataclass(frozen=True, slots=True)
class Operation:
    """One request's operation, ready to be executed with these variables.

    Attributes:
        is_incremental: whether its result comes in parts.
        upload_fetch: the fetch that takes the files, if the request has some.
        granted: the demands that its caller meets.
    """

    type: str
    compiled: CompiledPlan
    variables: Mapping[str, Any]
    is_incremental: bool = False
    upload_fetch: int | None = None
    granted: frozenset[Requirement] = NOTHING


class Pipeline:
    """Everything that belongs to one supergraph; replaced as a whole when it changes.

    Args:
        views: by name, what some clients see instead of the full schema.
        rate_limits: None if there are no rules.
        demand: judges what operations cost; None if it may be anything.
    """

    def __init__(
        self,
        supergraph: Supergraph,
        config: RouterConfig,
        hooks: RouterHooks | None,
        views: Mapping[str, View] | None = None,
        rate_limits: RateLimiter | None = None,
        demand: DemandControl | None = None,
    ) -> None:
        self.demand = demand
        self.supergraph = supergraph
        self.config = config
        self.limits = config.limits
        self.files = frozenset(config.uploads.scalars if config.uploads.enabled else ())
        self.rate_limits = rate_limits
        self.traits = traits_of(config)
        self.exposure = exposure_of(config)
        nothing: frozenset[str] = frozenset()
        offered = with_incremental_directives if config.incremental_delivery else lambda schema: schema
        self.schemas = {None: (offered(api_schema_of(supergraph)), nothing)} | {
            name: (offered(view.schema), view.hidden) for name, view in (views or {}).items()
        }
        # A subclass that does not override the hook costs nothing.
        overridden = hooks is not None and type(hooks).on_plan is not RouterHooks.on_plan
        self.on_plan = hooks.on_plan if hooks is not None and overridden else None
        self.labels = OverrideLabels(supergraph)
        self.access = AccessControl(config.authorization, hooks)
        bounds = config.document_cache
        self.cache = PlanCache[Places, PreparedOperation](bounds.max_entries, bounds.max_bytes)
        self.preparer = Preparer(
            self.prepare,
            self.cache,
            max_pending=self.limits.max_pending_documents,
            timeout_s=self.limits.planning_timeout_s,
        )

    async def open(
        self,
        request: GraphQLRequest,
        context: RequestContext,
        *,
        read_only: bool = False,
        incremental: bool = False,
        is_again: bool = False,
    ) -> "Operation":
        """Look the request's operation up or prepare it, and coerce its variables: all that comes before execution.

        Args:
            read_only: refuse mutations, because the request came by GET.
            incremental: heed `@defer` and `@stream`, because the client takes results in parts.
            is_again: it is the operation of a subscription that runs, which rate limits have counted.

        Raises:
            Rejected: the document, the operation's name or the variables are wrong.
            RequestRefused: a hook or a rate limit said no, or a hook chose a view that there is not.
        """
        text = request.query
        incremental = incremental and ("defer" in text or "stream" in text)
        key = self.key(request, self.audience(context), incremental=incremental)
        entry = self.cache.get(key)
        context.plan_cache = "hit"
        limiter = None if is_again else self.rate_limits
        if limiter is not None:
            # In one go if the operation is known; else what needs no operation comes before the work of planning it.
            pending = limiter.check(context) if entry is None else limiter.check_all(context, entry.key.fingerprint)
            if pending is not None:
                await pending
        if entry is None:
            if context.view not in self.schemas:
                raise self.unknown_view(context)
            context.plan_cache = "miss"
            entry = await self.prepared(key, context)
            if entry.is_shared:
                context.plan_cache = "shared"
            if limiter is not None and limiter.has_operation_rules:
                pending = limiter.check_operation(context, entry.key.fingerprint)
                if pending is not None:
                    await pending
        granted = NOTHING
        if entry.operation.plan.requirements:
            granted, entry = self.permitted(key, entry, context) or await self.permit(key, entry, context)
        plan = entry.operation.plan
        context.operation_name = plan.operation_name
        context.operation_type = plan.operation_type
        if read_only and plan.operation_type == "mutation":
            message = "GET may only run queries; send mutations by POST."
            raise Rejected.one("METHOD_NOT_ALLOWED", message, status=405, headers={"allow": "POST"})
        variables = self.variables(request, entry)
        if plan.denials:
            self.access.note_denials(plan, variables, context, has_files=request.uploads is not None)
        if entry.operation.cost is not None and not is_again:
            self.judge(entry, variables, context)
        if self.on_plan is not None:
            self.on_plan(context, plan)
        compiled = entry.operation.compiled
        taker = None if request.uploads is None else upload_fetch(plan, request.uploads)
        is_incremental = incremental and compiled.is_incremental
        return Operation(plan.operation_type, compiled, variables, is_incremental, taker, granted)

    async def prepared(self, key: DocumentKey, context: RequestContext) -> CachedEntry:
        """Have a document prepared, unless it is; see `Preparer.get`."""
        try:
            return await self.preparer.get(key)
        except CostRefusal as refusal:
            if self.demand is not None:
                self.demand.note(refusal.estimated, context)
            raise

    def judge(self, entry: CachedEntry, variables: Mapping[str, Any], context: RequestContext) -> None:
        """Note what an operation costs with these variables; see `DemandControl.judge`.

        Raises:
            Rejected: too much.
        """
        if self.demand is not None and entry.operation.cost is not None:
            self.demand.judge(entry.operation.cost, variables, context)

    def permitted(self, key: DocumentKey, entry: CachedEntry, context: RequestContext) -> Permitted | None:
        """What a caller may run of an operation that demands something: a plan for what it may have, and no other.

        Whoever looks an entry up by its text must come through here if its plan has `requirements`.

        Args:
            key: without `granted`.
            entry: what is there for that.

        Returns:
            The demands that the caller meets, and the entry; None if these must be waited for: see `permit`.
        """
        granted = self.access.granted(entry.operation.plan.requirements, context)
        if granted is None:
            return None
        found = self.cache.get(key._replace(granted=granted), is_first=False) if granted else entry
        return None if found is None else (granted, found)

    async def permit(self, key: DocumentKey, entry: CachedEntry, context: RequestContext) -> Permitted:
        """The same, where a hook must be asked or a plan be made."""
        granted = await self.access.decide(entry.operation.plan.requirements, context)
        if not granted:
            return granted, entry
        permitted = await self.prepared(key._replace(granted=granted), context)
        context.plan_cache = "hit" if permitted.uses > 1 else "shared" if permitted.is_shared else "miss"
        return granted, permitted

    @property
    def has_one_audience(self) -> bool:
        """Whether all requests whose view is the same are of one audience."""
        return not self.labels.known

    def audience(self, context: RequestContext) -> Audience:
        """All of a request, apart from its text, that its plan depends on."""
        return context.view, self.labels.active(context)

    def key(self, request: GraphQLRequest, audience: Audience, *, incremental: bool = False) -> DocumentKey:
        """Under which a document's plan is kept for an audience."""
        return DocumentKey(request.query, request.operation_name, *audience, incremental)

    def unknown_view(self, context: RequestContext) -> RequestRefused:
        """A hook's mistake: the client never falls back to a schema that was not meant for it."""
        known = sorted(name for name in self.schemas if name is not None)
        fields = {"request_id": context.request_id, "view": context.view, "known": known}
        logger.error("a hook chose an unknown view", extra={"fields": fields})
        extensions = {"traceId": context.request_id}
        return RequestRefused("The schema for this client is missing.", "UNKNOWN_VIEW", 500, extensions=extensions)

    def close(self) -> None:
        """End at once; who waits for a plan is refused."""
        self.preparer.close()

    def retire(self) -> None:
        """End once nobody waits for a plan any more."""
        self.preparer.retire()

    async def warm_up(self, used: Sequence[tuple[DocumentKey, int]]) -> int:
        """Plan what another pipeline was asked most, one after the other, until the configured time is over.

        What this supergraph has no plan for is passed over: its clients will get the error, as they should.

        Args:
            used: documents, with how many requests each answered.

        Returns:
            How many plans are ready.
        """
        deadline = time.monotonic() + self.config.document_cache.warm_up_s
        ready = 0
        for key, uses in used:
            if key.view not in self.schemas:
                continue
            here = key._replace(labels=key.labels & self.labels.known)
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    entry = await self.preparer.get(here)
            except TimeoutError:
                break
            except Exception as error:  # whatever it is, the switch must go on
                logger.debug("not warmed up", extra={"fields": {"view": key.view}}, exc_info=error)
                continue
            # What was popular long ago fades with every new supergraph.
            entry.uses = max(entry.uses, uses // 2)
            ready += 1
        return ready

    # ---- once per document ------------------------------------------------------------------------------------------

    def prepare(self, key: DocumentKey) -> Prepared[Places, PreparedOperation]:
        """Parse, check, validate and normalise; plan and compile unless that has been done for an equal operation.

        Raises:
            Rejected: what is wrong with the document or the operation's name.
            PlanningError: the operation is valid, but there is no plan.
        """
        schema, hidden = self.schemas[key.view]
        try:
            document = read_document(key.text, schema, self.limits, introspection=self.config.introspection)
            node = selected_operation(document, key.operation_name)
            normalized = normalize(
                document,
                key.operation_name,
                self.supergraph,
                hidden,
                incremental=key.incremental,
                granted=key.granted if self.config.authorization.enabled else None,
                dry_run=self.config.authorization.dry_run,
            )
            operation_key = OperationKey(fingerprint(normalized), key.view, key.labels)
            operation = self.cache.operation(operation_key)
            if operation is None:
                cost = None if self.demand is None else self.demand.estimate(normalized, self.supergraph)
                plan = plan_normalized(normalized, self.supergraph, key.labels, hidden)
                tell = self.config.authorization.errors.response
                compiled = compile_plan(plan, schema, self.traits, self.exposure, tell)
                counts = stream_counts(document) if compiled.is_incremental else frozenset()
                variables = self.compiled_variables(schema, normalized.variables)
                operation = PreparedOperation(plan, compiled, variables, counts, cost)
        except RecursionError as error:
            message = "The document is nested too deeply."
            raise Rejected.one("MAX_DEPTH_LIMIT", message, status=422, json_status=200) from error
        places = {
            definition.variable.name.value: place_of(definition) for definition in node.variable_definitions or ()
        }
        size_bytes = estimated_bytes(operation.compiled)
        if operation.cost is not None:
            size_bytes += COST_STEP_BYTES * len(operation.cost.steps)
        return Prepared(places, operation_key, operation, size_bytes)

    def compiled_variables(self, schema: GraphQLSchema, definitions: Mapping[str, str]) -> Variables:
        # "Did you mean" would tell the schema's names, one guess at a time.
        return compile_variables(schema, definitions, suggest=self.config.introspection, files=self.files)

    # ---- every time -------------------------------------------------------------------------------------------------

    def variables(self, request: GraphQLRequest, entry: Entry[Places, PreparedOperation]) -> dict[str, Any]:
        """The variables to run with.

        Raises:
            Rejected: code `BAD_USER_INPUT`, or that of a limit.
        """
        variables, given = entry.operation.variables, request.variables
        if not variables:
            return {}
        check_variables(given, self.limits)
        uploads = request.uploads
        if uploads is None:
            problems = variables.problems(given)
        else:
            problems = upload_problems(uploads, variables.types, self.files)
            problems = problems or variables.problems(uploads.filled(given))
        if problems:
            raise bad_input(problems, entry.own, self.limits.max_validation_errors)
        if not variables.passed_on.isdisjoint(given):
            exact = request.exact_variables()
            if exact is not given:
                given = {**given, **{name: exact[name] for name in variables.passed_on if name in exact}}
        values = variables.values(given)
        if entry.operation.stream_counts:
            check_stream_counts(entry.operation.stream_counts, values, entry.own)
        return values


def estimated_bytes(compiled: CompiledPlan) -> int:
    """What keeping a compiled plan costs in memory."""
    fetches = compiled.plan.fetches
    documents = sum(len(fetch.document) for fetch in fetches)
    size = ENTRY_BYTES + FETCH_BYTES * len(fetches) + DOCUMENT_CHARACTER_BYTES * documents
    access = DENIAL_BYTES * (len(compiled.plan.denials) + len(compiled.plan.requirements))
    return size + access + round(SOURCE_CHARACTER_BYTES * len(compiled.source))
