"""The query of the docs that joins the shop with three contexts: its plan there is the one that is made."""

import re
from pathlib import Path

import pytest

from router.commands import main

ROOT = Path(__file__).parents[3]


def test_the_plan_in_the_docs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "reference" / "storefront.md").read_text().partition("## One query")[2]
    ((operation, shown),) = re.findall(r"```graphql\n(.*?)```.*?```text\n(.*?)```", page, re.DOTALL)
    file = tmp_path / "page.graphql"
    file.write_text(operation)
    supergraph = str(ROOT / "schema" / "supergraph.graphql")
    assert main(["plan", "--supergraph", supergraph, "--operation", str(file)]) == 0
    assert capsys.readouterr().out == shown
