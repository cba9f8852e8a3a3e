"""`python -m subgraphs`: one process for all contexts, migrations and seeds that can be run again."""

import asyncio
import importlib
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from graphql import build_schema

from resolvers.demo import TENANTS, USERS, demo_email, demo_id, demo_password, demo_tenant_id
from subgraphs import CONTEXTS, STAND_INS
from subgraphs.__main__ import main, migrate_all, seed_all


def test_sdl_is_printed_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sdl", "--out", str(tmp_path / "new" / "folder")]) == 0
    assert sorted(file.stem for file in (tmp_path / "new" / "folder").iterdir()) == sorted((*CONTEXTS, *STAND_INS))
    assert capsys.readouterr().out == ""
    for name in CONTEXTS:
        sdl = (tmp_path / "new" / "folder" / f"{name}.graphql").read_text()
        assert main(["sdl", "--only", name]) == 0
        assert capsys.readouterr().out == sdl
        assert sdl.endswith("}\n")
        assert 'url: "https://specs.apollo.dev/federation/v2.11"' in sdl
        schema = build_schema(sdl, assume_valid=True, assume_valid_sdl=True)
        assert schema.query_type is not None
        assert "type PageInfo @shareable" in sdl
        if name not in {"identity", "agents"}:
            assert "@inaccessible" not in sdl


@pytest.mark.parametrize("names", ["nowhere", "crm,nowhere", "", ","])
def test_an_unknown_context_is_refused(names: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["sdl", "--only", names])
    assert caught.value.code == 2
    assert "unknown context" in capsys.readouterr().err


@pytest.mark.parametrize("context", [*CONTEXTS, *STAND_INS])
async def test_migrations_and_seeds_run_again_and_at_once(
    context: str, start_subgraph: Any, subgraph_settings: Any
) -> None:
    await start_subgraph(context)
    tables = [
        f'"{table.schema}"."{table.name}"'
        for table in importlib.import_module(f"subgraphs.{context}.tables").metadata.sorted_tables
    ]
    connection = await asyncpg.connect(subgraph_settings.database_url.get_secret_value())

    async def snapshot() -> list[Any]:
        query = "select count(*), md5(coalesce(string_agg(t::text, '' order by t::text), '')) from {} t"
        return [(table, *await connection.fetchrow(query.format(table))) for table in tables]

    try:
        before = await snapshot()
        await asyncio.gather(migrate_all([context], subgraph_settings), migrate_all([context], subgraph_settings))
        await asyncio.gather(seed_all([context], subgraph_settings), seed_all([context], subgraph_settings))
        assert await snapshot() == before
    finally:
        await connection.close()


async def test_demo_users_are_there(start_subgraph: Any) -> None:
    identity = await start_subgraph("identity")
    query = "{ accounts { edges { node { id email membership { role } } } } }"
    for slug in TENANTS:
        data = await identity.data(query, tenant=slug)
        found = {edge["node"]["email"]: edge["node"] for edge in data["accounts"]["edges"]}
        for key, role in USERS.items():
            user = found[demo_email(slug, key)]
            assert user["id"] == str(demo_id(slug, "user", key))
            assert user["membership"]["role"] == role.upper()


def test_demo_ids_are_fixed() -> None:
    """Other contexts, front ends and documents have them written down."""
    assert str(demo_tenant_id("acme")) == str(demo_id("acme", "tenant", "acme"))
    assert demo_id("acme", "user", "ada") != demo_id("globex", "user", "ada")
    assert demo_email("acme", "ada") == "ada@acme.example"
    assert demo_password("acme", "ada") == "demo-acme-ada"
