"""What the storefront refuses.

BadUserInput
└── InvalidValue          a text, number, id or date out of bounds
NotFound
├── AnswerNotFound
├── CartNotFound
├── ItemNotFound          the product is not on the wishlist
├── OfferNotFound
├── QuestionNotFound
├── SubscriptionNotFound
├── SupplierNotFound
└── WishlistNotFound
Conflict
├── CartTaken             a checkout belongs to one cart
├── NameTaken             a supplier's or a wishlist's name is taken
└── OfferTaken            a supplier offers a variant under one number once
Refused
├── CartClosed            what was ordered or given up stays so
├── LastWishlist          everybody keeps one wishlist
├── NotPublished          a question is answered once it is published
└── TooMany               a list is full
"""

from __future__ import annotations

from resolvers.errors import BadUserInput, Conflict, NotFound, Refused


class InvalidValue(BadUserInput):
    """The value is not valid."""


class AnswerNotFound(NotFound):
    """There is no such answer."""


class CartNotFound(NotFound):
    """There is no such cart of yours."""


class ItemNotFound(NotFound):
    """The product is not on this wishlist."""


class OfferNotFound(NotFound):
    """There is no such offer."""


class QuestionNotFound(NotFound):
    """There is no such question."""


class SubscriptionNotFound(NotFound):
    """There is no such subscription of yours."""


class SupplierNotFound(NotFound):
    """There is no such supplier."""


class WishlistNotFound(NotFound):
    """There is no such wishlist of yours."""


class CartTaken(Conflict):
    """This checkout belongs to a cart already."""

    code = "CART_TAKEN"


class NameTaken(Conflict):
    """The name is taken."""

    code = "NAME_TAKEN"


class OfferTaken(Conflict):
    """The supplier offers this variant under this number already; change that offer instead."""

    code = "OFFER_TAKEN"


class CartClosed(Refused):
    """The cart is closed: what was ordered or given up stays so."""

    code = "CART_CLOSED"


class LastWishlist(Refused):
    """This is your only wishlist; make another one first."""

    code = "LAST_WISHLIST"


class NotPublished(Refused):
    """The question is not published yet."""

    code = "NOT_PUBLISHED"


class TooMany(Refused):
    """There are as many as there may be; remove one first."""

    code = "TOO_MANY"
