"""Root mutations: each takes what it needs and answers a payload with typed errors."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from typing import Annotated
from uuid import UUID

import strawberry

from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from subgraphs.storefront.domain.webhooks import ORDER_CREATED
from subgraphs.storefront.schema import inputs
from subgraphs.storefront.schema.arguments import WRITE, IdArgument, reader_of, under
from subgraphs.storefront.schema.products import (
    BackInStockSubscription,
    Product,
    ProductAnswer,
    ProductQuestion,
    ProductVariant,
)
from subgraphs.storefront.schema.shopping import Cart, Wishlist
from subgraphs.storefront.schema.sourcing import Supplier, SupplierOffer
from subgraphs.storefront.usecases import noted, orders, profiles, questions, sourcing

_NameArgument = Annotated[str, strawberry.argument(description="What to call it; 1 to 120 characters.")]


@strawberry.type(description="Answer of a mutation of a supplier.")
class SupplierPayload(MutationPayload):
    supplier: Supplier | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="Answer of a mutation of an offer.")
class SupplierOfferPayload(MutationPayload):
    offer: SupplierOffer | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="Answer of a mutation that removes something.")
class RemovedPayload(MutationPayload):
    removed_id: strawberry.ID | None = strawberry.field(default=None, description="The id that it had.")


@strawberry.type(description="Answer of `setChannelTax`.")
class ChannelTaxPayload(MutationPayload):
    channel: str | None = strawberry.field(default=None, description="The channel's slug.")


@strawberry.type(
    description="What the tenant's Saleor is given as a webhook for ORDER_CREATED. The secret is told this once."
)
class OrderWebhookPayload(MutationPayload):
    path: str | None = strawberry.field(default=None, description="Of `targetUrl`, at the storefront's own address.")
    secret: str | None = strawberry.field(default=None, description="`secretKey`; told this once.")
    query: str | None = strawberry.field(default=None, description="`query`: what is to be in the body.")


@strawberry.type(description="Answer of a mutation about a product.")
class ProductPayload(MutationPayload):
    product: Product | None = strawberry.field(default=None, description="The product.")


@strawberry.type(description="Answer of a mutation of a wishlist.")
class WishlistPayload(MutationPayload):
    wishlist: Wishlist | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="Answer of a subscription to what is sold out.")
class BackInStockPayload(MutationPayload):
    subscription: BackInStockSubscription | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="Answer of `markBackInStock`.")
class MarkBackInStockPayload(MutationPayload):
    variant: ProductVariant | None = strawberry.field(default=None, description="The variant.")
    ended: int = strawberry.field(default=0, description="How many waited for it.")


@strawberry.type(description="Answer of a mutation of a question.")
class ProductQuestionPayload(MutationPayload):
    question: ProductQuestion | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="Answer of a mutation of an answer.")
class ProductAnswerPayload(MutationPayload):
    answer: ProductAnswer | None = strawberry.field(default=None, description="As it is now.")


@strawberry.type(description="Answer of a mutation of a cart.")
class CartPayload(MutationPayload):
    cart: Cart | None = strawberry.field(default=None, description="As it is now.")


def _person(info: Info) -> tuple[UUID, UUID]:
    """Tenant and user; who is not signed in is refused before anything is looked at."""
    return info.context.tenant_id(), info.context.user_id()


@strawberry.type(description="What can be changed by who runs the shop.")
class ShopMutation:
    @mutation(SupplierPayload, scope=WRITE, description="Note a new supplier.")
    async def add_supplier(
        self, info: Info, input: Annotated[inputs.AddSupplierInput, strawberry.argument(description="The supplier.")]
    ) -> SupplierPayload:
        with under("input"):
            row = await sourcing.add_supplier(info.context.session, info.context.tenant_id(), input.values())
        return SupplierPayload(supplier=Supplier.of(row))

    @mutation(SupplierPayload, scope=WRITE, description="Change what is known of a supplier.")
    async def update_supplier(
        self, info: Info, input: Annotated[inputs.UpdateSupplierInput, strawberry.argument(description="The changes.")]
    ) -> SupplierPayload:
        with under("input"):
            row = await sourcing.change_supplier(
                info.context.session, parse_id(input.id, "id"), input.changes(), input.expected_version
            )
        return SupplierPayload(supplier=Supplier.of(row))

    @mutation(SupplierOfferPayload, scope=WRITE, description="Note what a supplier asks for a variant.")
    async def add_supplier_offer(
        self, info: Info, input: Annotated[inputs.AddSupplierOfferInput, strawberry.argument(description="The offer.")]
    ) -> SupplierOfferPayload:
        with under("input"):
            row = await sourcing.add_offer(info.context.session, info.context.tenant_id(), input.values())
        return SupplierOfferPayload(offer=SupplierOffer.of(row))

    @mutation(SupplierOfferPayload, scope=WRITE, description="Change what a supplier asks.")
    async def update_supplier_offer(
        self,
        info: Info,
        input: Annotated[inputs.UpdateSupplierOfferInput, strawberry.argument(description="The changes.")],
    ) -> SupplierOfferPayload:
        with under("input"):
            row = await sourcing.change_offer(
                info.context.session, parse_id(input.id, "id"), input.changes(), input.expected_version
            )
        return SupplierOfferPayload(offer=SupplierOffer.of(row))

    @mutation(RemovedPayload, scope=WRITE, description="Remove an offer.")
    async def remove_supplier_offer(self, info: Info, id: IdArgument) -> RemovedPayload:
        offer_id = parse_id(id, "id")
        await sourcing.remove_offer(info.context.session, offer_id)
        return RemovedPayload(removed_id=wire_id(offer_id))

    @mutation(ChannelTaxPayload, scope=WRITE, description="Note how much tax is in the prices of a channel.")
    async def set_channel_tax(
        self, info: Info, input: Annotated[inputs.SetChannelTaxInput, strawberry.argument(description="The tax.")]
    ) -> ChannelTaxPayload:
        with under("input"):
            await sourcing.set_channel_tax(
                info.context.session, info.context.tenant_id(), input.channel, input.tax_percent
            )
        return ChannelTaxPayload(channel=input.channel)

    @mutation(
        OrderWebhookPayload,
        scope=WRITE,
        description="Let the tenant's Saleor tell of orders; an earlier secret is refused from now.",
    )
    async def renew_order_webhook(
        self,
        info: Info,
        channels: Annotated[
            list[str] | None,
            strawberry.argument(description="Slugs of the tenant's channels; null where all of the Saleor are."),
        ] = None,
    ) -> OrderWebhookPayload:
        tenant_id = info.context.tenant_id()
        secret = await orders.renew_webhook(info.context.session, tenant_id, channels)
        path = f"/storefront/webhooks/saleor/{tenant_id}"
        return OrderWebhookPayload(path=path, secret=secret, query=ORDER_CREATED)

    @mutation(ProductPayload, scope=WRITE, description="Tell who sells a product, and by which words it is found.")
    async def describe_product(
        self, info: Info, input: Annotated[inputs.DescribeProductInput, strawberry.argument(description="The product.")]
    ) -> ProductPayload:
        context = info.context
        with under("input"):
            row = await profiles.describe_product(
                context.session,
                context.tenant_id(),
                context.services.embeddings,
                product_id=input.product_id,
                title=input.title,
                description=input.description,
                seller_id=None if input.seller_id is None else parse_id(input.seller_id, "sellerId"),
                channels=input.channels,
            )
        return ProductPayload(product=Product.of(row.product_id, None))

    @mutation(MarkBackInStockPayload, scope=WRITE, description="End the waiting for a variant that can be had again.")
    async def mark_back_in_stock(
        self, info: Info, input: Annotated[inputs.BackInStockInput, strawberry.argument(description="The variant.")]
    ) -> MarkBackInStockPayload:
        with under("input"):
            ended = await noted.mark_back_in_stock(info.context.session, input.variant_id, input.channel)
        return MarkBackInStockPayload(variant=ProductVariant.of(input.variant_id, input.channel), ended=ended)

    @mutation(ProductQuestionPayload, scope=WRITE, description="Publish or reject a question.")
    async def moderate_product_question(
        self, info: Info, input: Annotated[inputs.ModerateInput, strawberry.argument(description="The verdict.")]
    ) -> ProductQuestionPayload:
        _, user_id = _person(info)
        with under("input"):
            question_id = parse_id(input.id, "id")
            row = await questions.moderate_question(info.context.session, user_id, question_id, input.status)
        return ProductQuestionPayload(question=ProductQuestion.of(row))

    @mutation(ProductAnswerPayload, scope=WRITE, description="Publish or reject an answer.")
    async def moderate_product_answer(
        self, info: Info, input: Annotated[inputs.ModerateInput, strawberry.argument(description="The verdict.")]
    ) -> ProductAnswerPayload:
        _, user_id = _person(info)
        with under("input"):
            answer_id = parse_id(input.id, "id")
            row = await questions.moderate_answer(info.context.session, user_id, answer_id, input.status)
        return ProductAnswerPayload(answer=ProductAnswer.of(row))


@strawberry.type(description="What a user can note or ask.")
class ShopperMutation:
    @mutation(WishlistPayload, description="Make another wishlist.")
    async def create_wishlist(self, info: Info, name: _NameArgument) -> WishlistPayload:
        tenant_id, user_id = _person(info)
        row = await noted.add_wishlist(info.context.session, tenant_id, user_id, name)
        return WishlistPayload(wishlist=Wishlist.of(row))

    @mutation(WishlistPayload, description="Give a wishlist another name.")
    async def rename_wishlist(self, info: Info, id: IdArgument, name: _NameArgument) -> WishlistPayload:
        _, user_id = _person(info)
        row = await noted.rename_wishlist(info.context.session, user_id, parse_id(id, "id"), name)
        return WishlistPayload(wishlist=Wishlist.of(row))

    @mutation(RemovedPayload, description="Remove a wishlist with what is on it; one's only one stays.")
    async def delete_wishlist(self, info: Info, id: IdArgument) -> RemovedPayload:
        _, user_id = _person(info)
        wishlist_id = parse_id(id, "id")
        await noted.remove_wishlist(info.context.session, user_id, wishlist_id)
        return RemovedPayload(removed_id=wire_id(wishlist_id))

    @mutation(WishlistPayload, description="Put a product on a wishlist, once; again, it changes the note.")
    async def add_to_wishlist(
        self, info: Info, input: Annotated[inputs.AddToWishlistInput, strawberry.argument(description="The product.")]
    ) -> WishlistPayload:
        tenant_id, user_id = _person(info)
        with under("input"):
            row = await noted.wish(
                info.context.session,
                tenant_id,
                user_id,
                wishlist_id=None if input.wishlist_id is None else parse_id(input.wishlist_id, "wishlistId"),
                product_id=input.product_id,
                variant_id=input.variant_id,
                channel=input.channel,
                note=input.note,
            )
        return WishlistPayload(wishlist=Wishlist.of(row))

    @mutation(WishlistPayload, description="Take a product off a wishlist.")
    async def remove_from_wishlist(
        self,
        info: Info,
        input: Annotated[inputs.RemoveFromWishlistInput, strawberry.argument(description="The product.")],
    ) -> WishlistPayload:
        _, user_id = _person(info)
        with under("input"):
            wishlist_id = parse_id(input.wishlist_id, "wishlistId")
            row = await noted.unwish(info.context.session, user_id, wishlist_id, input.product_id, input.variant_id)
        return WishlistPayload(wishlist=Wishlist.of(row))

    @mutation(ProductPayload, description="Note that one looks at a product; the latest hundred are kept.")
    async def note_product_view(
        self, info: Info, input: Annotated[inputs.NoteProductViewInput, strawberry.argument(description="The product.")]
    ) -> ProductPayload:
        tenant_id, user_id = _person(info)
        with under("input"):
            await noted.note_view(info.context.session, tenant_id, user_id, input.product_id, input.channel)
        return ProductPayload(product=Product.of(input.product_id, input.channel))

    @mutation(BackInStockPayload, description="Wait for a variant that is sold out.")
    async def subscribe_back_in_stock(
        self, info: Info, input: Annotated[inputs.BackInStockInput, strawberry.argument(description="The variant.")]
    ) -> BackInStockPayload:
        tenant_id, user_id = _person(info)
        with under("input"):
            row = await noted.wait_for(info.context.session, tenant_id, user_id, input.variant_id, input.channel)
        return BackInStockPayload(subscription=BackInStockSubscription.of(row))

    @mutation(RemovedPayload, description="Wait no longer.")
    async def unsubscribe_back_in_stock(self, info: Info, id: IdArgument) -> RemovedPayload:
        _, user_id = _person(info)
        subscription_id = parse_id(id, "id")
        await noted.stop_waiting(info.context.session, user_id, subscription_id)
        return RemovedPayload(removed_id=wire_id(subscription_id))

    @mutation(ProductQuestionPayload, description="Ask about a product; all see it once it is published.")
    async def ask_product_question(
        self,
        info: Info,
        input: Annotated[inputs.AskProductQuestionInput, strawberry.argument(description="The question.")],
    ) -> ProductQuestionPayload:
        tenant_id, user_id = _person(info)
        with under("input"):
            row = await questions.ask(
                info.context.session,
                tenant_id,
                user_id,
                product_id=input.product_id,
                channel=input.channel,
                text=input.text,
            )
        return ProductQuestionPayload(question=ProductQuestion.of(row))

    @mutation(ProductAnswerPayload, description="Answer a question; all see it once it is published.")
    async def answer_product_question(
        self,
        info: Info,
        input: Annotated[inputs.AnswerProductQuestionInput, strawberry.argument(description="The answer.")],
    ) -> ProductAnswerPayload:
        tenant_id, _ = _person(info)
        with under("input"):
            question_id = parse_id(input.question_id, "questionId")
            row = await questions.answer(info.context.session, tenant_id, reader_of(info), question_id, input.text)
        return ProductAnswerPayload(answer=ProductAnswer.of(row))

    @mutation(CartPayload, description="Note that a checkout of the shop's is one's own.")
    async def add_cart(
        self, info: Info, input: Annotated[inputs.AddCartInput, strawberry.argument(description="The checkout.")]
    ) -> CartPayload:
        tenant_id, user_id = _person(info)
        with under("input"):
            row = await noted.add_cart(
                info.context.session,
                tenant_id,
                user_id,
                checkout_id=input.checkout_id,
                channel=input.channel,
                name=input.name,
            )
        return CartPayload(cart=Cart.of(row))

    @mutation(CartPayload, description="Close a cart: it was ordered, or is given up.")
    async def close_cart(
        self, info: Info, input: Annotated[inputs.CloseCartInput, strawberry.argument(description="The end.")]
    ) -> CartPayload:
        _, user_id = _person(info)
        with under("input"):
            row = await noted.close_cart(info.context.session, user_id, parse_id(input.id, "id"), input.order_id)
        return CartPayload(cart=Cart.of(row))
