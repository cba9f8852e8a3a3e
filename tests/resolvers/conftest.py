"""A context of its own, `scratch`, with one tenant-scoped table: the kit without any real context."""

import json
import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from sqlalchemy import Column, Integer, Text, Uuid

from resolvers.context import RequestContext
from resolvers.migrations import migrate
from resolvers.session import Database
from resolvers.settings import Settings
from resolvers.tables import context_metadata, tenant_table

MIGRATION = """
from alembic import op
from resolvers.migrations import protect

revision = "0001"
down_revision = None

def upgrade():
    op.execute(
        "create table scratch.things (id uuid primary key default uuidv7(), tenant_id uuid not null, "
        "parent_id uuid, name text, rank int not null default 0, created_at timestamptz not null default now(), "
        "updated_at timestamptz not null default now(), unique (tenant_id, id))"
    )
    protect("scratch", "things")
"""

things = tenant_table(
    context_metadata("scratch"),
    "things",
    Column("parent_id", Uuid),
    Column("name", Text),
    Column("rank", Integer, nullable=False),
)


@pytest.fixture(scope="session")
def scratch_migrations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("migrations 100%")
    (folder / "versions").mkdir()
    (folder / "versions" / "0001.py").write_text(MIGRATION)
    return folder


async def new_database(postgres_url: str) -> str:
    name = f"kit_{uuid.uuid4().hex[:8]}"
    connection = await asyncpg.connect(postgres_url)
    try:
        await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()
    parts = urlsplit(postgres_url)
    return urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, ""))


@pytest.fixture(scope="session")
async def settings(
    postgres_url: str, redis_url: str, scratch_migrations: Path, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    keys = tmp_path_factory.mktemp("keys") / "keys.json"
    keys.write_text(json.dumps({"keys": []}))
    settings = Settings(
        database_url=await new_database(postgres_url),  # type: ignore[arg-type]
        database_app_password="it's a pass%word",  # type: ignore[arg-type]
        redis_url=redis_url,  # type: ignore[arg-type]
        context_keys_file=keys,
    )
    await migrate("scratch", scratch_migrations, settings)
    return settings


@pytest.fixture(scope="session")
async def database(settings: Settings) -> AsyncIterator[Database]:
    database = Database(settings.app_url("scratch"), "scratch")
    yield database
    await database.close()


@pytest.fixture
def context() -> RequestContext:
    """A fresh tenant for each test: nothing of another test is visible."""
    return RequestContext.system(uuid.uuid4())
