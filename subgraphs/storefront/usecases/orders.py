"""Orders, as the tenant's shop tells of them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from resolvers.errors import BadUserInput
from resolvers.events.inbox import first_time
from resolvers.session import TenantSession
from subgraphs.storefront.domain.webhooks import is_signed, placed_order
from subgraphs.storefront.repository import webhooks

__all__ = ["NotSigned", "renew_webhook", "take_order"]

_MOST_CHANNELS: Final = 100


class NotSigned(Exception):
    """The tenant has no webhook, or its shop has not signed this."""


async def take_order(session: TenantSession, body: bytes, signature: str) -> bool:
    """Tells other contexts of the order in a webhook's body, once however often it comes; False if it was not the
    first time, or is an order of a channel that is not the tenant's.

    Raises:
        NotSigned: who sent it is not the tenant's shop.
        NotAnOrder: there is no order in it.
    """
    webhook = await webhooks.webhook(session)
    if webhook is None or not is_signed(body, signature, webhook.secret):
        raise NotSigned
    order = placed_order(body)
    if webhook.channels is not None and order.channel not in webhook.channels:
        return False
    if not await first_time(session, "saleor.order_created", uuid5(NAMESPACE_URL, order.order_id)):
        return False
    session.publish(order)
    return True


async def renew_webhook(session: TenantSession, tenant_id: UUID, channels: Sequence[str] | None) -> str:
    """Gives the tenant's webhook a new secret, and returns it; what is signed with the one before is refused from now.

    Args:
        channels: slugs of those that are the tenant's; None where the whole Saleor is.

    Raises:
        BadUserInput: too many channels, or one without a name.
    """
    if channels is not None and (len(channels) > _MOST_CHANNELS or not all(0 < len(each) <= 255 for each in channels)):
        raise BadUserInput(f"At most {_MOST_CHANNELS} channels, by their slugs.", path=("channels",))
    secret = secrets.token_urlsafe(32)
    await webhooks.put_webhook(session, tenant_id, secret, channels)
    return secret
