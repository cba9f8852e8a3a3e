"""Businesses and reviews, as the graph shows them."""

# ruff: noqa: A002 (the names of GraphQL arguments)

import asyncio
import enum
from datetime import UTC, datetime
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry
from sqlalchemy import Row

from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload
from resolvers.operation import Info
from resolvers.pagination import Connection, Ordering, Window
from resolvers.permissions import requires
from subgraphs.directory import loaders
from subgraphs.directory.domain.geo import Coordinates
from subgraphs.directory.domain.hours import OpeningHours
from subgraphs.directory.domain.listings import rating_average
from subgraphs.directory.domain.search import BusinessFilter
from subgraphs.directory.repository import listings, photos, reviews
from subgraphs.directory.repository.facets import facets
from subgraphs.directory.schema.categories import BusinessCategory
from subgraphs.directory.schema.facets import BusinessFacets
from subgraphs.directory.schema.hours import (
    BusinessHours,
    BusinessOpeningState,
    BusinessOpenPeriod,
    BusinessSpecialHours,
    instant,
    opening_window,
)
from subgraphs.directory.schema.parts import (
    INTERNAL,
    PAGING,
    PEOPLE,
    READ,
    SHOWN,
    WRITE,
    Account,
    After,
    Before,
    BusinessAddress,
    BusinessRating,
    CoordinatesInput,
    First,
    GeoPoint,
    Last,
)
from subgraphs.directory.schema.photos import BusinessPhoto, BusinessPhotoConnection
from subgraphs.directory.usecases.rights import owns


@strawberry.enum(description="Order of a list of reviews.")
class ReviewOrder(enum.Enum):
    NEWEST = strawberry.enum_value("newest", description="Latest first.")
    BEST = strawberry.enum_value("best", description="Highest rating first, latest first among equals.")
    WORST = strawberry.enum_value("worst", description="Lowest rating first, latest first among equals.")


REVIEW_ORDERINGS: dict[ReviewOrder, Ordering] = {
    ReviewOrder.NEWEST: reviews.NEWEST,
    ReviewOrder.BEST: reviews.BEST,
    ReviewOrder.WORST: reviews.WORST,
}

ReviewOrderArgument = Annotated[ReviewOrder, strawberry.argument(description="Order of the reviews.")]


@strawberry.enum(description="Who wrote a text: a person, a language model, or stated rules.")
class WritingEngine(enum.Enum):
    PERSON = "person"
    LLM = "llm"
    PLAYBOOK = "playbook"


@strawberry.federation.type(tags=SHOWN, description="What the business says to a review.")
class ReviewResponse:
    text: str = strawberry.field(description="The response itself.")
    engine: WritingEngine = strawberry.field(description="Who wrote it; never passed off as another.")
    model: str | None = strawberry.field(description="Of the language model; null unless one wrote it.")
    run_id: strawberry.ID | None = strawberry.federation.field(
        tags=INTERNAL, extensions=[requires(READ)], description="The agent run that wrote it; null for a person's."
    )
    published_at: datetime | None = strawberry.field(
        description="Since when all can read it; null for a draft, which is shown to those alone who may write it."
    )
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    user_id: strawberry.Private[UUID | None]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(
            text=row.text,
            engine=WritingEngine(row.engine),
            model=row.model,
            run_id=None if row.run_id is None else wire_id(row.run_id),
            published_at=row.published_at,
            updated_at=row.updated_at,
            user_id=row.user_id,
        )

    @strawberry.federation.field(
        tags=PEOPLE,
        extensions=[requires(READ)],
        description="Who gave it, or on whose behalf the run wrote it; null if the system did.",
    )
    def author(self) -> Account | None:
        return None if self.user_id is None else Account.of(self.user_id)


@strawberry.federation.type(
    tags=SHOWN, keys=["id"], description="What a user thinks of a business; one per user and business."
)
class Review:
    id: strawberry.ID = strawberry.field(description="The review's id.")
    rating: int = strawberry.field(description="1 (worst) to 5 (best).")
    title: str = strawberry.field(description="A line that sums it up; may be empty.")
    body: str = strawberry.field(description="The review itself; may be empty.")
    author: Account | None = strawberry.federation.field(
        tags=PEOPLE, extensions=[requires(READ)], description="Who wrote it; not for visitors."
    )
    created_at: datetime = strawberry.field(description="When it was written.")
    updated_at: datetime = strawberry.field(description="When it was last changed.")
    business_id: strawberry.Private[UUID]
    moderated: strawberry.Private[tuple[datetime | None, str | None]]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(
            id=wire_id(row.id),
            rating=row.rating,
            title=row.title,
            body=row.body,
            author=Account.of(row.author_id),
            created_at=row.created_at,
            updated_at=row.updated_at,
            business_id=row.business_id,
            moderated=(row.hidden_at, row.hidden_reason),
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        row = await info.context.load(loaders.review_by_id, parse_id(id))
        if row is None or (row.hidden_at is not None and not _sees_hidden(info, row.author_id)):
            return None
        return cls.of(row)

    @strawberry.federation.field(
        tags=INTERNAL,
        extensions=[requires(READ)],
        description="Since when it is hidden: shown to its author and moderators alone, counted nowhere.",
    )
    def hidden_at(self) -> datetime | None:
        return self.moderated[0]

    @strawberry.federation.field(
        tags=INTERNAL, extensions=[requires(READ)], description="Why it is hidden; null for one that is not."
    )
    def hidden_reason(self) -> str | None:
        return self.moderated[1]

    @strawberry.field(description="What the business says to it; null if nothing (that the caller may see).")
    async def response(self, info: Info) -> ReviewResponse | None:
        row = await info.context.load(loaders.response_of_review, UUID(self.id))
        if row is None or (row.published_at is None and not await self._sees_drafts(info)):
            return None
        return ReviewResponse.of(row)

    async def _sees_drafts(self, info: Info) -> bool:
        if WRITE in info.context.request.scopes:
            return True
        business = await info.context.load(loaders.business_by_id, self.business_id)
        return business is not None and owns(info.context.request, business)

    @strawberry.field(description="The business that it is about.")
    async def business(self, info: Info) -> "Business":
        row = await info.context.load(loaders.business_by_id, self.business_id)
        assert row is not None, "a review goes with its business"
        return Business.of(row)


@strawberry.type(description="A page of reviews.")
class ReviewConnection(Connection[Review]):
    business_id: strawberry.Private[UUID]

    @strawberry.federation.field(tags=PAGING, description="How many reviews the business has.")
    async def total_count(self, info: Info) -> int:
        row = await info.context.load(loaders.business_by_id, self.business_id)
        return 0 if row is None else int(row.rating_count)


@strawberry.federation.type(keys=["id"], description="A business listed in the directory.")
class Business:
    id: strawberry.ID = strawberry.federation.field(tags=SHOWN, description="The business's id.")
    name: str = strawberry.federation.field(tags=SHOWN, description="What it is called.")
    slug: str = strawberry.federation.field(tags=SHOWN, description="Name for addresses, unique within the tenant.")
    description: str = strawberry.federation.field(tags=SHOWN, description="What it says about itself.")
    keywords: list[str] = strawberry.federation.field(tags=SHOWN, description="Words under which it wants to be found.")
    phone: str | None = strawberry.federation.field(tags=SHOWN, description="Phone number, as people write it.")
    website: str | None = strawberry.federation.field(tags=SHOWN, description="Address of its website.")
    price_level: int | None = strawberry.federation.field(
        tags=SHOWN, description="1 (cheap) to 4 (expensive); null if that is not known."
    )
    attributes: list[str] = strawberry.federation.field(
        tags=SHOWN, description="What it has, such as `wheelchair-accessible`."
    )
    address: BusinessAddress = strawberry.federation.field(tags=SHOWN, description="Where it is, in words.")
    coordinates: GeoPoint = strawberry.federation.field(tags=SHOWN, description="Where it is on the globe.")
    time_zone: str = strawberry.federation.field(
        tags=SHOWN, description="IANA name of the time zone of its opening hours."
    )
    rating: BusinessRating = strawberry.federation.field(tags=SHOWN, description="What its reviewers think on average.")
    owner: Account | None = strawberry.federation.field(
        tags=(*SHOWN, *PEOPLE),
        extensions=[requires(READ)],
        description="The user who owns the listing, if any; not for visitors. Null, with an error, where more than the "
        "id of someone is asked who is no member of the tenant (any more).",
    )
    verified_at: datetime | None = strawberry.federation.field(
        tags=SHOWN, description="Since when it is known whose it is, by a claim; null if that is not known."
    )
    version: int = strawberry.field(description="Rises with every change; give it back to detect others' changes.")
    created_at: datetime = strawberry.federation.field(tags=SHOWN, description="When it was listed.")
    updated_at: datetime = strawberry.federation.field(tags=SHOWN, description="When its listing was last changed.")
    row: strawberry.Private[Row[Any]]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        return cls(
            id=wire_id(row.id),
            name=row.name,
            slug=row.slug,
            description=row.description,
            keywords=row.keywords,
            phone=row.phone,
            website=row.website,
            price_level=row.price_level,
            attributes=row.attributes,
            address=BusinessAddress(
                street=row.street, postal_code=row.postal_code, city=row.city, country_code=row.country_code
            ),
            coordinates=GeoPoint(latitude=row.latitude, longitude=row.longitude),
            time_zone=row.time_zone,
            rating=BusinessRating(average=rating_average(row.rating_count, row.rating_sum), count=row.rating_count),
            owner=None if row.owner_id is None else Account.of(row.owner_id),
            verified_at=row.verified_at,
            version=row.version,
            created_at=row.created_at,
            updated_at=row.updated_at,
            row=row,
        )

    @classmethod
    async def load(cls, info: Info, id: UUID) -> Self | None:
        row = await info.context.load(loaders.business_by_id, id)
        return None if row is None else cls.of(row)

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> Self | None:
        return await cls.load(info, parse_id(id))

    @strawberry.federation.field(tags=SHOWN, description="What kind of business it is.")
    async def category(self, info: Info) -> BusinessCategory:
        row = await info.context.load(loaders.category_by_id, self.row.category_id)
        assert row is not None, "a business has a category"
        return BusinessCategory.of(row)

    @strawberry.federation.field(tags=SHOWN, description="When it is open, from Monday on, in its own time zone.")
    async def opening_hours(self, info: Info) -> list[BusinessHours]:
        return [BusinessHours.of(i) for i in await info.context.load(loaders.opening_intervals, self.row.id)]

    @strawberry.federation.field(tags=SHOWN, description="Whether it is open at an instant.")
    async def is_open(
        self,
        info: Info,
        at: Annotated[datetime | None, strawberry.argument(description="With offset; now if left out.")] = None,
    ) -> bool:
        return (await self._timetable(info)).is_open(instant(at) or datetime.now(UTC))

    @strawberry.federation.field(
        tags=SHOWN, description='Whether it is open at an instant, and until when that stays so: "open until six".'
    )
    async def opening_state(
        self,
        info: Info,
        at: Annotated[datetime | None, strawberry.argument(description="With offset; now if left out.")] = None,
    ) -> BusinessOpeningState:
        timetable, moment = await self._timetable(info), instant(at) or datetime.now(UTC)
        exception = timetable.exception_at(moment)
        return BusinessOpeningState(
            is_open=timetable.is_open(moment),
            next_change_at=timetable.next_change(moment),
            special_hours=None if exception is None else BusinessSpecialHours.of(exception),
        )

    @strawberry.federation.field(
        tags=SHOWN, description="Days with other hours than the week's, those of one year first, by day; at most 60."
    )
    async def special_hours(self, info: Info) -> list[BusinessSpecialHours]:
        found = await info.context.load(loaders.opening_exceptions, self.row.id)
        return [BusinessSpecialHours.of(each) for each in found]

    @strawberry.federation.field(
        tags=SHOWN, description="When it is open between two instants, special hours and clock changes considered."
    )
    async def open_periods(
        self,
        info: Info,
        start: Annotated[datetime, strawberry.argument(name="from", description="The first instant, with offset.")],
        end: Annotated[
            datetime, strawberry.argument(name="to", description="The last one, at most 62 days later, with offset.")
        ],
    ) -> list[BusinessOpenPeriod]:
        window = opening_window(start, end)
        found = (await self._timetable(info)).periods(*window)
        return [BusinessOpenPeriod(opens_at=opens, closes_at=closes) for opens, closes in found]

    async def _timetable(self, info: Info) -> OpeningHours:
        load = info.context.load
        intervals, exceptions = await asyncio.gather(
            load(loaders.opening_intervals, self.row.id), load(loaders.opening_exceptions, self.row.id)
        )
        return OpeningHours(self.time_zone, tuple(intervals), tuple(exceptions))

    @strawberry.federation.field(tags=SHOWN, description="Great-circle distance from a point, metres.")
    def distance_m(
        self,
        origin: Annotated[CoordinatesInput, strawberry.argument(name="from", description="The point.")],
    ) -> float:
        return origin.to_domain().distance_m(Coordinates(self.row.latitude, self.row.longitude))

    @strawberry.federation.field(tags=SHOWN, description="What users think of it.")
    async def reviews(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        order_by: ReviewOrderArgument = ReviewOrder.NEWEST,
    ) -> ReviewConnection:
        window = Window.of(REVIEW_ORDERINGS[order_by], first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.review_pages, self.row.id, window)
        return ReviewConnection.of(page, Review.of, business_id=self.row.id)

    @strawberry.federation.field(tags=SHOWN, description="Photos of it, in the order of whoever keeps the listing.")
    async def photos(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        include_hidden: Annotated[
            bool,
            strawberry.argument(description="With those that moderators have hidden, for who acts for the listing."),
        ] = False,
    ) -> BusinessPhotoConnection:
        window = Window.of(photos.IN_ORDER, first=first, after=after, last=last, before=before)
        request = info.context.request
        hidden = include_hidden and (WRITE in request.scopes or owns(request, self.row))
        page = await info.context.load(loaders.photo_pages, self.row.id, loaders.PhotosArguments(window, hidden))
        return BusinessPhotoConnection.of(page, BusinessPhoto.of, business_id=self.row.id, hidden=hidden)


@strawberry.type(description="Answer of a mutation of a listing.")
class BusinessPayload(MutationPayload):
    business: Business | None = strawberry.field(default=None, description="The listing as it is now.")


@strawberry.type(description="A page of businesses.")
class BusinessConnection(Connection[Business]):
    wanted: strawberry.Private[BusinessFilter]
    near: strawberry.Private[Coordinates | None]

    @strawberry.federation.field(
        tags=PAGING, description="How many businesses fulfil the filter, on all pages together."
    )
    async def total_count(self, info: Info) -> int:
        return await listings.count(info.context.session, self.wanted)

    @strawberry.federation.field(tags=SHOWN, description="What further conditions would leave, on all pages together.")
    async def facets(self, info: Info) -> BusinessFacets:
        return BusinessFacets.of(await facets(info.context.session, self.wanted, self.near))


def _sees_hidden(info: Info, author_id: UUID) -> bool:
    return WRITE in info.context.request.scopes or info.context.request.user_id == author_id
