"""Which occurrences of a field absorb which: the index finds what comparing all with all finds."""

import random

import pytest

from router.graph.absorption import Key, absorbers
from router.graph.selections import Defer

OUTER = Defer(0, "outer", None)
INNER = Defer(1, "inner", OUTER)
INNERMOST = Defer(2, "innermost", INNER)
OTHER = Defer(3, "other", None)
FRAGMENTS = (None, OUTER, INNER, INNERMOST, OTHER)


def absorbs(one: Key, other: Key) -> bool:
    """The definition."""
    if one[2] is not other[2]:
        return other[2] and set(one[0]) <= set(other[0])
    if one[1] is other[1]:
        return not one[0] and bool(other[0])
    defer = other[1]
    while defer is not None:
        defer = defer.parent
        if defer is one[1]:
            return set(one[0]) <= set(other[0])
    return False


def by_definition(keys: list[Key]) -> list[Key]:
    kept = [key for key in keys if not any(absorbs(other, key) for other in keys)]
    return [key if key in kept else next(other for other in kept if absorbs(other, key)) for key in keys]


def random_keys(seed: int) -> list[Key]:
    rng = random.Random(seed)
    variables = "abcde"[: rng.randint(1, 5)]
    fragments = FRAGMENTS[: rng.randint(1, len(FRAGMENTS))]
    denied = rng.choice([(False,), (True,), (False, True)])

    def key() -> Key:
        names = sorted(rng.sample(variables, rng.randint(0, len(variables))))
        terms = tuple((name, rng.random() < 0.7) for name in names)
        return terms, rng.choice(fragments), rng.choice(denied)

    return list(dict.fromkeys(key() for _ in range(rng.randint(1, 25))))


@pytest.mark.parametrize("seed", range(50))
def test_the_index_finds_what_the_definition_says(seed: int) -> None:
    for part in range(20):
        keys = random_keys(seed * 20 + part)
        assert absorbers(keys, lambda amount: None) == by_definition(keys)


def test_all_in_one_fragment_need_no_comparison() -> None:
    keys: list[Key] = [(((f"v{i}", True),), OUTER, False) for i in range(1000)]
    spent: list[int] = []
    assert absorbers(keys, spent.append) == keys
    always: Key = ((), OUTER, False)
    assert absorbers([*keys, always], spent.append) == [always] * 1001
    assert not spent


def test_only_keys_with_a_common_condition_are_compared() -> None:
    spent: list[int] = []
    denied: list[Key] = [(((f"v{i}", True), (f"w{i}", True)), None, True) for i in range(500)]
    granted: list[Key] = [(((f"v{i}", True),), None, False) for i in range(500)]
    assert absorbers([*denied, *granted], spent.append) == [*granted, *granted]
    assert sum(spent) < 12_000
