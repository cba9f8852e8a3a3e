"""What the engine costs, stage by stage: `python -m tests.bench`. Against other routers: `make bench`.

Figures of one machine and one minute: compare them within one run only.
"""

import argparse
import asyncio
import random
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson
from graphql import parse, validate

from router.composition import Composed, Subgraph, compose
from router.executor import CoroutineTransport, SubgraphClient, compile_plan
from router.graph.api_schema import build_api_schema
from router.graph.supergraph import load_supergraph
from router.hooks import RequestContext, SubgraphCall, SubgraphReply
from router.planner import plan_operation
from router.planner.render import shape
from tests.planner.federation import FederationMaker
from tests.planner.operations import OperationMaker
from tests.planner.running import Federation

ROOT = Path(__file__).parents[2]
SDLS = sorted((ROOT / "schema" / "subgraphs").glob("*.graphql"))
OPERATION = """
query Bench {
  businesses(first: 20) {
    edges { node { id name owner { name email } leads(first: 3) { edges { node { name assignee { name } } } } } }
  }
}
"""


def median_ms(work: Callable[[], object], repeat: int) -> float:
    """Median wall time of one call, in milliseconds, after one call to warm up."""
    work()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


async def median_async_ms(work: Callable[[], Awaitable[object]], repeat: int) -> float:
    await work()
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        await work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


class Recorded(CoroutineTransport):
    """Answers each distinct request as it was answered the first time, so that only the router is measured."""

    def __init__(self, answer: Callable[[SubgraphCall], bytes]) -> None:
        self.answer = answer
        self.known: dict[tuple[str, bytes], bytes] = {}

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        key = (call.subgraph, call.body)
        if key not in self.known:
            self.known[key] = self.answer(call)
        return SubgraphReply(200, {"content-type": "application/json"}, self.known[key])


def front_end() -> dict[str, float]:
    """The platform's own supergraph: composing, loading, validating, planning, compiling."""
    subgraphs = [Subgraph(path.stem, path.read_text()) for path in SDLS]
    composed = compose(subgraphs)
    assert isinstance(composed, Composed)
    supergraph = load_supergraph(composed.supergraph_sdl)
    schema = build_api_schema(supergraph.document)
    document = parse(OPERATION)
    assert validate(schema, document) == []
    plan = plan_operation(document, None, supergraph)
    print(f"the platform's supergraph: {shape(plan)}")
    return {
        "compose": median_ms(lambda: compose(subgraphs), 5),
        "load supergraph": median_ms(lambda: load_supergraph(composed.supergraph_sdl), 5),
        "parse operation": median_ms(lambda: parse(OPERATION), 50),
        "validate": median_ms(lambda: validate(schema, document), 50),
        "plan": median_ms(lambda: plan_operation(document, None, supergraph), 50),
        "compile": median_ms(lambda: compile_plan(plan, schema), 20),
    }


async def back_end(seed: int) -> dict[str, float]:
    """A random federation with recorded answers: what a warm request costs in the executor."""
    federation = Federation(FederationMaker(random.Random(seed)).make())
    supergraph, schema, subgraphs = federation.supergraph, federation.schema, federation.subgraphs

    def answer(call: SubgraphCall) -> bytes:
        request = orjson.loads(call.body)
        return orjson.dumps(subgraphs[call.subgraph].answer(request["query"], request.get("variables")))

    client = SubgraphClient({name: f"http://{name}/" for name in subgraphs}, Recorded(answer))
    context = RequestContext("bench", "POST", "/graphql", {})
    times, fetches = [], 0
    for n in range(20):
        operation, variables = OperationMaker(random.Random(seed + n), schema).make()
        plan = plan_operation(parse(operation), None, supergraph)
        compiled = compile_plan(plan, schema)
        fetches += len(plan.fetches)
        times.append(await median_async_ms(lambda c=compiled, v=variables: c.execute(v, context, client), 20))
    print(f"a random federation: {fetches / 20:.1f} fetches an operation")
    return {"execute, warm": statistics.mean(times)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--seed", type=int, default=7, help="of the random federation")
    options = parser.parse_args()
    figures = {**front_end(), **asyncio.run(back_end(options.seed))}
    for name, milliseconds in figures.items():
        print(f"{name:<20}{milliseconds:9.3f} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
