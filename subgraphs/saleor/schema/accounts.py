"""The shop itself, its channels, apps, users and their tokens in the graph."""

from collections.abc import Mapping
from typing import Any

from ariadne import ObjectType
from sqlalchemy import Row

from subgraphs.saleor import loaders
from subgraphs.saleor.domain.errors import Refused
from subgraphs.saleor.domain.ids import global_id
from subgraphs.saleor.domain.requesters import PERMISSIONS
from subgraphs.saleor.repository import accounts, checkouts, orders
from subgraphs.saleor.repository.pages import Sort
from subgraphs.saleor.schema.catalogue import by_id_or, key_or_none
from subgraphs.saleor.schema.countries import country
from subgraphs.saleor.schema.nodes import Call, Info, Node, call_of, connection, node, shown
from subgraphs.saleor.tables import orders as order_table
from subgraphs.saleor.tables import users
from subgraphs.saleor.usecases.accounts import log_in, owner_of, refresh
from subgraphs.saleor.usecases.checkout import GATEWAY

__all__ = ["TYPES", "VERSION", "current_user", "gateways"]

VERSION = "3.23.28"

_query = ObjectType("Query")
_mutation = ObjectType("Mutation")
_shop = ObjectType("Shop")
_channel = ObjectType("Channel")
_user = ObjectType("User")
_address = ObjectType("Address")
TYPES = (_query, _mutation, _shop, _channel, _user, _address)

_STAFF = ("AUTHENTICATED_APP", "AUTHENTICATED_STAFF_USER")


async def current_user(call: Call) -> Row[Any] | None:
    """The row of the user who calls."""
    user_id = call.requester.user_id
    return None if user_id is None else await call.loaders.load(loaders.user_by_id, user_id)


# ---- the shop ----


@_query.field("shop")
def _find_shop(_: Any, info: Info) -> Node:
    return Node("Shop", call_of(info).shop)


@_shop.field("id")
def _shop_id(_: Node, __: Info) -> str:
    return global_id("Shop", "")


@_shop.field("version")
def _version(_: Node, info: Info) -> str:
    call_of(info).requester.require(*_STAFF)
    return VERSION


@_shop.field("schemaVersion")
def _schema_version(_: Node, __: Info) -> str:
    return VERSION.rpartition(".")[0]


@_shop.field("defaultCountry")
def _shop_country(found: Node, _: Info) -> Any:
    return country(found.row.country)


@_shop.field("channelCurrencies")
def _currencies(_: Node, info: Info) -> list[str]:
    call_of(info).requester.require(*_STAFF)
    return sorted({each.currency for each in call_of(info).channels})


@_shop.field("limitQuantityPerCheckout")
def _checkout_limit(found: Node, info: Info) -> int:
    call_of(info).requester.require("MANAGE_SETTINGS")
    limit: int = found.row.quantity_limit
    return limit


@_shop.field("displayGrossPrices")
@_shop.field("includeTaxesInPrices")
def _gross(_: Node, __: Info) -> bool:
    return True


def gateways(currency: str) -> list[dict[str, Any]]:
    """The ways to pay."""
    return [{"id": GATEWAY, "name": "Dummy", "currencies": [currency]}]


@_shop.field("availablePaymentGateways")
def _shop_gateways(_: Node, info: Info, currency: str | None = None, channel: str | None = None) -> Any:
    found = {each.currency for each in call_of(info).channels if channel in (None, each.slug)}
    offered = sorted(each for each in found if currency in (None, each))
    return [{"id": GATEWAY, "name": "Dummy", "currencies": offered}] if offered else []


@_query.field("channels")
def _find_channels(_: Any, info: Info) -> list[Node]:
    call = call_of(info)
    call.requester.require(*_STAFF)
    return [Node("Channel", row) for row in call.channels]


@_query.field("channel")
def _find_channel(_: Any, info: Info, **given: Any) -> Node | None:
    call = call_of(info)
    by = by_id_or(given, "id", "slug")
    call.requester.require(*_STAFF)
    key = key_or_none(given["id"], "Channel") if by == "id" else None
    found = (row for row in call.channels if (row.id == key if by == "id" else row.slug == given["slug"]))
    return node("Channel", next(found, None))


@_channel.field("currencyCode")
def _currency(found: Node, _: Info) -> str:
    code: str = found.row.currency
    return code


@_channel.field("defaultCountry")
def _default_country(found: Node, _: Info) -> Any:
    return country(found.row.country)


@_channel.field("countries")
def _countries(found: Node, _: Info) -> Any:
    return [country(found.row.country)]


@_query.field("app")
async def _find_app(_: Any, info: Info, **given: Any) -> Node | None:
    call = call_of(info)
    requester = call.requester
    if given.get("id") is None:
        requester.require("AUTHENTICATED_STAFF_USER", "AUTHENTICATED_APP")
        key = requester.app_id
    else:
        requester.require("MANAGE_APPS", "AUTHENTICATED_APP")
        key = key_or_none(given["id"], "App")
        if not requester.has_any(["MANAGE_APPS"]) and key != requester.app_id:
            return None
    return None if key is None else node("App", await accounts.app_by_id(call.session, key))


# ---- users ----


@_query.field("me")
async def _me(_: Any, info: Info) -> Node | None:
    return node("User", await current_user(call_of(info)))


@_query.field("customers")
async def _find_customers(_: Any, info: Info, search: str | None = None, **given: Any) -> Any:
    call_of(info).requester.require("MANAGE_ORDERS", "MANAGE_USERS")
    sort = Sort(users.c.email, users.c.id)
    return await connection(info, accounts.customer_list(search), sort, given, lambda row: Node("User", row))


@_user.field("isConfirmed")
def _is_confirmed(_: Node, __: Info) -> bool:
    return True


@_user.field("dateJoined")
def _joined(found: Node, _: Info) -> Any:
    return found.row.joined_at


@_user.field("userPermissions")
def _permissions(found: Node, _: Info) -> Any:
    return [
        {"code": code, "name": code.replace("_", " ").capitalize()}
        for code in PERMISSIONS
        if code in found.row.permissions
    ]


@_user.field("addresses")
async def _addresses(found: Node, info: Info) -> list[Node]:
    rows = await call_of(info).loaders.load(loaders.addresses_of_user, found.row.id)
    return [Node("Address", row) for row in rows]


@_user.field("defaultShippingAddress")
@_user.field("defaultBillingAddress")
async def _default_address(found: Node, info: Info) -> Node | None:
    rows = await call_of(info).loaders.load(loaders.addresses_of_user, found.row.id)
    return Node("Address", rows[0]) if rows else None


@_user.field("checkoutIds")
async def _checkout_ids(found: Node, info: Info, channel: str | None = None) -> list[str]:
    call = call_of(info)
    in_channel = call.channel(channel)
    if channel is not None and in_channel is None:
        return []
    keys = await checkouts.checkout_ids_of(call.session, found.row.id, None if in_channel is None else in_channel.id)
    return [global_id("Checkout", key) for key in keys]


@_user.field("orders")
async def _user_orders(found: Node, info: Info, **given: Any) -> Any:
    call = call_of(info)
    if found.row.id != call.requester.user_id:
        call.requester.require("MANAGE_ORDERS")
    sort = Sort(order_table.c.number, order_table.c.id, descending=True)
    statement = orders.order_list(user_id=found.row.id)
    return await connection(info, statement, sort, given, lambda row: Node("Order", row))


@_address.field("country")
def _address_country(found: Node, _: Info) -> Any:
    return country(found.row.country)


# ---- tokens ----


@_mutation.field("tokenCreate")
async def _token_create(_: Any, info: Info, email: str, password: str, **__: Any) -> Any:
    call = call_of(info)
    try:
        found = await log_in(call.session, call.tokens, email, password, call.client)
    except Refused as error:
        return account_payload(error)
    return account_payload(
        None,
        token=found.token,
        refresh_token=found.refresh_token,
        csrf_token=found.csrf_token,
        user=Node("User", found.user),
    )


@_mutation.field("tokenRefresh")
async def _token_refresh(_: Any, info: Info, refreshToken: str | None = None, **__: Any) -> Any:  # noqa: N803 - its name
    call = call_of(info)
    try:
        found = await refresh(call.session, call.tokens, refreshToken)
    except Refused as error:
        return account_payload(error)
    return account_payload(None, token=found.token, user=Node("User", found.user))


@_mutation.field("tokenVerify")
async def _token_verify(_: Any, info: Info, token: str) -> Any:
    call = call_of(info)
    try:
        user, claims = await owner_of(call.session, call.tokens, token)
    except Refused as error:
        return account_payload(error, is_valid=False)
    return account_payload(None, is_valid=True, user=Node("User", user), payload=claims)


def account_payload(error: Refused | None, **values: Any) -> Mapping[str, Any]:
    """A payload with `accountErrors` and `errors`."""
    errors = shown(error)
    return {**values, "errors": errors, "account_errors": errors}
