"""Categories, as they are shown."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from typing import Any, Self

import strawberry
from sqlalchemy import Row

from resolvers.ids import parse_id, wire_id
from resolvers.operation import Info
from subgraphs.directory import loaders
from subgraphs.directory.schema.parts import SHOWN


@strawberry.federation.type(tags=SHOWN, keys=["id"], description="A kind of business; categories form a tree.")
class BusinessCategory:
    id: strawberry.ID = strawberry.field(description="The category's id.")
    slug: str = strawberry.field(description="Name for addresses, unique within the tenant.")
    name: str = strawberry.field(description="What people call it.")
    description: str = strawberry.field(description="What belongs here.")
    row: strawberry.Private[Row[Any]]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(id=wire_id(row.id), slug=row.slug, name=row.name, description=row.description, row=row)

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        row = await info.context.load(loaders.category_by_id, parse_id(id))
        return None if row is None else cls.of(row)

    @strawberry.field(description="The category above; null at the top of the tree.")
    async def parent(self, info: Info) -> "BusinessCategory | None":
        if self.row.parent_id is None:
            return None
        row = await info.context.load(loaders.category_by_id, self.row.parent_id)
        return None if row is None else BusinessCategory.of(row)

    @strawberry.field(description="The categories directly below, in their order.")
    async def children(self, info: Info) -> list["BusinessCategory"]:
        return [BusinessCategory.of(row) for row in await info.context.load(loaders.subcategories, self.row.id)]

    @strawberry.field(description="All categories above, from the top of the tree down: for a path.")
    async def ancestors(self, info: Info) -> list["BusinessCategory"]:
        return [BusinessCategory.of(row) for row in await info.context.load(loaders.ancestors, self.row.id)]

    @strawberry.field(description="How many businesses there are in this category and all below it.")
    async def business_count(self, info: Info) -> int:
        return await info.context.load(loaders.business_counts, self.row.id)
