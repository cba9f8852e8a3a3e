import asyncio
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from resolvers.context import RequestContext
from resolvers.migrations import OwnerCannotBypass, migrate
from resolvers.session import Database
from resolvers.settings import Settings

from .conftest import MIGRATION, new_database


async def fresh(settings: Settings, postgres_url: str, **changes: object) -> Settings:
    return settings.model_copy(
        update={"database_url": type(settings.database_url)(await new_database(postgres_url)), **changes}
    )


async def test_twice_in_a_row_and_many_at_once(settings: Settings, postgres_url: str, scratch_migrations: Path) -> None:
    """Also of two databases of one server, which share the role."""
    first, second = await fresh(settings, postgres_url), await fresh(settings, postgres_url)
    await asyncio.gather(*(migrate("scratch", scratch_migrations, each) for each in (first, second, first, second)))
    await migrate("scratch", scratch_migrations, first)
    database = Database(first.app_url("scratch"), "scratch")
    try:
        async with database.session(RequestContext()) as session:
            assert await session.rows(text("select * from scratch.things")) == []
    finally:
        await database.close()


async def test_a_script_that_fails_leaves_nothing(settings: Settings, postgres_url: str, tmp_path: Path) -> None:
    mine = await fresh(settings, postgres_url)
    versions = tmp_path / "versions"
    versions.mkdir()
    (versions / "0001.py").write_text(MIGRATION)
    broken = MIGRATION.replace("0001", "0002").replace("None", '"0001"', 1)
    (versions / "0002.py").write_text(broken)  # creates the same table again
    with pytest.raises(DBAPIError):
        await migrate("scratch", tmp_path, mine)
    connection = await asyncpg.connect(mine.database_url.get_secret_value())
    try:
        assert await connection.fetchval("select to_regclass('scratch.things')") is None
        # The lock is free again.
        (versions / "0002.py").unlink()
        await asyncio.wait_for(migrate("scratch", tmp_path, mine), 30)
        assert await connection.fetchval("select version_num from scratch.alembic_version") == "0001"
    finally:
        await connection.close()


async def test_an_owner_under_the_policies_is_refused(
    settings: Settings, postgres_url: str, scratch_migrations: Path
) -> None:
    mine = await fresh(settings, postgres_url)
    url = mine.database_url.get_secret_value()
    connection = await asyncpg.connect(url)
    await connection.execute("create role weak_owner login password 'weak' createrole")
    host = url.rpartition("@")[2]
    weak = mine.model_copy(update={"database_url": type(mine.database_url)(f"postgresql://weak_owner:weak@{host}")})
    try:
        with pytest.raises(OwnerCannotBypass, match="BYPASSRLS"):
            await migrate("scratch", scratch_migrations, weak)
    finally:
        await connection.execute("drop role weak_owner")
        await connection.close()


async def test_an_owner_that_bypasses_policies_need_not_be_superuser(
    settings: Settings, postgres_url: str, tmp_path: Path
) -> None:
    mine = await fresh(settings, postgres_url)
    url = mine.database_url.get_secret_value()
    connection = await asyncpg.connect(url)
    try:
        await connection.execute("create role hosted_owner login password 'hosted' createrole bypassrls")
        database = await connection.fetchval("select quote_ident(current_database())")
        await connection.execute(f"alter database {database} owner to hosted_owner")
        versions = tmp_path / "versions"
        versions.mkdir()
        (versions / "0001.py").write_text(MIGRATION.replace("scratch", "hosted"))
        host = url.rpartition("@")[2]
        owner = type(mine.database_url)(f"postgresql://hosted_owner:hosted@{host}")
        for _ in range(2):  # the second finds the role that the first made
            await migrate("hosted", tmp_path, mine.model_copy(update={"database_url": owner}))
        # What somebody gave the application's role is taken away again.
        await connection.execute("alter role hosted_app bypassrls createdb")
        await migrate("hosted", tmp_path, mine)
        rights = await connection.fetchrow(
            "select rolcanlogin, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolinherit, rolreplication"
            " from pg_roles where rolname = 'hosted_app'"
        )
        assert tuple(rights) == (True, False, False, False, False, False, False)
    finally:
        await connection.close()
