"""Who calls, and for which tenant: every way to say it, and every way to disagree."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from redis.asyncio import Redis

from brain.caller import Caller
from brain.context_header import ContextSigner
from brain.embedded.ports import free_port
from brain.identity_client import IdentityClient
from brain.policy import ACT_FOR_ANY_TENANT
from brain.revocation import Revocations
from brain.tenancy import TenantResolver, domain_of
from brain.tokens import AccessTokens, SigningKeys
from router.hooks import RequestRefused

from .conftest import ACME, GLOBEX, Identity


def bearer(credential: str, **more: str) -> dict[str, str]:
    return {"host": "127.0.0.1:8001", "authorization": f"Bearer {credential}", **more}


async def refused(resolver: TenantResolver, headers: dict[str, str]) -> RequestRefused:
    with pytest.raises(RequestRefused) as caught:
        await resolver.resolve(headers)
    return caught.value


def grant(**changes: Any) -> dict[str, Any]:
    return {
        "tenantId": ACME["id"],
        "tenantSlug": "acme",
        "userId": None,
        "roles": [],
        "scopes": ["directory:read"],
        "plan": "growth",
        "locale": "en-GB",
        "channel": "uk",
        "createdBy": None,
        **changes,
    }


# ---- where a tenant comes from --------------------------------------------------------------------------------------


async def test_token_names_tenant_and_user(resolver: TenantResolver, identity: Identity) -> None:
    caller = await resolver.resolve(bearer(identity.token()))
    assert (caller.tenant_id, caller.tenant_slug, caller.via) == (ACME["id"], "acme", "token")
    assert (caller.roles, caller.scopes, caller.plan) == (("owner",), ("crm:read",), "growth")
    assert caller.user_id is not None


async def test_api_key_in_either_header(resolver: TenantResolver, identity: Identity) -> None:
    identity.api_keys["bk_p_secret"] = grant()
    for headers in (bearer("bk_p_secret"), {"host": "localhost", "x-api-key": "bk_p_secret"}):
        caller = await resolver.resolve(headers)
        assert (caller.tenant_slug, caller.via, caller.scopes) == ("acme", "api_key", ("directory:read",))
    assert identity.calls == ["api key"], "asked once, remembered"


async def test_host_alone_gives_an_anonymous_caller_a_tenant(resolver: TenantResolver, identity: Identity) -> None:
    caller = await resolver.resolve({"host": "Globex.localhost:8001"})
    assert (caller.tenant_slug, caller.locale, caller.channel) == ("globex", "de-DE", "de")
    assert (caller.user_id, caller.roles, caller.scopes, caller.via) == (None, (), (), "anonymous")


@pytest.mark.parametrize("host", ["127.0.0.1:8001", "localhost:8001", "[::1]:8001", "brain", "", "a b.c", "x" * 300])
async def test_plain_hosts_are_nobodys_and_not_looked_up(
    resolver: TenantResolver, identity: Identity, host: str
) -> None:
    caller = await resolver.resolve({"host": host})
    assert caller.tenant_id is None
    assert identity.calls == []


async def test_identity_is_asked_as_the_brain(resolver: TenantResolver, identity: Identity) -> None:
    await resolver.resolve({"host": "acme.localhost"})
    (context,) = identity.contexts
    assert (context["scopes"], context["tenant"], context["sub"]) == (["internal"], None, None)


async def test_domains_are_remembered_also_unknown_ones(resolver: TenantResolver, identity: Identity) -> None:
    for _ in range(3):
        await resolver.resolve({"host": "acme.localhost"})
        await resolver.resolve({"host": "nobody.example"})
    assert identity.calls == ["acme.localhost", "nobody.example"]


async def test_many_at_once_ask_once(resolver: TenantResolver, identity: Identity) -> None:
    callers = await asyncio.gather(*(resolver.resolve({"host": "acme.localhost"}) for _ in range(20)))
    assert {caller.tenant_slug for caller in callers} == {"acme"}
    assert identity.calls == ["acme.localhost"]


# ---- agreement ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("named", ["acme", "ACME", ACME["id"], ACME["id"].upper()])
async def test_all_three_may_agree(resolver: TenantResolver, identity: Identity, named: str) -> None:
    headers = bearer(identity.token(), host="acme.localhost") | {"x-tenant": named}
    assert (await resolver.resolve(headers)).tenant_slug == "acme"


@pytest.mark.parametrize(
    "other",
    [
        {"x-tenant": "globex"},
        {"x-tenant": GLOBEX["id"]},
        {"host": "globex.localhost"},
        {"host": "globex.localhost", "x-tenant": "acme"},
        {"host": "acme.localhost", "x-tenant": "globex"},
    ],
)
async def test_any_two_that_disagree_are_refused(
    resolver: TenantResolver, identity: Identity, other: dict[str, str]
) -> None:
    identity.api_keys["bk_p_secret"] = grant()
    for credential in (identity.token(), "bk_p_secret"):
        refusal = await refused(resolver, bearer(credential) | other)
        assert (refusal.status, refusal.code) == (403, "TENANT_MISMATCH")


async def test_host_and_name_disagree_without_a_credential(resolver: TenantResolver) -> None:
    refusal = await refused(resolver, {"host": "acme.localhost", "x-tenant": "globex"})
    assert refusal.code == "TENANT_MISMATCH"
    agreed = await resolver.resolve({"host": "acme.localhost", "x-tenant": "acme"})
    assert agreed.tenant_slug == "acme"


async def test_naming_a_tenant_needs_a_credential(resolver: TenantResolver) -> None:
    refusal = await refused(resolver, {"host": "localhost", "x-tenant": "acme"})
    assert (refusal.status, refusal.code) == (403, "FORBIDDEN")


async def test_credential_of_no_tenant_may_act_for_one_only_with_the_scope(
    resolver: TenantResolver, identity: Identity
) -> None:
    nobody = {"tenantId": None, "tenantSlug": None, "plan": None, "channel": None, "locale": None}
    identity.api_keys["bk_plain"] = grant(**nobody)
    identity.api_keys["bk_platform"] = grant(**nobody, scopes=[ACT_FOR_ANY_TENANT, "crm:read"])
    for where in ({"x-tenant": "globex"}, {"host": "globex.localhost"}):
        assert (await refused(resolver, bearer("bk_plain") | where)).status == 403
        caller = await resolver.resolve(bearer("bk_platform") | where)
        assert (caller.tenant_id, caller.plan, caller.channel) == (GLOBEX["id"], "starter", "de")
    both = {"host": "acme.localhost", "x-tenant": "globex"}
    assert (await refused(resolver, bearer("bk_platform") | both)).code == "TENANT_MISMATCH"
    assert (await refused(resolver, bearer("bk_platform") | {"x-tenant": "nobody"})).status == 403
    assert (await resolver.resolve(bearer("bk_platform"))).tenant_id is None


OPERATOR = f"bo_{'0' * 16}_{'k' * 43}"


def operator(**values: Any) -> dict[str, Any]:
    return {"name": "eve", "scopes": ["platform:analytics"], "expiresAt": "2099-01-01T00:00:00+00:00", **values}


async def test_an_operator_is_of_no_tenant_and_asked_for_each_time(
    resolver: TenantResolver, identity: Identity
) -> None:
    identity.operators[OPERATOR] = operator()
    for _ in range(2):
        caller = await resolver.resolve(bearer(OPERATOR))
        assert (caller.tenant_id, caller.user_id, caller.roles, caller.made_by) == (None, None, (), None)
        assert (caller.scopes, caller.via, caller.operator) == (("platform:analytics",), "operator", "eve")
        assert caller.expires_at is not None
    assert identity.calls == ["operator", "operator"]
    del identity.operators[OPERATOR]
    assert (await refused(resolver, bearer(OPERATOR))).status == 401


async def test_an_operator_has_nothing_of_a_tenant(resolver: TenantResolver, identity: Identity) -> None:
    identity.operators[OPERATOR] = operator(scopes=["platform:analytics", "crm:read", "internal", "identity:admin"])
    assert (await resolver.resolve(bearer(OPERATOR))).scopes == ("platform:analytics",)
    for where in ({"x-tenant": "acme"}, {"host": "acme.localhost"}):
        assert (await refused(resolver, bearer(OPERATOR) | where)).status == 403


@pytest.mark.parametrize("key", ["bo_", OPERATOR + "k", OPERATOR[:-1], OPERATOR.upper(), "bo_" + "0" * 9000])
async def test_what_is_no_operators_key_is_not_asked_for(
    resolver: TenantResolver, identity: Identity, key: str
) -> None:
    assert (await refused(resolver, bearer(key))).status == 401
    assert (await refused(resolver, {"host": "localhost", "x-api-key": OPERATOR})).status == 401
    assert "operator" not in identity.calls


async def test_credentials_of_a_tenant_have_no_scopes_of_the_platform(
    resolver: TenantResolver, identity: Identity
) -> None:
    """Whoever says so: identity's own key and its own answer."""
    platform = ["platform:analytics", ACT_FOR_ANY_TENANT, "internal", "crm:read"]
    token = identity.token(roles=["owner", "operator", "platform"], scopes=platform)
    assert (await resolver.resolve(bearer(token))).scopes == ("crm:read",)
    identity.api_keys["bk_p_secret"] = grant(scopes=platform)
    assert (await resolver.resolve(bearer("bk_p_secret"))).scopes == ("crm:read",)


@pytest.mark.parametrize("named", ["", "acme, globex", "a/b", "x" * 64, "é"])
async def test_malformed_name(resolver: TenantResolver, identity: Identity, named: str) -> None:
    assert (await refused(resolver, bearer(identity.token()) | {"x-tenant": named})).status == 400


# ---- credentials that are not valid ---------------------------------------------------------------------------------


def forged(identity: Identity, alg: str) -> str:
    """A token of ours with another algorithm: unsigned, or signed with the public key as a shared secret."""

    def part(value: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    header, claims, _ = identity.token().split(".")
    kid = json.loads(base64.urlsafe_b64decode(header + "=="))["kid"]
    signed = part({"alg": alg, "kid": kid, "typ": "JWT"}) + "." + claims
    secret = identity.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    mac = hmac.new(secret, signed.encode(), hashlib.sha256).digest()
    signature = "" if alg == "none" else base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
    return f"{signed}.{signature}"


@pytest.mark.parametrize(
    "make",
    [
        lambda i: i.token(exp=int(time.time()) - 60),
        lambda i: i.token(iss="somebody"),
        lambda i: i.token(aud="somebody"),
        lambda i: i.token(aud=["brain", "other"]),
        lambda i: i.token(sub=...),
        lambda i: i.token(exp=...),
        lambda i: i.token(jti=...),
        lambda i: i.token(tenant=...),
        lambda i: i.token(tenant=""),
        lambda i: i.token(scopes="crm:read"),
        lambda i: i.token(iat=int(time.time()) + 60),
        lambda i: i.token(headers={"typ": "brain-context+jwt"}),
        lambda i: i.token(key=Ed25519PrivateKey.generate()),
        lambda i: i.token(key=Ed25519PrivateKey.generate(), headers={"kid": "x"}),
        lambda i: ContextSigner(i.context_secret).sign(Caller(ACME["id"]), "brain", request_id="r", deadline_ms=1),
        lambda i: forged(i, "none"),
        lambda i: forged(i, "HS256"),
        lambda i: i.token()[:-8] + "AAAAAAAA",
        lambda i: i.token() + ", Bearer " + i.token(),
        lambda i: "garbage",
        lambda i: "a.b.c",
        lambda i: "x" * 10_000,
        lambda i: "bk_p_wrong",
        lambda i: "bk_" + "x" * 1000,
    ],
)
async def test_bad_credential_is_refused_never_anonymous(
    resolver: TenantResolver, identity: Identity, make: Any
) -> None:
    for host in ("127.0.0.1:8001", "acme.localhost"):
        refusal = await refused(resolver, bearer(make(identity), host=host))
        assert (refusal.status, refusal.code) == (401, "UNAUTHENTICATED")
        assert refusal.headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer"},
        {"authorization": ""},
        {"x-api-key": ""},
        {"x-api-key": "not ours"},
        {"authorization": "Bearer bk_a", "x-api-key": "bk_b"},
    ],
)
async def test_other_forms_of_credentials_are_refused(resolver: TenantResolver, headers: dict[str, str]) -> None:
    assert (await refused(resolver, {"host": "localhost", **headers})).status == 401


async def test_no_client_gets_the_brains_own_scope(resolver: TenantResolver, identity: Identity) -> None:
    identity.api_keys["bk_p_secret"] = grant(scopes=["internal", "crm:read"])
    for credential in ("bk_p_secret", identity.token(scopes=["internal", "crm:read"])):
        assert (await resolver.resolve(bearer(credential))).scopes == ("crm:read",)


async def test_clocks_may_differ_a_little(resolver: TenantResolver, identity: Identity) -> None:
    now = int(time.time())
    assert await resolver.resolve(bearer(identity.token(exp=now - 3)))
    assert await resolver.resolve(bearer(identity.token(iat=now + 3)))


@pytest.mark.parametrize("seconds", [6, 60])
async def test_the_allowance_for_clocks_is_small(resolver: TenantResolver, identity: Identity, seconds: int) -> None:
    now = int(time.time())
    assert (await refused(resolver, bearer(identity.token(exp=now - seconds)))).status == 401
    assert (await refused(resolver, bearer(identity.token(iat=now + seconds + 1)))).status == 401


# ---- revoked before their time --------------------------------------------------------------------------------------


async def test_tokens_issued_until_the_mark_are_refused(
    resolver: TenantResolver, identity: Identity, redis: Redis
) -> None:
    now, ada = int(time.time()), str(uuid.uuid5(uuid.NAMESPACE_DNS, "ada"))
    tokens = {offset: identity.token(iat=now + offset) for offset in (-60, 0, 1)}
    for token in tokens.values():
        assert await resolver.resolve(bearer(token))
    await redis.set(f"identity:revoked:{GLOBEX['id']}:{ada}", now + 100)
    await redis.set(f"identity:revoked:{ACME['id']}:{uuid.uuid4()}", now + 100)
    assert await resolver.resolve(bearer(tokens[-60])), "another tenant's and another user's marks"
    await redis.set(f"identity:revoked:{ACME['id']}:{ada}", now)
    for offset in (-60, 0):
        refusal = await refused(resolver, bearer(tokens[offset]))
        assert (refusal.status, refusal.code) == (401, "UNAUTHENTICATED")
    assert await resolver.resolve(bearer(tokens[1]))


async def test_a_revoked_key_is_refused_though_it_is_remembered(
    resolver: TenantResolver, identity: Identity, redis: Redis
) -> None:
    identity.api_keys |= {"bk_p_secret": grant(), "bk_q_secret": grant()}
    for key in ("bk_p_secret", "bk_q_secret"):
        assert await resolver.resolve(bearer(key))
    await redis.set("identity:revoked-key:p", "1")
    refusal = await refused(resolver, bearer("bk_p_secret"))
    assert (refusal.status, refusal.code) == (401, "UNAUTHENTICATED")
    assert await resolver.resolve(bearer("bk_q_secret"))
    assert identity.calls == ["api key", "api key"]


async def test_without_redis_no_credential_is_trusted(identity_client: IdentityClient, identity: Identity) -> None:
    identity.api_keys["bk_p_secret"] = grant()
    redis: Redis = Redis.from_url(f"redis://127.0.0.1:{free_port()}")
    revocations = Revocations(redis)
    tokens = AccessTokens(SigningKeys(identity_client.jwks), "brain", revocations)
    resolver = TenantResolver(identity_client, tokens, revocations)
    for credential in (identity.token(), "bk_p_secret"):
        refusal = await refused(resolver, bearer(credential))
        assert (refusal.status, refusal.code) == (503, "SERVICE_UNAVAILABLE")
    assert await resolver.resolve({"host": "acme.localhost"}), "who has none needs no mark"
    await redis.aclose()


# ---- identity is away -----------------------------------------------------------------------------------------------


async def test_identity_away_refuses_and_recovers(resolver: TenantResolver, identity: Identity) -> None:
    identity.status = 500
    for headers in ({"host": "acme.localhost"}, bearer("bk_p_secret"), bearer(identity.token())):
        refusal = await refused(resolver, headers)
        assert (refusal.status, refusal.code) == (503, "SERVICE_UNAVAILABLE")
        assert "identity" not in refusal.message.lower()
    identity.status = 200
    assert (await resolver.resolve({"host": "acme.localhost"})).tenant_slug == "acme"


@pytest.mark.parametrize("answer", [{"errors": [{"message": "no"}]}, {"data": None}, {"data": []}, []])
async def test_nonsense_from_identity_is_no_answer(resolver: TenantResolver, identity: Identity, answer: Any) -> None:
    identity.answer = answer or [1]
    assert (await refused(resolver, {"host": "acme.localhost"})).status == 503


def test_domain_of() -> None:
    assert domain_of("Acme.Localhost.:8001") == "acme.localhost"
    assert domain_of("acme.localhost:") == "acme.localhost"
    assert domain_of("10.0.0.1") is None
    assert domain_of("-a.example") is None
    assert domain_of("a..example") is None
    assert domain_of("evil.example/acme.localhost") is None
