"""Questions about products, and answers to them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page, fetch_pages
from resolvers.rows import refusing
from resolvers.session import TenantSession
from subgraphs.storefront.domain.moderation import Reader
from subgraphs.storefront.repository.rows import REFUSALS
from subgraphs.storefront.tables import answers, questions

QUESTIONS_NEWEST = Ordering("newest", Key(questions.c.created_at, descending=True), Key(questions.c.id))
ANSWERS_FIRST = Ordering(
    "official", Key(answers.c.is_official, descending=True), Key(answers.c.created_at), Key(answers.c.id)
)


async def add_question(session: TenantSession, tenant_id: UUID, **values: Any) -> Row[Any]:
    """Stores a new question."""
    row = await session.row(insert(questions).values(tenant_id=tenant_id, **values).returning(questions))
    assert row is not None, "an insert answers its row"
    return row


async def add_answer(session: TenantSession, tenant_id: UUID, **values: Any) -> Row[Any]:
    """Stores a new answer.

    Raises:
        QuestionNotFound: the question is gone.
    """
    with refusing(REFUSALS):
        row = await session.row(insert(answers).values(tenant_id=tenant_id, **values).returning(answers))
    assert row is not None, "an insert answers its row"
    return row


async def question_pages(
    session: TenantSession, product_ids: Sequence[str], window: Window, reader: Reader
) -> list[Page[Row[Any]]]:
    """A page of the questions about each product that the reader may see."""
    statement = select(questions).where(*_seen(questions, reader))
    return await fetch_pages(session, statement, questions.c.product_id, product_ids, window)


async def question_counts(session: TenantSession, product_ids: Sequence[str], reader: Reader) -> Mapping[str, int]:
    """How many questions about products the reader may see; those without any are missing."""
    table = questions.c
    rows = await session.rows(
        select(table.product_id, func.count().label("questions"))
        .where(table.product_id.in_(product_ids), *_seen(questions, reader))
        .group_by(table.product_id)
    )
    return {row.product_id: row.questions for row in rows}


async def question_page(
    session: TenantSession, window: Window, *, status: str | None, author_id: UUID | None
) -> Page[Row[Any]]:
    """A page of the questions about all products, of a status or of an author."""
    statement = select(questions)
    if status is not None:
        statement = statement.where(questions.c.status == status)
    if author_id is not None:
        statement = statement.where(questions.c.author_id == author_id)
    return await fetch_page(session, statement, window)


async def answer_pages(
    session: TenantSession, question_ids: Sequence[UUID], window: Window, reader: Reader
) -> list[Page[Row[Any]]]:
    """A page of the answers to each question that the reader may see, the shop's own first."""
    statement = select(answers).where(*_seen(answers, reader))
    return await fetch_pages(session, statement, answers.c.question_id, question_ids, window)


async def count_pending(session: TenantSession, author_id: UUID) -> int:
    """How many questions of a user wait to be looked at."""
    table = questions.c
    statement = (
        select(func.count()).select_from(questions).where(table.author_id == author_id, table.status == "pending")
    )
    return int(await session.scalar(statement))


def _seen(table: Any, reader: Reader) -> list[ColumnElement[bool]]:
    if reader.sees_all:
        return []
    published = table.c.status == "published"
    return [published if reader.user_id is None else or_(published, table.c.author_id == reader.user_id)]
