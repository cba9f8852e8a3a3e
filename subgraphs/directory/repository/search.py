"""Full-text and vector search: ranked lists of business ids.

Nearest vectors and tenants: the HNSW index spans all tenants, and row-level security filters what it yields, so a
small tenant beside a large one would get few of its neighbours or none. Therefore:

1. Where the filters leave at most `EXACT_LIMIT` vectors, all of them are compared: exact, and quick, since the plain
   index on the tenant finds them.
2. Otherwise the index is scanned iteratively (``hnsw.iterative_scan``) until enough rows pass the filters.
3. Should even that end early (it has limits on rows and memory), the search falls back to comparing all.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, cast, exists, func, literal, select, text, tuple_
from sqlalchemy.dialects.postgresql import REGCONFIG, insert
from sqlalchemy.types import Double, Text

from resolvers.session import TenantSession
from subgraphs.directory.domain.geo import Coordinates
from subgraphs.directory.domain.listings import LANGUAGES, folded
from subgraphs.directory.domain.ranking import Hit
from subgraphs.directory.domain.search import CANDIDATES, BusinessFilter
from subgraphs.directory.repository.filters import conditions, distance_m
from subgraphs.directory.tables import business_embeddings, businesses

EXACT_LIMIT = 10_000
"""Up to so many vectors are compared one by one (some 20 ms)."""

_RESEMBLANCE = 0.6
"""Share of a query's letter triples that a name must have."""

_ITERATIVE_SCAN = text(
    "select set_config('hnsw.iterative_scan', 'strict_order', true), set_config('hnsw.ef_search', '200', true), "
    "set_config('hnsw.max_scan_tuples', '50000', true), set_config('hnsw.scan_mem_multiplier', '4', true)"
)


async def matching_text(session: TenantSession, query: str, wanted: BusinessFilter) -> list[Hit]:
    """Businesses whose words match a web-style query, best first, at most `CANDIDATES`.

    Each listing is matched in its own language: the query is read once in each.
    """
    queries = _queries(query)
    score: ColumnElement[float] = func.ts_rank(businesses.c.search, queries.c.words, 1, type_=Double()).label("score")
    rows = await session.rows(
        select(businesses.c.id, score)
        .join(queries, queries.c.language == businesses.c.language)
        .where(businesses.c.search.op("@@")(queries.c.words), *await conditions(session, wanted))
        .order_by(score.desc(), businesses.c.id)
        .limit(CANDIDATES)
    )
    return _hits(rows)


async def resembling_names(session: TenantSession, query: str, wanted: BusinessFilter) -> list[Hit]:
    """Businesses whose name looks like the query, typing errors allowed, best first, at most `CANDIDATES`."""
    score: ColumnElement[float] = func.public.word_similarity(folded(query), businesses.c.folded_name, type_=Double())
    rows = await session.rows(
        select(businesses.c.id, score.label("score"))
        .where(score >= _RESEMBLANCE, *await conditions(session, wanted))
        .order_by(score.desc(), businesses.c.id)
        .limit(CANDIDATES)
    )
    return _hits(rows)


async def nearest_meaning(
    session: TenantSession,
    vector: Sequence[float],
    model_id: str,
    wanted: BusinessFilter,
    *,
    exact_limit: int = EXACT_LIMIT,
    limit: int = CANDIDATES,
) -> list[Hit]:
    """Businesses whose embedding is nearest to a vector, by cosine similarity, at most `CANDIDATES`.

    Args:
        vector: of the same model.
        model_id: vectors of other models are never looked at.
        exact_limit: up to so many vectors are compared without the index.
        limit: fewer than `CANDIDATES`.
    """
    where = [
        business_embeddings.c.model_id == model_id,
        *await conditions(session, wanted),
    ]
    some = _joined(literal(1)).where(*where).limit(exact_limit + 1).subquery()
    eligible = int(await session.scalar(select(func.count()).select_from(some)))
    if eligible > exact_limit:
        await session.rows(_ITERATIVE_SCAN)
        rows = await session.rows(_nearest(vector, where, limit, exact=False))
        if len(rows) >= min(limit, eligible):
            return _hits(rows)
    rows = await session.rows(_nearest(vector, where, limit, exact=True))
    return _hits(rows)


async def nearest_places(session: TenantSession, ids: Sequence[UUID], near: Coordinates) -> list[Hit]:
    """Businesses by their distance from a place, the nearest first; the score is minus the metres."""
    away = distance_m(near)
    rows = await session.rows(select(businesses.c.id, (-away).label("score")).where(businesses.c.id.in_(ids)))
    return _hits(rows)


async def any_text(session: TenantSession, query: str) -> bool:
    """Whether the words of a query match any listing, whatever else is asked."""
    return bool(await session.scalar(select(select(businesses.c.id).where(has_words(query)).exists())))


def has_words(query: str) -> ColumnElement[bool]:
    """Whether the words of a business match a web-style query, in its own language."""
    queries = _queries(query)
    same = (queries.c.language == businesses.c.language, businesses.c.search.op("@@")(queries.c.words))
    return exists().where(*same).correlate(businesses)


def has_name_like(query: str) -> ColumnElement[bool]:
    """Whether the name of a business resembles a query."""
    score: ColumnElement[float] = func.public.word_similarity(folded(query), businesses.c.folded_name, type_=Double())
    return score >= _RESEMBLANCE


def means(vector: Sequence[float], model_id: str, least: float) -> ColumnElement[bool]:
    """Whether what a business means is near a vector: by cosine similarity at least `least`."""
    table = business_embeddings.c
    return exists().where(
        table.tenant_id == businesses.c.tenant_id,
        table.business_id == businesses.c.id,
        table.model_id == model_id,
        1 - table.embedding.cosine_distance(vector) >= least,
    )


async def store_embeddings(
    session: TenantSession, tenant_id: UUID, model_id: str, vectors: Sequence[tuple[UUID, str, Sequence[float]]]
) -> None:
    """Store one vector per business, over an older one of the same model.

    Args:
        vectors: business id, hash of the embedded text, vector.
    """
    if not vectors:
        return
    statement = insert(business_embeddings)
    await session.execute(
        statement.on_conflict_do_update(
            constraint="uq_business_embeddings_tenant_id_business_id_model_id",
            set_={
                "content_sha256": statement.excluded.content_sha256,
                "embedding": statement.excluded.embedding,
                "updated_at": func.now(),
            },
        ),
        [
            {
                "tenant_id": tenant_id,
                "model_id": model_id,
                "business_id": business_id,
                "content_sha256": sha256,
                "embedding": vector,
            }
            for business_id, sha256, vector in vectors
        ],
    )


async def content_hashes(session: TenantSession, model_id: str, ids: Sequence[UUID]) -> dict[UUID, str]:
    """The hash of the text that each business's vector of a model was computed from; those without one are missing."""
    table = business_embeddings.c
    rows = await session.rows(
        select(table.business_id, table.content_sha256).where(table.model_id == model_id, table.business_id.in_(ids))
    )
    return {row.business_id: row.content_sha256 for row in rows}


async def excerpts(session: TenantSession, ids: Sequence[UUID], query: str) -> dict[UUID, str]:
    """The part of each description that a query matches best, matched words between double asterisks."""
    table = businesses.c
    configuration = cast(func.concat("directory.", table.language), REGCONFIG)
    excerpt = func.ts_headline(
        configuration,
        table.description,
        func.websearch_to_tsquery(configuration, query),
        "StartSel=**, StopSel=**, MaxWords=30, MinWords=10",
    )
    rows = await session.rows(select(table.id, excerpt.label("excerpt")).where(table.id.in_(ids)))
    return {row.id: row.excerpt for row in rows}


def _queries(query: str) -> Any:
    languages = [
        select(literal(language, Text).label("language"), _ts_query(language, query).label("words"))
        for language in (*LANGUAGES.values(), "simple")
    ]
    first, *others = languages
    return first.union_all(*others).cte("queries")


def _ts_query(language: str, query: str) -> ColumnElement[Any]:
    return func.websearch_to_tsquery(cast(literal(f"directory.{language}", Text), REGCONFIG), query)


def _joined(*columns: ColumnElement[Any]) -> Any:
    same = tuple_(businesses.c.tenant_id, businesses.c.id) == tuple_(
        business_embeddings.c.tenant_id, business_embeddings.c.business_id
    )
    return select(*columns).select_from(business_embeddings.join(businesses, same))


def _nearest(vector: Sequence[float], where: list[ColumnElement[bool]], limit: int, *, exact: bool) -> Any:
    distance = business_embeddings.c.embedding.cosine_distance(vector)
    # An expression that is not the index's own makes the planner compare all rows.
    order = distance + literal(0.0, Double) if exact else distance
    columns = (businesses.c.id, (1 - distance).label("score"))
    return _joined(*columns).where(*where).order_by(order).limit(limit)


def _hits(rows: Any) -> list[Hit]:
    # Equal scores would otherwise come in any order, another on the next page.
    return sorted((Hit(row.id, float(row.score)) for row in rows), key=lambda hit: (-hit.score, hit.id))
