"""`python -m router compose --contracts`: a view beside each contract, or nothing at all."""

import json
from pathlib import Path

import pytest

from router.__main__ import main

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
    assert view == "schema {\n  query: Query\n}\n\ntype Query {\n  open: Int\n}\n"
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
