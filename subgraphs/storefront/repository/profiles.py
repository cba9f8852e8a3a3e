"""What the storefront knows of products, and which are alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Row, Text, and_, bindparam, func, or_, select, true
from sqlalchemy.dialects.postgresql import insert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_pages
from resolvers.session import TenantSession
from subgraphs.storefront.tables import product_embeddings, product_profiles

BY_TITLE = Ordering("title", Key(product_profiles.c.title), Key(product_profiles.c.id))


async def by_product(session: TenantSession, product_ids: Sequence[str]) -> dict[str, Row[Any]]:
    """The profiles of products that have one."""
    rows = await session.rows(select(product_profiles).where(product_profiles.c.product_id.in_(product_ids)))
    return {row.product_id: row for row in rows}


async def pages_of_sellers(
    session: TenantSession, seller_ids: Sequence[UUID], window: Window, channel: str | None
) -> list[Page[Row[Any]]]:
    """A page of the profiles of what each business sells, and the shop shows in the channel."""
    statement = select(product_profiles).where(*_shown(product_profiles, channel))
    return await fetch_pages(session, statement, product_profiles.c.seller_id, seller_ids, window)


async def put(session: TenantSession, tenant_id: UUID, product_id: str, **values: Any) -> Row[Any]:
    """Stores the profile of a product, instead of the one it has.

    Args:
        values: seller_id, title, description, channels.
    """
    statement = insert(product_profiles).values(tenant_id=tenant_id, product_id=product_id, **values)
    statement = statement.on_conflict_do_update(
        constraint="uq_product_profiles_tenant_id_product_id", set_={**values, "updated_at": func.now()}
    )
    row = await session.row(statement.returning(product_profiles))
    assert row is not None, "an upsert answers its row"
    return row


async def content_hashes(session: TenantSession, model_id: str, profile_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The hash of the text that each profile's vector of a model was computed from; those without one are missing."""
    table = product_embeddings.c
    rows = await session.rows(
        select(table.profile_id, table.content_sha256).where(
            table.model_id == model_id, table.profile_id.in_(profile_ids)
        )
    )
    return {row.profile_id: row.content_sha256 for row in rows}


async def store_embeddings(
    session: TenantSession, tenant_id: UUID, model_id: str, vectors: Sequence[tuple[UUID, str, Sequence[float]]]
) -> None:
    """Stores one vector per profile, over an older one of the same model.

    Args:
        vectors: profile id, hash of the embedded text, vector.
    """
    if not vectors:
        return
    statement = insert(product_embeddings)
    await session.execute(
        statement.on_conflict_do_update(
            constraint="uq_product_embeddings_tenant_id_profile_id_model_id",
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
                "profile_id": profile_id,
                "content_sha256": sha256,
                "embedding": vector,
            }
            for profile_id, sha256, vector in vectors
        ],
    )


async def most_alike(
    session: TenantSession, product_ids: Sequence[str], model_id: str, count: int, channel: str | None
) -> Mapping[str, Sequence[tuple[str, float]]]:
    """For each product those whose words are nearest in meaning, with their cosine similarity, nearest first.

    One statement for all; exact, since the vectors of one tenant are compared one by one.

    Args:
        model_id: vectors of other models are never looked at.
        count: for each product.
        channel: what the shop does not show there is left out; None: it is not known, and nothing is.
    """
    asked = func.unnest(bindparam("asked", list(product_ids), type_=ARRAY(Text), unique=True)).table_valued("id")
    asked = asked.render_derived(name="asked")
    own_profile, own = product_profiles.alias("own_profile"), product_embeddings.alias("own")
    profile, other = product_profiles.alias("profile"), product_embeddings.alias("other")
    distance = other.c.embedding.cosine_distance(own.c.embedding)
    nearest = (
        select(profile.c.product_id, (1 - distance).label("similarity"))
        .select_from(other.join(profile, _same(profile, other)))
        .where(other.c.model_id == model_id, profile.c.product_id != asked.c.id, *_shown(profile, channel))
        .order_by(distance, profile.c.product_id)
        .limit(count)
        .lateral("nearest")
    )
    rows = await session.rows(
        select(asked.c.id.label("asked"), nearest.c.product_id, nearest.c.similarity)
        .select_from(
            asked.join(own_profile, own_profile.c.product_id == asked.c.id)
            .join(own, and_(_same(own_profile, own), own.c.model_id == model_id))
            .join(nearest, true())
        )
        .order_by(asked.c.id, nearest.c.similarity.desc(), nearest.c.product_id)
    )
    found: dict[str, list[tuple[str, float]]] = {}
    for row in rows:
        found.setdefault(row.asked, []).append((row.product_id, float(row.similarity)))
    return found


def _shown(profile: Any, channel: str | None) -> list[ColumnElement[bool]]:
    return [] if channel is None else [or_(profile.c.channels.is_(None), profile.c.channels.contains([channel]))]


def _same(profile: Any, embedding: Any) -> Any:
    return and_(profile.c.tenant_id == embedding.c.tenant_id, profile.c.id == embedding.c.profile_id)
