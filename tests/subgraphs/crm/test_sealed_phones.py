"""Phone numbers are sealed by a real Vault, with a key per tenant that can be rotated."""

import importlib
import uuid
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx
import pytest

from brain.embedded.openbao import OpenBaoServer
from brain.embedded.ports import free_port
from brain.vault.setup import admin_client, rotate_key, set_up
from resolvers.settings import Settings
from subgraphs.__main__ import migrate_all, reseal_all, seed_all
from tests.subgraphs.conftest import ContextSigner, RunningSubgraph

PHONE = "+44 20 7946 0000"
CREATE = """
mutation ($input: CreateContactInput!) { createContact(input: $input) { errors { code } contact { id phone } } }
"""
READ = "query ($id: ID!) { contact(id: $id) { name phone } }"


@pytest.fixture(scope="module")
async def sealed_settings(
    openbao: OpenBaoServer, openbao_token: str, subgraph_settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Settings:
    folder = tmp_path_factory.mktemp("roles")
    admin = admin_client(openbao.address, openbao_token)
    set_up(admin, ["subgraph-crm"], folder)
    admin.session.close()
    url = subgraph_settings.database_url.get_secret_value()
    name = f"sealed_{uuid.uuid4().hex[:8]}"
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()
    parts = urlsplit(url)
    return Settings(
        **subgraph_settings.model_dump(exclude={"database_url", "vault_address"})
        | {
            "database_url": urlunsplit((parts.scheme, parts.netloc, f"/{name}", parts.query, "")),
            "vault_address": openbao.address,
            "vault_role_id_file": folder / "{role}" / "role_id",
            "vault_secret_id_file": folder / "{role}" / "secret_id",
        }
    )


async def running(stack: AsyncExitStack, settings: Settings, sign: ContextSigner) -> RunningSubgraph:
    app = importlib.import_module("subgraphs.crm.app").create_app(settings)
    await stack.enter_async_context(app.router.lifespan_context(app))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url="http://subgraph.test"))
    return RunningSubgraph(app, settings, sign, client)


@pytest.fixture(scope="module")
async def crm(sealed_settings: Settings, sign_context: ContextSigner) -> AsyncIterator[RunningSubgraph]:
    await migrate_all(["crm"], sealed_settings)
    await seed_all(["crm"], sealed_settings)
    async with AsyncExitStack() as stack:
        yield await running(stack, sealed_settings, sign_context)


async def stored(settings: Settings, table: str = "contacts") -> list[str]:
    connection = await asyncpg.connect(settings.database_url.get_secret_value())
    try:
        rows = await connection.fetch(f"select phone from crm.{table} where phone is not null order by id")
    finally:
        await connection.close()
    return [row["phone"] for row in rows]


async def test_what_is_stored_is_sealed_and_what_is_read_is_as_typed(
    crm: RunningSubgraph, sealed_settings: Settings
) -> None:
    for table in ("contacts", "form_submissions", "leads"):
        seeded = await stored(sealed_settings, table)
        assert seeded
        assert all(value.startswith("vault:v") for value in seeded)
    payload = (await crm.data(CREATE, {"input": {"name": "Ada", "phone": f" {PHONE} "}}))["createContact"]
    assert payload["contact"]["phone"] == PHONE
    contact = payload["contact"]["id"]
    assert (await crm.data(READ, {"id": contact}))["contact"]["phone"] == PHONE
    # Edited without a word of the phone, it stays; edited with, it changes; what looks sealed is text like any other.
    edit = "mutation ($i: UpdateContactInput!) { updateContact(input: $i) { errors { code } contact { phone } } }"
    for changes, phone in (
        ({"name": "Ada B."}, PHONE),
        ({"phone": "vault:v1:bm9uZQ=="}, "vault:v1:bm9uZQ=="),
        ({"phone": PHONE}, PHONE),
    ):
        edited = (await crm.data(edit, {"i": {"id": contact, **changes}}))["updateContact"]
        assert edited == {"errors": [], "contact": {"phone": phone}}
    assert PHONE not in await stored(sealed_settings)
    assert (await crm.data("{ leads(first: 20) { edges { node { phone } } } }"))["leads"]["edges"]


async def test_another_tenants_ciphertext_is_worthless(crm: RunningSubgraph, sealed_settings: Settings) -> None:
    """Who can write into the table, but has no key, moves a sealed value to a tenant of their own: it does not open."""
    ids = {}
    for tenant in ("acme", "globex"):
        payload = (await crm.data(CREATE, {"input": {"name": tenant, "phone": PHONE}}, tenant=tenant))["createContact"]
        ids[tenant] = payload["contact"]["id"]
    connection = await asyncpg.connect(sealed_settings.database_url.get_secret_value())
    try:
        await connection.execute(
            "update crm.contacts set phone = (select phone from crm.contacts where id = $1) where id = $2",
            uuid.UUID(ids["acme"]),
            uuid.UUID(ids["globex"]),
        )
    finally:
        await connection.close()
    body = await crm.call(READ, {"id": ids["globex"]}, tenant="globex")
    assert body["data"]["contact"] == {"name": "globex", "phone": None}
    assert body["errors"][0]["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert PHONE not in str(body)
    connection = await asyncpg.connect(sealed_settings.database_url.get_secret_value())
    try:
        await connection.execute("delete from crm.contacts where id = $1", uuid.UUID(ids["globex"]))
    finally:
        await connection.close()


async def test_while_the_vault_is_away_all_else_is_answered(
    crm: RunningSubgraph, sealed_settings: Settings, sign_context: ContextSigner
) -> None:
    away = sealed_settings.model_copy(update={"vault_address": f"http://127.0.0.1:{free_port()}"})
    async with AsyncExitStack() as stack:
        cut_off = await running(stack, away, sign_context)
        assert (await cut_off.data("{ leads(first: 3) { edges { node { name } } } }"))["leads"]["edges"]
        body = await cut_off.call("{ contacts(first: 1) { edges { node { name phone } } } }")
        node = body["data"]["contacts"]["edges"][0]["node"]
        assert node["name"]
        assert node["phone"] is None
        assert body["errors"][0]["extensions"]["code"] == "SEALED_AWAY"
        body = await cut_off.call(CREATE, {"input": {"name": "Bob", "phone": PHONE}})
        assert body["errors"][0]["extensions"]["code"] == "SEALED_AWAY"
        assert (await cut_off.data(CREATE, {"input": {"name": "Bob"}}))["createContact"]["contact"]["phone"] is None


async def test_rotation_and_what_was_stored_before_there_was_a_vault(
    crm: RunningSubgraph, sealed_settings: Settings, openbao: OpenBaoServer, openbao_token: str
) -> None:
    plain = Settings(**sealed_settings.model_dump(exclude={"vault_address"}))
    async with AsyncExitStack() as stack:
        before = await running(stack, plain, crm.sign)
        payload = (await before.data(CREATE, {"input": {"name": "Early", "phone": "vault:v1:x"}}))["createContact"]
    early = payload["contact"]["id"]
    assert (await crm.data(READ, {"id": early}))["contact"]["phone"] == "vault:v1:x"
    admin = admin_client(openbao.address, openbao_token)
    version = rotate_key(admin, "subgraph-crm.columns")
    admin.session.close()
    read_all = "{ contacts(first: 100) { edges { node { id phone } } } }"
    shown = await crm.data(read_all)
    await reseal_all(["crm"], sealed_settings)
    assert await crm.data(read_all) == shown
    assert (await crm.data(READ, {"id": early}))["contact"]["phone"] == "vault:v1:x"
    for table in ("contacts", "form_submissions", "leads"):
        values = await stored(sealed_settings, table)
        assert all(value.startswith(f"vault:v{version}:") for value in values)
    await reseal_all(["crm"], sealed_settings)  # again: nothing to do
    assert await stored(sealed_settings, "leads") == values
