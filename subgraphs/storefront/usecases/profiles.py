"""What the storefront knows of a product, and which products are alike."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.embeddings import EmbeddingProvider
from resolvers.session import TenantSession
from subgraphs.storefront.domain.values import MAX_DESCRIPTION, MAX_NAME, channel_slugs, shop_id, text_of
from subgraphs.storefront.repository import profiles


async def describe_product(
    session: TenantSession,
    tenant_id: UUID,
    provider: EmbeddingProvider,
    *,
    product_id: str,
    title: str,
    description: str,
    seller_id: UUID | None,
    channels: Sequence[str] | None,
) -> Row[Any]:
    """Stores the profile of a product, from now on found among those like it, and returns its row.

    Args:
        channels: in which the shop shows it; None: in all.

    Raises:
        InvalidValue: no product's id, or a text or channels out of bounds.
    """
    row = await profiles.put(
        session,
        tenant_id,
        shop_id(product_id, "Product", "productId"),
        title=text_of(title, MAX_NAME * 2, "title"),
        description=text_of(description, MAX_DESCRIPTION, "description", minimum=0),
        seller_id=seller_id,
        channels=None if channels is None else channel_slugs(channels, "channels"),
    )
    await embed(session, tenant_id, provider, [row])
    return row


async def embed(
    session: TenantSession, tenant_id: UUID, provider: EmbeddingProvider, written: Sequence[Row[Any]]
) -> int:
    """Computes and stores the embeddings of profiles whose text has changed; returns how many."""
    known = await profiles.content_hashes(session, provider.id, [row.id for row in written])
    pending: list[tuple[UUID, str, str]] = []
    for row in written:
        content = f"{row.title}\n{row.description}"
        sha = hashlib.sha256(content.encode()).hexdigest()
        if known.get(row.id) != sha:
            pending.append((row.id, sha, content))
    vectors = await provider.embed([content for _, _, content in pending])
    computed = [(row_id, sha, vector) for (row_id, sha, _), vector in zip(pending, vectors, strict=True)]
    await profiles.store_embeddings(session, tenant_id, provider.id, computed)
    return len(computed)
