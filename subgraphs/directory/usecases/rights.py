"""Who may act for a listing: its owner, and who manages the tenant."""

from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row

from resolvers.context import RequestContext
from resolvers.session import TenantSession
from subgraphs.directory.domain.errors import BusinessNotFound, NotAModerator, NotYourListing
from subgraphs.directory.repository import listings

__all__ = ["MODERATORS", "WRITE", "check_acts_for", "check_moderates", "owns"]

MODERATORS: Final = frozenset({"owner", "manager"})
"""Roles that decide about reviews, claims and photos."""
WRITE: Final = "directory:write"


async def check_acts_for(session: TenantSession, business_id: UUID) -> Row[Any]:
    """Lets through who keeps the tenant's listings, or owns this one, and returns its row.

    Raises:
        BusinessNotFound: there is no such business.
        NotYourListing: the caller is neither.
    """
    business = (await listings.by_id(session, [business_id])).get(business_id)
    if business is None:
        raise BusinessNotFound
    if WRITE not in session.context.scopes and not owns(session.context, business):
        raise NotYourListing
    return business


def check_moderates(context: RequestContext) -> None:
    """Lets through who decides.

    Raises:
        NotAModerator: the caller does not.
    """
    if not context.roles & MODERATORS:
        raise NotAModerator


def owns(context: RequestContext, business: Row[Any]) -> bool:
    """Whether the caller owns the listing."""
    return context.user_id is not None and business.owner_id == context.user_id
