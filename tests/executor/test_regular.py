"""Replies taken in one go: nothing is seen of it, whatever subgraphs answer."""

import asyncio
import math
import random
from typing import Any

import orjson
import pytest
from graphql import build_schema, parse
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from router import Composed, Subgraph, compose, load_supergraph
from router.executor import OnReply, Pending, SubgraphClient, SubgraphTraits, compile_plan, scheduler
from router.graph.api_schema import build_api_schema
from router.hooks import SubgraphCall, SubgraphReply
from router.planner import plan_operation
from tests.executor.plans import SCHEMA, by_id, context, entities, field, obj, plan, root
from tests.executor.test_random_federations import DIRECTIVES, LEAVES, LINK, LINKS, STRICT, Subgraphs, federations
from tests.executor.test_reply_fuzz import errors, mutated

LEAF = obj("Z", field("id", "ID!"), field("w", "Int"))
PLAN = plan(
    obj(
        "Query",
        field("us", "[U]", obj("U", field("x", "Int!"), field("id", "ID!"))),
        field("ts", "[T!]", obj("T", field("id", "ID!"), field("y"), field("z", "Z", LEAF))),
        field("n", "Float"),
    ),
    root("a", "{ us { id } ts { id } }"),
    root("b", "{ n }"),
    entities("c", "... on U { x }", "us@", by_id("U")),
    entities("c", "... on T { z { id } y }", "ts@", by_id("T")),
    entities("d", "... on Z { w }", "ts@.z", by_id("Z"), after=(3,)),
)
"""The two fetches of `c` share a request; the second one's answers have the targets of `d`."""

GOOD: dict[str, dict[str, Any]] = {
    "a": {"us": [{"id": "1"}, {"id": "2"}, None, {"id": "1"}], "ts": [{"id": "3"}, {"id": "4"}]},
    "b": {"n": 1.5},
    "U": {"x": 1},
    "T": {"z": {"id": "5"}, "y": "y"},
    "Z": {"w": 7},
}


class Replies:
    """Answers in an order drawn at random, as told.

    Args:
        given: by subgraph, status, headers, what is besides `data`, and what is done to the whole body.
        good: what the data are.
    """

    def __init__(self, given: dict[str, Any], good: dict[str, Any], seed: int) -> None:
        self.given = given
        self.good = good
        self.random = random.Random(seed)
        self.waiting: list[tuple[SubgraphCall, OnReply]] = []
        self.sent: list[bytes] = []

    async def start(self) -> None: ...

    async def close(self) -> None: ...

    async def subscribe(self, call: SubgraphCall, timeout_s: float) -> SubgraphReply:
        raise NotImplementedError

    def send(self, call: SubgraphCall, deadline: float, on_reply: OnReply) -> Pending:
        self.waiting.append((call, on_reply))
        self.sent.append(call.body)
        return self

    def cancel(self) -> None: ...

    def reply(self) -> None:
        call, on_reply = self.waiting.pop(self.random.randrange(len(self.waiting)))
        lists = {
            name: [self.good[each["__typename"]] for each in sent]
            for name, sent in orjson.loads(call.body)["variables"].items()
        }
        keys = ["_entities"] if len(lists) == 1 else [f"_entities{index}" for index in range(len(lists))]
        query = orjson.loads(call.body)["query"]
        data = (
            dict(zip(_response_keys(query, keys), lists.values(), strict=True)) if lists else self.good[call.subgraph]
        )
        status, headers, more, change, end = self.given.get(call.subgraph, REGULAR)
        body = orjson.dumps({"data": change(data), **more})
        on_reply(SubgraphReply(status, headers, body[: round(end * len(body))]))


def _response_keys(query: str, keys: list[str]) -> list[str]:
    """The keys of the `_entities` fields in a document."""
    if len(keys) == 1:
        return keys
    return [part.rsplit(":", 1)[0].split()[-1].strip("{ ") for part in query.split("_entities(")[:-1]]


def same(data: Any) -> Any:
    return data


REGULAR = (200, {}, {}, same, 1.0)


async def exchange(given: dict[str, Any], good: dict[str, Any], seed: int) -> tuple[bytes, list[bytes]]:
    """The response, and what was sent."""
    transport = Replies(given, good, seed)
    subgraphs = SubgraphClient({name: f"http://{name}/" for name in "abcd"}, transport)
    done: list[Any] = []
    compile_plan(PLAN, SCHEMA).start({}, context(), subgraphs, math.inf, done.append, pass_through=True)
    while not done:
        if transport.waiting:
            transport.reply()
        await asyncio.sleep(0)
    return orjson.dumps(done[0]), transport.sent


def never(*_: object) -> bool:
    return False


@pytest.mark.parametrize("more", [{}, {"extensions": {"cost": 1}}])
@pytest.mark.parametrize("seed", range(4))
async def test_what_is_usual_goes_this_way(seed: int, more: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    given = dict.fromkeys("abcd", (200, {}, more, same, 1.0))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scheduler, "take_regular", never)
        expected = await exchange(given, GOOD, seed)

    def read_reply(*_: object, **__: object) -> None:
        raise AssertionError

    monkeypatch.setattr(scheduler, "read_reply", read_reply)
    response, sent = await exchange(given, GOOD, seed)
    assert (response, sent) == expected
    assert b"errors" not in response
    assert orjson.loads(response)["data"]["ts"][1] == {"id": "4", "y": "y", "z": {"id": "5", "w": 7}}


statuses = st.sampled_from([200, 200, 200, 201, 204, 400, 500])
media = st.sampled_from([{}, {"content-type": "application/graphql-response+json"}, {"content-type": "text/html"}])
members = st.fixed_dictionaries(
    {},
    optional={
        "errors": st.lists(errors, max_size=2) | st.none() | st.just("x"),
        "extensions": st.none() | st.just({"a": 1}),
        "data": st.none() | st.just([]),
    },
)


@st.composite
def changes(draw: st.DrawFn) -> Any:
    """Something else at some place of the data, or keys that nobody asked for, or in another order."""
    kind = draw(st.sampled_from(["same", "same", "mutated", "turned", "long", "deep"]))
    if kind == "mutated":
        return lambda data: draw(mutated(data))
    if kind == "turned":
        return lambda data: dict(reversed(data.items()))
    if kind == "long":
        return lambda data: {**data, "n": orjson.Fragment("1e999")}
    if kind == "deep":
        return lambda data: {**data, "n": orjson.Fragment("[" * 900 + "]" * 900)}
    return same


unusual = st.dictionaries(
    st.sampled_from("abcd"),
    st.tuples(statuses, media, members, changes(), st.sampled_from([1.0, 1.0, 1.0, 1.0, 0.5, 0.99, 0.0])),
    max_size=3,
)
goods = st.builds(
    lambda parts: {**GOOD, **parts},
    st.fixed_dictionaries({}, optional={name: mutated(GOOD[name]) for name in ("U", "T", "Z")}),
)


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.data(), st.integers(0, 20))
def test_nothing_is_seen_of_it(drawn: st.DataObject, seed: int) -> None:
    given_replies = drawn.draw(unusual)
    good = drawn.draw(st.just(GOOD) | goods)
    # What is drawn while answering is drawn once.
    made: dict[tuple[str, bytes], Any] = {}

    def remembered(name: str, change: Any) -> Any:
        def changed(data: Any) -> Any:
            key = name, orjson.dumps(data)
            if key not in made:
                made[key] = change(data)
            return made[key]

        return changed

    told = {
        name: (status, headers, more, remembered(name, change), end)
        for name, (status, headers, more, change, end) in given_replies.items()
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scheduler, "take_regular", never)
        expected = asyncio.run(exchange(told, good, seed))
    assert asyncio.run(exchange(told, good, seed)) == expected


@st.composite
def plain(draw: st.DrawFn, depth: int) -> str:
    """A selection whose plans are tidy: with the key, and without conditions, aliases and fields that need others."""
    chosen = ["id"]
    for name in draw(st.lists(st.sampled_from([*LEAVES, *STRICT, *LINKS]), min_size=1, max_size=5, unique=True)):
        if name not in LINKS:
            chosen.append(name)
        elif depth:
            chosen.append(f"{name} {{ {draw(plain(depth - 1))} }}")
    return " ".join(draw(st.permutations(chosen)))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(federations(), plain(2), st.lists(st.integers(0, 5), min_size=1, max_size=8))
async def test_any_plan_gives_the_same(sdl: dict[str, str], selection: str, rounds: list[int]) -> None:
    composed = compose([Subgraph(name, sdl=LINK + each, url=f"http://{name}/") for name, each in sdl.items()])
    assert isinstance(composed, Composed), composed.errors
    supergraph = load_supergraph(composed.supergraph_sdl)
    schema = build_api_schema(supergraph.document)
    compiled = compile_plan(plan_operation(parse(f"{{ start {{ {selection} }} }}"), None, supergraph), schema)
    assume(compiled._keys is not None)  # most are
    served = " extend type Query { _entities(representations: [_Any!]!): [_Entity]! }"
    schemas = {name: build_schema(DIRECTIVES + each + served) for name, each in sdl.items()}

    async def response() -> bytes:
        transport = Subgraphs(schemas, rounds, dict.fromkeys(sdl, SubgraphTraits()))
        client = SubgraphClient({name: f"http://{name}/" for name in sdl}, transport)
        return orjson.dumps(await compiled.execute({}, context(), client))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scheduler, "take_regular", never)
        expected = await response()
    assert await response() == expected
