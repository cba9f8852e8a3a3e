"""Writing the domain's dataclasses as rows, and reading constraint violations as what they mean to users."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, insert, update
from sqlalchemy.exc import IntegrityError

from resolvers.errors import Conflict, DomainError, Unauthenticated
from resolvers.sealing import SealedText
from resolvers.session import TenantSession
from subgraphs.crm.domain.errors import ContactNotFound, DuplicateEmail, DuplicateName, LeadNotFound

__all__ = ["columns_of", "insert_rows", "refusing", "update_row"]

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
}


def columns_of(table: Table, entity: type[Any]) -> tuple[ColumnElement[Any], ...]:
    """The columns of `table` that `entity` (a dataclass) holds, in the order of its fields."""
    return tuple(table.c[field.name] for field in fields(entity))


async def insert_rows(session: TenantSession, table: Table, *entities: Any) -> None:
    """Writes new rows of the session's tenant in one statement; without rows, none.

    Raises:
        DomainError: a constraint that has a meaning to users does not hold.
        Unauthenticated: the session has no tenant.
    """
    if not entities:
        return
    tenant_id = session.context.tenant_id
    if tenant_id is None:
        raise Unauthenticated("This needs a tenant.")
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


@contextmanager
def refusing(refusals: dict[str, Callable[[], DomainError]]) -> Iterator[None]:
    """Turns the violation of a constraint named in `refusals` into that error; others pass through.

    The statement has failed, so the transaction goes on only behind the savepoint that each mutation field has.
    """
    try:
        yield
    except IntegrityError as error:
        cause = error.orig.__cause__ if error.orig is not None else None
        refusal = refusals.get(getattr(cause, "constraint_name", None) or "")
        if refusal is None:
            raise
        raise refusal() from error


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
