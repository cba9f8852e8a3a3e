"""Servers that are somebody else's to run: can we use them, and if not, why, in words that name the server.

Asked before anything is started, so that a wrong address is told in seconds and by its own name. No message has a
password in it.
"""

import asyncio
import errno
import json
import re
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoPermissionError, RedisError

from brain.config import BrainSettings, project_root, variable
from brain.embedded.process import EmbeddedError, Launch, run

PATIENCE_S = 3.0

_NOT_LET_IN = (
    asyncpg.InvalidAuthorizationSpecificationError,  # wrong passwords are of this kind, too
    asyncpg.InsufficientPrivilegeError,
    AuthenticationError,
    NoPermissionError,
)
# What asyncio says of a host with several addresses is one text of all.
_REFUSED = f"[Errno {errno.ECONNREFUSED}]"


class Unreachable(EmbeddedError):
    """A server cannot be used; the message says which one and why."""


def check_external(settings: BrainSettings) -> None:
    """Make sure that the servers the settings name can be used.

    Raises:
        EmbeddedError: One or more cannot; a line for each, naming its setting.
    """
    complaints = asyncio.run(_complaints(settings))
    if complaints:
        raise EmbeddedError("\n".join([*complaints, "Mend that, or leave the setting out: `brain up` starts its own."]))


async def _complaints(settings: BrainSettings) -> list[str]:
    asked = []
    # With subgraphs that run elsewhere the database is theirs alone.
    if settings.subgraphs_url is None and settings.database_url is not None:
        asked.append(("database_url", _opens(postgres_connection(settings.database_url))))
    if settings.redis_url is not None:
        asked.append(("redis_url", _opens(redis_client(settings.redis_url))))
    if settings.temporal_address is not None:
        asking = temporal_version(settings.temporal_address, settings.temporal_namespace)
        asked.append(("temporal_address", _works(asking)))
    if settings.vault_address is not None:
        asked.append(("vault_address", _works(asyncio.to_thread(vault_version, settings))))
    found = await asyncio.gather(*(question for _, question in asked))
    return [f"{variable(name)}: {why}" for (name, _), why in zip(asked, found, strict=True) if why is not None]


async def _opens(connection: Any) -> str | None:
    try:
        async with connection:
            return None
    except Unreachable as error:
        return str(error)


async def _works(check: Awaitable[object]) -> str | None:
    try:
        await check
    except Unreachable as error:
        return str(error)
    return None


def vault_version(settings: BrainSettings, roles: Sequence[str] = ("brain", "worker")) -> str:
    """Return the version of the Vault of the settings, which lets our services in. Blocks.

    Raises:
        Unreachable: It does not answer within `PATIENCE_S`, or does not let one of the roles in.
    """
    from vault.client import Vault  # noqa: PLC0415 - a large library that nobody else needs here
    from vault.errors import VaultError  # noqa: PLC0415

    try:
        for role in roles:
            access = Vault.access_from_settings(settings, role, timeout_s=PATIENCE_S)
            version = access.call("use it", lambda client: client.sys.read_health_status(method="GET")["version"])
            access.close()
    except VaultError as error:
        raise Unreachable(str(error)) from error
    return str(version)


async def temporal_version(address: str, namespace: str) -> str:
    """Return the version of the Temporal at an address, of which the namespace can be used.

    Raises:
        Unreachable: There is none to be had within `PATIENCE_S`, or its namespace lacks something.
    """
    probe = Launch((sys.executable, "-m", "brain.embedded.temporal_probe", address, namespace), folder=project_root())
    try:
        found = json.loads(await asyncio.to_thread(run, probe))
    except (EmbeddedError, ValueError) as error:
        raise Unreachable(f"Temporal at {address} cannot be asked: {error}") from error
    if "wrong" in found:
        raise Unreachable(f"Temporal at {address} {found['wrong']}")
    return str(found["version"])


@asynccontextmanager
async def postgres_connection(url: str) -> AsyncIterator[Any]:
    """A connection of asyncpg's to the server of a URL.

    Raises:
        Unreachable: There is none to be had within `PATIENCE_S`.
    """
    plain = re.sub(r"^\w+(\+\w+)?://", "postgresql://", url)  # SQLAlchemy's form names a driver
    try:
        connection = await asyncpg.connect(plain, timeout=PATIENCE_S)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise Unreachable(f"PostgreSQL at {_place(url, 5432)} {_why(error)}") from error
    try:
        yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def redis_client(url: str) -> AsyncIterator[Redis]:
    """A client of the Redis of a URL, which has answered a PING.

    Raises:
        Unreachable: It does not within `PATIENCE_S`.
    """
    once = Retry(NoBackoff(), 0)
    async with Redis.from_url(url, socket_connect_timeout=PATIENCE_S, socket_timeout=PATIENCE_S, retry=once) as client:
        try:
            async with asyncio.timeout(PATIENCE_S):
                await client.ping()
        except (OSError, TimeoutError, RedisError) as error:
            raise Unreachable(f"Redis at {_place(url, 6379)} {_why(error)}") from error
        yield client


def _place(url: str, usual_port: int) -> str:
    """Return what a URL says of where the server is, without user and password."""
    host = urlsplit(url).netloc.rpartition("@")[2]
    return host if re.search(r":\d+$", host) else f"{host}:{usual_port}"


def _why(error: BaseException) -> str:
    """Say what is wrong, as a sentence about the server."""
    causes = list(_causes(error))
    text = " ".join(str(cause) for cause in causes)
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes) or _REFUSED in text:
        return "refuses the connection: nothing listens there."
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return "cannot be found: there is no host of that name."
    # Of asyncio, of the system and of Redis; they are not one class.
    if any("timeout" in type(cause).__name__.lower() for cause in causes):
        return f"does not answer within {PATIENCE_S:g} s."
    said = str(error).strip() or type(error).__name__
    if isinstance(error, _NOT_LET_IN):
        return f"does not let us in: {said}"
    return f"cannot be used: {said}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Give an error and those it came from; clients wrap the system's own."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
