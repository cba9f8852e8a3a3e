"""Root queries: one business, lists of them, search, categories, reviews."""

# ruff: noqa: A001, A002 (the names of GraphQL arguments)

import asyncio
import enum
from datetime import UTC, datetime
from typing import Annotated, assert_never

import strawberry

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id
from resolvers.operation import Info
from resolvers.pagination import Ordering, PageInfo, Window
from resolvers.permissions import requires_tenant
from subgraphs.directory import loaders
from subgraphs.directory.domain.geo import BoundingBox, Circle, Coordinates
from subgraphs.directory.domain.ranking import Match
from subgraphs.directory.domain.search import BusinessFilter, SearchMode
from subgraphs.directory.repository import categories, listings
from subgraphs.directory.schema.categories import BusinessCategory
from subgraphs.directory.schema.claims import ClaimQueries
from subgraphs.directory.schema.facets import BusinessFacets
from subgraphs.directory.schema.hours import instant
from subgraphs.directory.schema.moderation import ModerationQueries
from subgraphs.directory.schema.parts import PEOPLE, READ, SHOWN, After, Before, CoordinatesInput, First, Last
from subgraphs.directory.schema.types import (
    REVIEW_ORDERINGS,
    Business,
    BusinessConnection,
    Review,
    ReviewConnection,
    ReviewOrder,
    ReviewOrderArgument,
)
from subgraphs.directory.usecases.search import Answers, search_businesses, search_facets

strawberry.enum(
    SearchMode,
    description="How a search finds: TEXT by words, SEMANTIC by meaning, HYBRID by both (reciprocal rank fusion). With "
    "`near` what is found is ranked by its distance too, with half the weight.",
)


@strawberry.enum(description="Order of a list of businesses.")
class BusinessOrder(enum.Enum):
    NAME = strawberry.enum_value("name", description="By name.")
    RATING = strawberry.enum_value("rating", description="Highest mean rating first, most reviews first among equals.")
    NEWEST = strawberry.enum_value("newest", description="Latest listing first.")
    DISTANCE = strawberry.enum_value("distance", description="Nearest first; needs `near`.")


@strawberry.enum(description="How a hit was found.")
class SearchMatchKind(enum.Enum):
    TEXT = strawberry.enum_value("text", description="Its words match.")
    NAME = strawberry.enum_value("name", description="Its name resembles the query, whose words match nothing.")
    DISTANCE = strawberry.enum_value("distance", description="By another reason, and ranked by its distance too.")
    SEMANTIC = strawberry.enum_value("semantic", description="Its meaning is close.")


@strawberry.input(description="All places within a distance of a point.")
class CircleInput:
    center: CoordinatesInput = strawberry.field(description="The point.")
    radius_m: float = strawberry.field(description="Distance in metres, above 0.")


@strawberry.input(description="A map view. A western edge east of the eastern one spans the antimeridian.")
class BoundingBoxInput:
    south_west: CoordinatesInput = strawberry.field(description="The lower left corner.")
    north_east: CoordinatesInput = strawberry.field(description="The upper right corner.")


@strawberry.input(description="Conditions on businesses; all that are given must hold.")
class BusinessFilterInput:
    category_id: strawberry.ID | None = strawberry.field(default=None, description="In this category or any below it.")
    minimum_rating: float | None = strawberry.field(default=None, description="Mean rating at least this, 1 to 5.")
    open_now: bool = strawberry.field(default=False, description="Open at this moment.")
    open_at: datetime | None = strawberry.field(default=None, description="Open at this instant, with offset.")
    within: CircleInput | None = strawberry.field(default=None, description="Inside a circle.")
    bounding_box: BoundingBoxInput | None = strawberry.field(default=None, description="Inside a map view.")
    name_contains: str | None = strawberry.field(
        default=None, description="Part of the name, ignoring case and accents."
    )
    city: str | None = strawberry.field(default=None, description="In this city, ignoring case.")
    price_levels: list[int] = strawberry.field(
        default_factory=list, description="Of one of these levels, 1 (cheap) to 4 (expensive)."
    )
    attributes: list[str] = strawberry.field(default_factory=list, description="With all of these attributes.")
    owner_id: strawberry.ID | None = strawberry.federation.field(
        tags=PEOPLE, default=None, description="Owned by this user; not for visitors."
    )

    def to_domain(self) -> BusinessFilter:
        if self.open_now and self.open_at is not None:
            raise BadUserInput("Give `openNow` or `openAt`, not both.")
        return BusinessFilter(
            category_id=None if self.category_id is None else parse_id(self.category_id),
            minimum_rating=self.minimum_rating,
            open_at=datetime.now(UTC) if self.open_now else instant(self.open_at),
            within=None if self.within is None else Circle(self.within.center.to_domain(), self.within.radius_m),
            box=None
            if self.bounding_box is None
            else BoundingBox(self.bounding_box.south_west.to_domain(), self.bounding_box.north_east.to_domain()),
            name=self.name_contains,
            city=self.city,
            price_levels=frozenset(self.price_levels),
            attributes=frozenset(self.attributes),
            owner_id=None if self.owner_id is None else parse_id(self.owner_id),
        )


@strawberry.federation.type(tags=SHOWN, description="One reason for which a search found a business.")
class SearchMatch:
    kind: SearchMatchKind = strawberry.field(description="By words, name or meaning.")
    rank: int = strawberry.field(description="Place in the list of that kind, from 1.")
    score: float = strawberry.field(
        description="TEXT: rank of the words; NAME: share of letter triples; SEMANTIC: cosine similarity; DISTANCE: "
        "minus the metres from `near`. "
        "Not comparable between kinds."
    )

    @classmethod
    def of(cls, match: Match) -> "SearchMatch":
        return cls(kind=SearchMatchKind(match.source), rank=match.rank, score=match.score)


@strawberry.federation.type(tags=SHOWN, description="A business that a search found.")
class BusinessSearchEdge:
    cursor: str = strawberry.field(description="Place in this search, for `after`.")
    node: Business = strawberry.field(description="The business.")
    score: float = strawberry.field(description="Fused score; higher is better, comparable within this search only.")
    matches: list[SearchMatch] = strawberry.field(description="Why it was found.")
    distance_m: float | None = strawberry.field(description="Metres from `near`; null without it.")
    query: strawberry.Private[str]

    @strawberry.field(
        description="The part of the description that matches the words best, matched words between `**`; plain text."
    )
    async def excerpt(self, info: Info) -> str | None:
        return await info.context.load(loaders.excerpts, self.node.row.id, self.query)


@strawberry.federation.type(tags=SHOWN, description="A page of what a search found, best first.")
class BusinessSearchConnection:
    edges: list[BusinessSearchEdge] = strawberry.field(description="The hits of this page.")
    page_info: PageInfo = strawberry.field(description="Where this page lies.")
    total_count: int = strawberry.field(
        description="Hits on all pages together; a search ranks at most 200 by words and 200 by meaning."
    )
    answers: strawberry.Private[Answers]
    wanted: strawberry.Private[BusinessFilter]
    near: strawberry.Private[Coordinates | None]

    @strawberry.field(description="What further conditions would leave of all that answers the query.")
    async def facets(self, info: Info) -> BusinessFacets:
        context = info.context
        provider = context.services.embeddings
        found = await search_facets(context.session, provider, self.answers, self.wanted, self.near)
        return BusinessFacets.of(found)


FilterArgument = Annotated[
    BusinessFilterInput | None, strawberry.argument(description="Conditions that all must hold.")
]
NearArgument = Annotated[CoordinatesInput | None, strawberry.argument(description="Where distances are measured from.")]
IdArgument = Annotated[strawberry.ID, strawberry.argument(description="The id.")]


@strawberry.type(description="What can be read.")
class Query(ModerationQueries, ClaimQueries):
    @strawberry.federation.field(tags=SHOWN, extensions=[requires_tenant()], description="A business by its id.")
    async def business(self, info: Info, id: IdArgument) -> Business | None:
        return await Business.load(info, parse_id(id))

    @strawberry.federation.field(
        tags=SHOWN, extensions=[requires_tenant()], description="Businesses, filtered and ordered."
    )
    async def businesses(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: FilterArgument = None,
        order_by: Annotated[BusinessOrder, strawberry.argument(description="Order of the list.")] = BusinessOrder.NAME,
        near: NearArgument = None,
    ) -> BusinessConnection:
        wanted = _wanted(info, filter)
        place = near.to_domain() if near else None
        ordering = _ordering(order_by, place)
        window = Window.of(ordering, first=first, after=after, last=last, before=before)
        page = await listings.page(info.context.session, wanted, window)
        return BusinessConnection.of(page, Business.of, wanted=wanted, near=place)

    @strawberry.federation.field(
        tags=SHOWN,
        extensions=[requires_tenant()],
        description="Businesses that answer a query, best first: by words (all of them; `or`, quotes and a leading "
        "minus work as on the web), by meaning, or by both.",
    )
    async def search_businesses(
        self,
        info: Info,
        query: Annotated[str, strawberry.argument(description="What to look for, in plain words.")],
        mode: Annotated[SearchMode, strawberry.argument(description="How to find it.")] = SearchMode.HYBRID,
        near: NearArgument = None,
        filter: FilterArgument = None,
        first: First = None,
        after: After = None,
    ) -> BusinessSearchConnection:
        wanted = _wanted(info, filter)
        place = near.to_domain() if near else None
        context = info.context
        page = await search_businesses(
            context.session, context.services.embeddings, query, mode, wanted, place, first=first, after=after
        )
        rows = await asyncio.gather(*(context.load(loaders.business_by_id, hit.id) for hit in page.hits))
        return BusinessSearchConnection(
            edges=[
                BusinessSearchEdge(
                    cursor=cursor,
                    node=Business.of(row),
                    score=hit.score,
                    matches=[SearchMatch.of(match) for match in hit.matches],
                    distance_m=place.distance_m(Coordinates(row.latitude, row.longitude)) if place else None,
                    query=query,
                )
                for hit, cursor, row in zip(page.hits, page.cursors, rows, strict=True)
                if row is not None
            ],
            page_info=PageInfo(
                has_next_page=page.has_next,
                has_previous_page=page.has_previous,
                start_cursor=page.cursors[0] if page.cursors else None,
                end_cursor=page.cursors[-1] if page.cursors else None,
            ),
            total_count=page.total,
            answers=page.answers,
            wanted=wanted,
            near=place,
        )

    @strawberry.federation.field(
        tags=SHOWN, extensions=[requires_tenant()], description="The categories at the top of the tree."
    )
    async def business_categories(self, info: Info) -> list[BusinessCategory]:
        return [BusinessCategory.of(row) for row in await categories.roots(info.context.session)]

    @strawberry.federation.field(tags=SHOWN, extensions=[requires_tenant()], description="A category by its id.")
    async def business_category(self, info: Info, id: IdArgument) -> BusinessCategory | None:
        return await BusinessCategory.resolve_reference(info, id)

    @strawberry.federation.field(tags=SHOWN, extensions=[requires_tenant()], description="A review by its id.")
    async def review(self, info: Info, id: IdArgument) -> Review | None:
        return await Review.resolve_reference(info, id)

    @strawberry.federation.field(tags=SHOWN, extensions=[requires_tenant()], description="The reviews of a business.")
    async def reviews(
        self,
        info: Info,
        business_id: Annotated[strawberry.ID, strawberry.argument(description="The business's id.")],
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        order_by: ReviewOrderArgument = ReviewOrder.NEWEST,
    ) -> ReviewConnection:
        id = parse_id(business_id)
        window = Window.of(REVIEW_ORDERINGS[order_by], first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.review_pages, id, window)
        return ReviewConnection.of(page, Review.of, business_id=id)


def _wanted(info: Info, given: BusinessFilterInput | None) -> BusinessFilter:
    if given is None:
        return BusinessFilter()
    if given.owner_id is not None:
        info.context.require(READ)  # whose a listing is, is not for visitors: neither asked nor tried out
    return given.to_domain()


def _ordering(order: BusinessOrder, near: Coordinates | None) -> Ordering:
    match order:
        case BusinessOrder.NAME:
            return listings.BY_NAME
        case BusinessOrder.RATING:
            return listings.BY_RATING
        case BusinessOrder.NEWEST:
            return listings.NEWEST
        case BusinessOrder.DISTANCE:
            if near is None:
                raise BadUserInput("Ordering by distance needs `near`.")
            return listings.by_distance(near)
        case _ as never:
            assert_never(never)
