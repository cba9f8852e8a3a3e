"""Suppliers' offers of a variant, and which of them is the one that counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, TypeVar
from uuid import UUID

from subgraphs.storefront.domain.errors import InvalidValue
from subgraphs.storefront.domain.money import (
    Margin,
    Money,
    cost_amount,
    currency_of,
    landed_cost,
    margin_of,
    percentage,
)
from subgraphs.storefront.domain.values import MAX_SKU, asin_of, number_between, shop_id, text_of

MAX_QUANTITY = 1_000_000
MAX_HANDLING_DAYS = 60


class Offered(Protocol):
    """What of an offer counts when it is compared with others. A row of the table is one."""

    id: UUID
    variant_id: str
    currency: str
    unit_cost: Decimal
    shipping_cost: Decimal
    duty_percent: Decimal
    available_quantity: int | None
    is_active: bool


O = TypeVar("O", bound=Offered)  # noqa: E741 - one letter, as type variables are


@dataclass(frozen=True, slots=True)
class Offer:
    """What a supplier asks for one variant, checked.

    Attributes:
        product_id, variant_id: Saleor's.
        supplier_sku: the supplier's number of the article.
        asin: Amazon's, or None.
        unit_cost, shipping_cost: for one article, in `currency`.
        duty_percent: on both.
        minimum_quantity: to order at once.
        available_quantity: in the supplier's stock; None if it does not tell.
        handling_days: where this article takes other than the supplier's usual time; working days.
        url: the article's page at the supplier's, or None.
    """

    supplier_id: UUID
    product_id: str
    variant_id: str
    supplier_sku: str
    asin: str | None
    currency: str
    unit_cost: Decimal
    shipping_cost: Decimal
    duty_percent: Decimal
    minimum_quantity: int
    available_quantity: int | None
    handling_days: int | None
    url: str | None
    is_active: bool


def checked_offer(values: dict[str, Any]) -> Offer:
    """An offer as someone sent it, if it is one.

    Args:
        values: attributes of `Offer`.

    Raises:
        InvalidValue: it is not; the path names the wrong one.
    """
    available, handling, url = values["available_quantity"], values["handling_days"], values["url"]
    if url is not None and not url.startswith(("https://", "http://")):
        raise InvalidValue("An address begins with https:// or http://.", path=("url",))
    return Offer(
        supplier_id=values["supplier_id"],
        product_id=shop_id(values["product_id"], "Product", "productId"),
        variant_id=shop_id(values["variant_id"], "ProductVariant", "variantId"),
        supplier_sku=text_of(values["supplier_sku"], MAX_SKU, "supplierSku"),
        asin=asin_of(values["asin"], "asin"),
        currency=currency_of(values["currency"], "currency"),
        unit_cost=cost_amount(values["unit_cost"], "unitCost"),
        shipping_cost=cost_amount(values["shipping_cost"], "shippingCost"),
        duty_percent=percentage(values["duty_percent"], "dutyPercent"),
        minimum_quantity=number_between(values["minimum_quantity"], 1, MAX_QUANTITY, "minimumQuantity"),
        available_quantity=None
        if available is None
        else number_between(available, 0, MAX_QUANTITY, "availableQuantity"),
        handling_days=None if handling is None else number_between(handling, 0, MAX_HANDLING_DAYS, "handlingDays"),
        url=None if url is None else text_of(url, 500, "url"),
        is_active=values["is_active"],
    )


def landed(offer: Offered) -> Money:
    """What one article of an offer costs by the time it is here."""
    return Money(landed_cost(offer.unit_cost, offer.shipping_cost, offer.duty_percent), offer.currency)


def best_offer(offers: Iterable[O], currency: str | None = None) -> O | None:
    """The offer that counts: the cheapest to land of those that can be had; ties by id, so always the same one.

    Args:
        offers: of one currency, or with `currency` of any: costs in different ones are not compared.
        currency: None takes the currency of most offers that can be had, the first by name among equals.
    """
    usable = [each for each in offers if each.is_active and each.available_quantity != 0]
    if currency is None:
        counts: dict[str, int] = {}
        for each in usable:
            counts[each.currency] = counts.get(each.currency, 0) + 1
        currency = min(counts, key=lambda code: (-counts[code], code), default=None)
    return min(
        (each for each in usable if each.currency == currency),
        key=lambda each: (landed(each).amount, each.id),
        default=None,
    )


def margins(prices: Sequence[tuple[str, Money]], offers: Sequence[O]) -> list[tuple[Margin, O]]:
    """What is left of each variant's net price, lowest rate first; variants without an offer in its currency fall out.

    Args:
        prices: variant id and net price.
        offers: of any of the variants.
    """
    found: list[tuple[Margin, O]] = []
    for variant_id, price in prices:
        offer = best_offer((each for each in offers if each.variant_id == variant_id), price.currency)
        if offer is not None:
            found.append((margin_of(price, landed(offer)), offer))
    return sorted(found, key=lambda pair: (pair[0].rate if pair[0].rate is not None else Decimal(0), pair[1].id))
