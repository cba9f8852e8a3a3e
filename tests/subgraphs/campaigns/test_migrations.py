"""What the migrations make is what `tables` says."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from resolvers.migrations import VERSION_TABLE
from subgraphs.campaigns.tables import metadata

SCHEMA = "campaigns"


def differences(connection: Connection) -> list[object]:
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _: name == SCHEMA if kind == "schema" else True,
        "version_table_schema": SCHEMA,
        "version_table": VERSION_TABLE,
        "compare_type": True,
        "compare_server_default": True,
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


async def checks(connection: AsyncConnection, schema: str) -> dict[str, str]:
    rows = await connection.execute(
        text(
            "select conname, pg_get_constraintdef(oid) as definition from pg_constraint"
            " where connamespace = cast(:schema as regnamespace) and contype = 'c'"
        ),
        {"schema": schema},
    )
    return {row.conname: row.definition for row in rows}


async def test_tables_and_migrations_agree(campaigns):
    engine = create_async_engine(campaigns.settings.admin_url())
    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(differences) == []
            # Alembic does not compare checks. Nothing of this is committed.
            await connection.execute(text("create schema campaigns_declared"))
            declared = await connection.execution_options(schema_translate_map={SCHEMA: "campaigns_declared"})
            await declared.run_sync(metadata.create_all)
            assert await checks(connection, SCHEMA) == await checks(connection, "campaigns_declared") != {}
    finally:
        await engine.dispose()
