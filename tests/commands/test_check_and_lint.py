"""`python -m router check` and `lint` as a user types them."""

import json
from pathlib import Path

import pytest

from router.commands import main

LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key", "@shareable"])\n'
USERS = LINK + 'type Query { me: User } type User @key(fields: "id") { id: ID! name: String! age: Int! }'
POSTS = LINK + 'type User @key(fields: "id") { id: ID! posts: [Post!]! } type Post { title: String }'


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "users.graphql").write_text(USERS)
    (tmp_path / "posts.graphql").write_text(POSTS)
    (tmp_path / "operations/portal").mkdir(parents=True)
    (tmp_path / "operations/portal/me.graphql").write_text("query Me { me { ...Name posts { title } } }\n")
    (tmp_path / "operations/names.graphql").write_text("fragment Name on User { name }\n\nquery Age { me { age } }\n")
    file = tmp_path / "supergraph.yaml"
    file.write_text(
        "subgraphs:\n"
        "  users: {routing_url: 'http://users.invalid', schema: {file: users.graphql}}\n"
        "  posts: {routing_url: 'http://posts.invalid', schema: {file: posts.graphql}}\n"
    )
    return file


@pytest.fixture
def old(config: Path, tmp_path: Path) -> Path:
    file = tmp_path / "old.graphql"
    assert main(["compose", "--config", str(config), "--out", str(file)]) == 0
    return file


def check(*arguments: str | Path) -> int:
    return main(["check", *map(str, arguments)])


def test_no_change(config: Path, old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--against", old, "--config", config, "--operations", config.parent / "operations") == 0
    assert capsys.readouterr().out == (
        "changes: 0 breaking, 0 dangerous, 0 safe; operations: 0 broken, 0 touched, of 2\n"
    )


def test_a_breaking_change(config: Path, old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new = USERS.replace("name: String!", "name: String").replace("age: Int!", "birthday: String")
    (tmp_path / "users.graphql").write_text(new.replace("me: User", "me: User you: User"))
    operations = tmp_path / "operations"
    assert check("--against", old, "--config", config) == 1
    text = capsys.readouterr().out
    assert text.splitlines()[0] == "breaking FIELD_REMOVED User.age: The field was removed."
    assert text.splitlines()[-1] == "changes: 2 breaking, 0 dangerous, 2 safe"

    assert check("--against", old, "--config", config, "--operations", operations) == 1
    assert capsys.readouterr().out.splitlines() == [
        "breaking FIELD_REMOVED User.age: The field was removed.",
        f"  breaks Age ({operations}/names.graphql:3:1)",
        "breaking FIELD_TYPE_CHANGED User.name: The type was String! and is String.",
        f"  breaks Me ({operations}/portal/me.graphql:1:1)",
        "safe FIELD_ADDED Query.you: The field was added.",
        "safe FIELD_ADDED User.birthday: The field was added.",
        f"operation Age ({operations}/names.graphql:3:1) would be refused:",
        "  Cannot query field 'age' on type 'User'. Did you mean 'name'?",
        "changes: 2 breaking, 0 dangerous, 2 safe; operations: 2 broken, 0 touched, of 2",
    ]

    assert check("--against", old, "--config", config, "--operations", operations, "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["errors"] == []
    assert report["changes"][0] == {
        "kind": "FIELD_REMOVED",
        "severity": "breaking",
        "downgraded": False,
        "coordinate": "User.age",
        "message": "The field was removed.",
    }
    assert report["operations"][0] == {
        "name": "Age",
        "file": str(operations / "names.graphql"),
        "line": 3,
        "column": 1,
        "verdict": "broken",
        "brokenBy": [0],
        "touchedBy": [],
        "errors": ["Cannot query field 'age' on type 'User'. Did you mean 'name'?"],
    }


def test_a_change_that_breaks_nobody(
    config: Path, old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "operations/names.graphql").write_text("fragment Name on User { name } query New { me { born } }")
    (tmp_path / "users.graphql").write_text(USERS.replace("age: Int!", "born: Int!"))
    new = tmp_path / "new.graphql"
    assert main(["compose", "--config", str(config), "--out", str(new)]) == 0
    assert check("--against", old, "--supergraph", new, "--operations", tmp_path / "operations") == 0
    assert capsys.readouterr().out.splitlines() == [
        (
            "dangerous FIELD_REMOVED User.age: The field was removed."
            " (a breaking change, but it breaks no registered operation)"
        ),
        "safe FIELD_ADDED User.born: The field was added.",
        f"operation New ({tmp_path}/operations/names.graphql:1:32) is answered by the new schema only",
        "changes: 0 breaking, 1 dangerous, 1 safe; operations: 0 broken, 0 touched, of 2",
    ]


def test_subgraphs_that_do_not_compose(config: Path, old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (config.parent / "users.graphql").write_text(USERS.replace("id: ID! name", "id: ID! posts: Int name"))
    assert main(["compose", "--config", str(config)]) == 1
    composed = capsys.readouterr()
    assert check("--against", old, "--config", config) == 1
    checked = capsys.readouterr()
    assert (checked.out, checked.err) == ("", composed.err)
    assert "User.posts" in checked.err
    assert check("--against", old, "--config", config, "--json") == 1
    assert json.loads(capsys.readouterr().out)["errors"][0]["coordinate"] == "User.posts"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("type Query {", "INVALID_FEDERATION_SUPERGRAPH: {file}:1:13: Syntax Error"),
        ("type Query { a: Missing }", "INVALID_FEDERATION_SUPERGRAPH: {file}: The supergraph is not a complete schema"),
        ("type A { a: Int }", "INVALID_FEDERATION_SUPERGRAPH: {file}: The supergraph has no query root type."),
        ("type Query { a(b: Int = x): Int }", "INVALID_FEDERATION_SUPERGRAPH: {file}: Query.a(b:) has invalid default"),
    ],
)
def test_a_schema_that_cannot_be_read(
    text: str, words: str, old: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "new.graphql"
    file.write_text(text)
    assert check("--against", old, "--supergraph", file) == 1
    assert capsys.readouterr().err.startswith(words.format(file=file))


def test_operations_that_cannot_be_read(config: Path, old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check("--against", old, "--config", config, "--operations", config.parent / "none") == 1
    assert capsys.readouterr().err == f"OPERATIONS_INVALID: {config.parent / 'none'} is not a folder.\n"


def test_one_new_schema_must_be_named(old: Path) -> None:
    for extra in ([], ["--config", "a", "--supergraph", "b"]):
        with pytest.raises(SystemExit) as exit_:
            check("--against", old, *extra)
        assert exit_.value.code == 2


# ---- lint -----------------------------------------------------------------------------------------------------------


def test_lint(config: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = config.read_text()
    config.write_text(text + "lint: {rules: {TYPE_DESCRIPTION: off, ROOT_FIELD_DESCRIPTION: warning}}\n")
    assert main(["lint", "--config", str(config)]) == 0
    warning = (
        f"warning ROOT_FIELD_DESCRIPTION: Query.me should have a description.\n  at {tmp_path}/users.graphql:2:14\n"
    )
    assert capsys.readouterr().out == warning

    (tmp_path / "posts.graphql").write_text(POSTS.replace("title", "getTitle"))
    assert main(["lint", "--config", str(config)]) == 1
    assert capsys.readouterr().out == (
        "error FIELD_VERB: The field Post.getTitle should be named after what it gives, without 'get'.\n"
        f"  at {tmp_path}/posts.graphql:2:70\n{warning}"
    )
    assert main(["lint", "--config", str(config), "--json"]) == 1
    report = json.loads(capsys.readouterr().out)
    assert report["errors"] == []
    assert report["findings"][0] == {
        "code": "FIELD_VERB",
        "level": "error",
        "message": "The field Post.getTitle should be named after what it gives, without 'get'.",
        "coordinate": "Post.getTitle",
        "location": {"subgraph": "posts", "file": f"{tmp_path}/posts.graphql", "line": 2, "column": 70},
    }
    config.write_text(text + "lint: {rules: {NOPE: off}}\n")
    assert main(["lint", "--config", str(config)]) == 1
    assert capsys.readouterr().err.startswith("LINT_CONFIG_INVALID: ")
    config.write_text(text)
    (tmp_path / "posts.graphql").write_text("type")
    assert main(["lint", "--config", str(config)]) == 1
    assert capsys.readouterr().err.startswith("INVALID_GRAPHQL: ")
