"""What the Brain asks identity directly: whose a host name is, and what an API key is good for.

These fields are not in the graph that clients see; the calls carry a signed context with the scope `internal`.
"""

import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from brain.caller import INTERNAL_SCOPE, Caller
from brain.context_header import CONTEXT_HEADER, ContextSigner
from brain.http_client import HttpClient
from brain.policy import Tenant
from brain.tokens import allowed_scopes

__all__ = ["IdentityClient", "IdentityUnavailable"]

_TIMEOUT_S = 5.0
_INTERNAL = Caller(scopes=(INTERNAL_SCOPE,))

_RESOLVE_TENANT = """
query ResolveTenant($domain: String, $slug: String) {
  resolveTenant(domain: $domain, slug: $slug) { id slug plan locale channel }
}
"""
_AUTHENTICATE = """
query AuthenticateApiKey($key: String!) {
  authenticateApiKey(key: $key) { tenantId tenantSlug userId roles scopes plan locale channel }
}
"""


class IdentityUnavailable(Exception):
    """Identity did not answer, or not as agreed."""


class IdentityClient:
    """Calls the identity subgraph as the Brain.

    Args:
        http: how.
        url: identity's GraphQL endpoint.
        jwks_url: where it publishes the keys of access tokens.
        signer: signs the context of the calls.
        subgraph: identity's name in the graph, the audience of that context.
    """

    def __init__(
        self, http: HttpClient, url: str, jwks_url: str, signer: ContextSigner, subgraph: str = "identity"
    ) -> None:
        self._http = http
        self._url = url
        self._jwks_url = jwks_url
        self._signer = signer
        self._subgraph = subgraph

    async def tenant_by_domain(self, domain: str) -> Tenant | None:
        """The tenant that the host name belongs to, or None.

        Raises:
            IdentityUnavailable: as the class says.
        """
        return _tenant((await self._ask(_RESOLVE_TENANT, {"domain": domain}))["resolveTenant"])

    async def tenant_by_slug(self, slug: str) -> Tenant | None:
        """The tenant with the slug, or None.

        Raises:
            IdentityUnavailable: as the class says.
        """
        return _tenant((await self._ask(_RESOLVE_TENANT, {"slug": slug}))["resolveTenant"])

    async def authenticate_api_key(self, key: str) -> Caller | None:
        """Whom the key speaks for, or None if it is not valid.

        Raises:
            IdentityUnavailable: as the class says.
        """
        grant = (await self._ask(_AUTHENTICATE, {"key": key}))["authenticateApiKey"]
        if grant is None:
            return None
        return Caller(
            tenant_id=grant["tenantId"],
            tenant_slug=grant["tenantSlug"],
            user_id=grant["userId"],
            roles=tuple(grant["roles"]),
            scopes=allowed_scopes(grant["scopes"]),
            plan=grant["plan"],
            locale=grant["locale"],
            channel=grant["channel"],
            via="api_key",
        )

    async def jwks(self) -> Mapping[str, Any]:
        """The published keys of access tokens.

        Raises:
            IdentityUnavailable: as the class says.
        """
        return await self._exchange("GET", self._jwks_url, {}, None)

    async def _ask(self, query: str, variables: dict[str, Any]) -> Mapping[str, Any]:
        context = self._signer.sign(
            _INTERNAL,
            self._subgraph,
            request_id=uuid.uuid4().hex,
            deadline_ms=int((time.time() + _TIMEOUT_S) * 1000),
        )
        headers = {"content-type": "application/json", "accept": "application/json", CONTEXT_HEADER: context}
        body = json.dumps({"query": query, "variables": variables}).encode()
        answer = await self._exchange("POST", self._url, headers, body)
        data = answer.get("data")
        if answer.get("errors") or not isinstance(data, dict):
            codes = [error.get("extensions", {}).get("code") for error in answer.get("errors") or ()]
            raise IdentityUnavailable(f"identity answered with errors: {codes}")
        return data

    async def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None
    ) -> Mapping[str, Any]:
        try:
            status, content = await self._http.request(method, url, headers=headers, body=body, timeout_s=_TIMEOUT_S)
        except OSError as error:
            raise IdentityUnavailable(f"identity does not answer: {error}") from error
        if status != 200:
            raise IdentityUnavailable(f"identity answered with status {status}")
        try:
            answer = json.loads(content)
        except ValueError as error:
            raise IdentityUnavailable("identity answered with something other than JSON") from error
        if not isinstance(answer, dict):
            raise IdentityUnavailable("identity answered with something other than an object")
        return answer


def _tenant(found: Any) -> Tenant | None:
    if found is None:
        return None
    return Tenant(found["id"], found["slug"], found["plan"], found["locale"], found["channel"])
