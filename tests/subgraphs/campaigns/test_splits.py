"""Who gets which variant, and what a difference is worth."""

import math
import random
from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest

from subgraphs.campaigns.domain.splits import compared, variant_for


@dataclass(frozen=True)
class Weighted:
    name: str
    weight: int


def contacts(count, seed=1):
    drawn = random.Random(seed)
    return [UUID(int=drawn.getrandbits(128)) for _ in range(count)]


@pytest.mark.parametrize("weights", [(1,), (1, 1), (9, 1), (1, 2, 3), (1000, 1)])
def test_shares_are_those_of_the_weights(weights):
    """Chi-squared of 6,000 contacts; chance alone exceeds the bound once in 1,000 times."""
    variants = [Weighted(str(number), weight) for number, weight in enumerate(weights)]
    campaign, everybody = UUID(int=5), contacts(6000)
    got = [variant_for(campaign, contact, variants).name for contact in everybody]
    expected = [6000 * weight / sum(weights) for weight in weights]
    chi = sum((got.count(each.name) - share) ** 2 / share for each, share in zip(variants, expected, strict=True))
    assert chi < {1: 1, 2: 10.83, 3: 13.82}[len(weights)]


def test_the_same_person_gets_the_same_and_campaigns_are_independent():
    variants = [Weighted("a", 1), Weighted("b", 1)]
    one, other, everybody = uuid4(), uuid4(), contacts(2000)
    first = [variant_for(one, contact, variants).name for contact in everybody]
    assert first == [variant_for(one, contact, list(variants)).name for contact in everybody]
    second = [variant_for(other, contact, variants).name for contact in everybody]
    same = sum(a == b for a, b in zip(first, second, strict=True))
    assert abs(same - 1000) < 4 * math.sqrt(500), "as two throws of a coin agree"


def test_significance_is_that_of_the_textbook():
    found = compared((200, 1000), (250, 1000))
    assert found is not None
    assert found.difference == pytest.approx(0.05)
    assert found.z == pytest.approx(2.6774, abs=1e-4)
    assert found.p_value == pytest.approx(0.00742, abs=1e-5)
    assert found.is_significant
    same = compared((200, 1000), (205, 1000))
    assert same is not None
    assert not same.is_significant


def test_too_little_says_nothing():
    assert compared((0, 0), (5, 10)) is None
    few = compared((0, 10), (4, 10))
    assert few is not None
    assert (few.z, few.p_value, few.is_significant) == (None, None, False)
    for edge in ((0, 100), (100, 100)):
        none = compared(edge, edge)
        assert none is not None
        assert none.z is None


def test_equal_variants_are_rarely_told_apart():
    """An A/A test 400 times: about 20 look different by chance, and no more than 4 standard deviations above that."""
    drawn = random.Random(7)
    hits = 0
    for _ in range(400):
        sides = [(sum(drawn.random() < 0.2 for _ in range(200)), 200) for _ in range(2)]
        found = compared(*sides)
        hits += found is not None and found.is_significant
    assert 5 <= hits <= 20 + 4 * math.sqrt(20)
