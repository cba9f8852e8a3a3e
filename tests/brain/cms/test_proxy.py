"""What passes to the CMS and back, on real sockets: bodies as they come, heads without what is not the other's."""

import asyncio
import gzip
import hashlib
from functools import partial
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse

from brain.cms import CmsProxy
from brain.cms.headers import forwarded, returned
from tests.brain.cms.conftest import MAX_BODY_BYTES, Cms, parts

HERE = {"origin": "http://acme.localhost", "sec-fetch-site": "same-origin"}


@pytest.fixture
def editor(browser: httpx.AsyncClient, sign_in: Any) -> httpx.AsyncClient:
    """A browser that has signed in."""
    browser.headers.update({**sign_in(), **HERE})
    return browser


async def test_a_body_of_no_known_length_passes(editor: httpx.AsyncClient, cms: Cms) -> None:
    chunks = [bytes([number]) * 10_000 for number in range(20)]
    answer = await editor.put("/cms/images/add/", content=parts(*chunks))
    assert answer.status_code == 200
    seen = cms.seen[-1]
    assert (seen["size"], seen["sha256"]) == (200_000, hashlib.sha256(b"".join(chunks)).hexdigest())


async def test_a_body_of_known_length_keeps_it(editor: httpx.AsyncClient, cms: Cms) -> None:
    await editor.post("/cms/images/add/", content=b"x" * 1000)
    assert cms.header("content-length") == ["1000"]
    assert cms.header("transfer-encoding") == []


@pytest.mark.parametrize("is_length_known", [True, False])
async def test_what_is_too_large_is_refused(editor: httpx.AsyncClient, cms: Cms, is_length_known: bool) -> None:
    half = b"x" * (MAX_BODY_BYTES // 2 + 1)
    answer = await editor.post("/cms/images/add/", content=half * 2 if is_length_known else parts(half, half))
    assert answer.status_code == 413
    assert "too large" in answer.text
    # The next one is as ever.
    assert (await editor.get("/cms/")).status_code == 200


async def test_an_answer_comes_as_it_is_made(editor: httpx.AsyncClient, cms: Cms) -> None:
    go_on = asyncio.Event()

    async def slowly() -> Any:
        yield b"first"
        await go_on.wait()
        yield b"second"

    cms.answer = lambda _: StreamingResponse(slowly(), media_type="text/plain")
    async with asyncio.timeout(5), editor.stream("GET", "/cms/") as answer:
        chunks = answer.aiter_raw()
        assert await anext(chunks) == b"first"
        go_on.set()
        assert b"".join([chunk async for chunk in chunks]) == b"second"


async def test_who_goes_away_ends_the_answer(editor: httpx.AsyncClient, cms: Cms) -> None:
    ended = asyncio.Event()

    async def for_ever() -> Any:
        try:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0.001)
        finally:
            ended.set()

    cms.answer = lambda _: StreamingResponse(for_ever())
    async with editor.stream("GET", "/cms/") as answer:
        await anext(answer.aiter_raw())
    async with asyncio.timeout(5):
        await ended.wait()


async def test_what_is_compressed_passes_as_it_is(editor: httpx.AsyncClient, cms: Cms) -> None:
    packed = gzip.compress(b"a page")
    cms.answer = lambda _: Response(packed, headers={"content-encoding": "gzip"}, media_type="text/html")
    answer = await editor.get("/cms/", headers={"accept-encoding": "gzip"})
    assert (answer.headers["content-encoding"], answer.text) == ("gzip", "a page")
    assert answer.headers["content-length"] == str(len(packed))
    assert cms.header("accept-encoding") == ["gzip"]
    assert answer.headers["cache-control"] == "private, no-cache"


async def test_the_status_passes(editor: httpx.AsyncClient, cms: Cms) -> None:
    for status in (204, 304, 404, 500):
        body = b"" if status in (204, 304) else b"told"
        cms.answer = partial(_answer, body, status)
        answer = await editor.get("/cms/")
        assert (answer.status_code, answer.content) == (status, body)


def _answer(body: bytes, status: int, _: Request) -> Response:
    return Response(body, status)


async def test_a_head_has_no_body(editor: httpx.AsyncClient, cms: Cms) -> None:
    cms.answer = lambda _: Response(b"told", headers={"etag": '"1"'})
    answer = await editor.head("/cms/")
    assert (answer.headers["content-length"], answer.headers["etag"], answer.content) == ("4", '"1"', b"")


async def test_cookies_of_the_cms_are_for_the_cms(editor: httpx.AsyncClient, cms: Cms) -> None:
    def answer(_: Request) -> Response:
        made = Response(b"")
        made.headers.append("set-cookie", "csrftoken=abc; Domain=evil.example; Path=/; SameSite=Lax; expires=x")
        made.headers.append("set-cookie", "brain_cms_access=stolen; Path=/cms")
        made.headers.append("set-cookie", "sessionid=s; HttpOnly; Secure; Path=/cms/pages/")
        return made

    cms.answer = answer
    got = await editor.get(
        "/cms/", headers={"cookie": f"{editor.headers['cookie']}; csrftoken=abc; brain_other=x; a=b"}
    )
    assert got.headers.get_list("set-cookie") == [
        "csrftoken=abc; SameSite=Lax; expires=x; Path=/cms",
        "sessionid=s; HttpOnly; Path=/cms/pages/",
    ]
    assert cms.header("cookie") == ["csrftoken=abc; a=b"]


LEAD_TO = {
    "/cms/pages/": "/cms/pages/",
    "{upstream}/cms/pages/?a=b#c": "/cms/pages/?a=b#c",
    "http://acme.localhost/cms/login/": "/cms/login/",
    "{upstream}": "/",
    "https://elsewhere.example/x": "https://elsewhere.example/x",
}


async def test_redirects_lead_where_the_browser_can_go(editor: httpx.AsyncClient, cms: Cms) -> None:
    for said, heard in LEAD_TO.items():
        told = said.format(upstream=cms.url)
        cms.answer = partial(_redirect, told)
        answer = await editor.get("/cms/")
        assert (answer.status_code, answer.headers["location"]) == (302, heard)


def _redirect(to: str, _: Request) -> Response:
    return RedirectResponse(to, 302)


async def test_a_cms_that_takes_too_long(editor: httpx.AsyncClient, cms: Cms) -> None:
    go_on = asyncio.Event()

    class Silent(Response):
        async def __call__(self, *arguments: Any) -> None:
            await go_on.wait()
            await super().__call__(*arguments)

    cms.answer = lambda _: Silent()
    answer = await editor.get("/cms/")
    assert answer.status_code == 504
    assert "in time" in answer.text
    cms.answer = None
    go_on.set()
    assert (await editor.get("/cms/")).status_code == 200


async def test_a_cms_that_is_away(editor: httpx.AsyncClient, proxy: CmsProxy) -> None:
    proxy._base = "http://127.0.0.1:9"  # nobody is there
    answer = await editor.get("/cms/")
    assert answer.status_code == 502
    assert "right now" in answer.text
    assert "127.0.0.1" not in answer.text
    assert answer.headers["retry-after"] == "2"


async def test_a_tenant_has_no_more_than_its_share(editor: httpx.AsyncClient, cms: Cms, monkeypatch: Any) -> None:
    monkeypatch.setattr("brain.cms.proxy._SHARE", 2)
    go_on = asyncio.Event()

    async def held() -> Any:
        yield b"x"
        await go_on.wait()

    cms.answer = lambda _: StreamingResponse(held())
    async with asyncio.timeout(10), editor.stream("GET", "/cms/1") as one, editor.stream("GET", "/cms/2") as two:
        assert (one.status_code, two.status_code) == (200, 200)
        assert (await editor.get("/cms/3")).status_code == 503
        go_on.set()
        for each in (one, two):
            await each.aread()
    cms.answer = None
    assert (await editor.get("/cms/4")).status_code == 200


def test_what_is_for_one_hop_stays_there() -> None:
    given = [
        (b"Connection", b"keep-alive, X-Secret, Host, Content-Length"),
        (b"X-Secret", b"1"),
        (b"Host", b"acme.localhost"),
        (b"Content-Length", b"3"),
        (b"TE", b"trailers"),
        (b"Transfer-Encoding", b"chunked"),
        (b"Upgrade", b"h2c"),
        (b"Proxy-Authorization", b"x"),
        (b"X-Forwarded-Proto", b"https"),
        (b"X_Forwarded_Host", b"evil"),
        (b"Forwarded", b"for=6.6.6.6"),
        (b"Accept-Language", b"de"),
    ]
    sent = forwarded(given, context="c", scheme="https", host="acme.localhost", client=None, request_id="r")
    assert sent == [
        ("host", "acme.localhost"),
        ("content-length", "3"),
        ("accept-language", "de"),
        ("x-brain-context", "c"),
        ("x-request-id", "r"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "acme.localhost"),
    ]
    back = returned(
        [
            (b"Server", b"uvicorn"),
            (b"Connection", b"close, x-hop"),
            (b"X-Hop", b"1"),
            (b"X-Brain-Context", b"leak"),
            (b"Set-Cookie", b"a=b"),
            (b"Location", b"http://[broken"),
            (b"Cache-Control", b"max-age=60"),
        ],
        scheme="https",
        host="acme.localhost",
        upstream="127.0.0.1:8004",
        path="/cms",
    )
    assert back == [(b"set-cookie", b"a=b; Path=/cms; Secure"), (b"cache-control", b"max-age=60")]
