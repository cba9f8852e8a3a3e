"""What visitors and editors may do."""

# ruff: noqa: A002 (the names of GraphQL arguments)

import datetime as dt
from typing import Any

import strawberry

from resolvers.images import read_image
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.values import checked_text
from subgraphs.content import loaders
from subgraphs.content.cms.repeats import Once
from subgraphs.content.domain.images import ORIGINAL_SIDE
from subgraphs.content.domain.previews import checked_preview_url
from subgraphs.content.schema.ids import number_of
from subgraphs.content.schema.images import ContentImage, image_of
from subgraphs.content.schema.inputs import (
    ContentPageInput,
    CreateContentImageInput,
    CreateContentPageInput,
    CreateContentTranslationInput,
    DeleteContentPageInput,
    MoveContentPageInput,
    RestoreContentRevisionInput,
    ScheduleContentPageInput,
    SetContentPreviewAddressInput,
    UnpublishContentPageInput,
    UpdateContentImageInput,
    UpdateContentPageInput,
    checked_moment,
    draft_of,
)
from subgraphs.content.schema.pages import WRITE, ContentPage
from subgraphs.content.usecases.forms import FilledIn, submit_form
from subgraphs.content.usecases.previews import create_preview

__all__ = ["Mutation"]

PUBLISH = "content:publish"


@strawberry.input(description="An answer of a visitor.")
class ContentFormAnswerInput:
    name: str = strawberry.field(description="Of the question.")
    value: str = strawberry.field(description="Several choices with commas between them.")


@strawberry.input(description="A form that a visitor has filled in.")
class SubmitContactFormInput:
    form_id: strawberry.ID = strawberry.field(description="Of the form.")
    answers: list[ContentFormAnswerInput] = strawberry.field(description="One for each question that was answered.")
    idempotency_key: str = strawberry.field(
        description="Of the sender's choice, 8 to 100 characters, another for each time a form is shown: what is sent "
        "twice under it is kept once."
    )
    consent: bool = strawberry.field(default=False, description="Whether they agree to be written to.")
    path: str | None = strawberry.field(default=None, description="The page on which it was filled in.")
    locale: str | None = strawberry.field(default=None, description="BCP 47 tag of the visitor.")
    website: str = strawberry.field(
        default="", description="A field that people do not see: machines fill it in, and are not heard."
    )


@strawberry.type(description="Whether a form was taken.")
class SubmitContactFormPayload(MutationPayload):
    accepted: bool = strawberry.field(default=False, description="True also if it was sent before.")


@strawberry.type(description="A page as the mutation left it.")
class ContentPagePayload(MutationPayload):
    page: ContentPage | None = strawberry.field(default=None, description="Its newest draft. Null if refused.")


@strawberry.type(description="What was removed.")
class DeleteContentPagePayload(MutationPayload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="Of the page. Null if refused.")
    deleted_pages: int = strawberry.field(default=0, description="How many: it, and those that were below it.")


@strawberry.type(description="An image as the mutation left it.")
class ContentImagePayload(MutationPayload):
    image: ContentImage | None = strawberry.field(default=None, description="Null if refused.")


@strawberry.type(description="Where previews lead now.")
class SetContentPreviewAddressPayload(MutationPayload):
    url: str | None = strawberry.field(default=None, description="The address. Null: none.")


@strawberry.type(description="A token with which anybody sees a page's newest draft.")
class CreateContentPreviewPayload(MutationPayload):
    token: str | None = strawberry.field(default=None, description="For the argument preview of contentPage.")
    url: str | None = strawberry.field(
        default=None, description="The tenant's preview address with page, locale and token in it; null without one."
    )
    ends_at: dt.datetime | None = strawberry.field(default=None, description="When it is not good any more.")


@strawberry.type
class Mutation:
    @mutation(
        SubmitContactFormPayload,
        description="A visitor has filled in a form: it is kept, and crm hears of it, once.",
    )
    async def submit_contact_form(self, info: Info, input: SubmitContactFormInput) -> SubmitContactFormPayload:
        filled = FilledIn(
            form_id=number_of(input.form_id, "input", "formId"),
            key=input.idempotency_key,
            answers=[(answer.name, answer.value) for answer in input.answers[:100]],
            consent=input.consent,
            path=input.path,
            locale=input.locale,
            trap=input.website,
        )
        await submit_form(info.context.session, info.context.redis, filled)
        return SubmitContactFormPayload(accepted=True)

    @mutation(ContentPagePayload, scope=WRITE, apart=True, description="Writes a new page, as a draft.")
    async def create_content_page(self, info: Info, input: CreateContentPageInput) -> ContentPagePayload:
        parent = number_of(input.parent_id, "input", "parentId")
        return await _edited(info, "editing.create_page", input.kind, parent, draft_of(input))

    @mutation(
        ContentPagePayload,
        scope=WRITE,
        apart=True,
        description="Writes another draft of a page; what everybody sees stays as it is.",
    )
    async def update_content_page(self, info: Info, input: UpdateContentPageInput) -> ContentPagePayload:
        number = number_of(input.id, "input", "id")
        return await _edited(info, "editing.update_page", number, input.expected_version, draft_of(input))

    @mutation(
        ContentPagePayload,
        scope=PUBLISH,
        apart=True,
        description="Has a page's newest draft there for everybody: now, or when it is due.",
    )
    async def publish_content_page(self, info: Info, input: ContentPageInput) -> ContentPagePayload:
        return await _edited(info, "editing.publish_page", number_of(input.id, "input", "id"))

    @mutation(
        ContentPagePayload,
        scope=PUBLISH,
        apart=True,
        description="Has a page's newest draft there for everybody for a time.",
    )
    async def schedule_content_page(self, info: Info, input: ScheduleContentPageInput) -> ContentPagePayload:
        number = number_of(input.id, "input", "id")
        begin, end = checked_moment("goLiveAt", input.go_live_at), checked_moment("expireAt", input.expire_at)
        return await _edited(info, "timing.schedule_page", number, begin, end)

    @mutation(ContentPagePayload, scope=PUBLISH, apart=True, description="Has a page seen by editors alone.")
    async def unpublish_content_page(self, info: Info, input: UnpublishContentPageInput) -> ContentPagePayload:
        return await _edited(info, "timing.unpublish_page", number_of(input.id, "input", "id"), input.with_descendants)

    @mutation(
        ContentPagePayload,
        scope=WRITE,
        apart=True,
        description="Makes a revision the newest draft; what everybody sees stays as it is.",
    )
    async def restore_content_revision(self, info: Info, input: RestoreContentRevisionInput) -> ContentPagePayload:
        return await _edited(
            info, "editing.restore_revision", number_of(input.id, "input", "id"), input.expected_version
        )

    @mutation(
        DeleteContentPagePayload,
        scope=PUBLISH,
        apart=True,
        description="Removes a page with all its revisions, for good.",
    )
    async def delete_content_page(self, info: Info, input: DeleteContentPageInput) -> DeleteContentPagePayload:
        number = number_of(input.id, "input", "id")
        deleted = await _edit(info, "editing.delete_page", number, input.with_descendants)
        return DeleteContentPagePayload(deleted_id=input.id, deleted_pages=deleted)

    @mutation(
        ContentPagePayload, scope=PUBLISH, apart=True, description="Puts a page, with those below it, below another."
    )
    async def move_content_page(self, info: Info, input: MoveContentPageInput) -> ContentPagePayload:
        number, parent = number_of(input.id, "input", "id"), number_of(input.parent_id, "input", "parentId")
        return await _edited(info, "editing.move_page", number, parent)

    @mutation(CreateContentPreviewPayload, scope=WRITE, description="Lets anybody see a draft for an hour.")
    async def create_content_preview(self, info: Info, input: ContentPageInput) -> CreateContentPreviewPayload:
        key = info.context.services.key("previews")
        made = await create_preview(info.context.session, key, number_of(input.id, "input", "id"))
        return CreateContentPreviewPayload(token=made.token, url=made.url, ends_at=made.ends_at)

    @mutation(
        ContentPagePayload, scope=WRITE, apart=True, description="Copies a page, for another language, as a draft."
    )
    async def create_content_translation(self, info: Info, input: CreateContentTranslationInput) -> ContentPagePayload:
        number = number_of(input.id, "input", "id")
        return await _edited(info, "translating.translate_page", number, input.locale, input.with_parents)

    @mutation(ContentImagePayload, scope=WRITE, apart=True, description="Puts an image into the library.")
    async def create_content_image(self, info: Info, input: CreateContentImageInput) -> ContentImagePayload:
        title = checked_text("title", input.title, 255)
        alt = checked_text("alt", input.alt, 255, least=0)
        made = await read_image(await input.file.read(), {"original": ORIGINAL_SIDE})
        number = await _edit(info, "library.add_image", made["original"].content, title, alt)
        return ContentImagePayload(image=await image_of(info, number))

    @mutation(ContentImagePayload, scope=WRITE, apart=True, description="Changes what is said of an image.")
    async def update_content_image(self, info: Info, input: UpdateContentImageInput) -> ContentImagePayload:
        title = None if input.title is None else checked_text("title", input.title, 255)
        alt = None if input.alt is None else checked_text("alt", input.alt, 255, least=0)
        number = await _edit(info, "library.change_image", number_of(input.id, "input", "id"), title, alt)
        return ContentImagePayload(image=await image_of(info, number))

    @mutation(
        SetContentPreviewAddressPayload,
        scope=PUBLISH,
        apart=True,
        description="Says where previews of drafts lead: a page of the tenant's frontend.",
    )
    async def set_content_preview_address(
        self, info: Info, input: SetContentPreviewAddressInput
    ) -> SetContentPreviewAddressPayload:
        url = checked_preview_url(input.url)
        await _edit(info, "frontends.set_preview_url", url)
        return SetContentPreviewAddressPayload(url=url or None)


async def _edit(info: Info, name: str, *arguments: Any) -> int:
    """What an editing by Wagtail answers; it was committed before that."""
    operation = info.context
    key, request_hash = operation.request.idempotency_key, operation.request_hash
    known = None if key is None or request_hash is None else Once(key, request_hash, str(info.path.key))
    number: int = await operation.services.edit(operation.request, known, name, *arguments)
    operation.loaders.clear()
    await operation.services.ring()
    return number


async def _edited(info: Info, name: str, *arguments: Any) -> ContentPagePayload:
    """The page that an editing by Wagtail has left."""
    number = await _edit(info, name, *arguments)
    page = await info.context.load(loaders.page_by_id, number, True)
    return ContentPagePayload(page=None if page is None else ContentPage.of(page, newest=True, drafts=True))
