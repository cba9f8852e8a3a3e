"""Asking about products, answering, and looking at both before all see them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.session import TenantSession
from subgraphs.storefront.domain.errors import AnswerNotFound, NotPublished, QuestionNotFound, TooMany
from subgraphs.storefront.domain.moderation import MAX_PENDING, Moderation, Reader
from subgraphs.storefront.domain.values import MAX_ANSWER, MAX_QUESTION, channel_slug, shop_id, text_of
from subgraphs.storefront.repository import questions, rows
from subgraphs.storefront.tables import answers
from subgraphs.storefront.tables import questions as questions_table


async def ask(
    session: TenantSession, tenant_id: UUID, author_id: UUID, *, product_id: str, channel: str | None, text: str
) -> Row[Any]:
    """Stores a question, which its author alone sees until it is published, and returns its row.

    Raises:
        InvalidValue: see there.
        TooMany: `MAX_PENDING` of the author's wait to be looked at.
    """
    values = {
        "product_id": shop_id(product_id, "Product", "productId"),
        "channel": channel_slug(channel, "channel"),
        "text": text_of(text, MAX_QUESTION, "text"),
    }
    if await questions.count_pending(session, author_id) >= MAX_PENDING:
        raise TooMany
    return await questions.add_question(session, tenant_id, author_id=author_id, status="pending", **values)


async def answer(session: TenantSession, tenant_id: UUID, reader: Reader, question_id: UUID, text: str) -> Row[Any]:
    """Stores an answer and returns its row. The shop's own is published at once, and marked as such.

    Args:
        reader: who answers; a user.

    Raises:
        InvalidValue, QuestionNotFound: see there.
        NotPublished: the question is not published, and who answers is not of the shop.
    """
    assert reader.user_id is not None, "a user answers"
    checked = text_of(text, MAX_ANSWER, "text")
    question = (await rows.rows_by_id(session, questions_table, [question_id])).get(question_id)
    if question is None or (not reader.sees_all and question.status != "published" and not _is_own(question, reader)):
        raise QuestionNotFound
    if question.status != "published" and not reader.sees_all:
        raise NotPublished
    status = Moderation.PUBLISHED if reader.sees_all else Moderation.PENDING
    return await questions.add_answer(
        session,
        tenant_id,
        question_id=question_id,
        author_id=reader.user_id,
        text=checked,
        status=status.value,
        is_official=reader.sees_all,
    )


async def moderate_question(
    session: TenantSession, moderator_id: UUID, question_id: UUID, verdict: Moderation
) -> Row[Any]:
    """Publishes or rejects a question and returns its row.

    Raises:
        QuestionNotFound: there is none.
    """
    row = await rows.change(session, questions_table, question_id, **_judged(moderator_id, verdict))
    if row is None:
        raise QuestionNotFound
    return row


async def moderate_answer(session: TenantSession, moderator_id: UUID, answer_id: UUID, verdict: Moderation) -> Row[Any]:
    """Publishes or rejects an answer and returns its row.

    Raises:
        AnswerNotFound: there is none.
    """
    row = await rows.change(session, answers, answer_id, **_judged(moderator_id, verdict))
    if row is None:
        raise AnswerNotFound
    return row


def _judged(moderator_id: UUID, verdict: Moderation) -> dict[str, Any]:
    return {"status": verdict.value, "moderator_id": moderator_id, "moderated_at": datetime.now(UTC)}


def _is_own(row: Row[Any], reader: Reader) -> bool:
    return bool(row.author_id == reader.user_id)
