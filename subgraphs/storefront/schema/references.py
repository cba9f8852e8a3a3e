"""What belongs to others: entities of other contexts, and those parts of Saleor's types that are read here.

Fields marked as external are Saleor's: they are named here so that `@requires` can ask for them.
"""

from typing import Self
from uuid import UUID

import strawberry
from strawberry.federation.schema_directives import Key

from resolvers.ids import wire_id

__all__ = ["Account", "Channel", "Money", "Order", "ProductVariantChannelListing"]


@strawberry.federation.type(
    keys=[Key(fields="id", resolvable=False)],  # type: ignore[arg-type]
    description="A person who signs in; identity says more.",
)
class Account:
    id: strawberry.ID = strawberry.field(description="Of the account.")

    @classmethod
    def of(cls, id: UUID) -> Self:  # noqa: A002 - the key field's name
        return cls(id=wire_id(id))


@strawberry.federation.type(
    keys=[Key(fields="id", resolvable=False)],  # type: ignore[arg-type]
    description="An order of the shop, which says more.",
)
class Order:
    id: strawberry.ID = strawberry.field(description="Of the order.")


@strawberry.federation.type(description="An amount of money, as the shop tells it.")
class Money:
    amount: float = strawberry.federation.field(external=True, description="How much.")
    currency: str = strawberry.federation.field(external=True, description="ISO 4217 code.")


@strawberry.federation.type(description="A channel of the shop.")
class Channel:
    slug: str = strawberry.federation.field(external=True, description="Its name for addresses.")


@strawberry.federation.type(description="What a variant costs in a channel of the shop.")
class ProductVariantChannelListing:
    channel: Channel = strawberry.federation.field(external=True, description="The channel.")
    price: Money | None = strawberry.federation.field(external=True, description="The price, as it was entered.")
