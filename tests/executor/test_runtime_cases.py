"""What happens at run time when subgraphs answer oddly: each case with subgraphs that answer exactly that."""

from typing import Any

import pytest

from router.planner.plan import InputField, Representation
from tests.executor.plans import (
    Subgraph,
    abstract,
    by_id,
    codes,
    entities,
    field,
    obj,
    paths,
    plan,
    root,
    run,
)

U = by_id("U")
USER = obj("U", field("n"))
USERS = obj("Query", field("us", "[U]", USER))
ASK_IDS = root("a", "{ us { id } }")
ASK_NAMES = entities("b", "... on U { n }", "us@", U)
USERS_PLAN = plan(USERS, ASK_IDS, ASK_NAMES)


def ids(*values: Any) -> Subgraph:
    return Subgraph({"data": {"us": [None if value is None else {"id": value} for value in values]}})


def names(*values: Any, **more: Any) -> Subgraph:
    found = [None if value is None else {"n": value} for value in values]
    return Subgraph({"data": {"_entities": found}, **more})


async def test_plain_jump_sends_each_representation_once_and_drops_keys() -> None:
    b = names("x", "y")
    response = await run(USERS_PLAN, a=ids("1", "2", "1"), b=b)
    assert response == {"data": {"us": [{"n": "x"}, {"n": "y"}, {"n": "x"}]}}
    assert b.representations == [{"__typename": "U", "id": "1"}, {"__typename": "U", "id": "2"}]


async def test_null_key_in_a_list_item() -> None:
    a, b = Subgraph({"data": {"us": [{"id": "1"}, {"id": None}, None, {"id": "3"}]}}), names("x", "z")
    response = await run(USERS_PLAN, a=a, b=b)
    assert response == {"data": {"us": [{"n": "x"}, {"n": None}, None, {"n": "z"}]}}
    assert [each["id"] for each in b.representations] == ["1", "3"]


async def test_null_entity_in_the_middle_leaves_its_target() -> None:
    response = await run(USERS_PLAN, a=ids("1", "2", "3"), b=names("x", None, "z"))
    assert response == {"data": {"us": [{"n": "x"}, {"n": None}, {"n": "z"}]}}


async def test_entities_belong_to_representations_by_position_even_if_the_subgraph_reorders_them() -> None:
    reordered = Subgraph(
        {"data": {"_entities": [{"__typename": "U", "id": "2", "n": "y"}, {"__typename": "U", "id": "1", "n": "x"}]}}
    )
    shape = obj("Query", field("us", "[U]", obj("U", field("n"))))
    fetch = entities("b", "... on U { __typename n }", "us@", U)
    response = await run(plan(shape, ASK_IDS, fetch), a=ids("1", "2"), b=reordered)
    assert response == {"data": {"us": [{"n": "y"}, {"n": "x"}]}}


@pytest.mark.parametrize("found", [[{"n": "x"}], [{"n": "x"}] * 3, {"0": {}}, "text", None, [1, 2]])
async def test_another_number_of_entities_is_an_error_for_all(found: Any) -> None:
    response = await run(USERS_PLAN, a=ids("1", "2"), b=Subgraph({"data": {"_entities": found}}))
    assert response["data"] == {"us": [{"n": None}, {"n": None}]}
    assert codes(response) == ["SUBREQUEST_MALFORMED_RESPONSE"]
    assert paths(response) == [["us"]]


async def test_another_number_of_entities_is_an_error_beside_those_of_the_subgraph() -> None:
    b = Subgraph({"data": {"_entities": [{"n": "x"}]}, "errors": [{"message": "m", "path": ["_entities", 0]}]})
    response = await run(USERS_PLAN, a=ids("1", "2"), b=b)
    assert response["data"] == {"us": [{"n": None}, {"n": None}]}
    assert codes(response) == ["SUBREQUEST_MALFORMED_RESPONSE", "DOWNSTREAM_SERVICE_ERROR"]


async def test_entity_error_appears_at_every_target() -> None:
    shape = obj("Query", field("us", "[U]", USER), field("best", "U", USER))
    b = names(
        "w",
        "x",
        "y",
        None,
        errors=[{"message": "no name", "path": ["_entities", 3, "n"], "locations": [{"line": 1, "column": 2}]}],
    )
    a = Subgraph({"data": {"us": [{"id": str(i)} for i in range(4)], "best": {"id": "3"}}})
    ask = [entities("b", "... on U { n }", path, U) for path in ("us@", "best")]
    the_plan = plan(shape, root("a", "{ us { id } best { id } }"), *ask)
    response = await run(the_plan, a=a, b=b)
    assert response["data"]["best"] == {"n": None}
    assert response["errors"] == [
        {
            "message": "no name",
            "path": path,
            "extensions": {"service": "b", "code": "DOWNSTREAM_SERVICE_ERROR"},
        }
        for path in (["us", 3, "n"], ["best", "n"])
    ]


DOWN = Subgraph((503, {"content-type": "text/html"}, b"<html>down</html>"))


async def test_subgraph_down_under_a_nullable_parent() -> None:
    response = await run(USERS_PLAN, a=ids("1", "2"), b=DOWN)
    assert response == {
        "data": {"us": [{"n": None}, {"n": None}]},
        "errors": [
            {
                "message": "Subgraph 'b' answered with HTTP status 503.",
                "path": ["us"],
                "extensions": {"code": "SUBREQUEST_HTTP_ERROR", "service": "b", "http": {"status": 503}},
            }
        ],
    }


async def test_subgraph_down_under_non_null_parents_reports_once() -> None:
    shape = obj("Query", field("us", "[U!]!", obj("U", field("n", "String!"))), field("ok"))
    the_plan = plan(shape, root("a", "{ us { id } ok }"), ASK_NAMES)
    response = await run(the_plan, a=Subgraph({"data": {"us": [{"id": "1"}, {"id": "2"}], "ok": "ok"}}), b=DOWN)
    assert response["data"] is None
    assert paths(response) == [["us"]]


async def test_root_subgraph_down() -> None:
    shape = obj("Query", field("us", "[U]", USER), field("x"))
    response = await run(
        plan(shape, ASK_IDS, ASK_NAMES, root("c", "{ x }")), a=DOWN, b=names(), c=Subgraph({"data": {"x": "1"}})
    )
    assert response["data"] == {"us": None, "x": "1"}
    assert codes(response) == ["SUBREQUEST_HTTP_ERROR"]
    required = obj("Query", field("us", "[U]!", USER), field("x"))
    response = await run(
        plan(required, ASK_IDS, ASK_NAMES, root("c", "{ x }")), a=DOWN, b=names(), c=Subgraph({"data": {"x": "1"}})
    )
    assert response["data"] is None
    assert codes(response) == ["SUBREQUEST_HTTP_ERROR"]


async def test_dependants_of_a_failed_fetch_are_skipped_silently() -> None:
    shape = obj("Query", field("p", "P", obj("P", field("price", "Int!"))))
    upc = Representation(None, "P", (InputField("upc", "upc"),))
    the_plan = plan(
        shape,
        root("a", "{ p { id } }"),
        entities("b", "... on P { upc }", "p", by_id("P")),
        entities("c", "... on P { price }", "p", upc, after=(1,)),
    )
    c = Subgraph({"data": {"_entities": [{"price": 1}]}})
    response = await run(the_plan, a=Subgraph({"data": {"p": {"id": "1"}}}), b=DOWN, c=c)
    assert response["data"] == {"p": None}
    assert paths(response) == [["p"]]
    assert c.requests == []
    response = await run(
        the_plan, a=Subgraph({"data": {"p": {"id": "1"}}}), b=Subgraph({"data": {"_entities": [{"upc": "u"}]}}), c=c
    )
    assert response == {"data": {"p": {"price": 1}}}


async def test_same_entity_at_two_depths_with_a_later_fetch_writing_below_one() -> None:
    """`me` and `us[0]` are one user; pets of both are merged from one entity, then names into pets of `me` only."""
    pets = obj("U", field("pets", "[Pet]", obj("Pet", field("name"))))
    plain = obj("U", field("pets", "[Pet]", obj("Pet", field("name"), field("id", "ID"))))
    the_plan = plan(
        obj("Query", field("me", "U", pets), field("us", "[U]", plain)),
        root("a", "{ me { id } us { id } }"),
        *(entities("b", "... on U { pets { id } }", path, U) for path in ("me", "us@")),
        entities("c", "... on Pet { name }", "me.pets@", by_id("Pet"), after=(1,)),
    )
    response = await run(
        the_plan,
        a=Subgraph({"data": {"me": {"id": "1"}, "us": [{"id": "1"}]}}),
        b=Subgraph({"data": {"_entities": [{"pets": [{"id": "p"}]}]}}),
        c=Subgraph({"data": {"_entities": [{"name": "Rex"}]}}),
    )
    assert response["data"] == {
        "me": {"pets": [{"name": "Rex"}]},
        "us": [{"pets": [{"name": None, "id": "p"}]}],
    }


async def test_errors_inside_shared_entities_appear_at_every_place_once() -> None:
    """Both users are one entity, so one pet object is at two places; `c` is asked for it once."""
    shape = obj("Query", field("us", "[U]", obj("U", field("pets", "[Pet]", obj("Pet", field("name"))))))
    the_plan = plan(
        shape,
        root("a", "{ us { id } }"),
        entities("b", "... on U { pets { id } }", "us@", U),
        entities("c", "... on Pet { name }", "us@.pets@", by_id("Pet"), after=(1,)),
    )
    c = Subgraph(
        {
            "data": {"_entities": [{"name": None}, {"name": "Rex"}]},
            "errors": [{"message": "m", "path": ["_entities", 0, "name"]}],
        }
    )
    b = Subgraph({"data": {"_entities": [{"pets": [{"id": "p"}, {"id": "q"}]}]}})
    response = await run(the_plan, a=ids("1", "1"), b=b, c=c)
    pets = {"pets": [{"name": None}, {"name": "Rex"}]}
    assert response["data"] == {"us": [pets, pets]}
    assert len(c.representations) == 2
    assert paths(response) == [["us", 0, "pets", 0, "name"], ["us", 1, "pets", 0, "name"]]


@pytest.mark.parametrize("us", [[], None, [None], [{"id": None}]])
async def test_nothing_to_send_means_no_call(us: Any) -> None:
    b = names()
    response = await run(USERS_PLAN, a=Subgraph({"data": {"us": us}}), b=b)
    assert b.requests == []
    assert "errors" not in response


async def test_nested_lists() -> None:
    shape = obj("Query", field("m", "[[U]!]", USER))
    the_plan = plan(shape, root("a", "{ m { id } }"), entities("b", "... on U { n }", "m@@", U))
    a = Subgraph({"data": {"m": [[{"id": "1"}, None], [], [{"id": "2"}, {"id": "1"}]]}})
    response = await run(the_plan, a=a, b=names("x", "y"))
    assert response == {"data": {"m": [[{"n": "x"}, None], [], [{"n": "y"}, {"n": "x"}]]}}


async def test_union_list_where_no_item_needs_the_jump() -> None:
    shape = obj("Query", field("f", "[F]", abstract("F", A=(field("v"),), B=(field("x"),))))
    the_plan = plan(
        shape,
        root("a", "{ f { __typename ... on A { id v } ... on B { id } } }"),
        entities("b", "... on B { x }", "f@|B", by_id("B")),
    )
    b = Subgraph({"data": {"_entities": [{"x": "x"}]}})
    response = await run(the_plan, a=Subgraph({"data": {"f": [{"__typename": "A", "id": "1", "v": "v"}]}}), b=b)
    assert response == {"data": {"f": [{"v": "v"}]}}
    assert b.requests == []
    mixed = Subgraph({"data": {"f": [{"__typename": "A", "v": "v"}, {"__typename": "B", "id": "1"}]}})
    assert await run(the_plan, a=mixed, b=b) == {"data": {"f": [{"v": "v"}, {"x": "x"}]}}


CONDITIONS = {"x": "$x: Boolean!", "y": "$y: Boolean!"}


async def test_type_names_and_introspection_alone_ask_nobody() -> None:
    a = Subgraph({"data": {}})
    shape = obj(
        "Query",
        field("__typename", "String!", constant="Query"),
        field("who", "String!", constant="Query"),
        field("__schema", "__Schema!", introspection="__schema { queryType { name } }"),
    )
    response = await run(plan(shape), a=a)
    assert response == {"data": {"__typename": "Query", "who": "Query", "__schema": {"queryType": {"name": "Query"}}}}
    assert a.requests == []


PAPER = {"__typename": "Book", "id": "1", "kind": "PAPER"}


@pytest.mark.parametrize(
    ("odd", "seen", "place", "sent"),
    [
        ({"__typename": "Secret", "id": "2", "kind": "PAPER"}, None, [], ["1"]),
        ({"__typename": "Book", "id": "2", "kind": "HIDDEN"}, {"kind": None, "n": "y"}, ["kind"], ["1", "2"]),
    ],
)
async def test_what_the_api_does_not_show_is_null_where_it_stands(
    odd: dict[str, Any], seen: Any, place: list[str], sent: list[str]
) -> None:
    """An inaccessible union member, and an inaccessible enum value: the rest stays, and nobody is asked for more."""
    item = abstract("Item", Book=(field("kind", "Kind", enum="PAPER"), field("n")))
    the_plan = plan(
        obj("Query", field("items", "[Item]", item)),
        root("a", "{ items { __typename ... on Book { id kind } } }"),
        entities("b", "... on Book { n }", "items@|Book", by_id("Book", types="Book")),
    )
    b = names(*"xy"[: len(sent)])
    response = await run(the_plan, a=Subgraph({"data": {"items": [PAPER, odd]}}), b=b)
    assert response["data"] == {"items": [{"kind": "PAPER", "n": "x"}, seen]}
    assert paths(response) == [["items", 1, *place]]
    assert "HIDDEN" not in str(response)
    assert "Secret" not in str(response)
    assert [each["id"] for each in b.representations] == sent


async def test_an_inaccessible_member_in_a_place_that_may_not_be_null() -> None:
    the_plan = plan(
        obj("Query", field("items", "[Item!]", abstract("Item", Book=(field("id"),))), field("ok")),
        root("a", "{ items { __typename ... on Book { id } } ok }"),
    )
    a = Subgraph({"data": {"items": [PAPER, {"__typename": "Secret", "id": "2"}], "ok": "yes"}})
    response = await run(the_plan, a=a)
    assert response["data"] == {"items": None, "ok": "yes"}
    assert paths(response) == [["items", 1]]


CONDITIONAL = plan(
    obj(
        "Query",
        field(
            "p",
            "P",
            obj("P", field("n"), field("q", "Int", when=(("x", True),)), field("r", "Int", when=(("y", False),))),
        ),
    ),
    root("a", "{ p { id n } }"),
    entities(
        "b",
        "... on P { q @include(if: $x) r @skip(if: $y) }",
        "p",
        by_id("P"),
        variables=CONDITIONS,
        run_if=((("x", True),), (("y", False),)),
    ),
    definitions=CONDITIONS,
)


@pytest.mark.parametrize(
    ("x", "y", "found", "expected"),
    [
        (False, True, None, {"n": "n"}),
        (True, True, {"q": 1}, {"n": "n", "q": 1}),
        (False, False, {"r": 2}, {"n": "n", "r": 2}),
        (True, False, {"q": 1, "r": 2}, {"n": "n", "q": 1, "r": 2}),
    ],
)
async def test_conditions_on_a_jump(x: bool, y: bool, found: Any, expected: Any) -> None:
    a, b = Subgraph({"data": {"p": {"id": "1", "n": "n"}}}), Subgraph({"data": {"_entities": [found]}})
    response = await run(CONDITIONAL, {"x": x, "y": y}, a=a, b=b)
    assert response == {"data": {"p": expected}}
    assert len(b.requests) == (0 if found is None else 1)
    if found is not None:
        assert b.requests[0]["variables"] == {
            "representations": [{"__typename": "P", "id": "1"}],
            "x": x,
            "y": y,
        }


async def test_mutation_goes_on_after_a_failing_step() -> None:
    shape = obj("Mutation", field("one", "Int"), field("two", "Int"), field("three", "Int"))
    the_plan = plan(
        shape,
        root("a", "mutation { one }", kind="mutation"),
        root("b", "mutation { two }", kind="mutation", after=(0,)),
        root("a", "mutation { three }", kind="mutation", after=(1,)),
        kind="mutation",
    )
    a, b = Subgraph(DOWN.answers[0], {"data": {"three": 3}}), Subgraph({"data": {"two": 2}})
    response = await run(the_plan, a=a, b=b)
    assert response["data"] == {"one": None, "two": 2, "three": 3}
    assert codes(response) == ["SUBREQUEST_HTTP_ERROR"]


TWO_CALLS = plan(
    obj(
        "Query",
        field("us", "[U]", USER),
        field("ps", "[P]", obj("P", field("price", "Int"))),
    ),
    root("a", "{ us { id } ps { id } }"),
    entities("b", "... on U { n }", "us@", U),
    entities("b", "... on P { price }", "ps@", by_id("P")),
)


async def test_two_entity_calls_in_one_document() -> None:
    b = Subgraph(
        {"data": {"_e0": [{"n": "x"}], "_e1": [{"price": 1}, None]}, "errors": [{"message": "no", "path": ["_e1", 1]}]}
    )
    a = Subgraph({"data": {"us": [{"id": "1"}], "ps": [{"id": "1"}, {"id": "2"}]}})
    response = await run(TWO_CALLS, a=a, b=b)
    assert response["data"] == {"us": [{"n": "x"}], "ps": [{"price": 1}, {"price": None}]}
    assert paths(response) == [["ps", 1]]
    assert b.requests == [
        {
            "query": "query ($_r0: [_Any!]!, $_r1: [_Any!]!) { _e0: _entities(representations: $_r0) { ... on U { n } }"
            " _e1: _entities(representations: $_r1) { ... on P { price } } }",
            "variables": {
                "_r0": [{"__typename": "U", "id": "1"}],
                "_r1": [{"__typename": "P", "id": "1"}, {"__typename": "P", "id": "2"}],
            },
        }
    ]


async def test_a_fetch_without_targets_beside_another_is_left_out() -> None:
    b = Subgraph({"data": {"_entities": [{"price": 1}]}})
    response = await run(TWO_CALLS, a=Subgraph({"data": {"us": None, "ps": [{"id": "1"}]}}), b=b)
    assert response == {"data": {"us": None, "ps": [{"price": 1}]}}
    assert b.requests == [
        {"query": TWO_CALLS.fetches[2].document, "variables": {"representations": [{"__typename": "P", "id": "1"}]}}
    ]


async def test_one_broken_call_does_not_spoil_the_other() -> None:
    b = Subgraph({"data": {"_e0": [], "_e1": [{"price": 1}]}})
    response = await run(TWO_CALLS, a=Subgraph({"data": {"us": [{"id": "1"}], "ps": [{"id": "1"}]}}), b=b)
    assert response["data"] == {"us": [{"n": None}], "ps": [{"price": 1}]}
    assert codes(response) == ["SUBREQUEST_MALFORMED_RESPONSE"]


async def test_a_fetch_whose_condition_does_not_hold_is_left_out() -> None:
    the_plan = plan(
        obj(
            "Query", field("us", "[U]", USER), field("ps", "[P]", obj("P", field("price", "Int", when=(("x", True),))))
        ),
        root("a", "{ us { id } ps { id } }"),
        entities("b", "... on U { n }", "us@", U),
        entities("b", "... on P { price }", "ps@", by_id("P"), run_if=((("x", True),),)),
    )
    b = Subgraph({"data": {"_entities": [{"n": "x"}]}})
    a = Subgraph({"data": {"us": [{"id": "1"}], "ps": [{"id": "1"}]}})
    response = await run(the_plan, {"x": False}, a=a, b=b)
    assert response == {"data": {"us": [{"n": "x"}], "ps": [{}]}}
    assert [each["variables"] for each in b.requests] == [{"representations": [{"__typename": "U", "id": "1"}]}]


async def test_two_roots_share_an_object_that_has_no_key() -> None:
    shape = obj(
        "Query", field("p", "P", obj("P", field("a"), field("b"), field("d", "D", obj("D", field("w"), field("z")))))
    )
    the_plan = plan(shape, root("a", "{ p { a d { w } } }"), root("b", "{ p { b d { z } } }"))
    a, b = {"p": {"a": "1", "d": {"w": "2"}}}, {"p": {"b": "3", "d": {"z": "4"}}}
    expected = {"data": {"p": {"a": "1", "b": "3", "d": {"w": "2", "z": "4"}}}}
    assert await run(the_plan, a=Subgraph({"data": a}), b=Subgraph({"data": b}, delay_s=0.01)) == expected
    assert await run(the_plan, a=Subgraph({"data": a}, delay_s=0.01), b=Subgraph({"data": b})) == expected


async def test_shared_value_object_split_below_a_list_is_merged_deep() -> None:
    shape = obj("Query", field("p", "[P]", obj("P", field("d", "D", obj("D", field("w"), field("z"))))))
    the_plan = plan(shape, root("a", "{ p { id d { w } } }"), entities("b", "... on P { d { z } }", "p@", by_id("P")))
    a = Subgraph(
        {"data": {"p": [{"id": "1", "d": {"w": "w1"}}, {"id": "1", "d": {"w": "w2"}}, {"id": "2", "d": None}]}}
    )
    b = Subgraph({"data": {"_entities": [{"d": {"z": "z1"}}, {"d": {"z": "z2"}}]}})
    response = await run(the_plan, a=a, b=b)
    assert response["data"] == {
        "p": [{"d": {"w": "w1", "z": "z1"}}, {"d": {"w": "w2", "z": "z1"}}, {"d": {"w": None, "z": "z2"}}]
    }


async def test_a_null_does_not_take_away_what_another_fetch_found() -> None:
    """Two subgraphs have parts of one object; where one of them has nothing, the other's part stays."""
    shape = obj("Query", field("p", "[P]", obj("P", field("d", "D", obj("D", field("w"), field("z"))))))
    the_plan = plan(shape, root("a", "{ p { id d { w } } }"), entities("b", "... on P { d { w z } }", "p@", by_id("P")))
    a = Subgraph({"data": {"p": [{"id": str(n), "d": {"w": f"w{n}"}} for n in range(4)]}})
    found = [{"d": None}, None, {"d": {"w": None, "z": "z2"}}, {"d": {"w": "w3", "z": None}}]
    response = await run(the_plan, a=a, b=Subgraph({"data": {"_entities": found}}))
    assert response == {
        "data": {
            "p": [
                {"d": {"w": "w0", "z": None}},
                {"d": {"w": "w1", "z": None}},
                {"d": {"w": "w2", "z": "z2"}},
                {"d": {"w": "w3", "z": None}},
            ]
        }
    }


async def test_client_alias_that_steals_the_key_name() -> None:
    shape = obj("Query", field("us", "[U]", obj("U", field("id"), field("n"))))
    key = Representation(None, "U", (InputField("id", "_q0"),))
    the_plan = plan(shape, root("a", "{ us { id: nick _q0: id } }"), entities("b", "... on U { n }", "us@", key))
    b = names("x")
    response = await run(the_plan, a=Subgraph({"data": {"us": [{"id": "ace", "_q0": "1"}]}}), b=b)
    assert response == {"data": {"us": [{"id": "ace", "n": "x"}]}}
    assert b.representations == [{"__typename": "U", "id": "1"}]


async def test_variables_go_along_only_if_the_request_has_them() -> None:
    the_plan = plan(obj("Query", field("x")), root("a", "query($a: Int $b: Int = 1) { x(a: $a b: $b) }", "a", "b"))
    a = Subgraph({"data": {"x": "1"}})
    await run(the_plan, {"a": None, "other": 1}, a=a)
    assert a.requests[0] == {"query": "query($a: Int $b: Int = 1) { x(a: $a b: $b) }", "variables": {"a": None}}


async def test_objects_of_a_shared_answer_stay_apart_where_later_fetches_come_at_different_times() -> None:
    """`me` and `us[0]` are one user, asked for once. Its pet's details come early at one place, late at the other."""
    detail = field("d", "D", obj("D", field("y")))
    late = field("d", "D", obj("D", field("id")))
    the_plan = plan(
        obj(
            "Query",
            field("us", "[U]", obj("U", field("pets", "[Pet]", obj("Pet", detail)))),
            field("me", "U", obj("U", field("pets", "[Pet]", obj("Pet", late)))),
            field("slow"),
        ),
        root("a", "{ us { id } me { id } }"),
        *(entities("b", "... on U { pets { id } }", path, U) for path in ("us@", "me")),
        root("s", "{ slow }"),
        entities("c", "... on Pet { d { id } }", "us@.pets@", by_id("Pet"), after=(1,)),
        entities("c", "... on Pet { d { id } }", "me.pets@", by_id("Pet"), after=(2, 3)),
        entities("e", "... on D { y }", "us@.pets@.d", by_id("D"), after=(4,)),
    )
    b = Subgraph({"data": {"_entities": [{"pets": [{"id": "p"}]}]}})
    response = await run(
        the_plan,
        a=Subgraph({"data": {"us": [{"id": "1"}], "me": {"id": "1"}}}),
        b=b,
        s=Subgraph({"data": {"slow": "s"}}, delay_s=0.05),
        c=Subgraph({"data": {"_entities": [{"d": {"id": "d"}}]}}),
        e=Subgraph({"data": {"_entities": [{"y": "y"}]}}),
    )
    assert len(b.requests) == 1
    assert response["data"] == {
        "us": [{"pets": [{"d": {"y": "y"}}]}],
        "me": {"pets": [{"d": {"id": "d"}}]},
        "slow": "s",
    }
