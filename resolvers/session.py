"""One PostgreSQL transaction per GraphQL operation, under row-level security.

A `TenantSession` is the unit of work of one operation: it takes a connection at the first statement, begins, sets
`app.tenant_id` for that transaction only, and is committed once, at the edge. Resolvers and loaders of the operation
run concurrently and share it: a lock lets one statement through at a time, which costs nothing, since a PostgreSQL
connection executes one at a time anyway, and everything the operation reads comes from one transaction.

Statements are SQLAlchemy Core; rows come back as `Row` (attribute access, typed by the statement's columns).
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any
from uuid import UUID

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import Dialect, Executable, Row, event, text
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import await_only

from resolvers.context import RequestContext
from resolvers.errors import DeadlineExceeded, Forbidden, Unauthenticated
from resolvers.events.outbox import Outgoing, outgoing, write
from resolvers.logins import LoginFile
from resolvers.sealing import Sealed, Seals
from turns import Turns

__all__ = ["Database", "Statements", "TenantSession", "TransactionFailed"]

Parameters = Mapping[str, Any] | Sequence[Mapping[str, Any]] | None

_BEGIN = text(
    "select set_config('app.tenant_id', :tenant, true), set_config('app.user_id', :user, true), "
    "set_config('statement_timeout', :timeout, true)"
)
# How long a connection waits for another log-in when the one of the moment is refused.
_ANOTHER_LOGIN_WITHIN_S = 5.0
_LOOK_AGAIN_S = 0.1
# A role that is gone, and one whose time is over, look like a wrong password.
_REFUSED = asyncpg.InvalidAuthorizationSpecificationError
_ASSUME = text("select set_config('app.tenant_id', :tenant, true)")


class TransactionFailed(Exception):
    """A statement failed outside of a savepoint: PostgreSQL will not keep anything of this transaction."""


class TenantSession:
    """The transaction of one operation. Safe to share between the operation's coroutines."""

    def __init__(self, database: "Database", turns: Turns, context: RequestContext) -> None:
        self.context = context
        self._tenant_id = context.tenant_id
        self._database = database
        self._turns = turns
        self._connection: AsyncConnection | None = None
        self._lock = asyncio.Lock()
        self._savepoints = 0
        self._failed = False
        self._after_commit: list[Callable[[], Awaitable[None]]] = []
        self._outgoing: list[Outgoing] = []

    def tenant_id(self) -> UUID:
        """The tenant whose rows this sees and writes.

        Raises:
            Unauthenticated: there is none.
        """
        if self._tenant_id is None:
            raise Unauthenticated("This needs a tenant.")
        return self._tenant_id

    async def execute(self, statement: Executable, parameters: Parameters = None) -> int:
        """Runs a statement for its effect and returns the number of rows it touched."""
        _, count = await self._run(statement, parameters)
        return count

    async def rows(self, statement: Executable, parameters: Parameters = None) -> Sequence[Row[Any]]:
        """All rows."""
        rows, _ = await self._run(statement, parameters)
        return rows

    async def row(self, statement: Executable, parameters: Parameters = None) -> Row[Any] | None:
        """The first row, or None."""
        rows = await self.rows(statement, parameters)
        return rows[0] if rows else None

    async def scalar(self, statement: Executable, parameters: Parameters = None) -> Any:
        """The first column of the first row, or None."""
        row = await self.row(statement, parameters)
        return None if row is None else row[0]

    @asynccontextmanager
    async def savepoint(self) -> AsyncIterator[None]:
        """What is written inside is undone if the block raises; the transaction stays usable.

        GraphQL runs the root fields of a mutation one after another, so blocks nest and never overlap.
        """
        async with self._lock:
            connection = await self._begun()
            nested = await connection.begin_nested()
        self._savepoints += 1
        failed_before = self._failed
        promised_before, told_before, tenant_before = len(self._after_commit), len(self._outgoing), self._tenant_id
        try:
            yield
        except BaseException:
            async with self._lock:
                await nested.rollback()
            self._failed, self._tenant_id = failed_before, tenant_before
            del self._after_commit[promised_before:], self._outgoing[told_before:]
            raise
        else:
            async with self._lock:
                await nested.commit()
        finally:
            self._savepoints -= 1

    def after_commit(self, action: Callable[[], Awaitable[None]]) -> None:
        """Has `action` awaited once what was written is there for everyone, and never if it is undone.

        It tells others of what was written; it must not raise, since the transaction is over.
        """
        self._after_commit.append(action)

    def publish(self, event: object) -> None:
        """Tells other contexts of `event` once the transaction is committed, and never if it is undone.

        Args:
            event: of a class that `resolvers.events.declaration.event` declares.

        Raises:
            TypeError: it is of another class.
            Unauthenticated: the session has no tenant.
        """
        self.tenant_id()
        self._outgoing.append(outgoing(event))

    @asynccontextmanager
    async def apart(self) -> AsyncIterator["TenantSession"]:
        """A session of its own for the same caller: committed when the block ends, rolled back when it raises.

        For what others must see before this operation ends. It takes a connection besides this session's.

        Raises:
            TransactionFailed: at the end of the block, if nothing could be kept.
        """
        session = TenantSession(self._database, self._turns, self.context)
        try:
            yield session
            await session.commit()
        finally:
            await session.close()

    async def assume_tenant(self, tenant_id: UUID) -> None:
        """Lets the rest of the transaction act for `tenant_id`, which a credential has just proved.

        Only for callers whose context names no tenant (log-in, refresh, API keys), or names the same one.

        Raises:
            Forbidden: the session acts for another tenant already, be it by its context or by a credential before.
        """
        if self._tenant_id not in (None, tenant_id):
            raise Forbidden("This credential is for another tenant.")
        # First: what runs beside this must not assume another one meanwhile.
        self._tenant_id = tenant_id
        await self._run(_ASSUME, {"tenant": str(tenant_id)})

    async def seal(self, values: Sequence[str]) -> list[Sealed]:
        """The values, sealed for the session's tenant; one request for all. What is sealed already stays.

        Raises:
            SealedAway: what seals them cannot be reached.
            Unauthenticated: the session has no tenant.
        """
        return await self._database.seals.seal(self.tenant_id(), values) if values else []

    async def unseal(self, values: Sequence[str]) -> list[str]:
        """What was sealed for the session's tenant; one request for all.

        Raises:
            SealedAway: what opens them cannot be reached.
            Unauthenticated: the session has no tenant.
        """
        return await self._database.seals.unseal(self.tenant_id(), values) if values else []

    async def commit(self) -> None:
        """Commits.

        Raises:
            TransactionFailed: a statement failed outside of a savepoint; nothing was kept.
        """
        if self._outgoing and not self._failed:
            events, self._outgoing = self._outgoing, []
            await write(self, self.tenant_id(), events, self._database.schema)
            self._after_commit.append(self._database.ring)
        async with self._lock:
            if self._connection is None:
                return
            if self._failed:
                raise TransactionFailed
            connection, self._connection = self._connection, None
            try:
                await connection.commit()
            finally:
                await self._give_back(connection)
            actions, self._after_commit = self._after_commit, []
        for action in actions:
            await action()

    async def close(self) -> None:
        """Rolls back what was not committed and gives the connection back. The session can begin anew afterwards."""
        async with self._lock:
            connection, self._connection = self._connection, None
            self._failed, self._tenant_id = False, self.context.tenant_id
            self._after_commit, self._outgoing = [], []
            if connection is not None:
                await self._give_back(connection)

    async def _run(self, statement: Executable, parameters: Parameters) -> tuple[Sequence[Row[Any]], int]:
        async with self._lock:
            connection = await self._begun()
            try:
                result = await connection.execute(statement, parameters)
            except BaseException:
                self._failed = True
                raise
            # Read first: an INSERT brings its new key as a result that is closed at once.
            touched = max(0, result.rowcount)
            rows = result.all() if result.returns_rows else ()
            return rows, max(touched, len(rows))

    async def _begun(self) -> AsyncConnection:
        if self._connection is None:
            remaining_s = self.context.remaining_s()
            if remaining_s == 0:
                raise DeadlineExceeded
            connection = await self._connected()
            values = {
                "tenant": str(self.context.tenant_id or ""),
                "user": str(self.context.user_id or ""),
                # Zero means no limit to PostgreSQL.
                "timeout": "0" if remaining_s is None else str(max(1, math.ceil(remaining_s * 1000))),
            }
            try:
                await connection.execute(_BEGIN, values)
            except BaseException:
                await self._give_back(connection)
                raise
            self._connection = connection
        return self._connection

    async def _connected(self) -> AsyncConnection:
        """A connection, once it is the tenant's turn."""
        party = self.context.tenant_id
        await self._turns.take(party)
        try:
            return await self._database.engine.connect()
        except BaseException:
            self._turns.give_back(party)
            raise

    async def _give_back(self, connection: AsyncConnection) -> None:
        try:
            await connection.close()
        finally:
            self._turns.give_back(self.context.tenant_id)


class Statements(list[str]):
    """The SQL texts that were executed while counting, in order; transaction control is left out."""


class Database:
    """The pool of connections of one context, with one role.

    Args:
        url: SQLAlchemy URL with the asyncpg driver, see `Settings.app_url` and `Settings.admin_url`.
        schema: the context's schema; the first on the search path.
        pool_size: most connections at a time; further operations wait, and tenants take turns: however many one has,
            those of another wait for the end of one of them.
        logins: where the log-in of the moment is, instead of the URL's.
        seals: what seals columns; by default they stay as they are.

    Attributes:
        published: set when a session has committed events, for the relay, which clears it.
    """

    def __init__(
        self,
        url: str,
        schema: str,
        pool_size: int = 5,
        logins: LoginFile | None = None,
        seals: Seals | None = None,
    ) -> None:
        self.schema = schema
        self.seals = seals or Seals()
        self.published = asyncio.Event()
        self._turns = Turns(pool_size)
        self._engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=25,  # whoever has a turn waits for checks of the pool's health at most
            pool_pre_ping=True,
            # Plans of small tenant-scoped queries are not worth compiling.
            connect_args={
                "server_settings": {"application_name": schema, "jit": "off", "search_path": f"{schema},public"}
            },
        )
        if logins is not None:
            _log_in_with(self._engine, logins)

    @property
    def engine(self) -> AsyncEngine:
        """The engine beneath, for migrations and tests. Application code uses `session`."""
        return self._engine

    @asynccontextmanager
    async def session(self, context: RequestContext) -> AsyncIterator[TenantSession]:
        """A session for `context`: committed once when the block ends, rolled back when it raises.

        Raises:
            TransactionFailed: at the end of the block, if nothing could be kept.
        """
        session = self.unit(context)
        async with AsyncExitStack() as stack:
            stack.push_async_callback(session.close)
            yield session
            await session.commit()

    def unit(self, context: RequestContext) -> TenantSession:
        """A session for `context` that whoever takes it commits and closes."""
        return TenantSession(self, self._turns, context)

    async def ring(self) -> None:
        """Says that there are events in the outbox."""
        self.published.set()

    async def ping(self) -> None:
        """Raises if the database does not answer."""
        async with self._engine.connect() as connection:
            await connection.execute(text("select 1"))

    @contextmanager
    def count_statements(self) -> Iterator[Statements]:
        """Collects the statements that any session of this database executes inside the block (for tests)."""
        statements = Statements()

        def record(*arguments: Any) -> None:
            statement: str = arguments[2]
            if "set_config('app.tenant_id'" not in statement:
                statements.append(statement)

        event.listen(self._engine.sync_engine, "before_cursor_execute", record)
        try:
            yield statements
        finally:
            event.remove(self._engine.sync_engine, "before_cursor_execute", record)

    async def close(self) -> None:
        """Closes all connections."""
        await self._engine.dispose()
        await self.seals.close()


def _log_in_with(engine: AsyncEngine, logins: LoginFile) -> None:
    """Makes an engine's connections with the log-in of the moment, and drops those of an earlier one.

    A log-in that the database refuses may have been revoked a moment ago: for a short time another one is waited for.
    """

    def connect(dialect: Dialect, record: ConnectionPoolEntry, arguments: Any, options: dict[str, Any]) -> Any:
        deadline_s = time.monotonic() + _ANOTHER_LOGIN_WITHIN_S
        while True:
            login = logins.current()
            options.update(user=login.user, password=login.password)
            try:
                connection = dialect.connect(*arguments, **options)
            except Exception as error:
                # SQLAlchemy's driver wraps what asyncpg raises.
                if not isinstance(error, _REFUSED) and not isinstance(error.__cause__, _REFUSED):
                    raise
                if time.monotonic() > deadline_s:
                    raise logins.why_refused(login) from error
                await_only(asyncio.sleep(_LOOK_AGAIN_S))
            else:
                record.info["user"] = login.user
                return connection

    def use(_: Any, record: ConnectionPoolEntry, __: Any) -> None:
        if record.info.get("user") != logins.current().user:
            raise DisconnectionError  # the pool makes another one in its place

    event.listen(engine.sync_engine, "do_connect", connect)
    event.listen(engine.sync_engine, "checkout", use)
