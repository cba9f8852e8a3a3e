"""`__schema` and `__type` inside ordinary operations."""

import gc
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    execute_sync,
    get_introspection_query,
    get_named_type,
    graphql_sync,
    introspection_types,
    parse,
    print_ast,
    visit,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from router.executor import compile_plan
from router.executor.introspection import Introspection, KeptAnswers, Resolution
from router.executor.introspection_fields import RESOLVERS
from router.graph.selection_syntax import InlineFragments
from tests.executor.plans import Subgraph, client, context, field, obj, paths, plan, root, run

SCHEMA = build_schema(
    """
    "What can be asked"
    type Query { me: User, old: Int @deprecated(reason: "gone") }
    type User { id: ID!, colour: Colour }
    enum Colour { RED GREEN }
    """
)


async def test_full_introspection_equals_graphql_core() -> None:
    document = parse(get_introspection_query())
    operation = document.definitions[0]
    printed = print_ast(operation.selection_set.selections[0])
    for fragment in document.definitions[1:]:
        # The planner prints fields with fragments inlined; this query's are few enough to do it by text.
        assert fragment.name.value in {"FullType", "InputValue", "TypeRef"}
    definitions = {d.name.value: print_ast(d.selection_set) for d in document.definitions[1:]}
    while "...FullType" in printed or "...InputValue" in printed or "...TypeRef" in printed:
        for name, body in definitions.items():
            printed = printed.replace(
                f"...{name}", f"... on {'__Type' if name != 'InputValue' else '__InputValue'} {body}"
            )
    response = await run(plan(obj("Query", field("__schema", "__Schema!", introspection=printed))), schema=SCHEMA)
    assert response == {"data": graphql_sync(SCHEMA, get_introspection_query()).data}


async def test_aliases_variables_and_conditions_beside_ordinary_fields() -> None:
    text = (
        "t: __type(name: $name) { name fields(includeDeprecated: $all) { name @include(if: $names) type { name } } "
        "enumValues { name } }"
    )
    shape = obj(
        "Query",
        field("x"),
        field("t", "__Type", introspection=text),
        field("s", "__Schema!", introspection="s: __schema { queryType { name } }", when=(("names", True),)),
    )
    compiled = compile_plan(plan(shape, root("a", "{ x }")), SCHEMA)
    subgraphs = client({"a": Subgraph({"data": {"x": "1"}})})
    user = {
        "name": "User",
        "fields": [{"name": "id", "type": {"name": None}}, {"name": "colour", "type": {"name": "Colour"}}],
        "enumValues": None,
    }
    variables = {"name": "User", "all": False, "names": True}
    assert await compiled.execute(variables, context(), subgraphs) == {
        "data": {"x": "1", "t": user, "s": {"queryType": {"name": "Query"}}}
    }
    response = await compiled.execute({"name": "Query", "all": True, "names": False}, context(), subgraphs)
    assert response == {
        "data": {
            "x": "1",
            "t": {
                "name": "Query",
                "fields": [{"type": {"name": "User"}}, {"type": {"name": "Int"}}],
                "enumValues": None,
            },
        }
    }
    response = await compiled.execute({"name": "Query", "names": True}, context(), subgraphs)
    assert [each["name"] for each in response["data"]["t"]["fields"]] == ["me"]
    response = await compiled.execute({"name": 'No"Such', "names": False}, context(), subgraphs)
    assert response == {"data": {"x": "1", "t": None}}


async def test_variables_that_do_not_fit_are_errors_at_the_field() -> None:
    shape = obj(
        "Query",
        field("t", "__Type", introspection='t: __type(name: "User") { fields(includeDeprecated: $all) { name } }'),
    )
    response = await run(plan(shape), {"all": None}, schema=SCHEMA)
    assert response["data"] == {"t": {"fields": None}}
    assert paths(response) == [["t", "fields"]]
    text = (
        "__schema { types { fields(includeDeprecated: $all) { name } } directives(includeDeprecated: $all) { name } }"
    )
    response = await run(
        plan(obj("Query", field("__schema", "__Schema!", introspection=text))), {"all": None}, schema=SCHEMA
    )
    assert response["data"] is None
    assert ["__schema", "directives"] in paths(response)


# ---- equal to graphql-core's ----------------------------------------------------------------------------------------

RICH = build_schema(
    '''
    """What can be asked"""
    schema { query: Query mutation: Change }
    directive @many(a: Int = 5 @deprecated, b: [In!]! = [{x: 1}]) repeatable on FIELD | OBJECT
    directive @old(why: String = "no \\"reason\\"") on QUERY
    scalar Url @specifiedBy(url: "https://example.com/url")
    enum Colour { "warm" RED GREEN @deprecated BLUE @deprecated(reason: "dull") }
    input In { x: Int! = 3, y: [Colour!] = [RED, BLUE], z: In, gone: String @deprecated }
    input One @oneOf { a: Int, b: Url }
    interface Node { id: ID! }
    interface Named implements Node { id: ID! name(lang: String = "en", old: Int @deprecated): String }
    type User implements Node & Named {
      id: ID! name(lang: String = "en", old: Int @deprecated): String urls: [[Url!]]!
    }
    type Empty implements Node { id: ID! }
    union Any = User | Empty
    type Query {
      me: User, any(of: In = {x: 1, y: null}): [Any!], old: Int @deprecated(reason: "gone"), node: Node, o(o: One): Int
    }
    type Change { set(value: In!): Boolean }
    '''
)
VARIABLES = {"yes": True, "no": False}


def answers(text: str, schema: GraphQLSchema = RICH, **variables: Any) -> Any:
    value, errors = Introspection(text, schema).answer(variables)
    return value, list(errors)


def reference(text: str, schema: GraphQLSchema = RICH, **variables: Any) -> Any:
    declared = ", ".join(f"${name}: {'Boolean = false' if name != 'name' else 'String!'}" for name in variables)
    head = f"query ({declared}) " if declared else ""
    result = execute_sync(schema, parse(f"{head}{{ {text} }}"), variable_values=variables)
    return next(iter((result.data or {"": None}).values())), result.errors or []


@st.composite
def selection(draw: st.DrawFn, type_: GraphQLObjectType, depth: int) -> str:
    """A random valid selection on an introspection type."""
    parts = []
    for number in range(draw(st.integers(1, 4))):
        name = draw(st.sampled_from([*type_.fields, "__typename"]))
        definition = type_.fields.get(name)
        named = get_named_type(definition.type) if definition is not None else None
        if isinstance(named, GraphQLObjectType) and not depth:
            name, definition, named = "__typename", None, None
        text = name
        if definition is not None and definition.args and draw(st.booleans()):
            # Another argument needs another key, or the two could not be one field.
            text = f"k{draw(st.integers(0, 99))}_{number}_{name}: {name}"
            text += f"(includeDeprecated: {draw(st.sampled_from(['true', 'false', '$yes', '$no']))})"
        elif draw(st.booleans()):
            text = f"{name[::-1].strip('_')}_: {name}"
        text += draw(st.sampled_from(["", "", "", " @include(if: $yes)", " @skip(if: $yes)", " @skip(if: false)"]))
        if isinstance(named, GraphQLObjectType):
            text += f" {draw(selection(named, depth - 1))}"
        around = draw(st.sampled_from(["", "", "...", f"... on {type_.name}", "... @include(if: $no)"]))
        parts.append(f"{around} {{ {text} }}" if around else text)
    return "{ " + " ".join(parts) + " }"


ROOTS = st.one_of(
    selection(introspection_types["__Schema"], 4).map(lambda below: f"__schema {below}"),
    st.tuples(
        st.sampled_from(["User", "Any", "In", "One", "Colour", "Url", "Nothing", "__Type"]),
        selection(introspection_types["__Type"], 4),
    ).map(lambda drawn: f'x: __type(name: "{drawn[0]}") {drawn[1]}'),
)  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def _graphql_core_untouched() -> Iterator[None]:
    """Other tests of this process may have loaded a library that changes what we compare with."""
    field = introspection_types["__Type"].fields["isOneOf"]
    before = field.resolve
    field.resolve = lambda type_, _info: getattr(type_, "is_one_of", None)
    yield
    field.resolve = before


@settings(max_examples=200, deadline=None)
@given(ROOTS)
def test_random_selections_equal_graphql_core(text: str) -> None:
    assert answers(text, **VARIABLES) == reference(text, **VARIABLES)


def test_the_order_of_keys_is_that_of_the_document() -> None:
    text = "__schema { types { name kind fields { type { name } name ... { args { name } } type { kind } } } }"
    assert orjson.dumps(answers(text)[0]) == orjson.dumps(reference(text)[0])


def inlined(document: str) -> str:
    """The root field, as the planner prints it."""
    (operation, *fragments) = parse(document).definitions
    by_name = {node.name.value: node for node in fragments}  # type: ignore[attr-defined]
    return print_ast(visit(operation.selection_set.selections[0], InlineFragments(by_name)))  # type: ignore[attr-defined]


def test_the_full_introspection_of_a_rich_schema() -> None:
    query = get_introspection_query(
        specified_by_url=True, directive_is_repeatable=True, schema_description=True, input_value_deprecation=True,
        one_of=True,
    )  # fmt: skip
    assert answers(inlined(query)) == reference(inlined(query))


@pytest.mark.parametrize(
    "text",
    [
        "__schema { types { name fields(includeDeprecated: $all) { name } } }",
        "__schema { queryType { fields { name args(includeDeprecated: $all) { name } } } }",
        "__schema { directives(includeDeprecated: $all) { name } }",
        "__schema { queryType { ofType { kind } } mutationType { enumValues(includeDeprecated: $all) { name } } }",
    ],
)
def test_a_null_that_does_not_fit_goes_up_as_far_as_it_must(text: str) -> None:
    value, errors = answers(text, all=None)
    expected, expected_errors = reference(text, all=None)
    assert value == expected
    assert {tuple(error.path or ()) for error in errors} <= {tuple(error.path or ()) for error in expected_errors}
    assert errors


def test_one_wrong_variable_is_not_a_thousand_errors() -> None:
    schema = build_schema("type Query { a: Int } " + " ".join(f"type T{n} {{ a: Int }}" for n in range(300)))
    value, errors = answers("__schema { types { fields(includeDeprecated: $all) { name } } }", schema, all=None)
    assert len(errors) == 100
    assert value["types"][-1] == {"fields": None}


def test_other_libraries_resolvers_say_nothing_of_our_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some put their own into graphql-core's introspection types, which are the same for the whole process."""
    monkeypatch.setattr(introspection_types["__Type"].fields["isOneOf"], "resolve", lambda *_: "theirs")
    assert answers('__type(name: "One") { isOneOf }') == ({"isOneOf": True}, [])


def test_every_introspection_field_is_there() -> None:
    for name, type_ in introspection_types.items():
        if isinstance(type_, GraphQLObjectType):
            assert set(RESOLVERS[name]) == set(type_.fields)


# ---- bounds ---------------------------------------------------------------------------------------------------------


def test_answers_are_kept_per_schema_and_text() -> None:
    text = "__type(name: $name) { name fields { name } }"
    assert answers(text, name="User")[0] is answers(text, name="User")[0], "also by the next plan that asks it"
    assert answers(text, name="User")[0] is not answers(text, name="Query")[0]
    other = build_schema("type Query { a: Int } type User { other: Int }")
    assert answers(text, other, name="User")[0] == {"name": "User", "fields": [{"name": "other"}]}
    kept = Introspection(text, RICH)._answers
    before = len(kept.entries)
    for number in range(200):
        assert answers(text, name=f"T{number}") == (None, [])
    assert len(kept.entries) == before, "what clients make up is not kept"


def test_kept_answers_are_bounded_by_memory() -> None:
    kept = KeptAnswers(10_000)
    for number in range(50):
        kept.put((f"t{number}",), ({}, ()), 1000)
        assert kept.size_bytes <= 10_000
    assert [key for (key,) in kept.entries] == [f"t{number}" for number in range(44, 50)]
    kept.get(("t44",))
    kept.put(("new",), ({}, ()), 1000)
    assert ("t44",) in kept.entries
    kept.put(("large",), ({}, ()), 10_000)
    assert ("large",) not in kept.entries


def test_the_estimate_of_memory_is_honest() -> None:
    schema = build_schema(
        "type Query { a: Int } " + " ".join(f"type T{n} {{ a(b: [Int!]): Int! c: [T{n}] }}" for n in range(300))
    )
    text = inlined(get_introspection_query())
    resolution = Resolution(schema, {})
    node = parse(f"{{ {text} }}", no_location=True).definitions[0].selection_set.selections[0]  # type: ignore[attr-defined]
    Resolution(schema, {}).answer(node)  # what graphql-core makes at first use is not ours
    gc.collect()
    tracemalloc.start()
    answer = resolution.answer(node)
    resolution.known.clear()
    gc.collect()
    measured = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert answer[0]
    assert 0.6 < resolution.memory_bytes / measured < 1.7


def test_an_answer_made_to_be_large_is_refused_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("router.executor.introspection.MAX_ANSWER_BYTES", 1_000_000)
    below = "{ name fields { name type { name fields { name type { name fields { name } } } } } }"
    fields = " ".join(f"f{n}: a" for n in range(1))
    types = " ".join(f"type T{n} {{ {' '.join(f'f{i}: T{(n + i) % 20}' for i in range(20))} }}" for n in range(20))
    schema = build_schema(f"type Query {{ {fields}: Int }} {types}".replace("f0: a: Int", "a: T0"))
    started = time.perf_counter()
    value, errors = answers(f"__schema {{ types {below} }}", schema)
    assert time.perf_counter() - started < 1
    assert value is None
    assert [error.path for error in errors] == [["__schema"]]
