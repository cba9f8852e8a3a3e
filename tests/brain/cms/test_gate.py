"""Who passes to the CMS, and who is shown what instead."""

import asyncio
from typing import Any

import httpx
import jwt
import pytest

from brain.context_header import CONTEXT_HEADER
from brain.revocation import mark_of_user
from router import RequestRefused
from tests.brain.cms.conftest import Cms, Graph, claims_of
from tests.brain.conftest import ACME, GLOBEX

HERE = {"origin": "http://acme.localhost", "sec-fetch-site": "same-origin"}


def _refused(code: str) -> dict[str, Any]:
    return {"data": {"refreshTokens": {"tokens": None, "errors": [{"code": code, "message": "x"}]}}}


async def test_who_has_not_signed_in_is_asked_to(browser: httpx.AsyncClient, cms: Cms) -> None:
    answer = await browser.get("/cms/pages/3/edit/?tab=content")
    assert answer.status_code == 401
    assert 'action="/cms/-/log-in"' in answer.text
    assert 'name="next" value="/cms/pages/3/edit/?tab=content"' in answer.text
    assert "Log in with Acme&#39;s own" in answer.text
    assert "/cms/-/sign-on/p1?next=" in answer.text
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"
    assert cms.seen == []


@pytest.mark.parametrize("headers", [{"accept": "application/json"}, {"sec-fetch-dest": "image"}])
async def test_scripts_and_pictures_get_no_page(browser: httpx.AsyncClient, headers: dict[str, str]) -> None:
    answer = await browser.get("/cms/api/a.png", headers=headers)
    assert (answer.status_code, answer.text) == (401, "Sign in first.\n")


async def test_signing_in_and_out(browser: httpx.AsyncClient, cms: Cms, graph: Graph, identity: Any) -> None:
    tokens = {"accessToken": identity.token(scopes=["content:write"]), "refreshToken": "r-1", "expiresIn": 900}
    graph.answers["LogIn"] = lambda _: {"data": {"logIn": {"tokens": tokens, "errors": []}}}
    graph.answers["LogOut"] = lambda _: {"data": {"logOut": {"errors": []}}}
    form = {"email": "ada@acme.example", "password": "x", "next": "/cms/pages/3/edit/?tab=content"}
    answer = await browser.post("/cms/-/log-in", data=form, headers=HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/cms/pages/3/edit/?tab=content")
    cookies = answer.headers.get_list("set-cookie")
    assert [cookie.partition("=")[0] for cookie in cookies] == ["brain_cms_access", "brain_cms_refresh"]
    for cookie in cookies:
        assert {"HttpOnly", "Path=/cms", "SameSite=lax"} <= {part.strip() for part in cookie.split(";")}
    kept = {"cookie": "; ".join(cookie.partition(";")[0] for cookie in cookies)}
    assert (await browser.get("/cms/", headers=kept)).status_code == 200
    for path in ("/cms/-/log-out", "/cms/logout/"):
        out = await browser.post(path, headers={**HERE, **kept, "content-length": "0"})
        assert (out.status_code, out.headers["location"]) == (303, "/cms/")
        assert all("Max-Age=0" in cookie for cookie in out.headers.get_list("set-cookie"))
    assert [asked for asked in graph.asked if asked[0] == "LogOut"] == [("LogOut", {"refreshToken": "r-1"})] * 2
    assert len(cms.seen) == 1


ELSEWHERE = (
    "https://evil.example/",
    "//evil.example",
    "/cms//evil.example",
    "/cms/../graphql",
    "/cms/-/log-out",
    "/console/",
    "javascript:x",
    "/cms/\\evil",
    "/cms/a\r\nset-cookie: x=y",
    "",
)


async def test_nobody_is_sent_elsewhere(browser: httpx.AsyncClient, graph: Graph, identity: Any) -> None:
    tokens = {"accessToken": identity.token(), "refreshToken": "r-1", "expiresIn": 900}
    graph.answers["LogIn"] = lambda _: {"data": {"logIn": {"tokens": tokens, "errors": []}}}
    for to in ELSEWHERE:
        form = {"email": "a@b.example", "password": "x", "next": to}
        answer = await browser.post("/cms/-/log-in", data=form, headers=HERE)
        assert answer.headers["location"] == "/cms/", to


async def test_who_passes_is_told_to_the_cms_signed(
    browser: httpx.AsyncClient, cms: Cms, identity: Any, sign_in: Any
) -> None:
    forged = {CONTEXT_HEADER: "forged", "x_brain_context": "forged", "x-brain-else": "forged", "x-tenant": "globex"}
    credentials = {"authorization": "Bearer x", "x-api-key": "bk_a_b", "x-forwarded-for": "6.6.6.6"}
    answer = await browser.get("/cms/a%20b/?q=%2F&q", headers={**sign_in(), **forged, **credentials})
    assert answer.status_code == 200
    (seen,) = cms.seen
    assert seen["target"] == "/cms/a%20b/?q=%2F&q"
    (context,) = cms.header(CONTEXT_HEADER)
    claims = jwt.decode(
        context, identity.context_secret.key_for("content"), algorithms=["HS256"], audience="content", issuer="brain"
    )
    assert (claims["tenant"], claims["scopes"]) == (ACME["id"], ["content:publish", "content:write"])
    assert claims["sub"] == claims_of(identity.token())["sub"]
    assert claims["rid"] == answer.headers["x-request-id"]
    assert cms.header("host") == ["acme.localhost"]
    assert cms.header("x-forwarded-for") == ["127.0.0.1"]
    assert (cms.header("x-forwarded-proto"), cms.header("x-forwarded-host")) == (["http"], ["acme.localhost"])
    everything = str(seen["headers"])
    assert "forged" not in everything
    assert "brain_cms" not in everything
    for name in ("authorization", "x-api-key", "x-tenant"):
        assert cms.header(name) == []


async def test_a_member_who_may_not_write_is_told(browser: httpx.AsyncClient, cms: Cms, sign_in: Any) -> None:
    answer = await browser.get("/cms/", headers=sign_in(scopes=["crm:read", "crm:write"]))
    assert answer.status_code == 403
    assert "You may not edit content" in answer.text
    assert 'action="/cms/-/log-out"' in answer.text
    assert cms.seen == []


async def test_another_tenants_member_does_not_pass(browser: httpx.AsyncClient, cms: Cms, sign_in: Any) -> None:
    answer = await browser.get("/cms/", headers=sign_in(tenant=GLOBEX["id"], tenant_slug="globex"))
    assert answer.status_code == 403
    assert "another" in answer.text
    own = {"host": "globex.localhost"} | sign_in(tenant=GLOBEX["id"], tenant_slug="globex")
    assert (await browser.get("/cms/", headers=own)).status_code == 200
    assert claims_of(cms.header(CONTEXT_HEADER)[0])["tenant"] == GLOBEX["id"]
    assert len(cms.seen) == 1


@pytest.mark.parametrize("token", ["nonsense", "bk_abc_def", "a.b.c"])
async def test_what_is_no_session_does_not_pass(browser: httpx.AsyncClient, cms: Cms, token: str) -> None:
    answer = await browser.get("/cms/", headers={"cookie": f"brain_cms_access={token}"})
    assert answer.status_code == 401
    assert all("Max-Age=0" in cookie for cookie in answer.headers.get_list("set-cookie"))
    assert cms.seen == []


async def test_a_session_that_identity_ends_is_over(
    browser: httpx.AsyncClient, cms: Cms, graph: Graph, identity: Any, sign_in: Any, redis: Any
) -> None:
    session = sign_in(refresh="r-0")
    assert (await browser.get("/cms/", headers=session)).status_code == 200
    claims = claims_of(session["cookie"].partition("=")[2].partition(";")[0])
    await redis.set(mark_of_user(claims["tenant"], claims["sub"]), claims["iat"])
    errors = [{"code": "INVALID_REFRESH_TOKEN", "message": "Log in again."}]
    graph.answers["RefreshTokens"] = lambda _: {"data": {"refreshTokens": {"tokens": None, "errors": errors}}}
    async with asyncio.timeout(5):
        # The mark is heard in its time.
        while (answer := await browser.get("/cms/", headers=session)).status_code == 200:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert answer.status_code == 401
    assert all("Max-Age=0" in cookie for cookie in answer.headers.get_list("set-cookie"))


async def test_many_requests_renew_a_session_once(
    browser: httpx.AsyncClient, cms: Cms, graph: Graph, identity: Any
) -> None:
    tokens = {"accessToken": identity.token(scopes=["content:write"]), "refreshToken": "r-1", "expiresIn": 900}
    graph.answers["RefreshTokens"] = lambda _: {"data": {"refreshTokens": {"tokens": tokens, "errors": []}}}
    over = {"cookie": f"brain_cms_access={identity.token(exp=1)}; brain_cms_refresh=r-0"}
    answers = await asyncio.gather(*(browser.get(f"/cms/{number}", headers=over) for number in range(8)))
    assert [answer.status_code for answer in answers] == [200] * 8
    assert graph.asked == [("RefreshTokens", {"refreshToken": "r-0"})]
    for answer in answers:
        assert any(cookie.startswith("brain_cms_refresh=r-1") for cookie in answer.headers.get_list("set-cookie"))


@pytest.mark.parametrize(
    ("reply", "status"),
    [
        (
            {"data": {"refreshTokens": {"tokens": None, "errors": [{"code": "REFRESH_TOKEN_IN_USE", "message": "x"}]}}},
            503,
        ),
        ({"errors": [{"message": "away", "extensions": {"code": "SUBREQUEST_HTTP_ERROR"}}]}, 503),
        (
            {
                "data": {
                    "refreshTokens": {"tokens": None, "errors": [{"code": "INVALID_REFRESH_TOKEN", "message": "x"}]}
                }
            },
            401,
        ),
    ],
)
async def test_a_session_is_forgotten_only_if_it_is_over(
    browser: httpx.AsyncClient, graph: Graph, reply: dict[str, Any], status: int
) -> None:
    graph.answers["RefreshTokens"] = lambda _: reply
    answer = await browser.get("/cms/", headers={"cookie": "brain_cms_refresh=r-0"})
    assert answer.status_code == status
    assert bool(answer.headers.get_list("set-cookie")) == (status == 401)


FROM_ELSEWHERE: tuple[dict[str, str], ...] = (
    {},
    {"origin": "http://evil.example"},
    {"origin": "null"},
    {"origin": "http://acme.localhost.evil.example"},
    {"origin": "http://acme.localhost", "sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
)


async def test_what_changes_anything_comes_from_here(
    browser: httpx.AsyncClient, cms: Cms, graph: Graph, sign_in: Any
) -> None:
    for path in ("/cms/pages/3/delete/", "/cms/-/log-in", "/cms/-/log-out", "/cms/logout/"):
        for headers in FROM_ELSEWHERE:
            answer = await browser.post(path, data={"a": "b"}, headers={**sign_in(), **headers})
            assert answer.status_code == 403, (path, headers)
            assert "another site" in answer.text
    assert cms.seen == []
    assert graph.asked == []


async def test_forms_of_the_cms_pass(browser: httpx.AsyncClient, cms: Cms, sign_in: Any) -> None:
    answer = await browser.post("/cms/pages/3/edit/", data={"title": "é"}, headers={**sign_in(), **HERE})
    assert answer.status_code == 200
    assert (cms.seen[-1]["method"], cms.seen[-1]["size"]) == ("POST", len("title=%C3%A9"))


NOT_THE_CMS = (
    "/cms/../graphql",
    "/cms/%2e%2e/graphql",
    "/cms/%252e%252e/graphql",
    "/cms/a/..%5cgraphql",
    "/cms/-/else",
    "/%63ms/a",
    "/cms/a%00b",
)


async def test_nothing_but_the_cms_is_reached(gate: str, cms: Cms, sign_in: Any) -> None:
    host, port = gate.removeprefix("http://").split(":")
    session = sign_in()["cookie"]
    for path in NOT_THE_CMS:
        reader, writer = await asyncio.open_connection(host, int(port))
        head = f"GET {path} HTTP/1.1\r\nhost: acme.localhost\r\ncookie: {session}\r\nconnection: close\r\n\r\n"
        writer.write(head.encode())
        async with asyncio.timeout(5):
            answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 4"), path
    assert cms.seen == []


async def test_without_a_slash_it_is_found(browser: httpx.AsyncClient) -> None:
    answer = await browser.get("/cms")
    assert (answer.status_code, answer.headers["location"]) == (307, "/cms/")


async def test_without_marks_nobody_passes(
    browser: httpx.AsyncClient, cms: Cms, sign_in: Any, resolver: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be told is not taken for good, and nobody is signed out by it."""

    async def away(_: Any) -> Any:
        raise RequestRefused("Who is calling cannot be established right now.", code="SERVICE_UNAVAILABLE", status=503)

    monkeypatch.setattr(resolver, "known", lambda _: None)
    monkeypatch.setattr(resolver, "resolve", away)
    answer = await browser.get("/cms/", headers=sign_in(refresh="r-0"))
    assert answer.status_code == 503
    assert answer.headers.get_list("set-cookie") == []
    assert cms.seen == []


async def test_what_everybody_may_have_needs_no_session(browser: httpx.AsyncClient, cms: Cms, sign_in: Any) -> None:
    """Files whose addresses are signed: nothing that says who looks goes along."""
    forged = {CONTEXT_HEADER: "forged", "cookie": f"{sign_in()['cookie']}; sessionid=s"}
    for path in (
        f"/cms/images/{ACME['id']}/sign/3/width-100",
        f"/cms/downloads/{ACME['id']}/s/3/a.pdf",
        "/cms/static/a.js",
    ):
        assert (await browser.get(path, headers=forged)).status_code == 200
        assert cms.header(CONTEXT_HEADER) == cms.header("cookie") == []
    for path in ("/cms/images/3/edit/", "/cms/downloads/", f"/cms/images/{ACME['id']}", "/cms/static/", "/cms/images/"):
        assert (await browser.get(path)).status_code == 401, path
    assert (
        await browser.post(f"/cms/images/{ACME['id']}/s/3/x", headers={**HERE, "content-length": "0"})
    ).status_code == 401
    assert len(cms.seen) == 3
