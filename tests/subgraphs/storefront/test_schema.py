"""The schema itself, its tables, the demo data, and that it composes with a shop's."""

from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from graphql import GraphQLEnumType, GraphQLInputObjectType, GraphQLObjectType
from sqlalchemy import NullPool, func, select
from sqlalchemy.ext.asyncio import create_async_engine

from resolvers.context import RequestContext
from resolvers.demo import demo_tenant_id
from resolvers.tables import own_tables
from router import Composed, Subgraph, compose, plan
from subgraphs.saleor.app import sdl as shop_sdl
from subgraphs.storefront.app import sdl
from subgraphs.storefront.schema import schema
from subgraphs.storefront.seed import seed
from subgraphs.storefront.tables import metadata, product_embeddings, suppliers

ELSEWHERE = {
    "PageInfo",
    "_Service",
    "ConflictError",
    "InvalidInputError",
    "MutationError",
    "NotFoundError",
    "RefusedError",
}
REAL = Path(__file__).parents[4] / "shared" / "saleor" / "live_sdl.graphql"
SHOPS = [
    pytest.param(shop_sdl, id="stand-in"),
    pytest.param(
        REAL.read_text,
        id="real",
        marks=pytest.mark.skipif(not REAL.exists(), reason="the SDL of a real Saleor is not beside the checkout"),
    ),
]
MARGINS = """
query { products(first: 5, channel: "c") { edges { node { name seller { id } profitMargin { lowest { rate } } } } } }
"""


def test_everything_is_described() -> None:
    missing = []
    for name, kind in schema._schema.type_map.items():
        if "__" in name or name in ELSEWHERE:
            continue
        if not isinstance(kind, GraphQLObjectType | GraphQLInputObjectType | GraphQLEnumType):
            continue
        if not kind.description and not name.endswith("Edge"):
            missing.append(name)
        if isinstance(kind, GraphQLEnumType):
            continue
        for field_name, field in kind.fields.items():
            coordinate = f"{name}.{field_name}"
            if field_name.startswith("_") or field_name in {"edges", "pageInfo", "cursor", "node"}:
                continue
            if not field.description:
                missing.append(coordinate)
            missing += [f"{coordinate}({a})" for a, arg in getattr(field, "args", {}).items() if not arg.description]
    assert missing == []


@pytest.mark.parametrize("shop", SHOPS)
def test_it_composes_with_a_shop(shop: Any) -> None:
    composed = compose(
        [Subgraph("storefront", sdl=sdl(), url="http://s"), Subgraph("saleor", sdl=shop(), url="http://h")]
    )
    assert isinstance(composed, Composed), composed.errors
    # The shop is asked for the products and, with them, for what the margin needs; then the storefront once.
    fetches = plan(MARGINS, composed.supergraph_sdl).fetches
    assert [fetch.subgraph for fetch in fetches] == ["saleor", "storefront"]


async def test_migrations_make_the_tables_that_the_code_knows(storefront: Any) -> None:
    engine = create_async_engine(storefront.settings.admin_url(), poolclass=NullPool)

    def differences(connection: Any) -> list[Any]:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, parents: kind != "schema" or name == "storefront",
                "version_table_schema": "storefront",
                "include_object": lambda item, name, kind, *_: not (kind == "table" and name == "alembic_version"),
            },
        )
        return compare_metadata(context, metadata)

    try:
        async with engine.connect() as connection:
            found = await connection.run_sync(differences)
    finally:
        await engine.dispose()
    assert found == []


@pytest.mark.parametrize("tenant", ["acme", "globex"])
async def test_demo_data(storefront: Any, tenant: str) -> None:
    async with storefront.database.session(RequestContext.system(demo_tenant_id(tenant))) as session:
        for table in own_tables(metadata):
            assert await session.scalar(select(func.count()).select_from(table)) > 0, table.name
        assert await session.scalar(select(func.count()).select_from(suppliers)) == 3
        assert await session.scalar(select(func.count()).select_from(product_embeddings)) == 40


async def test_seeding_twice_changes_nothing(storefront: Any) -> None:
    async def everything() -> list[Any]:
        async with storefront.database.session(RequestContext.system(demo_tenant_id("acme"))) as session:
            return [list(await session.rows(select(table).order_by(table.c.id))) for table in own_tables(metadata)]

    before = await everything()
    await seed(storefront.database)
    assert await everything() == before
