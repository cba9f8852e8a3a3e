"""Who is calling, and for which tenant: from the credential, the host name and `X-Tenant`.

    1. credential: an access token, a run token, an API key or an operator's, in `Authorization: Bearer` or (API keys)
       `x-api-key`
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
from functools import lru_cache, partial

from brain.caller import ANONYMOUS, Caller
from brain.identity_client import IdentityClient, IdentityUnavailable
from brain.internal_subgraph import SubgraphUnavailable
from brain.policy import Tenant, agree, must_look_up
from brain.recent import RecentAnswers
from brain.revocation import Revocations, RevocationsUnavailable
from brain.run_standing import RunStandings
from brain.run_tokens import RunTokens
from brain.tokens import AccessTokens, InvalidCredential, KeysUnavailable
from router.hooks import RequestRefused

__all__ = ["TenantResolver", "domain_of"]

_log = logging.getLogger("brain.tenancy")

_LIFETIME_S = 30.0
_MAX_ENTRIES = 10_000
_API_KEY_PREFIX = "bk_"
_MAX_API_KEY_CHARS = 256
_OPERATOR_PREFIX = "bo_"
_OPERATOR_KEY = re.compile(r"bo_[0-9a-f]{16}_[A-Za-z0-9_-]{43}")
_MAX_HOST_CHARS = 300
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_SLUG = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,62}")


class TenantResolver:
    """Settles who calls; one for the life of the Brain.

    What identity says is remembered for 30 s, so a moved domain takes that long to be noticed. Removed members, changed
    roles and revoked API keys are noticed at once: each request with a credential looks for identity's mark
    (`Revocations`), and is refused with 503 while that can neither be known nor asked for.
    """

    def __init__(
        self,
        identity: IdentityClient,
        tokens: AccessTokens,
        revocations: Revocations,
        run_tokens: RunTokens | None = None,
        run_standings: RunStandings | None = None,
    ) -> None:
        self._run_tokens = run_tokens
        self._run_standings = run_standings
        self._identity = identity
        self._tokens = tokens
        self._revocations = revocations
        self._by_domain: RecentAnswers[str, Tenant | None] = RecentAnswers(_LIFETIME_S, _MAX_ENTRIES)
        self._by_slug: RecentAnswers[str, Tenant | None] = RecentAnswers(_LIFETIME_S, _MAX_ENTRIES)
        self._grants: RecentAnswers[bytes, Caller | None] = RecentAnswers(_LIFETIME_S, _MAX_ENTRIES)

    def known(self, headers: Mapping[str, str]) -> Caller | None:
        """What `resolve` says, or None if somebody has to be asked, or a signature verified, first.

        Raises:
            RequestRefused: as `resolve`.
        """
        caller = ANONYMOUS
        if "authorization" in headers or "x-api-key" in headers:
            try:
                found = self._known_caller(headers)
            except InvalidCredential as error:
                raise _unauthenticated(str(error)) from error
            except RevocationsUnavailable as error:
                raise _unavailable(error) from error
            if found is None:
                return None
            caller = found
        host: Tenant | None = None
        domain = domain_of(headers.get("host", ""))
        if domain is not None:
            known = self._by_domain.known(domain)
            if known is None:
                return None
            host = known[1]
        named = headers.get("x-tenant")
        if named is not None and (must_look_up(caller, named) or not _SLUG.fullmatch(named)):
            return None
        return agree(caller, host, named)

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
        except (IdentityUnavailable, KeysUnavailable, RevocationsUnavailable, SubgraphUnavailable) as error:
            raise _unavailable(error) from error
        return agree(caller, host, named, found)

    def _known_caller(self, headers: Mapping[str, str]) -> Caller | None:
        authorization = headers.get("authorization")
        if authorization is not None and authorization.startswith("Bearer ") and "x-api-key" not in headers:
            found = self._tokens.known(authorization[7:])  # as it is usually written
            if found is not None:
                return found
        token, key = _credential_in(headers)
        if token is not None:
            return self._tokens.known(token)
        if key is None:
            return ANONYMOUS
        grant = self._grants.known(_digest(key))
        is_revoked = self._revocations.known_key(_prefix_of(key))
        if grant is None or is_revoked is None:
            return None
        if grant[1] is None or is_revoked:
            raise InvalidCredential("The API key is not valid.")
        return grant[1]

    async def _authenticate(self, headers: Mapping[str, str]) -> Caller:
        token, key = _credential_in(headers)
        if token is not None:
            if self._run_tokens is not None and self._run_tokens.is_one(token):
                caller = self._run_tokens.verify(token)
                return caller if self._run_standings is None else await self._run_standings.admitted(caller)
            if token.startswith(_OPERATOR_PREFIX):
                return await self._operator(token)
            return await self._tokens.verify(token)
        if key is None:
            return ANONYMOUS
        grant = await self._grants.get(_digest(key), partial(self._identity.authenticate_api_key, key))
        # After it was asked for: a key revoked in between leaves its mark before identity says so.
        if grant is None or await self._revocations.has_key(_prefix_of(key)):
            raise InvalidCredential("The API key is not valid.")
        return grant

    async def _operator(self, key: str) -> Caller:
        """Asked for each time and never remembered: identity notes that it was used, and a revoked one ends at once."""
        caller = await self._identity.authenticate_operator(key) if _OPERATOR_KEY.fullmatch(key) else None
        if caller is None:
            raise InvalidCredential("The operator's key is not valid.")
        return caller


def _credential_in(headers: Mapping[str, str]) -> tuple[str | None, str | None]:
    """The access token or the API key of a request: one of them, or none.

    Raises:
        InvalidCredential: it has both, or something else.
    """
    authorization, key = headers.get("authorization"), headers.get("x-api-key")
    if authorization is not None:
        if key is not None:
            raise InvalidCredential("Send one credential, not two.")
        scheme, _, credential = authorization.strip().partition(" ")
        credential = credential.strip()
        if scheme.lower() != "bearer" or not credential:
            raise InvalidCredential("Use `Authorization: Bearer` with an access token or an API key.")
        if not credential.startswith(_API_KEY_PREFIX):
            return credential, None
        key = credential
    if key is not None and (not key.startswith(_API_KEY_PREFIX) or len(key) > _MAX_API_KEY_CHARS):
        raise InvalidCredential("The API key is not valid.")
    return None, key


def _digest(key: str) -> bytes:
    """By what it is remembered: no key lies about in memory for longer than its request."""
    return hashlib.sha256(key.encode()).digest()


def _prefix_of(key: str) -> str:
    """What identity's marks call the key."""
    return key.split("_")[1]


def domain_of(host: str) -> str | None:
    """The `Host` header as a domain that could be a tenant's, without port; None for addresses and plain names."""
    return _domain_of(host) if len(host) <= _MAX_HOST_CHARS else None


@lru_cache(maxsize=4096)
def _domain_of(host: str) -> str | None:
    name = re.sub(r":\d*$", "", host.strip().lower()).removesuffix(".")
    try:
        ipaddress.ip_address(name.strip("[]"))
    except ValueError:
        return name if _DOMAIN.fullmatch(name) else None
    return None


def _unavailable(error: Exception) -> RequestRefused:
    _log.error("cannot tell who calls: %s", error)
    return RequestRefused(
        "Who is calling cannot be established right now.",
        code="SERVICE_UNAVAILABLE",
        status=503,
        headers={"retry-after": "2"},
    )


def _unauthenticated(message: str) -> RequestRefused:
    return RequestRefused(
        message,
        code="UNAUTHENTICATED",
        status=401,
        headers={"www-authenticate": 'Bearer realm="brain", error="invalid_token"'},
    )
