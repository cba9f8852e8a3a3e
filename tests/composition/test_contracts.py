"""Contracts: what each rule hides, what is refused, and properties of views of random schemas."""

from pathlib import Path

import pytest
from graphql import GraphQLSchema, build_schema, parse, print_ast, validate_schema
from graphql.language import FieldDefinitionNode, ObjectTypeDefinitionNode
from hypothesis import given, settings
from hypothesis import strategies as st

from router.composition import Composed, Subgraph, compose
from router.composition.contracts import Contract, InvalidContract, View, load_contract, view_of
from router.graph.api_schema import build_api_schema
from router.graph.supergraph import Supergraph, load_supergraph

LINK = (
    'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5",'
    ' import: ["@key", "@shareable", "@tag", "@inaccessible"])\n'
)


def supergraph_of(*sdls: str) -> Supergraph:
    composed = compose([Subgraph(f"s{n}", LINK + sdl) for n, sdl in enumerate(sdls)])
    assert isinstance(composed, Composed), composed.errors
    return load_supergraph(composed.supergraph_sdl)


def view(*sdls: str, include: str = "", exclude: str = "", unreachable: bool = True) -> View:
    contract = Contract("v", frozenset(include.split()), frozenset(exclude.split()), unreachable)
    return view_of(contract, supergraph_of(*sdls))


def codes(*sdls: str, include: str = "", exclude: str = "", unreachable: bool = True) -> list[tuple[str, str | None]]:
    with pytest.raises(InvalidContract) as caught:
        view(*sdls, include=include, exclude=exclude, unreachable=unreachable)
    assert caught.value.code == caught.value.errors[0].code
    return [(error.code, error.coordinate) for error in caught.value.errors]


X = '@tag(name: "x")'
Y = '@tag(name: "y")'

RULES = {
    "excluded field": (f"type Query {{ a: Int b: Int {X} }}", "", "x", {"Query.b"}),
    "field without an included tag": (f"type Query {{ a: Int b: Int {X} }}", "x", "", {"Query.a"}),
    "exclusion wins": (f"type Query {{ a: Int {X} b: Int {X} {Y} }}", "x", "y", {"Query.b"}),
    "one of several tags will do": (f"type Query {{ a: Int {X} {Y} b: Int }}", "y", "", {"Query.b"}),
    "a type's tag is its fields'": (
        f"type Query {{ t: T {X} }} type T {X} {{ a: Int b: Int {Y} }}",
        "x",
        "y",
        {"T.b"},
    ),
    "excluded type": (f"type Query {{ a: Int t: T {X} }} type T {X} {{ a: Int }}", "", "x", {"Query.t", "T", "T.a"}),
    "type all of whose fields are hidden": (
        f"type Query {{ a: Int {X} t: T }} type T {{ a: Int b: Int }}",
        "x",
        "",
        {"Query.t", "T", "T.a", "T.b"},
    ),
    "argument": (f"type Query {{ a(b: Int c: Int {X}): Int }}", "", "x", {"Query.a(c:)"}),
    "arguments need no tag": (f"type Query {{ a(b: I c: E): S {X} }} input I {{ a: Int }} enum E {{ A }} scalar S",
                              "x", "", set()),
    "input field": (f"type Query {{ a(b: I): Int }} input I {{ a: Int b: Int {X} }}", "", "x", {"I.b"}),
    "input type with nothing left": (
        f"type Query {{ a(b: I {X}): Int c: Int }} input I {{ a: Int {X} }}",
        "",
        "x",
        {"Query.a(b:)", "I", "I.a"},
    ),
    "enum value": (f"type Query {{ a: E }} enum E {{ A B {X} }}", "", "x", {"E.B"}),
    "enum with nothing left": (f"type Query {{ a: Int b: E {X} }} enum E {{ A {X} }}", "", "x",
                               {"Query.b", "E", "E.A"}),
    "interface field, its implementations keep theirs": (
        f"type Query {{ a: I }} interface I {{ a: Int b: Int {X} }} type T implements I {{ a: Int b: Int }}",
        "",
        "x",
        {"I.b"},
    ),
    "interface without a visible field": (
        f"type Query {{ a: T {X} }} interface I {{ a: Int }} type T implements I {{ a: Int {X} }}",
        "x",
        "",
        {"I", "I.a"},
    ),
    "implementation": (
        f"type Query {{ a: I }} interface I {{ a: Int }} type U implements I {X} {{ a: Int }}",
        "",
        "x",
        {"U", "U.a"},
    ),
    "union member": (
        f"type Query {{ a: W }} union W = T | U type T {{ a: Int }} type U {X} {{ a: Int }}",
        "",
        "x",
        {"U", "U.a"},
    ),
    "union without an included tag": (
        f"type Query {{ a: Int {X} w: W }} union W = T type T {X} {{ a: Int }}",
        "x",
        "",
        {"Query.w", "W", "T"},
    ),
    "included union": (
        f"type Query {{ w: W {X} }} union W {X} = T type T {X} {{ a: Int }}",
        "x",
        "",
        set(),
    ),
    "scalar": (f"type Query {{ a: Int s: S {X} }} scalar S {X}", "", "x", {"Query.s", "S"}),
    "mutation root": (f"type Query {{ a: Int }} type Mutation {X} {{ b: Int }}", "", "x", {"Mutation", "Mutation.b"}),
    "query root is never hidden": (f"type Query {{ a: Int b: T {X} }} type T {X} {{ a: Int }}", "x", "", {"Query.a"}),
}  # fmt: skip


@pytest.mark.parametrize("case", RULES)
def test_rules(case: str) -> None:
    sdl, include, exclude, hidden = RULES[case]
    found = view(sdl, include=include, exclude=exclude)
    assert found.hidden == hidden
    assert validate_schema(found.schema) == []
    for coordinate in hidden:
        name, _, field = coordinate.partition(".")
        type_ = found.schema.get_type(name)
        assert type_ is None if not field else type_ is None or not has(found.schema, coordinate)


def has(schema: GraphQLSchema, coordinate: str) -> bool:
    name, _, rest = coordinate.partition(".")
    field, _, argument = rest.removesuffix(":)").partition("(")
    type_ = schema.get_type(name)
    children = getattr(type_, "fields", None) or getattr(type_, "values", {})
    if field not in children:
        return False
    return not argument or argument in children[field].args


def test_tags_of_all_subgraphs_count() -> None:
    a = f'type Query {{ t: T }} type T @key(fields: "id") {{ id: ID! a: Int @shareable {X} b: Int @shareable }}'
    b = f'type T @key(fields: "id") {{ id: ID! a: Int @shareable b: Int @shareable {X} }}'
    assert view(a, b, exclude="x").hidden == {"T.a", "T.b"}


def test_renamed_tag() -> None:
    sdl = supergraph_of(f"type Query {{ a: Int b: Int {X} }}").sdl
    url = '@link(url: "https://specs.apollo.dev/tag/v0.3"'
    assert url in sdl
    renamed = load_supergraph(sdl.replace(url, f'{url}, as: "label"').replace("@tag", "@label"))
    assert view_of(Contract("v", exclude=frozenset({"x"})), renamed).hidden == {"Query.b"}


def test_inaccessible_stays_so() -> None:
    found = view(f"type Query {{ a: Int {X} b: Int {X} @inaccessible c: Int }}", include="x")
    assert list(found.schema.type_map["Query"].fields) == ["a"]  # type: ignore[attr-defined]


# ---- unreachable types ----------------------------------------------------------------------------------------------

REACH = f"""
type Query {{ a(i: In): A  secret: Secret {X} }}
type A implements Claimed {{ id: Int  back: Query }}
interface Claimed {{ id: Int }}
type B implements Claimed {{ id: Int }}
type Secret {X} {{ only: OnlySecret }}
type OnlySecret {{ e: OnlyEnum }}
enum OnlyEnum {{ V }}
input In {{ more: More }}
input More {{ s: Scalar }}
scalar Scalar
"""


def test_what_nothing_leads_to_is_hidden() -> None:
    found = view(REACH, exclude="x")
    assert {c for c in found.hidden if "." not in c} == {"B", "OnlyEnum", "OnlySecret", "Secret"}
    assert found.schema.get_type("Claimed") is not None


def test_unless_the_contract_says_otherwise() -> None:
    found = view(REACH, exclude="x", unreachable=False)
    assert {c for c in found.hidden if "." not in c} == {"Secret"}


def test_a_returned_interface_leads_to_its_implementations() -> None:
    found = view(REACH.replace("a(i: In): A", "a(i: In): Claimed"), exclude="x")
    assert {c for c in found.hidden if "." not in c} == {"OnlyEnum", "OnlySecret", "Secret"}


# ---- refused --------------------------------------------------------------------------------------------------------

REFUSED = {
    "type of a field": (f"type Query {{ a: Int t: T }} type T {X} {{ a: Int }}", "", "x",
                        [("REFERENCED_INACCESSIBLE", "Query.t")]),
    "type of an argument": (f"type Query {{ a(b: S): Int }} scalar S {X}", "", "x",
                            [("REFERENCED_INACCESSIBLE", "Query.a(b:)")]),
    "type of an input field": (f"type Query {{ a(b: I): Int }} input I {{ a: Int s: S }} scalar S {X}", "", "x",
                               [("REFERENCED_INACCESSIBLE", "I.s")]),
    "type that is not included": (f"type Query {{ t: T {X} }} type T {{ a: Int }}", "x", "",
                                  [("REFERENCED_INACCESSIBLE", "Query.t")]),
    "required argument": (f"type Query {{ a(b: Int! {X}): Int }}", "", "x", [("REQUIRED_INACCESSIBLE", "Query.a(b:)")]),
    "required input field": (f"type Query {{ a(b: I): Int }} input I {{ a: Int! {X} b: Int }}", "", "x",
                             [("REQUIRED_INACCESSIBLE", "I.a")]),
    "enum value as default": (f"type Query {{ a(b: E = A): Int }} enum E {{ A {X} B }}", "", "x",
                              [("DEFAULT_VALUE_USES_INACCESSIBLE", "Query.a(b:)")]),
    "input field in a default": (
        f"type Query {{ a(b: [I] = [{{e: B}}, {{f: 1}}]): Int }} input I {{ e: [E] f: Int {X} }} enum E {{ A B {X} }}",
        "", "x", [("DEFAULT_VALUE_USES_INACCESSIBLE", "Query.a(b:)")] * 2),
    "implementation of a visible interface field": (
        f"type Query {{ a: I }} interface I {{ a: Int b: Int }} type T implements I {{ a: Int b: Int {X} }}", "", "x",
        [("IMPLEMENTED_BY_INACCESSIBLE", "T.b")]),
    "argument of an implementation": (
        f"type Query {{ a: I }} interface I {{ a(b: Int): Int }} type T implements I {{ a(b: Int {X}): Int }}", "", "x",
        [("IMPLEMENTED_BY_INACCESSIBLE", "T.a(b:)")]),
    "no query left": (f"type Query {{ a: Int {X} }}", "", "x", [("CONTRACT_EMPTY", "Query")]),
    "no query included": (f"type Query {{ a: Int }} type T {X} {{ a: Int }}", "x", "", [("CONTRACT_EMPTY", "Query")]),
    "unknown tag": (f"type Query {{ a: Int {X} }}", "X", "z", [("CONTRACT_UNKNOWN_TAG", None)] * 2),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    sdl, include, exclude, expected = REFUSED[case]
    assert codes(sdl, include=include, exclude=exclude) == expected


def test_optional_parts_may_go() -> None:
    sdl = f"type Query {{ a(b: Int {X} c: Int! = 1 {X} d: I): Int }} input I {{ a: Int {X} b: Int! = 1 {X} c: Int }}"
    assert view(sdl, exclude="x").hidden == {"Query.a(b:)", "Query.a(c:)", "I.a", "I.b"}


def test_messages_say_why_and_what_to_do() -> None:
    with pytest.raises(InvalidContract, match="REFERENCED") as caught:
        view(f"type Query {{ a: Int {X} t: T {X} u: T {X} }} type T {X} {Y} {{ a: Int }}", include="x", exclude="y")
    assert str(caught.value.errors[0]) == (
        'REFERENCED_INACCESSIBLE: The view "v" shows "Query.t", whose type "T" it hides (it has the excluded tag "y").'
        ' Show "T", or hide "Query.t".'
    )
    assert len(str(caught.value).splitlines()) == 2


# ---- files ----------------------------------------------------------------------------------------------------------

FILES = {
    "not TOML": ('include = ["x"]\nexclude = [', "CONTRACT_INVALID_TOML", [2]),
    "a wrong line": ('\ninclude = "x\n', "CONTRACT_INVALID_TOML", [2]),
    "unknown setting": ('include = ["x"]\n\ninclud = ["y"]\n', "CONTRACT_INVALID", [3]),
    "table": ('include = ["x"]\n[more]\na = 1\n', "CONTRACT_INVALID", [2]),
    "no list": ('# exclude\nexclude = "x"\n', "CONTRACT_INVALID", [2]),
    "empty name": ('exclude = [""]\n', "CONTRACT_INVALID", [1]),
    "no boolean": ('exclude = ["x"]\nhide_unreachable_types = "yes"\n', "CONTRACT_INVALID", [2]),
    "both": ('exclude = ["y",\n  "x"]\ninclude = ["x"]', "CONTRACT_INVALID", [2]),
    "nothing": ("", "CONTRACT_INVALID", [1]),
    "all at once": ("a = 1\nb = 2\ninclude = 3\n", "CONTRACT_INVALID", [1, 2, 3]),
}


@pytest.mark.parametrize("case", FILES)
def test_wrong_files(case: str, tmp_path: Path) -> None:
    text, code, lines = FILES[case]
    file = tmp_path / "v.toml"
    file.write_text(text)
    with pytest.raises(InvalidContract) as caught:
        load_contract(file)
    assert {error.code for error in caught.value.errors} == {code}
    places = [place for error in caught.value.errors for place in error.locations]
    assert [(place.file, place.line) for place in places] == [(str(file), line) for line in lines]
    assert str(caught.value).startswith(f"{file}:{lines[0]}:")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidContract, match="cannot be read: No such file") as caught:
        load_contract(tmp_path / "v.toml")
    assert caught.value.code == "CONTRACT_NOT_FOUND"
    (tmp_path / "v.toml").write_bytes(b"\xff")
    with pytest.raises(InvalidContract, match="not UTF-8"):
        load_contract(tmp_path / "v.toml")


def test_file(tmp_path: Path) -> None:
    file = tmp_path / "partner.toml"
    file.write_text(
        '# "x" is for partners\ninclude = [\n  "x",\n]\nexclude = ["nope"]\nhide_unreachable_types = false\n'
    )
    contract = load_contract(file)
    assert (contract.name, *contract.include, *contract.exclude) == ("partner", "x", "nope")
    assert not contract.hide_unreachable_types
    assert load_contract(file, "other").name == "other"
    with pytest.raises(InvalidContract, match='has the tag "nope"; it has "x"') as caught:
        view_of(contract, supergraph_of(f"type Query {{ a: Int {X} }}"))
    (error,) = caught.value.errors
    assert [(place.file, place.line) for place in error.locations] == [(str(file), 5)]


# ---- properties -----------------------------------------------------------------------------------------------------

TAGS = st.sets(st.sampled_from("xyz"), max_size=2).map(
    lambda tags: " ".join(f'@tag(name: "{t}")' for t in sorted(tags))
)


@st.composite
def tagged_schemas(draw: st.DrawFn) -> str:
    """Objects, interfaces, a union, inputs and enums that refer to one another, tagged at random."""
    outputs = ["Int", "A", "B", "C", "I", "W", "E"]
    inputs = ["Int", "In", "E", "S"]

    def arguments() -> str:
        names = draw(st.lists(st.sampled_from("pq"), unique=True, max_size=2))
        parts = [
            f"{n}: {draw(st.sampled_from(inputs))}{draw(st.sampled_from(['', '', '!']))} {draw(TAGS)}" for n in names
        ]
        return f"({' '.join(parts)})" if parts else ""

    def fields(names: str) -> str:
        return " ".join(f"{n}{arguments()}: {draw(st.sampled_from(outputs))} {draw(TAGS)}" for n in names)

    shared = f"i: {draw(st.sampled_from(outputs))}"
    sdl = [f"type Query {{ root: Int {X} {Y} {fields('abcd')} }}"]
    sdl += [f"type {t} implements I {draw(TAGS)} {{ {shared} {draw(TAGS)} {fields('ab')} }}" for t in "AB"]
    sdl += [f"type C {draw(TAGS)} {{ {fields('ab')} }}", f"interface I {draw(TAGS)} {{ {shared} {draw(TAGS)} }}"]
    sdl += [f"union W {draw(TAGS)} = A | C", f"scalar S {draw(TAGS)}"]
    default = draw(st.sampled_from(["", "= V", "= U"]))
    sdl += [f"enum E {draw(TAGS)} {{ U {draw(TAGS)} V {draw(TAGS)} }}"]
    sdl += [f"input In {draw(TAGS)} {{ a: E {default} {draw(TAGS)} b: S {draw(TAGS)} c: In {draw(TAGS)} }}"]
    return "\n".join(sdl)


@settings(max_examples=100, deadline=None)
@given(
    sdl=tagged_schemas(),
    include=st.sets(st.sampled_from("xy"), max_size=2),
    exclude=st.sets(st.sampled_from("zy"), max_size=1),
    unreachable=st.booleans(),
)
def test_a_view_is_a_valid_part_of_the_full_schema(
    sdl: str, include: set[str], exclude: set[str], unreachable: bool
) -> None:
    supergraph = supergraph_of(sdl)
    contract = Contract("v", frozenset(include), frozenset(exclude - include), unreachable)
    try:
        found = view_of(contract, supergraph)
    except InvalidContract as error:
        unexpected = [e for e in error.errors if not e.code.endswith(("INACCESSIBLE", "UNKNOWN_TAG", "EMPTY"))]
        if unexpected:
            raise
        return
    again = view_of(contract, load_supergraph(supergraph.sdl))
    assert (again.sdl, again.hidden) == (found.sdl, found.hidden)
    assert validate_schema(found.schema) == []
    assert validate_schema(build_schema(found.sdl)) == []
    full = build_api_schema(supergraph.document)
    coordinates = set(printed(full))
    assert set(printed(found.schema)) <= coordinates
    for coordinate in found.hidden:
        assert coordinate.partition("(")[0].partition(".")[0] in full.type_map
        assert coordinate not in set(printed(found.schema))
    assert "@tag" not in found.sdl
    for definition in supergraph.document.definitions:
        if isinstance(definition, ObjectTypeDefinitionNode):
            for field in definition.fields or ():
                if tags_of(definition, field) & contract.exclude:
                    assert not has(found.schema, f"{definition.name.value}.{field.name.value}")


def printed(schema: GraphQLSchema) -> list[str]:
    """Every element of a schema with its type, one text each."""
    found: list[str] = []
    for name, type_ in schema.type_map.items():
        if name.startswith("__"):
            continue
        found.append(name)
        found += [f"{name} implements {i.name}" for i in getattr(type_, "interfaces", ())]
        found += [f"{name} = {member.name}" for member in getattr(type_, "types", ())]
        found += [f"{name}.{value}" for value in getattr(type_, "values", ())]
        for field_name, field in getattr(type_, "fields", {}).items():
            found += [f"{name}.{field_name}", f"{name}.{field_name}: {field.type}"]
            for argument_name, argument in getattr(field, "args", {}).items():
                at = f"{name}.{field_name}({argument_name}:)"
                found += [at, f"{at} {argument.type} {argument.default_value!r}"]
    return found


def tags_of(*nodes: ObjectTypeDefinitionNode | FieldDefinitionNode) -> set[str]:
    applied = [d for node in nodes for d in node.directives or () if d.name.value == "tag"]
    return {print_ast(a.value).strip('"') for d in applied for a in d.arguments or ()}


def test_the_sdl_reads_as_the_schema() -> None:
    found = view(REACH, exclude="x")
    assert parse(found.sdl)
    assert found.sdl.endswith("scalar Scalar\n")
    assert "Secret" not in found.sdl
