"""From a query plan to functions: everything that depends only on the plan is worked out here, once."""

from collections.abc import Mapping, Sequence
from typing import Any

from graphql import GraphQLSchema

from router.executor.compiled_plan import CompiledPlan
from router.executor.delivered import copied
from router.executor.denials import DenialPlace, Denials
from router.executor.errors import ErrorExposure
from router.executor.fetches import write_fetches
from router.executor.incremental import CompiledDeferred, Project
from router.executor.introspection import Introspection
from router.executor.parts import SubgraphTraits
from router.executor.positions import ConditionTable, Introspections, prepare
from router.executor.projection import Irregular, ProjectionWriter
from router.executor.representations import NAMES
from router.executor.requests import Requests
from router.executor.source import Source
from router.executor.tidy import tidy_plan
from router.executor.writes import Writes
from router.planner.plan import QueryPlan

__all__ = ["compile_plan"]


def compile_plan(
    plan: QueryPlan,
    schema: GraphQLSchema,
    traits: Mapping[str, SubgraphTraits] | None = None,
    exposure: ErrorExposure = ErrorExposure(),  # noqa: B008 - immutable
    tell_denials: DenialPlace = "errors",
) -> CompiledPlan:
    """Compile a plan.

    Args:
        plan: from the planner.
        schema: the API schema of the view, to answer introspection.
        traits: by name, of subgraphs that cannot take everything in one request.
        exposure: whose errors clients may read; by default everybody's.
        tell_denials: where responses say what the caller may not have.

    Raises:
        ValueError: the plan contradicts itself.
    """
    source = Source({**NAMES, "Irregular": Irregular})
    writes = Writes(plan)
    conditions, introspections = ConditionTable(), Introspections()
    root = prepare(plan.projection, conditions, introspections)
    written = write_fetches(plan, writes, source, traits or {})
    writer = ProjectionWriter(source, writes.sure_keys, written.united)
    project = writer.write(root)
    parts = []
    for each in plan.deferred:
        position = prepare(each.projection, conditions, introspections)
        parts.append((each, position, writer.write(position, tuple(step.storage_key for step in each.path))))
    complete = root if plan.complete is None else prepare(plan.complete, conditions, Introspections())
    tidy = None if plan.denials else tidy_plan(plan, root, writes, source)
    functions = source.load(f"plan of {plan.operation_name or plan.operation_type}")
    return CompiledPlan(
        plan,
        source.text(),
        written.loaded(plan, writes, functions),
        Requests(plan, writes, traits or {}, tidy.loaded(functions) if tidy is not None else {}),
        writes,
        root,
        functions[project],
        _apart(functions[project]) if written.united else functions[project],
        conditions,
        tuple((Introspection(text, schema), condition) for text, condition in introspections.entries),
        tuple(
            CompiledDeferred(
                each.id,
                each.label,
                each.path,
                each.parent,
                position,
                _apart(functions[name]) if written.united else functions[name],
                each.fetches,
            )
            for each, position, name in parts
        ),
        complete,
        exposure,
        tidy.keys if tidy is not None else None,
        Denials.of(plan.denials, conditions, tell_denials),
    )


def _apart(project: Project) -> Project:
    """Return a projection whose result has each object in one place only, so that it may be changed."""

    def project_apart(
        data: Mapping[str, Any], conditions: Sequence[bool], introspection: Sequence[Any]
    ) -> dict[str, Any]:
        result: dict[str, Any] = copied(project(data, conditions, introspection))
        return result

    return project_apart
