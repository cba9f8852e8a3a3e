"""Signing in by a tenant's identity provider.

What a provider says is believed for its own tenant alone: it never leads to an account of another one, whatever address
it claims. Within the tenant an address counts if the provider says that it is the person's, and may bring it: because
the domain is one of those that the owners have named, or because the address is invited.
"""

import hashlib
import hmac
import json
import logging
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import Row

from resolvers.errors import BadUserInput, NotFound, Refused
from resolvers.session import TenantSession
from subgraphs.identity.domain import AuditAction, LogInMethod, Role, normal_email
from subgraphs.identity.openid import (
    Browser,
    OpenIdClient,
    OpenIdFault,
    Person,
    ProviderUnavailable,
    RelyingParty,
)
from subgraphs.identity.repository import credentials as credential_rows
from subgraphs.identity.repository import invitations as invitation_rows
from subgraphs.identity.repository import members as member_rows
from subgraphs.identity.repository import providers as provider_rows
from subgraphs.identity.tokens import AccessTokens, Member, hash_secret, new_secret
from subgraphs.identity.usecases.audit import note
from subgraphs.identity.usecases.log_in import LogIn, open_session
from subgraphs.identity.usecases.members import join
from subgraphs.identity.usecases.providers import MAX_PROVIDERS
from subgraphs.identity.usecases.rate_limit import count_start

__all__ = [
    "Begun",
    "SignOnExpired",
    "SignOnFailed",
    "SignOnNotAllowed",
    "SignOnUnavailable",
    "begin",
    "choices",
    "complete",
]

_log = logging.getLogger("subgraphs.identity")
_BEGUN_FOR_S: Final = 600
_MAX_CHARS: Final = 4000


class SignOnExpired(Refused):
    """This sign-in has expired, was used already, or was begun in another browser: begin again."""

    code = "SIGN_ON_EXPIRED"


class SignOnFailed(Refused):
    """The identity provider's answer could not be verified: begin again."""

    code = "SIGN_ON_FAILED"


class SignOnUnavailable(Refused):
    """The identity provider does not answer right now, or is not set up as it should be."""

    code = "IDENTITY_PROVIDER_UNAVAILABLE"


class SignOnNotAllowed(Refused):
    """The identity provider knows you; this tenant does not let you in. Ask its owner for an invitation."""

    code = "SIGN_ON_NOT_ALLOWED"


@dataclass(frozen=True, slots=True)
class Begun:
    """Attributes:
    url: of the provider, where the browser goes.
    browser_secret: stays with the browser.
    """

    url: str
    browser_secret: str


async def choices(session: TenantSession, tenant_slug: str | None) -> list[Row[Any]]:
    """Providers that are switched on, of the tenant that is named, else that of the request; none without one."""
    if await _assume(session, tenant_slug) is None:
        return []
    return await provider_rows.enabled_providers(session, MAX_PROVIDERS)


async def begin(
    session: TenantSession,
    redis: Redis,
    openid: OpenIdClient,
    *,
    tenant_slug: str | None,
    provider_id: UUID,
    redirect_uri: str,
) -> Begun:
    """Where to send the browser, and what it must bring back.

    Args:
        session: no connection is held while the provider is asked.

    Raises:
        NotFound: the tenant has no such provider that is switched on.
        BadUserInput: the provider is not told to come back to `redirect_uri`.
        SignOnUnavailable: the provider's metadata cannot be had.
        RateLimited: too many were begun.
    """
    async with session.apart() as own:
        tenant_id = await _assume(own, tenant_slug)
        row = None if tenant_id is None else await provider_rows.provider(own, provider_id)
        if tenant_id is None or row is None or not row.is_enabled:
            raise NotFound("There is no such identity provider.")
        party = await _party(own, row)
    if redirect_uri not in row.redirect_uris:
        raise BadUserInput("The provider is not set up for this address.", path=("input", "redirectUri"))
    await count_start(redis, tenant_id, session.context.client)
    browser = Browser(new_secret())
    state = f"{tenant_id.hex}.{new_secret()}"
    try:
        url = await openid.authorization_url(party, browser, redirect_uri=redirect_uri, state=state)
    except ProviderUnavailable as error:
        _log.warning("single sign-on of tenant %s: %s", tenant_id, error)
        raise SignOnUnavailable from error
    begun = {"provider": str(row.id), "browser": hash_secret(browser.secret).hex(), "redirect_uri": redirect_uri}
    await redis.set(_place(tenant_id, state), json.dumps(begun), ex=_BEGUN_FOR_S)
    return Begun(url, browser.secret)


async def complete(
    session: TenantSession,
    redis: Redis,
    openid: OpenIdClient,
    tokens: AccessTokens,
    *,
    state: str,
    code: str,
    browser_secret: str,
    issuer: str | None,
) -> LogIn:
    """Tokens for whom the provider has signed in, who becomes a member if the tenant wants it so.

    Args:
        session: no connection is held while the provider is asked.
        issuer: `iss` of what the provider has sent the browser back with, if it was there.

    Raises:
        SignOnExpired: the state is unknown, old or used, or another browser's.
        SignOnFailed: what the provider says does not hold.
        SignOnUnavailable: it does not answer.
        SignOnNotAllowed: it does hold, and the tenant does not let this person in.
    """
    tenant_id, begun = await _taken(session, redis, state, browser_secret)
    async with session.apart() as own:
        await own.assume_tenant(tenant_id)
        row = await provider_rows.provider(own, UUID(begun["provider"]))
        if row is None or not row.is_enabled:
            raise SignOnExpired
        party = await _party(own, row)
    if max(len(code), len(issuer or "")) > _MAX_CHARS or not code:
        raise SignOnFailed
    try:
        redirect_uri = begun["redirect_uri"]
        browser = Browser(browser_secret)
        person = await openid.person(party, browser, redirect_uri=redirect_uri, code=code, issuer=issuer)
    except OpenIdFault as error:
        _log.warning("single sign-on of tenant %s by provider %s: %s", tenant_id, row.id, error)
        raise SignOnFailed from error
    except ProviderUnavailable as error:
        _log.warning("single sign-on of tenant %s by provider %s: %s", tenant_id, row.id, error)
        raise SignOnUnavailable from error
    async with session.apart() as own:
        await own.assume_tenant(tenant_id)
        # Read again: an owner may have switched it off while the person was signing in.
        row = await provider_rows.provider(own, row.id)
        found = "the provider is switched off" if row is None or not row.is_enabled else await _admit(own, row, person)
        if isinstance(found, Member):
            return await open_session(own, redis, tokens, found, LogInMethod.SINGLE_SIGN_ON)
        details = {"reason": found, "provider": None if row is None else row.name}
        action, label = AuditAction.SINGLE_SIGN_ON_REFUSED, (person.email or person.subject)[:254]
        await note(own, tenant_id, action, actor=None, label=label, details=details)
    raise SignOnNotAllowed


async def _admit(session: TenantSession, provider: Row[Any], person: Person) -> Member | str:
    """The member that the person is or becomes, or why they are none."""
    tenant_id: UUID = provider.tenant_id
    await provider_rows.lock_subject(session, provider.id, person.subject)
    known = await provider_rows.user_of(session, provider.id, person.subject)
    if known is not None:
        member = await member_rows.member(session, known)
        if member is not None:
            return member
    if person.email is None or not person.is_verified:
        return "the address is not verified"
    try:
        email = normal_email(person.email)
    except BadUserInput:
        return "the address is none"
    is_own_domain = email.rpartition("@")[2] in provider.allowed_domains
    invitation = await invitation_rows.lock_invitation_of(session, email)
    if known is None and is_own_domain:
        there = await member_rows.member_by_address(session, email)
        if there is not None:
            if not await provider_rows.link(session, tenant_id, provider.id, person.subject, there):
                return "the member is somebody else's at the provider"
            return await member_rows.member(session, there) or "the member is gone"
    if invitation is not None:
        role, by, invited_by = Role(invitation.role), "invitation", invitation.invited_by
    elif known is not None:
        return "the member was removed"
    elif is_own_domain and provider.default_role is not None:
        role, by, invited_by = Role(provider.default_role), "domain", None
    else:
        return "neither invited nor of a domain that may join"
    user_id = known or await provider_rows.create_account(session, provider.id, email, _name_of(person, email))
    if user_id is None:
        return "neither invited nor of a domain that may join"
    if known is None:
        await provider_rows.link(session, tenant_id, provider.id, person.subject, user_id)
    if invitation is not None:
        await invitation_rows.accept_invitation(session, invitation.id)
    return await join(session, tenant_id, user_id, role, by=by, invited_by=invited_by) or "the member is there already"


async def _assume(session: TenantSession, tenant_slug: str | None) -> UUID | None:
    """The tenant that is named, else that of the request, for which the session acts from now on; None for none."""
    wanted = session.context.tenant_id
    if tenant_slug is not None:
        named = await credential_rows.find_tenant(session, slug=tenant_slug)
        if named is None or wanted not in (None, named):
            return None
        wanted = named
    if wanted is not None:
        await session.assume_tenant(wanted)
    return wanted


async def _party(session: TenantSession, row: Row[Any]) -> RelyingParty:
    secret = None
    if row.client_secret is not None:
        (secret,) = await session.unseal([row.client_secret])
    return RelyingParty(str(row.id), row.issuer, row.client_id, secret)


async def _taken(session: TenantSession, redis: Redis, state: str, browser_secret: str) -> tuple[UUID, dict[str, str]]:
    """What was begun, which is good once, and only for the browser that began. Raises `SignOnExpired`."""
    if max(len(state), len(browser_secret)) > _MAX_CHARS:
        raise SignOnExpired
    try:
        tenant_id = UUID(hex=state.partition(".")[0])
    except ValueError:
        raise SignOnExpired from None
    if session.context.tenant_id not in (None, tenant_id):
        raise SignOnExpired
    found = await redis.getdel(_place(tenant_id, state))
    if found is None:
        raise SignOnExpired
    begun: dict[str, str] = json.loads(found)
    if not hmac.compare_digest(begun["browser"], hash_secret(browser_secret).hex()):
        raise SignOnExpired
    return tenant_id, begun


def _place(tenant_id: UUID, state: str) -> str:
    digest = hashlib.sha256(state.encode("utf-8", "surrogatepass")).hexdigest()
    return f"identity:sign-on:{tenant_id}:{digest}"


def _name_of(person: Person, email: str) -> str:
    name = " ".join((person.name or "").split())[:200]
    return name if name and name.isprintable() else email.partition("@")[0]
