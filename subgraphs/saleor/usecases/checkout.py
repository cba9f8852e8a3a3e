"""Filling a checkout: lines, addresses, delivery, voucher, payment."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row

from resolvers.session import TenantSession
from subgraphs.saleor.domain.errors import Failed, Refused
from subgraphs.saleor.domain.ids import global_id, number_of, split_id, uuid_of
from subgraphs.saleor.domain.money import rounded
from subgraphs.saleor.domain.prices import is_applicable
from subgraphs.saleor.domain.stock import Stock, available
from subgraphs.saleor.repository import accounts, catalogue, checkouts
from subgraphs.saleor.repository.catalogue import Scope
from subgraphs.saleor.usecases.pricing import price

__all__ = [
    "GATEWAY",
    "Cart",
    "add_lines",
    "add_payment",
    "apply_voucher",
    "choose_delivery",
    "create",
    "free_items",
    "open_cart",
    "remove_lines",
    "set_address",
    "set_email",
    "update_lines",
]

GATEWAY = "mirumee.payments.dummy"
"""The only way to pay: it takes whatever it is told."""

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_REQUIRED = {"street_address_1": "streetAddress1", "city": "city", "country": "country", "postal_code": "postalCode"}
_LONGEST = {
    **dict.fromkeys(["firstName", "lastName", "companyName", "streetAddress1", "streetAddress2", "city"], 256),
    "cityArea": 128,
    "postalCode": 20,
    "countryArea": 128,
}


@dataclass(frozen=True, slots=True)
class Cart:
    """A checkout that this transaction holds: whoever else wants to change it waits."""

    session: TenantSession
    shop: Row[Any]
    checkout: Row[Any]
    channel: Row[Any]

    @property
    def id(self) -> UUID:
        """Key of the checkout."""
        found: UUID = self.checkout.id
        return found


def free_items(stocks: Sequence[Row[Any]]) -> int:
    """How many items of a variant can be promised."""
    return available([Stock(row.id, row.quantity, row.quantity_allocated) for row in stocks])


async def open_cart(
    session: TenantSession, shop: Row[Any], channels: Sequence[Row[Any]], identifier: str | None, token: UUID | None
) -> Cart:
    """The checkout to be changed.

    Raises:
        Refused: there is no such checkout, or none is named.
    """
    if identifier is None and token is None:
        raise Refused(None, "GRAPHQL_ERROR", "At least one of arguments is required: 'id', 'token'.")
    try:
        key = token if token is not None else uuid_of(str(identifier), "Checkout")
    except Failed as error:
        raise Refused("id", "GRAPHQL_ERROR", str(error)) from None
    checkout = await checkouts.checkout(session, key, locked=True)
    if checkout is None:
        message = f"Couldn't resolve to a node: {identifier or token}"
        raise Refused("id" if token is None else "token", "NOT_FOUND", message)
    return Cart(session, shop, checkout, next(each for each in channels if each.id == checkout.channel_id))


async def create(
    session: TenantSession,
    shop: Row[Any],
    channel: Row[Any],
    user: Row[Any] | None,
    given: Mapping[str, Any],
) -> Cart:
    """A new checkout.

    Args:
        given: `lines`, `email`, `shippingAddress`, `billingAddress`, `metadata`, as `CheckoutCreateInput` has them.

    Raises:
        Refused: something of it cannot be had.
    """
    if not channel.is_active:
        raise Refused("channel", "CHANNEL_INACTIVE", f"Channel {channel.slug} is inactive.")
    email = given.get("email") or (None if user is None else user.email)
    key = uuid4()
    await checkouts.add_checkout(
        session,
        {
            "tenant_id": session.context.tenant_id,
            "id": key,
            "channel_id": channel.id,
            "user_id": None if user is None else user.id,
            "email": None if email is None else _checked_email(email),
            "metadata": {each["key"]: each["value"] for each in given.get("metadata") or ()},
        },
    )
    checkout = await checkouts.checkout(session, key)
    assert checkout is not None
    cart = Cart(session, shop, checkout, channel)
    await add_lines(cart, given["lines"])
    for field, column in (("shippingAddress", "shipping_address_id"), ("billingAddress", "billing_address_id")):
        if given.get(field) is not None:
            await set_address(cart, column, given[field])
    return cart


async def add_lines(cart: Cart, lines: Sequence[Mapping[str, Any]]) -> None:
    """Adds items: to the line that has the variant already, or as a new line.

    Raises:
        Refused: a variant cannot be had, or not so often.
    """
    ids = await _variant_ids(cart, [line["variantId"] for line in lines])
    present = await _quantities(cart)
    wanted: dict[int, int] = {}
    for line, variant_id in zip(lines, ids, strict=True):
        if line["quantity"] < 1:
            raise Refused("quantity", "ZERO_QUANTITY", "The quantity should be higher than zero.")
        wanted[variant_id] = wanted.get(variant_id, 0) + line["quantity"]
    await _check(cart, {key: count + present.get(key, (None, 0))[1] for key, count in wanted.items()})
    for key, count in wanted.items():
        line_id, before = present.get(key, (None, 0))
        await _put(cart, key, line_id, before + count)
    await checkouts.change(cart.session, cart.id, {})


async def update_lines(cart: Cart, lines: Sequence[Mapping[str, Any]]) -> None:
    """Sets quantities; zero takes a line away.

    Raises:
        Refused: a variant cannot be had, or not so often; there is no such line.
    """
    present = await _quantities(cart)
    by_line: dict[UUID | None, int] = {line_id: key for key, (line_id, _) in present.items()}
    wanted: dict[int, int] = {}
    named = [line for line in lines if not line.get("lineId")]
    if any(not line.get("variantId") for line in named):
        raise Refused("lineId", "REQUIRED", "One of the arguments is required: 'variantId', 'lineId'.")
    for line, variant_id in zip(named, await _variant_ids(cart, [line["variantId"] for line in named]), strict=True):
        wanted[variant_id] = line.get("quantity") or 0
    for line in lines:
        if line.get("lineId"):
            variant_of = by_line.get(_line_key(line["lineId"]))
            if variant_of is None:
                raise Refused("lineId", "NOT_FOUND", f"Couldn't resolve to a node: {line['lineId']}")
            wanted[variant_of] = line.get("quantity") or 0
    if any(count < 0 for count in wanted.values()):
        raise Refused("quantity", "ZERO_QUANTITY", "The quantity should be zero or higher.")
    await _check(cart, {key: count for key, count in wanted.items() if count})
    for key, count in wanted.items():
        await _put(cart, key, present.get(key, (None, 0))[0], count)
    await checkouts.change(cart.session, cart.id, {})


async def remove_lines(cart: Cart, line_ids: Sequence[str]) -> None:
    """Takes lines away.

    Raises:
        Refused: there is no such line.
    """
    present = {line_id for line_id, _ in (await _quantities(cart)).values()}
    keys = [_line_key(each) for each in line_ids]
    unknown = [given for given, key in zip(line_ids, keys, strict=True) if key not in present]
    if unknown:
        raise Refused("linesIds", "NOT_FOUND", f"Couldn't resolve to a node: {unknown[0]}", lines=unknown)
    await checkouts.delete_lines(cart.session, [key for key in keys if key is not None])
    await checkouts.change(cart.session, cart.id, {})


async def set_email(cart: Cart, email: str) -> None:
    """Writes the buyer's address.

    Raises:
        Refused: it is none.
    """
    await checkouts.change(cart.session, cart.id, {"email": _checked_email(email)})


async def set_address(cart: Cart, column: str, given: Mapping[str, Any]) -> None:
    """Writes an address.

    Args:
        column: `shipping_address_id` or `billing_address_id`.
        given: as `AddressInput` has it.

    Raises:
        Refused: something lacks, or is too long.
    """
    values = {_column(field): str(value) for field, value in given.items() if value and field != "skipValidation"}
    if not given.get("skipValidation"):
        for name, field in _REQUIRED.items():
            if not values.get(name):
                raise Refused(field, "REQUIRED", "This field is required.")
    for field, most in _LONGEST.items():
        length = len(values.get(_column(field), ""))
        if length > most:
            raise Refused(field, "INVALID", f"Ensure this value has at most {most} characters (it has {length}).")
    tenant_id = cart.session.context.tenant_id
    assert tenant_id is not None
    address_id = await accounts.add_address(cart.session, tenant_id, values)
    await checkouts.change(cart.session, cart.id, {column: address_id})


async def choose_delivery(cart: Cart, method_id: str | None) -> None:
    """Chooses a delivery method, or none.

    Raises:
        Refused: it is not offered.
    """
    if method_id is None:
        await checkouts.change(cart.session, cart.id, {"shipping_method_id": None})
        return
    if cart.checkout.shipping_address_id is None:
        message = "Cannot choose a shipping method for a checkout without the shipping address."
        raise Refused("deliveryMethodId", "SHIPPING_ADDRESS_NOT_SET", message)
    parts = split_id(method_id)
    if parts is None or parts[0] != "ShippingMethod":
        raise Refused("deliveryMethodId", "GRAPHQL_ERROR", f"Invalid ID: {method_id}. Expected: ShippingMethod.")
    offered = await checkouts.shipping_methods_of(cart.session, cart.channel.id)
    if parts[1] not in {str(each.id) for each in offered}:
        message = "This delivery method is not applicable in the given channel."
        raise Refused("deliveryMethodId", "DELIVERY_METHOD_NOT_APPLICABLE", message)
    await checkouts.change(cart.session, cart.id, {"shipping_method_id": int(parts[1])})


async def apply_voucher(cart: Cart, code: str) -> None:
    """Applies a voucher.

    Raises:
        Refused: there is none of this code, or it does not hold for this checkout.
    """
    voucher = await checkouts.voucher(cart.session, cart.channel.id, code)
    if voucher is None:
        raise Refused("promoCode", "NOT_FOUND", "Promo code is invalid")
    lines = (await checkouts.lines_of(cart.session, [cart.id])).get(cart.id, [])
    priced = await price(cart.session, cart.checkout, cart.channel, lines)
    if not is_applicable(voucher, priced.gross, datetime.now(UTC)):
        raise Refused("promoCode", "VOUCHER_NOT_APPLICABLE", "Voucher is not applicable to this checkout.")
    await checkouts.change(cart.session, cart.id, {"voucher_code": voucher.code})


async def add_payment(cart: Cart, given: Mapping[str, Any]) -> int:
    """Promises to pay the checkout in full, and returns the payment's id.

    Args:
        given: as `PaymentInput` has it.

    Raises:
        Refused: the gateway or the amount is wrong, or an address lacks.
    """
    if given["gateway"] != GATEWAY:
        message = f"The gateway {given['gateway']} is not available for this checkout."
        raise Refused("gateway", "NOT_SUPPORTED_GATEWAY", message)
    if cart.checkout.email is None:
        raise Refused("email", "CHECKOUT_EMAIL_NOT_SET", "Checkout email must be set.")
    if cart.checkout.billing_address_id is None:
        raise Refused("billingAddress", "BILLING_ADDRESS_NOT_SET", "No billing address associated with this checkout.")
    lines = (await checkouts.lines_of(cart.session, [cart.id])).get(cart.id, [])
    if not lines:
        raise Refused(None, "NO_CHECKOUT_LINES", "Cannot create payment for checkout without lines.")
    priced = await price(cart.session, cart.checkout, cart.channel, lines)
    if priced.unavailable:
        variants = [global_id("ProductVariant", line.variant_id) for line in priced.unavailable]
        message = "Some of the checkout lines variants are unavailable."
        raise Refused("token", "UNAVAILABLE_VARIANT_IN_CHANNEL", message, variants=variants)
    total = priced.totals.total.gross
    amount = total if given.get("amount") is None else given["amount"]
    if rounded(amount, cart.channel.currency) != amount or amount != total:
        message = "Partial payments are not allowed, amount should be equal checkout's total."
        raise Refused("amount", "PARTIAL_PAYMENT_NOT_ALLOWED", message)
    return await checkouts.add_payment(
        cart.session,
        {
            "tenant_id": cart.session.context.tenant_id,
            "checkout_id": cart.id,
            "gateway": GATEWAY,
            "token": given.get("token") or "",
            "charge_status": "NOT_CHARGED",
            "currency": cart.channel.currency,
            "amount": amount,
            "captured": Decimal(0),
        },
    )


async def _variant_ids(cart: Cart, given: Sequence[str]) -> list[int]:
    """Keys of variants that the channel sells."""
    keys = []
    for each in given:
        try:
            keys.append(number_of(each, "ProductVariant"))
        except Failed as error:
            raise Refused("variantId", "GRAPHQL_ERROR", str(error)) from None
    found = await catalogue.variants_by_id(cart.session, Scope(None, sees_all=True), keys)
    unknown = [each for each, key in zip(given, keys, strict=True) if key not in found]
    if unknown:
        message = f"Could not resolve to a node with the global id list of '{unknown}'."
        raise Refused("variantId", "GRAPHQL_ERROR", message)
    sold = await catalogue.variants_by_id(cart.session, Scope(cart.channel.id, sees_all=False), keys)
    hidden = sorted({*keys} - {*sold})
    if hidden:
        raise Refused(
            "lines",
            "UNAVAILABLE_VARIANT_IN_CHANNEL",
            "Cannot add lines with unavailable variants.",
            variants=[global_id("ProductVariant", key) for key in hidden],
        )
    return keys


async def _check(cart: Cart, quantities: Mapping[int, int]) -> None:
    """Whether the shop has, and gives one buyer, so many of each variant."""
    if not quantities:
        return
    rows = await catalogue.variants_by_id(cart.session, Scope(None, sees_all=True), [*quantities])
    stocks = await catalogue.stocks_of(cart.session, cart.channel.id, [*quantities])
    for variant in rows.values():
        count = quantities[variant.id]
        limit = cart.shop.quantity_limit if variant.quantity_limit is None else variant.quantity_limit
        if count > limit:
            message = f"Cannot add more than {limit} times this item: {variant.name}."
            raise Refused("quantity", "QUANTITY_GREATER_THAN_LIMIT", message)
        free = free_items(stocks.get(variant.id, ()))
        if variant.track_inventory and count > free:
            raise Refused(
                "quantity",
                "INSUFFICIENT_STOCK",
                f"Could not add items {variant.name}. Only {free} remaining in stock.",
                variants=[global_id("ProductVariant", variant.id)],
            )


async def _quantities(cart: Cart) -> dict[int, tuple[UUID, int]]:
    """By variant, the line and its quantity."""
    lines = (await checkouts.lines_of(cart.session, [cart.id])).get(cart.id, [])
    return {line.variant_id: (line.id, line.quantity) for line in lines}


async def _put(cart: Cart, variant_id: int, line_id: UUID | None, quantity: int) -> None:
    if line_id is None and quantity:
        row = {
            "tenant_id": cart.session.context.tenant_id,
            "id": uuid4(),
            "checkout_id": cart.id,
            "variant_id": variant_id,
            "quantity": quantity,
        }
        await checkouts.add_line(cart.session, row)
    elif line_id is not None and quantity:
        await checkouts.set_quantity(cart.session, line_id, quantity)
    elif line_id is not None:
        await checkouts.delete_lines(cart.session, [line_id])


def _line_key(given: str) -> UUID | None:
    try:
        return uuid_of(given, "CheckoutLine")
    except Failed:
        return None


def _checked_email(email: str) -> str:
    if not _EMAIL.fullmatch(email) or len(email) > 254:
        raise Refused("email", "INVALID", "Enter a valid email address.")
    return email


def _column(field: str) -> str:
    return re.sub(r"(?<=[a-z])(\d)", r"_\1", re.sub(r"([A-Z])", r"_\1", field)).lower()
