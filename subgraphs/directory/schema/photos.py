"""Photos of listings, as they are shown, and how they are kept."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry
from sqlalchemy import Row

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.pagination import Connection
from resolvers.permissions import requires
from resolvers.uploads import Upload
from subgraphs.directory import loaders
from subgraphs.directory.domain.photos import MAX_PHOTOS, PhotoDecision, PhotoRuling, PhotoSize, photo_path
from subgraphs.directory.schema.parts import INTERNAL, PAGING, READ, SHOWN, WRITE, under
from subgraphs.directory.usecases import photos

__all__ = ["BusinessPhoto", "BusinessPhotoConnection", "PhotoMutations"]

strawberry.enum(PhotoDecision, name="BusinessPhotoModerationDecision", description="What becomes of a photo.")


@strawberry.federation.type(tags=SHOWN, description="A photo in one size.")
class BusinessPhotoRendition:
    url: str = strawberry.field(
        description="Path of the file (WebP), below the address of the graph's server. Another one once it was hidden."
    )
    width: int = strawberry.field(description="Pixels.")
    height: int = strawberry.field(description="Pixels.")
    bytes: int = strawberry.field(description="Size of the file.")


@strawberry.federation.type(tags=SHOWN, description="A photo of a business.")
class BusinessPhoto:
    id: strawberry.ID = strawberry.field(description="Of the photo.")
    alt_text: str = strawberry.field(description="What it shows, for those who do not see it.")
    created_at: datetime = strawberry.field(description="When it was added.")
    hidden_at: datetime | None = strawberry.federation.field(
        tags=INTERNAL,
        extensions=[requires(READ)],
        description="Since when it is hidden: shown to those alone who act for the listing.",
    )
    hidden_reason: str | None = strawberry.federation.field(
        tags=INTERNAL, extensions=[requires(READ)], description="Why it is hidden; null for one that is not."
    )
    row: strawberry.Private[Row[Any]]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """As the repository has it."""
        return cls(
            id=wire_id(row.id),
            alt_text=row.alt_text,
            created_at=row.created_at,
            hidden_at=row.hidden_at,
            hidden_reason=row.hidden_reason,
            row=row,
        )

    @strawberry.field(description="At most 400 pixels wide and high: for lists.")
    async def thumbnail(self, info: Info) -> BusinessPhotoRendition:
        return await self._rendition(info, PhotoSize.THUMBNAIL)

    @strawberry.field(description="At most 1600 pixels wide and high.")
    async def large(self, info: Info) -> BusinessPhotoRendition:
        return await self._rendition(info, PhotoSize.LARGE)

    async def _rendition(self, info: Info, size: PhotoSize) -> BusinessPhotoRendition:
        file = (await info.context.load(loaders.photo_sizes, self.row.id))[size]
        path = photo_path(self.row.tenant_id, self.row.id, self.row.key, size)
        return BusinessPhotoRendition(url=path, width=file.width, height=file.height, bytes=file.bytes)


@strawberry.federation.type(description="A page of photos.")
class BusinessPhotoConnection(Connection[BusinessPhoto]):
    business_id: strawberry.Private[UUID]
    hidden: strawberry.Private[bool]

    @strawberry.federation.field(tags=PAGING, description="How many there are, on all pages together.")
    async def total_count(self, info: Info) -> int:
        return await info.context.load(loaders.photo_counts, self.business_id, self.hidden)


@strawberry.input(description="A new photo of a listing.")
class AddBusinessPhotoInput:
    business_id: strawberry.ID = strawberry.field(description="The business.")
    file: Upload = strawberry.field(
        description="JPEG, PNG or WebP of at most 8 MB, 30 million pixels. What it says besides its pixels is not kept."
    )
    alt_text: str = strawberry.field(description="What it shows, in words; at most 300 characters.")


@strawberry.input(description="What a photo shows.")
class DescribeBusinessPhotoInput:
    photo_id: strawberry.ID = strawberry.field(description="The photo.")
    alt_text: str = strawberry.field(description="In words; at most 300 characters.")


@strawberry.input(description="The photos of a listing, in another order.")
class OrderBusinessPhotosInput:
    business_id: strawberry.ID = strawberry.field(description="The business.")
    photo_ids: list[strawberry.ID] = strawberry.field(description="Each of its photos once, hidden ones too.")


@strawberry.input(description="What becomes of a photo.")
class ModerateBusinessPhotoInput:
    photo_id: strawberry.ID = strawberry.field(description="The photo.")
    decision: PhotoDecision = strawberry.field(description="HIDE it, or SHOW it (again).")
    reason: str = strawberry.field(default="", description="At most 1000 characters; needed to hide.")


@strawberry.type(description="Answer of a mutation of a photo.")
class BusinessPhotoPayload(MutationPayload):
    photo: BusinessPhoto | None = strawberry.field(default=None, description="As it is now; null if it was refused.")


@strawberry.type(description="Answer of `orderBusinessPhotos`.")
class OrderBusinessPhotosPayload(MutationPayload):
    photos: list[BusinessPhoto] = strawberry.field(
        default_factory=list, description=f"All of them, in the new order; at most {MAX_PHOTOS}."
    )


@strawberry.type(description="Answer of `deleteBusinessPhoto`.")
class DeleteBusinessPhotoPayload(MutationPayload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="The id that the photo had.")


AddArgument = Annotated[AddBusinessPhotoInput, strawberry.argument(description="The photo.")]
DescribeArgument = Annotated[DescribeBusinessPhotoInput, strawberry.argument(description="What it shows.")]
OrderArgument = Annotated[OrderBusinessPhotosInput, strawberry.argument(description="The order.")]
RulingArgument = Annotated[ModerateBusinessPhotoInput, strawberry.argument(description="What becomes of it.")]
PhotoId = Annotated[strawberry.ID, strawberry.argument(description="The photo's id.")]


@strawberry.type
class PhotoMutations:
    @mutation(
        BusinessPhotoPayload,
        scope="directory:read",
        apart=True,
        description=f"Add a photo to one's own listing, at most {MAX_PHOTOS}; to any with `directory:write`. Send a "
        "GraphQL multipart request.",
    )
    async def add_business_photo(self, info: Info, input: AddArgument) -> BusinessPhotoPayload:  # noqa: A002
        context = info.context
        with under("input"):
            business_id = parse_id(input.business_id, "businessId")
            content = await input.file.read()
            row = await photos.add_photo(context.session, context.tenant_id(), business_id, content, input.alt_text)
        return BusinessPhotoPayload(photo=BusinessPhoto.of(row))

    @mutation(
        BusinessPhotoPayload, scope="directory:read", description="Say otherwise what a photo of one's listing shows."
    )
    async def describe_business_photo(self, info: Info, input: DescribeArgument) -> BusinessPhotoPayload:  # noqa: A002
        with under("input"):
            photo_id = parse_id(input.photo_id, "photoId")
            row = await photos.describe_photo(info.context.session, photo_id, input.alt_text)
        return BusinessPhotoPayload(photo=BusinessPhoto.of(row))

    @mutation(
        OrderBusinessPhotosPayload, scope="directory:read", description="Put the photos of one's listing in an order."
    )
    async def order_business_photos(
        self, info: Info, input: OrderArgument  # noqa: A002
    ) -> OrderBusinessPhotosPayload:  # fmt: skip
        session = info.context.session
        with under("input"):
            business_id = parse_id(input.business_id, "businessId")
            if len(input.photo_ids) > MAX_PHOTOS:
                raise BadUserInput(f"A listing has at most {MAX_PHOTOS} photos.", path=("photoIds",))
            wanted = [parse_id(photo_id, "photoIds") for photo_id in input.photo_ids]
            ordered = await photos.order_photos(session, business_id, wanted)
        return OrderBusinessPhotosPayload(photos=[BusinessPhoto.of(row) for row in ordered])

    @mutation(
        DeleteBusinessPhotoPayload,
        scope="directory:read",
        description="Delete a photo of one's listing; of any with `directory:write`. Its files are gone at once.",
    )
    async def delete_business_photo(self, info: Info, id: PhotoId) -> DeleteBusinessPhotoPayload:  # noqa: A002
        photo_id = parse_id(id, "id")
        await photos.delete_photo(info.context.session, photo_id)
        return DeleteBusinessPhotoPayload(deleted_id=wire_id(photo_id))

    @mutation(BusinessPhotoPayload, scope=WRITE, description="Hide a photo, or show it again; owners and managers.")
    async def moderate_business_photo(self, info: Info, input: RulingArgument) -> BusinessPhotoPayload:  # noqa: A002
        context = info.context
        with under("input"):
            photo_id = parse_id(input.photo_id, "photoId")
            ruling = PhotoRuling(input.decision, input.reason)
            row = await photos.moderate_photo(context.session, context.user_id(), photo_id, ruling)
        return BusinessPhotoPayload(photo=BusinessPhoto.of(row))
