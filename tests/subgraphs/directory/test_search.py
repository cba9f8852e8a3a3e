"""Search on the demo data with the real model."""

from typing import Any

import pytest

SEARCH = """
query ($query: String!, $mode: SearchMode! = HYBRID, $near: CoordinatesInput, $filter: BusinessFilterInput,
       $first: Int, $after: String) {
  searchBusinesses(query: $query, mode: $mode, near: $near, filter: $filter, first: $first, after: $after) {
    totalCount
    pageInfo { hasNextPage hasPreviousPage endCursor }
    edges { score distanceM excerpt matches { kind rank score } node { id name category { name } } }
  }
}
"""


async def found(directory: Any, query: str, tenant: str = "acme", **variables: Any) -> list[dict[str, Any]]:
    data = await directory.data(SEARCH, {"query": query, **variables}, tenant=tenant, scopes=["directory:read"])
    edges: list[dict[str, Any]] = data["searchBusinesses"]["edges"]
    return edges


@pytest.mark.parametrize("mode", ["SEMANTIC", "HYBRID"])
@pytest.mark.parametrize("tenant", ["acme", "globex"])
@pytest.mark.parametrize(
    ("query", "category"),
    [
        ("place to eat pasta", "Italian restaurant"),
        ("somewhere to fix my car", "Car repair"),
        ("my tooth hurts", "Dentist"),
        ("dog is sick", "Veterinarian"),
        ("I locked myself out", "Locksmith"),
        ("dance all night", "Bar"),
        ("wedding flowers", "Florist"),
        ("water leaking from the ceiling", "Plumber"),
        ("vegan lunch", "Vegan restaurant"),
        ("help with my tax return", "Accountant"),
        ("bike puncture", "Bicycle shop"),
        ("sourdough bread", "Bakery"),
    ],
)
async def test_the_best_answer_is_the_right_kind(
    directory: Any, tenant: str, query: str, category: str, mode: str
) -> None:
    edges = await found(directory, query, tenant, mode=mode)
    assert edges[0]["node"]["category"]["name"] == category


async def test_words_find_names_without_their_accents_and_in_other_forms(directory: Any) -> None:
    (edge,) = await found(directory, "otica", mode="TEXT")
    assert edge["node"]["name"] == "Ótica Avenida"
    names = {edge["node"]["name"] for edge in await found(directory, "bicycle repairing", "globex", mode="TEXT")}
    assert names == {"Radwerk"}


async def test_web_style_queries(directory: Any) -> None:
    with_both = {edge["node"]["name"] for edge in await found(directory, "sushi or ramen", mode="TEXT")}
    assert {"Sushi Oriente", "Ramen Bairro"} <= with_both
    without = {edge["node"]["name"] for edge in await found(directory, "japanese -ramen", mode="TEXT")}
    assert without == {"Sushi Oriente"}
    phrase = {edge["node"]["name"] for edge in await found(directory, '"fresh tagliatelle"', mode="TEXT")}
    assert phrase == {"Osteria do Chiado"}


async def test_why_it_matched(directory: Any) -> None:
    first, *_ = edges = await found(directory, "custard tarts")
    assert {edge["node"]["name"] for edge in edges[:2]} == {"Pastelaria Flor de Belém", "Padaria Lusitânia"}
    assert {match["kind"] for match in first["matches"]} == {"TEXT", "SEMANTIC"}
    assert first["score"] == pytest.approx(sum(1 / (60 + match["rank"]) for match in first["matches"]))
    assert "**tarts**" in first["excerpt"]
    assert "**Custard**" in first["excerpt"] or "**custard**" in first["excerpt"]
    scores = [edge["score"] for edge in edges]
    assert scores == sorted(scores, reverse=True)
    (semantic,) = [match for match in first["matches"] if match["kind"] == "SEMANTIC"]
    assert 0.2 < semantic["score"] <= 1


async def test_nonsense_finds_little_and_words_nothing(directory: Any) -> None:
    assert await found(directory, "asdfgh", mode="TEXT") == []
    assert len(await found(directory, "qwxz vbnm plkj")) <= 3


@pytest.mark.parametrize("mode", ["TEXT", "HYBRID"])
async def test_a_name_with_typing_errors(directory: Any, mode: str) -> None:
    first, *_ = await found(directory, "tratoria bela vista", mode=mode)
    assert first["node"]["name"] == "Trattoria Bella Vista"
    assert first["matches"][0]["kind"] == "NAME"
    assert await found(directory, "sushi -oriente -sushi", mode="TEXT") == []


@pytest.mark.parametrize("query", ["a\0b", "\ud800"])
async def test_what_is_no_text_is_refused(directory: Any, query: str) -> None:
    for mode in ("TEXT", "SEMANTIC", "HYBRID"):
        body = await directory.call(SEARCH, {"query": query, "mode": mode})
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_filters_hold_in_every_mode(directory: Any) -> None:
    near = {"latitude": 38.7139, "longitude": -9.1387}
    wanted = {"within": {"center": near, "radiusM": 1500}, "minimumRating": 3.5}
    for mode in ("TEXT", "SEMANTIC", "HYBRID"):
        everything = await found(directory, "coffee or wine or books", mode=mode, first=100, near=near)
        some = await found(directory, "coffee or wine or books", mode=mode, first=100, near=near, filter=wanted)
        assert 0 < len(some) < len(everything)
        assert all(edge["distanceM"] <= 1500 for edge in some)
    without_near = await found(directory, "coffee")
    assert without_near[0]["distanceM"] is None


async def test_open_at_and_category_narrow_a_search(directory: Any) -> None:
    tree = await directory.data("{ businessCategories { id name } }")
    (health,) = [category["id"] for category in tree["businessCategories"] if category["name"] == "Health"]
    wanted = {"categoryId": health, "openAt": "2025-06-02T02:00:00Z"}
    names = {edge["node"]["name"] for edge in await found(directory, "medicine", filter=wanted, first=50)}
    assert "Farmácia Vigília" in names
    assert "Farmácia do Rossio" not in names


@pytest.mark.parametrize("mode", ["TEXT", "SEMANTIC", "HYBRID"])
async def test_pages_make_up_the_whole_ranking(directory: Any, mode: str) -> None:
    query = "restaurant or shop or repair or bread"
    whole = await found(directory, query, mode=mode, first=100)
    assert len(whole) > 6
    seen: list[Any] = []
    after = None
    while True:
        variables = {"query": query, "mode": mode, "first": 4, "after": after}
        page = (await directory.data(SEARCH, variables))["searchBusinesses"]
        assert page["totalCount"] == len(whole)
        assert page["pageInfo"]["hasPreviousPage"] is bool(seen)
        seen += page["edges"]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
    assert seen == whole


async def test_a_cursor_is_good_for_its_search_alone(directory: Any) -> None:
    page = (await directory.data(SEARCH, {"query": "coffee", "first": 1}))["searchBusinesses"]
    after = page["pageInfo"]["endCursor"]
    for variables in (
        {"query": "tea", "after": after},
        {"query": "coffee", "after": after, "mode": "TEXT"},
        {"query": "coffee", "after": after, "filter": {"minimumRating": 2}},
        {"query": "coffee", "after": "bm90IGEgY3Vyc29y"},
        {"query": "coffee", "after": "é"},
    ):
        body = await directory.call(SEARCH, variables)
        assert body["errors"][0]["extensions"]["code"] == "BAD_CURSOR", variables


async def test_a_page_continues_after_its_hit_though_listings_come_and_go(new_tenant: Any) -> None:
    create = """mutation ($input: CreateBusinessInput!) {
        createBusiness(input: $input) { business { id } errors { code } } }"""
    delete = "mutation ($id: ID!) { deleteBusiness(id: $id) { deletedId errors { code } } }"

    def listing(name: str, words: str) -> dict[str, Any]:
        return {
            "input": {
                "name": name,
                "categoryId": str(new_tenant.category_id),
                "description": words,
                "address": {"street": "Rua 1", "city": "Lisboa", "countryCode": "PT"},
                "coordinates": {"latitude": 38.7, "longitude": -9.1},
                "timeZone": "Europe/Lisbon",
            }
        }

    ids = {}
    for n in range(6):
        name = f"Place {n}"
        payload = await new_tenant.data(create, listing(name, "accordion " * (7 - n) + "lessons and other things " * n))
        ids[name] = payload["createBusiness"]["business"]["id"]

    async def page(after: str | None) -> Any:
        variables = {"query": "accordion", "mode": "TEXT", "first": 2, "after": after}
        return (await new_tenant.data(SEARCH, variables))["searchBusinesses"]

    def names(page: Any) -> list[str]:
        return [edge["node"]["name"] for edge in page["edges"]]

    first = await page(None)
    order = names(first) + names(await page(first["pageInfo"]["endCursor"]))
    await new_tenant.data(create, listing("Newcomer", "accordion " * 9))
    second = await page(first["pageInfo"]["endCursor"])
    assert names(second) == order[2:]
    await new_tenant.data(delete, {"id": ids[order[3]]})
    await new_tenant.data(delete, {"id": ids[order[0]]})
    third = await page(second["pageInfo"]["endCursor"])
    assert set(names(third)).isdisjoint(order)


@pytest.mark.parametrize("query", ["", "   ", "x" * 501])
async def test_an_empty_or_endless_query_is_refused(directory: Any, query: str) -> None:
    body = await directory.call(SEARCH, {"query": query})
    assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    "query", ["'; drop table businesses; --", "a & | ! ( :*", '"', "-", "\\", "or or", "🚗", "<->"]
)
async def test_odd_queries_are_only_words(directory: Any, query: str) -> None:
    await found(directory, query)


async def test_a_search_takes_the_same_number_of_statements_for_any_page(directory: Any) -> None:
    counts = set()
    for first in (3, 12):
        with directory.count_statements() as statements:
            edges = await found(directory, "food and drink", first=first, mode="HYBRID")
        assert len(edges) == first
        counts.add(len(statements))
    assert len(counts) == 1
    assert counts.pop() <= 9
