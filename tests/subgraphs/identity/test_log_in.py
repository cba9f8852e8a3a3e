import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import jwt
import pytest
from argon2 import PasswordHasher, extract_parameters
from argon2.profiles import RFC_9106_LOW_MEMORY

from resolvers.demo import demo_id, demo_tenant_id
from resolvers.errors import RateLimited
from subgraphs.identity.domain import ROLE_SCOPES, Role
from subgraphs.identity.passwords import Passwords
from subgraphs.identity.repository import log_ins as log_in_rows
from subgraphs.identity.tokens import hash_secret
from subgraphs.identity.usecases import rate_limit

ANYONE: dict[str, Any] = {"tenant": None, "user": None, "scopes": []}
REFRESH = """
mutation ($token: String!) {
  refreshTokens(refreshToken: $token) { tokens { accessToken refreshToken } errors { code message } }
}
"""
LOG_OUT = "mutation ($token: String!) { logOut(refreshToken: $token) { errors { code } } }"

LogIn = Callable[..., Awaitable[dict[str, Any]]]


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


async def refresh(identity: Any, token: str, **caller: Any) -> dict[str, Any]:
    payload: dict[str, Any] = (await identity.data(REFRESH, {"token": token}, **{**ANYONE, **caller}))["refreshTokens"]
    return payload


async def test_the_access_token_says_who_and_verifies_with_the_published_key(identity: Any, log_in: LogIn) -> None:
    payload = await log_in("ben@globex.example", tenant="globex")
    assert payload["errors"] == []
    assert payload["user"] == {"id": str(demo_id("globex", "user", "ben")), "email": "ben@globex.example"}
    response = await identity.client.get("/identity/.well-known/jwks.json")
    assert response.status_code == 200
    keys = jwt.PyJWKSet.from_dict(response.json())
    assert all("d" not in key for key in response.json()["keys"])
    token = payload["tokens"]["accessToken"]
    kid = jwt.get_unverified_header(token)["kid"]
    claims = jwt.decode(token, keys[kid], algorithms=["EdDSA"], audience="brain", issuer="brain")
    assert claims["exp"] - claims["iat"] == 900 == payload["tokens"]["expiresIn"]
    assert len(claims["jti"]) == 32
    assert {name: claims[name] for name in ("sub", "tenant", "tenant_slug", "roles", "plan", "locale", "channel")} == {
        "sub": str(demo_id("globex", "user", "ben")),
        "tenant": str(demo_tenant_id("globex")),
        "tenant_slug": "globex",
        "roles": ["manager"],
        "plan": "starter",
        "locale": "de-DE",
        "channel": "channel-pln",
    }
    assert claims["scopes"] == sorted(ROLE_SCOPES[Role.MANAGER])


@pytest.mark.parametrize(
    ("email", "password", "tenant"),
    [
        ("ada@acme.example", "demo-acme-ada ", None),
        ("ada@acme.example", "", None),
        ("ada@acme.example", "demo-acme-ada", "globex"),
        ("ada@acme.example", "demo-acme-ada", "nowhere"),
        ("nobody@acme.example", "demo-acme-ada", None),
        ("not an address", "demo-acme-ada", None),
    ],
)
async def test_what_is_wrong_is_not_told(log_in: LogIn, email: str, password: str, tenant: str | None) -> None:
    payload = await log_in(email, password or " ", tenant)
    assert payload["tokens"] is None
    assert payload["user"] is None
    assert payload["errors"] == [
        {
            "code": "INVALID_CREDENTIALS",
            "message": "The e-mail address, the password or the tenant is wrong.",
        }
    ]


async def test_an_address_is_the_same_in_any_case(log_in: LogIn) -> None:
    assert (await log_in(" Ada@ACME.example ", "demo-acme-ada"))["errors"] == []


async def test_the_tenant_of_the_request_counts(identity: Any, log_in: LogIn) -> None:
    """Where the Brain knows the tenant by the host name, a user of another one cannot log in."""
    query = "mutation ($i: LogInInput!) { logIn(input: $i) { tokens { expiresIn } errors { code } } }"
    values = {"i": {"email": "ada@acme.example", "password": "demo-acme-ada"}}
    caller = {"user": None, "scopes": []}
    assert (await identity.data(query, values, tenant="acme", **caller))["logIn"]["errors"] == []
    assert codes((await identity.data(query, values, tenant="globex", **caller))["logIn"]) == ["INVALID_CREDENTIALS"]


async def test_a_user_of_several_tenants_names_one(log_in: LogIn, admin: asyncpg.Connection) -> None:
    ada = demo_id("acme", "user", "ada")
    await admin.execute(
        "insert into identity.memberships (tenant_id, user_id, role) values ($1, $2, 'viewer')",
        demo_tenant_id("globex"),
        ada,
    )
    try:
        assert codes(await log_in()) == ["TENANT_REQUIRED"]
        payload = await log_in(tenant="globex")
        claims = jwt.decode(payload["tokens"]["accessToken"], options={"verify_signature": False})
        assert claims["tenant_slug"] == "globex"
        assert claims["roles"] == ["viewer"]
        assert "crm:write" not in claims["scopes"]
        # The wrong password tells nothing about the tenants.
        assert codes(await log_in(password="wrong")) == ["INVALID_CREDENTIALS"]
    finally:
        await admin.execute(
            "delete from identity.memberships where user_id = $1 and tenant_id = $2", ada, demo_tenant_id("globex")
        )


async def test_hashes_cost_what_they_should() -> None:
    passwords = Passwords()
    stored = await passwords.hash("a secret")
    assert extract_parameters(stored) == RFC_9106_LOW_MEMORY
    assert await passwords.verify("a secret", stored)
    assert not passwords.outdated(stored)
    assert passwords.outdated(PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("a secret"))


async def test_a_weak_hash_is_replaced_at_log_in(log_in: LogIn, admin: asyncpg.Connection) -> None:
    dan = demo_id("acme", "user", "dan")
    weak = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1).hash("demo-acme-dan")
    await admin.execute("update identity.credentials set password_hash = $1 where user_id = $2", weak, dan)
    assert (await log_in("dan@acme.example"))["errors"] == []
    stored = await admin.fetchval("select password_hash from identity.credentials where user_id = $1", dan)
    assert stored != weak
    assert extract_parameters(stored).time_cost == 2, "as the application makes them"
    assert (await log_in("dan@acme.example"))["errors"] == []


async def test_an_unknown_address_costs_a_hash_too(
    identity: Any, log_in: LogIn, monkeypatch: pytest.MonkeyPatch
) -> None:

    checked: list[str] = []
    matches = Passwords._matches
    monkeypatch.setattr(
        Passwords, "_matches", lambda self, password, stored: checked.append(stored) or matches(self, password, stored)
    )
    await log_in("nobody@acme.example", "demo-acme-ada")
    await log_in("ada@acme.example", "wrong")
    unknown, known = checked
    assert unknown.rsplit("$", 2)[0] == known.rsplit("$", 2)[0], "same algorithm, same cost"


ERRORS = "mutation ($i: LogInInput!) { logIn(input: $i) { errors { code } } }"


def from_client(address: str) -> dict[str, Any]:
    return {**ANYONE, "claims": {"client": address}}


def limited(body: dict[str, Any]) -> bool:
    if "errors" not in body:
        return False
    (error,) = body["errors"]
    assert error["extensions"]["code"] == "RATE_LIMITED"
    assert 0 < error["extensions"]["retryAfter"] <= 900
    return True


async def test_failures_are_limited_and_counted_before_they_are_made(identity: Any) -> None:
    wrong = {"i": {"email": "cleo@acme.example", "password": "wrong"}}
    right = {"i": {"email": "cleo@acme.example", "password": "demo-acme-cleo"}}
    here, elsewhere = from_client("192.0.2.7"), from_client("192.0.2.8")
    answers = await asyncio.gather(*(identity.call(ERRORS, wrong, **here) for _ in range(14)))
    assert [limited(answer) for answer in answers].count(True) == 4
    # Not even the right password helps here now. The user elsewhere, and other users here, are not concerned.
    assert limited(await identity.call(ERRORS, right, **here))
    assert (await identity.data(ERRORS, right, **elsewhere))["logIn"]["errors"] == []
    other = {"i": {"email": "ben@acme.example", "password": "demo-acme-ben"}}
    assert (await identity.data(ERRORS, other, **here))["logIn"]["errors"] == []


async def test_failures_are_limited_where_no_client_is_known(identity: Any) -> None:
    wrong = {"i": {"email": "cleo@acme.example", "password": "wrong"}}
    answers = await asyncio.gather(*(identity.call(ERRORS, wrong, **ANYONE) for _ in range(12)))
    assert [limited(answer) for answer in answers].count(True) == 2


@pytest.mark.parametrize(
    ("most", "attempt"),
    [
        (rate_limit._PER_CLIENT, lambda i: (f"user{i}@x.example", "192.0.2.9")),
        (rate_limit._PER_EMAIL, lambda i: ("one@x.example", f"192.0.2.{i}")),
    ],
)
async def test_many_addresses_and_many_clients_are_limited_too(
    identity: Any, most: int, attempt: Callable[[int], tuple[str, str]]
) -> None:
    redis = identity.app.redis
    assert most >= 20 * rate_limit._PER_EMAIL_AND_CLIENT
    for number in range(most):
        await rate_limit.begin_attempt(redis, *attempt(number))
    with pytest.raises(RateLimited):
        await rate_limit.begin_attempt(redis, *attempt(most))
    # One that succeeds makes room for one.
    await rate_limit.forgive_attempt(redis, *attempt(0))
    await rate_limit.forgive_attempt(redis, *attempt(1))
    await rate_limit.begin_attempt(redis, *attempt(most + 1))
    with pytest.raises(RateLimited):
        await rate_limit.begin_attempt(redis, *attempt(most + 2))


async def test_successes_never_count(identity: Any) -> None:
    redis = identity.app.redis
    for _ in range(2 * rate_limit._PER_EMAIL):
        await rate_limit.begin_attempt(redis, "one@x.example", "192.0.2.9")
        await rate_limit.forgive_attempt(redis, "one@x.example", "192.0.2.9")
    assert [key async for key in redis.scan_iter("identity:login:*")] == []
    # A window that ended in between leaves no debt.
    await rate_limit.forgive_attempt(redis, "one@x.example", "192.0.2.9")
    assert [key async for key in redis.scan_iter("identity:login:*")] == []


async def test_a_right_password_forgets_the_wrong_ones(identity: Any, log_in: LogIn) -> None:
    for _ in range(3):
        for _ in range(4):
            assert codes(await log_in(password="wrong")) == ["INVALID_CREDENTIALS"]
        assert (await log_in())["errors"] == []


async def test_refresh_rotates(identity: Any, log_in: LogIn) -> None:
    first = (await log_in())["tokens"]
    payload = await refresh(identity, first["refreshToken"])
    assert payload["errors"] == []
    second = payload["tokens"]
    assert second["refreshToken"] != first["refreshToken"]
    assert second["accessToken"] != first["accessToken"]
    assert (await refresh(identity, second["refreshToken"]))["errors"] == []


async def test_reuse_revokes_the_family_and_no_other(identity: Any, log_in: LogIn, admin: asyncpg.Connection) -> None:
    other = (await log_in())["tokens"]["refreshToken"]
    first = (await log_in())["tokens"]["refreshToken"]
    tokens = (await refresh(identity, first))["tokens"]
    second = tokens["refreshToken"]
    await admin.execute("update identity.refresh_tokens set used_at = used_at - interval '11 seconds'")
    assert codes(await refresh(identity, first)) == ["INVALID_REFRESH_TOKEN"]
    assert codes(await refresh(identity, second)) == ["INVALID_REFRESH_TOKEN"]
    mark = await identity.app.redis.get(f"identity:revoked:{demo_tenant_id('acme')}:{demo_id('acme', 'user', 'ada')}")
    assert int(mark) >= jwt.decode(tokens["accessToken"], options={"verify_signature": False})["iat"]
    assert (await refresh(identity, other))["errors"] == []
    assert await admin.fetchval("select count(*) from identity.login_sessions where revoke_reason = 'reuse'") >= 1


async def test_one_of_many_at_once_wins_and_the_family_lives(identity: Any, log_in: LogIn) -> None:
    token = (await log_in())["tokens"]["refreshToken"]
    for _ in range(10):
        payloads = await asyncio.gather(*(refresh(identity, token) for _ in range(8)))
        (won,) = [payload["tokens"] for payload in payloads if payload["tokens"]]
        lost = [code for payload in payloads for code in codes(payload)]
        assert lost == ["REFRESH_TOKEN_IN_USE"] * 7
        # The next round is with the winner's: it works only if nothing was revoked.
        token = won["refreshToken"]


async def test_a_token_just_used_is_in_use_and_revokes_nothing(
    identity: Any, log_in: LogIn, admin: asyncpg.Connection
) -> None:
    first = (await log_in())["tokens"]["refreshToken"]
    second = (await refresh(identity, first))["tokens"]["refreshToken"]
    assert codes(await refresh(identity, first)) == ["REFRESH_TOKEN_IN_USE"]
    await admin.execute(
        "update identity.refresh_tokens set used_at = used_at - interval '8 seconds' where token_hash = $1",
        hash_secret(first),
    )
    assert codes(await refresh(identity, first)) == ["REFRESH_TOKEN_IN_USE"]
    assert (await refresh(identity, second))["errors"] == []


async def test_a_token_in_another_transaction_is_in_use(identity: Any, log_in: LogIn) -> None:
    token = (await log_in())["tokens"]["refreshToken"]
    async with identity.database.session(identity.context("acme")) as session:
        assert (await log_in_rows.lock_refresh_token(session, hash_secret(token))) is not None
        assert codes(await refresh(identity, token)) == ["REFRESH_TOKEN_IN_USE"]
    assert (await refresh(identity, token))["errors"] == []


async def test_log_out_everywhere(identity: Any, log_in: LogIn) -> None:
    query = "mutation ($token: String!) { logOut(refreshToken: $token, everywhere: true) { errors { code } } }"
    key = f"identity:revoked:{demo_tenant_id('acme')}:{demo_id('acme', 'user', 'dan')}"
    one, two = [(await log_in("dan@acme.example"))["tokens"] for _ in range(2)]
    other = (await log_in())["tokens"]["refreshToken"]
    assert (await identity.data(LOG_OUT, {"token": one["refreshToken"]}, **ANYONE))["logOut"]["errors"] == []
    assert (await identity.data(query, {"token": one["refreshToken"]}, **ANYONE))["logOut"]["errors"] == []
    assert await identity.app.redis.get(key) is None, "one that has ended ends no other"
    assert (await identity.data(query, {"token": two["refreshToken"]}, **ANYONE))["logOut"]["errors"] == []
    assert codes(await refresh(identity, two["refreshToken"])) == ["INVALID_REFRESH_TOKEN"]
    issued = jwt.decode(two["accessToken"], options={"verify_signature": False})["iat"]
    assert int(await identity.app.redis.get(key)) >= issued
    assert (await refresh(identity, other))["errors"] == []


async def test_log_out_ends_the_family(identity: Any, log_in: LogIn) -> None:
    token = (await log_in())["tokens"]["refreshToken"]
    newer = (await refresh(identity, token))["tokens"]["refreshToken"]
    for value in (newer, newer, "rt_unknown", "nonsense"):
        assert (await identity.data(LOG_OUT, {"token": value}, **ANYONE))["logOut"]["errors"] == []
    assert codes(await refresh(identity, newer)) == ["INVALID_REFRESH_TOKEN"]


@pytest.mark.parametrize("token", ["", "rt_", "rt_" + "x" * 43, "rt_" + "x" * 500, "\ud800"])
async def test_an_unknown_refresh_token(identity: Any, token: str) -> None:
    assert codes(await refresh(identity, token)) == ["INVALID_REFRESH_TOKEN"]


async def test_a_refresh_token_is_good_for_its_tenant_only(identity: Any, log_in: LogIn) -> None:
    token = (await log_in())["tokens"]["refreshToken"]
    assert codes(await refresh(identity, token, tenant="globex")) == ["INVALID_REFRESH_TOKEN"]
    assert (await refresh(identity, token, tenant="acme"))["errors"] == []


async def test_an_expired_session(identity: Any, log_in: LogIn, admin: asyncpg.Connection) -> None:
    token = (await log_in("ben@globex.example"))["tokens"]["refreshToken"]
    await admin.execute(
        "update identity.login_sessions set expires_at = now() - interval '1 second' where user_id = $1",
        demo_id("globex", "user", "ben"),
    )
    assert codes(await refresh(identity, token)) == ["INVALID_REFRESH_TOKEN"]


async def test_only_hashes_are_stored(log_in: LogIn, admin: asyncpg.Connection) -> None:
    token = (await log_in())["tokens"]["refreshToken"]
    rows = await admin.fetch("select t::text as row from identity.refresh_tokens t")
    assert rows
    assert not any(token in row["row"] or token.removeprefix("rt_") in row["row"] for row in rows)
    hashes = await admin.fetch("select password_hash from identity.credentials")
    assert all(row["password_hash"].startswith("$argon2id$") for row in hashes)


async def test_the_jwks_is_all_that_needs_no_context(identity: Any) -> None:
    client: httpx.AsyncClient = identity.client
    assert (await client.get("/identity/.well-known/jwks.json")).status_code == 200
    assert (await client.get("/identity/health")).json() == {"status": "ok"}
    assert (await client.post("/identity/graphql", json={"query": "{ __typename }"})).status_code == 401
