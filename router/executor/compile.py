"""From a query plan to functions: everything that depends only on the plan is worked out here, once.

A compiled plan is immutable and shared by all requests for its operation.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from graphql import GraphQLSchema

from router.executor.errors import Covered, introspection_error, null_error
from router.executor.introspection import Introspection
from router.executor.positions import ConditionTable, Introspections, Position, prepare
from router.executor.projection import IRREGULAR, Completion, Irregular, ProjectionWriter
from router.executor.representations import NAMES, write_collector, write_extractor
from router.executor.scheduler import CompiledCall, CompiledFetch, Run
from router.executor.source import Source
from router.executor.transport import SubgraphClient
from router.executor.writes import Writes
from router.hooks import RequestContext
from router.planner.plan import Fetch, QueryPlan

__all__ = ["CompiledPlan", "compile_plan"]

Project = Callable[[Mapping[str, Any], Sequence[bool], Sequence[Any]], dict[str, Any]]
"""From the merged tree, the conditions that hold and introspection's answers to the client's `data`."""


class CompiledPlan:
    """A plan that can be executed.

    Attributes:
        plan: what it was made from.
        source: the generated Python text.
    """

    __slots__ = ("_conditions", "_fetches", "_introspections", "_project", "_root", "plan", "source")

    def __init__(
        self,
        plan: QueryPlan,
        source: str,
        fetches: tuple[CompiledFetch, ...],
        root: Position,
        project: Project,
        conditions: ConditionTable,
        introspections: tuple[tuple[Introspection, int | None], ...],
    ) -> None:
        self.plan = plan
        self.source = source
        self._fetches = fetches
        self._root = root
        self._project = project
        self._conditions = conditions
        self._introspections = introspections

    async def execute(
        self, variables: Mapping[str, Any], context: RequestContext, subgraphs: SubgraphClient
    ) -> dict[str, Any]:
        """Run the plan.

        Args:
            variables: the request's variables as JSON values, validated, with the operation's defaults filled in.
            context: passed to hooks.
            subgraphs: makes the requests.

        Returns:
            The response map: `data`, and `errors` if there are any.

        Raises:
            RequestRefused: a hook ended the request.
        """
        conditions = self._conditions.evaluate(variables)
        run = Run(self._fetches, self._root, conditions, variables, context, subgraphs)
        await run.run()
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
            run.errors.extend(null_error(message, path) for path, message in (*completion.errors, *missing))
        if run.errors:
            return {"data": data, "errors": run.errors}
        return {"data": data}


def compile_plan(plan: QueryPlan, schema: GraphQLSchema) -> CompiledPlan:
    """Compile a plan.

    Args:
        plan: from the planner.
        schema: the API schema of the view, to answer introspection.

    Raises:
        ValueError: the plan contradicts itself.
    """
    source = Source({**NAMES, "Irregular": Irregular})
    writes = Writes(plan)
    conditions, introspections = ConditionTable(), Introspections()
    root = prepare(plan.projection, conditions, introspections)
    collectors = [write_collector(source, fetch.entities) if fetch.entities else None for fetch in plan.fetches]
    extractors = [[write_extractor(source, call) for call in fetch.entities] for fetch in plan.fetches]
    project = ProjectionWriter(source, writes.sure_keys).write(root)
    functions = source.load(f"plan of {plan.operation_name or plan.operation_type}")
    fetches = tuple(
        _compiled_fetch(
            plan, fetch, writes, functions[collector] if collector else None, [functions[name] for name in names]
        )
        for fetch, collector, names in zip(plan.fetches, collectors, extractors, strict=True)
    )
    return CompiledPlan(
        plan,
        source.text(),
        fetches,
        root,
        functions[project],
        conditions,
        tuple((Introspection(text, schema), condition) for text, condition in introspections.entries),
    )


def _compiled_fetch(
    plan: QueryPlan, fetch: Fetch, writes: Writes, collect: Any, extractors: Sequence[Any]
) -> CompiledFetch:
    return CompiledFetch(
        id=fetch.id,
        subgraph=fetch.subgraph,
        operation_type=fetch.operation_type,
        dependencies=len(set(fetch.depends_on)),
        dependents=tuple(other.id for other in plan.fetches if fetch.id in other.depends_on),
        run_if=fetch.run_if,
        prefix=_prefix(fetch),
        variables=tuple((name, _member(name)) for name in fetch.variables),
        calls=tuple(
            CompiledCall(
                response_key=call.response_key,
                variable=_member(call.variable),
                paths=call.paths,
                run_if=call.run_if,
                extract=extractors[index],
                rule=writes.merge_rule(fetch, index),
            )
            for index, call in enumerate(fetch.entities)
        ),
        collect=collect,
        shape=writes.root_shape(fetch),
        is_disjoint=not fetch.entities and writes.root_is_disjoint(fetch),
    )


def _prefix(fetch: Fetch) -> bytes:
    """Return the JSON request up to its first variable."""
    request = {"query": fetch.document}
    if fetch.operation_name is not None:
        request["operationName"] = fetch.operation_name
    return orjson.dumps(request)[:-1] + b',"variables":{'


def _member(name: str) -> bytes:
    return orjson.dumps(name) + b":"
