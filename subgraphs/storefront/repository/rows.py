"""What the repositories share: reading by id, and constraints as what they mean to users."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Table, func, select, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.errors import DomainError
from resolvers.rows import refusing
from resolvers.session import TenantSession
from subgraphs.storefront.domain.errors import CartTaken, NameTaken, OfferTaken, QuestionNotFound, SupplierNotFound

REFUSALS: dict[str, Callable[[], DomainError]] = {
    "uq_suppliers_tenant_id_name": lambda: NameTaken("Another supplier has this name."),
    "uq_wishlists_tenant_id_owner_id_name": lambda: NameTaken("You have a wishlist of this name."),
    "uq_supplier_offers_number": OfferTaken,
    "uq_carts_tenant_id_checkout_id": CartTaken,
    "fk_supplier_offers_tenant_id_supplier_id": SupplierNotFound,
    "fk_question_answers_tenant_id_question_id": QuestionNotFound,
}


async def rows_by_id(session: TenantSession, table: Table, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """The rows among `ids` that exist for this tenant."""
    rows = await session.rows(select(table).where(table.c.id.in_(ids)))
    return {row.id: row for row in rows}


async def locked(session: TenantSession, table: Table, row_id: UUID) -> Row[Any] | None:
    """A row as it is now, which nobody else changes before this transaction ends; None if there is none."""
    return await session.row(select(table).where(table.c.id == row_id).with_for_update())


async def change(session: TenantSession, table: Table, row_id: UUID, **values: Any) -> Row[Any] | None:
    """Overwrites columns of a row and returns it; None if it is gone."""
    statement = update(table).where(table.c.id == row_id).values(**values, updated_at=func.now())
    with refusing(REFUSALS):
        return await session.row(statement.returning(table))


async def add_all(session: TenantSession, tenant_id: UUID, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Stores rows; those that exist stay as they are. One statement."""
    if rows:
        own = [{"tenant_id": tenant_id, **row} for row in rows]
        await session.execute(insert(table).on_conflict_do_nothing(), own)
