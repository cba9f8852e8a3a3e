import re
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from resolvers.demo import demo_id, demo_tenant_id

INTERNAL: dict[str, Any] = {"tenant": None, "user": None, "scopes": ["internal"]}
CREATE = """
mutation ($input: CreateApiKeyInput!) {
  createApiKey(input: $input) {
    key apiKey { id prefix scopes revokedAt } errors { code ... on InvalidInputError { path } }
  }
}
"""
REVOKE = "mutation ($id: ID!) { revokeApiKey(id: $id) { apiKey { revokedAt } errors { code } } }"
AUTHENTICATE = """
query ($key: String!) {
  authenticateApiKey(key: $key) { tenantId tenantSlug userId roles scopes plan locale channel createdBy }
}
"""
RESOLVE = "query ($d: String, $s: String) { resolveTenant(domain: $d, slug: $s) { id slug plan locale channel } }"


async def create(identity: Any, **values: Any) -> dict[str, Any]:
    given = {"name": "Partner", "scopes": ["directory:read", "crm:read"], **values}
    data: dict[str, Any] = await identity.data(CREATE, {"input": given})
    return data["createApiKey"]  # type: ignore[no-any-return]


async def authenticate(identity: Any, key: str) -> dict[str, Any] | None:
    data: dict[str, Any] = await identity.data(AUTHENTICATE, {"key": key}, **INTERNAL)
    return data["authenticateApiKey"]  # type: ignore[no-any-return]


async def test_a_key_is_shown_once_and_speaks_for_its_tenant(identity: Any, admin: asyncpg.Connection) -> None:
    payload = await create(identity)
    key = payload["key"]
    assert re.fullmatch(r"bk_[0-9a-f]{16}_[A-Za-z0-9_-]{43}", key)
    assert await authenticate(identity, key) == {
        "tenantId": str(demo_tenant_id("acme")),
        "tenantSlug": "acme",
        "userId": None,
        "roles": [],
        "scopes": ["crm:read", "directory:read"],
        "plan": "growth",
        "locale": "en-GB",
        "channel": "default-channel",
        "createdBy": str(demo_id("acme", "user", "ada")),
    }
    secret = key.split("_", 2)[2]
    rows = await admin.fetch("select t::text as row from identity.api_keys t")
    assert not any(secret in row["row"] for row in rows)
    listed = await identity.data("{ apiKeys(first: 1) { edges { node { id prefix lastUsedAt } } } }")
    (edge,) = listed["apiKeys"]["edges"]
    assert edge["node"]["id"] == payload["apiKey"]["id"]
    assert edge["node"]["lastUsedAt"] is not None


async def test_a_revoked_key_is_dead_at_once(identity: Any) -> None:
    payload = await create(identity)
    key_id = payload["apiKey"]["id"]
    other = await identity.data(REVOKE, {"id": key_id}, tenant="globex")
    assert other["revokeApiKey"]["errors"] == [{"code": "NOT_FOUND"}]
    assert await authenticate(identity, payload["key"]) is not None
    first = (await identity.data(REVOKE, {"id": key_id}))["revokeApiKey"]["apiKey"]["revokedAt"]
    assert await authenticate(identity, payload["key"]) is None
    # For the Brain, which remembers for half a minute what the key was good for.
    assert 60 < await identity.app.redis.ttl(f"identity:revoked-key:{payload['apiKey']['prefix']}") <= 120
    assert (await identity.data(REVOKE, {"id": key_id}))["revokeApiKey"]["apiKey"]["revokedAt"] == first


async def test_an_expired_key(identity: Any, admin: asyncpg.Connection) -> None:
    soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    payload = await create(identity, expiresAt=soon)
    assert await authenticate(identity, payload["key"]) is not None
    await admin.execute(
        "update identity.api_keys set expires_at = now() - interval '1 second' where id = $1",
        uuid.UUID(payload["apiKey"]["id"]),
    )
    assert await authenticate(identity, payload["key"]) is None


async def test_wrong_keys(identity: Any) -> None:
    key = (await create(identity))["key"]
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    for value in (wrong, key[:-1], key + "A", "", "bk__", f"bk_{'0' * 16}_{'A' * 43}", "\ud800", "\0"):
        assert await authenticate(identity, value) is None


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["internal"]}, "scopes"),
        ({"scopes": ["identity:admin"]}, "scopes"),
        ({"scopes": ["crm:everything"]}, "scopes"),
        ({"name": "  "}, "name"),
        ({"expiresAt": "2020-01-01T00:00:00Z"}, "expiresAt"),
        ({"expiresAt": "2040-01-01T00:00:00"}, "expiresAt"),
    ],
)
async def test_what_a_key_cannot_be(identity: Any, values: dict[str, Any], path: str) -> None:
    payload = await create(identity, **values)
    assert payload["key"] is None
    assert payload["errors"] == [{"code": "BAD_USER_INPUT", "path": ["input", path]}]


async def test_a_key_cannot_do_more_than_its_maker(identity: Any) -> None:
    body = await identity.call(
        CREATE, {"input": {"name": "K", "scopes": ["crm:write"]}}, scopes=["identity:admin", "crm:read"]
    )
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "crm:write"}


async def test_tenants_are_found_by_domain_and_slug(identity: Any) -> None:
    acme = {
        "id": str(demo_tenant_id("acme")),
        "slug": "acme",
        "plan": "growth",
        "locale": "en-GB",
        "channel": "default-channel",
    }
    for values in ({"d": "ACME.localhost."}, {"d": "acme.example"}, {"s": "acme"}):
        assert (await identity.data(RESOLVE, values, **INTERNAL))["resolveTenant"] == acme
    for values in ({"d": "nowhere.example"}, {"s": "ACME"}, {"s": ""}):
        assert (await identity.data(RESOLVE, values, **INTERNAL))["resolveTenant"] is None
    for values in ({}, {"d": "acme.example", "s": "acme"}):
        body = await identity.call(RESOLVE, values, **INTERNAL)
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(("query", "values"), [(AUTHENTICATE, {"key": "bk_x"}), (RESOLVE, {"s": "acme"})])
async def test_the_brains_own_fields_are_for_the_brain(identity: Any, query: str, values: dict[str, str]) -> None:
    body = await identity.call(query, values)
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "internal"}
    assert "bk_" not in str(body)


def test_the_brains_own_fields_are_inaccessible(identity: Any) -> None:
    sdl = identity.app.schema.as_str()
    assert re.search(r"resolveTenant\([^)]*\): Tenant @inaccessible", sdl)
    assert re.search(r"authenticateApiKey\([^)]*\): ApiKeyGrant @inaccessible", sdl)
    assert "type ApiKeyGrant @inaccessible" in sdl
