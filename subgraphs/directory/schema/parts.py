"""What the directory's types have in common: tags, arguments, places, references."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Self
from uuid import UUID

import strawberry
from strawberry.federation.schema_directives import Key

from resolvers.errors import BadUserInput
from resolvers.ids import wire_id
from subgraphs.directory.domain.geo import Coordinates

# For contracts. Types that other contexts extend are tagged field by field: a type's tag is that of all its fields.
SHOWN = ("partner", "public")
PEOPLE = ("people",)
PAGING = ("paging",)
INTERNAL = ("internal",)

READ = "directory:read"
"""Of members; visitors see without it what is tagged `public`, and nobody's name."""
WRITE = "directory:write"

First = Annotated[int | None, strawberry.argument(description="How many from the start of the list, at most 100.")]
After = Annotated[str | None, strawberry.argument(description="Only what comes after this cursor.")]
Last = Annotated[int | None, strawberry.argument(description="How many from the end of the list, at most 100.")]
Before = Annotated[str | None, strawberry.argument(description="Only what comes before this cursor.")]


@strawberry.input(description="A point on the globe, in degrees (WGS 84).")
class CoordinatesInput:
    latitude: float = strawberry.field(description="North of the equator, -90 to 90.")
    longitude: float = strawberry.field(description="East of Greenwich, -180 to 180.")

    def to_domain(self) -> Coordinates:
        return Coordinates(self.latitude, self.longitude)


@strawberry.federation.type(tags=SHOWN, description="A point on the globe, in degrees (WGS 84).")
class GeoPoint:
    latitude: float = strawberry.field(description="North of the equator, -90 to 90.")
    longitude: float = strawberry.field(description="East of Greenwich, -180 to 180.")


@strawberry.federation.type(tags=SHOWN, description="Where a business is, as one writes it on an envelope.")
class BusinessAddress:
    street: str = strawberry.field(description="Street and number.")
    postal_code: str = strawberry.field(description="Postal code; empty where there is none.")
    city: str = strawberry.field(description="City or village.")
    country_code: str = strawberry.field(description="Two letters of ISO 3166-1.")


@strawberry.federation.type(tags=SHOWN, description="What the reviewers think on average.")
class BusinessRating:
    average: float | None = strawberry.field(description="Mean of the ratings, 1 to 5, two decimals; null if none.")
    count: int = strawberry.field(description="How many reviews there are.")


@strawberry.federation.type(keys=[Key(fields="id", resolvable=False)])  # type: ignore[arg-type]
class Account:
    """A reference to identity's entity, which describes it."""

    id: strawberry.ID

    @classmethod
    def of(cls, id: UUID) -> Self:  # noqa: A002
        return cls(id=wire_id(id))


@contextmanager
def under(argument: str) -> Iterator[None]:
    """Puts the argument's name before the path of a wrong value."""
    try:
        yield
    except BadUserInput as error:
        error.path = (argument, *error.path)
        raise
