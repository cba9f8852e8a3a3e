"""What users note for themselves: wishlists, what they looked at, carts."""

from datetime import datetime
from typing import Any, Self
from uuid import UUID

import strawberry
from sqlalchemy import Row

from resolvers.ids import wire_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, Connection, First, Last, Window
from subgraphs.storefront import loaders
from subgraphs.storefront.repository.noted import ITEMS_NEWEST
from subgraphs.storefront.schema.arguments import CartStatus
from subgraphs.storefront.schema.products import NOT_SOLD, Product, ProductVariant
from subgraphs.storefront.schema.references import Order

__all__ = [
    "Cart",
    "CartConnection",
    "ViewedProduct",
    "ViewedProductConnection",
    "Wishlist",
    "WishlistConnection",
    "WishlistItem",
    "WishlistItemConnection",
]


@strawberry.type(description="A product on a wishlist.")
class WishlistItem:
    id: strawberry.ID = strawberry.field(description="Of the item.")
    product: Product | None = strawberry.field(description=f"The product. {NOT_SOLD}")
    variant: ProductVariant | None = strawberry.field(
        description="Which of its variants; null for any, and where the shop does not show it."
    )
    note: str = strawberry.field(description="What its owner noted about it; may be empty.")
    added_at: datetime = strawberry.field(description="When it was put there.")

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(
            id=wire_id(row.id),
            product=Product.of(row.product_id, row.channel),
            variant=None if row.variant_id is None else ProductVariant.of(row.variant_id, row.channel),
            note=row.note,
            added_at=row.created_at,
        )


@strawberry.type(description="A page of a wishlist.")
class WishlistItemConnection(Connection[WishlistItem]):
    pass


@strawberry.type(description="Products that a user wishes for. Nobody else sees it.")
class Wishlist:
    id: strawberry.ID = strawberry.field(description="Of the list.")
    name: str = strawberry.field(description="Unique among its owner's.")
    created_at: datetime = strawberry.field(description="When it was made.")
    wishlist_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(id=wire_id(row.id), name=row.name, created_at=row.created_at, wishlist_id=row.id)

    @strawberry.field(description="What is on it, newest first.")
    async def items(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> WishlistItemConnection:
        window = Window.of(ITEMS_NEWEST, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.items_of_wishlist, self.wishlist_id, window)
        return WishlistItemConnection.of(page, WishlistItem.of)

    @strawberry.field(description="How many items are on it.")
    async def item_count(self, info: Info) -> int:
        return await info.context.load(loaders.item_count, self.wishlist_id)


@strawberry.type(description="A page of wishlists.")
class WishlistConnection(Connection[Wishlist]):
    pass


@strawberry.type(description="A product that the user has looked at.")
class ViewedProduct:
    product: Product | None = strawberry.field(description=f"The product. {NOT_SOLD}")
    viewed_at: datetime = strawberry.field(description="When, the last time.")

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(product=Product.of(row.product_id, row.channel), viewed_at=row.viewed_at)


@strawberry.type(description="A page of what was looked at.")
class ViewedProductConnection(Connection[ViewedProduct]):
    pass


@strawberry.type(description="One of the shop's checkouts that is the user's. Nobody else sees it.")
class Cart:
    id: strawberry.ID = strawberry.field(description="Of the cart.")
    checkout_id: strawberry.ID = strawberry.field(description="Of the checkout; what is in it, `checkout` tells.")
    channel: str | None = strawberry.field(description="Slug of the channel that it is bought in.")
    name: str = strawberry.field(description="What its owner calls it.")
    status: CartStatus = strawberry.field(description="What became of it.")
    order: Order | None = strawberry.field(description="That was made of it; null unless it is ORDERED.")
    created_at: datetime = strawberry.field(description="When it was noted.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(
            id=wire_id(row.id),
            checkout_id=strawberry.ID(row.checkout_id),
            channel=row.channel,
            name=row.name,
            status=CartStatus(row.status),
            order=None if row.order_id is None else Order(id=strawberry.ID(row.order_id)),
            created_at=row.created_at,
            updated_at=row.updated_at,
        )


@strawberry.type(description="A page of carts.")
class CartConnection(Connection[Cart]):
    pass
