"""Acting for a tenant: the transactions in which Django works.

`for_tenant` begins a transaction and sets `app.tenant_id` in it, as `resolvers.session` does, for that transaction
only. Outside of one a connection has no tenant, and row-level security shows it nothing. The same tenant names the
folder of files and the keys of the cache, neither of which there is without one.
"""

import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, TypeVar
from uuid import UUID

from resolvers.events.outbox import LOCK, Outgoing, lock_keys, outgoing, rows_of
from resolvers.logins import LoginFile

__all__ = [
    "Credentials",
    "NoTenant",
    "as_owner",
    "cache_key",
    "configure",
    "for_tenant",
    "log_in",
    "publish",
    "savepoint",
    "tenant",
    "tenant_or_none",
    "transaction_of",
]

T = TypeVar("T")

ROLE: Final = "content_app"

_tenant: ContextVar[UUID | None] = ContextVar("content_tenant", default=None)
_events: ContextVar[list[Outgoing] | None] = ContextVar("content_events", default=None)
_thread = threading.local()
_credentials: "Credentials | None" = None


class NoTenant(RuntimeError):
    """Something that belongs to a tenant was asked for outside of a tenant's transaction."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """How Django logs in.

    Attributes:
        app, owner: of the application's role and of the tables' owner: user, password, host, port, dbname.
        logins: where the application's log-in of the moment is, instead.
    """

    app: dict[str, Any]
    owner: dict[str, Any]
    logins: LoginFile | None


def configure(credentials: Credentials) -> None:
    """Says how connections are made from now on."""
    global _credentials
    _credentials = credentials


def log_in() -> dict[str, Any]:
    """The parameters of a connection of this thread.

    Raises:
        NoLogin: there is no log-in of the moment.
    """
    assert _credentials is not None
    if getattr(_thread, "owner", False):
        return _credentials.owner
    if _credentials.logins is None:
        return _credentials.app
    login = _credentials.logins.current()
    return {**_credentials.app, "user": login.user, "password": login.password}


def as_owner(work: Callable[[], T]) -> T:
    """What `work` answers, in a thread of its own whose connection is the owner's: for migrations and seeds.

    `for_tenant` gives up the owner's rights inside of it.
    """
    from django.db import connections  # noqa: PLC0415 - after `setup.start`

    found: list[T] = []
    failed: list[BaseException] = []

    def run() -> None:
        _thread.owner = True
        try:
            found.append(work())
        except BaseException as error:  # noqa: BLE001 - raised again by who waits
            failed.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run, name="content-owner")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return found[0]


def tenant() -> UUID:
    """The tenant of the transaction.

    Raises:
        NoTenant: there is none.
    """
    tenant_id = _tenant.get()
    if tenant_id is None:
        raise NoTenant(NoTenant.__doc__)
    return tenant_id


def tenant_or_none() -> UUID | None:
    """The tenant of the transaction, if there is one."""
    return _tenant.get()


def cache_key(key: str, prefix: str, version: int) -> str:
    """Django's keys of the cache: what Wagtail keeps of one tenant is not another's.

    Raises:
        NoTenant: outside of a tenant's transaction.
    """
    return f"{prefix}:{tenant()}:{version}:{key}"


@contextmanager
def for_tenant(tenant_id: UUID, *, request_id: str = "", timeout_s: float | None = None) -> Iterator[None]:
    """A transaction for `tenant_id`: committed at the end of the block, with the events it has told of.

    Args:
        timeout_s: of each statement.

    Raises:
        RuntimeError: there is a transaction already: another tenant could be in it.
    """
    if _tenant.get() is not None:
        raise RuntimeError("one tenant's transaction inside another's")
    token = _tenant.set(tenant_id)
    try:
        with transaction_of(tenant_id, request_id=request_id, timeout_s=timeout_s):
            yield
    finally:
        _tenant.reset(token)


@contextmanager
def transaction_of(tenant_id: UUID, *, request_id: str = "", timeout_s: float | None = None) -> Iterator[None]:
    """The transaction alone; `for_tenant` is what others use."""
    from django.db import connection, transaction  # noqa: PLC0415 - after `setup.start`

    token = _events.set([])
    try:
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                if getattr(_thread, "owner", False):
                    cursor.execute(f"set local role {ROLE}")
                milliseconds = 0 if timeout_s is None else max(1, math.ceil(timeout_s * 1000))
                cursor.execute(
                    "select set_config('app.tenant_id', %s, true), set_config('statement_timeout', %s, true)",
                    [str(tenant_id), str(milliseconds)],
                )
            yield
            if not transaction.get_rollback():
                _write_events(tenant_id, request_id)
    finally:
        _events.reset(token)


@contextmanager
def savepoint() -> Iterator[None]:
    """What is written, and told, inside is undone if the block raises."""
    from django.db import transaction  # noqa: PLC0415 - after `setup.start`

    events = _events.get() or []
    told_before = len(events)
    try:
        with transaction.atomic():
            yield
    except BaseException:
        del events[told_before:]
        raise


def publish(event: object) -> None:
    """Tells other contexts of `event` once the transaction is committed.

    Raises:
        NoTenant: outside of a tenant's transaction.
    """
    events = _events.get()
    if events is None:
        raise NoTenant(NoTenant.__doc__)
    events.append(outgoing(event))


def _write_events(tenant_id: UUID, request_id: str) -> None:
    """Puts events into the outbox: the kit's rows under the kit's locks, in this transaction."""
    from django.db import connection  # noqa: PLC0415 - after `setup.start`
    from psycopg.types.json import Jsonb  # noqa: PLC0415

    events = _events.get() or []
    if not events:
        return
    rows = [{**row, "data": Jsonb(row["data"])} for row in rows_of(tenant_id, events, request_id)]
    names = list(rows[0])
    values = ", ".join(f"%({name})s" for name in names)
    with connection.cursor() as cursor:
        cursor.execute(LOCK.format("%s"), [lock_keys("content", tenant_id, events)])
        cursor.executemany(f"insert into outbox ({', '.join(names)}) values ({values})", rows)  # noqa: S608 - our names
