"""Reports of reviews and decisions about them, as they are shown and made."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry
from sqlalchemy import Row

from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.pagination import After, Before, CountedConnection, First, Last, Window
from resolvers.permissions import requires
from subgraphs.directory import loaders
from subgraphs.directory.domain.moderation import ModerationDecision, ReportReason, Ruling
from subgraphs.directory.repository import reports
from subgraphs.directory.schema.parts import INTERNAL, WRITE, Account
from subgraphs.directory.schema.types import Review
from subgraphs.directory.usecases import moderation

__all__ = ["ModerationMutations", "ModerationQueries"]

strawberry.enum(ReportReason, name="ReviewReportReason", description="What is wrong with a review.")
strawberry.enum(ModerationDecision, name="ReviewModerationDecision", description="What becomes of a review.")


@strawberry.federation.type(tags=INTERNAL, description="That a user finds something wrong with a review.")
class ReviewReport:
    id: strawberry.ID = strawberry.field(description="Of the report.")
    reason: ReportReason = strawberry.field(description="What is wrong.")
    note: str = strawberry.field(description="In the reporter's words; may be empty.")
    reporter: Account = strawberry.field(description="Who says so.")
    created_at: datetime = strawberry.field(description="When it was reported.")
    review_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, row: Row[Any]) -> Self:
        """As the repository has it."""
        return cls(
            id=wire_id(row.id),
            reason=row.reason,
            note=row.note,
            reporter=Account.of(row.reporter_id),
            created_at=row.created_at,
            review_id=row.review_id,
        )

    @strawberry.field(description="What is reported.")
    async def review(self, info: Info) -> Review | None:
        row = await info.context.load(loaders.review_by_id, self.review_id)
        return None if row is None else Review.of(row)


@strawberry.federation.type(tags=INTERNAL, description="A page of reports.")
class ReviewReportConnection(CountedConnection[ReviewReport]):
    pass


@strawberry.input(description="What is wrong with a review.")
class ReportReviewInput:
    review_id: strawberry.ID = strawberry.field(description="The review; not one's own.")
    reason: ReportReason = strawberry.field(description="What is wrong.")
    note: str = strawberry.field(default="", description="In one's own words, at most 1000 characters.")


@strawberry.input(description="What becomes of a review.")
class ModerateReviewInput:
    review_id: strawberry.ID = strawberry.field(description="The review.")
    decision: ModerationDecision = strawberry.field(description="HIDE it, or SHOW it (again).")
    reason: str = strawberry.field(default="", description="At most 1000 characters; needed to hide.")


ReportArgument = Annotated[ReportReviewInput, strawberry.argument(description="What is wrong.")]
RulingArgument = Annotated[ModerateReviewInput, strawberry.argument(description="What becomes of it.")]


@strawberry.type(description="Answer of `reportReview`.")
class ReportReviewPayload(MutationPayload):
    report: ReviewReport | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="Answer of `moderateReview`.")
class ModerateReviewPayload(MutationPayload):
    review: Review | None = strawberry.field(default=None, description="As it is now; null if it was refused.")


@strawberry.type
class ModerationQueries:
    @strawberry.federation.field(
        tags=INTERNAL,
        extensions=[requires(WRITE)],
        description="Reports of reviews that wait for a decision, the oldest first.",
    )
    async def review_reports(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> ReviewReportConnection:
        session = info.context.session
        window = Window.of(reports.OLDEST, first=first, after=after, last=last, before=before)

        async def count() -> int:
            return await reports.count_open(session)

        return ReviewReportConnection.of(await reports.open_page(session, window), ReviewReport.of, count=count)


@strawberry.type
class ModerationMutations:
    @mutation(
        ReportReviewPayload,
        scope="directory:read",
        description="Tell moderators of a review; once per user and review.",
    )
    async def report_review(self, info: Info, input: ReportArgument) -> ReportReviewPayload:  # noqa: A002
        context = info.context
        review_id = parse_id(input.review_id, "input", "reviewId")
        row = await moderation.report_review(
            context.session, context.tenant_id(), context.user_id(), review_id, input.reason, input.note
        )
        return ReportReviewPayload(report=ReviewReport.of(row))

    @mutation(
        ModerateReviewPayload,
        scope=WRITE,
        description="Hide a review, or show it again; owners and managers. That answers its reports.",
    )
    async def moderate_review(self, info: Info, input: RulingArgument) -> ModerateReviewPayload:  # noqa: A002
        context = info.context
        review_id = parse_id(input.review_id, "input", "reviewId")
        ruling = Ruling(input.decision, input.reason)
        row = await moderation.moderate_review(context.session, context.user_id(), review_id, ruling)
        return ModerateReviewPayload(review=Review.of(row))
