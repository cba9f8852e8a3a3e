"""Objects that say the same become one object in the tree: never where something could tell them apart later."""

import asyncio
import math
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.executor import CompiledPlan, compile_plan
from router.executor.writes import Writes
from router.planner.plan import ContextArgument, ContextSource, InputField, InputSelection, QueryPlan
from tests.executor.plans import SCHEMA, Subgraph, by_id, client, context, entities, field, obj, plan, root

P = by_id("P")
CHILD = obj("P", field("id", "ID!"), field("name"), field("size", "Int"), field("price", "Int"))
SHAPE = obj("Query", field("us", "[U]", obj("U", field("p", "P", CHILD), field("q", "P", CHILD))))
ROOT = root("a", "{ us { p { id } q { id } } }")
NAME = entities("b", "... on P { name size }", "us@.p", P)
OTHER_NAME = entities("b", "... on P { name size }", "us@.q", P)
PRICE = entities("c", "... on P { price }", "us@.p", by_id("P", "size"), after=(0, 1))
PLAN = plan(SHAPE, ROOT, NAME, OTHER_NAME, PRICE)


def identities(the_plan: QueryPlan) -> list[tuple[str, ...]]:
    writes = Writes(the_plan)
    return [writes.identity(fetch) for fetch in the_plan.fetches[1:]]


def test_where_objects_are_united() -> None:
    # The last finds nothing that has only an id: its objects have been united, or have more by then.
    assert identities(PLAN) == [("id",), ("id",), ("id",)]
    typed = plan(SHAPE, root("a", "{ us { p { __typename id } } }"), entities("b", "... on P { name }", "us@.p|P", P))
    assert identities(typed) == [("__typename", "id")]
    many = plan(SHAPE, root("a", "{ us { p { id a b c } } }"), NAME)
    composite = plan(SHAPE, root("a", "{ us { p { id d { e } } } }"), NAME)
    in_lists = plan(SHAPE, ROOT, entities("b", "... on U { name }", "us@", by_id("U")))
    assert identities(many) == identities(composite) == identities(in_lists) == [()]


def test_where_something_could_tell_them_apart() -> None:
    above = entities("d", "... on U { p { more } }", "us@", by_id("U"))
    assert identities(plan(SHAPE, ROOT, NAME, above)) == [(), ()]
    before = plan(SHAPE, ROOT, above, entities("b", "... on P { name }", "us@.p", P, after=(0, 1)))
    assert identities(before) == [(), ("id", "more")]
    of_one_type = entities("d", "... on P { more }", "us@|Cat.p", P)
    assert identities(plan(SHAPE, ROOT, NAME, of_one_type)) == [(), ()]
    value = (InputSelection(None, False, (InputField("tone", "tone"),)),)
    argument = ContextArgument("c", "String", (ContextSource(1, value),))
    by_context = entities("d", "... on P { more(c: $c) }", "us@.p", P, contexts=(argument,))
    assert identities(plan(SHAPE, ROOT, NAME, by_context)) == [(), ()]
    deeper = entities("d", "... on Q { more }", "us@.p.part", by_id("Q"), after=(0, 1))
    assert identities(plan(SHAPE, ROOT, NAME, deeper))[0] == ("id",)


def test_whose_targets_are_those_of_another() -> None:
    assert [fetch.collected_by for fetch in compile_plan(PLAN, SCHEMA)._fetches] == [None, None, None, 1]
    later = entities("d", "... on U { p { id } }", "us@", by_id("U"))
    again = entities("c", "... on P { price }", "us@.p", P, after=(0, 1, 2))
    compiled = compile_plan(plan(SHAPE, ROOT, NAME, later, again), SCHEMA)
    assert [fetch.collected_by for fetch in compiled._fetches] == [None, None, None, None]


def objects(response: Any) -> Iterator[int]:
    for value in response.values() if isinstance(response, dict) else response if isinstance(response, list) else ():
        if isinstance(value, dict | list):
            yield id(value)
            yield from objects(value)


def answered(request: dict[str, Any]) -> dict[str, Any]:
    """Entities with names made of their ids; those with an odd id are not there, `bad` ones are an error."""
    sent = request["variables"]["representations"]
    errors = [{"message": "bad", "path": ["_entities", n]} for n, each in enumerate(sent) if each["id"] == "bad"]
    found = [
        None
        if each["id"] in ("odd", "bad")
        else {"name": f"n{each['id']}", "size": len(str(each["id"])), "price": each.get("size", 0)}
        for each in sent
    ]
    return {"data": {"_entities": found}, **({"errors": errors} if errors else {})}


async def response_of(compiled: CompiledPlan, data: Any, *, only_read: bool) -> Any:
    subgraphs = client({"a": Subgraph({"data": data}), "b": Subgraph(answered), "c": Subgraph(answered)})
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    compiled.start({}, context(), subgraphs, math.inf, done.set_result, pass_through=only_read)
    return await done


some_ids = st.sampled_from(["1", "2", "odd", "bad", 1, True, 1.0, None, ["1"]])
some_objects = st.none() | st.just("1") | st.builds(lambda i: {"id": i}, some_ids) | st.just({"id": "1", "x": 1})
some_parents = st.none() | st.builds(lambda p, q: {"p": p, "q": q}, some_objects, some_objects)


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(some_parents, max_size=12))
def test_nothing_is_seen_of_it(parents: list[Any]) -> None:
    def run(*, only_read: bool) -> Any:
        response = asyncio.run(response_of(compile_plan(PLAN, SCHEMA), {"us": parents}, only_read=only_read))
        if isinstance(response.get("errors"), list):
            response["errors"] = sorted(response["errors"], key=orjson.dumps)
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Writes, "identity", lambda *_: ())
        patch.setattr(Writes, "has_all_targets", lambda *_: False)
        expected = run(only_read=False)
    assert run(only_read=True) == run(only_read=False) == expected


async def test_a_response_that_may_be_changed_has_each_object_once() -> None:
    data = {"us": [{"p": {"id": "1"}, "q": {"id": "1"}} for _ in range(5)]}
    compiled = compile_plan(PLAN, SCHEMA)
    read = await response_of(compiled, data, only_read=True)
    changed = await response_of(compiled, data, only_read=False)
    assert read == changed
    assert len(set(objects(read))) == 1 + 1 + 5 + 2
    assert len(set(objects(changed))) == len(list(objects(changed))) == 1 + 1 + 5 + 10
