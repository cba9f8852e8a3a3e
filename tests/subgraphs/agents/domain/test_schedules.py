"""Days that never come."""

import pytest

from subgraphs.agents.domain.schedules import never_comes


@pytest.mark.parametrize(
    ("days", "months"),
    [
        ("30", "2"),
        ("30,31", "FEB"),
        ("31", "4,6,9,11"),
        ("31", "Apr-Apr"),
        ("30-31", "2"),
        ("31/5", "2/12"),
        ("31", "9/2"),
    ],
)
def test_what_never_comes(days: str, months: str) -> None:
    assert never_comes(days, months)


@pytest.mark.parametrize(
    ("days", "months"),
    [
        ("*", "*"), ("29", "2"), ("31", "*"), ("31", "2,3"), ("28-31", "2"), ("*/30", "2"), ("1/29", "2"), ("?", "FEB"),
        ("31", "2/1"), ("L", "2"), ("31", "X"), ("1-", "2"), ("5#3", "2"),
    ],
)  # fmt: skip
def test_what_comes_or_cannot_be_understood_here(days: str, months: str) -> None:
    assert not never_comes(days, months)
