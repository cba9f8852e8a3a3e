"""Pages."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Self

import strawberry

from resolvers.errors import NotFound
from resolvers.operation import Info
from resolvers.pagination import After, Before, Connection, CountedConnection, First, Last, Window
from resolvers.permissions import requires
from subgraphs.content import loaders
from subgraphs.content.domain.pages import PageDetails, PageKind, PageSummary
from subgraphs.content.repository import forms, pages
from subgraphs.content.repository.details import AuthorRow
from subgraphs.content.repository.revisions import LATEST
from subgraphs.content.schema.blocks import ContentBlock, blocks_of, html_of
from subgraphs.content.schema.forms import ContentForm, ContentFormEntry, ContentFormEntryConnection
from subgraphs.content.schema.ids import number_or_none, wire_number
from subgraphs.content.schema.images import PUBLIC, ContentImage, image_of

if TYPE_CHECKING:
    from subgraphs.content.schema.revisions import ContentRevisionConnection

__all__ = [
    "WRITE",
    "ContentAuthor",
    "ContentPage",
    "ContentPageConnection",
    "ContentPageKind",
    "authors_of_draft",
    "tags_of_draft",
]

WRITE = "content:write"
INTERNAL = ("internal",)

ContentPageKind = strawberry.enum(PageKind, name="ContentPageKind", description="What sort of page it is.")


async def authors_of_draft(info: Info, numbers: Sequence[int]) -> list[AuthorRow]:
    """Those that a draft names and that are still there, by name."""
    found = await asyncio.gather(*(info.context.load(loaders.author_by_id, number) for number in numbers))
    return sorted((each for each in found if each is not None), key=lambda author: (author.name, author.id))


async def tags_of_draft(info: Info, numbers: Sequence[int]) -> list[str]:
    """Those that a draft names and that are still there, by name."""
    found = await asyncio.gather(*(info.context.load(loaders.tag_name, number) for number in numbers))
    return sorted(name for name in found if name is not None)


@strawberry.federation.type(tags=PUBLIC, description="Who writes articles.")
class ContentAuthor:
    slug: str = strawberry.field(description="For addresses and filters.")
    name: str = strawberry.field(description="As it is shown.")
    bio: str = strawberry.field(description="Plain text; may be empty.")
    image_id: strawberry.Private[int | None]

    @classmethod
    def of(cls, author: AuthorRow) -> Self:
        """As the repository has it."""
        return cls(slug=author.slug, name=author.name, bio=author.bio, image_id=author.image_id)

    @strawberry.federation.field(tags=PUBLIC, description="Of the author.")
    async def image(self, info: Info) -> ContentImage | None:
        return await image_of(info, self.image_id)


@strawberry.federation.type(keys=["id"], tags=PUBLIC, description="A page of the tenant's site.")
class ContentPage:
    id: strawberry.ID = strawberry.field(description="Of the page.")
    kind: ContentPageKind = strawberry.field(description="What sort of page it is.")  # type: ignore[valid-type]
    locale: str = strawberry.field(description="BCP 47 tag.")
    is_live: bool = strawberry.field(description="Whether everybody sees it.")
    first_published_at: dt.datetime | None = strawberry.field(description="When everybody first saw it.")
    last_published_at: dt.datetime | None = strawberry.field(description="When what everybody sees last changed.")
    version: int = strawberry.federation.field(tags=INTERNAL, description="Of the newest draft; for expectedVersion.")
    summary: strawberry.Private[PageSummary]
    newest: strawberry.Private[bool]
    drafts: strawberry.Private[bool]
    revision: strawberry.Private[int | None]

    @classmethod
    def of(cls, page: PageSummary, *, newest: bool = False, drafts: bool = False, revision: int | None = None) -> Self:
        """As the domain has it.

        Args:
            newest: its fields are those of the newest draft.
            drafts: pages that it leads to need not be live.
            revision: its fields are those of this revision.
        """
        return cls(
            id=wire_number(page.id),
            kind=page.kind,
            locale=page.locale,
            is_live=page.live,
            first_published_at=page.first_published_at,
            last_published_at=page.last_published_at,
            version=page.version,
            summary=page,
            newest=newest or revision is not None,
            drafts=drafts,
            revision=revision,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "ContentPage | None":  # noqa: A002
        number = number_or_none(id)
        found = None if number is None else await info.context.load(loaders.page_by_id, number, False)
        return None if found is None else cls.of(found)

    async def _details(self, info: Info) -> PageDetails:
        if self.revision is not None:
            found = await info.context.load(loaders.revision_details, self.revision)
        else:
            found = await info.context.load(loaders.page_details, self.summary.id, self.newest)
        if found is None:
            raise NotFound
        return found

    async def _slug(self, info: Info) -> str:
        return (await self._details(info)).slug or self.summary.slug if self.newest else self.summary.slug

    @strawberry.federation.field(tags=PUBLIC, description="The last part of its path.")
    async def slug(self, info: Info) -> str:
        return await self._slug(info)

    @strawberry.federation.field(tags=PUBLIC, description="On the site, from its root.")
    async def path(self, info: Info) -> str:
        shown = self.summary.path
        return shown if shown == "/" else f"{shown.rpartition('/')[0]}/{await self._slug(info)}"

    @strawberry.federation.field(tags=PUBLIC, description="Of the page.")
    async def title(self, info: Info) -> str:
        return (await self._details(info)).title if self.newest else self.summary.title

    @strawberry.federation.field(tags=PUBLIC, description="For search engines; the title where there is none.")
    async def seo_title(self, info: Info) -> str:
        shown = await self._details(info) if self.newest else self.summary
        return shown.seo_title or shown.title

    @strawberry.federation.field(tags=PUBLIC, description="For search engines; may be empty.")
    async def search_description(self, info: Info) -> str:
        return (await self._details(info) if self.newest else self.summary).search_description

    @strawberry.federation.field(tags=PUBLIC, description="What it is about, in a few sentences; may be empty.")
    async def intro(self, info: Info) -> str:
        return (await self._details(info)).intro

    @strawberry.federation.field(tags=PUBLIC, description="The image that stands for it.")
    async def image(self, info: Info) -> ContentImage | None:
        return await image_of(info, (await self._details(info)).image_id)

    @strawberry.federation.field(tags=PUBLIC, description="200 blocks at most; none on forms.")
    async def body(self, info: Info) -> list[ContentBlock]:
        return blocks_of((await self._details(info)).body)

    @strawberry.federation.field(tags=PUBLIC, description="Of an article: its day.")
    async def date(self, info: Info) -> dt.date | None:
        return (await self._details(info)).day

    @strawberry.federation.field(tags=PUBLIC, description="Of an article: who wrote it, by name.")
    async def authors(self, info: Info) -> list[ContentAuthor]:
        numbers = (await self._details(info)).author_ids if self.newest else None
        if numbers is None:
            return [ContentAuthor.of(author) for author in await info.context.load(loaders.authors, self.summary.id)]
        return [ContentAuthor.of(author) for author in await authors_of_draft(info, numbers)]

    @strawberry.federation.field(tags=PUBLIC, description="Of an article: its tags, by name.")
    async def tags(self, info: Info) -> list[str]:
        numbers = (await self._details(info)).tag_ids if self.newest else None
        if numbers is None:
            return list(await info.context.load(loaders.tags, self.summary.id))
        return await tags_of_draft(info, numbers)

    @strawberry.federation.field(tags=PUBLIC, description="Of a form that is live: what it asks.")
    async def form(self, info: Info) -> ContentForm | None:
        found = await info.context.load(loaders.forms, self.summary.id)
        return None if found is None else ContentForm.of(found)

    @strawberry.federation.field(tags=PUBLIC, description="Of a form: what is said once it was sent, as HTML.")
    async def thanks(self, info: Info) -> str:
        return await html_of(info, (await self._details(info)).thanks)

    @strawberry.federation.field(tags=PUBLIC, description="The page above it.")
    async def parent(self, info: Info) -> "ContentPage | None":
        found = await info.context.load(loaders.parents, self.summary.place, self.drafts)
        return None if found is None else ContentPage.of(found, drafts=self.drafts)

    @strawberry.federation.field(tags=PUBLIC, description="The pages right below it, in the order of the tree.")
    async def children(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Annotated["ContentPageList", strawberry.lazy("subgraphs.content.schema.pages")]:
        window = Window.of(pages.BY_PLACE, first=first, after=after, last=last, before=before)
        found = await info.context.load(loaders.children, self.summary.place, (window, self.drafts))
        return ContentPageList.of(found, lambda page: ContentPage.of(page, drafts=self.drafts))

    @strawberry.federation.field(tags=PUBLIC, description="The page in all languages that it is in, itself as well.")
    async def translations(self, info: Info) -> "list[ContentPage]":
        found = await info.context.load(loaders.translations, self.summary.group, self.drafts)
        return [ContentPage.of(page, drafts=self.drafts) for page in found]

    @strawberry.federation.field(
        tags=INTERNAL, description="Whether there is a newer draft.", extensions=[requires(WRITE)]
    )
    async def has_unpublished_changes(self) -> bool:
        return self.summary.has_unpublished_changes

    @strawberry.federation.field(
        tags=INTERNAL,
        description="When it, or a change of it, will be there for everybody, if that is planned.",
        extensions=[requires(WRITE)],
    )
    async def go_live_at(self, info: Info) -> dt.datetime | None:
        return await info.context.load(loaders.planned, self.summary.id)

    @strawberry.federation.field(
        tags=INTERNAL, description="When it will not be there any more.", extensions=[requires(WRITE)]
    )
    async def expire_at(self) -> dt.datetime | None:
        return self.summary.expire_at

    @strawberry.federation.field(
        tags=INTERNAL, description="All that was saved of it, the latest first.", extensions=[requires(WRITE)]
    )
    async def revisions(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> Annotated["ContentRevisionConnection", strawberry.lazy("subgraphs.content.schema.revisions")]:
        window = Window.of(LATEST, first=first, after=after, last=last, before=before)
        found = await info.context.load(loaders.revisions, self.summary.id, window)
        # Known once everything is loaded: a revision leads to its page, a page to its revisions.
        from subgraphs.content.schema.revisions import ContentRevision, ContentRevisionConnection  # noqa: PLC0415

        return ContentRevisionConnection.of(
            found,
            ContentRevision.of,
            count=lambda: info.context.load(loaders.revision_count, self.summary.id),
        )

    @strawberry.federation.field(
        tags=INTERNAL, description="Of a form: what was sent, the newest first.", extensions=[requires(WRITE)]
    )
    async def entries(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> ContentFormEntryConnection:
        number = self.summary.id
        window = Window.of(forms.LATEST, first=first, after=after, last=last, before=before)
        found = await info.context.load(loaders.entries, number, window)
        return ContentFormEntryConnection.of(
            found, ContentFormEntry.of, count=lambda: info.context.load(loaders.entry_count, number)
        )


@strawberry.federation.type(tags=PUBLIC, description="A page of pages below another.")
class ContentPageList(Connection[ContentPage]):
    pass


@strawberry.federation.type(tags=PUBLIC, description="A page of pages.")
class ContentPageConnection(CountedConnection[ContentPage]):
    pass
