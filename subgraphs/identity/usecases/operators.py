"""Those who run the platform: members of no tenant, made and ended at the machine alone, by the tables' owner.

A key is `bo_<prefix>_<secret>`. It is shown once, ends by itself, and is asked for at every request: revoked, it is
good for nothing from the next one on.
"""

import re
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Row

from resolvers.errors import BadUserInput, Conflict, NotFound
from resolvers.session import TenantSession
from subgraphs.identity.domain import OPERATOR_SCOPES
from subgraphs.identity.repository import operators as operator_rows
from subgraphs.identity.repository.operators import Operator
from subgraphs.identity.tokens import hash_secret, new_secret

__all__ = ["MAX_DAYS", "add_operator", "authenticate_operator", "operator_entries", "operators", "revoke_operator"]

MAX_DAYS: Final = 366
_NAME: Final = re.compile(r"[a-z][a-z0-9.@-]{1,99}")
_KEY: Final = re.compile(r"bo_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")


async def add_operator(owner: TenantSession, name: str, scopes: Sequence[str], days: int, actor: str) -> str:
    """A new operator's key, which cannot be had again.

    Args:
        owner: a session with the log-in of the tables' owner.
        actor: who does it, for the audit.

    Raises:
        BadUserInput: a name, a scope or a time that cannot be.
        Conflict: there is an operator of that name.
    """
    if not _NAME.fullmatch(name):
        raise BadUserInput("A name has 2 to 100 small letters, digits, dots, hyphens and @, and begins with a letter.")
    wanted = sorted(set(scopes))
    unknown = [scope for scope in wanted if scope not in OPERATOR_SCOPES]
    if unknown or not wanted:
        raise BadUserInput(f"Operators may have: {', '.join(sorted(OPERATOR_SCOPES))}.")
    if not 1 <= days <= MAX_DAYS:
        raise BadUserInput(f"A key is good for 1 to {MAX_DAYS} days.")
    if await operator_rows.found(owner, name) is not None:
        raise Conflict(f"There is an operator {name}: revoke that one first.")
    prefix, secret = secrets.token_hex(8), new_secret()
    expires_at = datetime.now(UTC) + timedelta(days=days)
    operator_id = await operator_rows.add(owner, name, prefix, hash_secret(secret), wanted, expires_at)
    await operator_rows.note(owner, operator_id, "added", actor)
    return f"bo_{prefix}_{secret}"


async def revoke_operator(owner: TenantSession, name: str, actor: str) -> None:
    """The operator is none any more. Raises `NotFound`."""
    operator_id = await operator_rows.found(owner, name)
    if operator_id is None:
        raise NotFound(f"There is no operator {name}.")
    await operator_rows.revoke(owner, operator_id)
    await operator_rows.note(owner, operator_id, "revoked", actor)


async def operators(owner: TenantSession) -> list[Row[Any]]:
    """All there are and were, the newest first."""
    return await operator_rows.operator_list(owner)


async def operator_entries(owner: TenantSession) -> list[Row[Any]]:
    """Who was added and revoked, by whom, and how often keys were used, by the hour; the newest first."""
    return await operator_rows.entries(owner)


async def authenticate_operator(session: TenantSession, key: str) -> Operator | None:
    """Whom the key speaks for, or None if it is not valid. That it was used is kept."""
    parts = _KEY.fullmatch(key)
    return None if parts is None else await operator_rows.authenticate(session, parts[1], hash_secret(parts[2]))
