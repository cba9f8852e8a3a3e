"""Fusing ranked lists of search hits.

Source: Cormack, Clarke and Buettcher, "Reciprocal Rank Fusion outperforms Condorcet and individual Rank Learning
Methods", SIGIR 2009; the constant 60 is theirs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

RRF_CONSTANT = 60
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


def near_enough(hits: Sequence[Hit]) -> Sequence[Hit]:
    """The hits of a vector search that are answers: every listing has *some* similarity to any query.

    Args:
        hits: by cosine similarity, best first.
    """
    if not hits:
        return hits
    floor = max(SIMILARITY_FLOOR, SIMILARITY_SHARE * hits[0].score)
    return [hit for hit in hits if hit.score >= floor]


def fuse(lists: Mapping[str, Sequence[Hit]]) -> tuple[Fused, ...]:
    """Reciprocal rank fusion: the score of a hit is the sum over the lists of 1 / (60 + rank).

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
        Fused(found_id, sum(1 / (RRF_CONSTANT + match.rank) for match in found), tuple(found))
        for found_id, found in matches.items()
    )
    return tuple(sorted(fused, key=lambda item: (-item.score, item.id)))
