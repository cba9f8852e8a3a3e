"""What visitors and editors may do."""

# ruff: noqa: A002 (the names of GraphQL arguments)

import strawberry

from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from subgraphs.content.schema.ids import number_of
from subgraphs.content.usecases.forms import FilledIn, submit_form

__all__ = ["Mutation"]


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
