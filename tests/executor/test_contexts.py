"""Context arguments: values from above a target travel as variables, one `_entities` field for each combination."""

from typing import Any

import orjson
import pytest
from graphql import GraphQLSchema, build_schema, parse, validate
from graphql.execution import execute_sync

from router.executor import compile_plan
from router.planner.plan import ContextArgument, ContextSource, InputField, InputSelection, QueryPlan
from tests.executor.plans import SCHEMA, Subgraph, by_id, entities, field, obj, paths, plan, root, run

K = by_id("K")


def one(name: str, *below: InputSelection, types: str | None = None) -> InputSelection:
    return InputSelection(frozenset(types.split()) if types else None, False, (InputField(name, name, below or None),))


def context(depth: int, *value: InputSelection, variable: str = "_c0", type_: str = "String") -> ContextArgument:
    return ContextArgument(variable, type_, (ContextSource(depth, value),))


# A subgraph that really runs GraphQL: `f` shows which key it was asked for and what it was given.
SDL = """
scalar _Any
union _Entity = K
type K { id: ID! f(l: String, n: Int, many: [String], text: String): String }
type Query { _entities(representations: [_Any!]!): [_Entity]! }
"""


class Live(Subgraph):
    """Validates and executes what it is asked."""

    def __init__(self) -> None:
        self.schema: GraphQLSchema = build_schema(SDL)
        super().__init__(self._answer)

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        document = parse(request["query"])
        assert validate(self.schema, document) == []

        def f(source: Any, _info: Any, **given: Any) -> str:
            if "l" in given and given["l"] == "bad":
                raise ValueError("no such language")
            return f"{source['id']} {orjson.dumps(given, option=orjson.OPT_SORT_KEYS).decode()}"

        self.schema.type_map["K"].fields["f"].resolve = f  # type: ignore[attr-defined]
        self.schema.type_map["Query"].fields["_entities"].resolve = (  # type: ignore[attr-defined]
            lambda _source, _info, representations: representations
        )
        self.schema.type_map["_Entity"].resolve_type = lambda value, *_: value["__typename"]  # type: ignore[attr-defined]
        result = execute_sync(self.schema, document, variable_values=request["variables"])
        return dict(result.formatted)


SHAPE = obj("Query", field("us", "[U]", obj("U", field("k", "K", obj("K", field("f"))))))


def users_plan(*contexts: ContextArgument, selection: str = "... on K { f(l: $_c0) }") -> QueryPlan:
    return plan(SHAPE, root("a", "{ us { loc k { id } } }"), entities("k", selection, "us@.k", K, contexts=contexts))


def users(*pairs: tuple[Any, str]) -> Subgraph:
    return Subgraph({"data": {"us": [{"loc": loc, "k": {"id": key}} for loc, key in pairs]}})


def values(response: dict[str, Any]) -> list[Any]:
    return [user["k"]["f"] for user in response["data"]["us"]]


async def test_one_value_for_all_is_one_plain_call() -> None:
    k = Live()
    the_plan = users_plan(context(1, one("loc")))
    response = await run(the_plan, a=users(("de", "1"), ("de", "2"), ("de", "1")), k=k)
    assert values(response) == ['1 {"l":"de"}', '2 {"l":"de"}', '1 {"l":"de"}']
    assert [each["query"] for each in k.requests] == [the_plan.fetches[1].document]
    assert k.requests[0]["variables"] == {
        "representations": [{"__typename": "K", "id": "1"}, {"__typename": "K", "id": "2"}],
        "_c0": "de",
    }


async def test_each_value_has_its_own_field_in_one_document() -> None:
    k = Live()
    response = await run(users_plan(context(1, one("loc"))), a=users(("de", "1"), ("sq", "1"), ("de", "2")), k=k)
    assert values(response) == ['1 {"l":"de"}', '1 {"l":"sq"}', '2 {"l":"de"}']
    (request,) = k.requests
    assert request["query"] == (
        "query ($_r0: [_Any!]!, $_c0: String, $_r1: [_Any!]!, $_c0_1: String) "
        "{ _e0: _entities(representations: $_r0) { ... on K { f(l: $_c0) } } "
        "_e1: _entities(representations: $_r1) { ... on K { f(l: $_c0_1) } } }"
    )
    assert request["variables"] == {
        "_r0": [{"__typename": "K", "id": "1"}, {"__typename": "K", "id": "2"}],
        "_c0": "de",
        "_r1": [{"__typename": "K", "id": "1"}],
        "_c0_1": "sq",
    }


async def test_values_of_different_types_are_different() -> None:
    k = Live()
    the_plan = users_plan(context(1, one("loc"), type_="Int"), selection="... on K { f(n: $_c0) }")
    response = await run(the_plan, a=users((1, "1"), (None, "1"), (0, "1"), (1, "1")), k=k)
    assert values(response) == ['1 {"n":1}', '1 {"n":null}', '1 {"n":0}', '1 {"n":1}']
    assert len(k.requests) == 1


async def test_names_in_strings_stay_as_they_are() -> None:
    k = Live()
    selection = '... on K { f(l: $_c0, text: "a \\" $_c0 {") g: f(text: """$_c0 \\""" " """, l: $_c0) }'
    response = await run(
        users_plan(context(1, one("loc")), selection=selection), a=users(("de", "1"), ("sq", "1")), k=k
    )
    assert values(response) == ['1 {"l":"de","text":"a \\" $_c0 {"}', '1 {"l":"sq","text":"a \\" $_c0 {"}']


async def test_fragments_are_written_once_for_each_value() -> None:
    k = Live()
    the_plan = plan(
        SHAPE,
        root("a", "{ us { loc k { id } } }"),
        entities(
            "k",
            "... on K { ..._f0 ... { ..._f1 } }",
            "us@.k",
            K,
            contexts=(context(1, one("loc")),),
            fragments=("fragment _f0 on K { id ..._f1 }", 'fragment _f1 on K { f(l: $_c0, text: "..._f1 $_c0") }'),
        ),
        entities("k", "... on K { g: id ..._f2 }", "us@.k", K, fragments=("fragment _f2 on K { h: id }",)),
    )
    response = await run(the_plan, a=users(("de", "1"), ("sq", "1")), k=k)
    assert values(response) == [f'1 {{"l":"{loc}","text":"..._f1 $_c0"}}' for loc in ("de", "sq")]
    (request,) = k.requests
    assert request["query"].count("fragment _f2 on K") == 1


async def test_values_from_the_root_from_abstract_objects_and_from_lists() -> None:
    k = Live()
    nested = (one("near", one("code"), types="Home"), one("far", one("code"), types="Abroad"))
    the_plan = plan(
        SHAPE,
        root("a", "{ title us { __typename near { code } far { code } k { id } } }"),
        entities(
            "k",
            "... on K { f(text: $_c0, many: $_c1) }",
            "us@.k",
            K,
            contexts=(
                context(0, one("title"), variable="_c0"),
                context(1, *nested, variable="_c1", type_="[String]"),
            ),
        ),
    )
    a = Subgraph(
        {
            "data": {
                "title": "t",
                "us": [
                    {"__typename": "Home", "near": [{"code": "x"}, {"code": None}, None], "k": {"id": "1"}},
                    {"__typename": "Abroad", "near": [{"code": "x"}], "far": [{"code": "y"}], "k": {"id": "1"}},
                    {"__typename": "Home", "near": None, "k": {"id": "1"}},
                    {"__typename": "Other", "k": {"id": "1"}},
                ],
            }
        }
    )
    response = await run(the_plan, a=a, k=k)
    assert values(response) == [
        '1 {"many":["x",null,null],"text":"t"}',
        '1 {"many":["y"],"text":"t"}',
        '1 {"many":null,"text":"t"}',
        '1 {"many":null,"text":"t"}',
    ]
    assert len(k.requests) == 1


async def test_errors_of_one_combination_belong_to_its_targets() -> None:
    response = await run(
        users_plan(context(1, one("loc"))), a=users(("de", "1"), ("bad", "2"), ("bad", "1"), ("de", "2")), k=Live()
    )
    assert values(response) == ['1 {"l":"de"}', None, None, '2 {"l":"de"}']
    assert paths(response) == [["us", 1, "k", "f"], ["us", 2, "k", "f"]]


async def test_other_fetches_share_the_document() -> None:
    k = Live()
    shape = obj(
        "Query",
        field("us", "[U]", obj("U", field("k", "K", obj("K", field("f"))))),
        field("top", "K", obj("K", field("f"))),
    )
    the_plan = plan(
        shape,
        root("a", "{ us { loc k { id } } top { id } }"),
        entities("k", "... on K { f(l: $_c0) }", "us@.k", K, contexts=(context(1, one("loc")),)),
        entities("k", '... on K { f(text: "top") }', "top", K),
    )
    found = [{"loc": loc, "k": {"id": "1"}} for loc in ("de", "sq")]
    response = await run(the_plan, a=Subgraph({"data": {"us": found, "top": {"id": "9"}}}), k=k)
    assert values(response) == ['1 {"l":"de"}', '1 {"l":"sq"}']
    assert response["data"]["top"] == {"f": '9 {"text":"top"}'}
    assert len(k.requests) == 1


async def test_very_many_combinations_are_spread_over_requests() -> None:
    k = Live()
    many = [(f"l{i}", "1") for i in range(250)]
    response = await run(users_plan(context(1, one("loc"))), a=users(*many), k=k)
    assert values(response) == [f'1 {{"l":"l{i}"}}' for i in range(250)]
    assert len(k.requests) == 3


async def test_values_travel_down_paths_that_need_several_functions() -> None:
    data: Any = {"id": "1"}
    for _ in range(50):
        data = {"c": [data]}
    data["loc"] = "de"
    the_plan = plan(
        obj("Query", field("loc")),
        root("a", "{ loc c { id } }"),
        entities("k", "... on K { f(l: $_c0) }", ".".join(["c@"] * 50), K, contexts=(context(0, one("loc")),)),
    )
    k = Live()
    await run(the_plan, a=Subgraph({"data": data}), k=k)
    assert k.requests[0]["variables"] == {"representations": [{"__typename": "K", "id": "1"}], "_c0": "de"}


def test_a_value_below_the_targets_is_refused() -> None:
    with pytest.raises(ValueError, match="below"):
        compile_plan(users_plan(context(3, one("loc"))), SCHEMA)


async def test_an_object_that_does_not_give_the_value_leaves_it_to_the_next_above() -> None:
    k = Live()
    sources = (ContextSource(1, (one("loc", types="U"),)), ContextSource(0, (one("lang"),)))
    the_plan = plan(
        obj("Query", field("us", "[N]", obj("N", field("k", "K", obj("K", field("f")))))),
        root("a", "{ lang us { __typename loc k { id } } }"),
        entities("k", "... on K { f(l: $_c0) }", "us@.k", K, contexts=(ContextArgument("_c0", "String", sources),)),
    )
    us = [
        {"__typename": "U", "loc": "sq", "k": {"id": "1"}},
        {"__typename": "W", "loc": "no", "k": {"id": "2"}},
        {"__typename": "U", "loc": None, "k": {"id": "3"}},
    ]
    response = await run(the_plan, a=Subgraph({"data": {"lang": "de", "us": us}}), k=k)
    assert values(response) == ['1 {"l":"sq"}', '2 {"l":"de"}', '3 {"l":null}']
