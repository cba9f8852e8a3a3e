"""A tenant's own texts and settings: statements on `templates` and `settings`."""

from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from resolvers.session import TenantSession
from subgraphs.notifications.domain.kinds import NotificationKind
from subgraphs.notifications.domain.texts import DEFAULT_LOCALE, Text
from subgraphs.notifications.tables import settings, templates

__all__ = ["Settings", "add_settings", "put_settings", "put_text", "read_settings", "remove_text", "texts_of"]


@dataclass(frozen=True, slots=True)
class Settings:
    """How a tenant's messages are sent.

    Attributes:
        sender: address that mails come from; without one none are sent.
        sender_phone: number that text messages come from.
        locale: of texts, for whoever has no language of their own.
        url: of the tenant's application, for texts; may be empty.
        hourly_limit: most messages in an hour.
    """

    sender: str | None = None
    sender_phone: str | None = None
    locale: str = DEFAULT_LOCALE
    url: str | None = None
    hourly_limit: int = 500


async def read_settings(session: TenantSession) -> Settings:
    """The tenant's settings, or those of whoever has said nothing."""
    row = await session.row(select(*(settings.c[name] for name in Settings.__dataclass_fields__)))
    return Settings() if row is None else Settings(*row)


async def put_settings(session: TenantSession, changed: Settings) -> None:
    """Writes the tenant's settings."""
    values = asdict(changed)
    statement = insert(settings).values(tenant_id=session.tenant_id(), **values)
    await session.execute(
        statement.on_conflict_do_update(constraint="uq_settings_tenant", set_={**values, "updated_at": func.now()})
    )


async def add_settings(session: TenantSession, new: Settings) -> None:
    """Writes the settings of a tenant that has none."""
    statement = insert(settings).values(tenant_id=session.tenant_id(), **asdict(new))
    await session.execute(statement.on_conflict_do_nothing(constraint="uq_settings_tenant"))


async def texts_of(
    session: TenantSession, kinds: Collection[NotificationKind] | None = None
) -> Mapping[tuple[NotificationKind, str], Text]:
    """The tenant's own texts, by kind and language. One statement; there are few."""
    table = templates.c
    wanted = select(table.kind, table.locale, table.subject, table.body)
    rows = await session.rows(wanted if kinds is None else wanted.where(table.kind.in_(kinds)))
    return {(row.kind, row.locale): Text(row.subject, row.body) for row in rows}


async def put_text(session: TenantSession, kind: NotificationKind, locale: str, own: Text) -> None:
    """Writes a text of the tenant's own."""
    statement = insert(templates).values(tenant_id=session.tenant_id(), kind=kind, locale=locale, **asdict(own))
    changed = {**asdict(own), "updated_at": func.now()}
    await session.execute(statement.on_conflict_do_update(constraint="uq_templates_locale", set_=changed))


async def remove_text(session: TenantSession, kind: NotificationKind, locale: str) -> bool:
    """Deletes a text of the tenant's own; False if there is none."""
    own = delete(templates).where(templates.c.kind == kind, templates.c.locale == locale)
    return await session.execute(own) > 0
