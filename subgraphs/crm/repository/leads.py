"""Leads: statements that read and write `crm.leads`."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, select

from resolvers.loaders import aligned
from resolvers.pagination import Page, Window, fetch_page, fetch_pages
from resolvers.rows import among, columns_of
from resolvers.session import TenantSession
from subgraphs.crm.domain import Lead, LeadFilter, LeadOrderField, LeadStatus
from subgraphs.crm.domain.values import in_major_units
from subgraphs.crm.events import LeadChanged, LeadCreated, LeadDeleted
from subgraphs.crm.repository.lists import count, counts_by, matches_words, orderings, page_of
from subgraphs.crm.repository.rows import insert_rows, update_row
from subgraphs.crm.tables import leads, stages

__all__ = [
    "LEAD_ORDERINGS",
    "add_lead",
    "change_lead",
    "count_leads",
    "count_leads_by",
    "count_open_leads_of_users",
    "find_leads",
    "lead_for_update",
    "lead_page",
    "lead_pages_by",
    "open_lead_by_email",
    "remove_lead",
    "retell_leads",
]

LEAD_ORDERINGS = orderings(leads, LeadOrderField)

_COLUMNS = columns_of(leads, Lead)
_TOLD = tuple(
    leads.c[name]
    for name in (
        "id",
        "contact_id",
        "status",
        "source",
        "score",
        "value_minor",
        "currency",
        "version",
        "created_at",
        "updated_at",
    )
)
_LISTED = select(*_COLUMNS, leads.c.name_key)


async def find_leads(session: TenantSession, ids: Iterable[UUID]) -> list[Lead | None]:
    """The lead of each id, in their order. One statement."""
    wanted = list(ids)
    rows = await session.rows(select(*_COLUMNS).where(among(leads.c.id, wanted)))
    return aligned(wanted, {row.id: _lead(row) for row in rows})


async def lead_page(session: TenantSession, wanted: LeadFilter, window: Window) -> Page[Lead]:
    """A page of the tenant's leads. One statement."""
    return page_of(await fetch_page(session, _LISTED.where(*_conditions(wanted)), window), _lead)


async def lead_pages_by(
    session: TenantSession, column: str, parents: Sequence[UUID], wanted: LeadFilter, window: Window
) -> list[Page[Lead]]:
    """A page of the leads of each parent, in the order of parents. One statement.

    Args:
        column: that refers to the parents, such as `assignee_id`.
    """
    pages = await fetch_pages(session, _LISTED.where(*_conditions(wanted)), leads.c[column], parents, window)
    return [page_of(page, _lead) for page in pages]


async def count_leads(session: TenantSession, wanted: LeadFilter) -> int:
    """How many of the tenant's leads match."""
    return await count(session, leads, _conditions(wanted))


async def count_leads_by(session: TenantSession, column: str, parents: Sequence[UUID], wanted: LeadFilter) -> list[int]:
    """How many leads of each parent match, in the order of parents. One statement."""
    return await counts_by(session, leads.c[column], parents, _conditions(wanted))


async def count_open_leads_of_users(session: TenantSession, users: Sequence[UUID]) -> list[int]:
    """How many open leads each user has. One statement."""
    return await count_leads_by(session, "assignee_id", users, LeadFilter(status=(LeadStatus.OPEN,)))


async def open_lead_by_email(session: TenantSession, email: str) -> Lead | None:
    """The open lead with this address, whatever its case."""
    wanted = select(*_COLUMNS).where(leads.c.email_key == func.lower(email), leads.c.status == LeadStatus.OPEN)
    row = await session.row(wanted)
    return None if row is None else _lead(row)


async def lead_for_update(session: TenantSession, lead_id: UUID) -> Lead | None:
    """The lead, locked until the transaction ends."""
    row = await session.row(select(*_COLUMNS).where(leads.c.id == lead_id).with_for_update())
    return None if row is None else _lead(row)


async def add_lead(session: TenantSession, *new: Lead) -> None:
    """Writes new leads.

    Raises:
        DuplicateEmail: another open lead has the address.
        ContactNotFound: the tenant has no such contact.
    """
    await insert_rows(session, leads, *new)
    for lead in new:
        session.publish(LeadCreated(lead.id, lead.contact_id, lead.email, lead.source.value, lead.created_at))
    await _tell(session, *new)


async def change_lead(session: TenantSession, lead: Lead) -> None:
    """Writes a lead that `lead_for_update` gave, as it is now. Raises as `add_lead`."""
    await update_row(session, leads, lead)
    await _tell(session, lead)


async def remove_lead(session: TenantSession, lead_id: UUID) -> None:
    """Deletes a lead with its activities."""
    await session.execute(delete(leads).where(leads.c.id == lead_id))
    session.publish(LeadDeleted(lead_id, datetime.now(UTC)))


async def retell_leads(session: TenantSession, after: UUID | None, limit: int) -> list[UUID]:
    """Tells others of the tenant's next leads, as they are; of which, in order of id."""
    wanted = select(*_TOLD, stages.c.name).join(stages, stages.c.id == leads.c.stage_id)
    wanted = wanted.where(leads.c.tenant_id == session.tenant_id()).order_by(leads.c.id).limit(limit)
    rows = await session.rows(wanted if after is None else wanted.where(leads.c.id > after))
    for row in rows:
        session.publish(_changed(row[:-1], row[-1]))
    return [row.id for row in rows]


async def _tell(session: TenantSession, *changed: Lead) -> None:
    """Tells others of leads: here, so that no way of writing one leaves it out."""
    if not changed:
        return
    ids = {lead.stage_id for lead in changed}
    named = await session.rows(select(stages.c.id, stages.c.name).where(among(stages.c.id, list(ids))))
    names = {row.id: row.name for row in named}
    for lead in changed:
        facts = (getattr(lead, column.name) for column in _TOLD)
        session.publish(_changed(facts, names[lead.stage_id]))


def _changed(facts: Iterable[Any], stage: str) -> LeadChanged:
    """Of the values of `_TOLD`, in their order."""
    lead_id, contact_id, status, source, score, value_minor, currency, version, created_at, updated_at = facts
    return LeadChanged(
        lead_id=lead_id,
        contact_id=contact_id,
        stage=stage,
        status=status.value,
        source=source.value,
        score=score,
        value=in_major_units(value_minor, currency),
        currency=currency,
        version=version,
        created_at=created_at,
        changed_at=updated_at,
    )


def _lead(row: Row[Any]) -> Lead:
    return Lead(*row[: len(_COLUMNS)])


def _conditions(wanted: LeadFilter) -> list[ColumnElement[bool]]:
    conditions = matches_words(leads.c.search_key, wanted.search)
    for name in ("pipeline_id", "stage_id", "assignee_id", "business_id", "contact_id"):
        values = getattr(wanted, name)
        if values is not None:
            conditions.append(among(leads.c[name], values))
    if wanted.status is not None:
        conditions.append(leads.c.status.in_(wanted.status))
    if wanted.source is not None:
        conditions.append(leads.c.source.in_(wanted.source))
    if wanted.assigned is not None:
        is_null = leads.c.assignee_id.is_(None)
        conditions.append(~is_null if wanted.assigned else is_null)
    if wanted.score_min is not None:
        conditions.append(leads.c.score >= wanted.score_min)
    if wanted.score_max is not None:
        conditions.append(leads.c.score <= wanted.score_max)
    if wanted.value_minor_min is not None:
        conditions.append(leads.c.value_minor >= wanted.value_minor_min)
    if wanted.value_minor_max is not None:
        conditions.append(leads.c.value_minor <= wanted.value_minor_max)
    if wanted.created_from is not None:
        conditions.append(leads.c.created_at >= wanted.created_from)
    if wanted.created_until is not None:
        conditions.append(leads.c.created_at < wanted.created_until)
    return conditions
