"""Every code that the router can give has a page whose examples do what it says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import DirectiveLocation
from graphql.type import TypeKind

from router.commands.codes import COMMAND_CODES
from router.composition.codes import CODES, HINTS
from router.executor.errors import PUBLIC_CODES
from router.schema_checks.changes import KINDS
from router.schema_checks.lint_rules import RULES
from router.server.codes import REQUEST_CODES
from tests.error_pages import commands, requests
from tests.error_pages.pages import pages

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "errors"
ALL = CODES.keys() | HINTS.keys() | REQUEST_CODES.keys() | COMMAND_CODES.keys()


# ---- examples -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", requests.EXAMPLES)
def test_requests_give_their_code_and_the_mended_ones_none(code: str) -> None:
    example = requests.EXAMPLES[code]
    failing = requests.answer_of(example.failing)
    assert failing.codes == {code}
    mended = requests.answer_of(example.mended)
    assert (mended.codes, mended.status) == (set(), 200)


@pytest.mark.parametrize("code", commands.EXAMPLES)
def test_commands_give_their_code_and_the_mended_ones_none(code: str) -> None:
    example = commands.EXAMPLES[code]
    status, errors = commands.output_of(example.failing)
    assert status == 1
    assert errors.startswith(f"{code}: ")
    if example.mended.arguments[0] == "serve":
        assert commands.is_served(example.mended)
    else:
        status, errors = commands.output_of(example.mended)
        assert (status, errors) == (0, "")


def test_every_code_has_an_example() -> None:
    """Codes that only stand in streams have tests there, and no example that a page could show."""
    elsewhere = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "server").glob("test_*.py"))
    assert all(f'"{name}"' in elsewhere for name, code in REQUEST_CODES.items() if code.never)
    assert requests.EXAMPLES.keys() == {name for name, code in REQUEST_CODES.items() if not code.never}
    assert commands.EXAMPLES.keys() == COMMAND_CODES.keys()


# ---- tables ---------------------------------------------------------------------------------------------------------


def test_meaning_and_fix_are_one_sentence() -> None:
    for code in (*REQUEST_CODES.values(), *COMMAND_CODES.values()):
        for text in (code.meaning, code.fix):
            assert text.endswith(".")
            assert len(re.findall(r"\.(?:\s|$)", text)) == 1, text


NOT_CODES = {
    *(location.name for location in DirectiveLocation),
    *(kind.name for kind in TypeKind),
    *RULES,
    *KINDS,
    # Of subgraphs.
    *PUBLIC_CODES,
    # First halves of kinds of changes.
    *("DIRECTIVE_ARGUMENT", "INPUT_FIELD"),
    # Halves of codes: KEY_, PROVIDES_ and REQUIRES_ go before them.
    *("INVALID_FIELDS", "INVALID_FIELDS_TYPE", "DIRECTIVE_IN_FIELDS_ARG", "FIELDS_SELECT_INVALID_TYPE"),
    *("FIELDS_HAS_ARGS", "FIELDS_MISSING_EXTERNAL", "ON_NON_OBJECT_FIELD"),
}
_CODE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|FORBIDDEN|UNAUTHENTICATED")


def constants(tree: ast.AST) -> Iterator[str]:
    """All strings in a module that look like a code, but for the names that it exports."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            continue
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and _CODE.fullmatch(node.value):
            yield node.value
        yield from constants(node)


def test_the_router_gives_no_code_without_a_page() -> None:
    given = {
        code: str(path.relative_to(ROOT))
        for path in sorted((ROOT / "router").rglob("*.py"))
        for code in constants(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert len(given) > 200
    unknown = {code: path for code, path in given.items() if code not in ALL | NOT_CODES}
    assert not unknown, "add them to router/server/codes.py, router/commands/codes.py or composition's table"
    # Each code of a request or a command stands somewhere; a table must not have what nobody gives.
    unused = (REQUEST_CODES.keys() | COMMAND_CODES.keys()) - given.keys()
    assert not unused


# ---- pages ----------------------------------------------------------------------------------------------------------


def test_pages_are_those_of_the_tables_and_their_examples(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("CRITICAL")
    written = pages()
    assert {f"{code}.md" for code in ALL} <= written.keys()
    assert {path.name for path in FOLDER.glob("*.md")} == {*written, "index.md"}
    for name, text in written.items():
        assert (FOLDER / name).read_text(encoding="utf-8") == text, "run `make schema`"


def test_every_page_is_linked() -> None:
    index = (FOLDER / "index.md").read_text(encoding="utf-8") + (FOLDER / "composition.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([A-Z_]+)\.md\)", index))
    assert linked == ALL
