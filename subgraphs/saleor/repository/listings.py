"""What variants cost in the channels."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Row, select

from resolvers.session import TenantSession
from subgraphs.saleor.tables import variant_listings

__all__ = ["of_variants"]


async def of_variants(session: TenantSession, variant_ids: Sequence[int]) -> Mapping[int, list[Row[Any]]]:
    """The listings of variants in all channels, in the order of these."""
    table = variant_listings.c
    rows = await session.rows(
        select(variant_listings).where(table.variant_id.in_(variant_ids)).order_by(table.variant_id, table.channel_id)
    )
    found: dict[int, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.variant_id, []).append(row)
    return found
