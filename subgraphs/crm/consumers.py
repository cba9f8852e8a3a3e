"""What crm listens to."""

from resolvers.events.envelope import About
from resolvers.events.subscriptions import subscribe
from resolvers.session import TenantSession
from subgraphs.crm.usecases import timeline
from subgraphs.crm.usecases.timeline import PlacedOrder, PostedReview, Told

__all__ = ["note_order", "note_review"]


@subscribe("directory.review_posted", version=1)
async def note_review(session: TenantSession, review: PostedReview, about: About) -> None:
    """A business was reviewed: those who work for it have it in their timelines."""
    await timeline.note_review(session, review, Told(about.name, about.id))


@subscribe("storefront.order_placed", version=1)
async def note_order(session: TenantSession, order: PlacedOrder, about: About) -> None:
    """Somebody has ordered: it is in their timeline, and they are a contact."""
    await timeline.note_order(session, order, Told(about.name, about.id))
