"""What the directory answers over HTTP, on the demo data."""

from typing import Any

import pytest

from resolvers.demo import demo_id
from subgraphs.directory.seed.businesses import CATEGORIES

BUSINESSES = """
query ($first: Int, $after: String, $filter: BusinessFilterInput, $orderBy: BusinessOrder! = NAME,
       $near: CoordinatesInput) {
  businesses(first: $first, after: $after, filter: $filter, orderBy: $orderBy, near: $near) {
    totalCount
    pageInfo { hasNextPage endCursor }
    edges { node { id name category { name } rating { average count } } }
  }
}
"""
READ = {"scopes": ["directory:read"]}


async def test_one_business_in_full(directory: Any) -> None:
    business_id = str(demo_id("acme", "business", "b001"))
    data = await directory.data(
        """query ($id: ID!) { business(id: $id) {
            id name slug description keywords phone website timeZone version
            address { street postalCode city countryCode } coordinates { latitude longitude }
            category { name parent { name } } owner { id }
            openingHours { weekday opens closes }
            distanceM(from: {latitude: 38.7103, longitude: -9.1432})
            open: isOpen(at: "2025-03-04T20:00:00Z") closed: isOpen(at: "2025-03-03T20:00:00Z")
        } }""",
        {"id": business_id},
        **READ,
    )
    hours = data["business"].pop("openingHours")
    assert hours[0] == {"weekday": "TUESDAY", "opens": "12:00:00", "closes": "15:00:00"}
    assert len(hours) == 12
    assert data["business"] == {
        "id": business_id,
        "name": "Trattoria Bella Vista",
        "slug": "trattoria-bella-vista",
        "description": "Family trattoria with handmade pasta, wood-fired pizza and a short list of wines from Tuscany.",
        "keywords": ["pasta", "pizza", "wine"],
        "phone": "+351 20 055 0100",
        "website": "https://trattoria-bella-vista.example",
        "timeZone": "Europe/Lisbon",
        "version": 1,
        "address": {"street": "Rua das Flores 41", "postalCode": "1200-194", "city": "Lisboa", "countryCode": "PT"},
        "coordinates": {"latitude": 38.7103, "longitude": -9.1432},
        "category": {"name": "Italian restaurant", "parent": {"name": "Food and drink"}},
        "owner": {"id": str(demo_id("acme", "user", "ada"))},
        "distanceM": 0.0,
        "open": True,
        "closed": False,
    }


@pytest.mark.parametrize("order", ["NAME", "RATING", "NEWEST", "DISTANCE"])
async def test_pages_of_every_order_make_up_the_whole_list(directory: Any, order: str) -> None:
    near = {"latitude": 38.71, "longitude": -9.14} if order == "DISTANCE" else None
    whole = (await directory.data(BUSINESSES, {"first": 100, "orderBy": order, "near": near}, **READ))["businesses"]
    assert whole["totalCount"] == len(whole["edges"]) == 60
    seen: list[Any] = []
    after = None
    while True:
        variables = {"first": 7, "after": after, "orderBy": order, "near": near}
        page = (await directory.data(BUSINESSES, variables, **READ))["businesses"]
        seen += page["edges"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == whole["edges"]
    if order == "RATING":
        averages = [edge["node"]["rating"]["average"] or 0 for edge in seen]
        assert averages == sorted(averages, reverse=True)


async def test_distance_order_needs_a_place_and_its_cursors_are_bound_to_it(directory: Any) -> None:
    body = await directory.call(BUSINESSES, {"orderBy": "DISTANCE"}, **READ)
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    near = {"latitude": 38.71, "longitude": -9.14}
    page = await directory.data(BUSINESSES, {"first": 1, "orderBy": "DISTANCE", "near": near}, **READ)
    after = page["businesses"]["pageInfo"]["endCursor"]
    elsewhere = {"latitude": 38.72, "longitude": -9.14}
    body = await directory.call(BUSINESSES, {"after": after, "orderBy": "DISTANCE", "near": elsewhere}, **READ)
    assert body["errors"][0]["extensions"]["code"] == "BAD_CURSOR"


async def test_a_category_covers_its_descendants(directory: Any) -> None:
    tree = await directory.data(
        "{ businessCategories { id name businessCount children { id name businessCount } } }", **READ
    )
    (food,) = [category for category in tree["businessCategories"] if category["name"] == "Food and drink"]
    assert set(CATEGORIES) <= {category["name"] for category in tree["businessCategories"]}
    found = (await directory.data(BUSINESSES, {"first": 100, "filter": {"categoryId": food["id"]}}, **READ))[
        "businesses"
    ]
    names = {child["name"] for child in food["children"]}
    assert {edge["node"]["category"]["name"] for edge in found["edges"]} == names
    assert (
        found["totalCount"] == food["businessCount"] == sum(child["businessCount"] for child in food["children"]) == 20
    )


async def test_filters_combine(directory: Any) -> None:
    everything = (await directory.data(BUSINESSES, {"first": 100}, **READ))["businesses"]["edges"]
    wanted = {"minimumRating": 4, "nameContains": "OTICA"}
    (found,) = (await directory.data(BUSINESSES, {"filter": {"nameContains": "ÓTICA"}}, **READ))["businesses"]["edges"]
    assert found["node"]["name"] == "Ótica Avenida"
    same = (await directory.data(BUSINESSES, {"filter": wanted}, **READ))["businesses"]["edges"]
    assert same == ([found] if (found["node"]["rating"]["average"] or 0) >= 4 else [])
    good = (await directory.data(BUSINESSES, {"first": 100, "filter": {"minimumRating": 4}}, **READ))["businesses"]
    expected = [edge for edge in everything if (edge["node"]["rating"]["average"] or 0) >= 4]
    assert good["edges"] == expected
    assert 0 < len(expected) < 60


async def test_like_wildcards_in_a_name_are_plain_characters(directory: Any) -> None:
    for name in ("%", "_", "\\"):
        found = await directory.data(BUSINESSES, {"filter": {"nameContains": name}}, **READ)
        assert found["businesses"]["edges"] == []


@pytest.mark.parametrize(
    ("at", "name", "is_open"),
    [
        ("2025-06-02T03:00:00Z", "Farmácia Vigília", True),
        ("2025-06-07T02:30:00Z", "Bar do Cais", True),  # Saturday 03:30 in Lisbon: Friday's night until 04:00
        ("2025-06-07T03:30:00Z", "Bar do Cais", False),
        ("2025-06-02T12:00:00Z", "Lopes & Vaz Advogados", False),  # the lunch break, in summer time
        ("2025-01-06T12:00:00Z", "Lopes & Vaz Advogados", True),  # the hour before it, in winter time
    ],
)
async def test_open_at_agrees_with_is_open(directory: Any, at: str, name: str, is_open: bool) -> None:
    query = """query ($filter: BusinessFilterInput, $at: DateTime) {
        businesses(first: 100, filter: $filter) { edges { node { name isOpen(at: $at) } } } }"""
    found = (await directory.data(query, {"filter": {"openAt": at}, "at": at}, **READ))["businesses"]["edges"]
    everything = (await directory.data(query, {"at": at}, **READ))["businesses"]["edges"]
    assert found == [edge for edge in everything if edge["node"]["isOpen"]]
    assert (name in {edge["node"]["name"] for edge in found}) is is_open


@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2025-06-02T03:00:00"])
async def test_an_instant_that_means_nothing_is_refused(directory: Any, at: str) -> None:
    for query in (
        "query ($at: DateTime) { businesses(first: 1) { edges { node { isOpen(at: $at) } } } }",
        "query ($at: DateTime) { businesses(filter: {openAt: $at}) { totalCount } }",
    ):
        body = await directory.call(query, {"at": at}, **READ)
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_names_are_sorted_without_regard_to_accents(directory: Any) -> None:
    edges = (await directory.data(BUSINESSES, {"first": 100}, **READ))["businesses"]["edges"]
    names = [edge["node"]["name"] for edge in edges]
    assert names.index("Oficina Rápida Alcântara") < names.index("Ótica Avenida") < names.index("Padaria Lusitânia")


async def test_entities_by_reference(directory: Any) -> None:
    ids = [str(demo_id("acme", "business", key)) for key in ("b002", "b001")]
    foreign = str(demo_id("globex", "business", "b001"))
    found = await directory.entities(
        [{"__typename": "Business", "id": id_} for id_ in (*ids, foreign)], "... on Business { id name }", **READ
    )
    assert found == [
        {"id": ids[0], "name": "Osteria do Chiado"},
        {"id": ids[1], "name": "Trattoria Bella Vista"},
        None,
    ]


async def test_reviews_of_a_business(directory: Any) -> None:
    query = """query ($id: ID!, $order: ReviewOrder!) {
        reviews(businessId: $id, orderBy: $order) {
          totalCount edges { node { rating createdAt author { id } business { id rating { average count } } } } } }"""
    seen = 0
    for number in range(1, 61):
        variables = {"id": str(demo_id("acme", "business", f"b{number:03}")), "order": "WORST"}
        connection = (await directory.data(query, variables, **READ))["reviews"]
        ratings = [edge["node"]["rating"] for edge in connection["edges"]]
        seen += len(ratings)
        assert connection["totalCount"] == len(ratings)
        assert ratings == sorted(ratings)
        for edge in connection["edges"]:
            assert edge["node"]["business"]["rating"] == {
                "average": pytest.approx(sum(ratings) / len(ratings), abs=0.005),
                "count": len(ratings),
            }
    assert seen > 120


@pytest.mark.parametrize("count", [10, 60])
async def test_statements_do_not_grow_with_the_number_of_businesses(directory: Any, count: int) -> None:
    query = """query ($first: Int!) { businesses(first: $first) { edges { node {
        id name category { name parent { name } } openingHours { opens } isOpen owner { id }
        reviews(first: 3) { totalCount edges { node { rating author { id } business { name } } } } } } } }"""
    with directory.count_statements() as statements:
        data = await directory.data(query, {"first": count}, **READ)
    assert len(data["businesses"]["edges"]) == count
    assert len(statements) == 7, statements


async def test_until_when_a_business_is_open(directory: Any) -> None:
    query = """query ($id: ID!) { business(id: $id) {
      open: openingState(at: "2025-03-04T14:30:00Z") { isOpen nextChangeAt }
      closed: openingState(at: "2025-03-03T20:00:00Z") { isOpen nextChangeAt }
    } }"""
    data = await directory.data(query, {"id": str(demo_id("acme", "business", "b001"))}, **READ)
    assert data["business"] == {
        "open": {"isOpen": True, "nextChangeAt": "2025-03-04T15:00:00+00:00"},
        "closed": {"isOpen": False, "nextChangeAt": "2025-03-04T12:00:00+00:00"},
    }


async def test_the_path_to_a_category_is_one_statement(directory: Any) -> None:
    query = """query ($r: [_Any!]!) { _entities(representations: $r) { ... on BusinessCategory {
      name parent { name } ancestors { name ancestors { name } } children { name ancestors { name } } } } }"""
    roots = (await directory.data("{ businessCategories { id children { id } } }", **READ))["businessCategories"]
    ids = [child["id"] for root in roots for child in root["children"]] + [root["id"] for root in roots]
    representations = [{"__typename": "BusinessCategory", "id": id_} for id_ in ids]
    counts = []
    for some in (representations[:2], representations):
        with directory.count_statements() as statements:
            found = (await directory.data(query, {"r": some}, **READ))["_entities"]
        counts.append(len(statements))
    assert counts[0] >= counts[1] - 1  # roots have children, which the first two do not
    for category in found:
        above = [each["name"] for each in category["ancestors"]]
        assert above == ([] if category["parent"] is None else [category["parent"]["name"]])
        assert all(child["ancestors"][-1]["name"] == category["name"] for child in category["children"])
