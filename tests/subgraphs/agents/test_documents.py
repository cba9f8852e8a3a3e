"""The tenant's own texts: kept once, found by meaning, and by nobody else."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.agents.domain.documents import MAX_TEXT, PASSAGE, passages

SEARCH = """query ($query: String!, $first: Int! = 5) { searchAgentDocuments(query: $query, first: $first) {
  text index similarity document { id title } } }"""
ADD = """mutation ($input: AddAgentDocumentInput!) { addAgentDocument(input: $input) {
  document { id title passageCount addedBy { id } } errors { code ... on InvalidInputError { path } } } }"""
DELETE = "mutation ($id: ID!) { deleteAgentDocument(input: {id: $id}) { deletedId errors { code } } }"
LIST = "{ agentDocuments { totalCount edges { node { id title } } } }"
RETURNS = "You can return goods within 30 days.\n\nKeep the receipt: without it we cannot take anything back."
SCOPES = ["agents:read", "agents:write"]


@given(st.text(max_size=3000) | st.lists(st.text("ab .\n", max_size=1500), max_size=4).map("\n\n".join))
def test_passages_lose_nothing_but_white_space(text: str) -> None:
    found = passages(text)
    assert all(0 < len(passage) <= PASSAGE for passage in found)
    assert re.sub(r"\s", "", "".join(found)) == re.sub(r"\s", "", text)


def test_paragraphs_stay_together() -> None:
    long = "A sentence of some words. " * 60
    assert passages("One.\n\nTwo.") == ["One.\nTwo."]
    assert all(passage.startswith("A sentence") and passage.endswith("words.") for passage in passages(long))
    assert [len(passage) for passage in passages("x" * 2000)] == [800, 800, 400]


async def add(tenant: Any, title: str = "Returns", text: str = RETURNS, **values: Any) -> dict[str, Any]:
    given = {"input": {"title": title, "text": text, **values}}
    payload: dict[str, Any] = (await tenant.data(ADD, given, scopes=SCOPES))["addAgentDocument"]
    return payload


async def search(tenant: Any, query: str, **values: Any) -> list[dict[str, Any]]:
    data = await tenant.data(SEARCH, {"query": query, **values}, scopes=["agents:read"])
    found: list[dict[str, Any]] = data["searchAgentDocuments"]
    return found


async def test_a_text_is_found_by_what_it_means(tenant: Any) -> None:
    added = await add(tenant)
    assert added["errors"] == []
    assert added["document"]["addedBy"] == {"id": str(tenant.ada)}
    await add(tenant, "Parking", "There is a garage below the shop; the first hour is free.")
    (best, *others) = await search(tenant, "Can I send back what I bought?")
    assert best["document"] == {"id": added["document"]["id"], "title": "Returns"}
    assert "30 days" in best["text"]
    assert all(other["similarity"] <= best["similarity"] for other in others)
    assert (await search(tenant, "Where can I leave my car?", first=1))[0]["document"]["title"] == "Parking"
    assert await search(tenant, "quantum chromodynamics lattice") == []


async def test_the_same_text_is_kept_once_and_can_be_deleted(tenant: Any) -> None:
    one, two = await add(tenant), await add(tenant, source="https://help.example")
    assert one["document"]["id"] == two["document"]["id"]
    listed = (await tenant.data(LIST, scopes=SCOPES))["agentDocuments"]
    assert listed["totalCount"] == 1
    deleted = await tenant.data(DELETE, {"id": one["document"]["id"]}, scopes=SCOPES)
    assert deleted["deleteAgentDocument"] == {"deletedId": one["document"]["id"], "errors": []}
    assert await search(tenant, "Can I return goods?") == []
    again = await tenant.data(DELETE, {"id": one["document"]["id"]}, scopes=SCOPES)
    assert again["deleteAgentDocument"]["errors"] == [{"code": "AGENT_DOCUMENT_NOT_FOUND"}]


async def test_another_tenant_finds_nothing_of_it(tenant: Any, agents: Any) -> None:
    added = await add(tenant)
    theirs = {"tenant": "acme", "scopes": SCOPES}
    found = (await agents.data(SEARCH, {"query": RETURNS[:36], "first": 20}, **theirs))["searchAgentDocuments"]
    assert found
    assert added["document"]["id"] not in {passage["document"]["id"] for passage in found}
    refused = await agents.data(DELETE, {"id": added["document"]["id"]}, **theirs)
    assert refused["deleteAgentDocument"]["errors"] == [{"code": "AGENT_DOCUMENT_NOT_FOUND"}]
    assert len(await search(tenant, "Can I return goods?")) == 1


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"title": " "}, "title"),
        ({"text": ""}, "text"),
        ({"text": "x" * (MAX_TEXT + 1)}, "text"),
        ({"source": "x" * 501}, "source"),
    ],
)
async def test_a_bad_value_is_named(tenant: Any, values: dict[str, str], field: str) -> None:
    (error,) = (await add(tenant, **values))["errors"]
    assert error["path"] == ["input", field]


async def test_searches_are_checked_and_need_the_scope(tenant: Any) -> None:
    for values in ({"query": " "}, {"query": "x" * 1001}, {"query": "x", "first": 0}, {"query": "x", "first": 21}):
        body = await tenant.agents.call(SEARCH, values, tenant=tenant.id, scopes=["agents:read"])
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    body = await tenant.agents.call(SEARCH, {"query": "x"}, tenant=tenant.id, scopes=["agents:write"])
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
