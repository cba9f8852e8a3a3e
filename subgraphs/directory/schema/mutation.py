"""Root mutations: listings, opening hours, reviews, categories."""

# ruff: noqa: A001, A002 (the names of GraphQL arguments)

from typing import Annotated, Any

import strawberry

from resolvers.agent_fields import AgentPayload, AgentRisk, agent_mutation
from resolvers.errors import BadUserInput
from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from subgraphs.directory import loaders
from subgraphs.directory.domain.errors import ReviewNotFound
from subgraphs.directory.domain.hours import OpeningHours
from subgraphs.directory.domain.listings import RawListing, text_configuration
from subgraphs.directory.domain.responses import Wording
from subgraphs.directory.schema.categories import CategoryMutations
from subgraphs.directory.schema.claims import ClaimMutations
from subgraphs.directory.schema.hours import OpeningIntervalInput, SetOpeningHoursInput, SetSpecialHoursInput
from subgraphs.directory.schema.moderation import ModerationMutations
from subgraphs.directory.schema.parts import WRITE, CoordinatesInput, under
from subgraphs.directory.schema.photos import PhotoMutations
from subgraphs.directory.schema.types import Business, BusinessPayload, Review, WritingEngine
from subgraphs.directory.usecases import listings, responses, reviews

_USER = "Any UUID is taken: whether it is a user of the tenant is identity's to know."


@strawberry.input(description="Where a business is, as one writes it on an envelope.")
class BusinessAddressInput:
    street: str = strawberry.field(description="Street and number.")
    city: str = strawberry.field(description="City or village.")
    country_code: str = strawberry.field(description="Two letters of ISO 3166-1.")
    postal_code: str = strawberry.field(default="", description="Postal code; empty where there is none.")


@strawberry.input(description="A new listing.")
class CreateBusinessInput:
    name: str = strawberry.field(description="What it is called, at most 200 characters.")
    category_id: strawberry.ID = strawberry.field(description="What kind of business it is.")
    address: BusinessAddressInput = strawberry.field(description="Where it is, in words.")
    coordinates: CoordinatesInput = strawberry.field(description="Where it is on the globe.")
    time_zone: str = strawberry.field(description="IANA name of the time zone of its opening hours.")
    opening_hours: list[OpeningIntervalInput] = strawberry.field(
        default_factory=list, description="When it is open; intervals must not overlap."
    )
    slug: str | None = strawberry.field(default=None, description="Name for addresses; made of the name if left out.")
    description: str = strawberry.field(default="", description="What it says about itself, at most 5000 characters.")
    keywords: list[str] = strawberry.field(default_factory=list, description="Words to be found under, at most 20.")
    phone: str | None = strawberry.field(default=None, description="Phone number.")
    website: str | None = strawberry.field(default=None, description="An http or https address.")
    language: str | None = strawberry.field(
        default=None, description="BCP 47 tag of the language of its texts; the caller's locale if left out."
    )
    owner_id: strawberry.ID | None = strawberry.field(
        default=None, description=f"The user who owns the listing. {_USER}"
    )
    price_level: int | None = strawberry.field(default=None, description="1 (cheap) to 4 (expensive).")
    attributes: list[str] = strawberry.field(
        default_factory=list, description="What it has, such as `wheelchair-accessible`, at most 20."
    )

    def to_domain(self, locale: str | None) -> RawListing:
        return RawListing(
            name=self.name,
            slug=self.slug,
            description=self.description,
            keywords=tuple(self.keywords),
            category_id=parse_id(self.category_id, "categoryId"),
            street=self.address.street,
            postal_code=self.address.postal_code,
            city=self.address.city,
            country_code=self.address.country_code,
            latitude=self.coordinates.latitude,
            longitude=self.coordinates.longitude,
            time_zone=self.time_zone,
            intervals=tuple(interval.to_domain() for interval in self.opening_hours),
            phone=self.phone,
            website=self.website,
            language=text_configuration(self.language or locale),
            owner_id=None if self.owner_id is None else parse_id(self.owner_id, "ownerId"),
            price_level=self.price_level,
            attributes=tuple(self.attributes),
        )


@strawberry.input(description="Changes to a listing; what is left out stays as it is.")
class UpdateBusinessInput:
    id: strawberry.ID = strawberry.field(description="The business.")
    expected_version: int | None = strawberry.field(
        default=None, description="The version that you have read; if the listing has another by now, nothing changes."
    )
    name: str | None = strawberry.field(default=strawberry.UNSET, description="What it is called.")
    slug: str | None = strawberry.field(default=strawberry.UNSET, description="Name for addresses.")
    category_id: strawberry.ID | None = strawberry.field(default=strawberry.UNSET, description="What kind it is.")
    address: BusinessAddressInput | None = strawberry.field(default=strawberry.UNSET, description="Where it is.")
    coordinates: CoordinatesInput | None = strawberry.field(default=strawberry.UNSET, description="Where on the globe.")
    description: str | None = strawberry.field(default=strawberry.UNSET, description="What it says about itself.")
    keywords: list[str] | None = strawberry.field(default=strawberry.UNSET, description="Words to be found under.")
    phone: str | None = strawberry.field(default=strawberry.UNSET, description="Phone number; null removes it.")
    website: str | None = strawberry.field(default=strawberry.UNSET, description="Website; null removes it.")
    language: str | None = strawberry.field(default=strawberry.UNSET, description="Language of its texts.")
    price_level: int | None = strawberry.field(
        default=strawberry.UNSET, description="1 (cheap) to 4 (expensive); null removes it."
    )
    attributes: list[str] | None = strawberry.field(default=strawberry.UNSET, description="What it has.")
    owner_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description=f"Who owns the listing; null for nobody. {_USER}"
    )

    def changes(self) -> dict[str, Any]:
        """What was given, as attributes of `RawListing`."""
        changes = {name: getattr(self, name) for name in ("phone", "website", "price_level") if self._given(name)}
        texts = ("name", "slug", "description", "keywords", "language", "attributes")
        for name in (*texts, "category_id", "address", "coordinates"):
            if not self._given(name):
                continue
            value = getattr(self, name)
            if value is None:
                raise BadUserInput("It cannot be removed; leave it out to keep it.", path=(_camel(name),))
            changes |= _attributes(name, value)
        if self._given("owner_id"):
            changes["owner_id"] = None if self.owner_id is None else parse_id(self.owner_id, "ownerId")
        return changes

    def _given(self, name: str) -> bool:
        return getattr(self, name) is not strawberry.UNSET


@strawberry.input(description="A new review by the caller.")
class AddReviewInput:
    business_id: strawberry.ID = strawberry.field(description="The business.")
    rating: int = strawberry.field(description="1 (worst) to 5 (best).")
    title: str = strawberry.field(default="", description="A line that sums it up.")
    body: str = strawberry.field(default="", description="The review itself, at most 5000 characters.")


@strawberry.input(description="Changes to one's own review; what is left out stays as it is.")
class EditReviewInput:
    id: strawberry.ID = strawberry.field(description="The review.")
    rating: int | None = strawberry.field(default=None, description="1 (worst) to 5 (best).")
    title: str | None = strawberry.field(default=None, description="A line that sums it up.")
    body: str | None = strawberry.field(default=None, description="The review itself.")


@strawberry.input(description="What the business says to a review.")
class RespondToReviewInput:
    review_id: strawberry.ID = strawberry.field(description="The review.")
    text: str = strawberry.field(description="The response, at most 2000 characters.")
    publish: bool = strawberry.field(default=False, description="Show it to all at once; else it stays a draft.")
    engine: WritingEngine = strawberry.field(
        default=WritingEngine.PERSON,
        description="Who wrote it. PERSON outside of an agent run, LLM or PLAYBOOK within one.",
    )
    model: str | None = strawberry.field(default=None, description="Of the language model; for LLM only.")


@strawberry.input(description="The review that a crew drafts a response to.")
class DraftReviewResponseInput:
    review_id: strawberry.ID = strawberry.field(description="The review.")


@strawberry.type(description="Answer of `deleteBusiness`.")
class DeleteBusinessPayload(MutationPayload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="The id that the business had.")


@strawberry.type(description="Answer of a mutation of a review.")
class ReviewPayload(MutationPayload):
    review: Review | None = strawberry.field(default=None, description="The review as it is now.")


@strawberry.type(description="Answer of `draftReviewResponse`.")
class DraftReviewResponsePayload(AgentPayload):
    review: Review | None = strawberry.field(
        default=None, description="With its response once the run has drafted it; null if the mutation was refused."
    )


@strawberry.type(description="Answer of `removeReview`.")
class RemoveReviewPayload(MutationPayload):
    removed_id: strawberry.ID | None = strawberry.field(default=None, description="The id that the review had.")
    business: Business | None = strawberry.field(default=None, description="The business, its rating without it.")


IdArgument = Annotated[strawberry.ID, strawberry.argument(description="The id.")]


@strawberry.type(description="What can be changed.")
class Mutation(ModerationMutations, ClaimMutations, CategoryMutations, PhotoMutations):
    @mutation(BusinessPayload, scope="directory:write", description="List a business.")
    async def create_business(
        self, info: Info, input: Annotated[CreateBusinessInput, strawberry.argument(description="The listing.")]
    ) -> BusinessPayload:
        context = info.context
        with under("input"):
            raw = input.to_domain(context.request.locale)
            id = await listings.create_business(context.session, context.tenant_id(), context.services.embeddings, raw)
        return BusinessPayload(business=await Business.load(info, id))

    @mutation(BusinessPayload, scope="directory:write", description="Change what a listing says.")
    async def update_business(
        self, info: Info, input: Annotated[UpdateBusinessInput, strawberry.argument(description="The changes.")]
    ) -> BusinessPayload:
        context = info.context
        with under("input"):
            id = parse_id(input.id, "id")
            await listings.update_business(
                context.session,
                context.tenant_id(),
                context.services.embeddings,
                id,
                input.changes(),
                input.expected_version,
            )
        return BusinessPayload(business=await Business.load(info, id))

    @mutation(
        DeleteBusinessPayload, scope="directory:write", description="Remove a business with its hours and reviews."
    )
    async def delete_business(self, info: Info, id: IdArgument) -> DeleteBusinessPayload:
        business_id = parse_id(id, "id")
        await listings.delete_business(info.context.session, business_id)
        return DeleteBusinessPayload(deleted_id=wire_id(business_id))

    @mutation(
        BusinessPayload,
        scope="directory:read",
        description="Replace the timetable of one's own business; of any with the scope `directory:write`.",
    )
    async def set_opening_hours(
        self, info: Info, input: Annotated[SetOpeningHoursInput, strawberry.argument(description="The timetable.")]
    ) -> BusinessPayload:
        context = info.context
        with under("input"):
            id = parse_id(input.business_id, "businessId")
            hours = OpeningHours.of(input.time_zone, [interval.to_domain() for interval in input.opening_hours])
            await listings.set_opening_hours(context.session, context.tenant_id(), id, hours)
        return BusinessPayload(business=await Business.load(info, id))

    @mutation(
        BusinessPayload,
        scope="directory:read",
        description="Replace the special hours of one's own business; of any with `directory:write`.",
    )
    async def set_special_hours(
        self, info: Info, input: Annotated[SetSpecialHoursInput, strawberry.argument(description="All of them.")]
    ) -> BusinessPayload:
        context = info.context
        with under("input"):
            id = parse_id(input.business_id, "businessId")
            exceptions = [each.to_domain() for each in input.special_hours]
            await listings.set_opening_exceptions(context.session, context.tenant_id(), id, exceptions)
        return BusinessPayload(business=await Business.load(info, id))

    @mutation(ReviewPayload, scope="directory:write", description="Review a business; once per user.")
    async def add_review(
        self, info: Info, input: Annotated[AddReviewInput, strawberry.argument(description="The review.")]
    ) -> ReviewPayload:
        context = info.context
        with under("input"):
            row = await reviews.add_review(
                context.session,
                context.tenant_id(),
                context.user_id(),
                parse_id(input.business_id, "businessId"),
                rating=input.rating,
                title=input.title,
                body=input.body,
            )
        return ReviewPayload(review=Review.of(row))

    @mutation(ReviewPayload, scope="directory:write", description="Change one's own review.")
    async def edit_review(
        self, info: Info, input: Annotated[EditReviewInput, strawberry.argument(description="The changes.")]
    ) -> ReviewPayload:
        context = info.context
        given = {name: getattr(input, name) for name in ("rating", "title", "body")}
        changes = {name: value for name, value in given.items() if value is not None}
        with under("input"):
            row = await reviews.edit_review(context.session, context.user_id(), parse_id(input.id, "id"), **changes)
        return ReviewPayload(review=Review.of(row))

    @mutation(
        RemoveReviewPayload, scope="directory:write", description="Remove one's own review; owners and managers any."
    )
    async def remove_review(self, info: Info, id: IdArgument) -> RemoveReviewPayload:
        context = info.context
        review_id = parse_id(id, "id")
        business_id = await reviews.remove_review(context.session, context.user_id(), context.request.roles, review_id)
        return RemoveReviewPayload(removed_id=wire_id(review_id), business=await Business.load(info, business_id))

    @mutation(
        ReviewPayload,
        scope="directory:read",
        description="Say something to a review of one's own listing; owners and managers to any. A draft until it is "
        "published; a published text is replaced by publishing another.",
    )
    async def respond_to_review(
        self, info: Info, input: Annotated[RespondToReviewInput, strawberry.argument(description="The response.")]
    ) -> ReviewPayload:
        context = info.context
        with under("input"):
            review_id = parse_id(input.review_id, "reviewId")
            wording = Wording.of(input.text, input.engine.value, input.model, context.acting_run())
            row = await responses.respond_to_review(
                context.session, context.tenant_id(), review_id, wording, publish=input.publish
            )
        return ReviewPayload(review=Review.of(row))

    @agent_mutation(
        DraftReviewResponsePayload,
        crew="review_response",
        risk=AgentRisk.WRITE,
        wait_seconds=5,
        scope=WRITE,
        description="Let the crew `review_response` draft a response; it proposes `respondToReview`.",
    )
    async def draft_review_response(
        self, info: Info, input: Annotated[DraftReviewResponseInput, strawberry.argument(description="Which review.")]
    ) -> DraftReviewResponsePayload:
        with under("input"):
            row = await info.context.load(loaders.review_by_id, parse_id(input.review_id, "reviewId"))
        if row is None:
            raise ReviewNotFound
        return DraftReviewResponsePayload(review=Review.of(row))


def _attributes(name: str, value: Any) -> dict[str, Any]:
    match value:
        case BusinessAddressInput():
            return {
                "street": value.street,
                "postal_code": value.postal_code,
                "city": value.city,
                "country_code": value.country_code,
            }
        case CoordinatesInput():
            return {"latitude": value.latitude, "longitude": value.longitude}
        case list():
            return {name: tuple(value)}
    if name == "category_id":
        return {name: parse_id(value, "categoryId")}
    return {name: text_configuration(value) if name == "language" else value}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
