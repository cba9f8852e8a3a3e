"""Another tenant sees nothing and can change nothing, on any path; nor can anyone without a tenant."""

import uuid
from typing import Any

import pytest
from sqlalchemy import Table, delete, func, insert, select, text, update
from sqlalchemy.exc import DBAPIError

from resolvers.context import RequestContext
from resolvers.demo import demo_id, demo_tenant_id
from resolvers.tables import own_tables
from subgraphs.directory.tables import metadata

TABLES = own_tables(metadata)
OUTSIDERS = {"another tenant": uuid.UUID(int=1), "no tenant": None}


@pytest.mark.parametrize("outsider", OUTSIDERS)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_rows_of_a_tenant_are_not_there_for_others(directory: Any, table: Table, outsider: str) -> None:
    async with directory.database.session(RequestContext.system(demo_tenant_id("acme"))) as session:
        own = await session.rows(select(table))
    assert own, "the demo data fill every table"
    async with directory.database.session(RequestContext.system(OUTSIDERS[outsider])) as session:
        assert await session.scalar(select(func.count()).select_from(table)) == 0
        assert await session.execute(update(table).values(updated_at=func.now())) == 0
        assert await session.execute(delete(table)) == 0
    async with directory.database.session(RequestContext.system(demo_tenant_id("acme"))) as session:
        assert await session.scalar(select(func.count()).select_from(table)) == len(own)


@pytest.mark.parametrize("outsider", OUTSIDERS)
@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
async def test_nobody_writes_rows_of_another_tenant(directory: Any, table: Table, outsider: str) -> None:
    acme = RequestContext.system(demo_tenant_id("acme"))
    stored = [column for column in table.c if column.computed is None and column.name != "id"]
    async with directory.database.session(acme) as session:
        row = await session.row(select(*stored))
    with pytest.raises(DBAPIError, match="row-level security"):
        async with directory.database.session(RequestContext.system(OUTSIDERS[outsider])) as session:
            await session.execute(insert(table).values(**row._mapping))
    with pytest.raises(DBAPIError, match="row-level security"):
        async with directory.database.session(acme) as session:
            await session.execute(update(table).values(tenant_id=demo_tenant_id("globex")))


async def test_every_table_of_the_schema_is_known_and_forced(directory: Any) -> None:
    async with directory.database.session(RequestContext.system(None)) as session:
        rows = await session.rows(
            text(
                "select relname, relrowsecurity and relforcerowsecurity as forced from pg_class "
                "where relnamespace = 'directory'::regnamespace and relkind in ('r', 'p')"
            )
        )
        role = await session.row(text("select rolsuper, rolbypassrls from pg_roles where rolname = current_user"))
    tables = {row.relname: row.forced for row in rows}
    tables.pop("alembic_version")
    assert tables == {table.name: True for table in metadata.tables.values()}
    assert tuple(role) == (False, False)


QUERIES = {
    "business": "query ($id: ID!) { business(id: $id) { id } }",
    "reviews": "query ($id: ID!) { reviews(businessId: $id) { edges { node { id } } totalCount } }",
    "category": "query ($category: ID!) { businessCategory(id: $category) { id } }",
    "by category": """query ($category: ID!) {
        businesses(filter: {categoryId: $category}) { edges { node { id } } totalCount } }""",
    "by owner": "query ($owner: ID!) { businesses(filter: {ownerId: $owner}) { edges { node { id } } totalCount } }",
    "by place": """{ businesses(orderBy: DISTANCE, near: {latitude: 38.71, longitude: -9.14},
        filter: {within: {center: {latitude: 38.71, longitude: -9.14}, radiusM: 30000}}) {
        edges { node { id } } totalCount } }""",
    "open": '{ businesses(filter: {openAt: "2025-06-02T10:00:00Z"}) { edges { node { id } } totalCount } }',
    "text": '{ searchBusinesses(query: "pasta", mode: TEXT) { edges { node { id } } totalCount } }',
    "semantic": '{ searchBusinesses(query: "eat pasta", mode: SEMANTIC) { edges { node { id } } totalCount } }',
    "categories": "{ businessCategories { id } }",
    "entity": """query ($id: ID!) {
        _entities(representations: [{__typename: "Business", id: $id}]) { ... on Business { id } } }""",
}


def values(data: Any) -> list[Any]:
    """Everything that an answer says, without nulls, zeroes and empty lists."""
    if isinstance(data, dict):
        return [found for value in data.values() for found in values(value)]
    if isinstance(data, list):
        return [found for value in data for found in values(value)]
    return [data] if data else []


@pytest.mark.parametrize("name", QUERIES)
async def test_no_query_shows_another_tenants_rows(directory: Any, name: str) -> None:
    variables = {
        "id": str(demo_id("acme", "business", "b001")),
        "category": str(demo_id("acme", "category", "italian-restaurant")),
        "owner": str(demo_id("acme", "user", "ada")),
    }
    used = {key: value for key, value in variables.items() if f"${key}:" in QUERIES[name]}
    own = await directory.data(QUERIES[name], used, tenant="acme")
    assert values(own), "the query finds something for the tenant itself"
    assert values(await directory.data(QUERIES[name], used, tenant=uuid.uuid4(), user=None)) == []
    nowhere = await directory.call(QUERIES[name], used, tenant=None, user=None)
    assert values(nowhere["data"]) == []
    assert {error["extensions"]["code"] for error in nowhere.get("errors", [])} <= {"UNAUTHENTICATED"}
    foreign = str(await directory.data(QUERIES[name], used, tenant="globex"))
    for key in range(1, 61):
        assert str(demo_id("acme", "business", f"b{key:03}")) not in foreign


@pytest.mark.parametrize(
    ("mutation", "variables"),
    [
        ("deleteBusiness(id: $id)", {}),
        ('updateBusiness(input: {id: $id, name: "Mine"})', {}),
        ('setOpeningHours(input: {businessId: $id, timeZone: "UTC", openingHours: []})', {}),
        ("setSpecialHours(input: {businessId: $id, specialHours: []})", {}),
        ("addReview(input: {businessId: $id, rating: 1})", {}),
    ],
    ids=["delete", "update", "hours", "exceptions", "review"],
)
async def test_no_mutation_reaches_another_tenants_rows(directory: Any, mutation: str, variables: Any) -> None:
    business_id = str(demo_id("acme", "business", "b007"))
    look = "query ($id: ID!) { business(id: $id) { name version openingHours { opens } rating { count } } }"
    before = await directory.data(look, {"id": business_id}, tenant="acme")
    query = f"mutation ($id: ID!) {{ it: {mutation} {{ errors {{ code }} }} }}"
    answer = await directory.data(query, {"id": business_id, **variables}, tenant="globex")
    assert answer["it"]["errors"] == [{"code": "NOT_FOUND"}]
    assert await directory.data(look, {"id": business_id}, tenant="acme") == before
