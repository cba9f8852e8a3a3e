"""Fusing ranked lists of search hits.

Source: Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
Methods", SIGIR 2009; the constant 60 is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

RRF_CONSTANT = 60
DISTANCE_WEIGHT = 0.5
"""Enough to tell equals apart, too little to lift what does not fit (measured on the demo listings)."""
SIMILARITY_FLOOR = 0.2
"""Cosine similarity below which texts have nothing in common, for all-MiniLM-L6-v2 and short texts (measured on the
demo listings: right answers from 0.22, nonsense up to 0.24)."""
SIMILARITY_SHARE = 0.6
"""Share of the best hit's similarity below which a hit is no answer beside it."""


@dataclass(frozen=True, slots=True)
class Hit:
    """One entry of a ranked list: what was found and its raw score there (higher is better)."""

    id: UUID
    score: float


@dataclass(frozen=True, slots=True)
class Match:
    """Why something was found.

    Attributes:
        source: name of the list, for instance "text".
        rank: place in that list, from 1.
        score: raw score in that list, not comparable between lists.
    """

    source: str
    rank: int
    score: float


@dataclass(frozen=True, slots=True)
class Fused:
    """A result of the fusion: its score (higher is better) and the lists that it came from."""

    id: UUID
    score: float
    matches: tuple[Match, ...]


def least_similarity(best: float) -> float:
    """The cosine similarity from which a listing is an answer: every one has *some* similarity to any query.

    Args:
        best: of all listings, whatever else is asked of them: what is an answer does not depend on filters.
    """
    return max(SIMILARITY_FLOOR, SIMILARITY_SHARE * best)


def near_enough(hits: Sequence[Hit], least: float) -> Sequence[Hit]:
    """The hits of a vector search that are answers.

    Args:
        hits: by cosine similarity.
        least: see `least_similarity`.
    """
    return [hit for hit in hits if hit.score >= least]


def fuse(lists: Mapping[str, Sequence[Hit]]) -> tuple[Fused, ...]:
    """Reciprocal rank fusion: the score of a hit is the sum over the lists of weight / (60 + rank).

    The weight is 1, but of the list `distance` `DISTANCE_WEIGHT`: being near makes no answer, but of two answers that
    are about as good the nearer the better one.

    Args:
        lists: per source its hits, best first, each id at most once.

    Returns:
        Every id of any list, best first, ties by id: the same input always gives the same order.
    """
    matches: dict[UUID, list[Match]] = {}
    for source, hits in lists.items():
        for rank, hit in enumerate(hits, start=1):
            matches.setdefault(hit.id, []).append(Match(source, rank, hit.score))
    fused = (
        Fused(found_id, sum(_weight(match.source) / (RRF_CONSTANT + match.rank) for match in found), tuple(found))
        for found_id, found in matches.items()
    )
    return tuple(sorted(fused, key=lambda item: (-item.score, item.id)))


def _weight(source: str) -> float:
    return DISTANCE_WEIGHT if source == "distance" else 1
