"""What editors send."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import strawberry

from resolvers.errors import InvalidValue
from resolvers.uploads import Upload
from subgraphs.content.domain.drafts import Draft
from subgraphs.content.domain.pages import MAX_BLOCKS
from subgraphs.content.schema.ids import number_of
from subgraphs.content.schema.pages import ContentPageKind

__all__ = [
    "ContentPageInput",
    "CreateContentImageInput",
    "CreateContentPageInput",
    "CreateContentTranslationInput",
    "DeleteContentPageInput",
    "MoveContentPageInput",
    "RestoreContentRevisionInput",
    "ScheduleContentPageInput",
    "SetContentPreviewAddressInput",
    "UnpublishContentPageInput",
    "UpdateContentImageInput",
    "UpdateContentPageInput",
    "checked_moment",
    "draft_of",
]

_UNCHANGED = " Null: as it was."


@strawberry.input(description="A heading.")
class ContentHeadingInput:
    text: str = strawberry.field(description="1 to 200 characters.")
    level: int = strawberry.field(default=2, description="2 to 4.")


@strawberry.input(description="An image with its caption.")
class ContentImageBlockInput:
    image_id: strawberry.ID = strawberry.field(description="Of an image of the tenant's library.")
    alt: str = strawberry.field(default="", description="What is to be seen; empty for decoration.")
    caption: str = strawberry.field(default="", description="Below it.")


@strawberry.input(description="Somebody's words.")
class ContentQuoteInput:
    text: str = strawberry.field(description="1 to 2000 characters.")
    attribution: str = strawberry.field(default="", description="Who said so.")


@strawberry.input(description="What the reader should do next; it leads to a page or to an address.")
class ContentCallToActionInput:
    title: str = strawberry.field(description="1 to 200 characters.")
    label: str = strawberry.field(description="On the button.")
    text: str = strawberry.field(default="", description="More of it.")
    page_id: strawberry.ID | None = strawberry.field(default=None, description="A page of the site.")
    url: str = strawberry.field(default="", description="Of somewhere else.")


@strawberry.input(description="Something of another site.")
class ContentEmbedInput:
    url: str = strawberry.field(description="Begins with https://.")
    title: str = strawberry.field(default="", description="For those who cannot see it.")


@strawberry.input(description="Products of the tenant's shop.")
class ContentProductsInput:
    product_ids: list[strawberry.ID] = strawberry.field(description="1 to 24.")
    title: str = strawberry.field(default="", description="Above them.")


@strawberry.input(description="A block of a body: exactly one of these.")
class ContentBlockInput:
    heading: ContentHeadingInput | None = strawberry.field(default=None, description="A heading.")
    rich_text: str | None = strawberry.field(
        default=None, description="HTML; whatever Wagtail's editor would not write is left out."
    )
    image: ContentImageBlockInput | None = strawberry.field(default=None, description="An image.")
    quote: ContentQuoteInput | None = strawberry.field(default=None, description="Somebody's words.")
    call_to_action: ContentCallToActionInput | None = strawberry.field(default=None, description="What to do next.")
    embed: ContentEmbedInput | None = strawberry.field(default=None, description="Something of another site.")
    products: ContentProductsInput | None = strawberry.field(default=None, description="Products of the shop.")
    form_id: strawberry.ID | None = strawberry.field(default=None, description="A form, to be filled in here.")


@strawberry.input(description="A new page.")
class CreateContentPageInput:
    kind: ContentPageKind = strawberry.field(description="What sort of page; HOME is not made here.")  # type: ignore[valid-type]
    parent_id: strawberry.ID = strawberry.field(description="The page that it is below.")
    title: str = strawberry.field(description="1 to 255 characters.")
    slug: str | None = strawberry.field(default=None, description="The last part of its path; by default of the title.")
    intro: str | None = strawberry.field(default=None, description="A few sentences.")
    seo_title: str | None = strawberry.field(default=None, description="For search engines.")
    search_description: str | None = strawberry.field(default=None, description="For search engines.")
    image_id: strawberry.ID | None = strawberry.field(default=None, description="The image that stands for it.")
    body: list[ContentBlockInput] | None = strawberry.field(default=None, description="200 blocks at most.")
    date: dt.date | None = strawberry.field(default=None, description="Of an article, which needs it.")
    tags: list[str] | None = strawberry.field(default=None, description="Of an article: 20 at most.")
    authors: list[str] | None = strawberry.field(default=None, description="Of an article: slugs, 20 at most.")


@strawberry.input(description="Another draft of a page.")
class UpdateContentPageInput:
    id: strawberry.ID = strawberry.field(description="Of the page.")
    expected_version: int | None = strawberry.field(
        default=None,
        description="The draft the change is made on; refused with VERSION_CONFLICT if it is not the newest.",
    )
    title: str | None = strawberry.field(default=None, description="1 to 255 characters." + _UNCHANGED)
    slug: str | None = strawberry.field(default=None, description="The last part of its path." + _UNCHANGED)
    intro: str | None = strawberry.field(default=None, description="A few sentences." + _UNCHANGED)
    seo_title: str | None = strawberry.field(default=None, description="For search engines." + _UNCHANGED)
    search_description: str | None = strawberry.field(default=None, description="For search engines." + _UNCHANGED)
    image_id: strawberry.ID | None = strawberry.field(default=None, description="Stands for it." + _UNCHANGED)
    body: list[ContentBlockInput] | None = strawberry.field(default=None, description="200 blocks." + _UNCHANGED)
    date: dt.date | None = strawberry.field(default=None, description="Of an article." + _UNCHANGED)
    tags: list[str] | None = strawberry.field(default=None, description="Of an article: all of them." + _UNCHANGED)
    authors: list[str] | None = strawberry.field(default=None, description="Of an article: slugs." + _UNCHANGED)


@strawberry.input(description="A page.")
class ContentPageInput:
    id: strawberry.ID = strawberry.field(description="Of the page.")


@strawberry.input(description="A page that only editors should see.")
class UnpublishContentPageInput:
    id: strawberry.ID = strawberry.field(description="Of the page.")
    with_descendants: bool = strawberry.field(default=False, description="And all pages below it.")


@strawberry.input(description="A page that should be no more.")
class DeleteContentPageInput:
    id: strawberry.ID = strawberry.field(description="Of the page.")
    with_descendants: bool = strawberry.field(
        default=False, description="And all pages below it; else a page with some is refused (PAGE_HAS_CHILDREN)."
    )


@strawberry.input(description="A page that should be in another language.")
class CreateContentTranslationInput:
    id: strawberry.ID = strawberry.field(description="Of the page.")
    locale: str = strawberry.field(description="BCP 47 tag of the language.")
    with_parents: bool = strawberry.field(
        default=False,
        description="And the pages above it that are not yet; else it is refused then (PARENT_NOT_TRANSLATED).",
    )


@strawberry.input(description="An image for the library.")
class CreateContentImageInput:
    file: Upload = strawberry.field(description="JPEG, PNG or WebP, 10 MB at most; it is written anew.")
    title: str = strawberry.field(description="For editors; 1 to 255 characters.")
    alt: str = strawberry.field(default="", description="What is to be seen; 255 characters at most.")


@strawberry.input(description="What is said of an image.")
class UpdateContentImageInput:
    id: strawberry.ID = strawberry.field(description="Of the image.")
    title: str | None = strawberry.field(default=None, description="For editors." + _UNCHANGED)
    alt: str | None = strawberry.field(default=None, description="What is to be seen." + _UNCHANGED)


@strawberry.input(description="Where previews of drafts lead.")
class SetContentPreviewAddressInput:
    url: str = strawberry.field(
        description="Of a page of the tenant's frontend, beginning with https:// (http:// on localhost); empty: none."
    )


@strawberry.input(description="A revision to go back to.")
class RestoreContentRevisionInput:
    id: strawberry.ID = strawberry.field(description="Of the revision.")
    expected_version: int | None = strawberry.field(
        default=None, description="The newest draft that is known; refused with VERSION_CONFLICT if there is a newer."
    )


@strawberry.input(description="When a page is there for everybody.")
class ScheduleContentPageInput:
    id: strawberry.ID = strawberry.field(description="Of the page.")
    go_live_at: dt.datetime | None = strawberry.field(
        default=None, description="From when on, with its time zone. Null: now."
    )
    expire_at: dt.datetime | None = strawberry.field(
        default=None, description="Until when, in the future. Null: for good."
    )


@strawberry.input(description="Another place for a page.")
class MoveContentPageInput:
    id: strawberry.ID = strawberry.field(description="Of the page.")
    parent_id: strawberry.ID = strawberry.field(description="The page that it will be below.")


def checked_moment(name: str, given: dt.datetime | None) -> dt.datetime | None:
    """A moment that can be planned.

    Raises:
        InvalidValue: it has no time zone, or is in another century.
    """
    if given is None:
        return None
    if given.tzinfo is None:
        raise InvalidValue(name, "needs a time zone")
    if not 2000 <= given.year < 2200:
        raise InvalidValue(name, "must be from 2000 to 2199")
    return given


def draft_of(given: CreateContentPageInput | UpdateContentPageInput) -> Draft:
    """What an editor has written, as the domain has it.

    Raises:
        InvalidValue, BadUserInput: too many blocks, tags or authors; a block is not exactly one.
    """
    for name in ("tags", "authors"):
        if len(getattr(given, name) or ()) > 20 or any(not 0 < len(each) <= 100 for each in getattr(given, name) or ()):
            raise InvalidValue(name, "has more than 20, or one that is empty or longer than 100 characters")
    if len(given.body or ()) > MAX_BLOCKS:
        raise InvalidValue("body", f"has more than {MAX_BLOCKS} blocks")
    return Draft(
        title=given.title,
        slug=given.slug,
        intro=given.intro,
        seo_title=given.seo_title,
        search_description=given.search_description,
        image_id=None if given.image_id is None else number_of(given.image_id, "input", "imageId"),
        body=None if given.body is None else [_stored(block) for block in given.body],
        day=given.date,
        tags=given.tags,
        authors=given.authors,
    )


def _stored(block: ContentBlockInput) -> Mapping[str, Any]:
    found = list(_values(block))
    if len(found) != 1:
        raise InvalidValue("body", "has a block that is not exactly one of the kinds")
    kind, value = found[0]
    return {"type": kind, "value": value, "id": str(uuid4())}


def _values(block: ContentBlockInput) -> Iterator[tuple[str, Any]]:
    if (heading := block.heading) is not None:
        yield "heading", {"text": heading.text, "level": str(heading.level)}
    if block.rich_text is not None:
        yield "rich_text", block.rich_text
    if (image := block.image) is not None:
        number = number_of(image.image_id, "input", "body")
        yield "image", {"image": number, "alt": image.alt, "caption": image.caption}
    if (quote := block.quote) is not None:
        yield "quote", {"text": quote.text, "attribution": quote.attribution}
    if (call := block.call_to_action) is not None:
        page = None if call.page_id is None else number_of(call.page_id, "input", "body")
        yield (
            "call_to_action",
            {"title": call.title, "text": call.text, "label": call.label, "page": page, "url": call.url},
        )
    if (embed := block.embed) is not None:
        yield "embed", {"url": embed.url, "title": embed.title}
    if (products := block.products) is not None:
        yield "products", {"title": products.title, "products": [str(each) for each in products.product_ids]}
    if block.form_id is not None:
        yield "form", {"form": number_of(block.form_id, "input", "body")}
