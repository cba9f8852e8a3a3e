"""What the Brain asks identity directly: whose a host name is, and what an API key is good for.

These fields are not in the graph that clients see; the calls carry a signed context with the scope `internal`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from brain.caller import PLATFORM_SCOPES, Caller
from brain.context_header import ContextSigner
from brain.http_client import HttpClient
from brain.internal_subgraph import InternalSubgraph, SubgraphUnavailable, exchange_json
from brain.policy import Tenant
from brain.tokens import allowed_scopes, scopes_in_a_tenant

__all__ = ["IdentityClient", "IdentityUnavailable"]

_RESOLVE_TENANT = """
query ResolveTenant($domain: String, $slug: String) {
  resolveTenant(domain: $domain, slug: $slug) { id slug plan locale channel }
}
"""
_AUTHENTICATE = """
query AuthenticateApiKey($key: String!) {
  authenticateApiKey(key: $key) { tenantId tenantSlug userId roles scopes plan locale channel createdBy }
}
"""


_MEMBER = """
query MemberScopes($userId: ID!) { memberScopes(userId: $userId) }
"""
_OPERATOR = """
query AuthenticateOperator($key: String!) { authenticateOperator(key: $key) { name scopes expiresAt } }
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
        self._jwks_url = jwks_url
        self._subgraph = InternalSubgraph(http, url, signer, subgraph)

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
            scopes=(allowed_scopes if grant["tenantId"] is None else scopes_in_a_tenant)(grant["scopes"]),
            plan=grant["plan"],
            locale=grant["locale"],
            channel=grant["channel"],
            via="api_key",
            made_by=grant["createdBy"],
        )

    async def authenticate_operator(self, key: str) -> Caller | None:
        """The operator of the platform whom the key speaks for, or None if it is not valid. Nothing else is theirs.

        Raises:
            IdentityUnavailable: as the class says.
        """
        grant = (await self._ask(_OPERATOR, {"key": key}))["authenticateOperator"]
        if grant is None:
            return None
        return Caller(
            scopes=tuple(scope for scope in allowed_scopes(grant["scopes"]) if scope.startswith(PLATFORM_SCOPES)),
            via="operator",
            expires_at=datetime.fromisoformat(grant["expiresAt"]).timestamp(),
            operator=grant["name"],
        )

    async def member_scopes(self, tenant_id: str, user_id: str) -> frozenset[str] | None:
        """What a member of a tenant may do now; None for who is none.

        Raises:
            IdentityUnavailable: as the class says.
        """
        found = (await self._ask(_MEMBER, {"userId": user_id}, Caller(tenant_id=tenant_id)))["memberScopes"]
        return None if found is None else frozenset(found)

    async def jwks(self) -> Mapping[str, Any]:
        """The published keys of access tokens.

        Raises:
            IdentityUnavailable: as the class says.
        """
        try:
            return await exchange_json(self._http, "GET", self._jwks_url, {}, None, "identity")
        except SubgraphUnavailable as error:
            raise IdentityUnavailable(str(error)) from error

    async def _ask(self, query: str, variables: dict[str, Any], caller: Caller | None = None) -> Mapping[str, Any]:
        try:
            if caller is not None:
                return await self._subgraph.ask(query, variables, caller)
            return await self._subgraph.ask(query, variables)
        except SubgraphUnavailable as error:
            raise IdentityUnavailable(str(error)) from error


def _tenant(found: Any) -> Tenant | None:
    if found is None:
        return None
    return Tenant(found["id"], found["slug"], found["plan"], found["locale"], found["channel"])
