"""What editors have saved of a page, and what is different between two revisions."""

import asyncio
import datetime as dt
from typing import Annotated, Any, Self

import strawberry
from strawberry.federation.schema_directives import Key

from resolvers.errors import NotFound
from resolvers.operation import Info
from resolvers.pagination import CountedConnection
from subgraphs.content import loaders
from subgraphs.content.domain.errors import ContentRevisionNotFound
from subgraphs.content.domain.pages import PageDetails
from subgraphs.content.domain.revisions import (
    BlockChange,
    BlockChangeKind,
    FieldChange,
    Revision,
    RevisionStatus,
    changed_blocks,
    changed_fields,
)
from subgraphs.content.schema.blocks import ContentBlock, blocks_of
from subgraphs.content.schema.ids import number_or_none, wire_number
from subgraphs.content.schema.pages import ContentPage, authors_of_draft, tags_of_draft

__all__ = ["ContentRevision", "ContentRevisionConnection"]

INTERNAL = ("internal",)

ContentRevisionStatus = strawberry.enum(
    RevisionStatus,
    name="ContentRevisionStatus",
    description="LIVE: everybody sees it. SCHEDULED: they will. DRAFT: the newest, for editors. PAST: none of these.",
)
ContentBlockChangeKind = strawberry.enum(
    BlockChangeKind, name="ContentBlockChangeKind", description="What became of a block."
)


@strawberry.federation.type(keys=[Key(fields="id", resolvable=False)])  # type: ignore[arg-type]
class Account:
    """A reference to identity's entity, which describes it."""

    id: strawberry.ID


@strawberry.federation.type(tags=INTERNAL, description="A field that is not as it was.")
class ContentFieldChange:
    field: str = strawberry.field(description="Its name in ContentPage, or questions: those of a form.")
    before: list[str] = strawberry.field(description="What it was; one text, or as many as there are. Empty: nothing.")
    after: list[str] = strawberry.field(description="What it is.")


@strawberry.federation.type(tags=INTERNAL, description="A block that is not as it was, or not where it was.")
class ContentBlockChange:
    kind: ContentBlockChangeKind = strawberry.field(description="Whether it was moved; CHANGED if both.")  # type: ignore[valid-type]
    before: ContentBlock | None = strawberry.field(description="As it was. Null: there was none.")
    after: ContentBlock | None = strawberry.field(description="As it is. Null: there is none any more.")

    @classmethod
    def of(cls, change: BlockChange) -> Self:
        """As the domain has it."""
        return cls(kind=change.kind, before=_shown(change.before), after=_shown(change.after))


@strawberry.federation.type(tags=INTERNAL, description="What is different between two revisions.")
class ContentRevisionChanges:
    since: Annotated["ContentRevision", strawberry.lazy("subgraphs.content.schema.revisions")] | None = (
        strawberry.field(description="The earlier revision. Null: there was none, everything is new.")
    )
    fields: list[ContentFieldChange] = strawberry.field(description="Those that differ, without the body.")
    blocks: list[ContentBlockChange] = strawberry.field(
        description="Of the body: those that are there, in their order; then those that are not any more."
    )


@strawberry.federation.type(tags=INTERNAL, description="A page as an editor saved it.")
class ContentRevision:
    id: strawberry.ID = strawberry.field(description="Of the revision; that of the newest is the page's version.")
    created_at: dt.datetime = strawberry.field(description="When it was saved.")
    title: str = strawberry.field(description="Of the page in it.")
    status: ContentRevisionStatus = strawberry.field(description="What became of it.")  # type: ignore[valid-type]
    is_newest: bool = strawberry.field(description="Whether nothing was saved after it.")
    go_live_at: dt.datetime | None = strawberry.field(description="When everybody will see it, if that is planned.")
    revision: strawberry.Private[Revision]

    @classmethod
    def of(cls, revision: Revision) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_number(revision.id),
            created_at=revision.created_at,
            title=revision.title,
            status=revision.status,
            is_newest=revision.is_newest,
            go_live_at=revision.go_live_at,
            revision=revision,
        )

    @strawberry.federation.field(tags=INTERNAL, description="Who saved it. Null: no person.")
    def editor(self) -> Account | None:
        return None if self.revision.editor is None else Account(id=strawberry.ID(self.revision.editor))

    @strawberry.federation.field(tags=INTERNAL, description="The page as it was in this revision.")
    async def page(self, info: Info) -> ContentPage:
        found = await info.context.load(loaders.page_by_id, self.revision.page_id, True)
        if found is None:
            raise NotFound
        return ContentPage.of(found, drafts=True, revision=self.revision.id)

    @strawberry.federation.field(tags=INTERNAL, description="What is different from an earlier revision.")
    async def changes(
        self,
        info: Info,
        since: Annotated[
            strawberry.ID | None,
            strawberry.argument(description="A revision of the same page; by default the one before this."),
        ] = None,
    ) -> ContentRevisionChanges:
        earlier = await self._earlier(info, since)
        before, after = await asyncio.gather(
            _details(info, None if earlier is None else earlier.id), _details(info, self.revision.id)
        )
        fields = await asyncio.gather(*(_field_change(info, change) for change in changed_fields(before, after)))
        return ContentRevisionChanges(
            since=None if earlier is None else ContentRevision.of(earlier),
            fields=fields,
            blocks=[ContentBlockChange.of(change) for change in changed_blocks(before.body, after.body)],
        )

    async def _earlier(self, info: Info, since: str | None) -> Revision | None:
        if since is None:
            number = await info.context.load(loaders.previous_revision, self.revision.id)
            return None if number is None else await info.context.load(loaders.revision_by_id, number)
        asked = number_or_none(since)
        found = None if asked is None else await info.context.load(loaders.revision_by_id, asked)
        if found is None or found.page_id != self.revision.page_id:
            raise ContentRevisionNotFound
        return found


@strawberry.federation.type(tags=INTERNAL, description="A page of revisions.")
class ContentRevisionConnection(CountedConnection[ContentRevision]):
    pass


async def _details(info: Info, number: int | None) -> PageDetails:
    if number is None:
        return PageDetails("", "", "")
    found = await info.context.load(loaders.revision_details, number)
    if found is None:
        raise ContentRevisionNotFound
    return found


async def _field_change(info: Info, change: FieldChange) -> ContentFieldChange:
    before, after = await asyncio.gather(
        _texts(info, change.field, change.before), _texts(info, change.field, change.after)
    )
    return ContentFieldChange(field=change.field, before=before, after=after)


async def _texts(info: Info, name: str, value: Any) -> list[str]:
    if name == "authors":
        return [author.name for author in await authors_of_draft(info, value or ())]
    if name == "tags":
        return await tags_of_draft(info, value or ())
    if name == "questions":
        return list(value)
    return [] if value is None or value == "" else [str(value)]


def _shown(block: Any) -> ContentBlock | None:
    return None if block is None else next(iter(blocks_of([block])), None)
