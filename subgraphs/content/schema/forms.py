"""Forms and what was sent to them."""

from datetime import datetime
from typing import Self

import strawberry

from resolvers.pagination import CountedConnection
from subgraphs.content.domain.forms import Form, FormQuestion
from subgraphs.content.repository.forms import Entry
from subgraphs.content.schema.ids import wire_number

__all__ = ["ContentForm", "ContentFormAnswer", "ContentFormEntry", "ContentFormEntryConnection"]

PUBLIC = ("partner", "public")
INTERNAL = ("internal",)


@strawberry.federation.type(tags=PUBLIC, description="A question of a form.")
class ContentFormField:
    name: str = strawberry.field(description="For the answer.")
    label: str = strawberry.field(description="What is asked.")
    kind: str = strawberry.field(
        description="singleline, multiline, email, number, url, checkbox, checkboxes, dropdown, multiselect, radio, "
        "date, datetime or hidden."
    )
    required: bool = strawberry.field(description="Whether there must be an answer.")
    choices: list[str] = strawberry.field(description="Of which one, or several with commas, is the answer.")
    help_text: str = strawberry.field(description="May be empty.")
    default: str = strawberry.field(description="May be empty.")

    @classmethod
    def of(cls, question: FormQuestion) -> Self:
        """As the domain has it."""
        return cls(
            name=question.name,
            label=question.label,
            kind=question.kind,
            required=question.required,
            choices=list(question.choices),
            help_text=question.help_text,
            default=question.default,
        )


@strawberry.federation.type(tags=PUBLIC, description="A form that visitors fill in: submitContactForm.")
class ContentForm:
    id: strawberry.ID = strawberry.field(description="Of the form; that of its page.")
    slug: str = strawberry.field(description="Of the form's page.")
    path: str = strawberry.field(description="Of the form's page.")
    fields: list[ContentFormField] = strawberry.field(description="What is asked, in this order.")

    @classmethod
    def of(cls, form: Form) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_number(form.id),
            slug=form.slug,
            path=form.path,
            fields=[ContentFormField.of(question) for question in form.questions],
        )


@strawberry.federation.type(tags=INTERNAL, description="An answer.")
class ContentFormAnswer:
    name: str = strawberry.field(description="Of the question.")
    value: str = strawberry.field(description="What was answered.")


@strawberry.federation.type(tags=INTERNAL, description="A form that was filled in.")
class ContentFormEntry:
    id: strawberry.ID = strawberry.field(description="Of what was sent; crm knows it by the same.")
    answers: list[ContentFormAnswer] = strawberry.field(description="Those that are not empty.")
    consent: bool = strawberry.field(description="Whether they agreed to be written to.")
    path: str | None = strawberry.field(description="The page on which it was filled in.")
    locale: str | None = strawberry.field(description="Of the visitor.")
    submitted_at: datetime = strawberry.field(description="When it was sent.")

    @classmethod
    def of(cls, entry: Entry) -> Self:
        """As the repository has it."""
        return cls(
            id=strawberry.ID(str(entry.submission_id)),
            answers=[ContentFormAnswer(name=name, value=value) for name, value in entry.answers.items()],
            consent=entry.consent,
            path=entry.path,
            locale=entry.locale,
            submitted_at=entry.submitted_at,
        )


@strawberry.federation.type(tags=INTERNAL, description="A page of what was sent.")
class ContentFormEntryConnection(CountedConnection[ContentFormEntry]):
    pass
