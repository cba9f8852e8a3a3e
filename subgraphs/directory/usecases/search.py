"""Searching businesses by words, by meaning, or both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from resolvers.embeddings import EmbeddingProvider
from resolvers.errors import BadUserInput
from resolvers.pagination import DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE
from resolvers.session import TenantSession
from subgraphs.directory.domain.ranking import Fused, Hit, fuse, near_enough
from subgraphs.directory.domain.search import BusinessFilter, SearchCursor, SearchMode, fingerprint, search_query
from subgraphs.directory.repository import search


@dataclass(frozen=True, slots=True)
class SearchPage:
    """A page of hits, best first.

    Attributes:
        hits: of this page.
        cursors: one for each hit.
        total: hits on all pages together.
    """

    hits: tuple[Fused, ...]
    cursors: tuple[str, ...]
    total: int
    has_next: bool
    has_previous: bool


async def search_businesses(
    session: TenantSession,
    provider: EmbeddingProvider,
    query: str,
    mode: SearchMode,
    wanted: BusinessFilter,
    *,
    first: int | None = None,
    after: str | None = None,
) -> SearchPage:
    """A page of the businesses that answer a query, in the order of their reciprocal rank fusion.

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
    search_id = fingerprint(words, mode, wanted)
    cursor = None if after is None else SearchCursor.decode(after, search_id)
    ranked = fuse(await _lists(session, provider, words, mode, wanted))
    start = _start(ranked, cursor)
    hits = ranked[start : start + size]
    cursors = tuple(SearchCursor(search_id, hit.id, start + place).encode() for place, hit in enumerate(hits, start=1))
    return SearchPage(hits, cursors, len(ranked), has_next=start + size < len(ranked), has_previous=start > 0)


async def _lists(
    session: TenantSession, provider: EmbeddingProvider, words: str, mode: SearchMode, wanted: BusinessFilter
) -> Mapping[str, Sequence[Hit]]:
    lists: dict[str, Sequence[Hit]] = {}
    if mode is not SearchMode.SEMANTIC:
        lists["text"] = await search.matching_text(session, words, wanted)
        # Only where no words match, and no operator says what must not: then it may be a name with a typing error.
        if not lists["text"] and not set(words) & set('-"'):
            lists["name"] = await search.resembling_names(session, words, wanted)
    if mode is not SearchMode.TEXT:
        (vector,) = await provider.embed([words])
        lists["semantic"] = near_enough(await search.nearest_meaning(session, vector, provider.id, wanted))
    return lists


def _start(ranked: Sequence[Fused], cursor: SearchCursor | None) -> int:
    if cursor is None:
        return 0
    for place, hit in enumerate(ranked, start=1):
        if hit.id == cursor.id:
            return place
    # The hit has gone, and what came after it has moved up by one.
    return min(cursor.place - 1, len(ranked))
