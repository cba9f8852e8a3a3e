"""Writing the domain's dataclasses as rows, and reading constraint violations as what they mean to users."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import Table, insert, update

from resolvers.errors import Conflict, DomainError
from resolvers.rows import refusing
from resolvers.sealing import SealedText
from resolvers.session import TenantSession
from subgraphs.crm.domain.errors import ContactNotFound, DuplicateEmail, DuplicateName, LeadNotFound

__all__ = ["insert_rows", "update_row"]

_WRITE_REFUSALS: dict[str, Callable[[], DomainError]] = {
    "uq_contacts_email": lambda: DuplicateEmail("Another contact has this e-mail address."),
    "uq_leads_open_email": lambda: DuplicateEmail("Another open lead has this e-mail address."),
    "uq_pipelines_name": lambda: DuplicateName("Another pipeline has this name."),
    "uq_pipelines_default": lambda: Conflict("Another pipeline became the default at the same time."),
    "uq_stages_name": lambda: DuplicateName("Another stage of the pipeline has this name."),
    "fk_leads_tenant_id_contact_id": ContactNotFound,
    "fk_activities_tenant_id_lead_id": LeadNotFound,
    "fk_lead_scores_tenant_id_lead_id": LeadNotFound,
    "fk_activities_tenant_id_contact_id": ContactNotFound,
    "fk_tasks_tenant_id_lead_id": LeadNotFound,
    "fk_tasks_tenant_id_contact_id": ContactNotFound,
}


async def insert_rows(session: TenantSession, table: Table, *entities: Any) -> None:
    """Writes new rows of the session's tenant in one statement; without rows, none.

    Raises:
        DomainError: a constraint that has a meaning to users does not hold.
        Unauthenticated: the session has no tenant.
    """
    if not entities:
        return
    tenant_id = session.tenant_id()
    rows = await _sealed(session, table, [_values(entity) for entity in entities])
    with refusing(_WRITE_REFUSALS):
        await session.execute(insert(table).values([{"tenant_id": tenant_id, **row} for row in rows]))


async def update_row(session: TenantSession, table: Table, entity: Any) -> None:
    """Writes an existing row anew, which the transaction should have locked.

    Raises:
        DomainError: a constraint that has a meaning to users does not hold.
    """
    (values,) = await _sealed(session, table, [_values(entity)])
    row_id: UUID = values.pop("id")
    with refusing(_WRITE_REFUSALS):
        await session.execute(update(table).where(table.c.id == row_id).values(values))


async def _sealed(session: TenantSession, table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with the values of sealed columns sealed, in one request."""
    places = [
        (row, column.name)
        for column in table.c
        if isinstance(column.type, SealedText)
        for row in rows
        if row[column.name] is not None
    ]
    for (row, name), value in zip(places, await session.seal([row[name] for row, name in places]), strict=True):
        row[name] = value
    return rows


def _values(entity: Any) -> dict[str, Any]:
    return {field.name: getattr(entity, field.name) for field in fields(entity)}
