"""The secrets with which tenants' shops sign what they tell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.dialects.postgresql import insert

from resolvers.session import TenantSession
from subgraphs.storefront.tables import order_webhooks

__all__ = ["put_webhook", "webhook"]


async def webhook(session: TenantSession) -> Row[Any] | None:
    """The tenant's webhook; None if it has none."""
    return await session.row(select(order_webhooks))


async def put_webhook(session: TenantSession, tenant_id: UUID, secret: str, channels: Sequence[str] | None) -> None:
    """Makes the tenant's webhook, or gives it another secret."""
    values = {"secret": secret, "channels": None if channels is None else list(channels)}
    statement = insert(order_webhooks).values(tenant_id=tenant_id, **values)
    await session.execute(
        statement.on_conflict_do_update(
            constraint="uq_order_webhooks_tenant_id", set_={**values, "updated_at": func.now()}
        )
    )
