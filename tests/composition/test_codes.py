"""The table of composition's codes is complete, and so are the examples made from it."""

import re
from pathlib import Path

from router.composition.codes import CODES, HINTS
from tests.composition.case_files import CASES, HINT_CASES

ROOT = Path(__file__).parents[2]


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
