"""Dashboards of Superset: held to its REST API, and to one tenant's rows."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web

from resolvers.demo import demo_tenant_id
from subgraphs.analytics.domain.dashboards import DashboardsUnavailable
from subgraphs.analytics.services import Services
from subgraphs.analytics.superset import Superset
from tests.subgraphs.analytics.superset_server import PASSWORD, USERNAME, SupersetServer

LIST = "{ analyticsDashboards { id name slug } }"
TOKEN = """mutation ($id: ID!) { createDashboardToken(input: {dashboardId: $id}) {
  token embeddedId supersetUrl errors { code } } }"""


@pytest.fixture
async def server() -> AsyncIterator[SupersetServer]:
    found = SupersetServer()
    found.add(7, "Sales")
    found.add(3, "Leads", embedded=False)
    found.add(9, "A draft", published=False)
    runner = web.AppRunner(found.app(), shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    found.url = f"http://{host}:{port}"
    yield found
    await runner.cleanup()


@pytest.fixture
async def superset(server: SupersetServer, tmp_path: Path) -> AsyncIterator[Superset]:
    (tmp_path / "password").write_text(f"{PASSWORD}\n")
    client = Superset(f"{server.url}/", USERNAME, tmp_path / "password", timeout_s=0.5)
    yield client
    await client.close()


@pytest.fixture
def served(analytics: Any, superset: Superset, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The subgraph with a Superset."""
    endpoint = next(each.app for each in analytics.app.routes[0].routes if each.path == "/graphql")
    monkeypatch.setattr(endpoint, "_services", Services(superset, "https://charts.example"))
    return analytics


async def test_published_ones_are_listed_by_title(served):
    data = await served.data(LIST, scopes=["analytics:read"])
    assert data["analyticsDashboards"] == [
        {"id": "3", "name": "Leads", "slug": None},
        {"id": "7", "name": "Sales", "slug": None},
    ]


@pytest.mark.parametrize("slug", ["acme", "globex"])
async def test_a_token_shows_the_callers_rows_alone(served, server, slug):
    data = await served.data(TOKEN, {"id": "7"}, tenant=slug, scopes=["analytics:read"])
    payload = data["createDashboardToken"]
    assert payload["errors"] == []
    assert (payload["embeddedId"], payload["supersetUrl"]) == (server.embedded[7], "https://charts.example")
    body = server.granted[payload["token"]]
    assert body["rls"] == [{"clause": f"tenant_id = '{demo_tenant_id(slug)}'"}]
    assert body["resources"] == [{"type": "dashboard", "id": server.embedded[7]}]
    assert "@" not in str(body["user"])


async def test_nobody_chooses_the_rows(served, server):
    field = "createDashboardToken(input: {dashboardId: 7, %s}) { token }"
    for more in ('tenantId: "x"', 'rls: "1 = 1"'):
        body = await served.call(f"mutation {{ {field % more} }}")
        assert "unknown field" in body["errors"][0]["message"]
    body = await served.call(TOKEN, {"id": "7"}, tenant=None, user=None, scopes=["analytics:read"])
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    refused = await served.call(TOKEN, {"id": "7"}, scopes=["other:read"])
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert server.granted == {}


@pytest.mark.parametrize(
    ("dashboard", "code"),
    [
        ("1", "DASHBOARD_NOT_FOUND"),
        ("9", "DASHBOARD_NOT_FOUND"),
        ("3", "DASHBOARD_NOT_EMBEDDED"),
        ("../security", "BAD_USER_INPUT"),
        ("7/embedded", "BAD_USER_INPUT"),
        ("99999999999", "BAD_USER_INPUT"),
    ],
)
async def test_what_is_refused(served, server, dashboard, code):
    payload = (await served.data(TOKEN, {"id": dashboard}))["createDashboardToken"]
    assert [error["code"] for error in payload["errors"]] == [code]
    assert payload["token"] is None
    assert server.granted == {}


async def test_without_a_superset_it_says_so(analytics):
    payload = (await analytics.data(TOKEN, {"id": "7"}))["createDashboardToken"]
    assert [error["code"] for error in payload["errors"]] == ["DASHBOARDS_NOT_CONFIGURED"]
    body = await analytics.call(LIST)
    assert body["errors"][0]["extensions"]["code"] == "DASHBOARDS_NOT_CONFIGURED"


async def test_an_access_token_is_kept_until_it_is_refused(superset, server):
    login = "POST /api/v1/security/login"
    await superset.dashboards()
    await superset.dashboards()
    assert server.asked.count(login) == 1
    server.access.clear()
    found = await asyncio.gather(*(superset.dashboards() for _ in range(5)))
    assert all(len(each) == 2 for each in found)
    assert server.asked.count(login) == 2


async def test_tokens_at_the_same_time_do_not_mix_their_sessions(superset, server):
    tenants = [uuid4() for _ in range(8)]
    tokens = await asyncio.gather(*(superset.guest_token(7, tenant) for tenant in tenants))
    clauses = [server.granted[each.token]["rls"][0]["clause"] for each in tokens]
    assert clauses == [f"tenant_id = '{tenant}'" for tenant in tenants]


DASHBOARDS, LOGIN = "/api/v1/dashboard/", "/api/v1/security/login"
CSRF = "/api/v1/security/csrf_token/"
GUEST = "/api/v1/security/guest_token/"


@pytest.mark.parametrize("path", [DASHBOARDS, LOGIN])
@pytest.mark.parametrize(
    "answer",
    [
        (500, "{}"),
        (503, "away"),
        (401, "{}"),
        (302, ""),
        (404, "{}"),
        (200, "<html>"),
        (200, "[]"),
        (200, '{"result": [{"id": "x"}], "access_token": 7}'),
        (200, '{"result": {}}'),
        (200, '{"result": [7]}'),
        (200, "x" * 1_000_001),
        None,
    ],
)
async def test_an_answer_that_is_none(superset, server, path, answer):
    server.instead[path] = answer
    with pytest.raises(DashboardsUnavailable):
        async with asyncio.timeout(10):
            await superset.dashboards()
    del server.instead[path]
    assert len(await superset.dashboards()) == 2


@pytest.mark.parametrize("path", [f"{DASHBOARDS}7", f"{DASHBOARDS}7/embedded", CSRF, GUEST])
@pytest.mark.parametrize("answer", [(500, ""), (200, '{"result": 7, "token": ""}'), (400, '{"message": "CSRF"}')])
async def test_a_token_that_is_none(superset, server, path, answer):
    server.instead[path] = answer
    with pytest.raises(DashboardsUnavailable):
        await superset.guest_token(7, uuid4())


async def test_nothing_of_it_leaks(served, server):
    server.instead[DASHBOARDS] = (500, f"Traceback: {PASSWORD}")
    body = await served.call(LIST)
    assert body["errors"][0]["extensions"]["code"] == "DASHBOARDS_UNAVAILABLE"
    assert PASSWORD not in str(body)
    assert server.url not in str(body)


async def test_nobody_listens_or_no_password(tmp_path, server):
    for url, file in (("http://127.0.0.1:1", "password"), (server.url, "missing")):
        (tmp_path / "password").write_text(PASSWORD)
        client = Superset(url, USERNAME, tmp_path / file)
        with pytest.raises(DashboardsUnavailable):
            await client.dashboards()
        await client.close()


def test_it_is_set_up_as_a_whole_or_not(analytics, tmp_path):
    settings = analytics.settings.model_copy(update={"superset_url": "http://superset:8088"})
    assert Services.of(settings).superset is None
    account = {"superset_username": "brain", "superset_password_file": tmp_path / "password"}
    services = Services.of(settings.model_copy(update=account))
    assert services.superset is not None
    assert services.superset_url == "http://superset:8088"
