"""Images and their renditions."""

from typing import Annotated, Self

import strawberry

from resolvers.operation import Info
from resolvers.pagination import CountedConnection
from subgraphs.content import domain, loaders
from subgraphs.content.domain.images import WIDTHS, ImageFit, ImageFormat, rendition_path, rendition_spec
from subgraphs.content.schema.ids import wire_number

__all__ = ["PUBLIC", "ContentImage", "ContentImageConnection", "image_of"]

PUBLIC = ("partner", "public")

ContentImageFormat = strawberry.enum(ImageFormat, name="ContentImageFormat", description="How it is encoded.")
ContentImageFit = strawberry.enum(
    ImageFit, name="ContentImageFit", description="WIDTH keeps the proportions, SQUARE cuts around the focal point."
)
_Width = Annotated[int, strawberry.argument(description=f"In pixels: {', '.join(map(str, WIDTHS))}.")]


@strawberry.federation.type(tags=PUBLIC, description="An image of the tenant's library.")
class ContentImage:
    id: strawberry.ID = strawberry.field(description="Of the image.")
    title: str = strawberry.field(description="For editors.")
    alt: str = strawberry.field(description="What is to be seen; empty for decoration.")
    width: int = strawberry.field(description="Of the original, in pixels.")
    height: int = strawberry.field(description="Of the original, in pixels.")

    @classmethod
    def of(cls, image: "domain.images.Image") -> Self:
        """As the domain has it."""
        return cls(
            id=wire_number(image.id),
            title=image.title,
            alt=image.description,
            width=image.width,
            height=image.height,
        )

    @strawberry.federation.field(
        tags=PUBLIC,
        description="Path of a rendition at the Brain; made when it is first fetched, for everybody who has the path.",
    )
    def url(
        self,
        info: Info,
        width: _Width = 800,
        fit: Annotated[ContentImageFit, strawberry.argument(description="Its shape.")] = ImageFit.WIDTH,  # type: ignore[valid-type]
        format: Annotated[ContentImageFormat, strawberry.argument(description="Its encoding.")] = ImageFormat.WEBP,  # type: ignore[valid-type]  # noqa: A002
    ) -> str:
        spec = rendition_spec(width, fit, format)
        return rendition_path(info.context.services.key("files"), info.context.tenant_id(), int(self.id), spec)


@strawberry.federation.type(tags=("internal",), description="A page of images.")
class ContentImageConnection(CountedConnection[ContentImage]):
    pass


async def image_of(info: Info, number: int | None) -> ContentImage | None:
    """The image of that number."""
    found = None if number is None else await info.context.load(loaders.images, number)
    return None if found is None else ContentImage.of(found)
