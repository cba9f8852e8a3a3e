"""Conditions are said in few words, and mean the same."""

from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.graph.selection_syntax import Conditions
from router.planner.passes import MAX_COMPARED, simplify

X, NOT_X, Y, NOT_Y = ("x", True), ("x", False), ("y", True), ("y", False)
NAMES = "vwxyz"

terms = st.dictionaries(st.sampled_from(NAMES), st.booleans(), max_size=4).map(lambda t: tuple(sorted(t.items())))


@pytest.mark.parametrize(
    ("given_", "expected"),
    [
        ([], ()),
        ([(X,), ()], ()),
        ([(X,), (NOT_X,)], ()),
        ([(X, Y), (X,)], ((X,),)),
        ([(X,), (NOT_X, Y)], ((X,), (Y,))),
        ([(X, Y), (X, NOT_Y)], ((X,),)),
        ([(X, Y), (NOT_X, NOT_Y)], ((NOT_X, NOT_Y), (X, Y))),
        ([(X, Y), (X, NOT_Y), (NOT_X,)], ()),
    ],
)
def test_few_words(given_: list[Conditions], expected: tuple[Conditions, ...]) -> None:
    assert simplify(given_) == expected


@settings(deadline=None)
@given(st.lists(terms, min_size=1, max_size=8))
def test_the_same_meaning_whatever_the_order(given_: list[Conditions]) -> None:
    found = simplify(given_)
    assert simplify(reversed(given_)) == found
    assert simplify(found or [()]) == found
    assert sum(map(len, found)) <= sum(map(len, given_))
    for values in product((False, True), repeat=len(NAMES)):
        held = set(zip(NAMES, values, strict=True))
        assert (not found or any(set(t) <= held for t in found)) == any(set(t) <= held for t in given_)


def test_many_alternatives_are_left_as_they_are() -> None:
    many: list[Conditions] = [((f"v{n}", True), ("x", n % 2 == 0)) for n in range(MAX_COMPARED + 1)]
    assert set(simplify(many)) == set(many)
