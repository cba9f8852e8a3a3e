"""Orders in the graph."""

from typing import Any
from uuid import UUID

from ariadne import ObjectType

from subgraphs.saleor import loaders
from subgraphs.saleor.domain.ids import global_id, uuid_of
from subgraphs.saleor.domain.money import ZERO, Money, TaxedMoney, taxed
from subgraphs.saleor.repository import checkouts, orders
from subgraphs.saleor.repository.catalogue import Scope
from subgraphs.saleor.repository.pages import Sort
from subgraphs.saleor.schema.nodes import Info, Node, call_of, connection, node, scope_of
from subgraphs.saleor.schema.products import thumbnail
from subgraphs.saleor.tables import orders as table

__all__ = ["TYPES"]

_query = ObjectType("Query")
_order = ObjectType("Order")
_line = ObjectType("OrderLine")
TYPES = (_query, _order, _line)

_HIDDEN = ("first_name", "last_name", "company_name", "street_address_1", "street_address_2", "phone")


@_query.field("order")
async def _find_order(_: Any, info: Info, **given: Any) -> Node | None:
    # Whoever knows its id, which cannot be guessed, may see an order, without the buyer's personal data.
    if given.get("id") is None:
        return None
    key = uuid_of(given["id"], "Order")
    return node("Order", await call_of(info).loaders.load(loaders.order_by_id, key))


@_query.field("orders")
async def _find_orders(_: Any, info: Info, channel: str | None = None, **given: Any) -> Any:
    call = call_of(info)
    call.requester.require("MANAGE_ORDERS")
    in_channel = call.channel(channel)
    channel_id = 0 if channel is not None and in_channel is None else None if in_channel is None else in_channel.id
    sort = Sort(table.c.number, table.c.id, descending=True)
    statement = orders.order_list(channel_id=channel_id)
    return await connection(info, statement, sort, given, lambda row: Node("Order", row))


def _channel_of(found: Node, info: Info) -> Any:
    return call_of(info).channel_by_id(found.row.channel_id)


def _is_insider(found: Node, info: Info) -> bool:
    requester = call_of(info).requester
    own = found.row.user_id is not None and found.row.user_id == requester.user_id
    return own or requester.has_any(["MANAGE_ORDERS"])


@_order.field("number")
def _number(found: Node, _: Info) -> str:
    return str(found.row.number)


@_order.field("created")
def _created(found: Node, _: Info) -> Any:
    return found.row.created_at


@_order.field("statusDisplay")
def _status_display(found: Node, _: Info) -> str:
    return str(found.row.status).replace("_", " ").capitalize()


@_order.field("token")
def _token(found: Node, _: Info) -> str:
    return str(found.row.id)


@_order.field("userEmail")
def _email(found: Node, _: Info) -> str:
    email: str = found.row.email
    return email


@_order.field("user")
async def _user(found: Node, info: Info) -> Node | None:
    call = call_of(info)
    if found.row.user_id is None:
        return None
    if found.row.user_id != call.requester.user_id:
        call.requester.require("MANAGE_ORDERS", "MANAGE_USERS", "HANDLE_PAYMENTS")
    return node("User", await call.loaders.load(loaders.user_by_id, found.row.user_id))


@_order.field("channel")
def _channel(found: Node, info: Info) -> Node:
    return Node("Channel", _channel_of(found, info))


@_order.field("shippingAddress")
async def _shipping_address(found: Node, info: Info) -> Node | None:
    return await _address(found, info, found.row.shipping_address_id)


@_order.field("billingAddress")
async def _billing_address(found: Node, info: Info) -> Node | None:
    return await _address(found, info, found.row.billing_address_id)


async def _address(found: Node, info: Info, key: int | None) -> Node | None:
    row = None if key is None else await call_of(info).loaders.load(loaders.address_by_id, key)
    if row is None or _is_insider(found, info):
        return node("Address", row)
    values = row._asdict()
    hidden = {name: f"{values[name][:1]}..." if values[name] else "" for name in _HIDDEN}
    return Node("Address", _Plain({**values, **hidden}))


class _Plain:
    """A row that is not as the database has it."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.__dict__.update(values)


@_order.field("lines")
async def _lines(found: Node, info: Info) -> list[Node]:
    channel = _channel_of(found, info)
    rows = await call_of(info).loaders.load(loaders.lines_of_order, found.row.id)
    scope = Scope(channel.id, sees_all=True)
    return [Node("OrderLine", _OrderLine(row, found.row), scope, channel) for row in rows]


class _OrderLine:
    """A line together with its order, which has its currency."""

    __slots__ = ("order", "row")

    def __init__(self, row: Any, order: Any) -> None:
        self.row, self.order = row, order

    def __getattr__(self, name: str) -> Any:
        return getattr(self.row, name)


def _taxed(net: Any, gross: Any, currency: str) -> TaxedMoney:
    return TaxedMoney(net, gross, currency)


@_order.field("total")
def _total(found: Node, _: Info) -> TaxedMoney:
    row = found.row
    return _taxed(row.total_net, row.total_gross, row.currency)


@_order.field("shippingPrice")
def _shipping_price(found: Node, _: Info) -> TaxedMoney:
    row = found.row
    return _taxed(row.shipping_net, row.shipping_gross, row.currency)


@_order.field("subtotal")
def _subtotal(found: Node, _: Info) -> TaxedMoney:
    row = found.row
    return _taxed(row.total_net - row.shipping_net, row.total_gross - row.shipping_gross, row.currency)


@_order.field("undiscountedTotal")
async def _undiscounted_total(found: Node, info: Info) -> TaxedMoney:
    rows = await call_of(info).loaders.load(loaders.lines_of_order, found.row.id)
    gross = sum((row.undiscounted_unit * row.quantity for row in rows), ZERO) + found.row.undiscounted_shipping
    return taxed(gross, found.row.tax_percent, found.row.currency)


@_order.field("discount")
def _discount(found: Node, _: Info) -> Money:
    return Money(found.row.discount, found.row.currency)


@_order.field("payments")
async def _payments(found: Node, info: Info) -> list[Node]:
    call_of(info).requester.require("MANAGE_ORDERS")
    rows = await call_of(info).loaders.load(loaders.payments_of_order, found.row.id)
    return [Node("Payment", row) for row in rows]


async def _captured(found: Node, info: Info) -> Any:
    rows = await call_of(info).loaders.load(loaders.payments_of_order, found.row.id)
    return sum((row.captured for row in rows if row.is_active), ZERO)


@_order.field("totalCharged")
async def _charged(found: Node, info: Info) -> Money:
    return Money(await _captured(found, info), found.row.currency)


@_order.field("totalBalance")
async def _balance(found: Node, info: Info) -> Money:
    return Money(await _captured(found, info) - found.row.total_gross, found.row.currency)


@_order.field("isPaid")
async def _is_paid(found: Node, info: Info) -> bool:
    return bool(await _captured(found, info) >= found.row.total_gross)


@_order.field("paymentStatus")
async def _payment_status(found: Node, info: Info) -> str:
    captured = await _captured(found, info)
    if captured >= found.row.total_gross:
        return "FULLY_CHARGED"
    return "PARTIALLY_CHARGED" if captured else "NOT_CHARGED"


@_order.field("deliveryMethod")
async def _delivery(found: Node, info: Info) -> Node | None:
    rows = await checkouts.shipping_methods_of(call_of(info).session, found.row.channel_id)
    row = next((each for each in rows if each.id == found.row.shipping_method_id), None)
    return node("ShippingMethod", row, None, _channel_of(found, info))


@_order.field("checkoutId")
def _checkout_id(found: Node, _: Info) -> str | None:
    key: UUID | None = found.row.checkout_id
    return None if key is None else global_id("Checkout", key)


@_order.field("customerNote")
def _note(_: Node, __: Info) -> str:
    return ""


@_order.field("displayGrossPrices")
def _display_gross(_: Node, __: Info) -> bool:
    return True


@_line.field("productSku")
def _sku(found: Node, _: Info) -> str | None:
    sku: str | None = found.row.sku
    return sku


@_line.field("productVariantId")
def _variant_id(found: Node, _: Info) -> str | None:
    key = found.row.variant_id
    return None if key is None else global_id("ProductVariant", key)


@_line.field("taxRate")
def _tax_rate(found: Node, _: Info) -> float:
    return float(found.row.order.tax_percent / 100)


@_line.field("unitPrice")
def _unit(found: Node, _: Info) -> TaxedMoney:
    return _taxed(found.row.unit_net, found.row.unit_gross, found.row.order.currency)


@_line.field("totalPrice")
def _line_total(found: Node, _: Info) -> TaxedMoney:
    return _taxed(found.row.total_net, found.row.total_gross, found.row.order.currency)


@_line.field("undiscountedUnitPrice")
def _undiscounted_unit(found: Node, _: Info) -> TaxedMoney:
    return taxed(found.row.undiscounted_unit, found.row.order.tax_percent, found.row.order.currency)


@_line.field("undiscountedTotalPrice")
def _undiscounted_line(found: Node, _: Info) -> TaxedMoney:
    gross = found.row.undiscounted_unit * found.row.quantity
    return taxed(gross, found.row.order.tax_percent, found.row.order.currency)


@_line.field("variant")
async def _variant(found: Node, info: Info) -> Node | None:
    key = found.row.variant_id
    row = None if key is None else await call_of(info).loaders.load(loaders.variant_in, key, scope_of(found))
    return None if row is None else found.beside("ProductVariant", row)


@_line.field("thumbnail")
async def _thumbnail(found: Node, info: Info, size: int | None = None, **_: Any) -> Any:
    variant = await _variant(found, info)
    return None if variant is None else await thumbnail(call_of(info), variant.row.product_id, size)
