"""The console over HTTP, before a graph that answers what a test says: who may post, who is sent where."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Mount, Route

from brain.console import console_routes

HERE = {"origin": "http://acme.localhost", "sec-fetch-site": "same-origin"}
TOKENS = {"accessToken": "access-1", "refreshToken": "refresh-1", "expiresIn": 900}
UNAUTHENTICATED = {"errors": [{"message": "The token is over.", "extensions": {"code": "UNAUTHENTICATED"}}]}
ACCESS, REFRESH = "brain_console_access", "brain_console_refresh"


class Graph:
    """Answers `POST /graphql` by operation, and notes what it was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, Callable[[dict[str, Any], Request], Response | dict[str, Any]]] = {}
        self.asked: list[tuple[str, dict[str, Any], str | None]] = []
        self.hosts: set[str] = set()
        self.ended = asyncio.Event()
        self.choices: list[dict[str, str]] = []

    async def answer(self, request: Request) -> Response:
        body = json.loads(await request.body())
        name = body["operationName"]
        if name == "SignOnChoices":  # asked for by every page to log in
            return JSONResponse({"data": {"singleSignOnChoices": self.choices}})
        self.asked.append((name, body["variables"], request.headers.get("authorization")))
        self.hosts.add(request.headers["host"])
        answer = self.answers[name](body["variables"], request)
        return answer if isinstance(answer, Response) else JSONResponse(answer)

    @property
    def names(self) -> list[str]:
        return [name for name, _, _ in self.asked]


@pytest.fixture
def graph() -> Graph:
    return Graph()


@pytest.fixture
async def browser(graph: Graph) -> AsyncIterator[httpx.AsyncClient]:
    router = Starlette(routes=[Route("/graphql", graph.answer, methods=["POST"])])
    app = Starlette(routes=[*console_routes(router), Mount("/", router)])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://acme.localhost") as client:
        yield client


async def test_who_has_not_logged_in_is_asked_to(graph: Graph, browser: httpx.AsyncClient) -> None:
    graph.answers["Overview"] = lambda *_: JSONResponse(UNAUTHENTICATED, 401)
    answer = await browser.get("/console/")
    assert answer.status_code == 401
    assert 'name="password"' in answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


async def test_logging_in_sets_cookies_that_scripts_and_other_sites_do_not_get(
    graph: Graph, browser: httpx.AsyncClient
) -> None:
    graph.answers["LogIn"] = lambda *_: {"data": {"logIn": {"tokens": TOKENS, "errors": []}}}
    form = {"email": "ada@acme.example", "password": "x", "next": "/console/runs/abc"}
    answer = await browser.post("/console/log-in", data=form, headers=HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/runs/abc")
    cookies = answer.headers.get_list("set-cookie")
    assert len(cookies) == 2
    for cookie in cookies:
        assert {"HttpOnly", "Path=/console", "SameSite=strict"} <= {part.strip() for part in cookie.split(";")}
    assert graph.asked == [("LogIn", {"input": {"email": "ada@acme.example", "password": "x"}}, None)]
    assert graph.hosts == {"acme.localhost"}


@pytest.mark.parametrize(
    "to", ["https://evil.example/", "//evil.example", "/console/../graphql", "/console/runs/a/b", "javascript:x", ""]
)
async def test_nobody_is_sent_elsewhere_after_logging_in(graph: Graph, browser: httpx.AsyncClient, to: str) -> None:
    graph.answers["LogIn"] = lambda *_: {"data": {"logIn": {"tokens": TOKENS, "errors": []}}}
    form = {"email": "a@b.example", "password": "x", "next": to}
    answer = await browser.post("/console/log-in", data=form, headers=HERE)
    assert answer.headers["location"] == "/console/"


async def test_a_wrong_password_is_said_and_sets_nothing(graph: Graph, browser: httpx.AsyncClient) -> None:
    errors = [{"code": "INVALID_CREDENTIALS", "message": "E-mail address or password is wrong."}]
    graph.answers["LogIn"] = lambda *_: {"data": {"logIn": {"tokens": None, "errors": errors}}}
    answer = await browser.post("/console/log-in", data={"email": "a@b.example", "password": "y"}, headers=HERE)
    assert answer.status_code == 403
    assert errors[0]["message"] in answer.text
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://acme.localhost.evil.example"},
        {"origin": "http://acme.localhost", "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["log-in", "log-out", "runs/a/cancel", "runs/a/retry", "runs/a/actions/0"])
async def test_forms_of_other_sites_are_refused(
    graph: Graph, browser: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    browser.cookies.set(ACCESS, "access-1", "acme.localhost", "/console")
    answer = await browser.post(f"/console/{path}", data={"decision": "APPROVE"}, headers=headers)
    assert answer.status_code == 403
    assert graph.asked == []


async def test_an_access_token_that_is_over_is_renewed_once(graph: Graph, browser: httpx.AsyncClient) -> None:
    browser.cookies.set(ACCESS, "old", "acme.localhost", "/console")
    browser.cookies.set(REFRESH, "refresh-0", "acme.localhost", "/console")

    def cancel(_: dict[str, Any], request: Request) -> Response | dict[str, Any]:
        if request.headers["authorization"] == "Bearer old":
            return JSONResponse(UNAUTHENTICATED, 401)
        return {"data": {"cancelAgentRun": {"run": {"id": "r1", "status": "RUNNING"}, "errors": []}}}

    graph.answers["Cancel"] = cancel
    graph.answers["RefreshTokens"] = lambda *_: {"data": {"refreshTokens": {"tokens": TOKENS, "errors": []}}}
    answer = await browser.post("/console/runs/r1/cancel", headers=HERE)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/runs/r1")
    assert graph.names == ["Cancel", "RefreshTokens", "Cancel"]
    assert graph.asked[1][1:] == ({"refreshToken": "refresh-0"}, None)
    assert graph.asked[2][2] == "Bearer access-1"
    assert browser.cookies.get(ACCESS) == "access-1"


async def test_without_a_good_refresh_token_the_session_is_over(graph: Graph, browser: httpx.AsyncClient) -> None:
    browser.cookies.set(REFRESH, "used", "acme.localhost", "/console")
    graph.answers["RefreshTokens"] = lambda *_: {"data": {"refreshTokens": {"tokens": None, "errors": []}}}
    answer = await browser.get("/console/")
    assert answer.status_code == 401
    assert graph.names == ["RefreshTokens"]
    assert all("Max-Age=0" in cookie for cookie in answer.headers.get_list("set-cookie"))


async def test_a_decision_names_the_arguments_that_were_seen(graph: Graph, browser: httpx.AsyncClient) -> None:
    browser.cookies.set(ACCESS, "access-1", "acme.localhost", "/console")
    graph.answers["Decide"] = lambda *_: {"data": {"decideAgentAction": {"action": {"index": 2}, "errors": []}}}
    form = {"decision": "EDIT", "argumentsHash": "ab", "arguments": '{"score": 5}', "note": " why "}
    answer = await browser.post("/console/runs/r1/actions/2", data=form, headers=HERE)
    assert answer.headers["location"] == "/console/runs/r1"
    expected = {
        "runId": "r1", "index": 2, "decision": "EDIT", "argumentsHash": "ab", "note": "why",
        "editedArguments": {"score": 5},
    }  # fmt: skip
    assert graph.asked == [("Decide", {"input": expected}, "Bearer access-1")]


@pytest.mark.parametrize("form", [{"decision": "APPROVE"}, {"decision": "REJECT"}])
async def test_only_an_edit_sends_arguments(graph: Graph, browser: httpx.AsyncClient, form: dict[str, str]) -> None:
    browser.cookies.set(ACCESS, "access-1", "acme.localhost", "/console")
    graph.answers["Decide"] = lambda *_: {"data": {"decideAgentAction": {"action": {"index": 0}, "errors": []}}}
    await browser.post("/console/runs/r/actions/0", data={**form, "arguments": "{changed"}, headers=HERE)
    assert "editedArguments" not in graph.asked[0][1]["input"]


async def test_logging_out_ends_the_refresh_token_and_the_cookies(graph: Graph, browser: httpx.AsyncClient) -> None:
    browser.cookies.set(ACCESS, "access-1", "acme.localhost", "/console")
    browser.cookies.set(REFRESH, "refresh-1", "acme.localhost", "/console")
    graph.answers["LogOut"] = lambda *_: {"data": {"logOut": {"errors": []}}}
    answer = await browser.post("/console/log-out", headers=HERE)
    assert graph.asked == [("LogOut", {"refreshToken": "refresh-1"}, "Bearer access-1")]
    assert len(answer.headers.get_list("set-cookie")) == 2
    assert browser.cookies.get(ACCESS) is None


async def test_missing_scopes_are_said_as_such(graph: Graph, browser: httpx.AsyncClient) -> None:
    browser.cookies.set(ACCESS, "access-1", "acme.localhost", "/console")
    told = {"data": None, "errors": [{"message": "You need agents:read.", "extensions": {"code": "FORBIDDEN"}}]}
    graph.answers["Overview"] = lambda *_: told
    answer = await browser.get("/console/")
    assert answer.status_code == 403
    assert "You need agents:read." in answer.text


async def test_events_are_passed_on_as_they_come_and_end_with_the_browser(
    graph: Graph, browser: httpx.AsyncClient
) -> None:
    async def events() -> AsyncIterator[bytes]:
        try:
            yield b'event: next\ndata: {"data": {}}\n\n'
            await asyncio.Event().wait()
        finally:
            graph.ended.set()

    graph.answers["RunStatus"] = lambda *_: THERE
    graph.answers["RunEvents"] = lambda *_: StreamingResponse(events(), media_type="text/event-stream")
    app = browser._transport.app  # type: ignore[attr-defined]
    arrived, gone = asyncio.Event(), asyncio.Event()

    async def receive() -> dict[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message.get("body"):
            arrived.set()

    headers = [(b"host", b"acme.localhost"), (b"cookie", f"{ACCESS}=access-1".encode()), (b"last-event-id", b"7")]
    path = "/console/runs/r1/events"
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "method": "GET",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"after=3", "headers": headers,
        "scheme": "http", "client": ("127.0.0.1", 1), "server": ("acme.localhost", 80),
    }  # fmt: skip
    async with asyncio.timeout(10):
        serving = asyncio.create_task(app(scope, receive, send))
        await arrived.wait()
        assert graph.asked[1:] == [("RunEvents", {"id": "r1", "after": "7"}, "Bearer access-1")]
        gone.set()
        await graph.ended.wait()
        await serving


@pytest.mark.parametrize("after", ["x", "-1", "1;2", "9" * 20])
async def test_events_after_something_that_is_no_event_are_not_asked_for(
    graph: Graph, browser: httpx.AsyncClient, after: str
) -> None:
    browser.cookies.set(ACCESS, "access-1", "acme.localhost", "/console")
    answer = await browser.get("/console/runs/r1/events", params={"after": after})
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    assert "number of an event" in answer.text
    assert graph.asked == []


THERE = {"data": {"agentRun": {"id": "r1", "status": "RUNNING"}}}
BAD_ID = {"data": None, "errors": [{"message": "id must be a UUID.", "extensions": {"code": "BAD_USER_INPUT"}}]}


@pytest.mark.parametrize("access", ["old", None])
async def test_whoever_watches_events_stays_logged_in(
    graph: Graph, browser: httpx.AsyncClient, access: str | None
) -> None:
    """The browser comes again when its token is over, or its cookie gone: the session is renewed then."""
    if access is not None:
        browser.cookies.set(ACCESS, access, "acme.localhost", "/console")
    browser.cookies.set(REFRESH, "refresh-0", "acme.localhost", "/console")
    graph.answers["RunStatus"] = lambda _, request: (
        JSONResponse(UNAUTHENTICATED, 401) if request.headers.get("authorization") != "Bearer access-1" else THERE
    )
    graph.answers["RefreshTokens"] = lambda *_: {"data": {"refreshTokens": {"tokens": TOKENS, "errors": []}}}
    graph.answers["RunEvents"] = lambda *_: Response("event: complete\n\n", media_type="text/event-stream")
    answer = await browser.get("/console/runs/r1/events", params={"after": "3"})
    assert (answer.status_code, answer.text) == (200, "event: complete\n\n")
    assert graph.asked[-1] == ("RunEvents", {"id": "r1", "after": "3"}, "Bearer access-1")
    assert graph.names.count("RefreshTokens") == 1
    cookies = answer.headers.get_list("set-cookie")
    assert any(cookie.startswith(f"{ACCESS}=access-1;") for cookie in cookies)
    assert any(cookie.startswith(f"{REFRESH}=refresh-1;") for cookie in cookies)


async def test_two_pages_that_renew_at_once_do_not_log_each_other_out(graph: Graph, browser: httpx.AsyncClient) -> None:
    browser.cookies.set(REFRESH, "refresh-0", "acme.localhost", "/console")
    in_use = [{"code": "REFRESH_TOKEN_IN_USE", "message": "In use."}]
    graph.answers["RefreshTokens"] = lambda *_: {"data": {"refreshTokens": {"tokens": None, "errors": in_use}}}
    answer = await browser.get("/console/runs/r1/events")
    assert (answer.status_code, answer.text) == (200, "retry: 1000\n\n"), (
        "it comes again, with the other page's cookies"
    )
    assert "set-cookie" not in answer.headers
    answer = await browser.get("/console/runs/r1")
    assert (answer.status_code, "set-cookie" in answer.headers) == (503, False)


async def test_events_of_no_run_are_not_there_and_who_logged_out_does_not_come_again(
    graph: Graph, browser: httpx.AsyncClient
) -> None:
    assert (await browser.get("/console/runs/r1/events")).status_code == 204
    browser.cookies.set(ACCESS, "access-1", "acme.localhost", "/console")
    for found, status in (
        (BAD_ID, 404),
        ({"data": {"agentRun": None}}, 404),
        ({"errors": [{"message": "No.", "extensions": {"code": "FORBIDDEN"}}]}, 403),
        (UNAUTHENTICATED, 204),
    ):
        graph.answers["RunStatus"] = lambda *_, found=found: found
        assert (await browser.get("/console/runs/r1/events")).status_code == status
    assert "RunEvents" not in graph.names


async def test_what_is_no_run_and_no_page_is_said(graph: Graph, browser: httpx.AsyncClient) -> None:
    graph.answers["Run"] = lambda *_: BAD_ID
    answer = await browser.get("/console/runs/nonsense")
    assert answer.status_code == 404
    assert "There is no such run" in answer.text
    wrong = {"message": "This is no cursor of this list.", "extensions": {"code": "BAD_CURSOR"}}
    graph.answers["Overview"] = lambda *_: {"data": None, "errors": [wrong]}
    answer = await browser.get("/console/", params={"after": "nonsense"})
    assert answer.status_code == 400
    assert wrong["message"] in answer.text


COOKIE = "brain_console_sign_on"
SECRET = "s" * 43


async def begin(graph: Graph, browser: httpx.AsyncClient) -> httpx.Response:
    url = "https://login.acme.example/authorize?state=x"
    begun = {"authorizationUrl": url, "browserSecret": SECRET, "errors": []}
    graph.answers["BeginSignOn"] = lambda *_: {"data": {"beginSingleSignOn": begun}}
    return await browser.get("/console/sign-on/p-1?next=/console/runs/abc")


async def test_the_page_to_log_in_names_the_tenants_providers(graph: Graph, browser: httpx.AsyncClient) -> None:
    graph.answers["Overview"] = lambda *_: JSONResponse(UNAUTHENTICATED, 401)
    graph.choices = [{"id": "p-1", "name": "<Acme> ID"}]
    answer = await browser.get("/console/")
    assert 'href="/console/sign-on/p-1?next=/console/"' in answer.text
    assert "Log in with &lt;Acme&gt; ID" in answer.text


async def test_signing_on_goes_to_the_provider_and_back(graph: Graph, browser: httpx.AsyncClient) -> None:
    sent = await begin(graph, browser)
    assert (sent.status_code, sent.headers["location"]) == (303, "https://login.acme.example/authorize?state=x")
    (cookie,) = sent.headers.get_list("set-cookie")
    parts = {part.strip() for part in cookie.split(";")}
    assert {"HttpOnly", "Path=/console/sign-on", "SameSite=lax", "Max-Age=600"} <= parts
    back = "http://acme.localhost/console/sign-on/back"
    assert graph.asked == [("BeginSignOn", {"input": {"providerId": "p-1", "redirectUri": back}}, None)]
    graph.answers["CompleteSignOn"] = lambda *_: {"data": {"completeSingleSignOn": {"tokens": TOKENS, "errors": []}}}
    # As from another site: neither origin nor anything else speaks for it but the cookie.
    done = await browser.get("/console/sign-on/back?code=c&state=t.x&iss=i", headers={"sec-fetch-site": "cross-site"})
    assert done.status_code == 200
    assert '<meta http-equiv="refresh" content="0; url=/console/runs/abc">' in done.text
    given = {"code": "c", "state": "t.x", "issuer": "i", "browserSecret": SECRET}
    assert graph.asked[-1] == ("CompleteSignOn", {"input": given}, None)
    assert browser.cookies.get(ACCESS) == "access-1"
    assert browser.cookies.get(COOKIE) is None
    # Once more, as by the browser's history: there is nothing left to finish.
    again = await browser.get("/console/sign-on/back?code=c&state=t.x")
    assert again.status_code == 403
    assert graph.names.count("CompleteSignOn") == 1


@pytest.mark.parametrize("query", ["error=access_denied&state=x", "code=c&state=x"])
async def test_what_is_refused_ends_on_the_page_to_log_in(graph: Graph, browser: httpx.AsyncClient, query: str) -> None:
    await begin(graph, browser)
    errors = [{"code": "SIGN_ON_NOT_ALLOWED", "message": "Ask its owner for an invitation."}]
    graph.answers["CompleteSignOn"] = lambda *_: {"data": {"completeSingleSignOn": {"tokens": None, "errors": errors}}}
    answer = await browser.get(f"/console/sign-on/back?{query}")
    assert answer.status_code == 403
    assert ("Ask its owner" in answer.text) is ("error" not in query)
    assert 'name="password"' in answer.text
    assert browser.cookies.get(ACCESS) is None
    assert browser.cookies.get(COOKIE) is None


async def test_nobody_is_sent_elsewhere_by_signing_on(graph: Graph, browser: httpx.AsyncClient) -> None:
    await begin(graph, browser)
    browser.cookies.clear()
    browser.cookies.set(COOKIE, f"{SECRET}~https%3A%2F%2Fevil.example", path="/console/sign-on")
    graph.answers["CompleteSignOn"] = lambda *_: {"data": {"completeSingleSignOn": {"tokens": TOKENS, "errors": []}}}
    answer = await browser.get("/console/sign-on/back?code=c&state=x")
    assert "evil.example" not in answer.text
    assert 'url=/console/"' in answer.text


async def test_a_provider_that_cannot_be_asked_is_told(graph: Graph, browser: httpx.AsyncClient) -> None:
    errors = [{"code": "NOT_FOUND", "message": "There is no such identity provider."}]
    graph.answers["BeginSignOn"] = lambda *_: {
        "data": {"beginSingleSignOn": {"authorizationUrl": None, "errors": errors}}
    }
    answer = await browser.get("/console/sign-on/p-2")
    assert answer.status_code == 403
    assert "There is no such identity provider." in answer.text
