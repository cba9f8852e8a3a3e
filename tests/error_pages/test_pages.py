"""Every code that the router can give has a page whose examples do what it says."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import DirectiveLocation
from graphql.type import TypeKind

from brain.codes import BRAIN_CODES, PROVIDER_CODES, RUN_CODES
from brain.workflows.messages import ActionStatus, DecisionKind, RunStatus
from router.commands.codes import COMMAND_CODES
from router.composition.codes import CODES, HINTS
from router.executor.errors import PUBLIC_CODES
from router.schema_checks.changes import KINDS
from router.schema_checks.lint_rules import RULES
from router.server.codes import REQUEST_CODES
from tests.error_pages import commands, requests, runs
from tests.error_pages.pages import BRAIN_EXAMPLES, pages

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "errors"
OF_THE_BRAIN = BRAIN_CODES.keys() | RUN_CODES.keys() | PROVIDER_CODES.keys()
ALL = CODES.keys() | HINTS.keys() | REQUEST_CODES.keys() | COMMAND_CODES.keys() | OF_THE_BRAIN


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


@pytest.mark.parametrize("code", BRAIN_EXAMPLES)
def test_requests_to_the_brain_give_their_code_and_the_mended_ones_none(code: str) -> None:
    example = BRAIN_EXAMPLES[code]
    assert requests.answer_of(example.failing).codes == {code}
    mended = requests.answer_of(example.mended)
    assert (mended.codes, mended.status) == (set(), 200), mended


@pytest.mark.parametrize("code", runs.EXAMPLES)
def test_runs_give_their_code_and_the_mended_ones_none(code: str) -> None:
    example = runs.EXAMPLES[code]
    outcome = runs.outcome_of(example, example.failing)
    assert outcome is not None
    assert outcome["code"] == code
    assert "127.0.0.1" not in outcome["message"]
    assert runs.outcome_of(example, example.mended) is None


def test_every_code_has_an_example() -> None:
    """Codes that only stand in streams have tests there, and no example that a page could show."""
    elsewhere = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "server").glob("test_*.py"))
    assert all(f'"{name}"' in elsewhere for name, code in REQUEST_CODES.items() if code.never)
    assert requests.EXAMPLES.keys() == {name for name, code in REQUEST_CODES.items() if not code.never}
    assert commands.EXAMPLES.keys() == COMMAND_CODES.keys()
    assert BRAIN_EXAMPLES.keys() == BRAIN_CODES.keys()
    shown = {name for name, code in {**RUN_CODES, **PROVIDER_CODES}.items() if code.where is None}
    assert runs.EXAMPLES.keys() == shown


# ---- tables ---------------------------------------------------------------------------------------------------------


def test_meaning_and_fix_are_one_sentence() -> None:
    tables = (REQUEST_CODES, COMMAND_CODES, BRAIN_CODES, RUN_CODES, PROVIDER_CODES)
    for code in (code for table in tables for code in table.values()):
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
    # What requests come to as they are counted; nobody is answered so.
    "CLIENT_FAILED",
    # First halves of kinds of changes.
    *("DIRECTIVE_ARGUMENT", "INPUT_FIELD"),
    # Halves of codes: KEY_, PROVIDES_ and REQUIRES_ go before them.
    *("INVALID_FIELDS", "INVALID_FIELDS_TYPE", "DIRECTIVE_IN_FIELDS_ARG", "FIELDS_SELECT_INVALID_TYPE"),
    *("FIELDS_HAS_ARGS", "FIELDS_MISSING_EXTERNAL", "ON_NON_OBJECT_FIELD"),
    # Of sockets.
    *("AF_UNIX", "TCP_INFO"),
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


NOT_CODES_OF_THE_BRAIN = {
    *ActionStatus,
    *DecisionKind,
    *RunStatus,
    # Of GraphQL errors, which are the router's.
    *REQUEST_CODES,
    *PUBLIC_CODES,
    # What a workflow's validator says; the subgraph `agents` has names of its own for it.
    *("ALREADY_DECIDED", "ARGUMENTS_CHANGED", "BAD_DECISION", "SELF_APPROVAL", "UNKNOWN_ACTION"),
    # Of subgraphs, which the worker understands.
    *("BAD_CURSOR", "DEADLINE_EXCEEDED", "INTEGRATION_NOT_FOUND", "INVALID_TRANSITION", "REFRESH_TOKEN_IN_USE"),
    *("SCHEDULE_NOT_FOUND", "VAULT_UNAVAILABLE", "VERSION_CONFLICT"),
    # What became of a message, and why, as its recipient's row has it.
    *("NO_ADDRESS", "NO_INTEGRATION", "SECRET_UNKNOWN", "TOO_LATE"),
    # Secrets that messages carry.
    *("CLAIM_CODE", "INVITATION_TOKEN"),
    # Kinds of what is wrong, of the crew that heals.
    *("RUN_FAILED", "RUN_STUCK"),
    # Why another playbook does the work, of that crew's rules.
    "ACTIVITY_TIMED_OUT",
}


def test_the_brain_gives_no_code_without_a_page() -> None:
    folders = [path for path in (ROOT / "brain").iterdir() if path.name not in {"embedded", "graphiql"}]
    modules = [path for folder in folders for path in ([folder] if folder.suffix == ".py" else folder.rglob("*.py"))]
    given = {
        code: str(path.relative_to(ROOT))
        for path in sorted(modules)
        if path.name not in {"config.py", "vault_cli.py", "environment.py", "cli.py", "operator_cli.py"}
        for code in constants(ast.parse(path.read_text(encoding="utf-8")))
    }
    unknown = {code: path for code, path in given.items() if code not in ALL | NOT_CODES_OF_THE_BRAIN}
    assert not unknown, "add them to brain/codes.py"
    elsewhere = {"AGENT_RISK_EXCEEDED", "BUDGET_EXHAUSTED", "IDEMPOTENCY_KEY_REUSED", "KILL_SWITCH", "CANCELLED"}
    assert OF_THE_BRAIN - given.keys() <= elsewhere


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
