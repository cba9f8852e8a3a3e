"""How good the ranking is, in numbers: a small set of questions with graded answers, held against words alone.

nDCG at 10 (Järvelin and Kekäläinen, 2002) with gains of 3 for the right kind of business, 1 for one that may do, and
for questions that are asked at a place, 3 more for the nearest of the right kind.
"""

from math import log2
from typing import Any

import pytest

from subgraphs.directory.domain.geo import Coordinates

SEARCH = """query ($query: String!, $mode: SearchMode!, $near: CoordinatesInput) {
  searchBusinesses(query: $query, mode: $mode, near: $near, first: 10) {
    edges { node { name category { name } } } } }"""
ALL = """query ($near: CoordinatesInput) { businesses(first: 100, orderBy: DISTANCE, near: $near) {
  edges { node { name category { name } coordinates { latitude longitude } } } } }"""

# Question: kinds that are right, and kinds that may do. Some have words of the listings, most have none.
LABELS: dict[str, tuple[set[str], set[str]]] = {
    "place to eat pasta": ({"Italian restaurant"}, {"Local cuisine"}),
    "somewhere to fix my car": ({"Car repair"}, {"Car rental"}),
    "my tooth hurts": ({"Dentist"}, {"Pharmacy"}),
    "dog is sick": ({"Veterinarian"}, set()),
    "I locked myself out": ({"Locksmith"}, set()),
    "dance all night": ({"Bar"}, set()),
    "water leaking from the ceiling": ({"Plumber"}, set()),
    "help with my tax return": ({"Accountant"}, {"Lawyer"}),
    "bike puncture": ({"Bicycle shop"}, set()),
    "sourdough bread": ({"Bakery"}, {"Grocery"}),
    "cheap bed for a backpacker": ({"Hostel"}, {"Hotel"}),
    "learn the language of the country": ({"Language school"}, {"Translation"}),
    "new glasses": ({"Optician"}, set()),
    "back pain after running": ({"Physiotherapy"}, {"Yoga studio", "Gym"}),
    "books": ({"Bookshop"}, set()),
    "coffee": ({"Café"}, {"Bakery"}),
}
PLACES = {"acme": Coordinates(38.7139, -9.1387), "globex": Coordinates(52.52, 13.405)}


def ndcg(gains: list[float], ideal: list[float]) -> float:
    def sum_of(values: list[float]) -> float:
        return sum(gain / log2(place + 2) for place, gain in enumerate(values[:10]))

    return sum_of(gains) / sum_of(sorted(ideal, reverse=True))


async def quality(directory: Any, tenant: str, mode: str, *, near: bool, told: bool = True) -> float:
    """Mean nDCG; `near` whether the question is asked at a place, `told` whether the search knows that."""
    place = PLACES[tenant]
    at = {"latitude": place.latitude, "longitude": place.longitude}
    known = (await directory.data(ALL, {"near": at}, tenant=tenant))["businesses"]["edges"]
    total = 0.0
    for question, (right, fair) in LABELS.items():
        gains: dict[str, float] = {}
        nearest = None
        for edge in known:  # the nearest first
            kind, name = edge["node"]["category"]["name"], edge["node"]["name"]
            gains[name] = 3 if kind in right else 1 if kind in fair else 0
            if near and kind in right and nearest is None:
                nearest = name
                gains[name] += 3
        variables = {"query": question, "mode": mode, "near": at if near and told else None}
        data = await directory.data(SEARCH, variables, tenant=tenant)
        found = [edge["node"]["name"] for edge in data["searchBusinesses"]["edges"]]
        total += ndcg([gains[name] for name in found], list(gains.values()))
    return total / len(LABELS)


@pytest.mark.parametrize("tenant", ["acme", "globex"])
async def test_words_and_meaning_are_better_than_words_alone(directory: Any, tenant: str) -> None:
    words = await quality(directory, tenant, "TEXT", near=False)
    both = await quality(directory, tenant, "HYBRID", near=False)
    assert both >= 0.85  # 0.89 and 0.90
    assert both >= words + 0.5  # 0.26 and 0.25: most questions have no word of a listing


@pytest.mark.parametrize("tenant", ["acme", "globex"])
async def test_the_place_makes_the_ranking_better_for_who_asks_at_it(directory: Any, tenant: str) -> None:
    here = await quality(directory, tenant, "HYBRID", near=True)
    blind = await quality(directory, tenant, "HYBRID", near=True, told=False)
    assert here >= 0.87
    assert here > blind
