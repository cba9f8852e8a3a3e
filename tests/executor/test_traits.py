"""Subgraphs that cannot take everything in one request: chunks, one type per call, one call per document."""

from typing import Any

import pytest

from router.executor import SubgraphTraits
from router.planner.plan import ContextArgument, ContextSource, InputField, InputSelection, Representation
from tests.executor.plans import Subgraph, by_id, codes, entities, field, obj, paths, plan, root, run

U, P = by_id("U"), by_id("P")
NAMED = obj("U", field("n"))
SHAPE = obj("Query", field("us", "[U]", NAMED), field("ps", "[U]", NAMED), field("me", "U", NAMED))
PLAN = plan(
    SHAPE,
    root("a", "{ us { id } ps { id } me { id } }"),
    entities("b", "... on U { n }", "us@", U),
    entities("b", "... on P { n }", "ps@", P),
    entities("b", "... on U { n }", "me", U),
)


def data(us: str, ps: str = "", me: str | None = None) -> Subgraph:
    return Subgraph(
        {"data": {"us": [{"id": i} for i in us], "ps": [{"id": i} for i in ps], "me": {"id": me} if me else None}}
    )


def named(request: dict[str, Any]) -> dict[str, Any]:
    """An answer to any request: the name of an entity is its representation in short."""
    found = {
        key: [{"n": f"{each['__typename']}{each['id']}"} for each in representations]
        for (key, representations) in zip(keys(request), lists(request), strict=True)
    }
    return {"data": found}


def lists(request: dict[str, Any]) -> list[list[dict[str, Any]]]:
    return [value for value in request["variables"].values() if isinstance(value, list)]


def keys(request: dict[str, Any]) -> list[str]:
    count = len(lists(request))
    return ["_entities"] if count == 1 else [f"_e{index}" for index in range(count)]


def sent(subgraph: Subgraph) -> list[list[str]]:
    """Per request, what each `_entities` field asks for."""
    return [
        [" ".join(f"{one['__typename']}{one['id']}" for one in each) for each in lists(request)]
        for request in subgraph.requests
    ]


def expected(us: str, ps: str = "", me: str | None = None) -> dict[str, Any]:
    return {
        "us": [{"n": f"U{i}"} for i in us],
        "ps": [{"n": f"P{i}"} for i in ps],
        "me": {"n": f"U{me}"} if me else None,
    }


@pytest.mark.parametrize(
    ("traits", "wanted"),
    [
        (SubgraphTraits(), [["U1 U2 U3 U4", "P1 P2"]]),
        (SubgraphTraits(max_representations=6), [["U1 U2 U3 U4", "P1 P2"]]),
        (SubgraphTraits(max_representations=5), [["U1 U2 U3 U4", "P1"], ["P2"]]),
        (SubgraphTraits(max_representations=3), [["U1 U2 U3"], ["U4", "P1 P2"]]),
        (SubgraphTraits(max_representations=1), [["U1"], ["U2"], ["U3"], ["U4"], ["P1"], ["P2"]]),
        (SubgraphTraits(batching=False), [["U1 U2 U3 U4"], ["P1 P2"]]),
        (SubgraphTraits(batching=False, max_representations=3), [["U1 U2 U3"], ["U4"], ["P1 P2"]]),
    ],
)
async def test_what_goes_into_which_request(traits: SubgraphTraits, wanted: list[list[str]]) -> None:
    b = Subgraph(named)
    response = await run(PLAN, traits={"b": traits}, a=data("1232", "12", "4"), b=b)
    assert response == {"data": expected("1232", "12", "4")}
    assert sorted(sent(b)) == sorted(wanted)


async def test_chunks_go_side_by_side() -> None:
    b = Subgraph(named, delay_s=0.05)
    log: list[str] = []
    b.log, b.name = log, "b"
    await run(PLAN, traits={"b": SubgraphTraits(max_representations=1)}, a=data("123"), b=b)
    assert log == ["b starts"] * 3 + ["b answers"] * 3


async def test_one_type_per_call() -> None:
    any_type = (
        by_id(None, types="A B"),
        Representation(frozenset({"C"}), "I", (InputField("id", "id"),)),
        Representation(frozenset({"D"}), "A", (InputField("id", "id"),)),
    )
    the_plan = plan(
        obj("Query", field("us", "[U]", NAMED)),
        root("a", "{ us { __typename id } }"),
        entities("b", "... on A { n } ... on B { n } ... on I { n }", "us@", *any_type),
    )
    found = [{"__typename": name, "id": str(i)} for i, name in enumerate(["A", "B", "C", "D", "A", "Z"])]
    a, b = Subgraph({"data": {"us": [*found, {"id": "9"}]}}), Subgraph(named)
    response = await run(the_plan, traits={"b": SubgraphTraits(one_type_per_call=True)}, a=a, b=b)
    assert sent(b) == [["A0 A3 A4", "B1", "I2"]]
    assert [each["n"] for each in response["data"]["us"]] == ["A0", "B1", "I2", "A3", "A4", None, None]


async def test_one_type_per_call_beside_contexts() -> None:
    lang = ContextArgument(
        "_c0", "String", (ContextSource(0, (InputSelection(None, False, (InputField("lang", "lang"),)),)),)
    )
    the_plan = plan(
        obj("Query", field("us", "[U]", NAMED)),
        root("a", "{ lang us { __typename id } }"),
        entities("b", "... on A { n(l: $_c0) } ... on B { n(l: $_c0) }", "us@", by_id(None), contexts=(lang,)),
    )
    found = [{"__typename": name, "id": str(i)} for i, name in enumerate("AB")]
    a, b = Subgraph({"data": {"lang": "de", "us": found}}), Subgraph(named)
    traits = SubgraphTraits(one_type_per_call=True, batching=False)
    response = await run(the_plan, traits={"b": traits}, a=a, b=b)
    assert response == {"data": {"us": [{"n": "A0"}, {"n": "B1"}]}}
    assert [each["variables"]["_c0"] for each in b.requests] == ["de", "de"]


def failing(request: dict[str, Any]) -> Any:
    """Fails for requests with U2 in them."""
    if any(one["id"] == "2" for each in lists(request) for one in each):
        return (503, {"content-type": "text/html"}, b"<html>")
    return named(request)


async def test_a_failing_chunk_loses_its_own_part_only() -> None:
    b = Subgraph(failing)
    response = await run(PLAN, traits={"b": SubgraphTraits(max_representations=1)}, a=data("123", "1", "2"), b=b)
    assert response["data"] == {"us": [{"n": "U1"}, {"n": None}, {"n": "U3"}], "ps": [{"n": "P1"}], "me": {"n": None}}
    assert codes(response) == ["SUBREQUEST_HTTP_ERROR"] * 2
    assert paths(response) == [["us", 1], ["me"]]
    response = await run(PLAN, traits={"b": SubgraphTraits(max_representations=2)}, a=data("1324"), b=Subgraph(failing))
    assert response["data"]["us"] == [{"n": "U1"}, {"n": "U3"}, {"n": None}, {"n": None}]
    assert paths(response) == [["us"]]
    response = await run(PLAN, traits={"b": SubgraphTraits(max_representations=1)}, a=data("12"), b=Subgraph(failing))
    assert paths(response) == [["us", 1]]


async def test_errors_of_entities_in_chunks_have_their_own_places() -> None:
    def answer(request: dict[str, Any]) -> dict[str, Any]:
        errors = [
            {"message": one["id"], "path": [key, index, "n"]}
            for key, each in zip(keys(request), lists(request), strict=True)
            for index, one in enumerate(each)
            if one["id"] in "35"
        ]
        return {**named(request), "errors": errors}

    traits = {"b": SubgraphTraits(max_representations=2)}
    response = await run(PLAN, traits=traits, a=data("12345", "53", "5"), b=Subgraph(answer))
    assert sorted((error["message"], error["path"]) for error in response["errors"]) == [
        ("3", ["ps", 1, "n"]),
        ("3", ["us", 2, "n"]),
        ("5", ["me", "n"]),
        ("5", ["ps", 0, "n"]),
        ("5", ["us", 4, "n"]),
    ]


async def test_a_fetch_is_over_when_its_own_chunks_are() -> None:
    """`me` is in the first chunk, so what follows from it does not wait for the second."""
    the_plan = plan(
        obj("Query", field("me", "U", obj("U", field("n"), field("z"))), field("us", "[U]", NAMED)),
        root("a", "{ me { id } us { id } }"),
        entities("b", "... on U { n }", "me", U),
        entities("b", "... on U { n }", "us@", U),
        entities("c", "... on U { z }", "me", by_id("U", "n"), after=(1,)),
    )
    order: list[str] = []

    def slow(request: dict[str, Any]) -> dict[str, Any]:
        order.append(f"b answers {lists(request)[0][0]['id']}")
        return named(request)

    def follow(request: dict[str, Any]) -> dict[str, Any]:
        order.append("c")
        return {"data": {"_entities": [{"z": "z"}]}}

    class Uneven(Subgraph):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            self.delay_s = 0.0 if not self.requests else 0.1
            await super().__call__(scope, receive, send)

    response = await run(
        the_plan,
        traits={"b": SubgraphTraits(max_representations=1)},
        a=Subgraph({"data": {"me": {"id": "1"}, "us": [{"id": "1"}, {"id": "2"}]}}),
        b=Uneven(slow),
        c=Subgraph(follow),
    )
    assert response == {"data": {"me": {"n": "U1", "z": "z"}, "us": [{"n": "U1"}, {"n": "U2"}]}}
    assert order == ["b answers 1", "c", "b answers 2"]
