"""Writing: every mutation, what it refuses, and the rating that must always be the sum of the reviews."""

import asyncio
import uuid
from typing import Any

import pytest
from sqlalchemy import func, select

from resolvers.demo import demo_id
from resolvers.embeddings import MINILM_ID
from subgraphs.directory.repository import search
from subgraphs.directory.tables import business_embeddings, businesses, opening_intervals, reviews

CREATE = """
mutation ($input: CreateBusinessInput!) { createBusiness(input: $input) {
  business { id name slug version timeZone owner { id } category { name }
             openingHours { weekday opens closes } rating { average count } }
  errors { code message ... on InvalidInputError { path } } } }
"""
UPDATE = """
mutation ($input: UpdateBusinessInput!) { updateBusiness(input: $input) {
  business { id name slug description phone version owner { id } address { city } coordinates { latitude } }
  errors { code ... on InvalidInputError { path } } } }
"""
DELETE = "mutation ($id: ID!) { deleteBusiness(id: $id) { deletedId errors { code } } }"
HOURS = """
mutation ($input: SetOpeningHoursInput!) { setOpeningHours(input: $input) {
  business { timeZone version openingHours { weekday opens closes } }
  errors { code ... on InvalidInputError { path } } } }
"""
ADD = """
mutation ($input: AddReviewInput!) { addReview(input: $input) {
  review { id rating title author { id } business { rating { average count } } }
  errors { code ... on InvalidInputError { path } } } }
"""
EDIT = """
mutation ($input: EditReviewInput!) { editReview(input: $input) {
  review { rating title business { rating { average count } } } errors { code ... on InvalidInputError { path } } } }
"""
REMOVE = "mutation ($id: ID!) { removeReview(id: $id) { removedId business { rating { count } } errors { code } } }"
SEARCH = """query ($query: String!, $mode: SearchMode! = HYBRID) {
  searchBusinesses(query: $query, mode: $mode) { edges { node { id } } } }"""


def listing(tenant: Any, **changes: Any) -> dict[str, Any]:
    return {
        "input": {
            "name": "Padaria Central",
            "categoryId": str(tenant.category_id),
            "description": "Sourdough bread and custard tarts.",
            "keywords": ["bread"],
            "address": {"street": "Rua 1", "city": "Lisboa", "countryCode": "PT", "postalCode": "1000-001"},
            "coordinates": {"latitude": 38.7, "longitude": -9.1},
            "timeZone": "Europe/Lisbon",
            "openingHours": [{"weekday": "FRIDAY", "opens": "22:00", "closes": "04:00"}],
            **changes,
        }
    }


async def create(tenant: Any, **changes: Any) -> dict[str, Any]:
    payload = (await tenant.data(CREATE, listing(tenant, **changes)))["createBusiness"]
    assert payload["errors"] == []
    business: dict[str, Any] = payload["business"]
    return business


async def stored_rating(tenant: Any, business_id: str) -> tuple[int, int, int, int]:
    """Rating as stored with the business, and as its reviews add up to."""
    async with tenant.directory.database.session(tenant.context) as session:
        kept = await session.row(
            select(businesses.c.rating_count, businesses.c.rating_sum).where(businesses.c.id == uuid.UUID(business_id))
        )
        true = await session.row(
            select(func.count().label("n"), func.coalesce(func.sum(reviews.c.rating), 0).label("s")).where(
                reviews.c.business_id == uuid.UUID(business_id)
            )
        )
    return kept.rating_count, kept.rating_sum, true.n, true.s


async def test_a_new_listing_is_found_at_once(new_tenant: Any) -> None:
    owner = str(uuid.uuid4())
    business = await create(new_tenant, ownerId=owner)
    assert business == {
        "id": business["id"],
        "name": "Padaria Central",
        "slug": "padaria-central",
        "version": 1,
        "timeZone": "Europe/Lisbon",
        "owner": {"id": owner},
        "category": {"name": "Things"},
        "openingHours": [{"weekday": "FRIDAY", "opens": "22:00:00", "closes": "04:00:00"}],
        "rating": {"average": None, "count": 0},
    }
    for mode, query in (("TEXT", "tarts"), ("SEMANTIC", "somewhere to buy a loaf"), ("HYBRID", "bakery")):
        edges = (await new_tenant.data(SEARCH, {"query": query, "mode": mode}))["searchBusinesses"]["edges"]
        assert [edge["node"]["id"] for edge in edges] == [business["id"]], mode


@pytest.mark.parametrize(
    ("changes", "code", "path"),
    [
        ({"name": " "}, "BAD_USER_INPUT", ["input", "name"]),
        ({"categoryId": str(uuid.uuid4())}, "NOT_FOUND", None),
        ({"categoryId": "x"}, "BAD_USER_INPUT", ["input", "categoryId"]),
        ({"timeZone": "Lisbon"}, "BAD_USER_INPUT", ["input", "timeZone"]),
        ({"coordinates": {"latitude": 91, "longitude": 0}}, "BAD_USER_INPUT", ["input", "coordinates", "latitude"]),
        (
            {"openingHours": [{"weekday": "MONDAY", "opens": "09:00", "closes": "09:00"}] * 2},
            "BAD_USER_INPUT",
            ["input", "openingHours"],
        ),
        ({"website": "ftp://x.example"}, "BAD_USER_INPUT", ["input", "website"]),
    ],
)
async def test_a_wrong_listing_is_refused_as_data(new_tenant: Any, changes: Any, code: str, path: Any) -> None:
    payload = (await new_tenant.data(CREATE, listing(new_tenant, **changes)))["createBusiness"]
    assert payload["business"] is None
    (error,) = payload["errors"]
    assert error["code"] == code
    assert error.get("path") == path


async def test_another_tenants_category_does_not_exist(new_tenant: Any) -> None:
    foreign = str(demo_id("acme", "category", "bakery"))
    payload = (await new_tenant.data(CREATE, listing(new_tenant, categoryId=foreign)))["createBusiness"]
    assert payload["errors"][0]["code"] == "NOT_FOUND"


async def test_slugs_are_unique_within_a_tenant(new_tenant: Any) -> None:
    await create(new_tenant)
    other = await create(new_tenant, slug="another")
    payload = (await new_tenant.data(CREATE, listing(new_tenant)))["createBusiness"]
    assert payload["errors"][0]["code"] == "SLUG_TAKEN"
    update = await new_tenant.data(UPDATE, {"input": {"id": other["id"], "slug": "padaria-central"}})
    assert update["updateBusiness"]["errors"][0]["code"] == "SLUG_TAKEN"


async def test_an_update_changes_what_is_given_and_what_search_knows(new_tenant: Any, directory: Any) -> None:
    business = await create(new_tenant, phone="+351 200 550 100", ownerId=str(uuid.uuid4()))
    changes = {"description": "Repairs phones and laptops.", "keywords": [], "name": "Circuito", "phone": None}
    variables = {"input": {"id": business["id"], "expectedVersion": 1, "ownerId": None, **changes}}
    updated = (await new_tenant.data(UPDATE, variables))["updateBusiness"]["business"]
    assert updated == {
        "id": business["id"],
        "name": "Circuito",
        "slug": "padaria-central",
        "description": "Repairs phones and laptops.",
        "phone": None,
        "version": 2,
        "owner": None,
        "address": {"city": "Lisboa"},
        "coordinates": {"latitude": 38.7},
    }
    for mode, gone, found in (("TEXT", "tarts", "laptop"), ("SEMANTIC", "sourdough bread", "broken smartphone screen")):
        edges = (await new_tenant.data(SEARCH, {"query": found, "mode": mode}))["searchBusinesses"]["edges"]
        assert len(edges) == 1, mode
        edges = (await new_tenant.data(SEARCH, {"query": gone, "mode": mode}))["searchBusinesses"]["edges"]
        assert edges == [], mode
    async with directory.database.session(new_tenant.context) as session:
        assert await session.scalar(select(func.count()).select_from(business_embeddings)) == 1


async def test_an_update_that_changes_no_words_computes_no_embedding(new_tenant: Any, directory: Any) -> None:
    business = await create(new_tenant)
    async with directory.database.session(new_tenant.context) as session:
        before = await search.content_hashes(session, MINILM_ID, [uuid.UUID(business["id"])])
    with directory.count_statements() as statements:
        await new_tenant.data(UPDATE, {"input": {"id": business["id"], "phone": "+351 200 550 101"}})
    assert not any("INSERT INTO directory.business_embeddings" in statement for statement in statements)
    async with directory.database.session(new_tenant.context) as session:
        assert await search.content_hashes(session, MINILM_ID, [uuid.UUID(business["id"])]) == before


async def test_a_stale_update_is_refused(new_tenant: Any) -> None:
    business = await create(new_tenant)
    await new_tenant.data(UPDATE, {"input": {"id": business["id"], "phone": "+351 200 550 101"}})
    stale = await new_tenant.data(UPDATE, {"input": {"id": business["id"], "expectedVersion": 1, "name": "X"}})
    assert stale["updateBusiness"] == {"business": None, "errors": [{"code": "STALE_VERSION"}]}


async def test_what_a_listing_needs_cannot_be_removed(new_tenant: Any) -> None:
    business = await create(new_tenant)
    payload = (await new_tenant.data(UPDATE, {"input": {"id": business["id"], "categoryId": None}}))["updateBusiness"]
    assert payload["errors"] == [{"code": "BAD_USER_INPUT", "path": ["input", "categoryId"]}]


async def test_opening_hours_are_replaced(new_tenant: Any) -> None:
    business = await create(new_tenant)
    hours = [{"weekday": "SUNDAY", "opens": "23:00", "closes": "02:00"}]
    variables = {"input": {"businessId": business["id"], "timeZone": "Europe/Berlin", "openingHours": hours}}
    after = (await new_tenant.data(HOURS, variables))["setOpeningHours"]["business"]
    assert after == {
        "timeZone": "Europe/Berlin",
        "version": 2,
        "openingHours": [{"weekday": "SUNDAY", "opens": "23:00:00", "closes": "02:00:00"}],
    }
    wrong = {
        "input": {**variables["input"], "openingHours": [*hours, {**hours[0], "weekday": "MONDAY", "opens": "01:00"}]}
    }
    payload = (await new_tenant.data(HOURS, wrong))["setOpeningHours"]
    assert payload["errors"] == [{"code": "BAD_USER_INPUT", "path": ["input", "openingHours"]}]


async def test_deleting_leaves_nothing(new_tenant: Any, directory: Any) -> None:
    business = await create(new_tenant)
    await new_tenant.data(ADD, {"input": {"businessId": business["id"], "rating": 4}})
    assert (await new_tenant.data(DELETE, {"id": business["id"]}))["deleteBusiness"]["deletedId"] == business["id"]
    async with directory.database.session(new_tenant.context) as session:
        for table in (businesses, opening_intervals, reviews, business_embeddings):
            assert await session.scalar(select(func.count()).select_from(table)) == 0, table.name
    again = await new_tenant.data(DELETE, {"id": business["id"]})
    assert again["deleteBusiness"] == {"deletedId": None, "errors": [{"code": "NOT_FOUND"}]}


async def test_reviews_and_the_rating_they_make(new_tenant: Any) -> None:
    business_id = (await create(new_tenant))["id"]
    ada, ben = uuid.uuid4(), uuid.uuid4()

    async def add(user: Any, rating: int) -> Any:
        variables = {"input": {"businessId": business_id, "rating": rating, "title": " Good "}}
        return (await new_tenant.data(ADD, variables, user=user))["addReview"]

    first = (await add(ada, 4))["review"]
    assert first["title"] == "Good"
    assert first["author"] == {"id": str(ada)}
    assert first["business"]["rating"] == {"average": 4.0, "count": 1}
    second = (await add(ben, 1))["review"]
    assert second["business"]["rating"] == {"average": 2.5, "count": 2}
    assert (await add(ada, 5))["errors"] == [{"code": "ALREADY_REVIEWED"}]
    assert (await add(uuid.uuid4(), 6))["errors"] == [{"code": "BAD_USER_INPUT", "path": ["input", "rating"]}]
    assert await stored_rating(new_tenant, business_id) == (2, 5, 2, 5)

    edit = (await new_tenant.data(EDIT, {"input": {"id": first["id"], "rating": 2}}, user=ada))["editReview"]
    assert edit["review"] == {"rating": 2, "title": "Good", "business": {"rating": {"average": 1.5, "count": 2}}}
    refused = (await new_tenant.data(EDIT, {"input": {"id": first["id"], "rating": 5}}, user=ben))["editReview"]
    assert refused["errors"] == [{"code": "NOT_YOUR_REVIEW"}]

    refused = (await new_tenant.data(REMOVE, {"id": first["id"]}, user=ben, roles=["agent"]))["removeReview"]
    assert refused["errors"] == [{"code": "NOT_YOUR_REVIEW"}]
    removed = (await new_tenant.data(REMOVE, {"id": first["id"]}, user=ben, roles=["manager"]))["removeReview"]
    assert removed["business"]["rating"]["count"] == 1
    assert await stored_rating(new_tenant, business_id) == (1, 1, 1, 1)
    gone = (await new_tenant.data(REMOVE, {"id": first["id"]}, user=ada))["removeReview"]
    assert gone["errors"] == [{"code": "NOT_FOUND"}]


async def test_the_rating_stays_right_when_many_review_at_once(new_tenant: Any) -> None:
    business_id = (await create(new_tenant))["id"]
    users = [uuid.uuid4() for _ in range(12)]

    async def live(place: int, user: uuid.UUID) -> None:
        """Each user reviews (twice, of which one is refused), edits, and every third one withdraws; all interleaved."""
        add = {"input": {"businessId": business_id, "rating": place % 5 + 1}}
        both = await asyncio.gather(*(new_tenant.data(ADD, add, user=user) for _ in range(2)))
        made = [answer["addReview"]["review"] for answer in both if answer["addReview"]["review"]]
        assert len(made) == 1
        edits = ({"input": {"id": made[0]["id"], "rating": rating}} for rating in (1, 5, place % 5 + 1))
        await asyncio.gather(*(new_tenant.data(EDIT, edit, user=user) for edit in edits))
        if place % 3 == 0:
            twice = await asyncio.gather(*(new_tenant.data(REMOVE, {"id": made[0]["id"]}, user=user) for _ in range(2)))
            assert sorted(len(answer["removeReview"]["errors"]) for answer in twice) == [0, 1]

    await asyncio.gather(*(live(place, user) for place, user in enumerate(users)))
    count, total, true_count, true_total = await stored_rating(new_tenant, business_id)
    assert (count, total) == (true_count, true_total)
    assert count == 8


async def test_categories_can_be_added(new_tenant: Any) -> None:
    query = """mutation ($input: CreateCategoryInput!) { createCategory(input: $input) {
        category { name slug parent { name } } errors { code } } }"""
    variables = {"input": {"name": "Special things", "parentId": str(new_tenant.category_id)}}
    payload = (await new_tenant.data(query, variables))["createCategory"]
    assert payload["category"] == {"name": "Special things", "slug": "special-things", "parent": {"name": "Things"}}
    assert (await new_tenant.data(query, variables))["createCategory"]["errors"] == [{"code": "SLUG_TAKEN"}]
    foreign = {"input": {"name": "X", "parentId": str(demo_id("acme", "category", "bakery"))}}
    assert (await new_tenant.data(query, foreign))["createCategory"]["errors"] == [{"code": "NOT_FOUND"}]


async def test_writing_needs_the_scope(new_tenant: Any) -> None:
    for query, variables in (
        (CREATE, listing(new_tenant)),
        (DELETE, {"id": str(uuid.uuid4())}),
        (ADD, {"input": {"businessId": str(uuid.uuid4()), "rating": 3}}),
        (REMOVE, {"id": str(uuid.uuid4())}),
    ):
        body = await new_tenant.call(query, variables, scopes=["directory:read"])
        assert body["errors"][0]["extensions"]["missingScope"] == "directory:write"


async def test_reviewing_needs_a_user(new_tenant: Any) -> None:
    variables = {"input": {"businessId": str(uuid.uuid4()), "rating": 3}}
    body = await new_tenant.call(ADD, variables, user=None)
    assert body["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
