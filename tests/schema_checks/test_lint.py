"""Lint: each rule with what breaks it and what does not, and its configuration."""

from pathlib import Path

import pytest

from router.composition.config import load_subgraphs
from router.composition.model import Subgraph
from router.schema_checks.changes import KINDS
from router.schema_checks.lint import Finding, InvalidLintConfig, LintConfig, lint_subgraphs, load_lint_config
from router.schema_checks.lint_rules import RULES

ROOT = Path(__file__).parents[2]
CONNECTION = (
    "type Query { users(first: Int, after: String): UserConnection! } type User { id: ID! }"
    " type UserConnection { edges: [UserEdge!]! pageInfo: PageInfo! } type UserEdge { node: User! cursor: String! }"
    " type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }"
)

# Rule, what breaks it, the coordinates found, what keeps to it.
CASES: list[tuple[str, str, list[str], str]] = [
    ("TYPE_NAME", "type user_a { a: Int } enum b { A }", ["user_a", "b"], "type UserA2 { a: Int } scalar URL"),
    (
        "FIELD_NAME",
        "type A { First_name: Int } input B { Last: Int }",
        ["A.First_name", "B.Last"],
        "type A { firstName2: Int } type Query { _entities: Int }",
    ),
    (
        "ARGUMENT_NAME",
        "type A { a(First: Int): Int } directive @d(A_b: Int) on FIELD",
        ["A.a(First:)", "@d(A_b:)"],
        "type A { a(first: Int): Int } directive @d(aB: Int) on FIELD",
    ),
    ("DIRECTIVE_NAME", "directive @My_d on FIELD", ["@My_d"], "directive @myD on FIELD"),
    ("ENUM_VALUE_NAME", "enum E { a B_ cD }", ["E.a", "E.B_", "E.cD"], "enum E { A B_C D2 }"),
    (
        "TYPE_NAME_AFFIX",
        "type TypeUser { a: Int } enum RoleEnum { A } interface IUser { a: Int }",
        ["TypeUser", "RoleEnum", "IUser"],
        "type Typewriter { a: Int } enum Role { A } type Image { a: Int } type IP { a: Int }",
    ),
    ("INPUT_SUFFIX", "input User { a: Int }", ["User"], "input UserInput { a: Int }"),
    ("OUTPUT_SUFFIX", "type UserInput { a: Int }", ["UserInput"], "input UserInput { a: Int }"),
    (
        "FIELD_VERB",
        "type Query { getUser: Int listUsers: Int } type A { fetchB: Int }",
        ["Query.getUser", "Query.listUsers", "A.fetchB"],
        "type Query { getaway: Int listing: Int } type Mutation { listProduct: Int }",
    ),
    (
        "TYPE_DESCRIPTION",
        (
            "type A { a: Int } type Mutation { save(input: SaveInput): SavePayload } input SaveInput { a: Int } "
            'type SavePayload { a: Int } " " enum E { A }'
        ),
        ["A", "E"],
        'type Query { a: Int } "An a." type A { a: Int }',
    ),
    (
        "ROOT_FIELD_DESCRIPTION",
        "type Query { a: Int } type A { a: Int }",
        ["Query.a"],
        'type Query { "a" a: Int _service: Int }',
    ),
    (
        "FIELD_DESCRIPTION",
        "type Query { a: Int } interface A { a: Int }",
        ["A.a"],
        'type A { "a" a: Int }',
    ),
    (
        "INPUT_DESCRIPTION",
        "input A { a: Int } type B { b(c: Int): Int }",
        ["A.a", "B.b(c:)"],
        'input A { "a" a: Int } type B { b("c" c: Int): Int }',
    ),
    ("ENUM_VALUE_DESCRIPTION", "enum E { A }", ["E.A"], 'enum E { "a" A }'),
    (
        "DEPRECATION_REASON",
        (
            'type A { a: Int @deprecated b: Int @deprecated(reason: "No longer supported") } '
            'enum E { A @deprecated(reason: " ") }'
        ),
        ["A.a", "A.b", "E.A"],
        'type A { a: Int @deprecated(reason: "Use b.") b: Int }',
    ),
    *(
        ("CONNECTION", CONNECTION.replace(old, new), ["UserConnection"], CONNECTION)
        for old, new in [
            ("edges: [UserEdge!]!", "edges: UserEdge!"),
            ("edges: [UserEdge!]!", "items: [User!]!"),
            ("edges: [UserEdge!]!", "edges: [Int!]!"),
            ("pageInfo: PageInfo!", "pageInfo: PageInfo"),
            ("type UserConnection { edges: [UserEdge!]! pageInfo: PageInfo! }", "scalar UserConnection"),
        ]
    ),
    ("EDGE", CONNECTION.replace("node: User! cursor: String!", "node: [User!]"), ["UserEdge", "UserEdge"], CONNECTION),
    (
        "PAGE_INFO",
        CONNECTION.replace("hasNextPage: Boolean!", "hasNextPage: Boolean").replace("endCursor: String", "end: Int"),
        ["PageInfo.endCursor", "PageInfo.hasNextPage"],
        CONNECTION.replace("endCursor: String", "endCursor: String!"),
    ),
    (
        "CONNECTION_ARGUMENTS",
        CONNECTION.replace("(first: Int, after: String)", "(first: Int, before: String)"),
        ["Query.users"],
        CONNECTION.replace("(first: Int, after: String)", "(last: Int, before: String)"),
    ),
    ("LIST_ITEM", "type A { a: [Int] b: [[Int]!] }", ["A.a", "A.b"], "type A { a: [Int!] b: [[Int!]] _e: [Int!] }"),
]


def lint(*sdl: str, **config: object) -> tuple[Finding, ...]:
    subgraphs = [Subgraph(f"s{number}", text, file=f"s{number}.graphql") for number, text in enumerate(sdl)]
    findings, errors = lint_subgraphs(subgraphs, LintConfig(**config))  # type: ignore[arg-type]
    assert errors == ()
    return findings


def only(code: str) -> dict[str, str]:
    return {other: "warning" if other == code else "off" for other in RULES}


@pytest.mark.parametrize(("code", "wrong", "coordinates", "right"), CASES)
def test_each_rule(code: str, wrong: str, coordinates: list[str], right: str) -> None:
    findings = lint(wrong, levels=only(code))
    assert [(f.code, f.level) for f in findings] == [(code, "warning")] * len(coordinates)
    assert sorted(f.coordinate for f in findings) == sorted(coordinates)
    assert lint(right, levels=only(code)) == ()
    assert lint(wrong, levels=only(code), ignored={code: frozenset(coordinates)}) == ()


def test_every_rule_has_a_case_and_says_why() -> None:
    assert {case[0] for case in CASES} == set(RULES)
    assert all(rule.demand.endswith(".") and rule.reason for rule in RULES.values())
    assert all(rule.reason.startswith("off: ") == (rule.level == "off") for rule in RULES.values())


def test_places_are_those_of_the_names() -> None:
    finding = lint('"""A\nuser."""\ntype A {\n  "first" First_name: Int\n}')[0]
    assert (finding.code, str(finding.location)) == ("FIELD_NAME", "s0.graphql:4:11")
    assert str(finding) == "error FIELD_NAME: The field A.First_name should be named in camelCase."


def test_what_one_subgraph_describes_is_described() -> None:
    levels = only("TYPE_DESCRIPTION")
    assert lint("type A { a: Int }", '"An a." type A { a: Int }', levels=levels) == ()
    assert [str(f.location) for f in lint("type A { a: Int }", "type A { a: Int }", levels=levels)] == [
        "s0.graphql:1:6"
    ]


def test_federation_is_not_linted() -> None:
    sdl = (
        'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: [{name: "@key", as: "@my_key"}])'
        ' type A @my_key(fields: "id") { id: ID! } scalar federation__FieldSet scalar _Any union _Entity = A'
        " type _Service { sdl: String } type Query { _entities(representations: [_Any!]!): [_Entity]! }"
        " directive @my_key(fields: federation__FieldSet!) repeatable on OBJECT"
    )
    findings = lint(sdl, levels=dict.fromkeys(RULES, "error"))
    assert {f.coordinate for f in findings} == {"A", "A.id"}  # no descriptions


def test_a_subgraph_that_cannot_be_read() -> None:
    findings, errors = lint_subgraphs([Subgraph("a", "type"), Subgraph("b", "type b_c { a: Int }")], LintConfig())
    assert [error.code for error in errors] == ["INVALID_GRAPHQL"]
    assert "TYPE_NAME" in {finding.code for finding in findings}


def test_our_own_subgraphs_keep_to_the_rules() -> None:
    config = ROOT / "schema/supergraph.yaml"
    assert lint_subgraphs(load_subgraphs(config), load_lint_config(config)) == ((), ())


# ---- configuration --------------------------------------------------------------------------------------------------


def write(folder: Path, text: str) -> Path:
    file = folder / "supergraph.yaml"
    file.write_text(text)
    return file


def test_configuration(tmp_path: Path) -> None:
    text = "lint: {rules: {TYPE_NAME: off, LIST_ITEM: warning, EDGE: 'off'}, ignore: {FIELD_NAME: [A.b, C.d]}}"
    config = load_lint_config(write(tmp_path, text))
    assert [config.level(code) for code in ("TYPE_NAME", "LIST_ITEM", "EDGE", "FIELD_NAME")] == [
        "off",
        "warning",
        "off",
        "error",
    ]
    assert config.ignored == {"FIELD_NAME": {"A.b", "C.d"}}
    assert load_lint_config(write(tmp_path, "subgraphs: {}")) == LintConfig()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lint: 1", "must be a map of `rules`, `ignore` and `leave_out`"),
        ("lint: {rule: {}}", "must be a map of `rules`, `ignore` and `leave_out`"),
        ("lint: {rules: [TYPE_NAME]}", "`lint`.rules must be a map"),
        ("lint: {rules: {NOPE: off}}", "there is no rule 'NOPE'; there are TYPE_NAME, "),
        ("lint: {rules: {TYPE_NAME: loud}}", "must be error, warning or off, not 'loud'"),
        ("lint: {rules: {TYPE_NAME: [1]}}", "must be error, warning or off"),
        ("lint: {ignore: {TYPE_NAME: A}}", "must be a list of coordinates"),
        ("lint: {leave_out: shop}", "must be a list of subgraphs"),
        ("lint: [", "supergraph.yaml: "),
    ],
)
def test_wrong_configurations(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InvalidLintConfig, match=words):
        load_lint_config(write(tmp_path, text))


def test_the_reference_has_every_rule_and_kind_of_change() -> None:
    page = (ROOT / "docs/reference/schema-checks.md").read_text()
    rows = [line for line in page.splitlines() if line.startswith("| `")]
    assert rows == [
        *(f"| `{kind.code}` | {kind.severity.value} |" for kind in KINDS.values()),
        *(f"| `{rule.code}` | {rule.level} | {rule.demand} | {rule.reason} |" for rule in RULES.values()),
    ]
