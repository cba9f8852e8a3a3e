"""What may be asked."""

# ruff: noqa: A002 (the names of GraphQL arguments)

import time
from collections.abc import Awaitable
from typing import Annotated, Self

import strawberry

from resolvers.errors import BadUserInput
from resolvers.operation import Info
from resolvers.pagination import After, Before, CountedConnection, First, Last, Window
from resolvers.permissions import requires
from subgraphs.content import loaders
from subgraphs.content.domain.errors import InvalidPreview
from subgraphs.content.domain.pages import PageFilter, PageSummary
from subgraphs.content.domain.previews import is_preview
from subgraphs.content.repository import library, navigation, pages
from subgraphs.content.schema.ids import number_or_none, wire_number
from subgraphs.content.schema.images import PUBLIC, ContentImage, ContentImageConnection, image_of
from subgraphs.content.schema.pages import (
    WRITE,
    ContentPage,
    ContentPageConnection,
    ContentPageKind,
)
from subgraphs.content.schema.revisions import ContentRevision

__all__ = ["Query"]

INTERNAL = ("internal",)
_LONGEST_PATH = 2000


@strawberry.input(description="All of what is given must match.")
class ContentPageFilter:
    kind: ContentPageKind | None = strawberry.field(default=None, description="Only pages of this kind.")  # type: ignore[valid-type]
    locale: str | None = strawberry.field(default=None, description="Only pages in this language.")
    tag: str | None = strawberry.field(default=None, description="Only articles with this tag: its slug or its name.")
    author: str | None = strawberry.field(default=None, description="Only articles by the author of this slug.")
    parent_id: strawberry.ID | None = strawberry.field(default=None, description="Only pages right below this one.")
    drafts: bool = strawberry.field(
        default=False, description="Also those that are not live; needs the scope content:write."
    )


@strawberry.federation.type(tags=PUBLIC, description="A link of a menu.")
class ContentMenuLink:
    id: strawberry.ID = strawberry.field(description="Of the link.")
    label: str = strawberry.field(description="What is shown.")
    page_id: strawberry.Private[int | None]
    address: strawberry.Private[str]
    locale: strawberry.Private[str | None]

    @strawberry.federation.field(
        tags=PUBLIC, description="A path of the site, or an address; null while there is none."
    )
    async def target(self, info: Info) -> str | None:
        page = await self.page(info)
        return self.address or (None if page is None else page.summary.path)

    @strawberry.federation.field(tags=PUBLIC, description="The page that it leads to, if it is live.")
    async def page(self, info: Info) -> ContentPage | None:
        if self.page_id is None:
            return None
        translated = (
            None if self.locale is None else await info.context.load(loaders.page_in, self.page_id, self.locale)
        )
        found = translated or await info.context.load(loaders.page_by_id, self.page_id, False)
        return None if found is None else ContentPage.of(found)


@strawberry.federation.type(tags=PUBLIC, description="A list of links.")
class ContentMenu:
    slug: str = strawberry.field(description="By which it is asked for.")
    title: str = strawberry.field(description="For people.")
    number: strawberry.Private[int]
    locale: strawberry.Private[str | None]

    @strawberry.federation.field(tags=PUBLIC, description="In their order; 100 at most.")
    async def links(self, info: Info) -> list[ContentMenuLink]:
        found = await info.context.load(loaders.menu_links, self.number)
        return [
            ContentMenuLink(
                id=wire_number(link.id),
                label=link.label,
                page_id=link.page_id,
                address=link.url,
                locale=self.locale,
            )
            for link in found[:100]
        ]


@strawberry.federation.type(tags=PUBLIC, description="Where visitors of an old path are sent.")
class ContentRedirect:
    old_path: str = strawberry.field(description="From the site's root.")
    target: str = strawberry.field(description="A path of the site, or an address.")
    is_permanent: bool = strawberry.field(description="Whether search engines should forget the old path.")

    @classmethod
    def of(cls, redirect: navigation.Redirect) -> Self:
        """As the repository has it."""
        return cls(old_path=redirect.old_path, target=redirect.target, is_permanent=redirect.is_permanent)


@strawberry.federation.type(tags=PUBLIC, description="A page of redirects.")
class ContentRedirectConnection(CountedConnection[ContentRedirect]):
    pass


Filter = Annotated[ContentPageFilter | None, strawberry.argument(description="Only pages that match all of it.")]
Locale = Annotated[str | None, strawberry.argument(description="Language of the site; by default en.")]


@strawberry.type
class Query:
    @strawberry.federation.field(tags=PUBLIC, description="A page, by its id or by its path.")
    async def content_page(
        self,
        info: Info,
        id: Annotated[strawberry.ID | None, strawberry.argument(description="Of the page.")] = None,
        path: Annotated[str | None, strawberry.argument(description="On the site, from its root.")] = None,
        locale: Locale = None,
        preview: Annotated[
            str | None, strawberry.argument(description="A token of createContentPreview: the page's newest draft.")
        ] = None,
        draft: Annotated[
            bool, strawberry.argument(description="The newest draft; needs the scope content:write.")
        ] = False,
    ) -> ContentPage | None:
        if (id is None) is (path is None):
            raise BadUserInput("Give `id` or `path`, and not both.")
        if draft:
            info.context.require(WRITE)
        hidden = draft or preview is not None
        found = await _page(info, id, path, locale or "en", drafts=hidden)
        if preview is not None and not draft:
            key = info.context.services.key("previews")
            # Whether there is a draft is told to nobody who may not see it.
            if found is None or not is_preview(key, info.context.tenant_id(), found.id, preview, time.time()):
                raise InvalidPreview
        return None if found is None else ContentPage.of(found, newest=hidden, drafts=draft)

    @strawberry.federation.field(
        tags=PUBLIC, description="The tenant's pages, the newest first; best first where words are given."
    )
    async def content_pages(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Filter = None,
    ) -> ContentPageConnection:
        wanted = _filter(info, filter)
        session = info.context.session
        window = Window.of(pages.NEWEST, first=first, after=after, last=last, before=before)
        found = await pages.page_of_pages(session, wanted, window)

        def count() -> Awaitable[int]:
            return pages.count_pages(session, wanted)

        return ContentPageConnection.of(found, lambda page: ContentPage.of(page, drafts=wanted.drafts), count=count)

    @strawberry.federation.field(
        tags=PUBLIC, description="The live pages that have all of these words, the best first."
    )
    async def search_content(
        self,
        info: Info,
        text: Annotated[str, strawberry.argument(description='1 to 200 characters; "a phrase", or, -not.')],
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        filter: Filter = None,
    ) -> ContentPageConnection:
        if not 0 < len(text.strip()) <= 200 or "\0" in text:
            raise BadUserInput("`text` has 1 to 200 characters.")
        wanted = _filter(info, filter)
        session = info.context.session
        window = Window.of(pages.BEST, first=first, after=after, last=last, before=before)
        found = await pages.search_pages(session, text, wanted, window)

        def count() -> Awaitable[int]:
            return pages.count_found(session, text, wanted)

        return ContentPageConnection.of(found, ContentPage.of, count=count)

    @strawberry.federation.field(
        tags=INTERNAL, description="A page as it was saved once.", extensions=[requires(WRITE)]
    )
    async def content_revision(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Of the revision.")]
    ) -> ContentRevision | None:
        number = number_or_none(id)
        found = None if number is None else await info.context.load(loaders.revision_by_id, number)
        return None if found is None else ContentRevision.of(found)

    @strawberry.federation.field(tags=PUBLIC, description="A menu.")
    async def content_menu(
        self,
        info: Info,
        slug: Annotated[str, strawberry.argument(description="Of the menu: main, footer.")],
        locale: Annotated[
            str | None,
            strawberry.argument(
                description="The menu in this language, or else the one for all; pages are in it where they can be."
            ),
        ] = None,
    ) -> ContentMenu | None:
        found = await navigation.find_menu(info.context.session, slug, locale or "")
        if found is None:
            return None
        return ContentMenu(slug=found.slug, title=found.title, number=found.id, locale=locale)

    @strawberry.federation.field(tags=PUBLIC, description="The languages that the site is in, by their tags.")
    async def content_locales(self, info: Info) -> list[str]:
        return await navigation.locales(info.context.session)

    @strawberry.federation.field(
        tags=INTERNAL, description="The tenant's images, the newest first.", extensions=[requires(WRITE)]
    )
    async def content_images(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> ContentImageConnection:
        session = info.context.session
        window = Window.of(library.NEWEST, first=first, after=after, last=last, before=before)
        found = await library.page_of_images(session, window)
        return ContentImageConnection.of(found, ContentImage.of, count=lambda: library.count_images(session))

    @strawberry.federation.field(
        tags=INTERNAL, description="An image of the tenant's library.", extensions=[requires(WRITE)]
    )
    async def content_image(
        self, info: Info, id: Annotated[strawberry.ID, strawberry.argument(description="Of the image.")]
    ) -> ContentImage | None:
        return await image_of(info, number_or_none(id))

    @strawberry.federation.field(
        tags=INTERNAL,
        description="Where previews of drafts lead: an address of the tenant's frontend.",
        extensions=[requires(WRITE)],
    )
    async def content_preview_address(self, info: Info) -> str | None:
        return await navigation.preview_url(info.context.session)

    @strawberry.federation.field(tags=PUBLIC, description="Where a path leads that has no page any more.")
    async def content_redirect(
        self, info: Info, path: Annotated[str, strawberry.argument(description="From the site's root.")]
    ) -> ContentRedirect | None:
        if len(path) > _LONGEST_PATH:
            return None
        found = await navigation.redirect_of(info.context.session, path)
        return None if found is None else ContentRedirect.of(found)

    @strawberry.federation.field(tags=PUBLIC, description="All redirects, by their old paths.")
    async def content_redirects(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> ContentRedirectConnection:
        session = info.context.session
        window = Window.of(navigation.BY_OLD_PATH, first=first, after=after, last=last, before=before)
        found = await navigation.page_of_redirects(session, window)
        return ContentRedirectConnection.of(
            found, ContentRedirect.of, count=lambda: navigation.count_redirects(session)
        )


async def _page(
    info: Info, wanted_id: str | None, path: str | None, locale: str, *, drafts: bool
) -> PageSummary | None:
    if wanted_id is not None:
        number = number_or_none(wanted_id)
        return None if number is None else await info.context.load(loaders.page_by_id, number, drafts)
    if path is None or len(path) > _LONGEST_PATH:
        return None
    return await pages.page_at(info.context.session, path, locale, drafts=drafts)


def _filter(info: Info, given: ContentPageFilter | None) -> PageFilter:
    if given is None:
        return PageFilter()
    if given.drafts:
        info.context.require(WRITE)
    parent = None
    if given.parent_id is not None:
        parent = number_or_none(given.parent_id)
        parent = -1 if parent is None else parent
    return PageFilter(given.kind, given.locale, given.tag, given.author, parent, given.drafts)
