"""What visitors and editors may do."""

# ruff: noqa: A002 (the names of GraphQL arguments)

import datetime as dt
from typing import Any

import strawberry

from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from subgraphs.content import loaders
from subgraphs.content.schema.ids import number_of
from subgraphs.content.schema.inputs import (
    ContentPageInput,
    CreateContentPageInput,
    MoveContentPageInput,
    ScheduleContentPageInput,
    UpdateContentPageInput,
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


@strawberry.type(description="A token with which anybody sees a page's newest draft.")
class CreateContentPreviewPayload(MutationPayload):
    token: str | None = strawberry.field(default=None, description="For the argument preview of contentPage.")
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
        return await _edited(info, "create_page", input.kind, parent, draft_of(input))

    @mutation(
        ContentPagePayload,
        scope=WRITE,
        apart=True,
        description="Writes another draft of a page; what everybody sees stays as it is.",
    )
    async def update_content_page(self, info: Info, input: UpdateContentPageInput) -> ContentPagePayload:
        number = number_of(input.id, "input", "id")
        return await _edited(info, "update_page", number, input.expected_version, draft_of(input))

    @mutation(
        ContentPagePayload,
        scope=PUBLISH,
        apart=True,
        description="Has a page's newest draft there for everybody: now, or when it is due.",
    )
    async def publish_content_page(self, info: Info, input: ContentPageInput) -> ContentPagePayload:
        return await _edited(info, "publish_page", number_of(input.id, "input", "id"))

    @mutation(
        ContentPagePayload,
        scope=PUBLISH,
        apart=True,
        description="Has a page's newest draft there for everybody for a time.",
    )
    async def schedule_content_page(self, info: Info, input: ScheduleContentPageInput) -> ContentPagePayload:
        number = number_of(input.id, "input", "id")
        return await _edited(info, "schedule_page", number, _moment(input.go_live_at), _moment(input.expire_at))

    @mutation(ContentPagePayload, scope=PUBLISH, apart=True, description="Has a page seen by editors alone.")
    async def unpublish_content_page(self, info: Info, input: ContentPageInput) -> ContentPagePayload:
        return await _edited(info, "unpublish_page", number_of(input.id, "input", "id"))

    @mutation(
        ContentPagePayload, scope=PUBLISH, apart=True, description="Puts a page, with those below it, below another."
    )
    async def move_content_page(self, info: Info, input: MoveContentPageInput) -> ContentPagePayload:
        number, parent = number_of(input.id, "input", "id"), number_of(input.parent_id, "input", "parentId")
        return await _edited(info, "move_page", number, parent)

    @mutation(CreateContentPreviewPayload, scope=WRITE, description="Lets anybody see a draft for an hour.")
    async def create_content_preview(self, info: Info, input: ContentPageInput) -> CreateContentPreviewPayload:
        key = info.context.services.key("previews")
        token, ends_at = await create_preview(info.context.session, key, number_of(input.id, "input", "id"))
        return CreateContentPreviewPayload(token=token, ends_at=ends_at)


def _moment(given: dt.datetime | None) -> dt.datetime | None:
    return given.replace(tzinfo=dt.UTC) if given is not None and given.tzinfo is None else given


async def _edited(info: Info, name: str, *arguments: Any) -> ContentPagePayload:
    """What an editing by Wagtail has left: it was committed before the answer is looked up."""
    number: int = await info.context.services.edit(info.context.request, name, *arguments)
    info.context.loaders.clear()
    await info.context.services.ring()
    page = await info.context.load(loaders.page_by_id, number, True)
    return ContentPagePayload(page=None if page is None else ContentPage.of(page, newest=True, drafts=True))
