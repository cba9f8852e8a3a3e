"""Which identity providers sign a tenant's people in: set up by its owners."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

from sqlalchemy import Row

from resolvers.errors import BadUserInput, Conflict, Forbidden, InvalidValue, NotFound, Refused
from resolvers.operation import Operation
from subgraphs.identity.domain import AuditAction, Role, check_may_grant
from subgraphs.identity.openid import is_provider_url
from subgraphs.identity.repository import providers as provider_rows
from subgraphs.identity.usecases.audit import note
from subgraphs.identity.usecases.members import live_scopes

__all__ = [
    "MAX_PROVIDERS",
    "ProviderChange",
    "ProviderNameTaken",
    "TooManyProviders",
    "change_provider",
    "create_provider",
    "delete_provider",
]

MAX_PROVIDERS: Final = 10
_MAX_ENTRIES: Final = 20
_NEEDED: Final = {"name": "name", "issuer": "issuer", "client_id": "clientId", "redirect_uris": "redirectUris"}
_DOMAIN: Final = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class ProviderNameTaken(Conflict):
    """The tenant has an identity provider of this name."""

    code = "IDENTITY_PROVIDER_NAME_TAKEN"


class TooManyProviders(Refused):
    """A tenant has ten identity providers at most."""

    code = "TOO_MANY_IDENTITY_PROVIDERS"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderChange:
    """What is said of a provider; None for what stays.

    Attributes:
        client_secret: empty for a public client.
        default_role: of those who join by their domain.
        by_invitation: nobody joins by their domain any more.
    """

    name: str | None = None
    issuer: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    allowed_domains: Sequence[str] | None = None
    redirect_uris: Sequence[str] | None = None
    default_role: Role | None = None
    by_invitation: bool = False
    is_enabled: bool | None = None


async def create_provider(operation: Operation, given: ProviderChange) -> Row[Any]:
    """Stores a provider.

    Raises:
        BadUserInput: a value that is no good, or missing.
        ProviderNameTaken: there is one of that name.
        TooManyProviders: as the class says.
        Forbidden: the caller is no owner any more, or no person.
    """
    session, tenant_id = operation.session, operation.tenant_id()
    values = await _checked(operation, given)
    for column, field in _NEEDED.items():
        if not values.get(column):
            raise InvalidValue(field, "is needed")
    if await provider_rows.lock_providers(session, tenant_id) >= MAX_PROVIDERS:
        raise TooManyProviders
    filled = {"client_secret": None, "allowed_domains": [], "default_role": None, "is_enabled": True, **values}
    row = await provider_rows.add_provider(session, tenant_id, **filled)
    if row is None:
        raise ProviderNameTaken
    await _note(operation, AuditAction.IDENTITY_PROVIDER_CREATED, row, ())
    return row


async def change_provider(operation: Operation, provider_id: UUID, given: ProviderChange) -> Row[Any]:
    """The changed provider. Another issuer forgets whom the one before has signed in: its names mean other people.

    Raises:
        As `create_provider`, and NotFound: the tenant has no such provider.
    """
    session = operation.session
    values = await _checked(operation, given)
    before = await provider_rows.provider(session, provider_id)
    if before is None:
        raise NotFound("There is no such identity provider.")
    if values.get("issuer", before.issuer) != before.issuer:
        raise InvalidValue("issuer", "cannot be changed: its names mean other people. Make another provider")
    named = values.get("name", before.name)
    taken = None if named == before.name else await provider_rows.provider_named(session, named)
    if taken is not None:
        raise ProviderNameTaken
    row = await provider_rows.change_provider(session, provider_id, **values)
    if row is None:
        raise NotFound("There is no such identity provider.")
    await _note(operation, AuditAction.IDENTITY_PROVIDER_CHANGED, row, sorted(values))
    return row


async def delete_provider(operation: Operation, provider_id: UUID) -> None:
    """Ends a provider. Members stay members; their log-ins go on until they end or are revoked.

    Raises:
        NotFound: the tenant has no such provider.
        Forbidden: the caller is no owner any more, or no person.
    """
    await _owner(operation)
    row = await provider_rows.remove_provider(operation.session, provider_id)
    if row is None:
        raise NotFound("There is no such identity provider.")
    await _note(operation, AuditAction.IDENTITY_PROVIDER_DELETED, row, ())


async def _owner(operation: Operation) -> frozenset[str]:
    if operation.request.user_id is None:
        raise Forbidden("Identity providers are set up by people, not by keys.")
    return await live_scopes(operation, "identity:admin")


async def _checked(operation: Operation, given: ProviderChange) -> dict[str, Any]:
    """The columns that are said, each of them good."""
    own_scopes = await _owner(operation)
    values = _plain(given, loopback=operation.settings.oidc_loopback)
    if given.client_secret is not None:
        if len(given.client_secret) > 1000:
            raise InvalidValue("clientSecret", "has at most 1,000 characters")
        sealed = await operation.session.seal([given.client_secret]) if given.client_secret else [None]
        (values["client_secret"],) = sealed
    if given.allowed_domains is not None:
        values["allowed_domains"] = _domains(given.allowed_domains)
    if given.redirect_uris is not None:
        values["redirect_uris"] = _redirect_uris(given.redirect_uris)
    if given.default_role is not None or given.by_invitation:
        values["default_role"] = _default_role(given, own_scopes)
    return values


def _plain(given: ProviderChange, *, loopback: bool) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for column, value, most in (("name", given.name, 100), ("client_id", given.client_id, 500)):
        if value is not None:
            if not 1 <= len(value.strip()) <= most or not value.isprintable():
                raise InvalidValue(_NEEDED[column], f"has from 1 to {most} printable characters")
            values[column] = value.strip()
    if given.issuer is not None:
        known = is_provider_url(given.issuer, loopback=loopback)
        if not known or len(given.issuer) > 500 or urlsplit(given.issuer).query:
            raise InvalidValue("issuer", "is the provider's address as it calls itself, with https and without a query")
        values["issuer"] = given.issuer
    if given.is_enabled is not None:
        values["is_enabled"] = given.is_enabled
    return values


def _default_role(given: ProviderChange, own_scopes: frozenset[str]) -> str | None:
    role = given.default_role
    if role is None:
        return None
    if given.by_invitation:
        raise InvalidValue("byInvitation", "leaves no role for who joins by a domain")
    if role is Role.OWNER:
        raise InvalidValue("defaultRole", "is not OWNER: owners are made by owners")
    check_may_grant(role, own_scopes)
    return str(role.value)


def _domains(given: Sequence[str]) -> list[str]:
    found = sorted({domain.strip().lower().removeprefix("@") for domain in given})
    if len(found) > _MAX_ENTRIES:
        raise InvalidValue("allowedDomains", f"has at most {_MAX_ENTRIES} entries")
    for domain in found:
        if not _DOMAIN.fullmatch(domain):
            raise BadUserInput(f"{domain[:100]!r} is no domain of e-mail addresses.", path=("input", "allowedDomains"))
    return found


def _redirect_uris(given: Sequence[str]) -> list[str]:
    found = sorted(set(given))
    if not 1 <= len(found) <= _MAX_ENTRIES:
        raise InvalidValue("redirectUris", f"has from 1 to {_MAX_ENTRIES} entries")
    for uri in found:
        if len(uri) > 500 or not _is_redirect_uri(uri):
            message = f"{uri[:100]!r} is no address to come back to: https, or http on localhost, without a fragment."
            raise BadUserInput(message, path=("input", "redirectUris"))
    return found


def _is_redirect_uri(uri: str) -> bool:
    host = urlsplit(uri).hostname if is_provider_url(uri.replace("http://", "https://", 1), loopback=False) else None
    if host is None:
        return False
    return uri.startswith("https://") or host in ("localhost", "127.0.0.1") or host.endswith(".localhost")


async def _note(operation: Operation, action: AuditAction, row: Row[Any], changed: Sequence[str]) -> None:
    details = {"issuer": row.issuer, "clientId": row.client_id, "changed": " ".join(changed) or None}
    actor, tenant_id = operation.request.user_id, operation.tenant_id()
    await note(operation.session, tenant_id, action, actor=actor, label=row.name, details=details)
