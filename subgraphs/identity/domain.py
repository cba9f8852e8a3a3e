"""Roles, what they may do, and the rules of membership. Pure Python."""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final
from uuid import UUID

from resolvers.errors import BadUserInput, Conflict, Forbidden, Refused

__all__ = [
    "GRANTABLE_SCOPES",
    "OPERATOR_SCOPES",
    "ROLE_SCOPES",
    "AlreadyMember",
    "AuditAction",
    "InvalidCredentials",
    "InvalidInvitation",
    "InvalidRefreshToken",
    "LastOwner",
    "LogInMethod",
    "RefreshTokenInUse",
    "Role",
    "TenantRequired",
    "check_api_key_scopes",
    "check_may_grant",
    "check_owner_remains",
    "check_password",
    "normal_email",
    "scopes_of",
]


class Role(Enum):
    """What a member is in a tenant. Each may do what the next may, and more."""

    OWNER = "owner"
    MANAGER = "manager"
    AGENT = "agent"
    VIEWER = "viewer"


class AuditAction(Enum):
    """What was done."""

    LOGGED_IN = "logged_in"
    LOGGED_OUT = "logged_out"
    REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105 - the name of what happened
    INVITATION_CREATED = "invitation_created"
    INVITATION_WITHDRAWN = "invitation_withdrawn"
    INVITATION_RENEWED = "invitation_renewed"
    MEMBER_JOINED = "member_joined"
    MEMBER_REMOVED = "member_removed"
    ROLE_CHANGED = "role_changed"
    SESSION_REVOKED = "session_revoked"
    SESSIONS_REVOKED = "sessions_revoked"
    IDENTITY_PROVIDER_CREATED = "identity_provider_created"
    IDENTITY_PROVIDER_CHANGED = "identity_provider_changed"
    IDENTITY_PROVIDER_DELETED = "identity_provider_deleted"
    SINGLE_SIGN_ON_REFUSED = "single_sign_on_refused"
    API_KEY_CREATED = "api_key_created"
    API_KEY_REVOKED = "api_key_revoked"


class LogInMethod(Enum):
    """How somebody has proved who they are."""

    PASSWORD = "password"  # noqa: S105 - the name of a method
    INVITATION = "invitation"
    SINGLE_SIGN_ON = "single_sign_on"


_READ: Final = frozenset(
    {
        "identity:read",
        "crm:read",
        "directory:read",
        "agents:read",
        "saleor:read",
        "storefront:read",
        "gaming:read",
        "trading:read",
        "campaigns:read",
        "gaming:play",
        "analytics:read",
        "sourcing:read",
        "notifications:read",
    }
)
_WORK: Final = _READ | {
    "crm:write",
    "agents:write",
    "storefront:write",
    "gaming:write",
    "trading:write",
    "campaigns:write",
    "content:write",
    "sourcing:write",
}
_MANAGE: Final = _WORK | {
    "identity:write",
    "directory:write",
    "agents:approve",
    "saleor:write",
    "content:publish",
    "sourcing:approve",
    "notifications:write",
}
_OWN: Final = _MANAGE | {"identity:admin", "agents:admin"}
# A key is no person: it never administers its own tenant, and decides neither about agents nor about money.
_FOR_PEOPLE: Final = frozenset({"identity:admin", "agents:admin", "agents:approve", "sourcing:approve"})

ROLE_SCOPES: Final = {Role.OWNER: _OWN, Role.MANAGER: _MANAGE, Role.AGENT: _WORK, Role.VIEWER: _READ}
"""Role -> scopes (`<context>:<read|write|approve|admin|play|publish>`)."""

GRANTABLE_SCOPES: Final = _OWN - _FOR_PEOPLE
"""What an API key may be given."""

OPERATOR_SCOPES: Final = frozenset({"platform:analytics"})
"""What those may be given who run the platform: by no role, and by no key of a tenant. The database says so too."""

_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_MIN_PASSWORD_CHARS: Final = 10
# argon2 hashes any length; the limit keeps a request from making it hash megabytes.
_MAX_PASSWORD_CHARS: Final = 256


class LastOwner(Refused):
    """A tenant keeps at least one owner."""

    code = "LAST_OWNER"


class InvalidCredentials(Refused):
    """The e-mail address, the password or the tenant is wrong."""

    code = "INVALID_CREDENTIALS"


class TenantRequired(Refused):
    """This user belongs to several tenants: name one."""

    code = "TENANT_REQUIRED"


class InvalidRefreshToken(Refused):
    """The refresh token is not valid: log in again."""

    code = "INVALID_REFRESH_TOKEN"


class RefreshTokenInUse(Refused):
    """Another request is using this refresh token, or has just done so: use the tokens that it gets."""

    code = "REFRESH_TOKEN_IN_USE"


class InvalidInvitation(Refused):
    """The invitation is not valid, has expired, was withdrawn or was accepted already."""

    code = "INVALID_INVITATION"


class AlreadyMember(Conflict):
    """A member of the tenant has this address, or it is invited already."""

    code = "ALREADY_MEMBER"


def scopes_of(role: Role) -> tuple[str, ...]:
    """The scopes of `role`, sorted."""
    return tuple(sorted(ROLE_SCOPES[role]))


def normal_email(value: str, *path: str) -> str:
    """`value` trimmed and in lower case, as users are told apart by.

    Raises:
        BadUserInput: not an e-mail address.
    """
    email = value.strip().lower()
    if len(email) > 254 or not email.isprintable() or not _EMAIL.fullmatch(email):
        raise BadUserInput("This is not an e-mail address.", path=path)
    return email


def check_password(value: str, *path: str) -> None:
    """Raises `BadUserInput` for a new password that is too short or too long."""
    if not _MIN_PASSWORD_CHARS <= len(value) <= _MAX_PASSWORD_CHARS:
        message = f"A password has from {_MIN_PASSWORD_CHARS} to {_MAX_PASSWORD_CHARS} characters."
        raise BadUserInput(message, path=path)


def check_may_grant(role: Role, own_scopes: Iterable[str]) -> None:
    """Nobody gives away more than they hold. Raises `Forbidden` naming what is missing."""
    missing = ROLE_SCOPES[role] - frozenset(own_scopes)
    if missing:
        raise Forbidden.missing(min(missing))


def check_api_key_scopes(scopes: Iterable[str], own_scopes: Iterable[str]) -> None:
    """Raises `BadUserInput` for scopes that no key may have, `Forbidden` for those that the caller lacks."""
    wanted = frozenset(scopes)
    if not wanted:
        raise BadUserInput("An API key needs at least one scope.", path=("input", "scopes"))
    unknown = wanted - GRANTABLE_SCOPES
    if unknown:
        raise BadUserInput(f"{min(unknown)!r} is no scope for an API key.", path=("input", "scopes"))
    missing = wanted - frozenset(own_scopes)
    if missing:
        raise Forbidden.missing(min(missing))


def check_owner_remains(owners: Iterable[UUID], leaving: UUID) -> None:
    """Raises `LastOwner` if `leaving` is the only one of `owners` (user ids of the tenant's owners)."""
    if not set(owners) - {leaving}:
        raise LastOwner
