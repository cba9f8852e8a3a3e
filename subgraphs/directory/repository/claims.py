"""Claims of listings, and what was done about them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from resolvers.pagination import Key, Ordering, Page, Window, fetch_page
from resolvers.session import TenantSession
from subgraphs.directory.domain.claims import ClaimAction, ClaimState
from subgraphs.directory.domain.errors import AlreadyClaimed
from subgraphs.directory.tables import business_claim_notes, business_claims, businesses

__all__ = [
    "NEWEST",
    "add",
    "add_all",
    "by_id",
    "change",
    "close_others",
    "close_verified",
    "count",
    "lock",
    "note",
    "notes_of",
    "open_claims_of",
    "page",
    "recent",
    "sends_since",
    "set_owner",
]

_CLAIMS = business_claims.c
NEWEST = Ordering("newest", Key(_CLAIMS.created_at, descending=True), Key(_CLAIMS.id, descending=True))


async def by_id(session: TenantSession, ids: Sequence[UUID]) -> dict[UUID, Row[Any]]:
    """The claims among `ids` that exist for this tenant."""
    rows = await session.rows(select(business_claims).where(_CLAIMS.id.in_(ids)))
    return {row.id: row for row in rows}


async def lock(session: TenantSession, claim_id: UUID) -> Row[Any] | None:
    """A claim as it is now; whoever else would change it waits."""
    return await session.row(select(business_claims).where(_CLAIMS.id == claim_id).with_for_update())


async def page(
    session: TenantSession,
    window: Window,
    *,
    claimant_id: UUID | None = None,
    business_id: UUID | None = None,
    state: ClaimState | None = None,
) -> Page[Row[Any]]:
    """A page of claims that fulfil all that is given."""
    return await fetch_page(session, select(business_claims).where(*_where(claimant_id, business_id, state)), window)


async def count(
    session: TenantSession,
    *,
    claimant_id: UUID | None = None,
    business_id: UUID | None = None,
    state: ClaimState | None = None,
) -> int:
    """How many claims fulfil all that is given."""
    where = _where(claimant_id, business_id, state)
    return int(await session.scalar(select(func.count()).select_from(business_claims).where(*where)))


async def open_claims_of(session: TenantSession, claimant_id: UUID, now: datetime) -> int:
    """How many claims of a user wait."""
    where = (*_where(claimant_id, None, ClaimState.PENDING), _CLAIMS.expires_at > now)
    return int(await session.scalar(select(func.count()).select_from(business_claims).where(*where)))


async def recent(session: TenantSession, business_id: UUID, claimant_id: UUID, since: datetime) -> Sequence[Row[Any]]:
    """A user's claims of a business that wait, or were opened since a moment."""
    young = (_CLAIMS.created_at >= since) | (_CLAIMS.state == ClaimState.PENDING)
    return await session.rows(
        select(business_claims).where(*_where(claimant_id, business_id, None), young).order_by(_CLAIMS.created_at)
    )


async def sends_since(session: TenantSession, business_id: UUID, since: datetime) -> int:
    """How many codes were sent for a business in claims that were opened since a moment."""
    total = select(func.coalesce(func.sum(_CLAIMS.sends), 0))
    return int(await session.scalar(total.where(_CLAIMS.business_id == business_id, _CLAIMS.created_at >= since)))


async def add(session: TenantSession, tenant_id: UUID, **values: Any) -> Row[Any]:
    """Store a claim.

    Raises:
        AlreadyClaimed: one of the user waits.
    """
    new = upsert(business_claims).values(tenant_id=tenant_id, **values)
    row = await session.row(new.on_conflict_do_nothing().returning(business_claims))
    if row is None:
        raise AlreadyClaimed
    return row


async def add_all(session: TenantSession, tenant_id: UUID, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store claims; those that are there stay as they are. One statement."""
    if rows:
        statement = upsert(business_claims).on_conflict_do_nothing()
        await session.execute(statement, [{"tenant_id": tenant_id, **row} for row in rows])


async def change(session: TenantSession, claim_id: UUID, **values: Any) -> Row[Any]:
    """Overwrite columns of a claim that is locked, and return it."""
    statement = update(business_claims).where(_CLAIMS.id == claim_id).values(**values, updated_at=func.now())
    row = await session.row(statement.returning(business_claims))
    assert row is not None, "it is locked"
    return row


async def close_verified(
    session: TenantSession, business_id: UUID, state: ClaimState, reason: str, now: datetime
) -> UUID | None:
    """Ends the claim by which a business is owned, and says which it was; None if by none."""
    closed = update(business_claims).where(*_where(None, business_id, ClaimState.VERIFIED))
    values = {"state": state, "reason": reason, "decided_at": now, "updated_at": now}
    found: UUID | None = await session.scalar(closed.values(values).returning(_CLAIMS.id))
    return found


async def close_others(session: TenantSession, business_id: UUID, now: datetime) -> Sequence[UUID]:
    """Ends what waits for a business that has an owner now, and says what that was."""
    closed = update(business_claims).where(*_where(None, business_id, ClaimState.PENDING))
    values = {"state": ClaimState.SUPERSEDED, "code_hash": None, "decided_at": now, "updated_at": now}
    return [row.id for row in await session.rows(closed.values(values).returning(_CLAIMS.id))]


async def set_owner(
    session: TenantSession, business_id: UUID, owner_id: UUID | None, verified_at: datetime | None
) -> None:
    """Gives a business to a user, or to nobody. The caller holds its lock."""
    values = {"owner_id": owner_id, "verified_at": verified_at, "version": businesses.c.version + 1}
    await session.execute(
        update(businesses).where(businesses.c.id == business_id).values(values | {"updated_at": func.now()})
    )


async def note(
    session: TenantSession,
    tenant_id: UUID,
    claim_ids: Sequence[UUID],
    action: ClaimAction,
    actor_id: UUID | None,
    text: str = "",
) -> None:
    """Writes down what was done about claims. One statement."""
    if claim_ids:
        same = {"tenant_id": tenant_id, "action": action, "actor_id": actor_id, "note": text}
        await session.execute(insert(business_claim_notes), [{**same, "claim_id": claim_id} for claim_id in claim_ids])


async def notes_of(session: TenantSession, claim_ids: Sequence[UUID]) -> dict[UUID, list[Row[Any]]]:
    """What was done about each claim, the first first; a claim's attempts are bounded, and so is this."""
    table = business_claim_notes.c
    rows = await session.rows(
        select(business_claim_notes).where(table.claim_id.in_(claim_ids)).order_by(table.created_at, table.id)
    )
    found: dict[UUID, list[Row[Any]]] = {}
    for row in rows:
        found.setdefault(row.claim_id, []).append(row)
    return found


def _where(claimant_id: UUID | None, business_id: UUID | None, state: ClaimState | None) -> list[ColumnElement[bool]]:
    given = ((_CLAIMS.claimant_id, claimant_id), (_CLAIMS.business_id, business_id), (_CLAIMS.state, state))
    return [column == value for column, value in given if value is not None]
