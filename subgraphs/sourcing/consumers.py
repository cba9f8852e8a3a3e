"""What sourcing listens to."""

from resolvers.events.envelope import About
from resolvers.events.subscriptions import subscribe
from resolvers.session import TenantSession
from subgraphs.sourcing.usecases.dropship import PlacedOrder, take_order

__all__ = ["send_order"]


@subscribe("storefront.order_placed", version=1)
async def send_order(session: TenantSession, order: PlacedOrder, _: About) -> None:
    """Somebody has ordered: what of it suppliers send becomes dropship orders."""
    await take_order(session, order)
