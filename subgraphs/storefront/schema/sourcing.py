"""Where articles come from: suppliers, their offers, what is left of a price, when an order arrives."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any, Self
from uuid import UUID

import strawberry
from sqlalchemy import Row

from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from resolvers.pagination import Connection
from resolvers.scalars import ExactDecimal
from subgraphs.storefront import loaders
from subgraphs.storefront.domain import delivery, money
from subgraphs.storefront.domain.offers import best_offer, landed
from subgraphs.storefront.schema.arguments import Weekday

__all__ = [
    "DeliveryPromise",
    "MoneyAmount",
    "ProfitMargin",
    "Supplier",
    "SupplierConnection",
    "SupplierOffer",
    "SupplierOfferConnection",
    "VariantProfitMargin",
    "promise_of",
]


@strawberry.type(description="An exact amount of one currency.")
class MoneyAmount:
    amount: ExactDecimal = strawberry.field(description="How much.")
    currency: str = strawberry.field(description="ISO 4217 code.")

    @classmethod
    def of(cls, value: money.Money) -> Self:
        return cls(amount=ExactDecimal(value.amount), currency=value.currency)


@strawberry.federation.type(keys=["id"], description="Who articles are bought from.")
class Supplier:
    id: strawberry.ID = strawberry.field(description="Of the supplier.")
    name: str = strawberry.field(description="Unique in the tenant.")
    country_code: str = strawberry.field(description="Where it sends from; two letters of ISO 3166-1.")
    time_zone: str = strawberry.field(description="IANA name of its clock's.")
    cutoff: time = strawberry.field(description="What is ordered until then is taken up on the same day.")
    working_days: list[Weekday] = strawberry.field(description="Days on which it works.")
    handling_days: int = strawberry.field(description="Working days until an order is handed over.")
    transit_min_days: int = strawberry.field(description="Days under way at least.")
    transit_max_days: int = strawberry.field(description="Days under way at most.")
    version: int = strawberry.field(description="Counts changes; for expectedVersion.")
    row: strawberry.Private[Row[Any]]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(
            id=wire_id(row.id),
            name=row.name,
            country_code=row.country_code,
            time_zone=row.time_zone,
            cutoff=row.cutoff,
            working_days=[Weekday(day) for day in row.working_days],
            handling_days=row.handling_days,
            transit_min_days=row.transit_min_days,
            transit_max_days=row.transit_max_days,
            version=row.version,
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:  # noqa: A002 - the key field's name
        row = await info.context.load(loaders.supplier_by_id, parse_id(id))
        return None if row is None else cls.of(row)


@strawberry.type(description="A page of suppliers.")
class SupplierConnection(Connection[Supplier]):
    pass


@strawberry.federation.type(keys=["id"], description="What a supplier asks for one variant of a product.")
class SupplierOffer:
    id: strawberry.ID = strawberry.field(description="Of the offer.")
    product_id: strawberry.ID = strawberry.field(description="Of the product, from the shop.")
    variant_id: strawberry.ID = strawberry.field(description="Of the variant, from the shop.")
    supplier_sku: str = strawberry.field(description="The supplier's number of the article.")
    asin: str | None = strawberry.field(description="Amazon's number of the article.")
    unit_cost: MoneyAmount = strawberry.field(description="Of one article, to four places.")
    shipping_cost: MoneyAmount = strawberry.field(description="Freight for one article, to four places.")
    duty_percent: ExactDecimal = strawberry.field(description="Customs duty on cost and freight.")
    landed_cost: MoneyAmount = strawberry.field(description="Of one article by the time it is here, rounded.")
    minimum_quantity: int = strawberry.field(description="To order at once.")
    available_quantity: int | None = strawberry.field(description="In the supplier's stock; null if it does not tell.")
    handling_days: int | None = strawberry.field(description="Where it takes other than the supplier's usual time.")
    url: str | None = strawberry.field(description="Of the article at the supplier's.")
    is_active: bool = strawberry.field(description="Whether it counts.")
    version: int = strawberry.field(description="Counts changes; for expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was noted.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    row: strawberry.Private[Row[Any]]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        def amount(value: Any) -> MoneyAmount:
            return MoneyAmount(amount=value, currency=row.currency)

        return cls(
            id=wire_id(row.id),
            product_id=strawberry.ID(row.product_id),
            variant_id=strawberry.ID(row.variant_id),
            supplier_sku=row.supplier_sku,
            asin=row.asin,
            unit_cost=amount(row.unit_cost),
            shipping_cost=amount(row.shipping_cost),
            duty_percent=row.duty_percent,
            landed_cost=MoneyAmount.of(landed(row).rounded()),
            minimum_quantity=row.minimum_quantity,
            available_quantity=row.available_quantity,
            handling_days=row.handling_days,
            url=row.url,
            is_active=row.is_active,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
            row=row,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:  # noqa: A002 - the key field's name
        row = await info.context.load(loaders.offer_by_id, parse_id(id))
        return None if row is None else cls.of(row)

    @strawberry.field(description="Who makes it.")
    async def supplier(self, info: Info) -> Supplier:
        return Supplier.of(await _supplier(info, self.row.supplier_id))


@strawberry.type(description="A page of offers.")
class SupplierOfferConnection(Connection[SupplierOffer]):
    pass


@strawberry.type(description="What is left of a variant's price.")
class VariantProfitMargin:
    variant_id: strawberry.ID = strawberry.field(description="Of the variant.")
    price: MoneyAmount = strawberry.field(description="What a customer pays in the channel, without the tax in it.")
    landed_cost: MoneyAmount = strawberry.field(description="Of the cheapest offer that can be had in that currency.")
    profit: MoneyAmount = strawberry.field(description="The difference; below zero for a loss.")
    rate: ExactDecimal | None = strawberry.field(
        description="Profit as a part of the price, four places; null where the price is zero."
    )
    offer: SupplierOffer = strawberry.field(description="The offer that was reckoned with.")

    @classmethod
    def of(cls, margin: money.Margin, offer: Row[Any]) -> Self:
        return cls(
            variant_id=strawberry.ID(offer.variant_id),
            price=MoneyAmount.of(margin.price),
            landed_cost=MoneyAmount.of(margin.landed_cost),
            profit=MoneyAmount.of(margin.profit),
            rate=None if margin.rate is None else ExactDecimal(margin.rate),
            offer=SupplierOffer.of(offer),
        )


@strawberry.type(description="What is left of the prices of a product's variants.")
class ProfitMargin:
    lowest: VariantProfitMargin = strawberry.field(description="Of the variant with the lowest rate.")
    highest: VariantProfitMargin = strawberry.field(description="Of the variant with the highest rate.")
    uncovered: int = strawberry.field(
        description="How many variants have a price in the channel, but no offer in its currency."
    )


@strawberry.type(description="When an order arrives.")
class DeliveryPromise:
    order_by: datetime = strawberry.field(description="Until when to order for it.")
    dispatched_on: date = strawberry.field(description="When the supplier hands it over; its own date.")
    earliest: date = strawberry.field(description="First day on which it may arrive.")
    latest: date = strawberry.field(description="Last day on which it arrives.")


async def promise_of(info: Info, offers: Sequence[Row[Any]], ordered_at: datetime | None) -> DeliveryPromise | None:
    """When an order of what is offered arrives: by the offer that counts; None if nothing can be had."""
    offer = best_offer(offers)
    if offer is None:
        return None
    supplier = await _supplier(info, offer.supplier_id)
    rules = delivery.DeliveryRules(
        supplier.time_zone,
        supplier.cutoff,
        frozenset(supplier.working_days),
        supplier.handling_days,
        supplier.transit_min_days,
        supplier.transit_max_days,
    )
    found = delivery.promise(rules, ordered_at or datetime.now(UTC), offer.handling_days)
    return DeliveryPromise(
        # Not with the supplier's offset: where it sits is no business of who buys.
        order_by=found.order_by.astimezone(UTC),
        dispatched_on=found.dispatched_on,
        earliest=found.earliest,
        latest=found.latest,
    )


async def _supplier(info: Info, supplier_id: UUID) -> Row[Any]:
    row = await info.context.load(loaders.supplier_by_id, supplier_id)
    assert row is not None, "an offer goes with its supplier"
    return row
