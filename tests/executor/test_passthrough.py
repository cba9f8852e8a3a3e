"""Replies passed on as they are: only what is right to the letter, and never anything else than the usual way gives."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.executor import CompiledPlan, compile_plan
from router.executor.passthrough import PassThrough
from router.executor.positions import ConditionTable, Introspections, prepare
from router.hooks import SubgraphReply
from router.planner.plan import Projection, QueryPlan
from tests.executor.plans import SCHEMA, Subgraph, abstract, client, context, field, obj, plan, root, run

PET = obj("Pet", field("id", "ID!"), field("lives", "Int"), field("kind", "Kind!", enum="CAT DOG"))
SHAPE = obj(
    "Query",
    field("n", "Int!"),
    field("f", "Float"),
    field("yes", "Boolean"),
    field("text", "String"),
    field("json", "Json"),
    field("grid", "[[Int!]]"),
    field("pets", "[Pet!]", PET),
    field("top", "Pet", PET),
)
DOCUMENT = "{ n f yes text json grid pets { id lives kind } top { id lives kind } }"
PLAN = plan(SHAPE, root("a", DOCUMENT))
CAT = {"id": "1", "lives": 9, "kind": "CAT"}
DOG = {"id": "2", "lives": None, "kind": "DOG"}
DATA: dict[str, Any] = {
    "n": 1, "f": 1.5, "yes": True, "text": "t", "json": "x", "grid": [[1, 2], None, []], "pets": [CAT, DOG], "top": DOG,
}  # fmt: skip


def warm(projection: Projection = SHAPE) -> PassThrough:
    made = PassThrough(prepare(projection, ConditionTable(), Introspections()))
    for _ in range(3):
        assert made.response(SubgraphReply(200, {}, b'{"data":{}}')) is None
    return made


def passed(body: bytes, projection: Projection = SHAPE, status: int = 200) -> bytes | None:
    """The `data` that is passed on."""
    response = warm(projection).response(SubgraphReply(status, {}, body))
    if response is None:
        return None
    assert response.startswith(b'{"data":{')
    assert response.endswith(b"}}")
    return response[8:-1]


def body(**changes: Any) -> bytes:
    return orjson.dumps({"data": {**DATA, **changes}})


def test_a_right_reply_is_passed_on_to_the_letter() -> None:
    assert passed(body()) == orjson.dumps(DATA)
    assert passed(body(pets=[], top=None, grid=None, text=None, json=None, yes=False, f=0)) is not None
    spaced = body().replace(b":", b": ").replace(b",", b", ") + b"\n"
    assert passed(spaced) == spaced[9:-2]


@pytest.mark.parametrize(
    "text", ["", "é", "日本", "\U0001f600", 'say "so"', "back\\slash", "a\nb\t", "\x7f", "\u2028", "/", "}{][,:"]
)
def test_texts(text: str) -> None:
    assert passed(body(text=text)) is not None
    assert passed(orjson.dumps({"data": {**DATA, "text": "@"}}).replace(b'"@"', b'"\\u0041\\/"')) is not None


@pytest.mark.parametrize(
    "changes",
    [
        {"n": None},
        {"n": "1"},
        {"n": 1.5},
        {"n": 2**31},
        {"n": True},
        {"f": "1"},
        {"yes": 0},
        {"text": 1},
        {"text": {"secret": 1}},
        {"json": {"a": 1}},
        {"grid": [1]},
        {"grid": [[None]]},
        {"grid": [[[1]]]},
        {"pets": [None]},
        {"pets": {}},
        {"pets": [{**CAT, "kind": "FISH"}]},
        {"pets": [{**CAT, "kind": None}]},
        {"pets": [{**CAT, "secret": 1}]},
        {"pets": [{"id": "1", "lives": 1}]},
        {"pets": [{"lives": 1, "id": "1", "kind": "CAT"}]},
        {"pets": [{**CAT, "id": 7}]},
        {"top": [CAT]},
        {"secret": 1},
    ],
)
def test_what_is_not_right_or_not_in_form_goes_the_usual_way(changes: dict[str, Any]) -> None:
    assert passed(body(**changes)) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'{"data"', b'{"errors":[],"data"'),
        (b'{"data"', b'\xef\xbb\xbf{"data"'),
        (b'"t"', b'"\xff"'),
        (b'"t"', b'"\\ud800"'),
        (b'"t"', b'"\\x"'),
        (b'"t"', b'"\n"'),
        (b'"t"', b'"t" "t"'),
        (b'"n":1', b'"n":01'),
        (b'"n":1', b'"n":-0'),
        (b'"n":1', b'"n":{"secret":1},"n":1'),
        (b'"n":1', b'"n":1,"n":1'),
        (b"[1,2]", b"[1,2,]"),
        (b"[1,2]", b"[1 2]"),
        (b"[1,2]", b"[,1]"),
        (b"[1,2]", b"[1,2"),
        (b"1.5", b"1."),
        (b"1.5", b"NaN"),
        (b"}}", b"}"),
        (b"}}", b"}}}"),
        (b"}}", b'},"extensions":{}}'),
        (b"}}", b'},"errors":[{"message":"m"}]}'),
    ],
)
def test_bytes_that_are_not_to_the_letter(old: bytes, new: bytes) -> None:
    whole = body()
    assert whole.replace(old, new) != whole
    assert passed(whole.replace(old, new)) is None


def test_other_statuses_are_not_passed_on() -> None:
    assert passed(body(), status=500) is None


@pytest.mark.parametrize(
    "changed",
    [
        field("n", "Int", storage="_q0"),
        field("n", "Int", when=(("x", True),)),
        field("n", "String!", constant="Query"),
        field("n", "N", abstract("N", A=(field("x"),))),
        field("n", "Kind", enum=""),
        field("n", "N", obj("N")),
    ],
)
def test_plans_whose_data_is_not_the_subgraphs(changed: Any) -> None:
    made = warm(obj("Query", changed))
    for _ in range(3):
        assert made.response(SubgraphReply(200, {}, b'{"data":{"n":1}}')) is None
    assert made._pattern is None


def test_large_selections_are_left_alone() -> None:
    shape = obj("Query", *(field(f"f{i}") for i in range(201)))
    assert passed(orjson.dumps({"data": {f"f{i}": None for i in range(201)}}), shape) is None
    deep = obj("X", field("x"))
    for _ in range(40):
        deep = obj("X", field("x", "X", deep))
    assert passed(b'{"data":{"x":null}}', deep) is None


def test_it_is_given_up_where_it_never_fits_and_only_there() -> None:
    made = warm()
    for _ in range(20):
        for _ in range(7):
            assert made.response(SubgraphReply(200, {}, body(secret=1))) is None
        assert made.response(SubgraphReply(200, {}, body())) is not None
    for _ in range(8):
        assert made.response(SubgraphReply(200, {}, body(secret=1))) is None
    assert made.response(SubgraphReply(200, {}, body())) is None


def test_time_is_linear_whatever_the_reply() -> None:
    """What nearly fits, very long: an expression that goes back would not end."""
    made = warm()
    many = body(grid=[[1] * 200_000], text='x"' * 100_000).replace(b'"top"', b'"pot"')
    assert made.response(SubgraphReply(200, {}, many)) is None
    assert made.response(SubgraphReply(200, {}, many[:-50])) is None


# ---- in plans -------------------------------------------------------------------------------------------------------


async def executed(compiled: CompiledPlan, answer: Any, *, pass_through: bool) -> dict[str, Any]:
    response = await compiled.execute({}, context(), client({"a": Subgraph(answer)}), pass_through=pass_through)
    return dict(json.loads(orjson.dumps(response)))  # orjson refuses some of the largest floats


WARM = compile_plan(PLAN, SCHEMA)


def texts() -> st.SearchStrategy[bytes]:
    """Bodies that are right, nearly right, and wrong."""
    leaves = st.one_of(
        st.sampled_from([None, True, 0, -1, 2**31, 1.5, "CAT", "x"]),
        st.text(max_size=5),
        st.floats(allow_nan=False, allow_infinity=False),
        st.integers(-(2**63), 2**63),
    )
    pets = st.fixed_dictionaries({"id": st.text(max_size=3), "lives": st.one_of(st.none(), st.integers(0, 9)),
                                  "kind": st.sampled_from(["CAT", "DOG", "FISH"])})  # fmt: skip
    data = st.fixed_dictionaries(
        {
            "n": st.one_of(st.integers(-9, 9), leaves),
            "f": leaves,
            "yes": st.one_of(st.booleans(), leaves),
            "text": st.one_of(st.text(), leaves),
            "json": leaves,
            "grid": st.one_of(st.none(), st.lists(st.one_of(st.none(), st.lists(st.integers(0, 5))))),
            "pets": st.one_of(st.none(), st.lists(pets, max_size=3)),
            "top": st.one_of(st.none(), pets),
        }
    )
    whole = data.map(lambda value: orjson.dumps({"data": value}))
    spliced = st.tuples(whole, st.integers(0, 200), st.integers(0, 3), st.binary(max_size=2)).map(
        lambda parts: parts[0][: parts[1]] + parts[3] + parts[0][parts[1] + parts[2] :]
    )
    return st.one_of(whole, whole, spliced)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(texts())
async def test_the_response_is_the_same_either_way(text: bytes) -> None:
    WARM._pass_through = made = warm()
    usual = await executed(WARM, text, pass_through=False)
    assert await executed(WARM, text, pass_through=True) == usual, "in a run, which makes the expression"
    assert made.is_ready
    assert await executed(WARM, text, pass_through=True) == usual, "without one"


async def test_it_is_done_for_warm_plans_of_callers_that_only_serialise() -> None:
    compiled = compile_plan(PLAN, SCHEMA)
    for turn in range(6):
        response = await compiled.execute({}, context(), client({"a": Subgraph(body())}), pass_through=True)
        assert isinstance(response["data"], orjson.Fragment) is (turn >= 3)
        assert orjson.loads(orjson.dumps(response)) == {"data": DATA}
    assert await run(compiled, a=Subgraph(body())) == {"data": DATA}


@pytest.mark.parametrize(
    "the_plan",
    [
        plan(obj("Query", field("n", "Int")), root("a", "{ n }"), root("b", "{ m }")),
        plan(obj("Query", field("n", "Int"))),
    ],
)
def test_plans_of_one_request_only(the_plan: QueryPlan) -> None:
    assert compile_plan(the_plan, SCHEMA)._pass_through is None
