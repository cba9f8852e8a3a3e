"""The queries that the docs show are answered, and every context that their plans ask has its part in it."""

from typing import Any

import pytest

from subgraphs.storefront.seed import demo_product
from tests.plan_page import Shown, shown_queries

from .conftest import Platform

pytestmark = pytest.mark.stack

ID_OF = {
    "BusinessPage": "{ businesses(first: 1) { edges { node { id } } } }",
    "Ranks": "{ games(first: 1) { edges { node { id } } } }",
    "ContactPage": "{ contacts(first: 1) { edges { node { id } } } }",
}
JOINED = {
    "ProductPage": ("product.seller.name", "product.questions.edges.node.author.name"),
    "BusinessPage": (
        "business.owner.name",
        "business.reviews.edges.node.author.name",
        "business.products.edges.node.name",
    ),
    "Board": ("leads.edges.node.assignee.name", "leads.edges.node.business.owner.name"),
    "ContactPage": ("contact.owner.name", "contact.activities.edges.node.actor.name"),
    "Found": ("searchBusinesses.edges.node.leads.edges.node.assignee.name",),
    "Wishlists": ("wishlists.edges.node.items.edges.node.product.seller.name",),
    "Team": ("accounts.edges.node.assignedLeads.edges.node.name",),
    "Ranks": ("leaderboard.standings.edges.node.player.account.name",),
    "Research": ("backtests.edges.node.strategy.name", "backtests.edges.node.requestedBy.name"),
    "Dashboard": ("viewer.name", "leads.edges.node.assignee.name", "productQuestions.edges.node.product.name"),
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
        (connection,) = platform.data(ID_OF[name], user=user).values()
        variables["id"] = connection["edges"][0]["node"]["id"]
    data = platform.data(queries[name].text, variables, user=user)
    for path in JOINED[name]:
        assert values(data, path), f"{path} is empty"
