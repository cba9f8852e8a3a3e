"""Trees that are responses as they are: the same responses as the projection makes, down to the order of fields."""

import asyncio
import math
import random
from collections.abc import Mapping
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.executor import CompiledPlan, OnReply, Pending, SubgraphClient, compile_plan
from router.executor import tidy as tidy_module
from router.executor.merging import arrange
from router.hooks import SubgraphCall, SubgraphReply
from router.planner.plan import Projection, QueryPlan
from tests.executor.plans import SCHEMA, abstract, by_id, context, entities, field, obj, plan, root

P = by_id("P")
PART = obj("Part", field("code", "Int!"), field("name"))
PRODUCT = obj(
    "P",
    field("stock", "Int"),
    field("name"),
    field("id", "ID!"),
    field("part", "Part", PART),
    field("tags", "[String!]"),
    field("parts", "[[Part]]", PART),
)
SHAPE = obj(
    "Query", field("n", "Int!"), field("top", "[P!]", PRODUCT), field("us", "[U]", obj("U", field("p", "P", PRODUCT)))
)
WHOLE = "... on P { tags name parts { code name } }"
PLAN = plan(
    SHAPE,
    root("a", "{ us { p { id } } n }"),
    root("b", "{ top { id } }"),
    entities("c", WHOLE, "us@.p", P),
    entities("c", WHOLE, "top@", P, after=(1,)),
    entities("d", "... on P { part { name code } stock }", "us@.p", P),
    entities("d", "... on P { part { name code } stock }", "top@", P, after=(1,)),
)
PART_VALUE = {"code": 1, "name": "x"}


class Answers:
    """Answers requests in an order drawn at random, each subgraph with what is set for it."""

    def __init__(self, answers: Mapping[str, Any], seed: int) -> None:
        self.answers = answers
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
        answer = self.answers[call.subgraph]
        if b"_entities" in call.body:
            sent = [
                each
                for name, value in orjson.loads(call.body)["variables"].items()
                for each in (value if name.startswith("rep") else [])
            ]
            answer = {"_entities": [answer for _ in sent]}
        on_reply(SubgraphReply(200, {}, orjson.dumps({"data": answer})))


async def response_of(compiled: CompiledPlan, answers: Mapping[str, Any], seed: int = 0) -> Any:
    return (await exchange(compiled, answers, seed))[0]


async def exchange(compiled: CompiledPlan, answers: Mapping[str, Any], seed: int) -> tuple[Any, list[bytes]]:
    """The response, and what was sent."""
    transport = Answers(answers, seed)
    subgraphs = SubgraphClient({name: f"http://{name}/" for name in "abcd"}, transport)
    done: list[Any] = []
    compiled.start({}, context(), subgraphs, math.inf, done.append, pass_through=True)
    while not done:
        if transport.waiting:
            transport.reply()
        await asyncio.sleep(0)
    return done[0], transport.sent


def projected(the_plan: QueryPlan) -> CompiledPlan:
    """The plan without this short cut."""
    compiled = compile_plan(the_plan, SCHEMA)
    compiled._keys = None
    return compiled


REGULAR = {
    "a": {"us": [{"p": {"id": "1"}}, None, {"p": None}, {"p": {"id": "2"}}, {"p": {"id": "1"}}], "n": 1},
    "b": {"top": [{"id": "2"}, {"id": "3"}]},
    "c": {"tags": ["t"], "name": "n", "parts": [[PART_VALUE, None], None]},
    "d": {"part": {"name": "x", "code": 1}, "stock": 4},
}


def tidy(projection: Projection, *fetches: Any) -> bool:
    return compile_plan(plan(projection, *fetches), SCHEMA)._keys is not None


def test_which_plans() -> None:
    assert compile_plan(PLAN, SCHEMA)._keys == ("n", "top", "us")
    xs = root("a", "{ x { id } }")
    for x, is_tidy in (
        (field("x", "X", obj("X", field("id"))), True),
        (field("y", "X", obj("X", field("id")), storage="x"), False),
        (field("x", "X", obj("X", field("id")), when=(("v", True),)), False),
        (field("x", "X", obj("X", field("name", storage="id"))), False),
        (field("x", "X", obj("X", field("id"), field("kind", constant="X"))), False),
        (field("x", "X", obj("X", field("id"), field("more"))), False),
        (field("x", "X", abstract("X", A=(field("id"),))), False),
    ):
        assert tidy(obj("Query", x), xs) is is_tidy
    more = obj("Query", field("x", "X", obj("X", field("id"), field("more"))))
    assert tidy(more, xs, entities("b", "... on X { more }", "x", by_id("X")))
    assert not tidy(
        obj("Query", field("x", "X", obj("X", field("more")))), xs, entities("b", "... on X { more }", "x", P)
    )
    assert not tidy(more, xs, entities("b", "... on X { more }", "x", by_id("X"), run_if=((("v", True),),)))
    assert not tidy(more, xs, entities("b", "... on X { more }", "x|X", by_id("X")))
    assert not tidy(more, root("a", "{ x { id more } }"), entities("b", "... on X { more }", "x", by_id("X")))
    assert not tidy(more, root("a", "query ($v: Boolean!) { x { id more @skip(if: $v) } }"))


@pytest.mark.parametrize("seed", range(8))
async def test_what_is_regular_is_not_projected(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = await response_of(projected(PLAN), REGULAR, seed)
    compiled = compile_plan(PLAN, SCHEMA)

    def project(*_: object) -> dict[str, Any]:
        raise AssertionError

    compiled._project = project
    response = await response_of(compiled, REGULAR, seed)
    assert orjson.dumps(response) == orjson.dumps(expected)
    assert "errors" not in response


irregular = st.sampled_from(
    [None, 1, "x", True, 1.5, 2**40, [], ["t", None], {}, [None], [[{"code": 1}]], [[PART_VALUE, 1]], {"name": "x"}]
).map(orjson.dumps)


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    """Regular answers, but for a few values, keys that lack or that nobody asked for, and keys in another order."""
    found = orjson.loads(orjson.dumps(REGULAR))
    for _ in range(draw(st.integers(0, 2))):
        places: list[tuple[Any, Any]] = []
        pending: list[Any] = [found[draw(st.sampled_from("abcd"))]]
        while pending:
            value = pending.pop()
            inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
            for key, each in inside:
                places.append((value, key))
                pending.append(each)
        if not places:
            break
        value, key = draw(st.sampled_from(places))
        match draw(st.sampled_from(["value", "lacks", "more"])):
            case "value":
                value[key] = orjson.loads(draw(irregular))
            case "lacks" if isinstance(value, dict):
                del value[key]
            case "more" if isinstance(value, dict):
                value["secret"] = 1
    return found


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(answers(), st.integers(0, 100))
def test_nothing_is_seen_of_it(given_answers: dict[str, Any], seed: int) -> None:
    expected = asyncio.run(response_of(projected(PLAN), given_answers, seed))
    response = asyncio.run(response_of(compile_plan(PLAN, SCHEMA), given_answers, seed))
    assert orjson.dumps(response) == orjson.dumps(expected)


def test_what_is_put_in_order() -> None:
    wholes = {2: [dict.fromkeys("ab"), dict.fromkeys("ca")], 3: [dict.fromkeys("bac")]}
    for keys, ordered in (("ba", "ab"), ("ac", "ca"), ("cb", "cb"), ("a", "a"), ("abc", "bac"), ("bad", "bad")):
        target = {key: key.upper() for key in keys}
        arrange([[target], []], wholes)
        assert list(target) == list(ordered)
        assert all(value == key.upper() for key, value in target.items())


async def test_the_order_of_fields_whoever_completes_an_object() -> None:
    """Positions with as many fields as others but in another order, filled by several fetches."""
    one = obj("P", field("stock", "Int"), field("id", "ID!"), field("name"))
    other = obj("P", field("name"), field("size", "Int"), field("id", "ID!"))
    the_plan = plan(
        obj("Query", field("p", "P", one), field("q", "P", other)),
        root("a", "{ p { id } q { id size } }"),
        entities("c", "... on P { name }", "p", P),
        entities("c", "... on P { name }", "q", P),
        entities("d", "... on P { stock }", "p", P),
    )
    compiled = compile_plan(the_plan, SCHEMA)
    assert compiled._keys is not None
    given_answers = {"a": {"p": {"id": "1"}, "q": {"id": "2", "size": 3}}, "c": {"name": "n"}, "d": {"stock": 4}}
    expected = orjson.dumps(await response_of(projected(the_plan), given_answers))
    compiled._project = None  # type: ignore[assignment]  # it is not used
    for seed in range(8):
        assert orjson.dumps(await response_of(compiled, given_answers, seed)) == expected


# Targets that checks gather: united ones and others, in lists and alone, found in a root's answer and in entities'.
LEAF = obj("L", field("id", "ID!"), field("stock", "Int"))
BRANCH = obj("B", field("id", "ID!"), field("leaf", "L", LEAF), field("name"))
GATHERING = plan(
    obj("Query", field("bs", "[B]", BRANCH), field("b", "B", BRANCH)),
    root("a", "{ bs { id leaf { id } } b { id } }"),
    entities("c", "... on B { leaf { id } name }", "b", by_id("B")),
    entities("b", "... on B { name }", "bs@", by_id("B")),
    entities("d", "... on L { stock }", "bs@.leaf", by_id("L")),
    entities("d", "... on L { stock }", "b.leaf", by_id("L"), after=(1,)),
)
ids = st.sampled_from(["1", "1", "2", ",", None, 1, ["1"]])
some_leaves = st.none() | st.builds(lambda i: {"id": i}, ids) | st.just({"id": "1", "more": 1}) | st.just("1")
some_branches = st.none() | st.builds(lambda i, leaf: {"id": i, "leaf": leaf}, ids, some_leaves)


def test_what_checks_gather() -> None:
    calls = compile_plan(GATHERING, SCHEMA)._requests._tidy
    assert [calls[number].gathers for number in range(5)] == [(1, 2, 3), (4,), (), (), ()]


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(some_branches, max_size=6), some_leaves, st.integers(0, 20))
def test_what_is_gathered_is_what_the_walk_finds(branches: list[Any], leaf: Any, seed: int) -> None:
    given_answers = {
        "a": {"bs": branches, "b": {"id": "1"}},
        "b": {"name": "n"},
        "c": {"leaf": leaf, "name": "n"},
        "d": {"stock": 1},
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tidy_module, "_gathered", lambda *_: {})
        walking = compile_plan(GATHERING, SCHEMA)
    expected, sent = asyncio.run(exchange(walking, given_answers, seed))
    response, also_sent = asyncio.run(exchange(compile_plan(GATHERING, SCHEMA), given_answers, seed))
    assert orjson.dumps(response) == orjson.dumps(expected)
    assert also_sent == sent


async def test_a_subgraph_with_an_order_of_its_own_goes_the_usual_way() -> None:
    turned = {**REGULAR, "d": {"stock": 4, "part": {"name": "x", "code": 1}}}
    expected = orjson.dumps(await response_of(projected(PLAN), REGULAR))
    assert orjson.dumps(await response_of(compile_plan(PLAN, SCHEMA), turned)) == expected


async def test_an_entity_that_is_not_there_and_a_target_that_cannot_be_sent() -> None:
    for change in ({"c": None}, {"b": {"top": [{"id": None}]}}, {"a": {"us": [{"p": {"id": None}}], "n": 1}}):
        given_answers = {**REGULAR, **change}
        expected = await response_of(projected(PLAN), given_answers)
        assert await response_of(compile_plan(PLAN, SCHEMA), given_answers) == expected


async def test_objects_that_not_all_parts_can_be_asked_of() -> None:
    some = obj("Query", field("us", "[U]", obj("U", field("id"), field("name", "String!"))))
    the_plan = plan(some, root("a", "{ us { id } }"), entities("c", "... on U { name }", "us@", by_id("U")))
    assert compile_plan(the_plan, SCHEMA)._keys is not None
    for users in ([{"id": "1"}, {"id": None}], [{"id": None}], []):
        given_answers = {"a": {"us": users}, "c": {"name": "n"}}
        expected = await response_of(projected(the_plan), given_answers)
        assert ("errors" in expected) is bool(users)
        assert await response_of(compile_plan(the_plan, SCHEMA), given_answers) == expected
