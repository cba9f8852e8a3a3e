"""How a tenant's integrations are: statements that read and write `agents.integrations`."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from resolvers.session import TenantSession
from subgraphs.agents.domain.values import IntegrationState
from subgraphs.agents.tables import integrations

__all__ = ["Connection", "connections", "set_connection"]


@dataclass(frozen=True, slots=True)
class Connection:
    """What came of the last use of an integration.

    Attributes:
        detail: for people; never a credential.
    """

    name: str
    state: IntegrationState
    detail: str | None
    checked_at: datetime


async def connections(session: TenantSession) -> dict[str, Connection]:
    """What is known of the tenant's integrations, by name."""
    columns = (integrations.c[name] for name in Connection.__dataclass_fields__)
    rows = await session.rows(select(*columns))
    return {row.name: Connection(row.name, row.state, row.detail, row.checked_at) for row in rows}


async def set_connection(session: TenantSession, connection: Connection) -> None:
    """Writes what came of using an integration; an older finding does not replace a newer one."""
    values = {name: getattr(connection, name) for name in ("state", "detail", "checked_at")}
    statement = insert(integrations).values(tenant_id=session.tenant_id(), name=connection.name, **values)
    await session.execute(
        statement.on_conflict_do_update(
            constraint="uq_integrations_name",
            set_={**values, "updated_at": connection.checked_at},
            where=integrations.c.checked_at <= connection.checked_at,
        )
    )
