"""What the migrations of every context make is what its `tables` say."""

import importlib
import importlib.util
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from resolvers.migrations import VERSION_TABLE
from subgraphs import CONTEXTS

# Another framework makes the tables of others: `content/test_tables.py` holds those against its models.
OF_ALEMBIC = [name for name in CONTEXTS if importlib.util.find_spec(f"subgraphs.{name}.migrate") is None]


def differences(connection: Connection, schema: str, metadata: MetaData) -> list[object]:
    options = {
        "include_schemas": True,
        "include_name": lambda name, kind, _: name == schema if kind == "schema" else True,
        "version_table_schema": schema,
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


# Of the directory's `position`: SQLAlchemy does not know its type, and Alembic reads PostgreSQL's wording of the
# expression as another one.
@pytest.mark.filterwarnings("ignore:Did not recognize type 'cube'", "ignore:Computed default on businesses.position")
@pytest.mark.parametrize("context", OF_ALEMBIC)
async def test_tables_and_migrations_agree(
    start_subgraph: Callable[[str], Awaitable[Any]], subgraph_settings: Any, context: str
) -> None:
    await start_subgraph(context)
    metadata: MetaData = importlib.import_module(f"subgraphs.{context}.tables").metadata
    engine = create_async_engine(subgraph_settings.admin_url())
    try:
        async with engine.connect() as connection:
            assert await connection.run_sync(differences, context, metadata) == []
            # Alembic does not compare checks. Nothing of this is committed.
            await connection.execute(text(f"create schema {context}_declared"))
            declared = await connection.execution_options(schema_translate_map={context: f"{context}_declared"})
            await declared.run_sync(metadata.create_all)
            assert await checks(connection, context) == await checks(connection, f"{context}_declared")
    finally:
        await engine.dispose()
