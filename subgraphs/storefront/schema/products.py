"""What the storefront adds to Saleor's products and variants, and what is asked about them."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry
from sqlalchemy import Row

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import After, Before, Connection, First, Last, PageInfo, Window
from resolvers.permissions import requires
from subgraphs.storefront import loaders
from subgraphs.storefront.domain import money
from subgraphs.storefront.domain.moderation import Moderation
from subgraphs.storefront.domain.offers import margins
from subgraphs.storefront.domain.values import channel_slug, shop_id
from subgraphs.storefront.repository.profiles import BY_TITLE
from subgraphs.storefront.repository.questions import ANSWERS_FIRST, QUESTIONS_NEWEST
from subgraphs.storefront.repository.sourcing import OFFERS_NEWEST
from subgraphs.storefront.schema.arguments import READ, reader_of
from subgraphs.storefront.schema.references import Account, ProductVariantChannelListing
from subgraphs.storefront.schema.sourcing import (
    DeliveryPromise,
    ProfitMargin,
    SupplierOffer,
    SupplierOfferConnection,
    VariantProfitMargin,
    promise_of,
)

__all__ = [
    "BackInStockSubscription",
    "BackInStockSubscriptionConnection",
    "Business",
    "Product",
    "ProductAnswer",
    "ProductAnswerConnection",
    "ProductQuestion",
    "ProductQuestionConnection",
    "ProductRecommendation",
    "ProductVariant",
]

MAX_RECOMMENDATIONS = 24
MAX_VARIANTS = 500
"""Variants of a product whose margins are compared; the shop's own limit is below."""

_NOT_SHOWN = (
    "Null, with an error, where more than the id is asked by who may not see it, or of who is no member any more."
)
NOT_SOLD = "Null where the shop does not show it."
_LISTINGS = "channelListings { channel { slug } price { amount currency } }"
_ORDERED_AT = Annotated[
    datetime | None, strawberry.argument(description="Instant of the order, with its offset; now if left out.")
]


def _channel(value: Any) -> str | None:
    if value is not None and not isinstance(value, str):
        raise BadUserInput("The key field 'channel' must be a text.")
    return channel_slug(value)


async def _net_price(info: Info, listings: Any, channel: str | None) -> money.Money | None:
    """The price in the channel, without the tax in it; None where there is none, or it is not clear which is meant."""
    entered = [
        (str(each["channel"]["slug"]), each["price"])
        for each in listings or ()
        if each is not None and each.get("price") is not None
    ]
    wanted = [each for each in entered if channel is None or each[0] == channel]
    if len(wanted) != 1:
        return None
    ((slug, price),) = wanted
    percent = await info.context.load(loaders.tax_percent, slug)
    # The shop tells amounts as floats; their shortest text is the amount that was entered.
    return money.without_tax(money.Money(Decimal(str(price["amount"])), str(price["currency"])), percent)


@strawberry.federation.type(
    keys=["id channel"], description="A variant of a product; the storefront adds how it is sourced and noted."
)
class ProductVariant:
    id: strawberry.ID = strawberry.field(description="Of the variant, from the shop.")
    channel: str | None = strawberry.field(description="Slug of the channel that it is looked at in.")
    channel_listings: list[ProductVariantChannelListing] | None = strawberry.federation.field(
        external=True, default=None, description="What it costs in the shop's channels."
    )
    listings: strawberry.Private[Any] = None

    @classmethod
    def of(cls, variant_id: str, channel: str | None) -> Self:
        return cls(id=strawberry.ID(variant_id), channel=channel)

    @classmethod
    def resolve_reference(
        cls,
        id: strawberry.ID,  # noqa: A002 - the key field's name
        channel: Any = None,
        channel_listings: Any = None,
    ) -> Self:
        return cls(
            id=strawberry.ID(shop_id(id, "ProductVariant")), channel=_channel(channel), listings=channel_listings
        )

    @strawberry.federation.field(
        requires=[_LISTINGS],
        extensions=[requires(READ)],
        description="What is left of its price in the channel; null without a price there or an offer in its currency.",
    )
    async def profit_margin(self, info: Info) -> VariantProfitMargin | None:
        price = await _net_price(info, self.listings, self.channel)
        if price is None:
            return None
        offers = await info.context.load(loaders.offers_of_variant, str(self.id))
        found = margins([(str(self.id), price)], offers)
        return VariantProfitMargin.of(*found[0]) if found else None

    @strawberry.field(extensions=[requires(READ)], description="What suppliers ask for it, newest first.")
    async def supplier_offers(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> SupplierOfferConnection | None:
        window = Window.of(OFFERS_NEWEST, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.offer_pages_of_variant, str(self.id), window)
        return SupplierOfferConnection.of(page, SupplierOffer.of)

    @strawberry.field(description="When an order arrives; null if no supplier has it.")
    async def delivery_promise(self, info: Info, ordered_at: _ORDERED_AT = None) -> DeliveryPromise | None:
        return await promise_of(info, await info.context.load(loaders.offers_of_variant, str(self.id)), ordered_at)

    @strawberry.field(description="Whether it is on a wishlist of the asking user's.")
    async def is_in_wishlist(self, info: Info) -> bool:
        user_id = info.context.request.user_id
        return user_id is not None and await info.context.load(loaders.variant_is_wished, str(self.id), user_id)

    @strawberry.field(description="That the asking user waits for it; null if not.")
    async def back_in_stock_subscription(self, info: Info) -> "BackInStockSubscription | None":
        user_id = info.context.request.user_id
        if user_id is None:
            return None
        row = await info.context.load(loaders.waiting_for, str(self.id), user_id)
        return None if row is None else BackInStockSubscription.of(row)


@strawberry.type(description="That a user wants to hear when a variant can be had again.")
class BackInStockSubscription:
    id: strawberry.ID = strawberry.field(description="Of the subscription.")
    variant: ProductVariant | None = strawberry.field(description=f"What is waited for. {NOT_SOLD}")
    created_at: datetime = strawberry.field(description="Since when.")
    notified_at: datetime | None = strawberry.field(description="When the waiting ended; null while it goes on.")

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(
            id=wire_id(row.id),
            variant=ProductVariant.of(row.variant_id, row.channel),
            created_at=row.created_at,
            notified_at=row.notified_at,
        )


@strawberry.type(description="A page of what is waited for.")
class BackInStockSubscriptionConnection(Connection[BackInStockSubscription]):
    pass


@strawberry.federation.type(
    keys=["id channel"],
    description="A product of the shop; the storefront adds how it is sourced, sold, noted and asked about.",
)
class Product:
    id: strawberry.ID = strawberry.field(description="Of the product, from the shop.")
    channel: str | None = strawberry.field(description="Slug of the channel that it is looked at in.")
    variants: list[ProductVariant] | None = strawberry.federation.field(
        external=True, default=None, description="Its variants."
    )
    required: strawberry.Private[Sequence[Mapping[str, Any] | None]] = ()

    @classmethod
    def of(cls, product_id: str, channel: str | None) -> Self:
        return cls(id=strawberry.ID(product_id), channel=channel)

    @classmethod
    def resolve_reference(
        cls,
        id: strawberry.ID,  # noqa: A002 - the key field's name
        channel: Any = None,
        variants: Any = None,
    ) -> Self:
        return cls(
            id=strawberry.ID(shop_id(id, "Product")),
            channel=_channel(channel),
            required=(variants or ())[:MAX_VARIANTS],
        )

    @strawberry.federation.field(
        requires=[f"variants {{ id {_LISTINGS} }}"],
        extensions=[requires(READ)],
        description="What is left of the prices of its variants in the channel; null if that is known of none.",
    )
    async def profit_margin(self, info: Info) -> ProfitMargin | None:
        variants = [each for each in self.required if each is not None]
        found = await asyncio.gather(
            *(_net_price(info, each.get("channelListings"), self.channel) for each in variants)
        )
        prices = [(str(each["id"]), price) for each, price in zip(variants, found, strict=True) if price is not None]
        known = margins(prices, await info.context.load(loaders.offers_of_product, str(self.id)))
        if not known:
            return None
        return ProfitMargin(
            lowest=VariantProfitMargin.of(*known[0]),
            highest=VariantProfitMargin.of(*known[-1]),
            uncovered=len(prices) - len(known),
        )

    @strawberry.field(extensions=[requires(READ)], description="What suppliers ask for its variants, newest first.")
    async def supplier_offers(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> SupplierOfferConnection | None:
        window = Window.of(OFFERS_NEWEST, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.offer_pages_of_product, str(self.id), window)
        return SupplierOfferConnection.of(page, SupplierOffer.of)

    @strawberry.field(description="When an order arrives; null if no supplier has it.")
    async def delivery_promise(self, info: Info, ordered_at: _ORDERED_AT = None) -> DeliveryPromise | None:
        return await promise_of(info, await info.context.load(loaders.offers_of_product, str(self.id)), ordered_at)

    @strawberry.field(description="Who sells it; null if that is the shop itself.")
    async def seller(self, info: Info) -> "Business | None":
        row = await info.context.load(loaders.profile_of_product, str(self.id))
        return None if row is None or row.seller_id is None else Business(id=wire_id(row.seller_id))

    @strawberry.field(description="Whether it is on a wishlist of the asking user's.")
    async def is_in_wishlist(self, info: Info) -> bool:
        user_id = info.context.request.user_id
        return user_id is not None and await info.context.load(loaders.product_is_wished, str(self.id), user_id)

    @strawberry.field(description="Products that are most like it in meaning, most alike first, in the same channel.")
    async def recommendations(
        self,
        info: Info,
        first: Annotated[int, strawberry.argument(description=f"How many, from 1 to {MAX_RECOMMENDATIONS}.")] = 8,
    ) -> "list[ProductRecommendation]":
        if not 1 <= first <= MAX_RECOMMENDATIONS:
            raise BadUserInput(f"`first` is from 1 to {MAX_RECOMMENDATIONS}.")
        alike = loaders.Alike(info.context.services.embeddings.id, first, self.channel)
        found = await info.context.load(loaders.products_like, str(self.id), alike)
        return [
            ProductRecommendation(product=Product.of(product_id, self.channel), similarity=similarity)
            for product_id, similarity in found
        ]

    @strawberry.field(
        description="What was asked about it, newest first: what is published, and one's own; who moderates sees all."
    )
    async def questions(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> "ProductQuestionConnection":
        window = Window.of(QUESTIONS_NEWEST, first=first, after=after, last=last, before=before)
        read = loaders.Read(window, reader_of(info))
        page = await info.context.load(loaders.questions_of_product, str(self.id), read)
        return ProductQuestionConnection.of(page, ProductQuestion.of)

    @strawberry.field(description="How many questions about it the asking user may see.")
    async def question_count(self, info: Info) -> int:
        return await info.context.load(loaders.question_count, str(self.id), reader_of(info))


@strawberry.federation.type(tags=["paging"], description="One element of a page of products.")
class SoldProductEdge:
    cursor: str
    node: Product | None = strawberry.field(description=f"The product. {NOT_SOLD}")


@strawberry.type(description="A page of products.")
class SoldProductConnection:
    edges: list[SoldProductEdge] = strawberry.federation.field(tags=["paging"])
    page_info: PageInfo = strawberry.federation.field(tags=["paging"])


@strawberry.federation.type(keys=["id"], description="A business of the directory; the storefront adds what it sells.")
class Business:
    id: strawberry.ID = strawberry.field(description="Of the business.")

    @classmethod
    def resolve_reference(cls, id: strawberry.ID) -> Self:  # noqa: A002 - the key field's name
        return cls(id=wire_id(parse_id(id)))

    @strawberry.field(description="Products of the shop that it sells, by what the storefront calls them.")
    async def products(
        self,
        info: Info,
        channel: Annotated[
            str | None,
            strawberry.argument(description="Slug of the channel to look at them in; the tenant's own if none."),
        ] = None,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
    ) -> SoldProductConnection:
        seen_in = channel_slug(channel)
        window = Window.of(BY_TITLE, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.products_of_seller, UUID(self.id), loaders.Sold(window, seen_in))
        edges = [
            SoldProductEdge(cursor=cursor, node=Product.of(row.product_id, seen_in))
            for row, cursor in zip(page.rows, page.cursors, strict=True)
        ]
        return SoldProductConnection(edges=edges, page_info=page.info)


@strawberry.type(description="A product that is like another.")
class ProductRecommendation:
    product: Product | None = strawberry.field(description=f"The product. {NOT_SOLD}")
    similarity: float = strawberry.field(description="Cosine similarity of the meanings, at most 1.")


@strawberry.type(description="An answer to a question about a product.")
class ProductAnswer:
    id: strawberry.ID = strawberry.field(description="Of the answer.")
    text: str = strawberry.field(description="The answer itself.")
    status: Moderation = strawberry.field(description="Whether it is shown.")
    is_official: bool = strawberry.field(description="Whether it is the shop's own.")
    author: Account | None = strawberry.field(description=f"Who answered. {_NOT_SHOWN}")
    created_at: datetime = strawberry.field(description="When.")

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(
            id=wire_id(row.id),
            text=row.text,
            status=Moderation(row.status),
            is_official=row.is_official,
            author=Account.of(row.author_id),
            created_at=row.created_at,
        )


@strawberry.type(description="A page of answers.")
class ProductAnswerConnection(Connection[ProductAnswer]):
    pass


@strawberry.type(description="A question about a product.")
class ProductQuestion:
    id: strawberry.ID = strawberry.field(description="Of the question.")
    text: str = strawberry.field(description="The question itself.")
    status: Moderation = strawberry.field(description="Whether it is shown.")
    product: Product | None = strawberry.field(description=f"What it is about. {NOT_SOLD}")
    author: Account | None = strawberry.field(description=f"Who asked. {_NOT_SHOWN}")
    created_at: datetime = strawberry.field(description="When.")
    question_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(
            id=wire_id(row.id),
            text=row.text,
            status=Moderation(row.status),
            product=Product.of(row.product_id, row.channel),
            author=Account.of(row.author_id),
            created_at=row.created_at,
            question_id=row.id,
        )

    @strawberry.field(description="What was answered, the shop's own first, then the oldest.")
    async def answers(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> ProductAnswerConnection:
        window = Window.of(ANSWERS_FIRST, first=first, after=after, last=last, before=before)
        page = await info.context.load(
            loaders.answers_of_question, self.question_id, loaders.Read(window, reader_of(info))
        )
        return ProductAnswerConnection.of(page, ProductAnswer.of)


@strawberry.type(description="A page of questions.")
class ProductQuestionConnection(Connection[ProductQuestion]):
    pass
