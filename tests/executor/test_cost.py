"""What an operation costs, counted and not timed: calls of Python and of C functions, the same on every machine.

Loops over a plan's known shape call nothing of Python's per object, and few C functions; a request costs a fixed number
of calls. Who makes it dearer sees it here, and either mends it or raises the number with a reason.
"""

import asyncio
import gc
import math
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from types import MappingProxyType, SimpleNamespace
from typing import Any

import orjson
import pytest

from router.executor import CompiledPlan, OnReply, Pending, SubgraphClient, compile_plan
from router.hooks import SubgraphCall, SubgraphReply
from tests.executor.plans import SCHEMA, by_id, context, entities, field, obj, plan, root

# Short names: what is counted is the same.
ITEM = obj("Item", field("id", "ID!"), field("name"), field("price", "Int"), field("stock", "Int"))
SMALL = plan(obj("Query", field("item", "Item", ITEM)), root("a", "{ item { id name price stock } }"))
ENTITY = plan(
    obj("Query", field("items", "[Item!]!", ITEM)),
    root("a", "{ items { id name price } }"),
    entities("b", "... on Item { stock }", "items@", by_id("Item")),
)
PRODUCT = obj("Product", field("name"), field("price", "Int"), field("upc", "ID!", storage="id"))
REVIEW = obj("Review", field("id", "ID!"), field("body"), field("product", "Product", PRODUCT))
AUTHOR = obj("User", field("id", "ID!"), field("name"), field("reviews", "[Review]", REVIEW))
NESTED = plan(
    obj("Query", field("users", "[User]", AUTHOR)),
    root("a", "{ users { id name } }"),
    entities("b", "... on User { reviews { id body product { id } } }", "users@", by_id("User")),
    entities("c", "... on Product { name }", "users@.reviews@.product", by_id("Product"), after=(0, 1)),
    entities("d", "... on Product { price }", "users@.reviews@.product", by_id("Product", "name"), after=(0, 1, 2)),
)


class Waiting:
    """Keeps requests until they are answered by hand, so that the event loop is not counted."""

    def __init__(self) -> None:
        self.calls: list[tuple[SubgraphCall, OnReply]] = []

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        raise NotImplementedError

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        self.calls.append((call, on_reply))
        # As real ones do, it holds whom it calls back.
        return SimpleNamespace(cancel=on_reply)


def item(number: int) -> dict[str, Any]:
    return {"id": f"i{number}", "name": "n", "price": number}


def small(_: int) -> dict[str, Any]:
    return {"a": {"item": {**item(1), "stock": 1}}}


def entity(size: int) -> dict[str, Any]:
    return {"a": {"items": [item(n) for n in range(size)]}, "b": {"_entities": [{"stock": n} for n in range(size)]}}


def nested(size: int) -> dict[str, Any]:
    """Two users, who have so many reviews together, of seven products."""

    def review(number: int) -> dict[str, Any]:
        return {"id": f"r{number}", "body": "b", "product": {"id": f"p{number % 7}"}}

    found = [{"reviews": [review(n + first) for n in range(size // 2)]} for first in (0, 1)]
    return {
        "a": {"users": [{"id": "u1", "name": "x"}, {"id": "u2", "name": None}]},
        "b": {"_entities": found},
        "c": {"_entities": [{"name": f"n{n}"} for n in range(min(7, size))]},
        "d": {"_entities": [{"price": n} for n in range(min(7, size))]},
    }


Data = Callable[[int], dict[str, Any]]


def execution(
    compiled: CompiledPlan, data: Data, size: int, errors: Mapping[str, Any] = MappingProxyType({})
) -> Callable[[], Any]:
    """Return a function that runs the plan once, to its response; `errors` are those of replies, by subgraph."""
    waiting = Waiting()
    subgraphs = SubgraphClient({name: f"http://{name}/" for name in "abcd"}, waiting)
    headers = {"content-type": "application/json"}
    replies = {
        name: SubgraphReply(
            200, headers, orjson.dumps({"data": answer, **({"errors": errors[name]} if name in errors else {})})
        )
        for name, answer in data(size).items()
    }
    asked = context()

    def run() -> Any:
        done: list[Any] = []
        compiled.start({}, asked, subgraphs, math.inf, done.append, pass_through=True)
        while waiting.calls:
            call, on_reply = waiting.calls.pop()
            on_reply(replies[call.subgraph])
        return done[0]

    for _ in range(10):  # documents are composed, and the plan of one fetch has learnt to pass replies on
        run()
    return run


def calls(work: Callable[[], Any]) -> Counter[str]:
    """Count calls of Python functions (`call`) and of C functions (`c_call`)."""
    counted: Counter[str] = Counter()

    def note(_: Any, event: str, __: Any) -> None:
        counted[event] += 1

    gc.collect()
    gc.disable()  # what watches the collector is called by it
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
        gc.enable()
    return counted


def in_a_loop(work: Callable[[], Any]) -> Any:
    async def run() -> Any:
        return work()

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("the_plan", "data", "python", "c"),
    [(SMALL, small, 13, 16), (ENTITY, entity, 56, 61), (NESTED, nested, 114, 184)],
    ids=["small", "entity", "nested"],
)
def test_a_request_costs_so_many_calls(the_plan: Any, data: Data, python: int, c: int) -> None:
    counted = in_a_loop(lambda: calls(execution(compile_plan(the_plan, SCHEMA), data, 2)))
    assert counted["call"] <= python
    assert counted["c_call"] <= c


@pytest.mark.parametrize(
    ("the_plan", "data", "c"), [(ENTITY, entity, 4), (NESTED, nested, 8)], ids=["entity", "nested"]
)
def test_an_object_costs_no_python_call_and_few_others(the_plan: Any, data: Data, c: int) -> None:
    compiled = compile_plan(the_plan, SCHEMA)
    few, many = (in_a_loop(lambda size=size: calls(execution(compiled, data, size))) for size in (100, 300))
    assert many["call"] == few["call"]
    assert many["c_call"] - few["c_call"] <= 200 * c


@pytest.mark.parametrize(
    ("the_plan", "data"), [(SMALL, small), (ENTITY, entity), (NESTED, nested)], ids=["small", "entity", "nested"]
)
def test_an_operation_leaves_no_memory_behind(the_plan: Any, data: Data) -> None:
    """Neither to the garbage collector, which servers let run rarely, nor anywhere else."""

    def growth() -> int:
        run = execution(compile_plan(the_plan, SCHEMA), data, 50)
        gc.collect()
        gc.disable()
        try:
            counts = []
            for _ in range(2):  # at first, free lists fill
                for _ in range(100):
                    run()
                counts.append(sys.getallocatedblocks())
            return counts[1] - counts[0]
        finally:
            gc.enable()

    assert in_a_loop(growth) < 20
