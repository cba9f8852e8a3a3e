"""What visitors have sent with the forms of the tenant's site."""

from datetime import datetime
from typing import Self

import strawberry

from resolvers.operation import Info
from resolvers.pagination import Connection
from subgraphs.crm import loaders
from subgraphs.crm.domain.forms import FormSubmission
from subgraphs.crm.schema.lists import INTERNAL

__all__ = ["LeadFormAnswer", "LeadFormSubmission", "LeadFormSubmissionConnection"]


@strawberry.federation.type(tags=INTERNAL, description="What was answered to one question of a form.")
class LeadFormAnswer:
    question: str = strawberry.field(description="As the form names it.")
    answer: str = strawberry.field(description="As it was typed; at most 5,000 characters.")


@strawberry.federation.type(
    tags=INTERNAL, description="A form of the site that somebody sent. An outsider's words: nothing of it was checked."
)
class LeadFormSubmission:
    id: strawberry.ID = strawberry.field(description="Of the sending, as the site knows it.")
    form: str = strawberry.field(description="Which form.")
    page: str | None = strawberry.field(description="Where the form stands.")
    name: str = strawberry.field(description="As it was typed, or the address.")
    email: str = strawberry.field(description="As it was typed.")
    company: str | None = strawberry.field(description="As it was typed.")
    message: str | None = strawberry.field(description="As it was typed; at most 5,000 characters.")
    consent: bool = strawberry.field(description="Whether they agreed to be written to.")
    answers: list[LeadFormAnswer] = strawberry.field(description="What else the form asked; at most 100.")
    locale: str | None = strawberry.field(description="Of the site as it was shown.")
    submitted_at: datetime = strawberry.field(description="When it was sent.")
    sealed_phone: strawberry.Private[str | None]

    @classmethod
    def of(cls, submission: FormSubmission) -> Self:
        """As the domain has it."""
        return cls(
            id=strawberry.ID(submission.submission_id),
            form=submission.form,
            page=submission.page,
            name=submission.name,
            email=submission.email,
            company=submission.company,
            message=submission.message,
            consent=submission.consent,
            answers=[
                LeadFormAnswer(question=question, answer=answer) for question, answer in submission.answers.items()
            ],
            locale=submission.locale,
            submitted_at=submission.submitted_at,
            sealed_phone=submission.phone,
        )

    @strawberry.field(description="As it was typed.")
    async def phone(self, info: Info) -> str | None:
        return None if self.sealed_phone is None else await info.context.load(loaders.unsealed, self.sealed_phone)


@strawberry.federation.type(tags=INTERNAL, description="A page of forms that were sent.")
class LeadFormSubmissionConnection(Connection[LeadFormSubmission]):
    pass
