"""Which tenant a request is for, once everything that names one is known. Pure decisions, no input or output."""

from dataclasses import dataclass, replace
from functools import lru_cache

from brain.caller import ANONYMOUS, Caller
from router.hooks import RequestRefused

__all__ = ["ACT_FOR_ANY_TENANT", "Tenant", "agree", "must_look_up"]

ACT_FOR_ANY_TENANT = "platform:act"
"""Scope of credentials that belong to no tenant and may name one."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """What the Brain needs to know of a tenant. `id` is UUID text."""

    id: str
    slug: str
    plan: str | None = None
    locale: str | None = None
    channel: str | None = None

    def is_named(self, name: str) -> bool:
        """Whether `name` is this tenant's id or slug."""
        return name.lower() in (self.id, self.slug)


def must_look_up(caller: Caller, named: str | None) -> bool:
    """Whether the tenant that `X-Tenant` names has to be found; a credential's own tenant need only agree with it."""
    return named is not None and caller.tenant_id is None and ACT_FOR_ANY_TENANT in caller.scopes


def agree(caller: Caller, host: Tenant | None, named: str | None, found: Tenant | None = None) -> Caller:
    """The caller with the one tenant that everything agrees on, or with none if nothing names one.

    Args:
        caller: as the credential says; its tenant wins where there is one.
        host: the tenant whose domain the request was sent to.
        named: the `X-Tenant` header's value, a slug or an id.
        found: the tenant that `named` names, where `must_look_up`.

    Raises:
        RequestRefused: two of them disagree (`TENANT_MISMATCH`), or the credential may not act for the tenant.
    """
    if caller.tenant_id is not None:
        own = caller.tenant_id.lower()
        if host is not None and host.id != own:
            raise _mismatch("The credential is for one tenant, the host name belongs to another.")
        if named is not None and not Tenant(own, caller.tenant_slug or own).is_named(named):
            raise _mismatch("The credential is for one tenant, X-Tenant names another.")
        return caller
    if caller.via == "anonymous":
        if named is not None and host is None:
            raise RequestRefused("X-Tenant needs a credential that may act for that tenant.")
        if named is not None and host is not None and not host.is_named(named):
            raise _mismatch("The host name belongs to one tenant, X-Tenant names another.")
        return caller if host is None else _anonymous_in(host)
    if (host is not None or named is not None) and ACT_FOR_ANY_TENANT not in caller.scopes:
        raise RequestRefused("The credential may not act for this tenant.")
    if named is not None and found is None:
        raise RequestRefused("The credential may not act for this tenant.")  # whether it exists is nobody's business
    if host is not None and found is not None and host.id != found.id:
        raise _mismatch("The host name belongs to one tenant, X-Tenant names another.")
    return _within(caller, found or host)


@lru_cache(maxsize=1000)
def _anonymous_in(tenant: Tenant) -> Caller:
    return _within(ANONYMOUS, tenant)


def _within(caller: Caller, tenant: Tenant | None) -> Caller:
    if tenant is None:
        return caller
    return replace(
        caller,
        tenant_id=tenant.id,
        tenant_slug=tenant.slug,
        plan=tenant.plan,
        locale=caller.locale or tenant.locale,
        channel=tenant.channel,
    )


def _mismatch(message: str) -> RequestRefused:
    return RequestRefused(message, code="TENANT_MISMATCH")
