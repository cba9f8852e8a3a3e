"""Which language model a tenant's crews use: statements that read and write `agents.engines`."""

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from resolvers.session import TenantSession
from subgraphs.agents.domain.engines import Engine
from subgraphs.agents.tables import engines

__all__ = ["drop_engine", "read_engine", "write_engine"]


async def read_engine(session: TenantSession) -> Engine | None:
    """The tenant's engine, without its key, which is not here; None if it has none of its own."""
    columns = (engines.c[name] for name in Engine.__dataclass_fields__)
    row = await session.row(select(*columns).where(engines.c.tenant_id == session.tenant_id()))
    return None if row is None else Engine(**row._mapping)


async def write_engine(session: TenantSession, engine: Engine) -> None:
    """Writes it; the tenant is locked."""
    values = {name: getattr(engine, name) for name in Engine.__dataclass_fields__}
    await session.execute(
        insert(engines)
        .values(tenant_id=session.tenant_id(), **values)
        .on_conflict_do_update(constraint="uq_engines_tenant", set_=values)
    )


async def drop_engine(session: TenantSession) -> None:
    """Removes it; the tenant is locked."""
    await session.execute(delete(engines).where(engines.c.tenant_id == session.tenant_id()))
