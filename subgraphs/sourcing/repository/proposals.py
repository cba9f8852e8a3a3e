"""Statements about proposals of prices, and the rules that they follow."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from resolvers.loaders import aligned
from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.rows import among, columns_of, read
from resolvers.session import TenantSession
from subgraphs.sourcing.domain.supply import PriceProposal, PriceRules, ProposalStatus
from subgraphs.sourcing.repository.rows import add, change
from subgraphs.sourcing.tables import price_proposals, settings

__all__ = [
    "NEWEST_PROPOSAL",
    "add_proposals",
    "change_proposal",
    "count_proposals",
    "find_proposals",
    "locked_proposal",
    "price_rules",
    "proposal_page",
    "put_price_rules",
    "supersede",
]

NEWEST_PROPOSAL: Final = Ordering(
    "NEWEST", Key(price_proposals.c.created_at, descending=True), Key(price_proposals.c.id, descending=True)
)

_COLUMNS = columns_of(price_proposals, PriceProposal)
_COUNT = len(_COLUMNS)


async def find_proposals(session: TenantSession, ids: Sequence[UUID]) -> list[PriceProposal | None]:
    """The proposal of each id, in their order. One statement."""
    rows = await session.rows(select(*_COLUMNS).where(among(price_proposals.c.id, ids)))
    return aligned(ids, {row.id: read(PriceProposal, row, _COUNT) for row in rows})


async def proposal_page(session: TenantSession, status: ProposalStatus | None, window: Window) -> Page[PriceProposal]:
    """A page of the tenant's. One statement."""
    statement = select(*_COLUMNS)
    if status is not None:
        statement = statement.where(price_proposals.c.status == status)
    page = await fetch_page(session, statement, window)
    return Page(tuple(read(PriceProposal, row, _COUNT) for row in page.rows), page.cursors, page.info)


async def count_proposals(session: TenantSession, status: ProposalStatus | None) -> int:
    """How many there are."""
    statement = select(func.count()).select_from(price_proposals)
    if status is not None:
        statement = statement.where(price_proposals.c.status == status)
    return int(await session.scalar(statement))


async def locked_proposal(session: TenantSession, proposal_id: UUID) -> PriceProposal | None:
    """The proposal, locked until the transaction ends."""
    row = await session.row(select(*_COLUMNS).where(price_proposals.c.id == proposal_id).with_for_update())
    return None if row is None else read(PriceProposal, row, _COUNT)


async def add_proposals(session: TenantSession, new: Sequence[PriceProposal]) -> None:
    """Writes new ones, in one statement."""
    await add(session, price_proposals, new)


async def change_proposal(session: TenantSession, changed: PriceProposal) -> None:
    """Writes one that was locked, as it is now."""
    await change(session, price_proposals, [changed])


async def supersede(session: TenantSession, candidate_ids: Sequence[UUID], now: datetime) -> None:
    """Those of these candidates that wait for a decision wait no more."""
    if candidate_ids:
        waiting = (
            among(price_proposals.c.candidate_id, candidate_ids),
            price_proposals.c.status == ProposalStatus.PENDING,
        )
        values = {
            "status": ProposalStatus.SUPERSEDED,
            "version": price_proposals.c.version + 1,
            "updated_at": now,
        }
        await session.execute(update(price_proposals).where(*waiting).values(values))


async def price_rules(session: TenantSession) -> PriceRules:
    """The tenant's, or the usual ones."""
    row = await session.row(select(settings.c.min_margin_percent, settings.c.max_change_percent))
    return PriceRules() if row is None else read(PriceRules, row, 2)


async def put_price_rules(session: TenantSession, rules: PriceRules, now: datetime) -> None:
    """Writes the tenant's."""
    values = {"min_margin_percent": rules.min_margin_percent, "max_change_percent": rules.max_change_percent}
    statement = insert(settings).values(tenant_id=session.tenant_id(), version=1, **values)
    again = {**values, "version": settings.c.version + 1, "updated_at": now}
    await session.execute(statement.on_conflict_do_update(constraint="uq_settings_tenant_id", set_=again))
