"""Root fetches below a path: fields that return the query root lead to any subgraph's root fields."""

from typing import Any

import pytest

from tests.executor.plans import Subgraph, abstract, by_id, codes, entities, field, obj, paths, plan, root, run

QUERY = obj("Query", field("x"), field("y", "Int!"))
SHAPE = obj("Mutation", field("do", "Done", obj("Done", field("query", "Query", QUERY))))
PLAN = plan(
    SHAPE,
    root("a", "mutation { do { query { __typename } } }", kind="mutation"),
    root("b", "query($v: Int) { x(v: $v) y }", "v", path="do.query", after=(0,)),
    kind="mutation",
)
DONE = {"data": {"do": {"query": {"__typename": "Query"}}}}


async def test_the_result_merges_below_the_path() -> None:
    b = Subgraph({"data": {"x": "1", "y": 2}})
    response = await run(PLAN, {"v": 7}, a=Subgraph(DONE), b=b)
    assert response == {"data": {"do": {"query": {"x": "1", "y": 2}}}}
    assert b.requests == [{"query": PLAN.fetches[1].document, "variables": {"v": 7}}]


@pytest.mark.parametrize("done", [None, {}, {"query": None}, {"query": "text"}])
async def test_it_is_not_sent_if_nothing_is_there(done: Any) -> None:
    b = Subgraph({"data": {"x": "1", "y": 2}})
    response = await run(PLAN, a=Subgraph({"data": {"do": done}}), b=b)
    assert b.requests == []
    assert response["data"] == {"do": None if done is None else {"query": None}}


LISTED = plan(
    obj(
        "Query",
        field("us", "[U]", obj("U", field("query", "Query", obj("Query", field("p", "P", obj("P", field("n"))))))),
    ),
    root("a", "{ us { query { __typename } } }"),
    root("b", "{ p { id } }", path="us@.query", after=(0,)),
    entities("c", "... on P { n }", "us@.query.p", by_id("P"), after=(1,)),
)


async def test_it_is_sent_once_for_a_list_and_later_fetches_go_on_below() -> None:
    a = Subgraph({"data": {"us": [{"query": {}}, None, {"query": {}}, {"query": None}]}})
    b, c = Subgraph({"data": {"p": {"id": "1"}}}), Subgraph({"data": {"_entities": [{"n": "n"}]}})
    response = await run(LISTED, a=a, b=b, c=c)
    assert response["data"] == {
        "us": [{"query": {"p": {"n": "n"}}}, None, {"query": {"p": {"n": "n"}}}, {"query": None}]
    }
    assert (len(b.requests), len(c.representations)) == (1, 1)


async def test_objects_below_are_not_shared_if_a_later_fetch_writes_into_some() -> None:
    query = field("query", "Query", obj("Query", field("p", "P", obj("P", field("n")))))
    shape = obj("Query", field("us", "[U]", abstract("U", A=(query,), B=(query,))))
    the_plan = plan(
        shape,
        root("a", "{ us { __typename query { __typename } } }"),
        root("b", "{ p { id } }", path="us@.query", after=(0,)),
        entities("c", "... on P { n }", "us@|A.query.p", by_id("P"), after=(1,)),
    )
    a = Subgraph({"data": {"us": [{"__typename": name, "query": {}} for name in ("A", "B")]}})
    c = Subgraph({"data": {"_entities": [{"n": "n"}]}})
    response = await run(the_plan, a=a, b=Subgraph({"data": {"p": {"id": "1"}}}), c=c)
    assert response["data"] == {"us": [{"query": {"p": {"n": "n"}}}, {"query": {"p": {"n": None}}}]}
    assert c.representations == [{"__typename": "P", "id": "1"}]


async def test_errors_appear_at_every_place() -> None:
    a = Subgraph({"data": {"us": [{"query": {}}, {"query": {}}]}})
    b = Subgraph({"data": {"p": None}, "errors": [{"message": "m", "path": ["p", "id"]}]})
    response = await run(LISTED, a=a, b=b, c=Subgraph())
    assert response["data"] == {"us": [{"query": {"p": None}}, {"query": {"p": None}}]}
    assert paths(response) == [["us", 0, "query", "p"], ["us", 1, "query", "p"]]


@pytest.mark.parametrize("answer", [b"garbage", {"data": None, "errors": [{"message": "m"}]}, {"data": []}])
async def test_a_failure_is_reported_once_at_its_place(answer: Any) -> None:
    response = await run(PLAN, a=Subgraph(DONE), b=Subgraph(answer))
    assert response["data"] == {"do": {"query": None}}
    assert paths(response) == [["do", "query"]]
    a = Subgraph({"data": {"us": [{"query": {}}, {"query": {}}]}})
    response = await run(LISTED, a=a, b=Subgraph(answer), c=Subgraph())
    assert response["data"] == {"us": [{"query": {"p": None}}] * 2}
    assert paths(response) == [["us"]]
    assert len(codes(response)) == 1


async def test_two_roots_share_one_place() -> None:
    below = obj("Query", field("d", "D", obj("D", field("x"), field("y"))))
    shape = obj("Query", field("p", "P", obj("P", field("q", "Query", below))))
    the_plan = plan(
        shape,
        root("a", "{ p { q { __typename } } }"),
        root("b", "{ d { x } }", path="p.q", after=(0,)),
        root("c", "{ d { y } }", path="p.q", after=(0,)),
    )
    response = await run(
        the_plan,
        a=Subgraph({"data": {"p": {"q": {}}}}),
        b=Subgraph({"data": {"d": {"x": "1"}}}),
        c=Subgraph({"data": {"d": {"y": "2"}}}),
    )
    assert response == {"data": {"p": {"q": {"d": {"x": "1", "y": "2"}}}}}
