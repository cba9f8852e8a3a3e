"""Tables that Django makes: none is left open, none is unknown here, and the models are what the migrations make."""

import asyncio
from collections.abc import AsyncIterator
from io import StringIO
from typing import Any

import asyncpg
import pytest

from resolvers.demo import demo_tenant_id
from subgraphs.content.cms.tenancy import HIDDEN, SHARED
from subgraphs.content.tables import metadata

# Unique for everybody, and why that tells of no other tenant: they name rows, by numbers that no two tenants have.
NAMES_ROWS = ("object_id", "_id")


@pytest.fixture
async def admin(content: Any) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(content.settings.database_url.get_secret_value())
    yield connection
    await connection.close()


async def test_every_table_is_known(admin: asyncpg.Connection) -> None:
    rows = await admin.fetch(
        "select relname from pg_class where relnamespace = 'content'::regnamespace and relkind in ('r', 'p', 'v', 'm')"
    )
    ours = {table.name for table in metadata.tables.values()}
    assert {row["relname"] for row in rows} == ours | set(SHARED) | set(HIDDEN) | {"alembic_version"}


async def test_what_is_shared_is_read_only_and_tells_of_no_tenant(content: Any, admin: asyncpg.Connection) -> None:
    for table in (*SHARED, *HIDDEN):
        for right in ("insert", "update", "delete", "truncate", *(["select"] if table in HIDDEN else [])):
            asked = "select has_table_privilege('content_app', $1, $2)"
            assert not await admin.fetchval(asked, f"content.{table}", right), (table, right)
        columns = await admin.fetch(
            "select column_name from information_schema.columns where table_schema = 'content' and table_name = $1",
            table,
        )
        assert "tenant_id" not in {row["column_name"] for row in columns}


async def test_what_is_unique_is_unique_in_the_tenant(admin: asyncpg.Connection) -> None:
    rows = await admin.fetch(
        """select c.relname as name, array_agg(a.attname::text) as columns from pg_index i
        join pg_class c on c.oid = i.indrelid join pg_attribute a on a.attrelid = c.oid and a.attnum = any (i.indkey)
        where c.relnamespace = 'content'::regnamespace and i.indisunique and not i.indisprimary
        group by c.relname, i.indexrelid"""
    )
    for row in rows:
        if row["name"] not in (*SHARED, "alembic_version") and "tenant_id" not in row["columns"]:
            assert any(column.endswith(NAMES_ROWS) for column in row["columns"]), (row["name"], row["columns"])


async def test_references_stay_in_the_tenant(admin: asyncpg.Connection) -> None:
    """PostgreSQL checks them without policies: a row may name none of another tenant."""
    globex = await admin.fetchval(
        "select id from content.wagtailcore_page where tenant_id = $1 and depth = 2", demo_tenant_id("globex")
    )
    transaction = admin.transaction()
    await transaction.start()
    await admin.execute("select set_config('app.tenant_id', $1, true)", str(demo_tenant_id("acme")))
    await admin.execute(
        "update content.cms_menuitem set page_id = $1 where tenant_id = $2", globex, demo_tenant_id("acme")
    )
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await admin.execute("set constraints all immediate")
    await transaction.rollback()
    lacking = await admin.fetch(
        """select t.relname, c.conname from pg_constraint c join pg_class t on t.oid = c.conrelid
        join pg_class r on r.oid = c.confrelid
        where c.contype = 'f' and t.relnamespace = 'content'::regnamespace and cardinality(c.conkey) = 1
        and r.relname <> all ($1) and not exists (
            select from pg_constraint d where d.conrelid = c.conrelid and d.contype = 'f' and d.confrelid = c.confrelid
            and cardinality(d.conkey) = 2 and c.conkey <@ d.conkey)""",
        list(SHARED),
    )
    assert lacking == []


async def test_models_and_migrations_agree(content: Any) -> None:
    def check() -> str:
        from django.core.management import call_command

        from subgraphs.content.cms import acting

        output = StringIO()
        acting.as_owner(lambda: call_command("makemigrations", check=True, dry_run=True, stdout=output, verbosity=1))
        return output.getvalue()

    assert "No changes detected" in await asyncio.to_thread(check)


async def test_the_list_of_tables_is_what_the_models_make(content: Any) -> None:
    from subgraphs.content.cms.management.commands.describe_tables import FILE, described

    assert FILE.read_text() == await asyncio.to_thread(described), "run describe_tables"
