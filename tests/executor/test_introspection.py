"""`__schema` and `__type` inside ordinary operations."""

from graphql import build_schema, get_introspection_query, graphql_sync, parse, print_ast

from router.executor import compile_plan
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


async def test_answers_are_kept_but_not_without_end() -> None:
    shape = obj("Query", field("__type", "__Type", introspection="__type(name: $name) { name }"))
    compiled = compile_plan(plan(shape), SCHEMA)
    for index in range(200):
        await compiled.execute({"name": f"T{index}"}, context(), client({}))
    assert len(compiled._introspections[0][0]._answers) == 64
    assert await compiled.execute({"name": "User"}, context(), client({})) == {"data": {"__type": {"name": "User"}}}
