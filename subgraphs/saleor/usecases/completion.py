"""Turning a checkout into an order: once, with the stock that it needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from uuid import uuid4

from sqlalchemy import Row

from subgraphs.saleor.domain.errors import Refused
from subgraphs.saleor.domain.ids import global_id
from subgraphs.saleor.domain.money import ZERO
from subgraphs.saleor.domain.payloads import order_created
from subgraphs.saleor.domain.stock import Stock, allocate
from subgraphs.saleor.events import OrderCreated
from subgraphs.saleor.repository import accounts, catalogue, checkouts, orders
from subgraphs.saleor.repository.catalogue import Scope
from subgraphs.saleor.usecases.checkout import Cart
from subgraphs.saleor.usecases.pricing import Priced, price

__all__ = ["complete"]


@dataclass(frozen=True, slots=True)
class _Goods:
    """What is ordered: rows of variants and of their products, by key of the variant, and which have to be shipped."""

    variants: dict[int, Row[Any]]
    products: dict[int, Row[Any]]
    shipped: frozenset[int]


async def complete(cart: Cart) -> Row[Any]:
    """Makes the order and returns its row.

    Raises:
        Refused: the checkout is not complete, not paid, or something of it cannot be had any more.
    """
    session, checkout = cart.session, cart.checkout
    lines = (await checkouts.lines_of(session, [cart.id])).get(cart.id, [])
    if not lines:
        raise Refused("lines", "NO_LINES", "Cannot complete checkout without lines.")
    goods = await _goods(cart, [line.variant_id for line in lines])
    priced = await price(session, checkout, cart.channel, lines)
    _check(cart, priced, goods)
    paid = sum((each.amount for each in await checkouts.active_payments(session, cart.id)), ZERO)
    if paid != priced.totals.total.gross:
        message = "Provided payment methods can not cover the checkout's total amount"
        raise Refused(None, "CHECKOUT_NOT_FULLY_PAID", message)
    await _take_stock(cart, priced, goods)
    if checkout.voucher_code is not None and not await checkouts.use_voucher(session, checkout.voucher_code):
        raise Refused("voucherCode", "VOUCHER_NOT_APPLICABLE", "Voucher not applicable")
    return await _ordered(cart, priced, goods)


async def _goods(cart: Cart, variant_ids: list[int]) -> _Goods:
    everything = Scope(None, sees_all=True)
    variants = await catalogue.variants_by_id(cart.session, everything, variant_ids)
    keys = [each.product_id for each in variants.values()]
    products = await catalogue.products_by_id(cart.session, everything, keys)
    types = await catalogue.rows_by(cart.session, "ProductType", [each.product_type_id for each in products.values()])
    found = {key: products[each.product_id] for key, each in variants.items()}
    shipped = frozenset(key for key, each in found.items() if types[each.product_type_id].is_shipping_required)
    return _Goods(variants, found, shipped)


def _check(cart: Cart, priced: Priced, goods: _Goods) -> None:
    checkout = cart.checkout
    if priced.unavailable:
        variants = [global_id("ProductVariant", line.variant_id) for line in priced.unavailable]
        message = "Some of the checkout lines variants are unavailable."
        raise Refused("lines", "UNAVAILABLE_VARIANT_IN_CHANNEL", message, variants=variants)
    if goods.shipped and checkout.shipping_address_id is None:
        raise Refused("shippingAddress", "SHIPPING_ADDRESS_NOT_SET", "Shipping address is not set")
    if goods.shipped and priced.shipping_method is None:
        raise Refused("shippingMethod", "SHIPPING_METHOD_NOT_SET", "Shipping method is not set")
    if checkout.billing_address_id is None:
        raise Refused("billingAddress", "BILLING_ADDRESS_NOT_SET", "Billing address is not set")
    if checkout.email is None:
        raise Refused("email", "EMAIL_NOT_SET", "Checkout email must be set.")
    if checkout.voucher_code is not None and priced.voucher is None:
        raise Refused("voucherCode", "VOUCHER_NOT_APPLICABLE", "Voucher not applicable")


async def _take_stock(cart: Cart, priced: Priced, goods: _Goods) -> None:
    """Promise the items to the order; the stocks are held until it is there, so that none is promised twice."""
    counted = {line.variant_id: line for line in priced.lines if goods.variants[line.variant_id].track_inventory}
    stocks = await catalogue.stocks_of(cart.session, cart.channel.id, [*counted], locked=True)
    taken: dict[int, int] = {}
    missing = []
    for key, line in counted.items():
        rows = [Stock(row.id, row.quantity, row.quantity_allocated) for row in stocks.get(key, ())]
        part = allocate(rows, line.quantity)
        if part is None:
            missing.append(key)
        else:
            taken |= part
    if missing:
        names = ", ".join(goods.products[key].name for key in missing)
        raise Refused(
            "lines",
            "INSUFFICIENT_STOCK",
            f"Insufficient product stock: {names}",
            variants=[global_id("ProductVariant", key) for key in missing],
            lines=[global_id("CheckoutLine", counted[key].id) for key in missing],
        )
    for stock_id, count in taken.items():
        await orders.promise(cart.session, stock_id, count)


async def _ordered(cart: Cart, priced: Priced, goods: _Goods) -> Row[Any]:
    session, checkout, totals = cart.session, cart.checkout, priced.totals
    order_id, tenant_id = uuid4(), session.context.tenant_id
    method = priced.shipping_method
    order = {
        "tenant_id": tenant_id,
        "id": order_id,
        "number": await orders.next_number(session),
        "channel_id": cart.channel.id,
        "user_id": checkout.user_id,
        "email": checkout.email,
        "status": "UNFULFILLED",
        "checkout_id": cart.id,
        "shipping_address_id": checkout.shipping_address_id,
        "billing_address_id": checkout.billing_address_id,
        "shipping_method_id": None if method is None else method.id,
        "shipping_method_name": None if method is None else method.name,
        "is_shipping_required": bool(goods.shipped),
        "currency": cart.channel.currency,
        "total_net": totals.total.net,
        "total_gross": totals.total.gross,
        "shipping_net": totals.shipping.net,
        "shipping_gross": totals.shipping.gross,
        "undiscounted_shipping": totals.undiscounted_shipping,
        "discount": totals.discount,
        "tax_percent": cart.channel.tax_percent,
        "voucher_code": checkout.voucher_code,
        "metadata": checkout.metadata,
    }
    lines = []
    for row, line in zip(priced.lines, totals.lines, strict=True):
        variant: Any = goods.variants[row.variant_id]
        prices: dict[str, Decimal] = {
            "unit_net": line.unit.net,
            "unit_gross": line.unit.gross,
            "total_net": line.total.net,
            "total_gross": line.total.gross,
            "undiscounted_unit": line.undiscounted_unit,
        }
        lines.append(
            {
                "tenant_id": tenant_id,
                "id": uuid4(),
                "order_id": order_id,
                "variant_id": variant.id,
                "product_name": goods.products[variant.id].name,
                "variant_name": variant.name,
                "sku": variant.sku,
                "quantity": row.quantity,
                "is_shipping_required": variant.id in goods.shipped,
                **prices,
            }
        )
    await orders.add_order(session, order, lines)
    await orders.close_checkout(session, cart.id, order_id)
    placed = (await orders.orders_by_id(session, [order_id]))[order_id]
    await _tell(cart, placed, lines, goods)
    return placed


async def _tell(cart: Cart, placed: Row[Any], lines: Sequence[Mapping[str, Any]], goods: _Goods) -> None:
    key = placed.billing_address_id
    address = (await accounts.addresses_by_id(cart.session, [key])).get(key)
    payload = order_created(
        placed._asdict(),
        lines,
        channel=cart.channel.slug,
        created=placed.created_at.isoformat(),
        product_ids={variant: product.id for variant, product in goods.products.items()},
        names=None if address is None else (address.first_name, address.last_name),
    )
    cart.session.publish(OrderCreated(payload["order"]["id"], payload))
