"""A visitor fills in a form: it is kept once, and told once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from redis.asyncio import Redis

from resolvers.errors import InvalidValue, RateLimited
from resolvers.idempotency import IdempotencyKeyReused
from resolvers.session import TenantSession
from subgraphs.content.domain.errors import ContentFormNotFound
from subgraphs.content.domain.forms import Form, by_known_names, checked_answers, checked_key
from subgraphs.content.events import FormSubmitted
from subgraphs.content.repository import details, forms
from subgraphs.content.repository.forms import Entry

__all__ = ["FilledIn", "submit_form"]

_PER_CLIENT: Final = 10
_PER_FORM: Final = 300
_WITHIN_S: Final = 60


@dataclass(frozen=True, slots=True)
class FilledIn:
    """What a visitor sends.

    Attributes:
        trap: what people do not see and so leave empty.
    """

    form_id: int
    key: str
    answers: Sequence[tuple[str, str]]
    consent: bool
    path: str | None
    locale: str | None
    trap: str


async def submit_form(session: TenantSession, redis: Redis, filled: FilledIn) -> Form:
    """Keeps and tells it, unless that was done under the key; the form that it was.

    Raises:
        ContentFormNotFound: there is no such form that is live.
        IdempotencyKeyReused: other answers were sent under the key.
        InvalidValue: an answer is not good.
        RateLimited: too many from this client, or to this form.
    """
    key = checked_key(filled.key)
    (form,) = await details.forms_of(session, [filled.form_id])
    if form is None:
        raise ContentFormNotFound
    answers = checked_answers(form, filled.answers)
    path, locale = _short(filled.path, "path", 2000), _short(filled.locale, "locale", 35)
    if filled.trap:
        # A machine: it learns nothing, and nothing is kept.
        return form
    earlier = await forms.entry_under(session, form.id, key)
    if earlier is not None:
        if (earlier.answers, earlier.consent) != (answers, filled.consent):
            raise IdempotencyKeyReused
        return form
    await _count(redis, session, form)
    entry = Entry(uuid4(), form.id, key, answers, path, locale, filled.consent, datetime.now(UTC))
    await forms.add_entry(session, entry)
    known, others = by_known_names(answers)
    session.publish(
        FormSubmitted(
            submission_id=str(entry.submission_id),
            form=form.slug,
            page=path,
            name=known.get("name", ""),
            email=known.get("email", ""),
            phone=known.get("phone"),
            company=known.get("company"),
            message=known.get("message"),
            consent=filled.consent,
            fields=others,
            submitted_at=entry.submitted_at,
            locale=locale,
        )
    )
    return form


async def _count(redis: Redis, session: TenantSession, form: Form) -> None:
    tenant, client = session.context.tenant_id, session.context.client
    # Those whose address is not known are many: they are counted with all others only.
    of_client = () if client is None else ((f"client:{client}", _PER_CLIENT),)
    for name, most in (*of_client, (f"form:{form.id}", _PER_FORM)):
        key = f"content:forms:{tenant}:{name}"
        pipeline = redis.pipeline(transaction=True)
        pipeline.incr(key)
        pipeline.expire(key, _WITHIN_S, nx=True)
        number, _ = await pipeline.execute()
        if number > most:
            raise RateLimited(_WITHIN_S, "Too many forms were sent; wait before the next.")


def _short(value: str | None, name: str, most: int) -> str | None:
    text = (value or "").strip()
    if len(text) > most or "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise InvalidValue(name, f"has more than {most} characters, or some that cannot be stored")
    return text or None
