"""Let the Vault make log-ins to PostgreSQL: one role for the Vault, and per context a recipe for users of an hour.

Such a user is a member of ``<context>_app`` and nothing more, so it has that role's rights and is held by the same
row-level security. The Vault's own role may make users and give them those memberships; its password is known to the
Vault alone, which changes it as soon as it has it.
"""

import asyncio
import re
import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg  # type: ignore[import-untyped]
import hvac
import requests
from hvac import exceptions

from brain.embedded.external import postgres_connection
from brain.vault.setup import DATABASE
from vault.errors import translated

CONNECTION = "brain"
TTL_S = 3600
MAX_TTL_S = 24 * 3600

_CREATE = (
    "CREATE ROLE \"{{name}}\" LOGIN INHERIT NOBYPASSRLS NOCREATEDB NOCREATEROLE PASSWORD '{{password}}' "
    'VALID UNTIL \'{{expiration}}\'; GRANT "%s_app" TO "{{name}}";'
)
_RENEW = "ALTER ROLE \"{{name}}\" VALID UNTIL '{{expiration}}';"
# Its sessions end with it: a log-in that was stolen is worth nothing once it is revoked.
_REVOKE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{{name}}'; "
    'DROP ROLE IF EXISTS "{{name}}";'
)


def set_up_database(
    client: hvac.Client, url: str, contexts: Sequence[str], *, ttl_s: int = TTL_S, max_ttl_s: int = MAX_TTL_S
) -> None:
    """Make the Vault's role in PostgreSQL, the connection, and the recipe of every context. May be run again.

    Args:
        client: An administrator's.
        url: Of the database, as its owner; the Vault must reach it under the same host and port.
        contexts: Whose ``<context>_app`` exist: after the migrations.
        ttl_s: How long a log-in lasts unless it is renewed.
        max_ttl_s: How long it may be renewed.

    Raises:
        VaultError: The Vault refuses, or cannot reach the database.
        Unreachable: The database cannot be reached from here.
    """
    parts = urlsplit(url)
    manager = f"vault_{unquote(parts.path.lstrip('/'))}"
    tls = parse_qs(parts.query).get("sslmode", ["prefer"])[0]
    place = parts.netloc.rpartition("@")[2]
    connection = {
        "plugin_name": "postgresql-database-plugin",
        "connection_url": f"postgresql://{{{{username}}}}:{{{{password}}}}@{place}{parts.path}?sslmode={tls}",
        "allowed_roles": list(contexts),
        "username": manager,
        "username_template": '{{ printf "v-%s-%s" (.RoleName | truncate 24) (random 16) | lowercase }}',
    }
    try:
        if not _connects(client, connection):
            password = secrets.token_hex(24)
            asyncio.run(_ensure_manager(url, manager, contexts, password))
            client.write_data(f"{DATABASE}/config/{CONNECTION}", data={**connection, "password": password})
            client.secrets.database.rotate_root_credentials(CONNECTION, mount_point=DATABASE)
        else:
            asyncio.run(_ensure_manager(url, manager, contexts, None))
        for context in contexts:
            client.secrets.database.create_role(
                context,
                CONNECTION,
                creation_statements=[_CREATE % context],
                renew_statements=[_RENEW],
                revocation_statements=[_REVOKE],
                default_ttl=f"{ttl_s}s",
                max_ttl=f"{max_ttl_s}s",
                mount_point=DATABASE,
            )
    except (exceptions.VaultError, requests.RequestException) as error:
        raise translated(error, client.url, "set up the log-ins to the database") from error


def _connects(client: hvac.Client, connection: dict[str, Any]) -> bool:
    """Say whether the Vault gets in with the password that it has, if it has one; the place may have changed."""
    try:
        known = client.read(f"{DATABASE}/config/{CONNECTION}")
        if known is None or known["data"]["connection_details"].get("username") != connection["username"]:
            return False
        client.write_data(f"{DATABASE}/config/{CONNECTION}", data=connection)  # it tries
    except (exceptions.InvalidPath, exceptions.InvalidRequest, exceptions.InternalServerError):
        return False
    return True


async def _ensure_manager(url: str, manager: str, contexts: Sequence[str], password: str | None) -> None:
    """Make the Vault's role, with all it needs to make and end members of the contexts' roles."""
    names = [manager, *contexts]
    if not all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_$-]*", name) for name in names):
        raise ValueError(f"these are no names for roles: {', '.join(names)}")
    async with postgres_connection(url) as connection:
        exists = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", manager)
        if password is not None:
            verb = "ALTER" if exists else "CREATE"
            await connection.execute(f"{verb} ROLE \"{manager}\" LOGIN CREATEROLE PASSWORD '{password}'")
        database = await connection.fetchval("SELECT quote_ident(current_database())")
        await connection.execute(f'GRANT CONNECT ON DATABASE {database} TO "{manager}"')
        # It inherits from the users that it makes, so that it may end their sessions.
        await connection.execute(f"ALTER ROLE \"{manager}\" SET createrole_self_grant = 'inherit'")
        for context in contexts:
            await _grant(connection, f"{context}_app", manager)


async def _grant(connection: Any, role: str, manager: str) -> None:
    try:
        await connection.execute(f'GRANT "{role}" TO "{manager}" WITH ADMIN TRUE, INHERIT FALSE, SET FALSE')
    except asyncpg.UndefinedObjectError as error:
        raise ValueError(
            f"the database has no role {role}: migrate it first (`python -m subgraphs migrate`)"
        ) from error
