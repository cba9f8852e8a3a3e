"""Images of the tenant's library. As in `editing`."""

from typing import Any, Final

from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.text import slugify
from wagtail.images.fields import WagtailImageField
from wagtail.images.models import Image
from wagtail.models import Collection

from resolvers.context import RequestContext
from resolvers.errors import InvalidValue
from subgraphs.content.cms.editing import editor_of
from subgraphs.content.domain.errors import ContentImageNotFound, LibraryIsFull

__all__ = ["MAX_IMAGES", "add_image", "change_image"]

MAX_IMAGES: Final = 10_000
"""Of a tenant."""


def add_image(context: RequestContext, content: bytes, title: str, alt: str) -> int:
    """An image that Wagtail accepts, in the tenant's collection: its id.

    Args:
        content: WebP.

    Raises:
        InvalidValue: Wagtail does not accept it.
        LibraryIsFull: the tenant has no room for more.
    """
    if Image.objects.count() >= MAX_IMAGES:
        raise LibraryIsFull
    name = f"{slugify(title)[:80] or 'image'}.webp"
    try:
        file = WagtailImageField().clean(SimpleUploadedFile(name, content, "image/webp"))
    except ValidationError as error:
        raise InvalidValue("file", f"is not good: {error.messages[0]}") from error
    image: Any = Image(title=title, description=alt, file=file, uploaded_by_user=editor_of(context))
    image.collection = Collection.get_first_root_node()
    image.file_size = len(content)
    image.save()
    return int(image.pk)


def change_image(context: RequestContext, image_id: int, title: str | None, alt: str | None) -> int:  # noqa: ARG001
    """What is said of an image.

    Raises:
        ContentImageNotFound: there is none.
    """
    image = Image.objects.select_for_update().filter(pk=image_id).first()
    if image is None:
        raise ContentImageNotFound
    if title is not None:
        image.title = title
    if alt is not None:
        image.description = alt
    image.save()
    return image_id
