"""Leads: statements that read and write `crm.leads`."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, delete, func, select

from resolvers.loaders import aligned
from resolvers.pagination import Page, Window, fetch_page, fetch_pages
from resolvers.rows import among, columns_of
from resolvers.session import TenantSession
from subgraphs.crm.domain import Lead, LeadFilter, LeadOrderField, LeadStatus
from subgraphs.crm.repository.lists import matches_words, orderings, page_of
from subgraphs.crm.repository.rows import insert_rows, update_row
from subgraphs.crm.tables import leads

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
]

LEAD_ORDERINGS = orderings(leads, LeadOrderField)

_COLUMNS = columns_of(leads, Lead)
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
    return int(await session.scalar(select(func.count()).select_from(leads).where(*_conditions(wanted))))


async def count_leads_by(session: TenantSession, column: str, parents: Sequence[UUID], wanted: LeadFilter) -> list[int]:
    """How many leads of each parent match, in the order of parents. One statement."""
    parent = leads.c[column]
    rows = await session.rows(
        select(parent.label("parent"), func.count().label("number"))
        .where(among(parent, parents), *_conditions(wanted))
        .group_by(parent)
    )
    counts = {row.parent: row.number for row in rows}
    return [counts.get(key, 0) for key in parents]


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


async def change_lead(session: TenantSession, lead: Lead) -> None:
    """Writes a lead that `lead_for_update` gave, as it is now. Raises as `add_lead`."""
    await update_row(session, leads, lead)


async def remove_lead(session: TenantSession, lead_id: UUID) -> None:
    """Deletes a lead with its activities."""
    await session.execute(delete(leads).where(leads.c.id == lead_id))


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
