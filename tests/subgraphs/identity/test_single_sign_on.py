"""Signing in by a provider that really runs here, and by one that cheats."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import httpx
import jwt
import pytest
from aiohttp import web

from resolvers.demo import demo_tenant_id
from subgraphs.identity import openid
from subgraphs.identity.domain import ROLE_SCOPES, Role

from .people import ANYONE, OWNER, PASSWORD, accept, codes, invite, join
from .provider import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, Key, Provider, brought_back

CREATE = """
mutation ($input: CreateIdentityProviderInput!) {
  createIdentityProvider(input: $input) {
    identityProvider { id name issuer clientId hasClientSecret allowedDomains redirectUris defaultRole isEnabled }
    errors { code message ... on InvalidInputError { path } }
  }
}
"""
UPDATE = """
mutation ($input: UpdateIdentityProviderInput!) {
  updateIdentityProvider(input: $input) { identityProvider { isEnabled defaultRole name } errors { code } }
}
"""
DELETE = "mutation ($id: ID!) { deleteIdentityProvider(id: $id) { deletedIdentityProviderId errors { code } } }"
BEGIN = """
mutation ($input: BeginSingleSignOnInput!) {
  beginSingleSignOn(input: $input) { authorizationUrl browserSecret errors { code } }
}
"""
COMPLETE = """
mutation ($input: CompleteSingleSignOnInput!) {
  completeSingleSignOn(input: $input) {
    tokens { accessToken refreshToken } user { id email name membership { role } } errors { code }
  }
}
"""
REMOVE = "mutation ($id: ID!) { removeMember(userId: $id) { errors { code } } }"


@pytest.fixture(scope="session")
async def served() -> AsyncIterator[Provider]:
    """The provider, running."""
    provider = Provider()
    runner = web.AppRunner(provider.app())
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    provider.url = f"http://127.0.0.1:{port}"
    yield provider
    await runner.cleanup()


@pytest.fixture
def provider(served: Provider) -> Provider:
    """The provider as it is before a test, with a person of its own."""
    fresh = Provider(url=served.url, keys=served.keys[:1], person=person())
    vars(served).update(vars(fresh))
    return served


def person(domain: str = "acme.test", **claims: Any) -> dict[str, Any]:
    mark = uuid.uuid4().hex
    return {"sub": mark, "email": f"{mark}@{domain}", "email_verified": True, "name": "Eve Nilsen", **claims}


def settings_of(provider: Provider, **given: Any) -> dict[str, Any]:
    return {
        "name": "Acme ID",
        "issuer": provider.url,
        "clientId": CLIENT_ID,
        "clientSecret": CLIENT_SECRET,
        "allowedDomains": ["acme.test"],
        "redirectUris": [REDIRECT_URI],
        "defaultRole": "AGENT",
        **given,
    }


async def create(identity: Any, tenant: uuid.UUID, provider: Provider, **given: Any) -> dict[str, Any]:
    values = {"input": settings_of(provider, **given)}
    data: dict[str, Any] = await identity.data(CREATE, values, tenant=tenant, user=OWNER)
    return data["createIdentityProvider"]  # type: ignore[no-any-return]


@pytest.fixture
async def set_up(identity: Any, tenant: uuid.UUID, provider: Provider) -> str:
    """The id of the provider in the tenant."""
    payload = await create(identity, tenant, provider)
    assert payload["errors"] == []
    return payload["identityProvider"]["id"]  # type: ignore[no-any-return]


SignIn = Callable[..., Awaitable[dict[str, Any]]]


class Browser:
    """Signs in as a browser does, step by step."""

    def __init__(self, identity: Any, tenant: uuid.UUID, provider_id: str) -> None:
        self.identity = identity
        self.provider_id = provider_id
        self.caller = {**ANYONE, "tenant": tenant}

    async def begin(self, redirect_uri: str = REDIRECT_URI, **caller: Any) -> dict[str, Any]:
        values = {"input": {"providerId": self.provider_id, "redirectUri": redirect_uri}}
        data: dict[str, Any] = await self.identity.data(BEGIN, values, **{**self.caller, **caller})
        return data["beginSingleSignOn"]  # type: ignore[no-any-return]

    async def visit(self, begun: dict[str, Any]) -> dict[str, Any]:
        """What the provider sends back, with what the browser has kept."""
        async with httpx.AsyncClient() as client:
            answer = await client.get(begun["authorizationUrl"])
        assert answer.status_code == 302, answer.text
        back = brought_back(answer.headers["location"])
        secret = begun["browserSecret"]
        return {"state": back["state"], "code": back["code"], "issuer": back.get("iss"), "browserSecret": secret}

    async def complete(self, values: dict[str, Any], **caller: Any) -> dict[str, Any]:
        data: dict[str, Any] = await self.identity.data(COMPLETE, {"input": values}, **{**self.caller, **caller})
        return data["completeSingleSignOn"]  # type: ignore[no-any-return]

    async def sign_in(self, **changed: Any) -> dict[str, Any]:
        begun = await self.begin()
        assert begun["errors"] == []
        return await self.complete({**await self.visit(begun), **changed})


@pytest.fixture
def browser(identity: Any, tenant: uuid.UUID, set_up: str) -> Browser:
    return Browser(identity, tenant, set_up)


async def reasons(identity: Any, tenant: uuid.UUID) -> list[str]:
    """Why people were not let in, the last first."""
    query = (
        "{ auditEntries(filter: {actions: [SINGLE_SIGN_ON_REFUSED]}) { edges { node { details { name value } } } } }"
    )
    found = await identity.data(query, tenant=tenant, user=OWNER)
    entries = [edge["node"]["details"] for edge in found["auditEntries"]["edges"]]
    return [next(detail["value"] for detail in entry if detail["name"] == "reason") for entry in entries]


async def test_whoever_is_of_the_domain_joins_and_is_known_again(
    identity: Any, tenant: uuid.UUID, provider: Provider, browser: Browser
) -> None:
    first = await browser.sign_in()
    assert first["errors"] == []
    user = first["user"]
    assert (user["email"], user["name"]) == (provider.person["email"], "Eve Nilsen")
    assert user["membership"] == {"role": "AGENT"}
    claims = jwt.decode(first["tokens"]["accessToken"], options={"verify_signature": False})
    assert (claims["tenant"], claims["sub"], claims["roles"]) == (str(tenant), user["id"], ["agent"])
    # By its name for the person, whatever the address is by then.
    provider.person |= {"email": "other@elsewhere.test", "email_verified": False}
    assert (await browser.sign_in())["user"]["id"] == user["id"]
    listed = "query ($id: ID!) { loginSessions(userId: $id) { edges { node { method } } } }"
    found = await identity.data(listed, {"id": user["id"]}, tenant=tenant, user=OWNER)
    assert [edge["node"]["method"] for edge in found["loginSessions"]["edges"]] == ["SINGLE_SIGN_ON"] * 2


async def test_claims_of_a_provider_give_no_rights(provider: Provider, browser: Browser) -> None:
    """Neither those of the platform nor a tenant's: the provider is the tenant's own, and says what it likes."""
    forged = ["platform:analytics", "internal", "identity:admin"]
    provider.person |= {
        "roles": ["operator", "owner"],
        "groups": ["operator"],
        "role": "OWNER",
        "scopes": forged,
        "scope": " ".join(forged),
        "operator": True,
    }
    signed_in = await browser.sign_in()
    claims = jwt.decode(signed_in["tokens"]["accessToken"], options={"verify_signature": False})
    assert claims["roles"] == ["agent"]
    assert set(claims["scopes"]) == ROLE_SCOPES[Role.AGENT]


async def test_an_account_made_so_has_no_password(
    provider: Provider, browser: Browser, log_in: SignIn, admin: asyncpg.Connection
) -> None:
    user = (await browser.sign_in())["user"]
    assert codes(await log_in(user["email"], "a long password")) == ["INVALID_CREDENTIALS"]
    assert (
        await admin.fetchval("select count(*) from identity.credentials where user_id = $1", uuid.UUID(user["id"])) == 0
    )


async def test_two_first_times_at_once_make_one_member(
    tenant: uuid.UUID, browser: Browser, admin: asyncpg.Connection
) -> None:
    visits = [await browser.visit(await browser.begin()) for _ in range(3)]
    found = await asyncio.gather(*(browser.complete(visit) for visit in visits))
    assert [payload["errors"] for payload in found] == [[], [], []]
    assert len({payload["user"]["id"] for payload in found}) == 1
    assert await admin.fetchval("select count(*) from identity.memberships where tenant_id = $1", tenant) == 2


async def test_a_member_of_the_domain_is_linked_and_keeps_the_role(
    identity: Any, tenant: uuid.UUID, provider: Provider, browser: Browser
) -> None:
    invited = await invite(identity, tenant, provider.person["email"], "MANAGER")
    member = (await accept(identity, invited["invitationToken"], PASSWORD))["user"]
    user = (await browser.sign_in())["user"]
    assert (user["id"], user["membership"]) == (member["id"], {"role": "MANAGER"})


@pytest.mark.parametrize("verified", [False, None, "true", 1])
async def test_an_address_that_is_not_verified_takes_nobody_over(
    identity: Any, tenant: uuid.UUID, provider: Provider, browser: Browser, verified: object
) -> None:
    invited = await invite(identity, tenant, provider.person["email"], "OWNER")
    assert (await accept(identity, invited["invitationToken"], PASSWORD))["errors"] == []
    provider.claims = {"email_verified": verified}
    assert codes(await browser.sign_in()) == ["SIGN_ON_NOT_ALLOWED"]
    assert await reasons(identity, tenant) == ["the address is not verified"]


async def test_a_provider_of_one_tenant_opens_no_account_of_another(
    identity: Any, tenant: uuid.UUID, provider: Provider, browser: Browser, admin: asyncpg.Connection
) -> None:
    """Its owners say what its addresses are; globex's ben is made anew here, and globex is not entered."""
    await admin.execute("update identity.identity_providers set allowed_domains = '{globex.example}'")
    provider.claims = {"email": "ben@globex.example"}
    found = await browser.sign_in()
    assert found["errors"] == []
    there = await admin.fetch("select id from identity.users where email = 'ben@globex.example' order by created_at")
    assert (len(there), str(there[1]["id"])) == (2, found["user"]["id"])
    claims = jwt.decode(found["tokens"]["accessToken"], options={"verify_signature": False})
    assert claims["tenant"] == str(tenant)
    count = "select count(*) from identity.memberships where user_id = $1 and tenant_id = $2"
    assert await admin.fetchval(count, there[1]["id"], demo_tenant_id("globex")) == 0


async def test_an_invited_person_of_any_domain_joins_with_the_role_of_the_invitation(
    identity: Any, tenant: uuid.UUID, provider: Provider, browser: Browser, admin: asyncpg.Connection
) -> None:
    provider.person = person("guest.test")
    assert codes(await browser.sign_in()) == ["SIGN_ON_NOT_ALLOWED"]
    invited = await invite(identity, tenant, provider.person["email"], "VIEWER")
    found = await browser.sign_in()
    assert (found["errors"], found["user"]["membership"]) == ([], {"role": "VIEWER"})
    assert codes(await accept(identity, invited["invitationToken"], PASSWORD)) == ["INVALID_INVITATION"]
    assert await reasons(identity, tenant) == ["neither invited nor of a domain that may join"]


async def test_without_a_role_for_the_domain_people_join_by_invitation_only(
    identity: Any, tenant: uuid.UUID, browser: Browser
) -> None:
    values = {"input": {"id": browser.provider_id, "byInvitation": True}}
    changed = await identity.data(UPDATE, values, tenant=tenant, user=OWNER)
    assert changed["updateIdentityProvider"]["identityProvider"]["defaultRole"] is None
    assert codes(await browser.sign_in()) == ["SIGN_ON_NOT_ALLOWED"]


async def test_who_was_removed_comes_back_by_invitation_only(
    identity: Any, tenant: uuid.UUID, provider: Provider, browser: Browser
) -> None:
    user = (await browser.sign_in())["user"]
    await identity.data(REMOVE, {"id": user["id"]}, tenant=tenant, user=OWNER)
    assert codes(await browser.sign_in()) == ["SIGN_ON_NOT_ALLOWED"]
    assert await reasons(identity, tenant) == ["the member was removed"]
    await invite(identity, tenant, provider.person["email"], "VIEWER")
    again = (await browser.sign_in())["user"]
    assert (again["id"], again["membership"]) == (user["id"], {"role": "VIEWER"})


def unsigned(claims: dict[str, Any], _: Key) -> str:
    return jwt.encode(claims, "", "none", headers={"kid": "first"})


def by_the_public_key(claims: dict[str, Any], key: Key) -> str:
    """The published key taken for a shared secret."""
    return jwt.encode(claims, str(key.jwk()["x"]) * 2, "HS256", headers={"kid": key.kid})


def by_another_key(claims: dict[str, Any], key: Key) -> str:
    return jwt.encode(claims, Key("first").private, "ES256", headers={"kid": key.kid})


def by_an_unknown_key(claims: dict[str, Any], _: Key) -> str:
    return jwt.encode(claims, Key("mine").private, "ES256", headers={"kid": "mine"})


FAULTS: dict[str, dict[str, Any]] = {
    "another nonce": {"claims": {"nonce": "x" * 64}},
    "no nonce": {"claims": {"nonce": None}},
    "another audience": {"claims": {"aud": "somebody else"}},
    "another authorized party": {"claims": {"aud": [CLIENT_ID, "b"], "azp": "b"}},
    "several audiences and no party": {"claims": {"aud": [CLIENT_ID, "b"]}},
    "another issuer": {"claims": {"iss": "https://evil.example"}},
    "expired": {"claims": {"exp": 1_700_000_000}},
    "no expiry": {"claims": {"exp": None}},
    "from the future": {"claims": {"iat": 4_000_000_000}},
    "nobody": {"claims": {"sub": None}},
    "another access token": {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
    "algorithm none": {"sign": unsigned},
    "a shared secret": {"sign": by_the_public_key},
    "another key of that name": {"sign": by_another_key},
    "an unknown key": {"sign": by_an_unknown_key},
    "no ID token": {"sign": lambda *_: None},
    "no token at all": {"sign": lambda *_: "a.b.c"},
    "a mixed-up issuer": {"response": {"iss": "https://evil.example"}},
    "an empty issuer": {"response": {"iss": ""}},
    "another code": {"response": {"code": "mine"}},
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_does_not_hold_lets_nobody_in(
    tenant: uuid.UUID, provider: Provider, browser: Browser, admin: asyncpg.Connection, fault: str
) -> None:
    vars(provider).update(FAULTS[fault])
    payload = await browser.sign_in()
    assert codes(payload) == ["SIGN_ON_FAILED"]
    assert (payload["tokens"], payload["user"]) == (None, None)
    assert await admin.fetchval("select count(*) from identity.memberships where tenant_id = $1", tenant) == 1


async def test_a_response_without_an_issuer_is_not_believed_where_one_is_promised(browser: Browser) -> None:
    assert codes(await browser.sign_in(issuer=None)) == ["SIGN_ON_FAILED"]


async def test_a_new_key_is_asked_for_and_invented_ones_are_not_asked_for_each_time(
    provider: Provider, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (await browser.sign_in())["errors"] == []
    monkeypatch.setattr(openid, "_KEYS_AGAIN_S", 0.0)
    provider.keys = [Key("second")]
    assert (await browser.sign_in())["errors"] == []
    assert provider.asked.count("/keys") == 2
    assert provider.asked.count("/.well-known/openid-configuration") == 1
    monkeypatch.setattr(openid, "_KEYS_AGAIN_S", 30.0)
    provider.sign = by_an_unknown_key
    for _ in range(3):
        assert codes(await browser.sign_in()) == ["SIGN_ON_FAILED"]
    assert provider.asked.count("/keys") == 2


async def test_what_was_begun_is_good_once_and_for_one_browser(browser: Browser, provider: Provider) -> None:
    visit = await browser.visit(await browser.begin())
    other = await browser.begin()
    # Somebody else's link, opened here: their code does not log this browser in.
    assert codes(await browser.complete({**visit, "browserSecret": other["browserSecret"]})) == ["SIGN_ON_EXPIRED"]
    assert codes(await browser.complete(visit)) == ["SIGN_ON_EXPIRED"], "and it is used up by that"
    visit = await browser.visit(await browser.begin())
    assert (await browser.complete(visit))["errors"] == []
    assert codes(await browser.complete(visit)) == ["SIGN_ON_EXPIRED"]
    assert provider.asked.count("/token") == 1
    for state in ("", "x", f"{uuid.uuid4().hex}.x", visit["state"] + "x"):
        assert codes(await browser.complete({**visit, "state": state})) == ["SIGN_ON_EXPIRED"]


async def test_a_sign_in_ends_in_the_tenant_where_it_began(browser: Browser) -> None:
    visit = await browser.visit(await browser.begin())
    assert codes(await browser.complete(visit, tenant="acme")) == ["SIGN_ON_EXPIRED"]
    assert codes(await browser.begin(tenant="acme")) == ["NOT_FOUND"], "another tenant's provider"
    # Where no tenant is known the state says which.
    assert (await browser.complete(visit, tenant=None))["errors"] == []


async def test_nothing_kept_meanwhile_is_enough_to_finish(identity: Any, tenant: uuid.UUID, browser: Browser) -> None:
    """Whoever reads Redis finds neither the browser's secret nor what is derived from it."""
    begun = await browser.begin()
    (key,) = [key async for key in identity.app.redis.scan_iter(f"identity:sign-on:{tenant}:*")]
    kept = (await identity.app.redis.get(key)).decode()
    secret = openid.Browser(begun["browserSecret"])
    assert not any(each in kept for each in (secret.secret, secret.verifier, secret.nonce))
    assert secret.verifier not in begun["authorizationUrl"]
    assert 0 < await identity.app.redis.ttl(key) <= 600


async def test_a_browser_is_sent_back_to_named_addresses_alone(browser: Browser) -> None:
    for uri in ("https://evil.example/", REDIRECT_URI + "/x", REDIRECT_URI.upper()):
        assert codes(await browser.begin(uri)) == ["BAD_USER_INPUT"]


async def test_a_provider_that_is_switched_off_or_deleted_signs_nobody_in(
    identity: Any, tenant: uuid.UUID, browser: Browser
) -> None:
    owner = {"tenant": tenant, "user": OWNER}
    visit = await browser.visit(await browser.begin())
    values = {"input": {"id": browser.provider_id, "isEnabled": False}}
    assert codes((await identity.data(UPDATE, values, **owner))["updateIdentityProvider"]) == []
    assert codes(await browser.begin()) == ["NOT_FOUND"]
    assert codes(await browser.complete(visit)) == ["SIGN_ON_EXPIRED"]
    choices = "{ singleSignOnChoices { name } }"
    assert (await identity.data(choices, **browser.caller))["singleSignOnChoices"] == []
    values["input"]["isEnabled"] = True
    await identity.data(UPDATE, values, **owner)
    assert (await identity.data(choices, **browser.caller))["singleSignOnChoices"] == [{"name": "Acme ID"}]
    assert (await browser.sign_in())["errors"] == []
    assert codes((await identity.data(DELETE, {"id": browser.provider_id}, **owner))["deleteIdentityProvider"]) == []
    assert codes(await browser.begin()) == ["NOT_FOUND"]


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"token_endpoint": "http://evil.example/token"},
        {"jwks_uri": "file:///etc/passwd"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"token_endpoint": None},
    ],
)
async def test_metadata_that_are_not_the_providers_are_not_used(
    provider: Provider, browser: Browser, metadata: dict[str, Any]
) -> None:
    provider.metadata = metadata
    assert codes(await browser.begin()) == ["IDENTITY_PROVIDER_UNAVAILABLE"]


async def test_a_provider_that_is_away_says_so(provider: Provider, browser: Browser) -> None:
    provider.status = 500
    assert codes(await browser.begin()) == ["IDENTITY_PROVIDER_UNAVAILABLE"]
    provider.status = 200
    assert (await browser.sign_in())["errors"] == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "10.0.0.1"])
async def test_private_addresses_are_not_asked(host: str) -> None:
    client = openid.OpenIdClient()
    party = openid.RelyingParty("x", f"https://{host}:1", "c", None)
    try:
        with pytest.raises(openid.ProviderUnavailable, match="not public"):
            await client.authorization_url(party, openid.Browser("x"), redirect_uri=REDIRECT_URI, state="s")
    finally:
        await client.close()


@pytest.mark.parametrize(
    ("given", "path"),
    [
        ({"issuer": "http://idp.example"}, "issuer"),
        ({"issuer": "https://user@idp.example"}, "issuer"),
        ({"issuer": "https://idp.example?x=1"}, "issuer"),
        ({"issuer": "nonsense"}, "issuer"),
        ({"name": " "}, "name"),
        ({"clientId": ""}, "clientId"),
        ({"allowedDomains": ["example"]}, "allowedDomains"),
        ({"allowedDomains": ["*.example.com"]}, "allowedDomains"),
        ({"redirectUris": []}, "redirectUris"),
        ({"redirectUris": ["http://app.example/"]}, "redirectUris"),
        ({"redirectUris": ["javascript:alert(1)"]}, "redirectUris"),
        ({"defaultRole": "OWNER"}, "defaultRole"),
    ],
)
async def test_settings_that_are_no_good_are_refused(
    identity: Any, tenant: uuid.UUID, provider: Provider, given: dict[str, Any], path: str
) -> None:
    payload = await create(identity, tenant, provider, **given)
    assert [(error["code"], error["path"]) for error in payload["errors"]] == [("BAD_USER_INPUT", ["input", path])]


async def test_the_secret_is_never_shown_and_noted_nowhere(
    identity: Any, tenant: uuid.UUID, provider: Provider, admin: asyncpg.Connection
) -> None:
    payload = await create(identity, tenant, provider)
    assert payload["identityProvider"]["hasClientSecret"]
    assert CLIENT_SECRET not in str(payload)
    noted = await admin.fetch("select to_jsonb(e) from identity.audit_entries e where tenant_id = $1", tenant)
    assert len(noted) == 1
    assert CLIENT_SECRET not in str(noted)
    assert codes(await create(identity, tenant, provider)) == ["IDENTITY_PROVIDER_NAME_TAKEN"]
    for number in range(9):
        assert codes(await create(identity, tenant, provider, name=f"P {number}")) == []
    assert codes(await create(identity, tenant, provider, name="P 9")) == ["TOO_MANY_IDENTITY_PROVIDERS"]


async def test_providers_are_for_owners_of_the_tenant(identity: Any, tenant: uuid.UUID, browser: Browser) -> None:
    manager, _ = await join(identity, tenant, "MANAGER")
    query = "{ identityProviders { edges { node { id } } } }"
    for scopes in (["identity:read", "identity:write"], ["crm:read"]):
        body = await identity.call(query, tenant=tenant, user=uuid.UUID(manager), scopes=scopes)
        assert body["errors"][0]["extensions"]["missingScope"] == "identity:admin"
    stolen = {"tenant": tenant, "user": uuid.UUID(manager)}
    body = await identity.call(DELETE, {"id": browser.provider_id}, **stolen)
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert (await identity.data(query))["identityProviders"]["edges"] == [], "acme's"
    assert codes((await identity.data(DELETE, {"id": browser.provider_id}))["deleteIdentityProvider"]) == ["NOT_FOUND"]


async def test_too_many_beginnings_are_refused(identity: Any, tenant: uuid.UUID, browser: Browser) -> None:
    begun = await browser.begin()
    assert begun["errors"] == []
    (key,) = [key async for key in identity.app.redis.scan_iter(f"identity:sign-on-starts:{tenant}:*")]
    await identity.app.redis.set(key, 100, keepttl=True)
    values = {"input": {"providerId": browser.provider_id, "redirectUri": REDIRECT_URI}}
    body = await identity.call(BEGIN, values, **browser.caller)
    assert body["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_no_account_is_made_for_an_address_that_the_provider_may_not_bring(
    identity: Any, tenant: uuid.UUID, set_up: str
) -> None:
    """The database's own function checks it too, whatever the application does."""
    make = "select identity.create_provided_account($1, $2, 'N')"
    url = identity.settings.app_url("identity").replace("postgresql+asyncpg", "postgresql")
    connection = await asyncpg.connect(url)
    try:
        for asked_for, email in ((tenant, "a@elsewhere.test"), (demo_tenant_id("acme"), "a@acme.test")):
            await connection.execute(f"set app.tenant_id = '{asked_for}'")
            assert await connection.fetchval(make, uuid.UUID(set_up), email) is None
    finally:
        await connection.close()
