"""What the storefront listens to: what is sourced for the shop is an offer of its supplier's."""

from resolvers.events.envelope import About
from resolvers.events.subscriptions import subscribe
from resolvers.session import TenantSession
from subgraphs.storefront.usecases import sourced
from subgraphs.storefront.usecases.sourced import Delisted, Listed, Priced, Stocked

__all__ = ["note_sourced", "note_sourced_gone", "note_sourced_price", "note_sourced_stock"]


@subscribe("sourcing.candidate_listed", version=1)
async def note_sourced(session: TenantSession, listed: Listed, _: About) -> None:
    """A sourced product is sold as a variant: its supplier offers it."""
    await sourced.note_listed(session, listed)


@subscribe("sourcing.candidate_delisted", version=1)
async def note_sourced_gone(session: TenantSession, gone: Delisted, _: About) -> None:
    """It is sold no more: the offer does not count any longer."""
    await sourced.note_delisted(session, gone)


@subscribe("sourcing.price_changed", version=1)
async def note_sourced_price(session: TenantSession, priced: Priced, _: About) -> None:
    """The supplier asks another price."""
    await sourced.note_price(session, priced)


@subscribe("sourcing.stock_changed", version=1)
async def note_sourced_stock(session: TenantSession, stocked: Stocked, _: About) -> None:
    """The supplier has it again, or no more."""
    await sourced.note_stock(session, stocked)
