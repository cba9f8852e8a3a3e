"""`_entities` and `_service` as the shop has them, with their quirks.

The answers come grouped by type in the order in which types are first asked for, not in the order of the
representations; there are at most a hundred of these; one bad representation is an error for all of them.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from ariadne import InterfaceType, ObjectType, UnionType
from graphql import GraphQLSchema

from subgraphs.saleor import loaders
from subgraphs.saleor.domain.errors import Failed, InvalidRepresentation
from subgraphs.saleor.domain.ids import number_of, uuid_of
from subgraphs.saleor.repository import accounts
from subgraphs.saleor.repository.catalogue import Scope
from subgraphs.saleor.schema.nodes import Call, Info, Node, call_of, node

__all__ = ["MAX_REPRESENTATIONS", "TYPES"]

MAX_REPRESENTATIONS = 100

_query = ObjectType("Query")
_entity = UnionType("_Entity", lambda found, *_: found.typename)
_interfaces = [InterfaceType(name, lambda found, *_: found.typename) for name in ("Node", "ObjectWithMetadata")]
TYPES = (_query, _entity, *_interfaces)

Representation = Mapping[str, Any]
Load = Callable[[], Awaitable[Node | None]]
Resolver = Callable[[Call, Representation], Load]
"""Reads a representation, which may fail, and returns what looks it up."""


@_query.field("_entities")
async def _entities(_: Any, info: Info, representations: Sequence[Any] | None = None) -> list[Node | None]:
    wanted = representations or ()
    if len(wanted) > MAX_REPRESENTATIONS:
        message = f"Federated query exceeded entity limit: {len(wanted)} items requested over {MAX_REPRESENTATIONS}."
        raise Failed(message)
    groups: dict[str, list[Representation]] = {}
    for one in wanted:
        groups.setdefault(_checked(info.schema, one), []).append(one)
    found: list[Node | None] = []
    for typename, group in groups.items():
        # All keys are read before anything is looked up: a bad one fails them all.
        loads = [_RESOLVERS[typename](call_of(info), one) for one in group]
        found += await asyncio.gather(*[load() for load in loads])
    return found


def _checked(schema: GraphQLSchema, one: Any) -> str:
    """The type of a representation.

    Raises:
        Failed: it is none that the shop has, or has fields that the type has not.
    """
    if not isinstance(one, Mapping):
        raise Failed("Invalid type for 'representation' field: must be an object")
    if "__typename" not in one:
        raise Failed("Missing required field: __typename")
    typename = one["__typename"]
    if not isinstance(typename, str) or typename not in _RESOLVERS:
        raise Failed("Invalid value or unsupported model for __typename")
    fields = schema.type_map[typename].fields  # type: ignore[attr-defined]
    for name in one:
        if name != "__typename" and name not in fields:
            raise Failed(f"Unknown field for {typename}: {name}")
    return typename


def _key(one: Representation, typename: str) -> int:
    return number_of(_id(one), typename)


def _id(one: Representation) -> str:
    if "id" not in one:
        raise Failed("Missing required field: id")
    if not isinstance(one["id"], str):
        raise Failed("ID must be a string")
    key: str = one["id"]
    return key


def _plain(typename: str) -> Resolver:
    """Of a type that everybody may see, and that is the same in all channels."""

    def resolve(call: Call, one: Representation) -> Load:
        key = _key(one, typename)

        async def load() -> Node | None:
            return node(typename, await call.loaders.load(loaders.row_by_id, key, typename))

        return load

    return resolve


def _in_channel(typename: str, batch: Any) -> Resolver:
    """Of a type whose key has a channel."""

    def resolve(call: Call, one: Representation) -> Load:
        if not isinstance(one.get("id"), str):
            raise InvalidRepresentation
        key = number_of(one["id"], typename)

        async def load() -> Node | None:
            slug = one.get("channel")
            sees_all = call.requester.sees_all_products
            channel = call.channel(slug) if isinstance(slug, str) else None
            if channel is None and (slug is not None or not sees_all):
                return None
            scope = Scope(None if channel is None else channel.id, sees_all=sees_all)
            return node(typename, await call.loaders.load(batch, key, scope), scope, channel)

        return load

    return resolve


async def _nobody() -> None:
    return None


def _user(call: Call, one: Representation) -> Load:
    key = None if one.get("id") is None else _key(one, "User")
    email = one.get("email")

    async def load() -> Node | None:
        if key is not None:
            row = await call.loaders.load(loaders.user_by_id, key)
        elif isinstance(email, str):
            row = await call.loaders.load(loaders.user_by_email, email.lower())
        else:
            return None
        if row is None or not (row.id == call.requester.user_id or call.requester.has_any(["MANAGE_USERS"])):
            return None
        if key is not None and email is not None and row.email != str(email).lower():
            return None
        return Node("User", row)

    return load


def _order(call: Call, one: Representation) -> Load:
    key = uuid_of(_id(one), "Order")

    async def load() -> Node | None:
        row = await call.loaders.load(loaders.order_by_id, key)
        if row is None:
            return None
        own = row.user_id is not None and row.user_id == call.requester.user_id
        return Node("Order", row) if own or call.requester.has_any(["MANAGE_ORDERS"]) else None

    return load


def _address(call: Call, one: Representation) -> Load:
    key = _key(one, "Address")

    async def load() -> Node | None:
        row = await call.loaders.load(loaders.address_by_id, key)
        if row is None:
            return None
        requester = call.requester
        own = row.user_id is not None and row.user_id == requester.user_id
        trusted = requester.app_id is not None and requester.has_any(["MANAGE_USERS"])
        return Node("Address", row) if own or trusted else None

    return load


def _app(call: Call, one: Representation) -> Load:
    key = _key(one, "App")
    if key != call.requester.app_id and not call.requester.has_any(["MANAGE_APPS"]):
        return _nobody

    async def load() -> Node | None:
        return node("App", await accounts.app_by_id(call.session, key))

    return load


_RESOLVERS: Mapping[str, Resolver] = {
    "Address": _address,
    "App": _app,
    "Category": _plain("Category"),
    "Collection": _in_channel("Collection", loaders.collection_in),
    "Order": _order,
    "PageType": _plain("PageType"),
    "Product": _in_channel("Product", loaders.product_in),
    "ProductMedia": _plain("ProductMedia"),
    "ProductType": _plain("ProductType"),
    "ProductVariant": _in_channel("ProductVariant", loaders.variant_in),
    "User": _user,
}
