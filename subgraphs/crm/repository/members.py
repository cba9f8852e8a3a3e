"""Who belongs to the tenant, as identity tells of it: statements on `crm.members`."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as upsert

from resolvers.rows import among
from resolvers.session import TenantSession
from subgraphs.crm.tables import members

__all__ = ["members_among", "note_member"]


async def note_member(session: TenantSession, account_id: UUID, at: datetime, *, is_member: bool) -> None:
    """Writes down that somebody is a member from a moment on, or is not; what is older than what is known is left."""
    values = {"tenant_id": session.tenant_id(), "account_id": account_id, "is_member": is_member, "changed_at": at}
    statement = upsert(members).values(values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["tenant_id", "account_id"],
            set_={"is_member": statement.excluded.is_member, "changed_at": statement.excluded.changed_at},
            where=members.c.changed_at < statement.excluded.changed_at,
        )
    )


async def members_among(session: TenantSession, accounts: Iterable[UUID]) -> frozenset[UUID]:
    """Those of the accounts who are members now. One statement."""
    wanted = select(members.c.account_id).where(among(members.c.account_id, accounts), members.c.is_member)
    return frozenset(row.account_id for row in await session.rows(wanted))
