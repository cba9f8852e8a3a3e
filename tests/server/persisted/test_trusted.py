"""Trusted documents: by id, per client, logged or enforced."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import pytest

from router.server.app import RouterApp
from router.server.config import InvalidConfig
from router.server.persisted.automatic import hash_of
from tests.server.live import Sources, live_router

Connect = Callable[[RouterApp], httpx.AsyncClient]
MakeApp = Callable[..., RouterApp]
Trusting = Callable[..., httpx.AsyncClient]

NEW = "application/graphql-response+json"
PEN = 'query Pen {\n  product(id: "1") {\n    name\n  }\n}'
INK = 'query Ink { product(id: "2") { name } }'
UNLISTED = '{ product(id: "3") { name } }'
ANSWERS = {
    text: {"data": {"product": {"name": name}}} for text, name in ((PEN, "Pen"), (INK, "Ink"), (UNLISTED, "Paper"))
}


def write(file: Path, content: Any) -> None:
    file.write_text(content if isinstance(content, str) else json.dumps(content))


def manifest() -> dict[str, Any]:
    return {
        "format": "apollo-persisted-query-manifest",
        "version": 1,
        "operations": [
            {"id": "pen", "body": PEN, "name": "Pen", "type": "query"},
            {"id": "ink", "body": INK, "name": "Ink", "type": "query", "clientName": "app"},
        ],
    }


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "manifest.json"
    write(path, manifest())
    return path


@pytest.fixture
def trusting(file: Path, make_app: MakeApp, connect: Connect) -> Trusting:
    def client(**settings: Any) -> httpx.AsyncClient:
        return connect(make_app(trusted_documents={"manifests": [file], **settings}))

    return client


async def post(client: httpx.AsyncClient, body: Any, client_name: str | None = None) -> httpx.Response:
    headers = {"accept": NEW, **({"x-client-name": client_name} if client_name else {})}
    return await client.post("/graphql", json=body, headers=headers)


def extension(id_: str) -> dict[str, Any]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": id_}}}


def code_of(response: httpx.Response) -> str:
    return str(response.json()["errors"][0]["extensions"]["code"])


@pytest.mark.parametrize(
    "body",
    [
        {"documentId": "pen"},
        {"documentId": f"sha256:{hash_of(PEN)}"},
        extension("pen"),
        extension(hash_of(PEN)),
        {"documentId": "pen", "operationName": "Pen"},
        {"documentId": "pen", "query": PEN},
    ],
)
@pytest.mark.parametrize("settings", [{}, {"mode": "enforce"}, {"mode": "enforce", "require_id": True}])
async def test_by_id(trusting: Trusting, body: Any, settings: Any) -> None:
    response = await post(trusting(**settings), body)
    assert (response.status_code, response.json()) == (200, ANSWERS[PEN])


async def test_unknown_ids(trusting: Trusting) -> None:
    client = trusting()
    refused = await post(client, {"documentId": "pencil"})
    assert (refused.status_code, code_of(refused)) == (404, "PERSISTED_QUERY_NOT_IN_LIST")
    assert "'pencil'" in refused.json()["errors"][0]["message"]
    assert len((await post(client, {"documentId": "x" * 10_000})).content) < 400
    differing = await post(client, {"documentId": "pen", "query": INK})
    assert (differing.status_code, code_of(differing)) == (400, "PERSISTED_QUERY_HASH_MISMATCH")
    for wrong in (1, "", [], {}):
        assert code_of(await post(client, {"documentId": wrong})) == "BAD_REQUEST"


async def test_a_clients_own_documents(trusting: Trusting) -> None:
    client = trusting(mode="enforce")
    assert (await post(client, {"documentId": "ink"}, "app")).json() == ANSWERS[INK]
    assert (await post(client, {"query": INK}, "app")).json() == ANSWERS[INK]
    assert (await post(client, {"documentId": "pen"}, "app")).json() == ANSWERS[PEN]
    for name in (None, "web"):
        assert code_of(await post(client, {"documentId": "ink"}, name)) == "PERSISTED_QUERY_NOT_IN_LIST"
        assert code_of(await post(client, {"query": INK}, name)) == "QUERY_NOT_IN_SAFELIST"


async def test_other_documents_run_unless_the_mode_forbids(trusting: Trusting) -> None:
    assert (await post(trusting(), {"query": UNLISTED})).json() == ANSWERS[UNLISTED]
    enforcing = trusting(mode="enforce")
    refused = await post(enforcing, {"query": UNLISTED})
    assert (refused.status_code, code_of(refused)) == (403, "QUERY_NOT_IN_SAFELIST")
    assert (await post(enforcing, {"query": PEN})).json() == ANSWERS[PEN]
    # A document that a client has sent with its hash is not a listed one.
    by_hash = await post(enforcing, {"query": UNLISTED, **extension(hash_of(UNLISTED))})
    assert code_of(by_hash) == "QUERY_NOT_IN_SAFELIST"
    assert "data" not in (await post(enforcing, extension(hash_of(UNLISTED)))).json()


async def test_white_space_and_comments_make_no_other_document(trusting: Trusting) -> None:
    client = trusting(mode="enforce")
    for variant in ('query Pen { product(id: "1") { name } }', f"# a comment\n{PEN}", f"{PEN},,"):
        assert (await post(client, {"query": variant})).json() == ANSWERS[PEN]
        assert (await post(client, {"query": variant})).json() == ANSWERS[PEN], "also when it is remembered"
    for other in ('query Pen { product(id: "1") { name name } }', PEN.replace('"1"', '" 1"'), "{", PEN * 2):
        assert code_of(await post(client, {"query": other})) == "QUERY_NOT_IN_SAFELIST"


async def test_ids_alone(trusting: Trusting) -> None:
    client = trusting(mode="enforce", require_id=True)
    for text in (PEN, UNLISTED):
        refused = await post(client, {"query": text})
        assert (refused.status_code, code_of(refused)) == (403, "PERSISTED_QUERY_ID_REQUIRED")
        assert code_of(await post(client, {"query": text, **extension("a" * 64)})) == "PERSISTED_QUERY_HASH_MISMATCH"


async def test_modes_of_clients(trusting: Trusting) -> None:
    client = trusting(mode="enforce", clients={"playground": "off"})
    assert (await post(client, {"query": UNLISTED}, "playground")).json() == ANSWERS[UNLISTED]
    assert code_of(await post(client, {"query": UNLISTED}, "app")) == "QUERY_NOT_IN_SAFELIST"
    rollout = trusting(clients={"app": "enforce"})
    assert (await post(rollout, {"query": UNLISTED})).json() == ANSWERS[UNLISTED]
    assert code_of(await post(rollout, {"query": UNLISTED}, "app")) == "QUERY_NOT_IN_SAFELIST"


async def test_the_log_tells_what_is_not_listed(trusting: Trusting, caplog: pytest.LogCaptureFixture) -> None:
    client = trusting(mode="log")
    with caplog.at_level(logging.WARNING, "router.server"):
        assert (await post(client, {"query": PEN}, "web")).json() == ANSWERS[PEN]
        assert not [record for record in caplog.records if record.message == "unknown document"]
        assert (await post(client, {"query": UNLISTED}, "web")).json() == ANSWERS[UNLISTED]
    (record,) = [record for record in caplog.records if record.message == "unknown document"]
    fields = vars(record)["fields"]
    assert fields["client_name"] == "web"
    assert fields["document"] == hash_of(UNLISTED)
    assert UNLISTED not in str(fields), "a document may have personal data in it"


async def test_introspection_as_an_exception(trusting: Trusting) -> None:
    schema = {"query": "{ __schema { queryType { name } } __typename }"}
    assert code_of(await post(trusting(mode="enforce"), schema)) == "QUERY_NOT_IN_SAFELIST"
    client = trusting(mode="enforce", allow_introspection=True)
    assert (await post(client, schema)).json()["data"]["__schema"] == {"queryType": {"name": "Query"}}
    for sneaky in (
        '{ __typename product(id: "1") { name } }',
        '{ __typename ... { product(id: "1") { name } } }',
        'query A { __typename } query B { product(id: "1") { name } }',
        '{ __typename: product(id: "1") { name } }',
        "{",
    ):
        assert code_of(await post(client, {"query": sneaky})) == "QUERY_NOT_IN_SAFELIST"


async def test_batches_are_judged_one_by_one(file: Path, make_app: MakeApp, connect: Connect) -> None:
    client = connect(make_app(batching={"enabled": True}, trusted_documents={"manifests": [file], "mode": "enforce"}))
    answers = (await post(client, [{"documentId": "pen"}, {"query": UNLISTED}])).json()
    assert answers[0] == ANSWERS[PEN]
    assert answers[1]["errors"][0]["extensions"]["code"] == "QUERY_NOT_IN_SAFELIST"


# ---- plans, reloads -------------------------------------------------------------------------------------------------


async def test_documents_are_planned_before_they_are_asked_for(
    file: Path, make_app: MakeApp, caplog: pytest.LogCaptureFixture
) -> None:
    content = manifest()
    content["operations"].append({"id": "wrong", "body": "query Wrong { nothing }", "name": "Wrong"})
    write(file, content)
    app = make_app(trusted_documents={"manifests": [file]})
    await app.startup()
    assert {key.text for key in app.pipeline.cache.texts} == {PEN, INK}
    (record,) = [record for record in caplog.records if "do not fit" in record.message]
    fields = vars(record)["fields"]
    assert fields["count"] == 1
    assert "Wrong" in fields["documents"][0]
    assert "Cannot query field 'nothing'" in fields["documents"][0]
    await app.shutdown()
    idle = make_app(trusted_documents={"manifests": [file], "warm_up": False})
    await idle.startup()
    assert not idle.pipeline.cache.texts
    await idle.shutdown()


async def test_no_time_for_all(file: Path, make_app: MakeApp, caplog: pytest.LogCaptureFixture) -> None:
    app = make_app(trusted_documents={"manifests": [file]}, document_cache={"warm_up_s": 1e-9})
    await app.startup()
    (record,) = [record for record in caplog.records if "no time" in record.message]
    assert vars(record)["fields"] == {"left": 2}
    await app.shutdown()


async def test_a_changed_manifest_is_read_by_a_reload(file: Path, make_app: MakeApp, connect: Connect) -> None:
    app = make_app(trusted_documents={"manifests": [file], "mode": "enforce"})
    client = connect(app)
    assert code_of(await post(client, {"documentId": "paper"})) == "PERSISTED_QUERY_NOT_IN_LIST"
    write(file, {"paper": UNLISTED})
    await app.reload()
    assert UNLISTED in {key.text for key in app.pipeline.cache.texts}, "planned before it went live"
    assert (await post(client, {"documentId": "paper"})).json() == ANSWERS[UNLISTED]
    assert code_of(await post(client, {"documentId": "pen"})) == "PERSISTED_QUERY_NOT_IN_LIST"
    write(file, "{")
    with pytest.raises(InvalidConfig, match="not JSON"):
        await app.reload()
    assert (await post(client, {"documentId": "paper"})).json() == ANSWERS[UNLISTED], "what was read stays"


async def test_over_a_websocket_as_well(file: Path) -> None:
    write(file, {"running": "{ running }"})
    settings = {"manifests": [file], "mode": "enforce"}
    async with (
        live_router(Sources(), trusted_documents=settings) as (_, address),
        aiohttp.ClientSession() as http,
        http.ws_connect(f"{address}/graphql", protocols=["graphql-transport-ws"]) as socket,
    ):
        await socket.send_json({"type": "connection_init"})
        assert (await socket.receive_json())["type"] == "connection_ack"
        await socket.send_json({"id": "1", "type": "subscribe", "payload": {"documentId": "running"}})
        assert (await socket.receive_json())["payload"] == {"data": {"running": 0}}
        assert (await socket.receive_json())["type"] == "complete"
        await socket.send_json({"id": "2", "type": "subscribe", "payload": {"query": "{ running __typename }"}})
        refused = await socket.receive_json()
        assert refused["type"] == "error"
        assert refused["payload"][0]["extensions"]["code"] == "QUERY_NOT_IN_SAFELIST"
