"""The Brain as an application: routes, refusals, readiness, logs. The graph behind it is one field of identity's."""

import asyncio
import json
import logging
import re
import signal
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from starlette.applications import Starlette

from brain.app import _WRITTEN_FOR_CLIENTS, create_brain_app
from brain.config import BrainSettings, ConfigError
from brain.embedded.ports import free_port
from brain.embedded.process import end_group, start
from brain.embedded.stack import answers, brain_component, brain_url, child_environment
from router import RouterApp
from subgraphs import CONTEXTS

from .conftest import ACME, Identity

SUPERGRAPH = """
schema @link(url: "https://specs.apollo.dev/link/v1.0") @link(url: "https://specs.apollo.dev/join/v0.3", for: EXECUTION) {
  query: Query
}
directive @join__enumValue(graph: join__Graph!) repeatable on ENUM_VALUE
directive @join__field(graph: join__Graph, requires: join__FieldSet, provides: join__FieldSet, type: String, external: Boolean, override: String, usedOverridden: Boolean) repeatable on FIELD_DEFINITION | INPUT_FIELD_DEFINITION
directive @join__graph(name: String!, url: String!) on ENUM_VALUE
directive @join__implements(graph: join__Graph!, interface: String!) repeatable on OBJECT | INTERFACE
directive @join__type(graph: join__Graph!, key: join__FieldSet, extension: Boolean! = false, resolvable: Boolean! = true, isInterfaceObject: Boolean! = false) repeatable on OBJECT | INTERFACE | UNION | ENUM | INPUT_OBJECT | SCALAR
directive @join__unionMember(graph: join__Graph!, member: String!) repeatable on UNION
directive @link(url: String, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
scalar join__FieldSet
scalar link__Import
enum link__Purpose { SECURITY EXECUTION }
enum join__Graph { IDENTITY @join__graph(name: "identity", url: "http://nowhere.invalid/graphql") }
type Query @join__type(graph: IDENTITY) { whoami: String }
"""  # noqa: E501
WHOAMI = {"query": "query Who { whoami }", "operationName": "Who"}


@pytest.fixture
def settings(identity: Identity, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> BrainSettings:
    monkeypatch.setenv("BRAIN_CONFIG", str(tmp_path / "brain.yaml"))
    (tmp_path / "brain.yaml").write_text("")
    (tmp_path / "supergraph.graphql").write_text(SUPERGRAPH)
    (tmp_path / "context.secret").write_text(identity.context_secret.line())
    return BrainSettings(
        supergraph=tmp_path / "supergraph.graphql",
        subgraphs_url=identity.url,
        redis_url=redis_url,
        context_secret_file=tmp_path / "context.secret",
        data_dir=tmp_path,
    )


@pytest.fixture
async def app(settings: BrainSettings) -> AsyncIterator[Starlette]:
    app = create_brain_app(settings)
    async with app.router.lifespan_context(app):
        yield app


@pytest.fixture
async def client(app: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8001") as client:
        yield client


async def whoami(client: httpx.AsyncClient, path: str = "/graphql", **headers: str) -> Any:
    response = await client.post(path, json=WHOAMI, headers=headers)
    assert response.status_code == 200, response.text
    return json.loads(response.json()["data"]["whoami"])


@pytest.mark.parametrize("path", ["/graphql", "/"])
async def test_query_runs_as_its_caller(client: httpx.AsyncClient, identity: Identity, path: str) -> None:
    claims = await whoami(client, path, authorization=f"Bearer {identity.token()}")
    assert (claims["tenant"], claims["aud"], claims["roles"]) == (ACME["id"], "identity", ["owner"])
    assert "internal" not in claims["scopes"]


async def test_no_client_header_reaches_a_subgraph_as_context(client: httpx.AsyncClient) -> None:
    claims = await whoami(client, **{"x-brain-context": "forged", "X-Brain-Context": "forged"})
    assert (claims["tenant"], claims["scopes"]) == (None, [])


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({"authorization": "Bearer nonsense"}, 401, "UNAUTHENTICATED"),
        ({"x-tenant": "acme"}, 403, "FORBIDDEN"),
        ({"host": "acme.localhost", "x-tenant": "globex"}, 403, "TENANT_MISMATCH"),
    ],
)
async def test_refusals(
    client: httpx.AsyncClient, identity: Identity, headers: dict[str, str], status: int, code: str
) -> None:
    response = await client.post("/graphql", json=WHOAMI, headers=headers)
    assert response.status_code == status
    assert [e["extensions"]["code"] for e in response.json()["errors"]] == [code]
    assert "data" not in response.json()
    assert ("www-authenticate" in response.headers) == (status == 401)
    assert "whoami" not in identity.calls


async def test_browsers_are_sent_to_graphiql_others_are_not(client: httpx.AsyncClient) -> None:
    browser = await client.get("/", headers={"accept": "text/html,application/xhtml+xml"})
    assert (browser.status_code, browser.headers["location"]) == (307, "graphiql")
    programs = {"accept": "application/json", "graphql-require-preflight": "1"}
    program = await client.get("/", params={"query": "{ __typename }"}, headers=programs)
    assert program.json() == {"data": {"__typename": "Query"}}
    assert (await client.get("/nothing/here")).status_code == 404


async def test_health_is_about_the_process_and_ready_about_its_parts(
    client: httpx.AsyncClient, identity: Identity
) -> None:
    identity.status = 503
    assert (await client.get("/health")).status_code == 200
    answer = await client.get("/ready")
    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "parts": {"subgraph identity": "down", "redis": "up"}}


async def test_ready(client: httpx.AsyncClient, identity: Identity) -> None:
    answer = await client.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert identity.url not in answer.text


async def test_log_line_has_the_tenant_and_no_secret(
    client: httpx.AsyncClient, identity: Identity, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    token = identity.token()
    await whoami(client, authorization=f"Bearer {token}")
    (line,) = [record for record in caplog.records if record.name == "router.access"]
    fields = line.__dict__["fields"]
    assert (fields["tenant"], fields["operation"], fields["status"]) == ("acme", "Who", 200)
    assert token not in caplog.text
    assert token not in str(fields)


async def test_a_request_is_one_line_without_its_query_string(settings: BrainSettings, tmp_path: Path) -> None:
    settings = settings.model_copy(update={"port": free_port()})
    environment = child_environment(settings) | {"BRAIN_CONFIG": str(tmp_path / "brain.yaml")}
    launch = brain_component(settings, environment, ()).launch()
    url, log = brain_url(settings), tmp_path / "brain.log"
    with log.open("wb") as output:
        process = start(launch, output)
    try:
        async with httpx.AsyncClient(trust_env=False, headers={"graphql-require-preflight": "1"}) as client:
            deadline = time.monotonic() + 30
            while not await asyncio.to_thread(answers, f"{url}/health"):
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
            for path in ("/graphql", "/", "/nothing"):
                given = {
                    "query": "query Who { __typename }",
                    "variables": '{"password": "hunter2"}',
                    "token": "hunter2",
                }
                await client.get(f"{url}{path}", params=given)
            await client.get(f"{url}/graphql?token=hunter2")
            await client.get(f"{url}/graphiql?token=hunter2")
            process.send_signal(signal.SIGHUP)
            while "supergraph ready" not in await asyncio.to_thread(log.read_text):
                assert time.monotonic() < deadline, log.read_text()
                await asyncio.sleep(0.05)
            posted = await client.post(f"{url}/graphql", json={"query": "{ __typename }"})
            assert posted.json() == {"data": {"__typename": "Query"}}
    finally:
        end_group(process, launch)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    paths = [line["path"] for line in lines if line["logger"] == "router.access"]
    assert (paths.count("/"), paths.count("/graphql")) == (1, 3)
    assert "hunter2" not in log.read_text()
    assert "uvicorn.access" not in {line["logger"] for line in lines}


@pytest.mark.parametrize("name", ["subgraphs_url", "redis_url", "context_secret_file"])
def test_says_which_setting_is_missing(settings: BrainSettings, name: str) -> None:
    with pytest.raises(ConfigError, match=f"BRAIN_{name.upper()} is not set"):
        create_brain_app(settings.model_copy(update={name: None}))


def test_says_that_the_supergraph_cannot_be_read(settings: BrainSettings) -> None:
    with pytest.raises(ConfigError, match=r"BRAIN_SUPERGRAPH.*nowhere"):
        create_brain_app(settings.model_copy(update={"supergraph": Path("/nowhere")}))


# ---- errors of subgraphs --------------------------------------------------------------------------------------------


async def test_errors_of_its_own_contexts_reach_clients_and_of_others_do_not(
    settings: BrainSettings, identity: Identity, tmp_path: Path
) -> None:
    """A subgraph that is not one of the platform's answers with the same words at the same place."""
    sdl = SUPERGRAPH
    for before, after in (
        ("enum join__Graph {", 'enum join__Graph { SHOP @join__graph(name: "shop", url: "http://x")'),
        ("type Query @join__type(graph: IDENTITY)", "type Query @join__type(graph: IDENTITY) @join__type(graph: SHOP)"),
        ("whoami: String", "whoami: String @join__field(graph: IDENTITY) stock: Int @join__field(graph: SHOP)"),
    ):
        sdl = sdl.replace(before, after)
    (tmp_path / "supergraph.graphql").write_text(sdl)

    async def refuse(request: web.Request) -> web.StreamResponse:
        (name,) = re.findall("whoami|stock", (await request.json())["query"])
        error = {"message": f"No {name} of that name.", "path": [name], "extensions": {"code": "NOT_FOUND", "hint": 1}}
        return web.json_response({"data": {name: None}, "errors": [error]})

    subgraphs = web.Application()
    subgraphs.router.add_post("/{name}/graphql", refuse)
    runner = web.AppRunner(subgraphs)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    settings = settings.model_copy(update={"subgraphs_url": f"http://127.0.0.1:{runner.addresses[0][1]}"})
    app = create_brain_app(settings)
    transport = httpx.ASGITransport(app, raise_app_exceptions=True)
    try:
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://localhost:8001") as client,
        ):
            response = await client.post("/graphql", json={"query": "{ whoami stock }"})
    finally:
        await runner.cleanup()
    errors = {error["path"][0]: error for error in response.json()["errors"]}
    assert errors["whoami"]["message"] == "No whoami of that name."
    assert errors["whoami"]["extensions"] == {"code": "NOT_FOUND", "hint": 1, "service": "identity"}
    assert errors["stock"]["message"] == "Subgraph 'shop' reported an error."
    trace_id = response.headers["x-request-id"]
    assert errors["stock"]["extensions"] == {"code": "NOT_FOUND", "service": "shop", "traceId": trace_id}


def test_the_errors_of_every_context_of_the_platform_are_written_for_clients() -> None:
    assert set(_WRITTEN_FOR_CLIENTS) == set(CONTEXTS)


# ---- the router's own settings --------------------------------------------------------------------------------------


async def test_a_router_yaml_wins_over_what_the_brain_would_choose(
    settings: BrainSettings, identity: Identity, tmp_path: Path
) -> None:
    file = tmp_path / "router.yaml"
    mine = {"limits": {"max_depth": 1}, "subgraphs": {"identity": {"timeout_s": 7}}, "websocket": {"init_timeout_s": 3}}
    file.write_text(json.dumps(mine))
    app = create_brain_app(settings.model_copy(update={"router_config": file}))
    router = app.state.router
    assert isinstance(router, RouterApp)
    section = router.config.subgraphs["identity"]
    assert (section.timeout_s, section.expose_errors) == (7, True), "sections are merged"
    assert "x-tenant" in router.config.websocket.init_headers
    assert router.config.websocket.init_timeout_s == 3
    transport = httpx.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx.AsyncClient(transport=transport, base_url="http://localhost:8001") as client,
    ):
        response = await client.post("/graphql", json={"query": "{ __schema { queryType { name } } }"})
    assert response.json()["errors"][0]["extensions"]["code"] == "MAX_DEPTH_LIMIT"


def test_a_wrong_router_yaml_is_named(settings: BrainSettings, tmp_path: Path) -> None:
    file = tmp_path / "router.yaml"
    file.write_text("limit: {}")
    with pytest.raises(ConfigError, match=r"BRAIN_ROUTER_CONFIG: .*limit: no such setting; did you mean `limits`\?"):
        create_brain_app(settings.model_copy(update={"router_config": file}))
