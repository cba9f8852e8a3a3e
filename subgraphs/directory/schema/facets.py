"""Facets of a list of businesses, as they are shown."""

import asyncio
from typing import Self

import strawberry

from resolvers.operation import Info
from subgraphs.directory import loaders
from subgraphs.directory.domain.facets import Facets
from subgraphs.directory.schema.categories import BusinessCategory
from subgraphs.directory.schema.parts import SHOWN

__all__ = ["BusinessFacets"]


@strawberry.federation.type(tags=SHOWN, description="How many businesses a category would leave.")
class BusinessCategoryFacet:
    category: BusinessCategory = strawberry.field(description="The category, with those below it.")
    count: int = strawberry.field(description="How many there are if it is chosen.")


@strawberry.federation.type(tags=SHOWN, description="How many businesses a lowest rating would leave.")
class BusinessRatingFacet:
    minimum: float = strawberry.field(description="Mean rating at least this.")
    count: int = strawberry.field(description="How many there are if it is chosen.")


@strawberry.federation.type(tags=SHOWN, description="How many businesses a price level would leave.")
class BusinessPriceFacet:
    level: int = strawberry.field(description="1 (cheap) to 4 (expensive).")
    count: int = strawberry.field(description="How many there are if it alone is chosen.")


@strawberry.federation.type(tags=SHOWN, description="How many businesses a circle would leave.")
class BusinessDistanceFacet:
    within_m: int = strawberry.field(description="Metres from `near`.")
    count: int = strawberry.field(description="How many there are if it is chosen.")


@strawberry.federation.type(tags=SHOWN, description="How many businesses an attribute would leave.")
class BusinessAttributeFacet:
    attribute: str = strawberry.field(description="Such as `wheelchair-accessible`.")
    count: int = strawberry.field(description="How many there are if it alone is chosen.")


@strawberry.federation.type(
    tags=SHOWN,
    description="What further conditions would leave of a list, all pages together. Each is counted with all "
    "conditions but those of its own kind.",
)
class BusinessFacets:
    ratings: list[BusinessRatingFacet] = strawberry.field(description="Highest first.")
    price_levels: list[BusinessPriceFacet] = strawberry.field(description="Cheapest first.")
    open_count: int = strawberry.field(description="How many are open, at `openAt` if that is given, else now.")
    distances: list[BusinessDistanceFacet] = strawberry.field(description="Nearest first; empty without `near`.")
    attributes: list[BusinessAttributeFacet] = strawberry.field(description="Most frequent first, at most 50.")
    found: strawberry.Private[Facets]

    @classmethod
    def of(cls, found: Facets) -> Self:
        """As they were counted."""
        return cls(
            ratings=[BusinessRatingFacet(minimum=value, count=count) for value, count in found.ratings.items()],
            price_levels=[BusinessPriceFacet(level=value, count=count) for value, count in found.price_levels.items()],
            open_count=found.open,
            distances=[
                BusinessDistanceFacet(within_m=value, count=count) for value, count in found.distances_m.items()
            ],
            attributes=[
                BusinessAttributeFacet(attribute=value, count=count)
                for value, count in sorted(found.attributes.items(), key=lambda each: (-each[1], each[0]))
            ],
            found=found,
        )

    @strawberry.field(description="Most frequent first, then by name; at most 50.")
    async def categories(self, info: Info) -> list[BusinessCategoryFacet]:
        load = info.context.load
        rows = await asyncio.gather(*(load(loaders.category_by_id, each) for each in self.found.categories))
        named = [(row, self.found.categories[row.id]) for row in rows if row is not None]
        named.sort(key=lambda each: (-each[1], each[0].name, each[0].id))
        return [BusinessCategoryFacet(category=BusinessCategory.of(row), count=count) for row, count in named]
