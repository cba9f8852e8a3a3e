"""Forms that visitors have sent: statements that read and write `crm.form_submissions`."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select

from resolvers.pagination import Key, Ordering, Page, Window, fetch_pages
from resolvers.rows import columns_of
from resolvers.session import TenantSession
from subgraphs.crm.domain.forms import FormSubmission
from subgraphs.crm.repository.lists import page_of
from subgraphs.crm.repository.rows import insert_rows
from subgraphs.crm.tables import form_submissions

__all__ = ["NEWEST_FIRST", "add_submission", "is_known", "submission_pages"]

NEWEST_FIRST = Ordering(
    "SUBMITTED_AT_DESC",
    Key(form_submissions.c.submitted_at, descending=True),
    Key(form_submissions.c.id, descending=True),
)

_COLUMNS = columns_of(form_submissions, FormSubmission)


async def is_known(session: TenantSession, submission_id: str) -> bool:
    """Whether a sending was taken before."""
    wanted = select(form_submissions.c.id).where(form_submissions.c.submission_id == submission_id)
    return await session.scalar(wanted) is not None


async def add_submission(session: TenantSession, *new: FormSubmission) -> None:
    """Keeps what was sent."""
    await insert_rows(session, form_submissions, *new)


async def submission_pages(session: TenantSession, leads: Sequence[UUID], window: Window) -> list[Page[FormSubmission]]:
    """A page of what was sent about each lead, in the order of leads. One statement."""
    pages = await fetch_pages(session, select(*_COLUMNS), form_submissions.c.lead_id, leads, window)
    return [page_of(page, _submission) for page in pages]


def _submission(row: Row[Any]) -> FormSubmission:
    return FormSubmission(*row[: len(_COLUMNS)])
