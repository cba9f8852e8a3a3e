"""Migrations, roles and row-level security of a context.

Each context has one PostgreSQL schema of its name with one Alembic version table in it, and one login role
`<context>_app` that may use that schema alone and cannot bypass row-level security. `migrate` brings all three up to
date; migration scripts call `protect` for every tenant-scoped table.
"""

import asyncio
from pathlib import Path

from alembic import op
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from resolvers.events.ddl import event_statements
from resolvers.settings import Settings

__all__ = ["TENANT_EXPRESSION", "VERSION_TABLE", "OwnerCannotBypass", "app_role", "migrate", "protect"]

VERSION_TABLE = "alembic_version"
TENANT_EXPRESSION = "nullif(current_setting('app.tenant_id', true), '')::uuid"
# Any fixed number: whoever migrates this database waits for whoever does so already.
_LOCK = 7_302_115_890_114
# What an application's role must not have or do: the word that takes it away, and where it shows.
_CLOSED = {
    "nosuperuser": "rolsuper",
    "nobypassrls": "rolbypassrls",
    "nocreatedb": "rolcreatedb",
    "nocreaterole": "rolcreaterole",
    "noinherit": "rolinherit",
    "noreplication": "rolreplication",
}
# Alembic's `op` is one per process: two databases cannot be migrated in turns.
_ALEMBIC = asyncio.Lock()


class OwnerCannotBypass(Exception):
    """The role of BRAIN_DATABASE_URL must be a superuser or have BYPASSRLS: policies are forced on owners too."""

    def __init__(self) -> None:
        super().__init__(str(self.__doc__))


def app_role(context: str) -> str:
    """Name of the login role with which the subgraph `context` connects."""
    return f"{context}_app"


def protect(context: str, table: str, *, using: str | None = None) -> None:
    """Puts a table under row-level security (ENABLED and FORCED); for use in migration scripts.

    Args:
        context: the schema.
        table: its name, without the schema.
        using: condition on a row to be seen and to be written; by default `tenant_id` is the session's tenant.
            Without a tenant (or with an empty one) the default condition is never true.
    """
    condition = using or f"tenant_id = {TENANT_EXPRESSION}"
    name = f'"{context}"."{table}"'
    op.execute(f"alter table {name} enable row level security")
    op.execute(f"alter table {name} force row level security")
    op.execute(f"create policy tenant on {name} using ({condition}) with check ({condition})")


async def migrate(context: str, migrations: Path, settings: Settings) -> None:
    """Brings role, schema, grants and tables of `context` up to date. Safe to run twice and at the same time.

    Args:
        context: name of the context.
        migrations: folder that holds `versions/`.
        settings: names the database, its owner and the app role's password.

    Raises:
        OwnerCannotBypass: the owner of the tables would itself be under their policies.
        sqlalchemy.exc.SQLAlchemyError: the database refused; nothing of this context's step was kept.
    """
    engine = create_async_engine(settings.admin_url(), poolclass=NullPool)
    try:
        async with engine.connect() as lock:
            await lock.execute(text("select pg_advisory_lock(:key)"), {"key": _LOCK})
            await lock.commit()
            try:
                await _check_owner(lock)
                await _ensure_role(lock, app_role(context), settings.database_app_password.get_secret_value())
                async with _ALEMBIC, engine.begin() as connection:
                    await _ensure_schema(connection, context)
                    await _ensure_answers(connection, context)
                    await _ensure_events(connection, context)
                    await connection.run_sync(_upgrade, context, migrations)
            finally:
                await lock.execute(text("select pg_advisory_unlock(:key)"), {"key": _LOCK})
                await lock.commit()
    finally:
        await engine.dispose()


async def _check_owner(connection: AsyncConnection) -> None:
    query = "select rolsuper or rolbypassrls from pg_roles where rolname = current_user"
    if not await connection.scalar(text(query)):
        raise OwnerCannotBypass
    await connection.commit()


async def _ensure_role(connection: AsyncConnection, role: str, password: str) -> None:
    query = text("select * from pg_roles where rolname = :role")
    for attempt in range(5):
        try:
            found = (await connection.execute(query, {"role": role})).mappings().first()
            verb = "create" if found is None else "alter"
            # Only a superuser may alter most of these, even to what they are: what is right already is not touched.
            attributes = " ".join(word for word, column in _CLOSED.items() if found is None or found[column])
            # DDL takes no parameters: PostgreSQL itself quotes the password.
            command = await connection.scalar(
                text("select format(:template, cast(:role as text), cast(:password as text))"),
                {"template": f"{verb} role %I login {attributes} password %L", "role": role, "password": password},
            )
            await connection.exec_driver_sql(str(command))
            await connection.commit()
        except DBAPIError:
            # Roles belong to the whole server: another database's migration may touch the same one right now.
            await connection.rollback()
            if attempt == 4:
                raise
            await asyncio.sleep(0.1 * (attempt + 1))
        else:
            return


async def _ensure_schema(connection: AsyncConnection, context: str) -> None:
    role = app_role(context)
    database = await connection.scalar(text("select quote_ident(current_database())"))
    for command in (
        f'create schema if not exists "{context}"',
        # By default everyone may connect, and make temporary tables, which could shadow real ones.
        f"revoke all on database {database} from public",
        f'grant connect on database {database} to "{role}"',
        f'grant usage on schema "{context}" to "{role}"',
        # For tables that migrations are about to make; a script may revoke more narrowly.
        f'alter default privileges in schema "{context}" grant select, insert, update, delete on tables to "{role}"',
        f'alter default privileges in schema "{context}" grant usage on sequences to "{role}"',
        f'alter default privileges in schema "{context}" revoke execute on functions from public',
    ):
        await connection.exec_driver_sql(command)


async def _ensure_answers(connection: AsyncConnection, context: str) -> None:
    """The table of `resolvers.idempotency`, which every context has."""
    name = f'"{context}".answers'
    if await connection.scalar(text("select to_regclass(:name)"), {"name": name}) is not None:
        return
    condition = f"tenant_id = {TENANT_EXPRESSION}"
    columns = "tenant_id uuid, key text, request_hash text not null, answer jsonb not null"
    moment = "created_at timestamptz not null default now()"
    for command in (
        f"create table {name} ({columns}, {moment}, constraint pk_answers primary key (tenant_id, key))",
        f"create index ix_answers_tenant_id_created_at on {name} (tenant_id, created_at)",
        f"alter table {name} enable row level security",
        f"alter table {name} force row level security",
        f"create policy tenant on {name} using ({condition}) with check ({condition})",
    ):
        await connection.exec_driver_sql(command)


async def _ensure_events(connection: AsyncConnection, context: str) -> None:
    """The tables of `resolvers.events`, which every context has."""
    if await connection.scalar(text("select to_regclass(:name)"), {"name": f'"{context}".outbox'}) is None:
        for command in event_statements(context, app_role(context), f"tenant_id = {TENANT_EXPRESSION}"):
            await connection.exec_driver_sql(command)


def _upgrade(connection: Connection, context: str, migrations: Path) -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)

    def to_head(revision: object, _: MigrationContext) -> object:
        return script._upgrade_revs("head", revision)  # type: ignore[arg-type]

    with EnvironmentContext(config, script, fn=to_head) as environment:
        environment.configure(
            connection=connection,
            version_table=VERSION_TABLE,
            version_table_schema=context,
            # The caller's transaction holds everything: a script that fails leaves nothing behind.
            transaction_per_migration=False,
        )
        environment.run_migrations()
    connection.exec_driver_sql(f'revoke all on "{context}"."{VERSION_TABLE}" from "{app_role(context)}"')
