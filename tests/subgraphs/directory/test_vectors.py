"""Nearest vectors where the index alone would fail: a small tenant beside a large one, two models."""

import random
import uuid
from typing import Any

import pytest
from sqlalchemy import select, text

from resolvers.context import RequestContext
from subgraphs.directory.domain.search import CANDIDATES, BusinessFilter
from subgraphs.directory.repository import categories, search
from subgraphs.directory.tables import businesses

MODEL = "test-model"
LARGE = 1_500

_FILL = text(
    """
    insert into directory.businesses (id, tenant_id, category_id, name, folded_name, slug, description, keywords,
        language, street, postal_code, city, country_code, latitude, longitude, time_zone, search)
    select i, :tenant, :category, 'n', 'n', 's' || row_number() over (), '', '{}',
        'simple', 's', 'p', 'c', 'PT', 38.7, -9.1, 'Europe/Lisbon', ''
    from unnest(cast(:ids as uuid[])) i
    """
)


def unit(chance: random.Random, centre: list[float], spread: float) -> list[float]:
    raw = [c + chance.gauss(0, spread) for c in centre]
    length = sum(x * x for x in raw) ** 0.5
    return [x / length for x in raw]


def nearest(vectors: dict[uuid.UUID, list[float]], query: list[float]) -> list[uuid.UUID]:
    scores = {id_: sum(a * b for a, b in zip(vector, query, strict=True)) for id_, vector in vectors.items()}
    return sorted(scores, key=lambda id_: -scores[id_])[:CANDIDATES]


@pytest.fixture(scope="module")
async def crowd(directory: Any) -> Any:
    """A large tenant whose vectors all lie nearer to the query than those of a small one."""
    chance = random.Random(3)
    query = unit(chance, [0.0] * 384, 1)
    tenants = {}
    for name, size, spread in (("large", LARGE, 0.03), ("small", 40, 0.12)):
        tenant_id = uuid.uuid4()
        vectors = {uuid.uuid4(): unit(chance, query, spread) for _ in range(size)}
        async with directory.database.session(RequestContext.system(tenant_id)) as session:
            category = await categories.add(session, tenant_id, slug="c", name="C")
            await session.execute(_FILL, {"tenant": tenant_id, "category": category.id, "ids": list(vectors)})
            rows = [(id_, "sha", vector) for id_, vector in vectors.items()]
            await search.store_embeddings(session, tenant_id, MODEL, rows)
        tenants[name] = (tenant_id, vectors)
    yield query, tenants
    for tenant_id, _ in tenants.values():
        async with directory.database.session(RequestContext.system(tenant_id)) as session:
            await session.execute(businesses.delete())


@pytest.mark.parametrize("exact_limit", [10_000, 10])
async def test_a_small_tenant_finds_all_its_neighbours_beside_a_large_one(
    directory: Any, crowd: Any, exact_limit: int
) -> None:
    query, tenants = crowd
    tenant_id, vectors = tenants["small"]
    async with directory.database.session(RequestContext.system(tenant_id)) as session:
        hits = await search.nearest_meaning(session, query, MODEL, BusinessFilter(), exact_limit=exact_limit)
    assert [hit.id for hit in hits] == nearest(vectors, query)
    assert len(hits) == 40


async def test_the_index_alone_would_lose_them(directory: Any, crowd: Any) -> None:
    """The reason for all this: a plain index scan yields the large tenant's rows, which row-level security drops."""
    query, tenants = crowd
    tenant_id, _ = tenants["small"]
    async with directory.database.session(RequestContext.system(tenant_id)) as session:
        for setting in ("enable_sort = off", "enable_seqscan = off", "enable_bitmapscan = off"):
            await session.execute(text(f"set local {setting}"))
        rows = await session.rows(
            text(
                "select business_id from directory.business_embeddings "
                "order by embedding <=> cast(:query as public.vector) limit 40"
            ),
            {"query": str(query)},
        )
    assert len(rows) < 40


async def test_recall_of_the_index_for_the_large_tenant(directory: Any, crowd: Any) -> None:
    query, tenants = crowd
    tenant_id, vectors = tenants["large"]
    async with directory.database.session(RequestContext.system(tenant_id)) as session:
        with directory.count_statements() as statements:
            hits = await search.nearest_meaning(session, query, MODEL, BusinessFilter(), exact_limit=10)
        assert any("hnsw.iterative_scan" in statement for statement in statements)
    expected = nearest(vectors, query)
    assert len(hits) == CANDIDATES
    assert len({hit.id for hit in hits} & set(expected)) >= 0.9 * CANDIDATES
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


async def test_vectors_of_another_model_are_never_compared(directory: Any, crowd: Any) -> None:
    query, tenants = crowd
    tenant_id, vectors = tenants["small"]
    own = next(iter(vectors))
    async with directory.database.session(RequestContext.system(tenant_id)) as session:
        await search.store_embeddings(session, tenant_id, "other-model", [(own, "sha", query)])
        same = await search.nearest_meaning(session, query, MODEL, BusinessFilter())
        other = await search.nearest_meaning(session, query, "other-model", BusinessFilter())
        unknown = await search.nearest_meaning(session, query, "no-model", BusinessFilter())
    assert same[0].score < 0.999
    assert [hit.id for hit in other] == [own]
    assert other[0].score == pytest.approx(1)
    assert unknown == []


async def test_filters_reach_the_vectors(directory: Any, crowd: Any) -> None:
    query, tenants = crowd
    tenant_id, vectors = tenants["small"]
    chosen = list(vectors)[:5]
    async with directory.database.session(RequestContext.system(tenant_id)) as session:
        await session.execute(
            businesses.update().where(businesses.c.id.in_(chosen)).values(rating_count=1, rating_sum=5)
        )
        for exact_limit in (10_000, 1):
            hits = await search.nearest_meaning(
                session, query, MODEL, BusinessFilter(minimum_rating=4), exact_limit=exact_limit
            )
            assert {hit.id for hit in hits} == set(chosen)


async def test_each_tenant_sees_its_own_neighbours_only(directory: Any, crowd: Any) -> None:
    query, tenants = crowd
    for name, (tenant_id, vectors) in tenants.items():
        async with directory.database.session(RequestContext.system(tenant_id)) as session:
            hits = await search.nearest_meaning(session, query, MODEL, BusinessFilter())
            seen = await session.rows(select(businesses.c.id))
        assert {hit.id for hit in hits} <= set(vectors), name
        assert {row.id for row in seen} == set(vectors)
    for stranger in (uuid.uuid4(), None):
        async with directory.database.session(RequestContext.system(stranger)) as session:
            assert await search.nearest_meaning(session, query, MODEL, BusinessFilter()) == []
