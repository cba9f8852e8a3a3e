"""What mutations take."""

from datetime import time
from decimal import Decimal
from typing import Any

import strawberry

from resolvers.ids import parse_id
from resolvers.scalars import ExactDecimal
from subgraphs.storefront.domain.moderation import Moderation
from subgraphs.storefront.schema.arguments import Weekday, given

_CHANNEL = "Slug of the channel that it is looked at in; null for the tenant's own, whichever that is."
_EXPECTED = "The version that you have read; if there is another by now, nothing changes."
_ZONE = "IANA name of its clock's time zone."
_CUTOFF = "What is ordered until then is taken up on the same day; whole minutes, without offset."
_NOTHING = ExactDecimal(Decimal(0))
_URL = "Of the article at the supplier's."


@strawberry.input(description="A new supplier.")
class AddSupplierInput:
    name: str = strawberry.field(description="Unique in the tenant; 1 to 120 characters.")
    country_code: str = strawberry.field(description="Where it sends from; two letters of ISO 3166-1.")
    time_zone: str = strawberry.field(description=_ZONE)
    cutoff: time = strawberry.field(description=_CUTOFF)
    working_days: list[Weekday] = strawberry.field(description="Days on which it works, at least one.")
    handling_days: int = strawberry.field(description="Working days until an order is handed over, 0 to 60.")
    transit_min_days: int = strawberry.field(description="Days under way at least.")
    transit_max_days: int = strawberry.field(description="Days under way at most, up to 120.")

    def values(self) -> dict[str, Any]:
        """What was given, as the use case takes it."""
        return {**vars(self), "working_days": [day.value for day in self.working_days]}


@strawberry.input(description="Changes to a supplier; what is left out stays as it is.")
class UpdateSupplierInput:
    id: strawberry.ID = strawberry.field(description="The supplier.")
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)
    name: str | None = strawberry.field(default=strawberry.UNSET, description="Unique in the tenant.")
    country_code: str | None = strawberry.field(default=strawberry.UNSET, description="Where it sends from.")
    time_zone: str | None = strawberry.field(default=strawberry.UNSET, description=_ZONE)
    cutoff: time | None = strawberry.field(default=strawberry.UNSET, description=_CUTOFF)
    working_days: list[Weekday] | None = strawberry.field(default=strawberry.UNSET, description="When it works.")
    handling_days: int | None = strawberry.field(default=strawberry.UNSET, description="Until it hands over.")
    transit_min_days: int | None = strawberry.field(default=strawberry.UNSET, description="Under way at least.")
    transit_max_days: int | None = strawberry.field(default=strawberry.UNSET, description="Under way at most.")

    def changes(self) -> dict[str, Any]:
        """What was given, as the use case takes it.

        Raises:
            BadUserInput: null for what cannot be removed.
        """
        names = tuple(name for name in vars(self) if name not in {"id", "expected_version"})
        changes = given(self, names, frozenset())
        if "working_days" in changes:
            changes["working_days"] = [day.value for day in changes["working_days"]]
        return changes


@strawberry.input(description="A new offer of a supplier's.")
class AddSupplierOfferInput:
    supplier_id: strawberry.ID = strawberry.field(description="Who makes it.")
    product_id: strawberry.ID = strawberry.field(description="The product, from the shop.")
    variant_id: strawberry.ID = strawberry.field(description="The variant, from the shop.")
    supplier_sku: str = strawberry.field(description="The supplier's number of the article.")
    currency: str = strawberry.field(description="ISO 4217 code of the costs.")
    unit_cost: ExactDecimal = strawberry.field(description="Of one article; at most four places.")
    shipping_cost: ExactDecimal = strawberry.field(default=_NOTHING, description="Freight for one article.")
    duty_percent: ExactDecimal = strawberry.field(default=_NOTHING, description="Customs duty on both.")
    asin: str | None = strawberry.field(default=None, description="Amazon's number of the article.")
    minimum_quantity: int = strawberry.field(default=1, description="To order at once.")
    available_quantity: int | None = strawberry.field(default=None, description="In stock; null if it does not tell.")
    handling_days: int | None = strawberry.field(default=None, description="Where it takes other than the usual time.")
    url: str | None = strawberry.field(default=None, description=_URL)
    is_active: bool = strawberry.field(default=True, description="Whether it counts.")

    def values(self) -> dict[str, Any]:
        """What was given, as the use case takes it.

        Raises:
            BadUserInput: no supplier's id.
        """
        return {**vars(self), "supplier_id": parse_id(self.supplier_id, "supplierId")}


@strawberry.input(description="Changes to an offer; what is left out stays as it is.")
class UpdateSupplierOfferInput:
    id: strawberry.ID = strawberry.field(description="The offer.")
    expected_version: int | None = strawberry.field(default=None, description=_EXPECTED)
    supplier_sku: str | None = strawberry.field(default=strawberry.UNSET, description="The supplier's number.")
    currency: str | None = strawberry.field(default=strawberry.UNSET, description="Of the costs.")
    unit_cost: ExactDecimal | None = strawberry.field(default=strawberry.UNSET, description="Of one article.")
    shipping_cost: ExactDecimal | None = strawberry.field(default=strawberry.UNSET, description="Freight.")
    duty_percent: ExactDecimal | None = strawberry.field(default=strawberry.UNSET, description="Customs duty.")
    asin: str | None = strawberry.field(default=strawberry.UNSET, description="Amazon's number; null removes it.")
    minimum_quantity: int | None = strawberry.field(default=strawberry.UNSET, description="To order at once.")
    available_quantity: int | None = strawberry.field(default=strawberry.UNSET, description="In stock.")
    handling_days: int | None = strawberry.field(default=strawberry.UNSET, description="Null: the usual time.")
    url: str | None = strawberry.field(default=strawberry.UNSET, description=_URL)
    is_active: bool | None = strawberry.field(default=strawberry.UNSET, description="Whether it counts.")

    def changes(self) -> dict[str, Any]:
        """What was given, as the use case takes it.

        Raises:
            BadUserInput: null for what cannot be removed.
        """
        names = tuple(name for name in vars(self) if name not in {"id", "expected_version"})
        return given(self, names, frozenset({"asin", "available_quantity", "handling_days", "url"}))


@strawberry.input(description="How much tax is in the prices that are entered in a channel.")
class SetChannelTaxInput:
    channel: str = strawberry.field(description="Slug of the channel.")
    tax_percent: ExactDecimal = strawberry.field(description="On the price without it; 0 where it holds none.")


@strawberry.input(description="What the storefront is to know of a product.")
class DescribeProductInput:
    product_id: strawberry.ID = strawberry.field(description="The product, from the shop.")
    title: str = strawberry.field(description="What it is called; 1 to 240 characters.")
    description: str = strawberry.field(default="", description="What it is, in plain words: by these it is found.")
    seller_id: strawberry.ID | None = strawberry.field(
        default=None, description="The business that sells it; null for the shop itself. It is not checked."
    )
    channels: list[str] | None = strawberry.field(
        default=None, description="Slugs of the channels in which the shop shows it; null: in all of them."
    )


@strawberry.input(description="A product for a wishlist.")
class AddToWishlistInput:
    wishlist_id: strawberry.ID | None = strawberry.field(
        default=None, description="Null for one's first list, which is made if there is none."
    )
    product_id: strawberry.ID = strawberry.field(description="The product, from the shop.")
    variant_id: strawberry.ID | None = strawberry.field(default=None, description="Which variant; null for any.")
    channel: str | None = strawberry.field(default=None, description=_CHANNEL)
    note: str = strawberry.field(default="", description="At most 500 characters.")


@strawberry.input(description="What to take off a wishlist.")
class RemoveFromWishlistInput:
    wishlist_id: strawberry.ID = strawberry.field(description="The list.")
    product_id: strawberry.ID = strawberry.field(description="The product.")
    variant_id: strawberry.ID | None = strawberry.field(default=None, description="As it was put there.")


@strawberry.input(description="A product that is looked at.")
class NoteProductViewInput:
    product_id: strawberry.ID = strawberry.field(description="The product, from the shop.")
    channel: str | None = strawberry.field(default=None, description=_CHANNEL)


@strawberry.input(description="A variant that can be had again, or is waited for.")
class BackInStockInput:
    variant_id: strawberry.ID = strawberry.field(description="The variant, from the shop.")
    channel: str | None = strawberry.field(default=None, description="Slug of the channel; null for any.")


@strawberry.input(description="A question about a product.")
class AskProductQuestionInput:
    product_id: strawberry.ID = strawberry.field(description="The product, from the shop.")
    text: str = strawberry.field(description="The question itself, at most 1000 characters.")
    channel: str | None = strawberry.field(default=None, description=_CHANNEL)


@strawberry.input(description="An answer to a question.")
class AnswerProductQuestionInput:
    question_id: strawberry.ID = strawberry.field(description="The question.")
    text: str = strawberry.field(description="The answer itself, at most 4000 characters.")


@strawberry.input(description="What becomes of a question or an answer.")
class ModerateInput:
    id: strawberry.ID = strawberry.field(description="Of the question or the answer.")
    status: Moderation = strawberry.field(description="Whether it is shown from now on.")


@strawberry.input(description="A checkout of the shop's that is the asking user's.")
class AddCartInput:
    checkout_id: strawberry.ID = strawberry.field(description="Of the checkout, as `checkoutCreate` answered it.")
    channel: str | None = strawberry.field(default=None, description="Slug of the channel that it is bought in.")
    name: str = strawberry.field(default="Cart", description="What to call it; 1 to 120 characters.")


@strawberry.input(description="The end of a cart.")
class CloseCartInput:
    id: strawberry.ID = strawberry.field(description="The cart.")
    order_id: strawberry.ID | None = strawberry.field(
        default=None,
        description="The order that was made of it, as `checkoutComplete` answered it; null: it is given up.",
    )
