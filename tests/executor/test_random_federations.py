"""Random federations and operations: the answer must be the one that a single server with all data would give.

Few entities and many links, so that the same entity turns up at many positions at once and answers are shared, copied
and merged in every combination.
"""

import asyncio
import zlib
from itertools import combinations, cycle
from typing import Any

import orjson
from graphql import ExecutionResult, GraphQLResolveInfo, GraphQLSchema, build_schema, graphql_sync, parse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router import Composed, Subgraph, compose, load_supergraph
from router.executor import CoroutineTransport, SubgraphClient, SubgraphTraits, compile_plan
from router.graph.api_schema import build_api_schema
from router.hooks import SubgraphCall, SubgraphReply
from router.planner import plan_operation
from tests.executor.plans import context

NAMES = ("one", "two", "three")
LEAVES = ("a", "b", "c", "d")
LINKS = {"mate": "N", "friends": "[N]", "grid": "[[N]!]"}
VALUES = {"w": "Int", "x": "Int", "y": "Int"}
STRICT = ("firm", "tough")
"""Non-null fields of both types; `tough` errs for some entities, and takes the object along."""
DIRECTIVES = """
directive @key(fields: String!) repeatable on OBJECT
directive @shareable repeatable on OBJECT | FIELD_DEFINITION
directive @external on FIELD_DEFINITION
directive @requires(fields: String!) on FIELD_DEFINITION
scalar _Any
union _Entity = N
"""
LINK = """extend schema
  @link(url: "https://specs.apollo.dev/federation/v2.3", import: ["@key", "@shareable", "@external", "@requires"])
"""


def number(*parts: object) -> int:
    return zlib.crc32(repr(parts).encode())


def node(index: int) -> dict[str, Any] | None:
    """One of five entities, or null."""
    return None if index % 7 == 6 else {"__typename": "N", "id": str(index % 5)}


def resolve(source: Any, info: GraphQLResolveInfo, **arguments: Any) -> Any:
    """What a field is, whoever is asked: a function of the entity and the field's name."""
    name = info.field_name
    if name == "_entities":
        return arguments["representations"]
    if name == "start":
        return [node(number("start", i)) for i in range(4)]
    if name in source and info.parent_type.name == "N" and name == "id":
        return source["id"]
    seed = number(source["id"], name)
    if name == "tough" and seed % 3 == 0:
        raise ValueError("tough")
    if name in STRICT:
        return seed % 1000
    if name in LEAVES or name in VALUES:
        return None if seed % 9 == 8 else seed % 1000
    if name == "sum":
        # In a federation the inputs come with the representation; a server that has all data looks them up.
        return sum(
            (source[key] if key in source else resolve(source, _Named(key, info)) or 0) or 0 for key in ("a", "b")
        )
    if name == "value":
        return None if seed % 5 == 4 else {"__typename": "V", "id": source["id"]}
    if name == "mate":
        return node(seed)
    if name == "friends":
        return [node(number(seed, i)) for i in range(seed % 3)]
    return [[node(number(seed, i, j)) for j in range(2)] for i in range(seed % 3)]


class _Named:
    """Asks `resolve` for another field of the same object."""

    def __init__(self, field_name: str, info: GraphQLResolveInfo) -> None:
        self.field_name = field_name
        self.parent_type = info.parent_type


class Subgraphs(CoroutineTransport):
    """Runs wire documents with graphql-core, strictly: an invalid document is an error.

    Args:
        rounds: how many rounds of the event loop each answer takes, in turn.
    """

    def __init__(self, schemas: dict[str, GraphQLSchema], rounds: list[int], traits: dict[str, SubgraphTraits]) -> None:
        self.schemas = schemas
        self.rounds = cycle(rounds)
        self.traits = traits

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        request = orjson.loads(call.body)
        check_traits(request, self.traits[call.subgraph])
        for _ in range(next(self.rounds)):
            await asyncio.sleep(0)
        result = graphql_sync(
            self.schemas[call.subgraph],
            request["query"],
            variable_values=request["variables"],
            field_resolver=resolve,
        )
        assert all(error.message == "tough" for error in result.errors or ()), (call.subgraph, request, result.errors)
        return SubgraphReply(200, {}, orjson.dumps(result.formatted))


def check_traits(request: dict[str, Any], traits: SubgraphTraits) -> None:
    lists = [value for value in request["variables"].values() if isinstance(value, list)]
    assert traits.batching or len(lists) <= 1
    assert sum(map(len, lists)) <= (traits.max_representations or 1000)
    assert not traits.one_type_per_call or all(len({one["__typename"] for one in each}) == 1 for each in lists)


owners = st.sampled_from([{*some} for size in (1, 2, 3) for some in combinations(NAMES, size)])


@st.composite
def federations(draw: st.DrawFn) -> dict[str, str]:
    """SDL per subgraph; every field has at least one owner."""
    fields: dict[str, list[str]] = {name: ["id: ID!"] for name in NAMES}
    where = {name: draw(owners) for name in (*LEAVES, *LINKS)} | dict.fromkeys(STRICT, draw(owners))
    types = {**dict.fromkeys(STRICT, "Int!"), **LINKS}
    for name, those in where.items():
        for each in sorted(those):
            fields[each].append(f"{name}: {types.get(name, 'Int')}{' @shareable' if len(those) > 1 else ''}")
    summing = draw(st.sampled_from(NAMES))
    missing = [key for key in ("a", "b") if summing not in where[key]]
    fields[summing] += [f"{key}: Int @external" for key in missing]
    fields[summing].append(
        f"sum: Int{f' @requires(fields: {chr(34)}{chr(32).join(missing)}{chr(34)})' if missing else ''}"
    )
    with_value = sorted(draw(owners))
    values: dict[str, list[str]] = {name: [] for name in with_value}
    for name in (*VALUES, *STRICT):
        for each in draw(st.sets(st.sampled_from(with_value), min_size=1)):
            values[each].append(f"{name}: {types.get(name, 'Int')}")
    values = {name: each for name, each in values.items() if each}
    for name in values:
        fields[name].append("value: V @shareable")
    sdl = {}
    for name in NAMES:
        parts = [f'type N @key(fields: "id") {{ {" ".join(fields[name])} }}']
        if name in values:
            parts.append(f"type V @shareable {{ {' '.join(values[name])} }}")
        parts.append("type Query { start: [N] }" if name == "one" else "type Query { ok: Int @shareable }")
        sdl[name] = "\n".join(parts)
    return sdl


@st.composite
def selections(draw: st.DrawFn, depth: int, strict: tuple[str, ...] = ()) -> str:
    chosen = list(strict) if draw(st.booleans()) else []
    for name in draw(
        st.lists(st.sampled_from(["id", "sum", "value", *LEAVES, *LINKS]), min_size=1, max_size=5, unique=True)
    ):
        condition = draw(st.sampled_from(["", "", "", " @include(if: $x)", " @skip(if: $y)"]))
        alias = draw(st.sampled_from(["", "", f"{name}2: "]))
        if name in LINKS:
            if depth:
                chosen.append(f"{alias}{name}{condition} {{ {draw(selections(depth - 1, strict))} }}")
        elif name == "value":
            chosen.append(
                f"{alias}value{condition} {{ "
                f"{' '.join(sorted(draw(st.sets(st.sampled_from([*VALUES, *strict]), min_size=1))))} }}"
            )
        else:
            chosen.append(f"{alias}{name}{condition}")
    if draw(st.booleans()):
        chosen.append(draw(st.sampled_from(["id: a", "a: b", "__typename", "t: __typename"])))
    return " ".join(_distinct(chosen)) or "id"


def _distinct(chosen: list[str]) -> list[str]:
    """Drop selections whose response key is taken."""
    by_key: dict[str, str] = {}
    for each in chosen:
        by_key.setdefault(each.split("{")[0].split("@")[0].split(":")[0].strip(), each)
    return list(by_key.values())


Circumstances = tuple[list[int], dict[str, SubgraphTraits]]
"""How long answers take, and what subgraphs can take."""


@st.composite
def circumstances(draw: st.DrawFn) -> Circumstances:
    traits = st.builds(SubgraphTraits, st.sampled_from([None, 1, 2, 5]), st.booleans(), st.booleans())
    rounds = draw(st.lists(st.integers(0, 5), min_size=1, max_size=8))
    return rounds, {name: draw(st.one_of(st.just(SubgraphTraits()), traits)) for name in NAMES}


async def answers(
    sdl: dict[str, str], selection: str, x: bool, y: bool, given: Circumstances
) -> tuple[dict[str, Any], ExecutionResult]:
    """Return what the federation and what one server answer."""
    rounds, traits = given
    composed = compose([Subgraph(name, sdl=LINK + each, url=f"http://{name}/") for name, each in sdl.items()])
    assert isinstance(composed, Composed), composed.errors
    supergraph = load_supergraph(composed.supergraph_sdl)
    schema = build_api_schema(supergraph.document)
    # Both variables are used whatever the selection is.
    used = "k: __typename @include(if: $x) l: __typename @skip(if: $y)"
    query = f"query($x: Boolean!, $y: Boolean!) {{ {used} start {{ {selection} }} again: start {{ {selection} }} }}"
    variables = {"x": x, "y": y}
    expected = graphql_sync(schema, query, variable_values=variables, field_resolver=resolve)
    assert all(error.message == "tough" for error in expected.errors or ()), (query, expected.errors)
    entities = " extend type Query { _entities(representations: [_Any!]!): [_Entity]! }"
    schemas = {name: build_schema(DIRECTIVES + each + entities) for name, each in sdl.items()}
    compiled = compile_plan(plan_operation(parse(query), None, supergraph), schema, traits)
    client = SubgraphClient({name: f"http://{name}/" for name in sdl}, Subgraphs(schemas, rounds, traits))
    response = await compiled.execute(variables, context(), client)
    return response, expected


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(federations(), selections(3), st.booleans(), st.booleans(), circumstances())
async def test_a_federation_answers_as_one_server(
    sdl: dict[str, str], selection: str, x: bool, y: bool, given: Circumstances
) -> None:
    response, expected = await answers(sdl, selection, x, y, given)
    assert orjson.dumps(response) == orjson.dumps({"data": expected.data})


@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(federations(), selections(3, STRICT), st.booleans(), st.booleans(), circumstances())
async def test_errors_null_what_they_would_in_one_server_and_are_the_only_ones(
    sdl: dict[str, str], selection: str, x: bool, y: bool, given: Circumstances
) -> None:
    response, expected = await answers(sdl, selection, x, y, given)
    assert orjson.dumps(response["data"]) == orjson.dumps(expected.data)
    assert bool(response.get("errors")) is bool(expected.errors)
    assert {error["message"] for error in response.get("errors", ())} <= {"tough"}
