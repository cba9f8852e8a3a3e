"""One operation on one federation: planned, run against stubs, and held against the monolith."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
from graphql import GraphQLError, GraphQLSchema, is_abstract_type, parse, validate

from router.composition import Composed, Subgraph, compose
from router.errors import RouterError
from router.executor import compile_plan
from router.graph.api_schema import build_api_schema
from router.graph.supergraph import Supergraph, load_supergraph
from router.hooks import RequestContext
from router.planner import plan_operation
from router.planner.plan import QueryPlan
from router.server.variables import compile_variables
from tests.planner.stubs import AnsweringSubgraph, Monolith, client_of
from tests.planner.world import World

AS_TEXT = 5
"""How often a plan of one fetch is run as servers run it: at last, a subgraph's text may be the response."""


@dataclass(frozen=True)
class Difference:
    """Where a federation does not answer as one server.

    Attributes:
        kind: `plan` (no plan), `shape` (a plan that contradicts itself), `variables`, `crash`, `errors`, `data`,
            `order` (of mutations), or `text` (another response for callers that only serialise it).
        text: what is different.
    """

    kind: str
    text: str


class NotComposed(ValueError):
    """The subgraphs do not compose; the message has the codes."""


class Federation:
    """Subgraphs that compose, ready to be asked.

    Raises:
        NotComposed: they do not.
    """

    def __init__(
        self, sdls: Mapping[str, str], labels: frozenset[str] = frozenset(), *, null_keys: bool = False
    ) -> None:
        composed = compose([Subgraph(name, sdl) for name, sdl in sdls.items()])
        if not isinstance(composed, Composed):
            raise NotComposed(", ".join(sorted({e.code for e in composed.errors})))
        self.sdls = dict(sdls)
        self.labels = labels
        self.null_keys = null_keys
        self.supergraph_sdl = composed.supergraph_sdl
        self.supergraph: Supergraph = load_supergraph(composed.supergraph_sdl)
        self.schema: GraphQLSchema = build_api_schema(self.supergraph.document)
        self.world = World(sdls, labels, null_keys=null_keys)
        self.subgraphs = {name: AnsweringSubgraph(name, self.world) for name in sdls}

    def plan(self, operation: str) -> QueryPlan:
        return plan_operation(parse(operation), None, self.supergraph, self.labels)

    async def difference(self, operation: str, variables: Mapping[str, Any]) -> Difference | None:
        """Runs a valid operation; None if the answer is the monolith's."""
        monolith = Monolith(self.world, self.schema)
        expected, expected_errors = monolith.answer(operation, variables)
        try:
            plan = self.plan(operation)
        except RouterError as error:
            return Difference("plan", str(error))
        if problem := self.shape_problem(plan) or (plan != self.plan(operation) and "plans are not deterministic"):
            return Difference("shape", str(problem))
        for subgraph in self.subgraphs.values():
            subgraph.mutations.clear()
        definitions = compile_variables(self.schema, plan.variable_definitions, suggest=False)
        if problems := definitions.problems(variables):
            return Difference("variables", str(problems))
        context = RequestContext("1", "POST", "/graphql", {})
        compiled, given = compile_plan(plan, self.schema), definitions.values(variables)
        response = await compiled.execute(given, context, client_of(self.subgraphs))
        errors = [str(e["message"]) for e in response.get("errors", ())]
        if errors and not expected_errors:
            return Difference("errors", "; ".join(errors[:3]))
        # Of a field that is asked twice under different conditions, the first mention decides where it comes. What a
        # fragment on a type puts first is not known of objects whose type no subgraph was asked for.
        ordered = "@skip" not in operation and "@include" not in operation
        ordered = ordered and (" on " not in operation or not self.world.has_interface_objects)
        if not self._equal(response["data"], expected, ordered=ordered):
            return Difference("data", _first_difference(response["data"], expected, "data"))
        # A server may leave out what comes after the field that made the whole result null; this one does.
        if plan.operation_type == "mutation" and expected is not None:
            done = [m for s in self.subgraphs.values() for m in s.mutations]
            if sorted(done) != sorted(monolith.mutations):
                return Difference("order", f"{done} instead of {monolith.mutations}")
        else:
            text = orjson.dumps(response)
            for _ in range(AS_TEXT if len(plan.fetches) == 1 else 1):
                again = await compiled.execute(given, context, client_of(self.subgraphs), pass_through=True)
                if orjson.dumps(again) != text:
                    return Difference("text", f"{orjson.dumps(again).decode()} instead of {text.decode()}")
        return None

    def _equal(self, got: Any, expected: Any, *, ordered: bool) -> bool:
        if self.null_keys:
            return is_part(got, expected)
        return bool(got == expected) and (not ordered or _same_order(got, expected))

    def shape_problem(self, plan: QueryPlan) -> str | None:
        """What a plan's parts must agree on, and the validity of its documents."""
        for index, fetch in enumerate(plan.fetches):
            if fetch.id != index or any(d >= index for d in fetch.depends_on):
                return f"fetch {index} is out of order"
            if not set(fetch.variables) <= plan.variable_definitions.keys():
                return f"fetch {index} uses unknown variables"
            if fetch.entity is not None and not (fetch.path and fetch.entity.representations):
                return f"fetch {index} has an empty entity call"
            _, error = self.subgraphs[fetch.subgraph].checked(fetch.document)
            if error is not None:
                return f"invalid in {fetch.subgraph}: {error} in {fetch.document}"
        return None


def is_valid(schema: GraphQLSchema, operation: str) -> bool:
    """Whether it can be asked, on a schema whose abstract types all have objects."""
    if any(is_abstract_type(t) and not schema.get_possible_types(t) for t in schema.type_map.values()):  # type: ignore[arg-type]
        return False
    try:
        return not validate(schema, parse(operation))
    except GraphQLError:
        return False


def _same_order(got: Any, expected: Any) -> bool:
    """Whether keys come in the order of the operation."""
    if isinstance(got, dict):
        return list(got) == list(expected) and all(_same_order(got[k], expected[k]) for k in got)
    if isinstance(got, list):
        return all(map(_same_order, got, expected))
    return True


def is_part(got: Any, expected: Any) -> bool:
    """Equal but for nulls in place of more."""
    if got is None:
        return True
    if isinstance(got, dict):
        return (
            isinstance(expected, dict) and set(got) == set(expected) and all(is_part(got[k], expected[k]) for k in got)
        )
    if isinstance(got, list):
        return isinstance(expected, list) and len(got) == len(expected) and all(map(is_part, got, expected))
    return bool(got == expected)


def _first_difference(got: Any, expected: Any, where: str) -> str:
    if isinstance(got, dict) and isinstance(expected, dict):
        if list(got) != list(expected):
            return f"{where} has the keys {list(got)} instead of {list(expected)}"
        for key in got:
            if got[key] != expected[key]:
                return _first_difference(got[key], expected[key], f"{where}.{key}")
    if isinstance(got, list) and isinstance(expected, list) and len(got) == len(expected):
        for at, pair in enumerate(zip(got, expected, strict=True)):
            if pair[0] != pair[1]:
                return _first_difference(*pair, f"{where}[{at}]")
    return f"{where} is {got!r} instead of {expected!r}"
