"""People of two companies sign in by their companies' providers, through the Brain, and see their own tenant only."""

import asyncio
import threading
import uuid
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from typing import Any
from urllib.parse import urlsplit

import httpx
import jwt
import pytest
from aiohttp import web

from resolvers.demo import demo_tenant_id
from tests.subgraphs.identity.provider import CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, Provider, brought_back

from .conftest import Platform, codes

pytestmark = pytest.mark.stack

TENANTS = ("acme", "globex")
CREATE = """
mutation ($input: CreateIdentityProviderInput!) {
  createIdentityProvider(input: $input) { identityProvider { id } errors { code message } }
}
"""
DELETE = "mutation ($id: ID!) { deleteIdentityProvider(id: $id) { errors { code } } }"
CHOICES = "{ singleSignOnChoices { id name } }"
BEGIN = """
mutation ($input: BeginSingleSignOnInput!) {
  beginSingleSignOn(input: $input) { authorizationUrl browserSecret errors { code } }
}
"""
COMPLETE = """
mutation ($input: CompleteSingleSignOnInput!) {
  completeSingleSignOn(input: $input) { tokens { accessToken } user { id email } errors { code } }
}
"""
READ = """{
  viewer { id email membership { role } } tenant { id }
  contacts(first: 50) { edges { node { id } } }
  businesses(first: 50) { edges { node { id } } }
}"""
THEIRS = "query ($contact: ID!, $business: ID!) { contact(id: $contact) { id } business(id: $business) { id } }"
PAGE = {"accept": "text/html"}


@pytest.fixture(scope="module")
def serving() -> Iterator[dict[str, Provider]]:
    """A provider for each tenant, each with an address and keys of its own."""
    ready: Future[dict[str, Provider]] = Future()
    over = asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        providers, runners = {}, []
        for tenant in TENANTS:
            provider = Provider()
            runner = web.AppRunner(provider.app())
            await runner.setup()
            runners.append(runner)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            provider.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            providers[tenant] = provider
        ready.set_result(providers)
        await over.wait()
        for runner in runners:
            await runner.cleanup()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),), daemon=True)
    thread.start()
    yield ready.result(10)
    loop.call_soon_threadsafe(over.set)
    thread.join(10)
    loop.close()


def host_of(platform: Platform, tenant: str) -> str:
    return f"{tenant}.localhost:{urlsplit(platform.url).port}"


@pytest.fixture
def providers(platform: Platform, serving: dict[str, Provider]) -> dict[str, Provider]:
    """The providers as they are before a test, with a person of its own at each."""
    for tenant, provider in serving.items():
        mark = uuid.uuid4().hex
        person = {"sub": mark, "email": f"{mark}@{tenant}.test", "email_verified": True, "name": "Eve Nilsen"}
        back = f"http://{host_of(platform, tenant)}/cms/-/sign-on/back"
        uris = frozenset({REDIRECT_URI, back})
        vars(provider).update(vars(Provider(provider.url, provider.keys[:1], uris, person)))
    return serving


@pytest.fixture
def ids(platform: Platform, providers: dict[str, Provider]) -> Iterator[dict[str, str]]:
    """What each tenant's owner calls the provider of the tenant."""
    made = {}
    for tenant, provider in providers.items():
        given = {
            "name": f"{tenant} ID",
            "issuer": provider.url,
            "clientId": CLIENT_ID,
            "clientSecret": CLIENT_SECRET,
            "allowedDomains": [f"{tenant}.test"],
            "redirectUris": sorted(provider.redirect_uris),
            "defaultRole": "AGENT" if tenant == "acme" else "VIEWER",
        }
        payload = platform.data(CREATE, {"input": given}, user=f"ada@{tenant}")["createIdentityProvider"]
        assert payload["errors"] == []
        made[tenant] = payload["identityProvider"]["id"]
    yield made
    for tenant, provider_id in made.items():
        platform.data(DELETE, {"id": provider_id}, user=f"ada@{tenant}")


def begin(platform: Platform, tenant: str, provider_id: str) -> Any:
    values = {"input": {"providerId": provider_id, "redirectUri": REDIRECT_URI}}
    return platform.data(BEGIN, values, host=host_of(platform, tenant))["beginSingleSignOn"]


def visit(begun: Mapping[str, str]) -> dict[str, Any]:
    """The person agrees at the provider: what a frontend completes with."""
    answer = httpx.get(begun["authorizationUrl"], trust_env=False)
    back = brought_back(answer.headers["location"])
    return {
        "code": back["code"],
        "state": back["state"],
        "issuer": back["iss"],
        "browserSecret": begun["browserSecret"],
    }


def complete(platform: Platform, tenant: str, values: Mapping[str, Any]) -> Any:
    return platform.data(COMPLETE, {"input": values}, host=host_of(platform, tenant))["completeSingleSignOn"]


def refused(payload: Any) -> list[str]:
    assert (payload["tokens"], payload["user"]) == (None, None)
    return [error["code"] for error in payload["errors"]]


def test_each_reads_the_data_of_the_own_tenant_only(
    platform: Platform, providers: dict[str, Provider], ids: dict[str, str]
) -> None:
    credentials, seen = {}, {}
    for tenant in TENANTS:
        host = host_of(platform, tenant)
        assert platform.data(CHOICES, host=host)["singleSignOnChoices"] == [
            {"id": ids[tenant], "name": f"{tenant} ID"}
        ], "whoever looks at a tenant's page is offered the tenant's provider, and no other"
        signed_in = complete(platform, tenant, visit(begin(platform, tenant, ids[tenant])))
        assert signed_in["errors"] == []
        credentials[tenant] = f"Bearer {signed_in['tokens']['accessToken']}"
        data = platform.data(READ, authorization=credentials[tenant], host=host)
        assert data["viewer"]["email"] == providers[tenant].person["email"]
        assert data["tenant"]["id"] == platform.data("{ tenant { id } }", user=f"ada@{tenant}")["tenant"]["id"]
        seen[tenant] = {
            field: {edge["node"]["id"] for edge in data[field]["edges"]} for field in ("contacts", "businesses")
        }
        of_the_owner = platform.data(READ, user=f"ada@{tenant}")
        for field, found in seen[tenant].items():
            assert found, f"{tenant} has {field}"
            assert found == {edge["node"]["id"] for edge in of_the_owner[field]["edges"]}
    for mine, other in (TENANTS, TENANTS[::-1]):
        assert not any(seen[mine][field] & seen[other][field] for field in ("contacts", "businesses"))
        theirs = {"contact": min(seen[other]["contacts"]), "business": min(seen[other]["businesses"])}
        response = platform.ask(THEIRS, theirs, authorization=credentials[mine])
        assert response.json()["data"] == {"contact": None, "business": None}
        elsewhere = platform.ask(READ, authorization=credentials[mine], host=host_of(platform, other))
        assert codes(elsewhere) == ["TENANT_MISMATCH"]


def test_the_session_is_listed_and_ends_at_once(platform: Platform, ids: dict[str, str]) -> None:
    signed_in = complete(platform, "acme", visit(begin(platform, "acme", ids["acme"])))
    credential = f"Bearer {signed_in['tokens']['accessToken']}"
    claims = jwt.decode(signed_in["tokens"]["accessToken"], options={"verify_signature": False})
    assert claims["tenant"] == str(demo_tenant_id("acme"))
    listed = platform.data("{ loginSessions { edges { node { id method } } } }", authorization=credential)
    (session,) = [edge["node"] for edge in listed["loginSessions"]["edges"]]
    assert session["method"] == "SINGLE_SIGN_ON"
    end = "mutation ($id: ID!) { revokeLoginSession(id: $id) { errors { code } } }"
    assert platform.data(end, {"id": session["id"]}, authorization=credential)["revokeLoginSession"]["errors"] == []
    assert codes(platform.ask("{ leads(first: 1) { totalCount } }", authorization=credential)) == ["UNAUTHENTICATED"]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"claims": {"nonce": "x" * 64}}, "SIGN_ON_FAILED"),
        ({"claims": {"iss": "https://evil.example"}}, "SIGN_ON_FAILED"),
        ({"claims": {"aud": "somebody else"}}, "SIGN_ON_FAILED"),
        ({"response": {"state": f"{uuid.uuid4().hex}.x"}}, "SIGN_ON_EXPIRED"),
        ({"response": {"iss": "https://evil.example"}}, "SIGN_ON_FAILED"),
        ({"claims": {"email": "eve@globex.test"}}, "SIGN_ON_NOT_ALLOWED"),
    ],
    ids=["nonce", "issuer of the token", "audience", "state", "issuer of the response", "another company's address"],
)
def test_what_does_not_hold_lets_nobody_in(
    platform: Platform, providers: dict[str, Provider], ids: dict[str, str], fault: dict[str, Any], code: str
) -> None:
    vars(providers["acme"]).update(fault)
    assert refused(complete(platform, "acme", visit(begin(platform, "acme", ids["acme"])))) == [code]


def test_another_provider_tenant_or_browser_lets_nobody_in(
    platform: Platform, providers: dict[str, Provider], ids: dict[str, str]
) -> None:
    ours, theirs = begin(platform, "acme", ids["acme"]), begin(platform, "globex", ids["globex"])
    # What another provider has said: its code, and its name, where acme's was asked.
    answer = visit(ours)
    assert refused(complete(platform, "acme", {**answer, "code": visit(theirs)["code"]})) == ["SIGN_ON_FAILED"]
    # Tokens that are signed by another provider's key.
    providers["acme"].sign = lambda claims, key: jwt.encode(
        claims, providers["globex"].keys[0].private, "ES256", headers={"kid": key.kid}
    )
    assert refused(complete(platform, "acme", visit(begin(platform, "acme", ids["acme"])))) == ["SIGN_ON_FAILED"]
    providers["acme"].sign = None
    # Begun in one tenant, completed at the other's address.
    assert refused(complete(platform, "globex", visit(begin(platform, "acme", ids["acme"])))) == ["SIGN_ON_EXPIRED"]
    assert [error["code"] for error in begin(platform, "globex", ids["acme"])["errors"]] == ["NOT_FOUND"]
    # A link that somebody else has begun, opened in this browser.
    answer = visit(begin(platform, "acme", ids["acme"]))
    assert refused(complete(platform, "acme", {**answer, "browserSecret": theirs["browserSecret"]})) == [
        "SIGN_ON_EXPIRED"
    ]
    # Once is enough.
    answer = visit(begin(platform, "acme", ids["acme"]))
    assert complete(platform, "acme", answer)["errors"] == []
    assert refused(complete(platform, "acme", answer)) == ["SIGN_ON_EXPIRED"]


def browser_of(platform: Platform, tenant: str) -> httpx.Client:
    headers = {**PAGE, "host": host_of(platform, tenant)}
    return httpx.Client(base_url=platform.url, timeout=60, trust_env=False, headers=headers)


def through_the_provider(browser: httpx.Client, provider_id: str) -> str:
    """The path, with query, at which the browser comes back to the CMS."""
    away = browser.get(f"/cms/-/sign-on/{provider_id}", params={"next": "/cms/pages/"})
    assert away.status_code == 303, away.text
    sent_back = httpx.get(away.headers["location"], trust_env=False)
    back = urlsplit(sent_back.headers["location"])
    assert back.netloc == browser.headers["host"]
    return f"{back.path}?{back.query}"


def test_an_editor_reaches_the_cms(platform: Platform, ids: dict[str, str]) -> None:
    with browser_of(platform, "acme") as browser:
        asked = browser.get("/cms/pages/")
        assert asked.status_code == 401
        assert f"/cms/-/sign-on/{ids['acme']}?next=" in asked.text
        assert ids["globex"] not in asked.text
        assert browser.get(through_the_provider(browser, ids["acme"])).status_code == 200
        pages = browser.get("/cms/pages/", follow_redirects=True)
        assert pages.status_code == 200, pages.text
        assert "wagtail" in pages.text.lower()
        assert "globex" not in pages.text.lower()
        # The same cookies are good for nothing at another tenant's address.
        cookies = dict(browser.cookies)
    with browser_of(platform, "globex") as browser:
        browser.cookies.update(cookies)
        assert browser.get("/cms/pages/").status_code == 403


def test_who_may_only_read_and_who_did_not_begin_here_do_not_reach_it(platform: Platform, ids: dict[str, str]) -> None:
    with browser_of(platform, "globex") as browser:
        assert browser.get(through_the_provider(browser, ids["globex"])).status_code == 200
        refused_page = browser.get("/cms/pages/")
        assert refused_page.status_code == 403
        assert "You may not edit content" in refused_page.text
    with browser_of(platform, "acme") as browser, browser_of(platform, "acme") as another:
        link = through_the_provider(browser, ids["acme"])
        assert another.get(link).status_code == 403
        assert another.get("/cms/pages/").status_code == 401
        assert browser.get(link).status_code == 200, "nobody has used it up"
