"""Who calls the shop: nobody it knows, a user, or an app."""

from collections.abc import Iterable
from dataclasses import dataclass

from subgraphs.saleor.domain.errors import PermissionDenied

__all__ = ["ANONYMOUS", "PERMISSIONS", "Requester"]

PERMISSIONS = (
    "HANDLE_CHECKOUTS",
    "HANDLE_PAYMENTS",
    "HANDLE_TAXES",
    "IMPERSONATE_USER",
    "MANAGE_APPS",
    "MANAGE_CHANNELS",
    "MANAGE_CHECKOUTS",
    "MANAGE_CUSTOMER_TYPES_AND_ATTRIBUTES",
    "MANAGE_DISCOUNTS",
    "MANAGE_GIFT_CARD",
    "MANAGE_MENUS",
    "MANAGE_OBSERVABILITY",
    "MANAGE_ORDERS",
    "MANAGE_ORDERS_IMPORT",
    "MANAGE_PAGE_TYPES_AND_ATTRIBUTES",
    "MANAGE_PAGES",
    "MANAGE_PLUGINS",
    "MANAGE_PRODUCT_TYPES_AND_ATTRIBUTES",
    "MANAGE_PRODUCTS",
    "MANAGE_SETTINGS",
    "MANAGE_SHIPPING",
    "MANAGE_STAFF",
    "MANAGE_TAXES",
    "MANAGE_TRANSLATIONS",
    "MANAGE_USERS",
)
"""All of them, in the order in which a user's are listed."""

_SEES_ALL_PRODUCTS = frozenset(
    {"MANAGE_ORDERS", "MANAGE_DISCOUNTS", "MANAGE_PRODUCTS", "MANAGE_CHECKOUTS", "MANAGE_PAGES"}
)


@dataclass(frozen=True, slots=True)
class Requester:
    """The caller of one operation.

    Attributes:
        user_id: of the user, or None.
        app_id: of the app, or None.
        is_staff: of the user.
        is_expired: whether the token was a user's until a while ago.
    """

    user_id: int | None = None
    app_id: int | None = None
    is_staff: bool = False
    permissions: frozenset[str] = frozenset()
    is_expired: bool = False

    @property
    def sees_all_products(self) -> bool:
        """Whether also unpublished products are visible, and those of no channel."""
        return bool(self.permissions & _SEES_ALL_PRODUCTS)

    def has_any(self, permissions: Iterable[str]) -> bool:
        """Whether one of the permissions is there."""
        return not self.permissions.isdisjoint(permissions)

    def require(self, *permissions: str) -> None:
        """Check for one of the permissions, among which may be AUTHENTICATED_STAFF_USER and AUTHENTICATED_APP.

        Raises:
            PermissionDenied: there is none.
        """
        own = {"AUTHENTICATED_STAFF_USER"} if self.is_staff else set()
        own |= {"AUTHENTICATED_APP"} if self.app_id is not None else set()
        if not self.has_any(permissions) and own.isdisjoint(permissions):
            raise PermissionDenied(*permissions)


ANONYMOUS = Requester()
