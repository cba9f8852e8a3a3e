"""Microseconds that the executor itself takes for one operation: `python -m tests.bench.executor`.

A list of users, their names from a second subgraph, their pets from a third, the pets' toys from a fourth. Answers are
ready bytes and there is no network, so what is measured is parsing, merging, projecting and scheduling.
"""

import asyncio
import gc
import statistics
import time

import orjson

from router.executor import CoroutineTransport, SubgraphClient, compile_plan
from router.hooks import SubgraphCall, SubgraphReply
from tests.executor.plans import SCHEMA, by_id, context, entities, field, obj, plan, root

USERS, DISTINCT, ROUNDS = 200, 50, 300

PET = obj("Pet", field("id", "ID!"), field("name"), field("toy"))
PLAN = plan(
    obj(
        "Query",
        field("users", "[User!]!", obj("User", field("id", "ID!"), field("name"), field("pets", "[Pet!]", PET))),
    ),
    root("a", "{ users { id } }"),
    entities("b", "... on User { name }", "users@", by_id("User")),
    entities("c", "... on User { pets { id name } }", "users@", by_id("User")),
    entities("d", "... on Pet { toy }", "users@.pets@", by_id("Pet"), after=(2,)),
)


class Ready(CoroutineTransport):
    """Answers with bytes that were made before."""

    def __init__(self) -> None:
        pets = [{"pets": [{"id": f"{i}-{j}", "name": f"Pet {j}"} for j in range(3)]} for i in range(DISTINCT)]
        answers = {
            "a": {"users": [{"id": str(i % DISTINCT)} for i in range(USERS)]},
            "b": {"_entities": [{"name": f"User {i}"} for i in range(DISTINCT)]},
            "c": {"_entities": pets},
            "d": {"_entities": [{"toy": f"Toy {i}"} for i in range(DISTINCT * 3)]},
        }
        self.replies = {name: SubgraphReply(200, {}, orjson.dumps({"data": data})) for name, data in answers.items()}

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def exchange(self, call: SubgraphCall) -> SubgraphReply:
        return self.replies[call.subgraph]


async def main() -> None:
    started = time.perf_counter()
    compiled = compile_plan(PLAN, SCHEMA)
    compiled_s = time.perf_counter() - started
    client = SubgraphClient({name: f"http://{name}/" for name in "abcd"}, Ready())
    times = []
    gc.freeze()
    gc.set_threshold(200_000, 50, 1000)  # as servers do
    for _ in range(ROUNDS):
        started = time.perf_counter()
        body = orjson.dumps(await compiled.execute({}, context(), client))
        times.append(time.perf_counter() - started)
    print(f"compile {compiled_s * 1e3:.1f} ms; execute, median of {ROUNDS}: {statistics.median(times) * 1e6:.0f} us")
    print(f"{USERS} users, {len(body)} bytes; {len(body) / statistics.median(times) / 1e6:.0f} MB/s")


if __name__ == "__main__":
    asyncio.run(main())
