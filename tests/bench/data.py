"""Microseconds of the data side of the benchmark rig's scenarios: `python -m tests.bench.data`.

The plans are the router's own for the rig's queries, the answers are what its subgraphs say, and there is no network:
what is measured is composing requests, parsing, merging, checking, projecting and writing the response. `--profile`
says where the time goes, function by function. The rig must lie beside the checkout (`../shared/bench`).
"""

import argparse
import asyncio
import cProfile
import gc
import math
import pstats
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
from graphql import build_schema, graphql_sync, parse

from router.executor import CompiledPlan, OnReply, Pending, SubgraphClient, compile_plan
from router.graph.api_schema import build_api_schema
from router.graph.supergraph import load_supergraph
from router.hooks import RequestContext, SubgraphCall, SubgraphReply
from router.planner import plan_operation

RIG = Path(__file__).parents[3] / "shared" / "bench" / "scenarios"
NAMES = ("bench", "entity", "small")

_DIRECTIVES = """
directive @key(fields: String!) repeatable on OBJECT
directive @external on FIELD_DEFINITION
directive @requires(fields: String!) on FIELD_DEFINITION
directive @provides(fields: String!) on FIELD_DEFINITION
scalar _Any
"""


@dataclass(frozen=True)
class Scenario:
    """One of the rig's queries, with everything that its subgraphs will be asked and answer."""

    name: str
    compiled: CompiledPlan
    expected: dict[str, Any]
    answers: "Recorded"

    def client(self) -> SubgraphClient:
        return SubgraphClient(dict.fromkeys(self.answers.schemas, "http://127.0.0.1/"), self.answers)


class Recorded:
    """A transport that answers each distinct request as a subgraph with the rig's data did the first time."""

    def __init__(self, schemas: dict[str, str], expected: dict[str, Any]) -> None:
        self.schemas = {name: build_schema(_DIRECTIVES + _served(sdl)) for name, sdl in schemas.items()}
        self.root = _linked(expected["data"])
        self.known: dict[tuple[str, bytes], SubgraphReply] = {}
        self.calls: list[SubgraphCall] = []

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        raise NotImplementedError

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        reply = self.known.get((call.subgraph, call.body))
        if reply is None:
            request = orjson.loads(call.body)
            schema = self.schemas[call.subgraph]
            result = graphql_sync(schema, request["query"], self.root, variable_values=request["variables"])
            assert result.errors is None, result.errors
            body = orjson.dumps({"data": result.data})
            reply = SubgraphReply(200, {"content-type": "application/json"}, body)
            self.known[call.subgraph, call.body] = reply
            self.calls.append(call)
        return asyncio.get_running_loop().call_soon(on_reply, reply)


def _served(sdl: str) -> str:
    """A subgraph's schema as it serves it."""
    names = [line.split("type ")[1].split()[0] for line in sdl.splitlines() if "@key" in line]
    sdl = sdl.replace("extend type Query", "type Query").replace("extend type", "type")
    field = "type Query { _entities(representations: [_Any!]!): [_Entity]!"
    if "type Query" not in sdl:
        sdl += "type Query { _: Int }"
    return sdl.replace("type Query {", field) + f"\nunion _Entity = {' | '.join(names)}"


def _linked(data: dict[str, Any]) -> dict[str, Any]:
    """The graph behind a response: of each entity one object, with all that the response says of it anywhere."""
    known: dict[tuple[str, Any], dict[str, Any]] = {}
    kinds = {"upc": "Product", "username": "User", "body": "Review", "warehouse": "Item", "price": "Item"}

    def link(value: Any) -> Any:
        if isinstance(value, list):
            return [link(each) for each in value]
        if not isinstance(value, dict):
            return value
        kind = next((kinds[key] for key in kinds if key in value), "")
        identity = value.get("upc", value.get("id"))
        entity = known.setdefault((kind, identity), {"__typename": kind}) if kind else {}
        for key, each in value.items():
            linked = link(each)
            if key not in entity or linked is not None:
                entity[key] = linked
        return entity

    root: dict[str, Any] = link(data)

    def entities(_: object, representations: list[dict[str, Any]]) -> list[Any]:
        return [known[each["__typename"], each.get("upc", each.get("id"))] for each in representations]

    fixed = {key: (lambda _, _value=value, **__: _value) for key, value in root.items()}
    return {**fixed, "_entities": entities}


def load_scenario(name: str) -> Scenario:
    """Read one scenario and plan its query."""
    folder = RIG / name
    supergraph = load_supergraph((folder / "supergraph.graphql").read_text())
    plan = plan_operation(parse((folder / "query.graphql").read_text()), None, supergraph)
    compiled = compile_plan(plan, build_api_schema(supergraph.document))
    expected = orjson.loads((folder / "expected.json").read_bytes())
    schemas = {path.stem: path.read_text() for path in (folder / "subgraphs").glob("*.graphql")}
    return Scenario(name, compiled, expected, Recorded(schemas, expected))


async def run_once(scenario: Scenario, client: SubgraphClient, context: RequestContext) -> bytes:
    """Run the query as the server does; return the response's text."""
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    scenario.compiled.start({}, context, client, math.inf, done.set_result, pass_through=True)
    response = await done
    if isinstance(response, Exception):
        raise response
    return response if isinstance(response, bytes) else orjson.dumps(response)


def median_us(times: list[float]) -> float:
    return statistics.median(times) * 1e6


async def measure(scenario: Scenario, seconds: float, *, profile: bool) -> None:
    client = scenario.client()
    context = RequestContext("bench", "POST", "/graphql", {})
    for _ in range(10):
        body = await run_once(scenario, client, context)
    assert orjson.loads(body) == scenario.expected
    replies = [reply.body for reply in scenario.answers.known.values()]
    gc.collect()
    gc.freeze()
    gc.set_threshold(200_000, 50, 1000)  # as servers do
    whole, parsing, writing = [], [], []
    end = time.perf_counter() + seconds
    data = orjson.loads(body)
    while time.perf_counter() < end:
        start = time.perf_counter()
        await run_once(scenario, client, context)
        middle = time.perf_counter()
        for reply in replies:
            orjson.loads(reply)
        parsed = time.perf_counter()
        orjson.dumps(data)
        whole.append(middle - start)
        parsing.append(parsed - middle)
        writing.append(time.perf_counter() - parsed)
    total, json = median_us(whole), median_us(parsing) + median_us(writing)
    print(
        f"{scenario.name:<8}{len(replies)} requests, {sum(map(len, replies))} bytes in, {len(body)} out: "
        f"{total:.0f} us, of it JSON {json:.0f} us, all else {total - json:.0f} us"
    )
    if profile:
        with cProfile.Profile() as profiler:
            for _ in range(300):
                await run_once(scenario, client, context)
        pstats.Stats(profiler).sort_stats("tottime").print_stats(25)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.data", description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=NAMES, help="of the rig: bench, entity, small")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each scenario")
    parser.add_argument("--profile", action="store_true")
    parser.add_argument("--source", action="store_true", help="print the generated code")
    options = parser.parse_args()
    if not RIG.exists():
        print("The benchmark rig (../shared/bench) is not on this machine.", file=sys.stderr)
        return 1
    for name in options.scenarios:
        scenario = load_scenario(name)
        if options.source:
            print(scenario.compiled.source)
        asyncio.run(measure(scenario, options.seconds, profile=options.profile))
    return 0


if __name__ == "__main__":
    sys.exit(main())
