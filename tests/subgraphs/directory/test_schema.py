"""The schema itself, its tables, and the demo data."""

import uuid
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from graphql import (
    GraphQLEnumType,
    GraphQLInputObjectType,
    GraphQLObjectType,
    build_schema,
)
from sqlalchemy import NullPool, func, select
from sqlalchemy.dialects.postgresql.base import ischema_names
from sqlalchemy.ext.asyncio import create_async_engine

from resolvers.context import RequestContext
from resolvers.demo import demo_id, demo_tenant_id
from resolvers.tables import own_tables
from subgraphs.directory.app import sdl
from subgraphs.directory.schema import schema
from subgraphs.directory.seed import seed
from subgraphs.directory.tables import Cube, business_embeddings, businesses, metadata, reviews

ERRORS = {"ConflictError", "InvalidInputError", "MutationError", "NotFoundError", "RefusedError"}
ELSEWHERE = {"PageInfo", "Account", "_Service", *ERRORS}


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


def test_the_sdl_names_the_entities_and_stubs() -> None:
    text = sdl()
    assert 'type Business @key(fields: "id")' in text
    assert 'type Account @key(fields: "id", resolvable: false)' in text
    assert "owner: Account" in text
    assert "author: Account" in text
    assert sdl() == text


def test_the_sdl_is_a_schema() -> None:
    federation = "directive @link(url: String!, import: [String!]) repeatable on SCHEMA\n"
    federation += "directive @composeDirective(name: String!) repeatable on SCHEMA\n"
    federation += "directive @key(fields: String!, resolvable: Boolean) on OBJECT\ndirective @shareable on OBJECT\n"
    federation += "directive @tag(name: String!) repeatable on OBJECT | FIELD_DEFINITION | INPUT_FIELD_DEFINITION\n"
    build_schema(federation + sdl())


async def test_migrations_make_the_tables_that_the_code_knows(directory: Any) -> None:
    engine = create_async_engine(directory.settings.admin_url(), poolclass=NullPool)
    ischema_names["cube"] = Cube

    def differences(connection: Any) -> list[Any]:
        context = MigrationContext.configure(
            connection,
            opts={
                "include_schemas": True,
                "include_name": lambda name, kind, parents: kind != "schema" or name == "directory",
                "version_table_schema": "directory",
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
async def test_demo_data(directory: Any, tenant: str) -> None:
    async with directory.database.session(RequestContext.system(demo_tenant_id(tenant))) as session:
        ids = {row.id for row in await session.rows(select(businesses.c.id))}
        assert ids == {demo_id(tenant, "business", f"b{number:03}") for number in range(1, 61)}
        assert await session.scalar(select(func.count()).select_from(business_embeddings)) == 60
        assert 130 <= await session.scalar(select(func.count()).select_from(reviews)) <= 170
        wrong = await session.rows(
            select(businesses.c.id)
            .outerjoin(reviews, reviews.c.business_id == businesses.c.id)
            .group_by(businesses.c.id)
            .having(
                (func.count(reviews.c.id) != businesses.c.rating_count)
                | (func.coalesce(func.sum(reviews.c.rating), 0) != businesses.c.rating_sum)
            )
        )
        assert wrong == []


async def test_seeding_twice_changes_nothing(directory: Any) -> None:
    async def everything() -> list[Any]:
        async with directory.database.session(RequestContext.system(demo_tenant_id("acme"))) as session:
            filled = own_tables(metadata)
            return [list(await session.rows(select(table).order_by(table.c.id))) for table in filled]

    before = await everything()
    await seed(directory.database)
    assert await everything() == before


async def test_a_hundred_businesses_take_as_many_statements_as_ten(new_tenant: Any) -> None:
    async with new_tenant.directory.database.session(new_tenant.context) as session:
        for _ in range(100):
            await new_tenant.add(session)
    query = """query ($first: Int!) { businesses(first: $first) { edges { node {
        id name category { name } openingHours { opens } owner { id }
        reviews(first: 3) { edges { node { rating author { id } } } } } } } }"""
    counts = {}
    for first in (10, 100):
        with new_tenant.directory.count_statements() as statements:
            data = await new_tenant.data(query, {"first": first})
        assert len(data["businesses"]["edges"]) == first
        counts[first] = len(statements)
    assert counts == {10: 4, 100: 4}


async def test_a_hundred_references_take_one_statement(new_tenant: Any) -> None:
    async with new_tenant.directory.database.session(new_tenant.context) as session:
        ids = [await new_tenant.add(session) for _ in range(100)]
    representations = [{"__typename": "Business", "id": str(id_)} for id_ in (*ids, uuid.uuid4())]
    with new_tenant.directory.count_statements() as statements:
        found = await new_tenant.directory.entities(
            representations, "... on Business { id name owner { id } }", tenant=new_tenant.id
        )
    assert [entity and entity["id"] for entity in found] == [*map(str, ids), None]
    assert len(statements) == 1
