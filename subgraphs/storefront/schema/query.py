"""Root queries: sourcing and moderation for those who run the shop, and what a user has noted."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from typing import Annotated

import strawberry

from resolvers.ids import parse_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, First, Last, Window
from resolvers.permissions import requires
from subgraphs.storefront.domain.moderation import Moderation
from subgraphs.storefront.domain.values import asin_of
from subgraphs.storefront.repository import noted, questions, rows, sourcing
from subgraphs.storefront.schema.arguments import READ, WRITE, CartStatus, IdArgument
from subgraphs.storefront.schema.products import (
    BackInStockSubscription,
    BackInStockSubscriptionConnection,
    ProductQuestion,
    ProductQuestionConnection,
)
from subgraphs.storefront.schema.shopping import (
    Cart,
    CartConnection,
    ViewedProduct,
    ViewedProductConnection,
    Wishlist,
    WishlistConnection,
)
from subgraphs.storefront.schema.sourcing import (
    Supplier,
    SupplierConnection,
    SupplierOffer,
    SupplierOfferConnection,
)
from subgraphs.storefront.tables import wishlists


@strawberry.type(description="What can be read.")
class Query:
    @strawberry.field(extensions=[requires(READ)], description="Suppliers, by name.")
    async def suppliers(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> SupplierConnection | None:
        window = Window.of(sourcing.SUPPLIERS_BY_NAME, first=first, after=after, last=last, before=before)
        return SupplierConnection.of(await sourcing.supplier_page(info.context.session, window), Supplier.of)

    @strawberry.field(extensions=[requires(READ)], description="A supplier by its id.")
    async def supplier(self, info: Info, id: IdArgument) -> Supplier | None:
        return await Supplier.resolve_reference(info, id)

    @strawberry.field(extensions=[requires(READ)], description="Offers of all products, newest first.")
    async def supplier_offers(
        self,
        info: Info,
        supplier_id: Annotated[strawberry.ID | None, strawberry.argument(description="Of this supplier alone.")] = None,
        asin: Annotated[str | None, strawberry.argument(description="Of this article of Amazon's alone.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> SupplierOfferConnection | None:
        window = Window.of(sourcing.OFFERS_NEWEST, first=first, after=after, last=last, before=before)
        page = await sourcing.offer_page(
            info.context.session,
            window,
            supplier_id=None if supplier_id is None else parse_id(supplier_id),
            asin=asin_of(asin),
        )
        return SupplierOfferConnection.of(page, SupplierOffer.of)

    @strawberry.field(
        extensions=[requires(WRITE)], description="Questions about all products, newest first, for who moderates them."
    )
    async def product_questions(
        self,
        info: Info,
        status: Annotated[Moderation | None, strawberry.argument(description="Of this status alone.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> ProductQuestionConnection | None:
        window = Window.of(questions.QUESTIONS_NEWEST, first=first, after=after, last=last, before=before)
        wanted = None if status is None else status.value
        page = await questions.question_page(info.context.session, window, status=wanted, author_id=None)
        return ProductQuestionConnection.of(page, ProductQuestion.of)

    @strawberry.field(description="Questions that the asking user has asked, newest first.")
    async def my_product_questions(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> ProductQuestionConnection:
        window = Window.of(questions.QUESTIONS_NEWEST, first=first, after=after, last=last, before=before)
        user_id = info.context.user_id()
        page = await questions.question_page(info.context.session, window, status=None, author_id=user_id)
        return ProductQuestionConnection.of(page, ProductQuestion.of)

    @strawberry.field(description="The asking user's wishlists, by name.")
    async def wishlists(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> WishlistConnection:
        window = Window.of(noted.WISHLISTS_BY_NAME, first=first, after=after, last=last, before=before)
        page = await noted.wishlist_page(info.context.session, info.context.user_id(), window)
        return WishlistConnection.of(page, Wishlist.of)

    @strawberry.field(description="A wishlist of the asking user's by its id.")
    async def wishlist(self, info: Info, id: IdArgument) -> Wishlist | None:
        user_id, wishlist_id = info.context.user_id(), parse_id(id)
        row = (await rows.rows_by_id(info.context.session, wishlists, [wishlist_id])).get(wishlist_id)
        return Wishlist.of(row) if row is not None and row.owner_id == user_id else None

    @strawberry.field(description="What the asking user has looked at, latest first.")
    async def recently_viewed_products(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> ViewedProductConnection:
        window = Window.of(noted.VIEWED_LATEST, first=first, after=after, last=last, before=before)
        page = await noted.viewed_page(info.context.session, info.context.user_id(), window)
        return ViewedProductConnection.of(page, ViewedProduct.of)

    @strawberry.field(description="What the asking user waits for, or was told of, newest first.")
    async def back_in_stock_subscriptions(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> BackInStockSubscriptionConnection:
        window = Window.of(noted.WAITING_NEWEST, first=first, after=after, last=last, before=before)
        page = await noted.waiting_page(info.context.session, info.context.user_id(), window)
        return BackInStockSubscriptionConnection.of(page, BackInStockSubscription.of)

    @strawberry.field(description="The asking user's carts, newest first.")
    async def carts(
        self,
        info: Info,
        status: Annotated[CartStatus | None, strawberry.argument(description="Of this status alone.")] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> CartConnection:
        window = Window.of(noted.CARTS_NEWEST, first=first, after=after, last=last, before=before)
        wanted = None if status is None else str(status.value)
        page = await noted.cart_page(info.context.session, info.context.user_id(), wanted, window)
        return CartConnection.of(page, Cart.of)
