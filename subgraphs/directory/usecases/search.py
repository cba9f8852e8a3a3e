"""Searching businesses by words, by meaning, or both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_

from resolvers.embeddings import EmbeddingProvider
from resolvers.errors import BadUserInput
from resolvers.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from resolvers.session import TenantSession
from subgraphs.directory.domain.facets import Facets
from subgraphs.directory.domain.geo import Coordinates
from subgraphs.directory.domain.ranking import Fused, Hit, fuse, least_similarity, near_enough
from subgraphs.directory.domain.search import BusinessFilter, SearchCursor, SearchMode, fingerprint, search_query
from subgraphs.directory.repository import search
from subgraphs.directory.repository.facets import facets


@dataclass(frozen=True, slots=True)
class Answers:
    """What is an answer to a query, whatever else is asked: filters choose among answers, and make none.

    Attributes:
        words: None if words do not count.
        by_name: by names that resemble the words, since the words match nothing.
        vector: of the words, None if their meaning does not count.
        least: similarity to it.
    """

    words: str | None
    by_name: bool
    vector: Sequence[float] | None
    least: float


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A page of hits, best first.

    Attributes:
        hits: of this page.
        cursors: one for each hit.
        total: hits on all pages together.
        answers: what they were chosen among, for facets.
    """

    hits: tuple[Fused, ...]
    cursors: tuple[str, ...]
    total: int
    has_next: bool
    has_previous: bool
    answers: Answers


async def search_businesses(
    session: TenantSession,
    provider: EmbeddingProvider,
    query: str,
    mode: SearchMode,
    wanted: BusinessFilter,
    near: Coordinates | None = None,
    *,
    first: int | None = None,
    after: str | None = None,
) -> SearchPage:
    """A page of the businesses that answer a query, in the order of their reciprocal rank fusion.

    With `near` the answers are ranked by their distance too. What is an answer does not depend on the filter.

    The lists are ranked anew for every page. A cursor names the last hit, so that a page continues after it even if
    listings have come, gone or moved meanwhile.

    Raises:
        BadUserInput: an empty query or a page size out of bounds.
        BadCursor: a cursor of another search.
    """
    size = DEFAULT_PAGE_SIZE if first is None else first
    if not 0 <= size <= MAX_PAGE_SIZE:
        raise BadUserInput(f"`first` is from 0 to {MAX_PAGE_SIZE}.")
    words = search_query(query)
    search_id = fingerprint(words, mode, wanted, near)
    cursor = None if after is None else SearchCursor.decode(after, search_id)
    answers = await _answers(session, provider, words, mode)
    ranked = fuse(await _lists(session, provider, answers, wanted, near))
    start = _start(ranked, cursor)
    hits = ranked[start : start + size]
    cursors = tuple(SearchCursor(search_id, hit.id, start + place).encode() for place, hit in enumerate(hits, start=1))
    return SearchPage(
        hits, cursors, len(ranked), has_next=start + size < len(ranked), has_previous=start > 0, answers=answers
    )


async def search_facets(
    session: TenantSession,
    provider: EmbeddingProvider,
    answers: Answers,
    wanted: BusinessFilter,
    near: Coordinates | None,
) -> Facets:
    """The facets of a search: of all its answers, also of those beyond the ranked lists."""
    kinds: list[ColumnElement[bool]] = []
    if answers.words is not None:
        kinds.append(search.has_name_like(answers.words) if answers.by_name else search.has_words(answers.words))
    if answers.vector is not None:
        kinds.append(search.means(answers.vector, provider.id, answers.least))
    return await facets(session, wanted, near, [or_(*kinds)])


async def _answers(session: TenantSession, provider: EmbeddingProvider, words: str, mode: SearchMode) -> Answers:
    by_name, vector, least = False, None, 0.0
    if mode is not SearchMode.SEMANTIC:
        # Only where no words match, and no operator says what must not: then it may be a name with a typing error.
        by_name = not set(words) & set('-"') and not await search.any_text(session, words)
    if mode is not SearchMode.TEXT:
        (vector,) = await provider.embed([words])
        best = await search.nearest_meaning(session, vector, provider.id, BusinessFilter(), limit=1)
        least = least_similarity(best[0].score if best else 0)
    return Answers(None if mode is SearchMode.SEMANTIC else words, by_name, vector, least)


async def _lists(
    session: TenantSession,
    provider: EmbeddingProvider,
    answers: Answers,
    wanted: BusinessFilter,
    near: Coordinates | None,
) -> Mapping[str, Sequence[Hit]]:
    lists: dict[str, Sequence[Hit]] = {}
    if answers.words is not None and answers.by_name:
        lists["name"] = await search.resembling_names(session, answers.words, wanted)
    elif answers.words is not None:
        lists["text"] = await search.matching_text(session, answers.words, wanted)
    if answers.vector is not None:
        nearest = await search.nearest_meaning(session, answers.vector, provider.id, wanted)
        lists["semantic"] = near_enough(nearest, answers.least)
    if near is not None:
        found = {hit.id for hits in lists.values() for hit in hits}
        lists["distance"] = await search.nearest_places(session, sorted(found), near)
    return lists


def _start(ranked: Sequence[Fused], cursor: SearchCursor | None) -> int:
    if cursor is None:
        return 0
    for place, hit in enumerate(ranked, start=1):
        if hit.id == cursor.id:
            return place
    # The hit has gone, and what came after it has moved up by one.
    return min(cursor.place - 1, len(ranked))
