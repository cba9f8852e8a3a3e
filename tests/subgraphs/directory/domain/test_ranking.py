from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.directory.domain.ranking import Hit, Match, fuse, least_similarity, near_enough

A, B, C = (UUID(int=n) for n in (1, 2, 3))


def test_fusion_by_hand() -> None:
    fused = fuse({"text": [Hit(A, 0.9), Hit(B, 0.5)], "semantic": [Hit(B, 0.8), Hit(C, 0.7)]})
    assert [item.id for item in fused] == [B, A, C]
    assert fused[0].score == 1 / 62 + 1 / 61
    assert fused[0].matches == (Match("text", 2, 0.5), Match("semantic", 1, 0.8))
    assert fused[1].score == 1 / 61


def test_ties_are_broken_by_id() -> None:
    assert [item.id for item in fuse({"text": [Hit(B, 1)], "semantic": [Hit(A, 1)]})] == [A, B]


ranked = st.lists(st.integers(0, 30), unique=True).map(
    lambda ids: [Hit(UUID(int=n), -float(i)) for i, n in enumerate(ids)]
)


@given(ranked, ranked)
def test_fusion_loses_nothing_and_keeps_what_both_lists_agree_on(one: list[Hit], other: list[Hit]) -> None:
    fused = [item.id for item in fuse({"one": one, "other": other})]
    assert len(fused) == len(set(fused))
    assert set(fused) == {hit.id for hit in (*one, *other)}
    first, second = [hit.id for hit in one], [hit.id for hit in other]
    for x in first:
        for y in first[first.index(x) + 1 :]:
            if x in second and y in second and second.index(x) < second.index(y):
                assert fused.index(x) < fused.index(y)


def test_only_hits_near_the_best_are_answers() -> None:
    hits = [Hit(A, 0.6), Hit(B, 0.37), Hit(C, 0.35)]
    assert near_enough(hits, least_similarity(0.6)) == hits[:2]
    assert near_enough([Hit(A, 0.3), Hit(B, 0.19)], least_similarity(0.3)) == [Hit(A, 0.3)]
    assert near_enough([Hit(A, 0.1)], least_similarity(0.1)) == []
    # What is an answer is known before a filter leaves the second best alone.
    assert near_enough(hits[2:], least_similarity(0.6)) == []


def test_a_distance_counts_half() -> None:
    near = fuse({"text": [Hit(A, 2), Hit(B, 1)], "distance": [Hit(B, -10), Hit(C, -20), Hit(A, -900)]})
    scores = {hit.id: hit.score for hit in near}
    assert scores[B] == pytest.approx(1 / 62 + 0.5 / 61)
    # Half the weight: of two that are a place apart in both lists, what the words say counts.
    assert near[0].id == A
