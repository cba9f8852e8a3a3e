"""The first things a newcomer asks: queries across all contexts, for both tenants."""

import json
import time
from typing import Any

import httpx
import pytest

from subgraphs import CONTEXTS

from .conftest import Platform, codes

pytestmark = pytest.mark.stack

OVERVIEW = """
query Overview {
  businesses(first: 3) {
    totalCount
    edges { node {
      id name
      rating { average count }
      owner { name email }
      leads(first: 2) { edges { node { name status assignee { name email } } } }
    } }
  }
}
"""
PIPELINE = """
query Pipeline {
  leads(first: 20) {
    totalCount
    edges { node {
      id name
      assignee { id name openLeadCount }
      business { id name category { name } owner { id name } }
    } }
  }
}
"""


def nodes(connection: Any) -> list[Any]:
    return [edge["node"] for edge in connection["edges"]]


@pytest.mark.parametrize("tenant", ["acme", "globex"])
def test_businesses_with_owner_and_leads_with_assignee(platform: Platform, tenant: str) -> None:
    data = platform.data(OVERVIEW, user=f"ada@{tenant}")
    businesses = nodes(data["businesses"])
    assert data["businesses"]["totalCount"] == 60
    assert len(businesses) == 3
    people = [business["owner"] for business in businesses if business["owner"]]
    leads = [lead for business in businesses for lead in nodes(business["leads"])]
    people += [lead["assignee"] for lead in leads if lead["assignee"]]
    assert people, "the demo data joins users"
    assert leads, "the demo data has leads about the best businesses"
    assert {person["email"].partition("@")[2] for person in people} == {f"{tenant}.example"}


def test_there_and_back_again(platform: Platform) -> None:
    """crm -> identity -> crm, and crm -> directory -> identity."""
    leads = nodes(platform.data(PIPELINE, user="ben@acme")["leads"])
    assert len(leads) == 20
    assigned = [lead for lead in leads if lead["assignee"]]
    about = [lead for lead in leads if lead["business"]]
    assert assigned
    assert all(lead["assignee"]["name"] and lead["assignee"]["openLeadCount"] >= 0 for lead in assigned)
    assert about
    assert all(lead["business"]["name"] and lead["business"]["category"]["name"] for lead in about)


def test_search_by_meaning_with_owners(platform: Platform) -> None:
    query = """{ searchBusinesses(query: "somewhere to fix my bicycle", first: 3) {
        edges { score node { name category { name } owner { name } } } } }"""
    found = nodes(platform.data(query, user="dan@acme")["searchBusinesses"])
    assert found[0]["category"]["name"] == "Bicycle shop"


def test_tenants_have_different_data(platform: Platform) -> None:
    query = "{ businesses(first: 100) { edges { node { id } } } leads(first: 100) { edges { node { id } } } }"
    ids = {}
    for tenant in ("acme", "globex"):
        data = platform.data(query, user=f"ada@{tenant}")
        ids[tenant] = {node["id"] for connection in data.values() for node in nodes(connection)}
        assert len(ids[tenant]) > 100
    assert not ids["acme"] & ids["globex"]


def test_introspection_shows_the_graph_and_nothing_internal(platform: Platform) -> None:
    schema = platform.data("{ __schema { queryType { fields { name } } types { name } } }")["__schema"]
    fields = {field["name"] for field in schema["queryType"]["fields"]}
    types = {type_["name"] for type_ in schema["types"]}
    assert {"businesses", "leads", "searchBusinesses"} <= fields
    assert not fields & {"resolveTenant", "authenticateApiKey", "_entities", "_service"}
    assert not {name for name in types if name.startswith(("join__", "link__", "_"))} - {
        name for name in types if name.startswith("__")
    }
    assert "ApiKeyGrant" not in types


def test_a_mutation_is_seen_by_the_next_query(platform: Platform) -> None:
    """Through the whole stack: write as an agent, read it back joined with identity."""
    me = platform.data("{ viewer { id } }", user="cleo@globex")["viewer"]["id"]
    created = platform.data(
        """mutation Create($input: CreateLeadInput!) {
             createLead(input: $input) { lead { id name assignee { id name } } errors { code message } }
           }""",
        {"input": {"name": "Wire Wrapper", "source": "REFERRAL", "assigneeId": me}},
        user="cleo@globex",
    )["createLead"]
    assert created["errors"] == []
    assert created["lead"]["assignee"]["id"] == me
    again = platform.data(
        "query ($id: ID!) { lead(id: $id) { name assignee { name } } }",
        {"id": created["lead"]["id"]},
        user="dan@globex",
    )["lead"]
    assert again == {"name": "Wire Wrapper", "assignee": {"name": created["lead"]["assignee"]["name"]}}


def test_a_viewer_may_not_write(platform: Platform) -> None:
    response = platform.ask(
        """mutation { createLead(input: {name: "No", source: WEBSITE}) { lead { id } errors { code } } }""",
        user="dan@acme",
    )
    assert codes(response) == ["FORBIDDEN"]


def test_anonymous_callers_see_no_data(platform: Platform) -> None:
    response = platform.ask("{ businesses(first: 1) { edges { node { id } } } leads(first: 1) { totalCount } }")
    assert response.status_code == 200
    assert set(codes(response)) <= {"UNAUTHENTICATED", "FORBIDDEN"}
    assert codes(response)
    assert not response.json().get("data")


def test_ready_names_every_part(platform: Platform) -> None:
    parts = httpx.get(f"{platform.url}/ready").json()["parts"]
    assert parts == dict.fromkeys([*(f"subgraph {name}" for name in CONTEXTS), "redis", "saleor schema"], "up")


def test_number_of_subgraph_calls_does_not_grow_with_the_answer(platform: Platform) -> None:
    """Entities are fetched in batches: 3 businesses or 60, the same calls."""
    fetches = {}
    for first in (3, 60):
        request_id = f"fetches-for-{first:04}"
        many = OVERVIEW.replace("first: 3", f"first: {first}").replace("first: 2", "first: 10")
        data = platform.data(many, user="ada@acme", x_request_id=request_id)
        assert len(nodes(data["businesses"])) == first
        fetches[first] = access_line(platform, request_id)["fetches"]
    # directory; then crm and identity (owners) at once; then identity again (assignees).
    assert fetches == {3: 4, 60: 4}


def access_line(platform: Platform, request_id: str) -> Any:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        for line in platform.logs().splitlines():
            if '"router.access"' in line and request_id in line:
                return json.loads(line)
        time.sleep(0.05)
    pytest.fail(f"no log line of {request_id}")
