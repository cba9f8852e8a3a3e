"""The table of codes is complete, and so are the pages and examples made from it."""

import re
from pathlib import Path

from router.composition.codes import CODES, HINTS
from tests.composition.case_files import CASES, HINT_CASES
from tests.composition.error_pages import pages

ROOT = Path(__file__).parents[2]
_GIVEN = re.compile(r'(?:error|hint|fail|problem|_problem|_error|_report|report|CompositionError)\(\s*"([A-Z_]+)"')


def test_every_code_has_an_example_or_a_reason_why_it_never_occurs() -> None:
    assert {path.stem for path in CASES} == {name for name, code in CODES.items() if code.never is None}
    assert {path.stem for path in HINT_CASES} == {name for name, code in HINTS.items() if code.never is None}


def test_there_are_as_many_codes_as_the_reference_composer_has() -> None:
    assert (len(CODES), len(HINTS)) == (91, 30)


def test_meaning_and_fix_are_one_sentence() -> None:
    for code in (*CODES.values(), *HINTS.values()):
        for text in (code.meaning, code.fix):
            assert text.endswith(".")
            assert "\n" not in text
            assert len(re.findall(r"\.(?:\s|$)", text)) == 1, text


def test_composition_gives_no_code_that_is_not_in_the_table() -> None:
    sources = (ROOT / "router" / "composition").rglob("*.py")
    given = {code for path in sources for code in _GIVEN.findall(path.read_text(encoding="utf-8"))}
    assert len(given) > 60
    given = {code for code in given if not code.startswith("CONTRACT_")}  # about views, which are no subgraph's fault
    known = CODES.keys() | HINTS.keys()
    suffixes = {"INVALID_FIELDS", "INVALID_FIELDS_TYPE", "DIRECTIVE_IN_FIELDS_ARG", "FIELDS_SELECT_INVALID_TYPE"}
    suffixes |= {"FIELDS_HAS_ARGS", "FIELDS_MISSING_EXTERNAL"}
    assert given - suffixes <= known


def test_pages_are_those_of_the_table_and_its_examples() -> None:
    folder = ROOT / "docs" / "errors"
    for name, text in pages().items():
        assert (folder / name).read_text(encoding="utf-8") == text, "run `make schema`"
