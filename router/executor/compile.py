"""From a query plan to functions: everything that depends only on the plan is worked out here, once.

A compiled plan is immutable and shared by all requests for its operation.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any

from graphql import GraphQLSchema

from router.executor.errors import Covered, distinct, introspection_error, null_error
from router.executor.introspection import Introspection
from router.executor.parts import Collected, CompiledFetch, SubgraphTraits
from router.executor.passthrough import PassThrough
from router.executor.positions import ConditionTable, Introspections, Position, prepare, storage_keys
from router.executor.projection import IRREGULAR, Completion, Irregular, ProjectionWriter
from router.executor.representations import NAMES, write_collector, write_extractor
from router.executor.requests import Requests
from router.executor.scheduler import Run
from router.executor.source import Source
from router.executor.subscriptions import EventSender, Failure, SourceStream, open_source_stream
from router.executor.transport import Sender, SubgraphClient
from router.executor.writes import Writes
from router.hooks import RequestContext
from router.planner.plan import EntityCall, Fetch, QueryPlan, Representation

__all__ = ["CompiledPlan", "compile_plan"]

Project = Callable[[Mapping[str, Any], Sequence[bool], Sequence[Any]], dict[str, Any]]
"""From the merged tree, the conditions that hold and introspection's answers to the client's `data`."""


class CompiledPlan:
    """A plan that can be executed.

    Attributes:
        plan: what it was made from.
        source: the generated Python text.
    """

    __slots__ = (
        "_conditions", "_fetches", "_introspections", "_pass_through", "_project", "_requests", "_root", "_writes",
        "plan", "source",
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
        conditions: ConditionTable,
        introspections: tuple[tuple[Introspection, int | None], ...],
    ) -> None:
        self.plan = plan
        self.source = source
        self._fetches = fetches
        self._requests = requests
        self._writes = writes
        self._root = root
        self._project = project
        self._conditions = conditions
        self._introspections = introspections
        is_alone = len(fetches) == 1 and fetches[0].collect is None and fetches[0].operation_type != "subscription"
        self._pass_through = PassThrough(root) if is_alone else None

    async def execute(
        self,
        variables: Mapping[str, Any],
        context: RequestContext,
        subgraphs: SubgraphClient,
        *,
        pass_through: bool = False,
    ) -> dict[str, Any]:
        """Run the plan.

        Args:
            variables: the request's variables as JSON values, validated, with the operation's defaults filled in.
            context: passed to hooks.
            subgraphs: makes the requests.
            pass_through: whether `data` may be an `orjson.Fragment` of the subgraph's own text, which saves reading
                and writing it; for callers that only serialise the response.

        Returns:
            The response map: `data`, and `errors` if there are any.

        Raises:
            RequestRefused: a hook ended the request.
        """
        return await self._execute(variables, context, subgraphs, self._pass_through if pass_through else None)

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
        self, event: Any, variables: Mapping[str, Any], context: RequestContext, subgraphs: SubgraphClient
    ) -> dict[str, Any]:
        """Run the plan for one event of its source stream; see `execute`."""
        if isinstance(event, Failure):
            return event.response
        return await self._execute(variables, context, EventSender(event, subgraphs))

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

    async def _execute(
        self,
        variables: Mapping[str, Any],
        context: RequestContext,
        subgraphs: Sender,
        pass_through: PassThrough | None = None,
    ) -> dict[str, Any]:
        conditions = self._conditions.evaluate(variables)
        run = Run(self._fetches, self._requests, self._root, conditions, variables, context, subgraphs, pass_through)
        await run.run()
        if run.passed is not None:
            return {"data": run.passed}
        answers = []
        for introspection, condition in self._introspections:
            is_asked = condition is None or conditions[condition]
            answer, errors = introspection.answer(variables) if is_asked else (None, ())
            answers.append(answer)
            run.errors.extend(map(introspection_error, errors))
        return self._response(run, conditions, answers)

    def _response(self, run: Run, conditions: Sequence[bool], introspection: Sequence[Any]) -> dict[str, Any]:
        data: dict[str, Any] | None
        try:
            data = self._project(run.data, conditions, introspection)
        except IRREGULAR:
            completion = Completion(conditions, introspection)
            data = completion.project(self._root, run.data)
            covered = Covered(run.errors, run.failed_paths())
            missing = [(path, message) for path, message in completion.missing if path not in covered]
            for path, message in (*completion.errors, *missing):
                keys = storage_keys(self._root, run.data, path, conditions)
                subgraphs = self._writes.subgraphs(keys)
                (subgraph,) = subgraphs if len(subgraphs) == 1 else (None,)
                run.errors.append(null_error(message, path, subgraph))
        if run.errors:
            return {"data": data, "errors": distinct(run.errors)}
        return {"data": data}


def compile_plan(
    plan: QueryPlan, schema: GraphQLSchema, traits: Mapping[str, SubgraphTraits] | None = None
) -> CompiledPlan:
    """Compile a plan.

    Args:
        plan: from the planner.
        schema: the API schema of the view, to answer introspection.
        traits: by name, of subgraphs that cannot take everything in one request.

    Raises:
        ValueError: the plan contradicts itself.
    """
    source = Source({**NAMES, "Irregular": Irregular})
    writes = Writes(plan)
    conditions, introspections = ConditionTable(), Introspections()
    root = prepare(plan.projection, conditions, introspections)
    collectors = [_collector(source, fetch) for fetch in plan.fetches]
    extractors: dict[tuple[Representation, ...], str] = {}
    for fetch in plan.fetches:
        if fetch.entity is not None and fetch.entity.representations not in extractors:
            representations = fetch.entity.representations
            extractors[representations] = write_extractor(source, representations)
    project = ProjectionWriter(source, writes.sure_keys).write(root)
    functions = source.load(f"plan of {plan.operation_name or plan.operation_type}")
    dependents: list[list[int]] = [[] for _ in plan.fetches]
    for fetch in plan.fetches:
        for other in dict.fromkeys(fetch.depends_on):
            dependents[other].append(fetch.id)
    calls: dict[tuple[str, EntityCall], int] = {}
    fetches = tuple(
        CompiledFetch(
            id=fetch.id,
            subgraph=fetch.subgraph,
            operation_type=fetch.operation_type,
            dependencies=len(set(fetch.depends_on)),
            dependents=tuple(dependents[fetch.id]),
            run_if=fetch.run_if,
            collect=functions[collector] if collector is not None else None,
            call=calls.setdefault((fetch.subgraph, fetch.entity), fetch.id) if fetch.entity is not None else None,
            representations=fetch.entity.representations if fetch.entity is not None else (),
            extract=functions[extractors[fetch.entity.representations]] if fetch.entity is not None else None,
            has_contexts=fetch.entity is not None and bool(fetch.entity.contexts),
        )
        for fetch, collector in zip(plan.fetches, collectors, strict=True)
    )
    return CompiledPlan(
        plan,
        source.text(),
        fetches,
        Requests(plan, writes, traits or {}),
        writes,
        root,
        functions[project],
        conditions,
        tuple((Introspection(text, schema), condition) for text, condition in introspections.entries),
    )


def _collector(source: Source, fetch: Fetch) -> str | None:
    if fetch.entity is None:
        return write_collector(source, fetch.path) if fetch.path else None
    return write_collector(source, fetch.path, fetch.entity.contexts)
