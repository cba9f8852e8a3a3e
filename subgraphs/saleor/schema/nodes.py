"""What resolvers pass on: objects with a global id, pages of them, and the call that they all belong to."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ariadne import SchemaBindable
from graphql import GraphQLObjectType, GraphQLResolveInfo, GraphQLSchema, is_object_type
from sqlalchemy import Row, Select

from resolvers.loaders import Loaders
from resolvers.session import TenantSession
from resolvers.values import fraction_digits
from subgraphs.saleor.domain.errors import Failed, Refused
from subgraphs.saleor.domain.ids import global_id
from subgraphs.saleor.domain.money import Money
from subgraphs.saleor.domain.pages import window
from subgraphs.saleor.domain.requesters import Requester
from subgraphs.saleor.repository.catalogue import Scope
from subgraphs.saleor.repository.pages import Sort, count, page
from subgraphs.saleor.tokens import Tokens

__all__ = ["Call", "Fields", "Node", "call_of", "connection", "node", "scope_of", "shown", "snake"]

Info = GraphQLResolveInfo


@dataclass(frozen=True, slots=True)
class Call:
    """One GraphQL operation: `info.context`.

    Attributes:
        channels: all of the shop.
        client: the caller's address.
        base_url: the shop's public address, without a slash at its end.
    """

    session: TenantSession
    loaders: Loaders
    shop: Row[Any]
    channels: Sequence[Row[Any]]
    requester: Requester
    tokens: Tokens
    client: str
    base_url: str

    def channel(self, slug: str | None) -> Row[Any] | None:
        """The channel of a slug that this caller may know."""
        found = next((each for each in self.channels if each.slug == slug), None)
        return found if found is None or found.is_active or self.requester.sees_all_products else None

    def channel_by_id(self, channel_id: int) -> Row[Any]:
        """The channel of a key that some row refers to."""
        return next(each for each in self.channels if each.id == channel_id)

    def scope(self, slug: str | None) -> tuple[Scope, Row[Any] | None] | None:
        """Which products are meant by a root field's `channel`, and the channel; None if there are none.

        Raises:
            Failed: it is left out, and the caller has to choose.
        """
        if slug is None and self.requester.sees_all_products:
            return Scope(None, sees_all=True), None
        if slug is None:
            active = [each for each in self.channels if each.is_active]
            if len(active) != 1:
                raise Failed("More than one channel exists. Specify which channel to use.")
            slug = active[0].slug
        channel = self.channel(slug)
        if channel is None:
            return None
        return Scope(channel.id, sees_all=self.requester.sees_all_products), channel


@dataclass(frozen=True, slots=True)
class Node:
    """An object with a global id.

    Attributes:
        scope: which products can be seen from here.
        channel: the channel that it is looked at in, or None.
    """

    typename: str
    row: Any
    scope: Scope | None = None
    channel: Row[Any] | None = None

    def beside(self, typename: str, row: Any) -> "Node":
        """Another object, seen in the same channel."""
        return Node(typename, row, self.scope, self.channel)


def node(typename: str, row: Any, scope: Scope | None = None, channel: Row[Any] | None = None) -> Node | None:
    """An object, None where there is no row."""
    return None if row is None else Node(typename, row, scope, channel)


def scope_of(found: Node) -> Scope:
    """Which products are seen from there."""
    assert found.scope is not None
    return found.scope


def call_of(info: Info) -> Call:
    """The call that a resolver works for."""
    call: Call = info.context
    return call


async def connection(
    info: Info,
    statement: Select[Any],
    sort: Sort,
    arguments: Mapping[str, Any],
    wrap: Callable[[Row[Any]], Node],
) -> dict[str, Any]:
    """A connection over a statement's rows.

    Raises:
        Failed: the arguments ask for no size, or for too much.
    """
    session = call_of(info).session
    found = await page(session, statement, sort, window(info.field_name, arguments))

    async def total(_: Info) -> int:
        return await count(session, statement)

    return {
        "edges": [{"node": wrap(row), "cursor": cursor} for row, cursor in zip(found.rows, found.cursors, strict=True)],
        "page_info": {
            "has_next_page": found.has_next,
            "has_previous_page": found.has_previous,
            "start_cursor": found.cursors[0] if found.cursors else None,
            "end_cursor": found.cursors[-1] if found.cursors else None,
        },
        "total_count": total,
    }


def shown(error: Refused | None) -> list[dict[str, Any]]:
    """A payload's `errors`; a list of exceptions would be taken for resolvers that failed."""
    if error is None:
        return []
    names = ("field", "code", "message", "variants", "lines")
    return [{name: getattr(error, name) for name in names}]


def snake(name: str) -> str:
    """`streetAddress1` is the column `street_address_1`."""
    letters = []
    for place, char in enumerate(name):
        if char.isupper() or (char.isdigit() and place and name[place - 1].isalpha()):
            letters.append("_")
        letters.append(char.lower())
    return "".join(letters)


class Fields(SchemaBindable):
    """Gives every field without a resolver of its own the value of that name."""

    def bind_to_schema(self, schema: GraphQLSchema) -> None:
        """Set the resolvers."""
        for graphql_type in schema.type_map.values():
            if is_object_type(graphql_type) and not graphql_type.name.startswith("__"):
                self._bind(graphql_type)

    def _bind(self, graphql_type: GraphQLObjectType) -> None:
        for name, field in graphql_type.fields.items():
            if field.resolve is not None:
                continue
            if name == "id":
                field.resolve = _id
            elif name in {"metadata", "metafield"}:
                field.resolve = _metadata if name == "metadata" else _metafield
            else:
                field.resolve = _reader(snake(name))


def _id(found: Any, _: Info) -> str:
    if isinstance(found, Mapping):
        return str(found["id"])
    return global_id(found.typename, found.row.id)


def _metadata(found: Node, _: Info) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in sorted((getattr(found.row, "metadata", None) or {}).items())]


def _metafield(found: Node, _: Info, key: str) -> str | None:
    value: str | None = (getattr(found.row, "metadata", None) or {}).get(key)
    return value


def _reader(name: str) -> Callable[..., Any]:
    def read(found: Any, info: Info, **_: Any) -> Any:
        if isinstance(found, Mapping):
            value = found.get(name)
            return value(info) if callable(value) else value
        return getattr(found.row if isinstance(found, Node) else found, name, None)

    return read


MONEY_FIELDS: Mapping[str, Callable[[Money], Any]] = {
    "amount": lambda found: float(found.amount),
    "fractionDigits": lambda found: fraction_digits(found.currency),
    "fractionalAmount": lambda found: int(found.amount.scaleb(fraction_digits(found.currency))),
}
"""`Money` on the wire: the only place where an amount becomes a float, as the schema wants it."""
