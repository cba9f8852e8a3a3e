"""The blocks of a body: an interface, and a type for each sort of block."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import strawberry
from strawberry.federation.schema_directives import Key

from resolvers.operation import Info
from subgraphs.content import loaders
from subgraphs.content.domain.images import signature
from subgraphs.content.domain.pages import MAX_BLOCKS
from subgraphs.content.domain.rich_text import documents_in, pages_in, with_addresses
from subgraphs.content.schema.forms import ContentForm
from subgraphs.content.schema.images import PUBLIC, ContentImage, image_of

__all__ = ["BLOCK_TYPES", "ContentBlock", "Product", "blocks_of", "html_of"]

INTERNAL = ("internal",)


@strawberry.federation.interface(tags=PUBLIC, description="A part of a page's body.")
class ContentBlock:
    id: strawberry.ID = strawberry.field(description="Stays the same while the block is edited; empty in old ones.")


@strawberry.federation.type(
    keys=[Key(fields="id channel", resolvable=False)],  # type: ignore[arg-type]
    description="A product of the tenant's shop; content names some on its pages.",
)
class Product:
    id: strawberry.ID = strawberry.field(description="Of the product, from the shop.")
    channel: str | None = strawberry.field(description="Slug of the channel that it is looked at in.")


@strawberry.federation.type(tags=PUBLIC, description="A heading.")
class ContentHeading(ContentBlock):
    text: str = strawberry.field(description="Plain text.")
    level: int = strawberry.field(description="2 to 4: the page's title is the first.")


@strawberry.federation.type(tags=PUBLIC, description="Text with emphasis, lists and links.")
class ContentRichText(ContentBlock):
    source: strawberry.Private[str]

    @strawberry.federation.field(tags=PUBLIC, description="Clean HTML, links to the site's own pages as paths.")
    async def html(self, info: Info) -> str:
        return await html_of(info, self.source)


@strawberry.federation.type(tags=PUBLIC, description="An image with its caption.")
class ContentImageBlock(ContentBlock):
    image_id: strawberry.Private[int | None]
    alt: str = strawberry.field(description="What is to be seen; empty for decoration.")
    caption: str = strawberry.field(description="Below it; may be empty.")

    @strawberry.federation.field(tags=PUBLIC, description="Null once the image was deleted.")
    async def image(self, info: Info) -> ContentImage | None:
        return await image_of(info, self.image_id)


@strawberry.federation.type(tags=PUBLIC, description="Somebody's words.")
class ContentQuote(ContentBlock):
    text: str = strawberry.field(description="What they said.")
    attribution: str = strawberry.field(description="Who; may be empty.")


@strawberry.federation.type(tags=PUBLIC, description="What the reader should do next.")
class ContentCallToAction(ContentBlock):
    title: str = strawberry.field(description="What it is about.")
    text: str = strawberry.field(description="More of it; may be empty.")
    label: str = strawberry.field(description="On the button.")
    page_id: strawberry.Private[int | None]
    address: strawberry.Private[str]

    @strawberry.federation.field(
        tags=PUBLIC, description="Where the button leads: a path of the site, or an address. Null: nowhere now."
    )
    async def target(self, info: Info) -> str | None:
        if self.page_id is None:
            return self.address or None
        page = await info.context.load(loaders.page_by_id, self.page_id, False)
        return (None if page is None else page.path) or self.address or None


@strawberry.federation.type(tags=PUBLIC, description="Something of another site, for the frontend to embed.")
class ContentEmbed(ContentBlock):
    url: str = strawberry.field(description="Begins with https://.")
    title: str = strawberry.field(description="For those who cannot see it; may be empty.")


@strawberry.federation.type(tags=PUBLIC, description="Products of the tenant's shop.")
class ContentProducts(ContentBlock):
    title: str = strawberry.field(description="May be empty.")
    ids: strawberry.Private[Sequence[str]]

    @strawberry.federation.field(tags=INTERNAL, description="24 at most; the shop knows more of them.")
    def products(self, info: Info) -> list[Product]:
        channel = info.context.request.channel
        return [Product(id=strawberry.ID(each), channel=channel) for each in self.ids]


@strawberry.federation.type(tags=PUBLIC, description="A form, to be filled in here: submitContactForm.")
class ContentFormBlock(ContentBlock):
    form_id: strawberry.Private[int | None]

    @strawberry.federation.field(tags=PUBLIC, description="Null while the form is not live.")
    async def form(self, info: Info) -> ContentForm | None:
        found = None if self.form_id is None else await info.context.load(loaders.forms, self.form_id)
        return None if found is None else ContentForm.of(found)


BLOCK_TYPES = (
    ContentHeading,
    ContentRichText,
    ContentImageBlock,
    ContentQuote,
    ContentCallToAction,
    ContentEmbed,
    ContentProducts,
    ContentFormBlock,
)


def blocks_of(body: Sequence[Mapping[str, Any]]) -> list[ContentBlock]:
    """The blocks of a stored body, 200 at most; those of a kind that is no more are left out."""
    return list(_blocks(body[:MAX_BLOCKS]))


async def html_of(info: Info, source: str) -> str:
    """A stored rich text as HTML for frontends; its links are looked up with those of all others."""
    pages: dict[int, str] = {}
    for number in sorted(pages_in(source)):
        page = await info.context.load(loaders.page_by_id, number, False)
        if page is not None:
            pages[number] = page.path
    documents: dict[int, str] = {}
    for number in sorted(documents_in(source)):
        name = await info.context.load(loaders.documents, number)
        if name is not None:
            tenant_id = info.context.tenant_id()
            sign = signature(info.context.services.key("files"), tenant_id, "document", number, "")
            documents[number] = f"/cms/downloads/{tenant_id}/{sign}/{number}/{name}"
    return with_addresses(source, pages, documents)


def _blocks(body: Sequence[Mapping[str, Any]]) -> Iterator[ContentBlock]:
    for stored in body:
        made = _block(str(stored.get("type")), strawberry.ID(str(stored.get("id") or "")), stored.get("value"))
        if made is not None:
            yield made


def _block(kind: str, block_id: strawberry.ID, value: Any) -> ContentBlock | None:
    if kind == "rich_text":
        return ContentRichText(id=block_id, source=str(value or ""))
    if not isinstance(value, Mapping):
        return None
    text = {name: str(each) if each is not None else "" for name, each in value.items()}
    match kind:
        case "heading":
            level = text.get("level", "")
            return ContentHeading(
                id=block_id, text=text.get("text", ""), level=int(level) if level in "234" and level else 2
            )
        case "image":
            return ContentImageBlock(
                id=block_id, image_id=value.get("image"), alt=text.get("alt", ""), caption=text.get("caption", "")
            )
        case "quote":
            return ContentQuote(id=block_id, text=text.get("text", ""), attribution=text.get("attribution", ""))
        case "call_to_action":
            return ContentCallToAction(
                id=block_id,
                title=text.get("title", ""),
                text=text.get("text", ""),
                label=text.get("label", ""),
                page_id=value.get("page"),
                address=text.get("url", ""),
            )
        case "embed":
            return ContentEmbed(id=block_id, url=text.get("url", ""), title=text.get("title", ""))
        case "products":
            return ContentProducts(id=block_id, title=text.get("title", ""), ids=_products(value.get("products")))
        case "form":
            return ContentFormBlock(id=block_id, form_id=value.get("form"))
    return None


def _products(stored: Any) -> list[str]:
    # Wagtail keeps an item of a list with a type and an id of its own.
    values = [each.get("value") if isinstance(each, Mapping) else each for each in stored or ()]
    return [str(each) for each in values if each][:24]
