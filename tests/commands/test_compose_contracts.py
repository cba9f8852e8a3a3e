"""`python -m router compose --contracts`: a view beside each contract, or nothing at all."""

import json
from pathlib import Path

import pytest

from router.__main__ import main
from router.commands.compose import VIEW_HEADER

SDL = """
extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@tag"])
type Query { open: Int secret: Secret @tag(name: "internal") }
type Secret { a: Int }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.graphql").write_text(SDL)
    (tmp_path / "supergraph.yaml").write_text(
        "subgraphs: {a: {routing_url: http://a.invalid, schema: {file: a.graphql}}}"
    )
    (tmp_path / "contracts").mkdir()
    (tmp_path / "contracts" / "outside.toml").write_text('exclude = ["internal"]')
    return tmp_path


def compose(folder: Path, *options: str) -> int:
    config, out = str(folder / "supergraph.yaml"), str(folder / "out.graphql")
    return main(["compose", "--config", config, "--out", out, "--contracts", str(folder / "contracts"), *options])


def test_views_are_written_beside_their_contracts(folder: Path) -> None:
    assert compose(folder) == 0
    view = (folder / "contracts" / "outside.graphql").read_text()
    assert view == f"{VIEW_HEADER}\nschema {{\n  query: Query\n}}\n\ntype Query {{\n  open: Int\n}}\n"
    assert "Secret" in (folder / "out.graphql").read_text()


def test_or_elsewhere(folder: Path) -> None:
    (folder / "views").mkdir()
    assert compose(folder, "--contracts-out", str(folder / "views")) == 0
    assert (folder / "views" / "outside.graphql").exists()
    assert not (folder / "contracts" / "outside.graphql").exists()


def test_a_wrong_contract_stops_all(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wrong = folder / "contracts" / "wrong.toml"
    wrong.write_text('\nexclude = ["inernal"]')
    assert compose(folder) == 1
    assert capsys.readouterr().err.splitlines() == [
        (
            'CONTRACT_UNKNOWN_TAG: No element of the supergraph has the tag "inernal"; it has "internal". '
            "Correct it, or tag what it means."
        ),
        f"  at {wrong}:2:1",
    ]
    assert not (folder / "out.graphql").exists()
    assert not (folder / "contracts" / "outside.graphql").exists()
    assert compose(folder, "--json") == 1
    (error,) = json.loads(capsys.readouterr().out)["errors"]
    assert (error["code"], error["locations"][0]["line"]) == ("CONTRACT_UNKNOWN_TAG", 2)


def test_no_such_folder(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "contracts" / "outside.toml").unlink()
    (folder / "contracts").rmdir()
    assert compose(folder) == 1
    assert "no such folder" in capsys.readouterr().err


def test_views_without_a_contract_are_removed_and_others_files_stay(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contracts = folder / "contracts"
    (contracts / "second.toml").write_text('exclude = ["internal"]')
    (contracts / "notes.graphql").write_text("type Mine { a: Int }")
    (contracts / "binary.graphql").write_bytes(b"\xff")
    assert compose(folder) == 0
    capsys.readouterr()
    (contracts / "second.toml").rename(contracts / "renamed.toml")
    assert compose(folder) == 0
    second = contracts / "second.graphql"
    assert capsys.readouterr().err == f"removed {second}: it has no contract any more\n"
    found = {file.name for file in contracts.glob("*.graphql")}
    assert found == {"outside.graphql", "renamed.graphql", "notes.graphql", "binary.graphql"}

    (contracts / "renamed.toml").write_text('exclude = ["unknown"]')
    (contracts / "outside.toml").unlink()
    assert compose(folder) == 1, "nothing is removed while something is wrong"
    assert (contracts / "outside.graphql").exists()
    (contracts / "renamed.toml").unlink()
    capsys.readouterr()
    assert compose(folder, "--json") == 0
    removed = json.loads(capsys.readouterr().out)["removed"]
    assert removed == [str(contracts / name) for name in ("outside.graphql", "renamed.graphql")]


# ---- plan -----------------------------------------------------------------------------------------------------------


def plan(folder: Path, operation: str, *options: str) -> int:
    (folder / "operation.graphql").write_text(operation)
    supergraph, file = str(folder / "out.graphql"), str(folder / "operation.graphql")
    return main(["plan", "--supergraph", supergraph, "--operation", file, *options])


def test_plans_of_a_view(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compose(folder) == 0
    for options in (("--view", "outside"), ("--view", "outside", "--contracts", str(folder / "contracts"))):
        assert plan(folder, "{ open }", *options) == 0
        assert "open" in capsys.readouterr().out
        assert plan(folder, "{ open }", *options, "--stage", "cover", "--format", "json") == 0
        capsys.readouterr()
        assert plan(folder, "{ secret { a } }", *options) == 1
        assert capsys.readouterr().err.startswith("GRAPHQL_VALIDATION_FAILED: ")
    assert plan(folder, "{ secret { a } }") == 0
    assert plan(folder, "{ open }", "--view", "nobody") == 1
    assert capsys.readouterr().err.startswith("CONTRACT_NOT_FOUND: ")
