"""Checkouts in the graph, and what can be done with them."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from ariadne import ObjectType, UnionType

from subgraphs.saleor import loaders
from subgraphs.saleor.domain.errors import Failed, Refused
from subgraphs.saleor.domain.ids import uuid_of
from subgraphs.saleor.domain.money import ZERO, Money
from subgraphs.saleor.repository import checkouts, orders
from subgraphs.saleor.repository.catalogue import Scope
from subgraphs.saleor.schema.accounts import current_user, gateways
from subgraphs.saleor.schema.catalogue import by_id_or
from subgraphs.saleor.schema.nodes import Info, Node, call_of, node, scope_of, shown
from subgraphs.saleor.usecases import checkout as steps
from subgraphs.saleor.usecases.checkout import Cart, open_cart
from subgraphs.saleor.usecases.completion import complete
from subgraphs.saleor.usecases.pricing import Priced, checkout_prices

__all__ = ["TYPES"]

_query = ObjectType("Query")
_mutation = ObjectType("Mutation")
_checkout = ObjectType("Checkout")
_line = ObjectType("CheckoutLine")
_method = ObjectType("ShippingMethod")
_payment = ObjectType("Payment")
_delivery = UnionType("DeliveryMethod", lambda found, *_: found.typename)
TYPES = (_query, _mutation, _checkout, _line, _method, _payment, _delivery)

Step = Callable[[Cart], Awaitable[object]]


@_query.field("checkout")
async def _find_checkout(_: Any, info: Info, **given: Any) -> Node | None:
    by = by_id_or(given, "id", "token")
    key = uuid_of(given["id"], "Checkout") if by == "id" else given["token"]
    return node("Checkout", await call_of(info).loaders.load(loaders.checkout_by_id, key))


# ---- mutations ----


def _payload(error: Refused | None, kind: str = "checkout", **values: Any) -> dict[str, Any]:
    errors = shown(error)
    return {**values, "errors": errors, f"{kind}_errors": errors}


async def _change(info: Info, given: Mapping[str, Any], step: Step) -> dict[str, Any]:
    """Does one step on the checkout that is named; nothing of it is kept if it is refused."""
    call = call_of(info)
    try:
        async with call.session.savepoint():
            cart = await open_cart(call.session, call.shop, call.channels, given.get("id"), given.get("token"))
            await step(cart)
    except Refused as error:
        return _payload(error)
    finally:
        call.loaders.clear()
    return _payload(None, checkout=Node("Checkout", await checkouts.checkout(call.session, cart.id)))


@_mutation.field("checkoutCreate")
async def _create(_: Any, info: Info, **given: Any) -> Any:
    call, wanted = call_of(info), given["input"]
    slug = wanted.get("channel")
    active = [each for each in call.channels if each.is_active]
    channel = active[0] if slug is None and len(active) == 1 else call.channel(slug)
    if channel is None and slug is None:
        return _payload(Refused("channel", "MISSING_CHANNEL_SLUG", "You need to provide channel slug."))
    if channel is None:
        return _payload(Refused("channel", "NOT_FOUND", f"Channel with '{slug}' slug does not exist."))
    try:
        async with call.session.savepoint():
            cart = await steps.create(call.session, call.shop, channel, await current_user(call), wanted)
    except Refused as error:
        return _payload(error, created=None)
    finally:
        call.loaders.clear()
    return _payload(None, created=True, checkout=Node("Checkout", await checkouts.checkout(call.session, cart.id)))


@_mutation.field("checkoutLinesAdd")
async def _lines_add(_: Any, info: Info, **given: Any) -> Any:
    return await _change(info, given, lambda cart: steps.add_lines(cart, given["lines"]))


@_mutation.field("checkoutLinesUpdate")
async def _lines_update(_: Any, info: Info, **given: Any) -> Any:
    return await _change(info, given, lambda cart: steps.update_lines(cart, given["lines"]))


@_mutation.field("checkoutLinesDelete")
async def _lines_delete(_: Any, info: Info, **given: Any) -> Any:
    return await _change(info, given, lambda cart: steps.remove_lines(cart, given["linesIds"]))


@_mutation.field("checkoutEmailUpdate")
async def _email_update(_: Any, info: Info, **given: Any) -> Any:
    return await _change(info, given, lambda cart: steps.set_email(cart, given["email"]))


@_mutation.field("checkoutShippingAddressUpdate")
async def _shipping_address_update(_: Any, info: Info, **given: Any) -> Any:
    return await _change(
        info, given, lambda cart: steps.set_address(cart, "shipping_address_id", given["shippingAddress"])
    )


@_mutation.field("checkoutBillingAddressUpdate")
async def _billing_address_update(_: Any, info: Info, **given: Any) -> Any:
    return await _change(
        info, given, lambda cart: steps.set_address(cart, "billing_address_id", given["billingAddress"])
    )


@_mutation.field("checkoutDeliveryMethodUpdate")
async def _delivery_method_update(_: Any, info: Info, **given: Any) -> Any:
    return await _change(info, given, lambda cart: steps.choose_delivery(cart, given.get("deliveryMethodId")))


@_mutation.field("checkoutAddPromoCode")
async def _add_promo_code(_: Any, info: Info, **given: Any) -> Any:
    return await _change(info, given, lambda cart: steps.apply_voucher(cart, given["promoCode"]))


@_mutation.field("checkoutPaymentCreate")
async def _payment_create(_: Any, info: Info, **given: Any) -> Any:
    added: list[int] = []

    async def step(cart: Cart) -> None:
        added.append(await steps.add_payment(cart, given["input"]))

    payload = await _change(info, given, step)
    payload["payment_errors"] = payload["errors"]
    if added:
        payload["payment"] = node("Payment", await call_of(info).loaders.load(loaders.payment_by_id, added[0]))
    return payload


@_mutation.field("checkoutComplete")
async def _complete(_: Any, info: Info, **given: Any) -> Any:
    call = call_of(info)
    order: Any = None
    try:
        async with call.session.savepoint():
            try:
                cart = await open_cart(call.session, call.shop, call.channels, given.get("id"), given.get("token"))
            except Refused as error:
                order = await _done_before(info, given)
                if order is None:
                    raise error from None
            else:
                order = await complete(cart)
    except Refused as error:
        return _payload(error, confirmation_needed=False)
    finally:
        call.loaders.clear()
    return _payload(None, confirmation_needed=False, order=Node("Order", order))


async def _done_before(info: Info, given: Mapping[str, Any]) -> Any:
    """The order of a checkout that was completed before: asking again is no harm."""
    try:
        key: UUID | None = given.get("token") or uuid_of(str(given.get("id")), "Checkout")
    except Failed:
        return None
    return None if key is None else await orders.order_of_checkout(call_of(info).session, key)


# ---- fields ----


async def _priced(found: Node, info: Info) -> Priced:
    return await call_of(info).loaders.load(checkout_prices, found.row.id)


def _channel_of(found: Node, info: Info) -> Any:
    return call_of(info).channel_by_id(found.row.channel_id)


@_checkout.field("channel")
def _channel(found: Node, info: Info) -> Node:
    return Node("Channel", _channel_of(found, info))


@_checkout.field("token")
def _token(found: Node, _: Info) -> UUID:
    key: UUID = found.row.id
    return key


@_checkout.field("created")
@_payment.field("created")
def _created(found: Node, _: Info) -> Any:
    return found.row.created_at


@_checkout.field("user")
async def _user(found: Node, info: Info) -> Node | None:
    call = call_of(info)
    if found.row.user_id is None:
        return None
    if found.row.user_id != call.requester.user_id:
        call.requester.require("MANAGE_USERS", "HANDLE_PAYMENTS")
    return node("User", await call.loaders.load(loaders.user_by_id, found.row.user_id))


@_checkout.field("shippingAddress")
async def _shipping_address(found: Node, info: Info) -> Node | None:
    return await _address(info, found.row.shipping_address_id)


@_checkout.field("billingAddress")
async def _billing_address(found: Node, info: Info) -> Node | None:
    return await _address(info, found.row.billing_address_id)


async def _address(info: Info, key: int | None) -> Node | None:
    return None if key is None else node("Address", await call_of(info).loaders.load(loaders.address_by_id, key))


@_checkout.field("lines")
async def _lines(found: Node, info: Info) -> list[Node]:
    channel = _channel_of(found, info)
    scope = Scope(channel.id, sees_all=True)
    priced = await _priced(found, info)
    lines = []
    for row, total in zip(priced.lines, priced.totals.lines, strict=True):
        lines.append(Node("CheckoutLine", _Line(row, total), scope, channel))
    return lines


class _Line:
    """A checkout's line with its prices."""

    __slots__ = ("id", "metadata", "quantity", "total", "variant_id")

    def __init__(self, row: Any, total: Any) -> None:
        self.id, self.variant_id, self.quantity, self.total = row.id, row.variant_id, row.quantity, total
        self.metadata: dict[str, str] = {}


@_line.field("variant")
async def _line_variant(found: Node, info: Info) -> Node | None:
    row = await call_of(info).loaders.load(loaders.variant_in, found.row.variant_id, scope_of(found))
    return None if row is None else found.beside("ProductVariant", row)


@_line.field("unitPrice")
def _unit_price(found: Node, _: Info) -> Any:
    return found.row.total.unit


@_line.field("totalPrice")
def _line_total(found: Node, _: Info) -> Any:
    return found.row.total.total


@_line.field("undiscountedUnitPrice")
def _undiscounted_unit(found: Node, _: Info) -> Money:
    return Money(found.row.total.undiscounted_unit, found.row.total.total.currency)


@_line.field("undiscountedTotalPrice")
def _undiscounted_total(found: Node, _: Info) -> Money:
    return Money(found.row.total.undiscounted_total, found.row.total.total.currency)


@_line.field("requiresShipping")
async def _requires_shipping(found: Node, info: Info) -> bool:
    call = call_of(info)
    scope = scope_of(found)
    variant = await call.loaders.load(loaders.variant_in, found.row.variant_id, scope)
    product = None if variant is None else await call.loaders.load(loaders.product_in, variant.product_id, scope)
    if product is None:
        return False
    kind = await call.loaders.load(loaders.row_by_id, product.product_type_id, "ProductType")
    return kind is not None and bool(kind.is_shipping_required)


@_checkout.field("isShippingRequired")
async def _is_shipping_required(found: Node, info: Info) -> bool:
    return any([await _requires_shipping(line, info) for line in await _lines(found, info)])


@_checkout.field("quantity")
async def _quantity(found: Node, info: Info) -> int:
    return sum(row.quantity for row in (await _priced(found, info)).lines)


@_checkout.field("shippingMethods")
@_checkout.field("availableShippingMethods")
async def _shipping_methods(found: Node, info: Info) -> list[Node]:
    if found.row.shipping_address_id is None:
        return []
    channel = _channel_of(found, info)
    rows = await checkouts.shipping_methods_of(call_of(info).session, channel.id)
    return [Node("ShippingMethod", row, None, channel) for row in rows]


@_checkout.field("shippingMethod")
@_checkout.field("deliveryMethod")
async def _delivery_method(found: Node, info: Info) -> Node | None:
    row = (await _priced(found, info)).shipping_method
    return node("ShippingMethod", row, None, _channel_of(found, info))


@_method.field("price")
def _method_price(found: Node, _: Info) -> Money:
    assert found.channel is not None
    return Money(found.row.price, found.channel.currency)


@_method.field("active")
def _active(_: Node, __: Info) -> bool:
    return True


@_method.field("minimumDeliveryDays")
def _minimum_days(found: Node, _: Info) -> int | None:
    days: int | None = found.row.minimum_days
    return days


@_method.field("maximumDeliveryDays")
def _maximum_days(found: Node, _: Info) -> int | None:
    days: int | None = found.row.maximum_days
    return days


@_checkout.field("availablePaymentGateways")
def _gateways(found: Node, info: Info) -> Any:
    return gateways(_channel_of(found, info).currency)


@_checkout.field("subtotalPrice")
async def _subtotal(found: Node, info: Info) -> Any:
    return (await _priced(found, info)).totals.subtotal


@_checkout.field("shippingPrice")
async def _shipping_price(found: Node, info: Info) -> Any:
    return (await _priced(found, info)).totals.shipping


@_checkout.field("totalPrice")
async def _total(found: Node, info: Info) -> Any:
    return (await _priced(found, info)).totals.total


@_checkout.field("totalBalance")
async def _balance(found: Node, info: Info) -> Money:
    total = (await _priced(found, info)).totals.total
    paid = sum((each.captured for each in await checkouts.active_payments(call_of(info).session, found.row.id)), ZERO)
    return Money(paid - total.gross, total.currency)


@_checkout.field("discount")
async def _discount(found: Node, info: Info) -> Money | None:
    return Money((await _priced(found, info)).totals.discount, _channel_of(found, info).currency)


@_checkout.field("displayGrossPrices")
def _display_gross(_: Node, __: Info) -> bool:
    return True


@_payment.field("total")
def _payment_total(found: Node, _: Info) -> Money:
    return Money(found.row.amount, found.row.currency)


@_payment.field("capturedAmount")
def _captured(found: Node, info: Info) -> Money:
    call_of(info).requester.require("MANAGE_ORDERS")
    return Money(found.row.captured, found.row.currency)


@_payment.field("checkout")
async def _payment_checkout(found: Node, info: Info) -> Node | None:
    key = found.row.checkout_id
    return None if key is None else node("Checkout", await call_of(info).loaders.load(loaders.checkout_by_id, key))


@_payment.field("order")
async def _payment_order(found: Node, info: Info) -> Node | None:
    key = found.row.order_id
    return None if key is None else node("Order", await call_of(info).loaders.load(loaders.order_by_id, key))
