"""Generated over the metadata of every context: another tenant sees nothing and can change nothing."""

import importlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import Table

from resolvers.demo import demo_tenant_id
from resolvers.tables import own_tables
from subgraphs import CONTEXTS, STAND_INS

TABLES = [
    pytest.param(context, table, id=f"{context}.{table.name}")
    for context in (*CONTEXTS, *STAND_INS)
    for table in importlib.import_module(f"subgraphs.{context}.tables").metadata.sorted_tables
]
SCOPED = [case for case in TABLES if "tenant_id" in case.values[1].c]

# Tables without a tenant_id, and why that is right. Anything new must be argued for here.
WITHOUT_TENANT = {
    "identity.tenants": "the tenants themselves, under a policy on id",
    "identity.users": "a person can belong to several tenants, under a policy on memberships",
    "identity.credentials": "no access for the application at all",
    "identity.operators": "of no tenant; no access for the application at all",
    "identity.operator_entries": "as above: a function adds that a key was used",
}

# The application has no right to them at all.
CLOSED = ("identity.credentials", "identity.operators", "identity.operator_entries")

OTHERS = {
    "another tenant": str(demo_tenant_id("globex")),
    "a tenant that does not exist": "00000000-0000-4000-8000-000000000000",
    "no tenant": None,
    "an empty tenant": "",
}

Connect = Callable[[str, str | None], Any]


@pytest.fixture
async def admin(subgraph_settings: Any) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(subgraph_settings.database_url.get_secret_value())
    yield connection
    await connection.close()


@pytest.fixture
def as_app(subgraph_settings: Any) -> Connect:
    """`async with as_app(context, tenant)`: a transaction of the application's role, undone at the end."""

    @asynccontextmanager
    async def connect(context: str, tenant: str | None) -> AsyncIterator[asyncpg.Connection]:
        url = subgraph_settings.app_url(context).replace("postgresql+asyncpg", "postgresql")
        connection = await asyncpg.connect(url)
        transaction = connection.transaction()
        await transaction.start()
        try:
            if tenant is not None:
                await connection.execute("select set_config('app.tenant_id', $1, true)", tenant)
            yield connection
        finally:
            await transaction.rollback()
            await connection.close()

    return connect


def qualified(table: Table) -> str:
    return f'"{table.schema}"."{table.name}"'


async def touched(connection: asyncpg.Connection, statement: str, *values: Any) -> int:
    """Rows that the statement changed; none if it was refused for want of a right or by a policy."""
    try:
        async with connection.transaction():
            return int((await connection.execute(statement, *values)).rpartition(" ")[2])
    except asyncpg.InsufficientPrivilegeError:
        return 0


@pytest.mark.parametrize(("context", "table"), TABLES)
async def test_every_table_is_scoped_or_argued_for(context: str, table: Table) -> None:
    if "tenant_id" in table.c:
        assert not table.c.tenant_id.nullable
    else:
        assert f"{context}.{table.name}" in WITHOUT_TENANT


@pytest.mark.parametrize(("context", "table"), TABLES)
async def test_security_is_enabled_and_forced(
    context: str, table: Table, start_subgraph: Callable[[str], Awaitable[Any]], admin: asyncpg.Connection
) -> None:
    await start_subgraph(context)
    row = await admin.fetchrow(
        "select c.relrowsecurity, c.relforcerowsecurity, count(p.oid) as policies, "
        "bool_and(p.polpermissive) as permissive, min(pg_get_expr(p.polqual, p.polrelid)) as condition "
        "from pg_class c join pg_policy p on p.polrelid = c.oid where c.oid = $1::text::regclass group by c.oid",
        qualified(table),
    )
    assert row is not None, "no policy"
    assert row["relrowsecurity"]
    assert row["relforcerowsecurity"]
    # Permissive policies are joined with OR: one lax one would open the table.
    assert row["policies"] == 1
    assert row["permissive"]
    if "tenant_id" in table.c:
        assert "app.tenant_id" in row["condition"]


@pytest.mark.parametrize(("context", "table"), SCOPED)
async def test_the_database_has_what_the_metadata_says(
    context: str, table: Table, start_subgraph: Callable[[str], Awaitable[Any]], admin: asyncpg.Connection
) -> None:
    await start_subgraph(context)
    rows = await admin.fetch(
        "select column_name, is_nullable from information_schema.columns where table_schema = $1 and table_name = $2",
        context,
        table.name,
    )
    assert {row["column_name"]: row["is_nullable"] == "YES" for row in rows} == {
        column.name: bool(column.nullable) for column in table.c
    }


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize(("context", "table"), TABLES)
async def test_others_see_nothing_and_change_nothing(
    context: str,
    table: Table,
    other: str,
    start_subgraph: Callable[[str], Awaitable[Any]],
    as_app: Connect,
    admin: asyncpg.Connection,
) -> None:
    await start_subgraph(context)
    name = qualified(table)
    owner = "id" if table.name == "tenants" and context == "identity" else "tenant_id"
    acme = demo_tenant_id("acme")
    columns = ", ".join(f'"{column.name}"' for column in table.c if column.computed is None)
    before = await admin.fetchval(f"select md5(coalesce(string_agg(t::text, '' order by t::text), '')) from {name} t")
    async with as_app(context, OTHERS[other]) as connection:
        if owner in table.c:
            try:
                async with connection.transaction():
                    assert await connection.fetchval(f"select count(*) from {name} where {owner} = $1", acme) == 0
            except asyncpg.InsufficientPrivilegeError:
                assert f"{context}.{table.name}" in CLOSED
            assert await touched(connection, f"update {name} set {owner} = {owner} where {owner} = $1", acme) == 0
            assert await touched(connection, f"delete from {name} where {owner} = $1", acme) == 0
            savepoint = connection.transaction()
            await savepoint.start()
            await _insert_is_refused(connection, admin, table, columns, acme)
            await savepoint.rollback()
        if OTHERS[other] in (None, "") or other == "a tenant that does not exist":
            try:
                async with connection.transaction():
                    assert await connection.fetchval(f"select count(*) from {name}") == 0
            except asyncpg.InsufficientPrivilegeError:
                assert f"{context}.{table.name}" in CLOSED
            assert await touched(connection, f"delete from {name}") == 0
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with connection.transaction():
                await connection.execute(f"truncate {name}")
    after = await admin.fetchval(f"select md5(coalesce(string_agg(t::text, '' order by t::text), '')) from {name} t")
    assert after == before


async def _insert_is_refused(
    connection: asyncpg.Connection, admin: asyncpg.Connection, table: Table, columns: str, tenant_id: UUID
) -> None:
    """A row for `tenant_id` cannot be written, neither a copy of a real one nor an empty one."""
    name = qualified(table)
    owner = "id" if "tenant_id" not in table.c else "tenant_id"
    row = await admin.fetchval(f"select to_jsonb(t)::text from {name} t where {owner} = $1 limit 1", tenant_id)
    source = f"select {columns} from jsonb_populate_record(null::{name}, $1::text::jsonb)"
    # Without a row to copy: the policy's check comes before the constraints, so the other columns do not matter.
    insert = f"insert into {name} ({owner}) values ($1)" if row is None else f"insert into {name} ({columns}) {source}"
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connection.execute(insert, tenant_id if row is None else row)


@pytest.mark.parametrize(("context", "table"), SCOPED)
async def test_rows_cannot_be_given_away(
    context: str,
    table: Table,
    start_subgraph: Callable[[str], Awaitable[Any]],
    as_app: Connect,
) -> None:
    await start_subgraph(context)
    acme, globex = demo_tenant_id("acme"), demo_tenant_id("globex")
    async with as_app(context, str(acme)) as connection:
        name = qualified(table)
        assert await connection.fetchval(f"select count(*) from {name} where tenant_id <> $1", acme) == 0
        assert await touched(connection, f"update {name} set tenant_id = $1", globex) == 0


@pytest.mark.parametrize("context", [*CONTEXTS, *STAND_INS])
async def test_demo_tenants_have_rows(
    context: str, start_subgraph: Callable[[str], Awaitable[Any]], admin: asyncpg.Connection
) -> None:
    """Without rows to hide, the tests above would prove little."""
    await start_subgraph(context)
    filled = 0
    own = own_tables(importlib.import_module(f"subgraphs.{context}.tables").metadata)
    for table in own:
        if "tenant_id" in table.c:
            query = f"select count(distinct tenant_id) from {qualified(table)} where tenant_id = any($1)"
            filled += await admin.fetchval(query, [demo_tenant_id("acme"), demo_tenant_id("globex")]) == 2
    assert filled >= min(2, len(own))


@pytest.mark.parametrize("context", [*CONTEXTS, *STAND_INS])
async def test_the_role_cannot_get_around_it(
    context: str, start_subgraph: Callable[[str], Awaitable[Any]], as_app: Connect, admin: asyncpg.Connection
) -> None:
    await start_subgraph(context)
    role = await admin.fetchrow(
        "select rolsuper, rolbypassrls, rolcreaterole, rolcreatedb, rolreplication, rolinherit, "
        "(select count(*) from pg_auth_members m where m.member = r.oid) as memberships, "
        "(select count(*) from pg_class c where c.relowner = r.oid) as owned from pg_roles r where rolname = $1",
        f"{context}_app",
    )
    assert dict(role) == dict.fromkeys(role.keys(), False) | {"memberships": 0, "owned": 0}
    for other in {*CONTEXTS, *STAND_INS, "public"} - {context}:
        may_create = await admin.fetchval("select has_schema_privilege($1, $2, 'create')", f"{context}_app", "public")
        assert not may_create
        if other != "public" and await admin.fetchval("select to_regnamespace($1)::text", other):
            assert not await admin.fetchval("select has_schema_privilege($1, $2, 'usage')", f"{context}_app", other)
    async with as_app(context, str(demo_tenant_id("acme"))) as connection:
        for statement in (
            f'create table "{context}".mine (id int)',
            "create temporary table mine (id int)",
            f'select * from "{context}".alembic_version',
            "set role postgres",
            "set session authorization postgres",
            "select * from pg_authid",
            "copy (select 1) to program 'true'",
        ):
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.InvalidParameterValueError)):
                async with connection.transaction():
                    await connection.execute(statement)


@pytest.mark.parametrize("context", [*CONTEXTS, *STAND_INS])
async def test_functions_that_run_as_the_owner_are_few_and_safe(
    context: str, start_subgraph: Callable[[str], Awaitable[Any]], admin: asyncpg.Connection
) -> None:
    await start_subgraph(context)
    functions = await admin.fetch(
        "select p.proname, p.proconfig, has_function_privilege('public', p.oid, 'execute') as everyone "
        "from pg_proc p where p.pronamespace = to_regnamespace($1) and p.prosecdef",
        context,
    )
    # The relay and the consumer of events work for all tenants.
    kit = {"events_waiting", "events_due", "events_parked", "events_prune"}
    own = {function["proname"] for function in functions} - kit
    assert len(functions) == len(own) + len(kit)
    # Log-in has to work before a tenant is known, runs that were left are looked for in all tenants, and the
    # address of a shop is what says whose it is. Scores that Redis lacks and seasons that are over are looked for in
    # all tenants too, and what metrics come to in all of them is for those who run the platform. The timer that
    # publishes what is due asks whose it is, and so does whoever has messages sent that are due.
    few = {
        ("agents", 1),
        ("saleor", 1),
        ("gaming", 2),
        ("analytics", 2),
        ("content", 1),
        ("notifications", 1),
        ("crm", 1),
    }
    assert not own or context == "identity" or (context, len(own)) in few
    for function in functions:
        assert function["proconfig"] == ["search_path=pg_catalog, pg_temp"]
        assert not function["everyone"]
