"""Who is calling, and for which tenant: from the credential, the host name and `X-Tenant`.

    1. credential: an access token, a run token or an API key, in `Authorization: Bearer` or (keys) `x-api-key`
    2. host name:  the tenant's own domain, such as acme.localhost
    3. X-Tenant:   slug or id, where the credential may act for that tenant

Any two that disagree are refused (`policy.agree`). A credential that is not valid is refused too, never taken for none.
A proxy before the Brain must keep the `Host` header: `X-Forwarded-Host` is anybody's to send, and not read.
"""

import hashlib
import ipaddress
import logging
import re
from collections.abc import Mapping
from functools import partial

from brain.caller import ANONYMOUS, Caller
from brain.identity_client import IdentityClient, IdentityUnavailable
from brain.policy import Tenant, agree, must_look_up
from brain.recent import RecentAnswers
from brain.revocation import Revocations, RevocationsUnavailable
from brain.run_tokens import RunTokens
from brain.tokens import AccessTokens, InvalidCredential, KeysUnavailable
from router.hooks import RequestRefused

__all__ = ["TenantResolver", "domain_of"]

_log = logging.getLogger("brain.tenancy")

_LIFETIME_S = 30.0
_MAX_ENTRIES = 10_000
_API_KEY_PREFIX = "bk_"
_MAX_API_KEY_CHARS = 256
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")


class TenantResolver:
    """Settles who calls; one for the life of the Brain.

    What identity says is remembered for 30 s, so a moved domain takes that long to be noticed. Removed members, changed
    roles and revoked API keys are noticed at once: each request with a credential looks for identity's mark in Redis,
    and is refused with 503 while Redis does not answer.
    """

    def __init__(
        self,
        identity: IdentityClient,
        tokens: AccessTokens,
        revocations: Revocations,
        run_tokens: RunTokens | None = None,
    ) -> None:
        self._run_tokens = run_tokens
        self._identity = identity
        self._tokens = tokens
        self._revocations = revocations
        self._by_domain: RecentAnswers[str, Tenant | None] = RecentAnswers(_LIFETIME_S, _MAX_ENTRIES)
        self._by_slug: RecentAnswers[str, Tenant | None] = RecentAnswers(_LIFETIME_S, _MAX_ENTRIES)
        self._grants: RecentAnswers[bytes, Caller | None] = RecentAnswers(_LIFETIME_S, _MAX_ENTRIES)

    async def resolve(self, headers: Mapping[str, str]) -> Caller:
        """The caller of a request with these headers (names in lower case).

        Raises:
            RequestRefused: 401 for a credential that is not valid, 403 where tenants disagree, 400 for a malformed
                `X-Tenant`, 503 while identity or Redis cannot be asked.
        """
        try:
            caller = await self._authenticate(headers)
            domain = domain_of(headers.get("host", ""))
            host = None
            if domain is not None:
                host = await self._by_domain.get(domain, partial(self._identity.tenant_by_domain, domain))
            named = headers.get("x-tenant")
            if named is not None and not _SLUG.fullmatch(named):
                raise RequestRefused("X-Tenant must be one tenant's slug or id.", code="BAD_REQUEST", status=400)
            found: Tenant | None = None
            if named is not None and must_look_up(caller, named):
                slug = named.lower()
                found = await self._by_slug.get(slug, partial(self._identity.tenant_by_slug, slug))
        except InvalidCredential as error:
            raise _unauthenticated(str(error)) from error
        except (IdentityUnavailable, KeysUnavailable, RevocationsUnavailable) as error:
            _log.error("cannot tell who calls: %s", error)
            raise RequestRefused(
                "Who is calling cannot be established right now.",
                code="SERVICE_UNAVAILABLE",
                status=503,
                headers={"retry-after": "2"},
            ) from error
        return agree(caller, host, named, found)

    async def _authenticate(self, headers: Mapping[str, str]) -> Caller:
        authorization, key = headers.get("authorization"), headers.get("x-api-key")
        if authorization is None and key is None:
            return ANONYMOUS
        if authorization is not None and key is not None:
            raise InvalidCredential("Send one credential, not two.")
        if authorization is not None:
            scheme, _, credential = authorization.strip().partition(" ")
            credential = credential.strip()
            if scheme.lower() != "bearer" or not credential:
                raise InvalidCredential("Use `Authorization: Bearer` with an access token or an API key.")
            if not credential.startswith(_API_KEY_PREFIX):
                if self._run_tokens is not None and self._run_tokens.is_one(credential):
                    return self._run_tokens.verify(credential)
                return await self._tokens.verify(credential)
            key = credential
        assert key is not None
        return await self._by_api_key(key)

    async def _by_api_key(self, key: str) -> Caller:
        if not key.startswith(_API_KEY_PREFIX) or len(key) > _MAX_API_KEY_CHARS:
            raise InvalidCredential("The API key is not valid.")
        # Remembered by hash: no key lies about in memory for longer than its request.
        digest = hashlib.sha256(key.encode()).digest()
        grant = await self._grants.get(digest, partial(self._identity.authenticate_api_key, key))
        # After it was asked for: a key revoked in between leaves its mark before identity says so.
        if grant is None or await self._revocations.has_key(key.split("_")[1]):
            raise InvalidCredential("The API key is not valid.")
        return grant


def domain_of(host: str) -> str | None:
    """The `Host` header as a domain that could be a tenant's, without port; None for addresses and plain names."""
    name = re.sub(r":\d*$", "", host.strip().lower()).removesuffix(".")
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return name if _DOMAIN.fullmatch(name) else None
    return None


def _unauthenticated(message: str) -> RequestRefused:
    return RequestRefused(
        message,
        code="UNAUTHENTICATED",
        status=401,
        headers={"www-authenticate": 'Bearer realm="brain", error="invalid_token"'},
    )
