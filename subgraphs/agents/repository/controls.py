"""A tenant's switches: statements that read and write `agents.controls`."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from resolvers.session import TenantSession
from subgraphs.agents.tables import controls

__all__ = ["Controls", "read_controls", "write_controls"]


@dataclass(frozen=True, slots=True)
class Controls:
    """What stops or softens all runs of a tenant.

    Attributes:
        kill_switch: nothing is started, granted or carried out.
        dry_run: new runs propose and carry nothing out.
        version: 0 where nobody has ever touched them.
    """

    kill_switch: bool = False
    dry_run: bool = False
    reason: str | None = None
    changed_by: UUID | None = None
    version: int = 0
    updated_at: datetime | None = None


async def read_controls(session: TenantSession) -> Controls:
    """The tenant's switches."""
    columns = (controls.c[name] for name in Controls.__dataclass_fields__)
    row = await session.row(select(*columns).where(controls.c.tenant_id == session.tenant_id()))
    return Controls() if row is None else Controls(*row)


async def write_controls(session: TenantSession, new: Controls) -> None:
    """Writes them; the tenant is locked."""
    values = {name: getattr(new, name) for name in Controls.__dataclass_fields__}
    await session.execute(
        insert(controls)
        .values(tenant_id=session.tenant_id(), **values)
        .on_conflict_do_update(constraint="uq_controls_tenant", set_=values)
    )
