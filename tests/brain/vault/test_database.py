"""Log-ins to PostgreSQL that change while a context serves: a real Vault, a real database, the kit's own sessions."""

import asyncio
import json
import logging
import secrets
import signal
import stat
import threading
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError

from brain.embedded.openbao import OpenBaoServer
from brain.embedded.ports import free_port
from brain.embedded.process import end_group, signal_group, start
from brain.vault import AppRole, VaultError
from brain.vault.database import set_up_database
from brain.vault.lease_keeper import LeaseKeeper, keep
from brain.vault.policies import roles
from brain.vault.setup import admin_client, initialise, set_up
from resolvers import session as session_module
from resolvers.context import RequestContext
from resolvers.logins import LoginFile, NoLogin
from resolvers.migrations import migrate
from resolvers.session import Database
from resolvers.settings import Settings
from tests.resolvers.conftest import MIGRATION, new_database, things
from vault.access import Access

ACME, GLOBEX = uuid.uuid4(), uuid.uuid4()
TTL_S, MAX_TTL_S = 2, 4


class Place:
    """A database with the context `scratch`, and a Vault of its own that logs it in."""

    def __init__(self, folder: Path, url: str, settings: Settings) -> None:
        self.folder, self.url, self.settings = folder, url, settings
        self.server = OpenBaoServer(folder / "openbao", free_port(), free_port())
        self.server.prepare()
        self.begin()
        self.admin = admin_client(self.server.address, initialise(self.server.address, folder / "admin"))
        set_up(self.admin, roles(["scratch", "other"]), folder / "roles")
        set_up_database(self.admin, url, ["scratch"], ttl_s=TTL_S, max_ttl_s=MAX_TTL_S)
        self.file = folder / "scratch.json"

    def begin(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.child = start(self.server.launch(), log)
        deadline = time.monotonic() + 20
        while not self.server.is_ready():
            assert time.monotonic() < deadline, (self.folder / "log").read_text()
            time.sleep(0.02)

    def kill(self) -> None:
        signal_group(self.child.pid, signal.SIGKILL)
        self.child.wait(5)

    def end(self) -> None:
        end_group(self.child, self.server.launch())
        self.admin.session.close()

    def access(self, role: str) -> Access:
        files = (self.folder / "roles" / role / name for name in ("role_id", "secret_id"))
        return Access(self.server.address, AppRole(role, *files), timeout_s=2)

    def keeper(self) -> LeaseKeeper:
        return LeaseKeeper(self.access("subgraph-scratch"), "scratch", self.file)

    @contextmanager
    def kept(self) -> Iterator[None]:
        self.file.unlink(missing_ok=True)
        stop = threading.Event()
        thread = threading.Thread(target=keep, args=([self.keeper()], stop))
        thread.start()
        try:
            while not self.file.exists():
                time.sleep(0.02)
            yield
        finally:
            stop.set()
            thread.join(10)
            assert not thread.is_alive()

    def user(self) -> str:
        return str(json.loads(self.file.read_text())["username"])

    def database(self) -> Database:
        return Database(self.settings.app_url("scratch"), "scratch", 3, LoginFile(self.file))


@pytest.fixture(scope="module")
async def place(postgres_url: str, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Place]:
    folder = tmp_path_factory.mktemp("database")
    (folder / "migrations" / "versions").mkdir(parents=True)
    (folder / "migrations" / "versions" / "0001.py").write_text(MIGRATION)
    url = await new_database(postgres_url)
    settings = Settings(
        database_url=url,  # type: ignore[arg-type]
        database_app_password="not used here",  # type: ignore[arg-type]
        redis_url=redis_url,  # type: ignore[arg-type]
    )
    await migrate("scratch", folder / "migrations", settings)
    place = await asyncio.to_thread(Place, folder, url, settings)
    yield place
    await asyncio.to_thread(place.end)


@asynccontextmanager
async def closing(database: Database) -> AsyncIterator[Database]:
    try:
        yield database
    finally:
        await database.close()


def context(tenant: uuid.UUID) -> RequestContext:
    return RequestContext(tenant_id=tenant)


async def names(database: Database, tenant: uuid.UUID) -> list[str]:
    async with database.session(context(tenant)) as session:
        return [row.name for row in await session.rows(select(things.c.name).order_by(things.c.name))]


async def who(database: Database) -> str:
    async with database.session(context(ACME)) as session:
        return str(await session.scalar(select(func.current_user())))


async def test_a_login_has_the_rights_of_the_contexts_role_and_is_held_by_its_policies(place: Place) -> None:
    place.keeper().turn()
    assert stat.S_IMODE(place.file.stat().st_mode) == 0o600
    assert json.loads(place.file.read_text())["password"] not in repr(LoginFile(place.file).current())
    async with closing(place.database()) as database:
        assert (await who(database)) == place.user() != "scratch_app"
        for tenant, name in ((ACME, "a"), (GLOBEX, "g")):
            async with database.session(context(tenant)) as session:
                await session.execute(insert(things).values(tenant_id=tenant, name=name))
        assert await names(database, ACME) == ["a"]
        assert await names(database, GLOBEX) == ["g"]
        assert await names(database, uuid.uuid4()) == []
        with pytest.raises(DBAPIError, match="row-level security"):
            async with database.session(context(ACME)) as session:
                await session.execute(insert(things).values(tenant_id=GLOBEX, name="stolen"))
        for forbidden in (
            "alter table scratch.things disable row level security",
            "create table scratch.own (id int)",
            "create role another",
            "set role postgres",
            "alter role current_user bypassrls",
            "set session authorization postgres",
            "select * from scratch.alembic_version",
        ):
            with pytest.raises(DBAPIError):
                async with database.session(context(ACME)) as session:
                    await session.execute(text(forbidden))
        async with database.session(context(ACME)) as session:
            found = await session.row(text("select rolsuper, rolbypassrls from pg_roles where rolname = current_user"))
            assert found is not None
            assert tuple(found) == (False, False)


async def test_queries_go_on_across_rotations(place: Place) -> None:
    """No query fails while log-ins of 2 s, renewed to 4 at most, come and go; in the end each is gone."""
    users: set[str] = set()
    answered = 0
    with place.kept():
        async with closing(place.database()) as database:
            until = time.monotonic() + 9

            async def ask() -> None:
                nonlocal answered
                while time.monotonic() < until:
                    async with database.session(context(ACME)) as session:
                        users.add(str(await session.scalar(select(func.current_user()))))
                        await session.scalar(text("select pg_sleep(0.05)"))
                        assert [row.name for row in await session.rows(select(things.c.name))] == ["a"]
                        answered += 1

            # As many as there are connections: the pool is not fair to who waits.
            await asyncio.gather(*(ask() for _ in range(3)))
        assert len(users) >= 3, "log-ins were replaced while it ran"
        assert answered > 100
        connection = await asyncpg.connect(place.url)
        try:
            deadline = time.monotonic() + 10
            query = "select rolname from pg_roles where rolname = any($1)"
            while await connection.fetch(query, sorted(users - {place.user()})):
                assert time.monotonic() < deadline
                await asyncio.sleep(0.1)
        finally:
            await connection.close()


async def test_a_revoked_login_is_replaced(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    with place.kept():
        async with closing(place.database()) as database:
            before = await who(database)
            for _ in range(3):
                revoked = place.user()
                await asyncio.to_thread(revoke_all, place)
                # The connection in the pool is dead, and its log-in with it: the next one waits for another.
                assert await who(database) != revoked
            assert await who(database) != before
    assert "was revoked: another one is taken" in caplog.text


def revoke_all(place: Place) -> None:
    place.admin.sys.revoke_prefix("database/creds/scratch")


async def test_the_vault_is_away(
    place: Place, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What runs goes on until the lease ends, which is said; then nothing does, which is said; then all does again."""
    monkeypatch.setattr(session_module, "_ANOTHER_LOGIN_WITHIN_S", 0.5)
    caplog.set_level(logging.INFO, "brain.vault.lease_keeper")
    with place.kept():
        async with closing(place.database()) as database:
            assert await who(database) == place.user()
            place.kill()
            ends_s = LoginFile(place.file).current().expires_at_s
            user = place.user()
            while time.time() < ends_s - 0.3:
                assert await who(database) == user  # queries, and new connections, too
                await database.engine.dispose()
                await asyncio.sleep(0.05)
            # PostgreSQL itself lets nobody in with it any more, though the Vault could not revoke it. The Vault told
            # it an end that is 5 s later, for what a renewal takes.
            await asyncio.sleep(ends_s + 6.5 - time.time())
            await database.engine.dispose()
            with pytest.raises(NoLogin, match=r"ended \d+ s ago and nobody has renewed it"):
                await who(database)
            place.begin()
            deadline = time.monotonic() + 10
            while True:
                try:
                    assert await who(database) != user
                    break
                except NoLogin:
                    assert time.monotonic() < deadline
    said = [record.getMessage() for record in caplog.records if record.name == "brain.vault.lease_keeper"]
    (told,) = (text for text in said if "is away" in text)
    assert "What runs goes on: the log-in of scratch to the database is good until" in told
    assert any("the Vault is back" in text for text in said)


async def test_the_role_of_another_context_gets_no_login(place: Place) -> None:
    with pytest.raises(VaultError, match="does not allow it"):
        place.access("subgraph-other").call("try", lambda client: client.read("database/creds/scratch"))
    with pytest.raises(VaultError, match="does not allow it"):
        place.access("worker").call("try", lambda client: client.read("database/creds/scratch"))


async def test_the_vaults_own_password_is_known_to_nobody_else(place: Place) -> None:
    """Set up again, as at every start: the Vault gets in with what only it knows, and finds a database that moved."""
    await asyncio.to_thread(set_up_database, place.admin, place.url, ["scratch"], ttl_s=TTL_S, max_ttl_s=MAX_TTL_S)
    connection = await asyncpg.connect(place.url)
    try:
        manager = f"vault_{place.url.rpartition('/')[2]}"
        found = await connection.fetchrow("select rolsuper, rolbypassrls from pg_roles where rolname = $1", manager)
        assert tuple(found) == (False, False)
        # Somebody changes it: the next set-up mends that.
        await connection.execute(f"alter role \"{manager}\" password '{secrets.token_hex(8)}'")
    finally:
        await connection.close()
    await asyncio.to_thread(set_up_database, place.admin, place.url, ["scratch"], ttl_s=TTL_S, max_ttl_s=MAX_TTL_S)
    place.keeper().turn()
    async with closing(place.database()) as database:
        assert await who(database) == place.user()
    moved = place.url.replace("127.0.0.1", "localhost")
    await asyncio.to_thread(set_up_database, place.admin, moved, ["scratch"], ttl_s=TTL_S, max_ttl_s=MAX_TTL_S)
    place.keeper().turn()
    with pytest.raises(ValueError, match="no role missing_app: migrate it first"):
        await asyncio.to_thread(set_up_database, place.admin, place.url, ["missing"])


@pytest.mark.parametrize("content", [None, "", "[]", '{"username": "u"}'])
async def test_a_file_without_a_login_is_named(tmp_path: Path, content: Any, place: Place) -> None:
    file = tmp_path / "scratch.json"
    if content is not None:
        file.write_text(content)
    async with closing(Database(place.settings.app_url("scratch"), "scratch", 1, LoginFile(file))) as database:
        with pytest.raises(NoLogin, match=r"scratch\.json"):
            await database.ping()
