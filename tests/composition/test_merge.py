"""What merging makes of the subgraphs' elements: types, joins, directives, hints."""

from typing import Any

from router.composition import Composed, Subgraph, compose
from tests.composition.join_model import join_model

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@shareable", "@external",'
    ' "@requires", "@override", "@inaccessible", "@interfaceObject", "@tag", "@authenticated", "@requiresScopes",'
    ' "@context", "@fromContext", "@composeDirective", "@cost", "@listSize"])\n'
)


def composed(**sdls: str) -> Composed:
    result = compose([Subgraph(name, LINK + sdl, f"http://{name}.example/") for name, sdl in sdls.items()])
    assert isinstance(result, Composed), result.errors
    return result


def model(**sdls: str) -> dict[str, Any]:
    return join_model(composed(**sdls).supergraph_sdl)


def graphs(joins: Any) -> set[Any]:
    return {join[0] for join in joins}


def codes(result: Composed) -> set[str]:
    return {hint.code for hint in result.hints}


def test_output_types_become_more_general_and_input_types_more_specific() -> None:
    found = model(
        a="type Query { a(x: Int, l: [Int!]!): Int! @shareable b: T @shareable } interface T { n: Int }"
        " type U implements T @shareable { n: Int }",
        b="type Query { a(x: Int!, l: [Int]): Int @shareable b: U! @shareable } type U @shareable { n: Int }",
    )
    assert found["Query.a"]["type"] == "Int"
    assert {name: a["type"] for name, a in found["Query.a"]["arguments"].items()} == {"x": "Int!", "l": "[Int!]!"}
    assert found["Query.b"]["type"] == "T"
    assert {join[3] for join in found["Query.b"]["joins"]} == {"T", "U!"}


def test_arguments_and_input_fields_that_some_do_not_know_are_left_out() -> None:
    result = composed(
        a="type Query { a(i: In, extra: Int): Int @shareable } input In { x: Int y: Int }",
        b="type Query { a(i: In): Int @shareable } input In { x: Int }",
    )
    found = join_model(result.supergraph_sdl)
    assert found["Query.a"]["arguments"].keys() == {"i"}
    assert "In.y" not in found
    assert codes(result) == {"INCONSISTENT_ARGUMENT_PRESENCE", "INCONSISTENT_INPUT_OBJECT_FIELD"}


def test_defaults_are_kept_only_where_all_have_them() -> None:
    result = composed(
        a='type Query { a(x: Int = 1, y: In = {n: [1, 2], s: "q"}): Int @shareable } input In { n: [Int] s: String }',
        b='type Query { a(x: Int, y: In = {s: "q", n: [1, 2]}): Int @shareable } input In { n: [Int] s: String }',
    )
    arguments = join_model(result.supergraph_sdl)["Query.a"]["arguments"]
    assert arguments["x"]["default"] is None
    assert arguments["y"]["default"] == '{ n: [1, 2], s: "q" }'
    assert codes(result) == {"INCONSISTENT_DEFAULT_VALUE_PRESENCE"}


def test_enums_merge_by_use() -> None:
    found = model(
        a="type Query { out: Out a(x: In): Int } enum Out { A B } enum In { A B } enum Unused { A }",
        b="type Query { out2: Out b(x: In): Int } enum Out { A C } enum In { A C } enum Unused { B }",
    )
    values = {key for key in found if key.partition(".")[0] in {"Out", "In", "Unused"} and "." in key}
    assert values == {"Out.A", "Out.B", "Out.C", "In.A", "Unused.A", "Unused.B"}
    assert found["Out.A"]["graphs"] == {"a", "b"}


def test_unions_and_implementations_say_who_has_them() -> None:
    found = model(
        a="type Query { a: U } union U = X | Y interface I { n: Int } type X implements I { n: Int } type Y { n: Int }",
        b="type Query { b: U } union U = Z type Z { n: Int }",
    )
    assert found["U"]["types"] == {"X", "Y", "Z"}
    assert found["U"]["members"] == {("a", "X"), ("a", "Y"), ("b", "Z")}
    assert found["X"]["implements"] == {("a", "I")}


def test_overridden_field_leaves_its_source_unless_that_needs_it() -> None:
    base = 'type Query {{ t: T }} type T @key(fields: "id"){} {{ id: ID! n: Int }}'
    over = 'type T @key(fields: "id") {{ id: ID! n: Int @override(from: "a"{}) }}'
    assert graphs(model(a=base.format(""), b=over.format(""))["T.n"]["joins"]) == {"b"}
    used = model(a=base.format(' @key(fields: "n")'), b=over.format(""))["T.n"]["joins"]
    assert {(join[0], join[5], join[6]) for join in used} == {("a", None, "true"), ("b", "a", "false")}
    labelled = model(a=base.format(""), b=over.format(', label: "percent(5)"'))["T.n"]["joins"]
    assert {(join[0], join[7]) for join in labelled} == {("a", "percent(5)"), ("b", "percent(5)")}


def test_interface_object_adds_its_fields_to_all_implementations() -> None:
    found = model(
        a='type Query { i: I } interface I @key(fields: "id") { id: ID! } type X implements I @key(fields: "id")'
        ' { id: ID! } type Y implements I @key(fields: "id") { id: ID! }',
        b='type I @interfaceObject @key(fields: "id") { id: ID! more(x: Int): String @tag(name: "m") }',
    )
    assert found["I"]["kind"] == "Interface"
    assert ("b", frozenset({("id", (), None)}), True, "true", "false") in found["I"]["joins"]
    for implementation in ("X", "Y"):
        added = found[f"{implementation}.more"]
        assert (added["type"], graphs(added["joins"])) == ("String", {None})
        assert added["directives"] == {"@tag(name: m)"}


def test_access_control_adds_up_and_reaches_interfaces() -> None:
    found = model(
        a="type Query { i: I } interface I { n: Int } type X implements I @authenticated"
        ' { n: Int @requiresScopes(scopes: [["a"], ["b"]]) @shareable } type Y implements I { n: Int }',
        b='type X { n: Int @requiresScopes(scopes: [["b"], ["c"]]) @shareable }',
    )
    scopes = '@requiresScopes(scopes: [["a", "c"], ["b"]])'
    assert found["X.n"]["directives"] == {scopes}
    assert found["I.n"]["directives"] == {scopes}
    assert found["I"]["directives"] == {"@authenticated()"}


def test_costs_take_the_worse_and_lists_the_union() -> None:
    found = model(
        a='type Query { l(p: Int, q: Int): [Int] @shareable @cost(weight: 3) @listSize(slicingArguments: ["p"]) }',
        b="type Query { l(p: Int, q: Int): [Int] @shareable @cost(weight: 7)"
        ' @listSize(slicingArguments: ["q"], assumedSize: 9) }',
    )
    assert found["Query.l"]["directives"] == {
        "@cost(weight: 7)",
        '@listSize(assumedSize: 9, requireOneSlicingArgument: true, slicingArguments: ["p", "q"])',
    }


def test_context_arguments_leave_the_api() -> None:
    result = composed(
        a='type Query { u: U } type U @context(name: "ctx") { l: String k: K } type K @key(fields: "id")'
        ' { id: ID! f(x: String @fromContext(field: "$ctx { l }"), y: Int): Int }'
    )
    found = join_model(result.supergraph_sdl)
    assert found["K.f"]["arguments"].keys() == {"y"}
    assert found["U"]["directives"] == {"@context(name: a__ctx)"}
    (join,) = found["K.f"]["joins"]
    assert join[8] is not None
    assert "fromContext" not in result.api_sdl


def test_composed_directives_bring_their_link_and_definition() -> None:
    note = (
        'extend schema @link(url: "https://example.org/notes/v1.{}", import: ["@note"])'
        ' @composeDirective(name: "@note") directive @note(text: String = "-") repeatable on FIELD_DEFINITION\n'
    )
    result = composed(
        a=note.format(0) + 'type Query { a: Int @shareable @note(text: "x") @note }',
        b=note.format(2) + 'type Query { a: Int @shareable @note(text: "y") @note(text: "-") }',
    )
    assert '@link(url: "https://example.org/notes/v1.2", import: ["@note"])' in result.supergraph_sdl
    notes = join_model(result.supergraph_sdl)["Query.a"]["directives"]
    assert notes == {"@note(text: x)", "@note()", "@note(text: y)"}
    assert "note" not in result.api_sdl


def test_executable_directives_are_what_all_subgraphs_allow() -> None:
    result = composed(
        a="directive @live(every: Int) repeatable on QUERY | FIELD type Query { a: Int }",
        b="directive @live(every: Int, more: Int) on FIELD | MUTATION type Query { b: Int }",
    )
    found = join_model(result.supergraph_sdl)["@live"]
    assert (found["locations"], found["repeatable"], found["arguments"].keys()) == ({"FIELD"}, False, {"every"})
    assert "directive @live(every: Int) on FIELD" in result.api_sdl
    assert codes(result) == {
        "INCONSISTENT_ARGUMENT_PRESENCE",
        "INCONSISTENT_EXECUTABLE_DIRECTIVE_LOCATIONS",
        "INCONSISTENT_EXECUTABLE_DIRECTIVE_REPEATABLE",
    }


def test_most_frequent_description_wins() -> None:
    result = composed(
        a='"one" type V @shareable { n: Int } type Query { a: V }',
        b='"two" type V @shareable { n: Int } type Query { b: V }',
        c='"two" type V @shareable { n: Int } type Query { c: V }',
    )
    assert '"""\ntwo\n"""\ntype V' in result.supergraph_sdl
    assert codes(result) == {"INCONSISTENT_DESCRIPTION"}


def test_two_specifications_of_one_name_have_namespaces_of_their_own() -> None:
    links = 'extend schema @link(url: "https://{0}.example/foo/v1.0", import: ["@{0}"]) @composeDirective(name: "@{0}")'
    used = " directive @{0} on FIELD_DEFINITION type Query {{ {0}: Int @{0} }}"
    text = composed(**{name: (links + used).format(name) for name in ("one", "two")}).supergraph_sdl
    assert '@link(url: "https://one.example/foo/v1.0", import: ["@one"])' in text
    assert '@link(url: "https://two.example/foo/v1.0", as: "foo1", import: ["@two"])' in text
