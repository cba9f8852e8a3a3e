"""The queries that the docs show are answered, and every context that their plans ask has its part in it."""

from typing import Any

import pytest

from subgraphs.storefront.seed import demo_product
from tests.plan_page import Shown, shown_queries

from .conftest import Platform

pytestmark = pytest.mark.stack

ID_OF = {
    "BusinessPage": ("query ($id: ID) { product(id: $id) { seller { id } } }", "product.seller.id"),
    "Ranks": ("{ games(first: 1) { edges { node { id } } } }", "games.edges.node.id"),
    "ContactPage": (
        "{ activities(first: 50) { edges { node { contact { id } } } } }",
        "activities.edges.node.contact.id",
    ),
}
"""How to find the id that it is about, and where it is in the answer."""
JOINED = {
    "ProductPage": ("product.seller.name", "product.questions.edges.node.author.name"),
    "BusinessPage": (
        "business.owner.name",
        "business.reviews.edges.node.author.name",
        "business.products.edges.node.name",
    ),
    "Board": ("leads.edges.node.assignee.name", "leads.edges.node.business.owner.name"),
    "ContactPage": ("contact.activities.edges.node.actor.name",),
    "Found": ("searchBusinesses.edges.node.leads.edges.node.assignee.name",),
    "Wishlists": ("wishlists.edges.node.items.edges.node.product.seller.name",),
    "Team": ("accounts.edges.node.assignedLeads.edges.node.name",),
    "Ranks": ("leaderboard.standings.edges.node.player.account.name",),
    "Research": ("backtests.edges.node.strategy.name", "backtests.edges.node.requestedBy.name"),
    "Dashboard": ("viewer.name", "productQuestions.edges.node.product.name", "productQuestions.edges.node.author.name"),
}
"""For each operation the fields that are there only if the contexts found to one another."""


def values(data: Any, path: str) -> list[Any]:
    """What is there, through lists, without nulls."""
    found = [data]
    for name in path.split("."):
        below = [each[name] for each in found]
        found = [
            each for value in below for each in (value if isinstance(value, list) else [value]) if each is not None
        ]
    return found


@pytest.fixture(scope="module")
def queries() -> dict[str, Shown]:
    return {str(shown.plan.operation_name): shown for shown in shown_queries()}


def test_there_are_ten(queries: dict[str, Shown]) -> None:
    assert len(queries) == 10
    assert queries.keys() == JOINED.keys()
    assert all(len({fetch.subgraph for fetch in shown.plan.fetches}) > 1 for shown in queries.values())


@pytest.mark.parametrize("name", JOINED)
@pytest.mark.parametrize("tenant", ["acme", "globex"])
def test_it_is_answered(platform: Platform, queries: dict[str, Shown], tenant: str, name: str) -> None:
    user = f"ben@{tenant}"
    variables = {"id": demo_product(126), "words": "a quiet place for coffee"}
    if name in ID_OF:
        query, path = ID_OF[name]
        variables["id"] = values(platform.data(query, variables, user=user), path)[0]
    data = platform.data(queries[name].text, variables, user=user)
    for path in JOINED[name]:
        assert values(data, path), f"{path} is empty"
