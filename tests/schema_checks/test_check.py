"""Which operations a change breaks or touches."""

from pathlib import Path

import pytest
from graphql import build_schema, parse, validate
from hypothesis import given, settings
from hypothesis import strategies as st

from router.schema_checks.changes import KINDS, Severity
from router.schema_checks.check import CheckReport, check_schemas
from router.schema_checks.operations import InvalidOperations, RegisteredOperation, read_operations
from tests.schema_checks.random_schemas import schemas

BASE = """
type Query { user(id: ID!, role: Role = ADMIN): User users(filter: Filter): [User!]! media: [Media] node: Node }
type Mutation { save(input: SaveInput!): User }
type User implements Node { id: ID! name: String! role: Role! }
interface Node { id: ID! }
union Media = Book | Film
type Book { id: ID! pages: Int }
type Film { id: ID! minutes: Int }
enum Role { ADMIN GUEST GONE }
input Filter { role: Role, name: String, inner: Filter }
input SaveInput { name: String!, role: Role = GUEST }
directive @hot(level: Int) repeatable on FIELD | QUERY
"""


def operation(text: str) -> RegisteredOperation:
    return RegisteredOperation("", Path("x.graphql"), 1, 1, parse(text))


def checked(document: str, old_part: str, new_part: str, base: str = BASE) -> CheckReport:
    assert old_part in base
    old, new = build_schema(base), build_schema(base.replace(old_part, new_part))
    assert not validate(old, parse(document))
    return check_schemas(old, new, [operation(document)])


@pytest.mark.parametrize(
    ("verdict", "document", "old", "new"),
    [
        ("broken", '{ user(id: "1") { name } }', "name: String! role", "role"),
        ("unaffected", '{ user(id: "1") { id } }', "name: String! role", "role"),
        ("broken", '{ user(id: "1") { name } }', "name: String! role", "name: String role"),
        ("broken", '{ user(id: "1") { ...F } } fragment F on User { name }', "name: String! role", "name: String role"),
        ("touched", "{ media { ... on Book { pages } } }", "pages: Int", "pages: Int!"),
        ("unaffected", "{ media { __typename } }", "pages: Int", "pages: Int!"),
        # Arguments: who leaves out what has to be given, and who gives what is gone.
        ("broken", "{ users { id } }", "users(filter: Filter)", "users(filter: Filter!)"),
        ("broken", "{ users { id } }", "users(filter: Filter)", "users(filter: Filter, a: Int!)"),
        ("touched", "{ users { id } }", "users(filter: Filter)", "users(filter: Filter, a: Int)"),
        ("unaffected", "{ users { id } }", "users(filter: Filter)", "users"),
        ("broken", "{ users(filter: {}) { id } }", "users(filter: Filter)", "users"),
        ("touched", '{ user(id: "1") { id } }', "role: Role = ADMIN)", "role: Role = GUEST)"),
        ("broken", '{ user(id: "1", role: ADMIN) { id } }', ", role: Role = ADMIN)", ")"),
        # Input fields: written down, or perhaps inside of a variable.
        ("broken", '{ users(filter: {name: "x"}) { id } }', "name: String,", ""),
        ("broken", '{ users(filter: {inner: {name: "x"}}) { id } }', "name: String,", ""),
        ("unaffected", "{ users(filter: {role: ADMIN}) { id } }", "name: String,", ""),
        ("broken", "query($f: Filter) { users(filter: $f) { id } }", "name: String,", ""),
        ("broken", "query($f: Filter) { users(filter: $f) { id } }", "GUEST GONE", "GUEST"),
        (
            "broken",
            "mutation($n: String!) { save(input: {name: $n}) { id } }",
            "input SaveInput {",
            "input SaveInput { x: Int!",
        ),
        ("touched", "mutation($i: SaveInput!) { save(input: $i) { id } }", "Role = GUEST }", "Role }"),
        ("broken", "query($f: Filter) { users(filter: $f) { id } }", "input Filter", "input Filter @oneOf"),
        # Enums: written, received.
        ("broken", '{ user(id: "1", role: GONE) { id } }', "GUEST GONE", "GUEST"),
        ("unaffected", "{ users(filter: {name: null}) { id } }", "GUEST GONE", "GUEST"),
        ("touched", "{ users { role } }", "GUEST GONE", "GUEST GONE NEW"),
        ("touched", '{ user(id: "1", role: GUEST) { id } }', "ADMIN GUEST", "ADMIN GUEST @deprecated"),
        # Unions and interfaces.
        (
            "touched",
            "{ node { ... on User { id } } }",
            "type Mutation",
            "type W implements Node { id: ID! } type Mutation",
        ),
        ("unaffected", "{ media { __typename } }", "type Mutation", "type W implements Node { id: ID! } type Mutation"),
        ("broken", "{ media { ... on Book { pages } } }", "Book | Film", "Film"),
        ("broken", "{ media { ...B } } fragment B on Book { pages }", "Book | Film", "Film"),
        ("touched", "{ media { ... on Film { minutes } } }", "Book | Film", "Film"),
        ("unaffected", "{ media { __typename } }", "Film { id", "Film implements Node { id"),
        ("touched", "{ node { id } }", "Film { id", "Film implements Node { id"),
        ("broken", "{ node { ... on User { name } } }", "User implements Node", "User"),
        ("broken", '{ user(id: "1") { ... on Node { id } } }', "User implements Node", "User"),
        ("touched", "{ node { id } }", "User implements Node", "User"),
        # Directives.
        ("broken", "{ users @hot { id } }", "repeatable on FIELD | QUERY", "repeatable on QUERY"),
        ("unaffected", "query @hot { users { id } }", "repeatable on FIELD | QUERY", "repeatable on QUERY"),
        ("broken", "{ users @hot @hot { id } }", "repeatable on", "on"),
        ("broken", "{ users @hot(level: 1) { id } }", "@hot(level: Int)", "@hot"),
        ("unaffected", "{ users @hot { id } }", "@hot(level: Int)", "@hot"),
        ("broken", "{ users @hot { id } }", "@hot(level: Int)", "@hot(level: Int!)"),
        # A root that is gone.
        ("broken", 'mutation { save(input: {name: "x"}) { id } }', "type Mutation", "type Other"),
    ],
)
def test_verdicts(verdict: str, document: str, old: str, new: str) -> None:
    report = checked(document, old, new)
    assert report.operations is not None
    entry = report.operations[0]
    assert entry.verdict == verdict, report
    breaking = [c for c in report.changes if c.severity is Severity.BREAKING]
    assert report.is_breaking == bool(breaking) == (verdict == "broken")
    assert all(
        c.is_downgraded for c in report.changes if KINDS[c.kind].severity is Severity.BREAKING and c not in breaking
    )


def test_without_operations_nothing_is_downgraded() -> None:
    old, new = build_schema(BASE), build_schema(BASE.replace("pages: Int", "sheets: Int"))
    assert check_schemas(old, new).is_breaking
    report = check_schemas(old, new, [operation("{ users { id } }")])
    assert not report.is_breaking
    assert [(c.kind, c.severity.value, c.is_downgraded) for c in report.changes] == [
        ("FIELD_REMOVED", "dangerous", True),
        ("FIELD_ADDED", "safe", False),
    ]


def test_operations_that_the_old_schema_refuses() -> None:
    old, new = build_schema(BASE), build_schema(BASE.replace("pages: Int", "sheets: Int"))
    report = check_schemas(old, new, [operation("{ media { ... on Book { sheets } } }"), operation("{ nope }")])
    assert report.operations is not None
    assert [entry.verdict for entry in report.operations] == ["new", "invalid"]
    assert "Cannot query field 'nope'" in report.operations[1].errors[0]
    assert not report.is_breaking


def test_two_changes_together() -> None:
    """A fragment on two types of a union, both of which leave it: neither change alone makes it impossible."""
    old = build_schema(
        "interface I {a: Int} type A implements I {a: Int} type B implements I {a: Int} type C {a: Int}"
        " union U = A | B | C type Query {u: U}"
    )
    new = build_schema(
        "interface I {a: Int} type A implements I {a: Int} type B implements I {a: Int} type C {a: Int}"
        " union U = C type Query {u: U}"
    )
    report = check_schemas(old, new, [operation("{ u { ... on I { a } } }")])
    assert report.operations is not None
    assert report.operations[0].verdict == "broken"
    assert len(report.operations[0].broken_by) == 2
    assert report.is_breaking


def test_a_safe_change_that_parts_merged_fields() -> None:
    """`a: Int!` is more than `a: Int`, but under one name in one selection they must be the same."""
    sdl = "type A {a: Int} type B {a: Int} union U = A | B type Query {u: U}"
    old, new = build_schema(sdl), build_schema(sdl.replace("A {a: Int}", "A {a: Int!}"))
    report = check_schemas(old, new, [operation("{ u { ... on A { a } ... on B { a } } }")])
    assert report.operations is not None
    assert report.operations[0].verdict == "broken"
    assert "conflict" in report.operations[0].errors[0]
    assert [report.changes[index].kind for index in report.operations[0].broken_by] == ["FIELD_TYPE_NARROWED"]
    assert report.is_breaking


# ---- a property -----------------------------------------------------------------------------------------------------


@st.composite
def documents(draw: st.DrawFn) -> str:
    """An operation over the names of the random schemas; it may or may not fit one of them."""
    argument = draw(st.sampled_from(["", "(a: 1)", "(a: V1)", "(a: {k: 1, l: 2})", "(a: $v)", "(a: $v, b: [1])"]))
    variables = ""
    if "$v" in argument:
        variables = f"($v: {draw(st.sampled_from(['Int', 'Int!', 'E', 'N', '[N!]!', 'ID']))})"
    leaf = draw(st.sampled_from(["i", "f", "g", "h", "own", "__typename", "x"])) + draw(st.sampled_from(["", argument]))
    inner = draw(st.sampled_from(["", "", " { __typename }", " { ... on A { i } }"]))
    inside = draw(st.sampled_from(["A", "B", "X", "I"]))
    root = draw(st.sampled_from(["root", "union"]))
    hot = draw(st.sampled_from(["", " @d", " @d(a: 1)"]))
    bodies = [
        f"{root}{hot} {{ ... on {inside} {{ {leaf}{inner} }} }}",
        f"f{argument}{inner}",
        f"root {{ {leaf}{inner} }}",
    ]
    return f"query{variables}{draw(st.sampled_from(['', ' @d']))} {{ {draw(st.sampled_from(bodies))} }}"


@given(st.data(), schemas(), schemas())
@settings(max_examples=100, deadline=None)
def test_what_the_new_schema_refuses_is_found_broken(data: st.DataObject, one: str, other: str) -> None:
    old, new = build_schema(one), build_schema(other)
    tries = [data.draw(documents()) for _ in range(6)]
    fitting = [document for document in tries if not validate(old, parse(document))]
    report = check_schemas(old, new, [operation(document) for document in fitting])
    assert report.operations is not None
    for document, entry in zip(fitting, report.operations, strict=True):
        if validate(new, parse(document)):
            assert entry.verdict == "broken", document
            assert entry.broken_by, document
        if entry.verdict == "broken":
            assert any(report.changes[index].severity is Severity.BREAKING for index in entry.broken_by)


# ---- reading operations ---------------------------------------------------------------------------------------------


def test_reading_a_folder(tmp_path: Path) -> None:
    (tmp_path / "portal").mkdir()
    (tmp_path / "portal/a.graphql").write_text("query A { ...F }\n  query B { id }\nfragment G on Query { own: id }")
    (tmp_path / "b.graphql").write_text("fragment F on Query { ...G } fragment G on Query { id }")
    (tmp_path / "notes.txt").write_text("{")
    operations = read_operations(tmp_path)
    assert [(o.name, o.file.name, o.line, o.column) for o in operations] == [
        ("A", "a.graphql", 1, 1),
        ("B", "a.graphql", 2, 3),
    ]
    names = [getattr(node, "name", None) for node in operations[0].document.definitions]
    assert [name.value for name in names if name] == ["A", "F", "G"]
    assert len(operations[1].document.definitions) == 1


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({}, "has no operation"),
        ({"a": "fragment F on Query { id }"}, "has no operation"),
        ({"a": "{ id"}, r"a\.graphql:1:5: Syntax Error"),
        ({"a": "{ ...F }"}, "fragment 'F' is in no file"),
        (
            {"a": "{ ...F }", "b": "fragment F on A {b}", "c": "fragment F on A {c}"},
            r"is in .*b\.graphql and .*c\.graphql",
        ),
    ],
)
def test_folders_that_cannot_be_read(tmp_path: Path, files: dict[str, str], words: str) -> None:
    for name, text in files.items():
        (tmp_path / f"{name}.graphql").write_text(text)
    with pytest.raises(InvalidOperations, match=words):
        read_operations(tmp_path)


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(InvalidOperations, match="is not a folder"):
        read_operations(tmp_path / "none")
