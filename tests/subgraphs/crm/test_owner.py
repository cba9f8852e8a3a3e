"""What migrations move, they move of all tenants, also where the owner of the tables is no superuser."""

import secrets
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import asyncpg
import pytest
from pydantic import SecretStr

import subgraphs.crm
from resolvers.migrations import migrate
from resolvers.settings import Settings

MIGRATIONS = Path(subgraphs.crm.__file__).parent / "migrations" / "versions"


@pytest.fixture
async def hosted(crm: Any, postgres_url: str) -> AsyncIterator[Settings]:
    """A database whose owner is as `use-external-services.md` says: CREATEROLE and BYPASSRLS, and no superuser."""
    name, password = f"hosted_{secrets.token_hex(4)}", secrets.token_hex(8)
    parts = urlsplit(postgres_url)
    server = await asyncpg.connect(postgres_url)
    try:
        await server.execute(f"create role {name} login password '{password}' createrole bypassrls")
        # Other databases of this server have made the application's role already: there it would be the owner's own.
        await server.execute(f"grant crm_app to {name} with admin option")
        await server.execute(f"create database {name} owner {name}")
        database = await asyncpg.connect(parts._replace(path=f"/{name}").geturl())
        await database.execute("create extension pg_trgm schema public")
        await database.close()
        where = parts._replace(netloc=f"{name}:{password}@{parts.netloc.rpartition('@')[2]}", path=f"/{name}")
        yield crm.settings.model_copy(update={"database_url": SecretStr(where.geturl())})
    finally:
        await server.execute(f"drop database if exists {name} with (force)")
        await server.execute(f"drop role {name}")
        await server.close()


async def test_members_and_tasks_of_all_tenants_are_moved(hosted: Settings, tmp_path: Path) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    scripts = sorted(MIGRATIONS.glob("0*.py"))
    for script in scripts[:9]:
        shutil.copy(script, versions)
    await migrate("crm", tmp_path, hosted)
    tenants = {uuid4(): (uuid4(), uuid4()) for _ in range(2)}
    owner = await asyncpg.connect(hosted.database_url.get_secret_value())
    try:
        assert await owner.fetchval("select version_num from crm.alembic_version") == "0009"
        for tenant, (account, task) in tenants.items():
            contact = await owner.fetchval(
                "insert into crm.contacts (tenant_id, name, owner_id, version) values ($1, 'Ada', $2, 1) returning id",
                tenant,
                account,
            )
            add = (
                "insert into crm.activities (id, tenant_id, kind, subject, contact_id, actor_id, occurs_at)"
                " values ($1, $2, $3, $3, $4, $5, now())"
            )
            await owner.execute(add, task, tenant, "task", contact, account)
            await owner.execute(add, uuid4(), tenant, "call", contact, account)
        for script in scripts[9:]:
            shutil.copy(script, versions)
        await migrate("crm", tmp_path, hosted)
        assert not await owner.fetchval("select rolsuper from pg_roles where rolname = current_user")
        tables = await owner.fetch(
            "select relname from pg_class where relnamespace = 'crm'::regnamespace and relforcerowsecurity"
        )
        assert {"members", "tasks", "activities"} <= {row["relname"] for row in tables}
        moved = await owner.fetch("select tenant_id, id, assignee_id, title from crm.tasks")
        assert {tuple(row) for row in moved} == {
            (tenant, task, account, "task") for tenant, (account, task) in tenants.items()
        }
        kinds = await owner.fetch("select tenant_id, kind from crm.activities")
        assert {tuple(row) for row in kinds} == {(tenant, "call") for tenant in tenants}
        known = await owner.fetch("select tenant_id, account_id, is_member from crm.members")
        assert {tuple(row) for row in known} == {(tenant, account, True) for tenant, (account, _) in tenants.items()}
    finally:
        await owner.close()
