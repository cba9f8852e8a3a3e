"""What businesses say to reviews: drafts, what is published, who may, and runs that write once."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.subgraphs.conftest import ALL_SCOPES

ADD = "mutation ($input: AddReviewInput!) { addReview(input: $input) { review { id } errors { code } } }"
RESPOND = """
mutation ($input: RespondToReviewInput!) { respondToReview(input: $input) {
  review { id response { text engine model runId publishedAt author { id } } }
  errors { code ... on InvalidInputError { path } } } }
"""
READ = """query ($id: ID!) { business(id: $id) { reviews { edges { node { response { text publishedAt } } } } } }"""
DRAFT = """
mutation ($id: ID!) { draftReviewResponse(input: {reviewId: $id}) {
  run { id } review { id response { text } } errors { code } } }
"""


@pytest.fixture
async def owner() -> UUID:
    return uuid4()


@pytest.fixture
async def business(new_tenant: Any, owner: UUID) -> UUID:
    added: UUID = await new_tenant.add_one(owner_id=owner)
    return added


@pytest.fixture
async def review(new_tenant: Any, business: UUID) -> str:
    data = await new_tenant.data(ADD, {"input": {"businessId": str(business), "rating": 2, "body": "Loud."}})
    found: str = data["addReview"]["review"]["id"]
    return found


def as_run(run: str) -> dict[str, Any]:
    return {"claims": {"run": run}, "roles": [], "scopes": [*ALL_SCOPES, "agents:run"]}


async def respond(tenant: Any, review: str, caller: dict[str, Any], **values: Any) -> dict[str, Any]:
    wanted = {"reviewId": review, "text": "We are sorry.", **values}
    payload: dict[str, Any] = (await tenant.data(RESPOND, {"input": wanted}, **caller))["respondToReview"]
    return payload


async def seen(tenant: Any, business: UUID, scopes: list[str]) -> Any:
    data = await tenant.data(READ, {"id": str(business)}, scopes=scopes)
    (edge,) = data["business"]["reviews"]["edges"]
    return edge["node"]["response"]


async def test_a_draft_is_seen_by_those_who_may_write_and_what_is_published_by_all(
    new_tenant: Any, business: UUID, review: str, owner: UUID
) -> None:
    assert await seen(new_tenant, business, ["directory:read"]) is None
    payload = await respond(new_tenant, review, {"user": owner}, text="  We are sorry.  ")
    assert payload["errors"] == []
    response = payload["review"]["response"]
    assert response == {
        "text": "We are sorry.",
        "engine": "PERSON",
        "model": None,
        "runId": None,
        "publishedAt": None,
        "author": {"id": str(owner)},
    }
    assert await seen(new_tenant, business, ["directory:read"]) is None
    assert (await seen(new_tenant, business, ["directory:read", "directory:write"]))["text"] == "We are sorry."
    published = await respond(new_tenant, review, {"user": owner}, text="Come again.", publish=True)
    since = published["review"]["response"]["publishedAt"]
    assert since is not None
    assert await seen(new_tenant, business, ["directory:read"]) == {"text": "Come again.", "publishedAt": since}
    refused = await respond(new_tenant, review, {"user": owner})
    assert [error["code"] for error in refused["errors"]] == ["RESPONSE_PUBLISHED"]
    again = await respond(new_tenant, review, {"roles": ["manager"]}, text="Do come again.", publish=True)
    assert again["review"]["response"]["publishedAt"] == since


async def test_only_who_owns_the_listing_or_manages_the_tenant_may(new_tenant: Any, review: str) -> None:
    async def codes(**caller: Any) -> list[str]:
        return [error["code"] for error in (await respond(new_tenant, review, caller))["errors"]]

    assert await codes() == ["NOT_YOUR_LISTING"]
    assert await codes(roles=["agent"]) == ["NOT_YOUR_LISTING"]
    assert await codes(roles=["manager"]) == []


async def test_a_run_writes_what_is_said_to_be_a_runs_and_once(new_tenant: Any, review: str) -> None:
    run = str(uuid4())
    first = await respond(new_tenant, review, as_run(run), engine="PLAYBOOK", text="One.")
    assert first["review"]["response"]["runId"] == run
    again = await respond(new_tenant, review, as_run(run), engine="PLAYBOOK", text="Two.")
    assert again["review"]["response"]["text"] == "One."
    other = await respond(new_tenant, review, as_run(str(uuid4())), engine="LLM", model="m", text="Three.")
    assert (other["review"]["response"]["text"], other["review"]["response"]["model"]) == ("Three.", "m")


@pytest.mark.parametrize(
    ("values", "run", "field"),
    [
        ({"text": "  "}, False, "text"),
        ({"text": "x" * 2001}, False, "text"),
        ({"engine": "PLAYBOOK"}, False, "engine"),
        ({"engine": "PERSON"}, True, "engine"),
        ({"engine": "LLM"}, True, "model"),
        ({"reviewId": "x"}, False, "reviewId"),
    ],
)
async def test_a_bad_value_is_named(new_tenant: Any, review: str, values: Any, run: bool, field: str) -> None:
    caller = as_run(str(uuid4())) if run else {"roles": ["owner"]}
    payload = await respond(new_tenant, review, caller, **values)
    assert payload["review"] is None
    assert payload["errors"] == [{"code": "BAD_USER_INPUT", "path": ["input", field]}]


async def test_a_run_that_is_only_asked_for_answers_for_no_listing(new_tenant: Any, review: str) -> None:
    beside = {"claims": {"run": str(uuid4())}, "roles": []}
    payload = await respond(new_tenant, review, beside, publish=True)
    assert (payload["review"], [error["code"] for error in payload["errors"]]) == (None, ["NOT_YOUR_LISTING"])
    payload = await respond(new_tenant, review, beside, engine="PLAYBOOK")
    assert payload["errors"] == [{"code": "BAD_USER_INPUT", "path": ["input", "engine"]}]


async def test_a_draft_by_a_crew_needs_a_run_and_a_review_of_the_tenant(
    new_tenant: Any, review: str, directory: Any
) -> None:
    refused = await new_tenant.call(DRAFT, {"id": review})
    assert refused["errors"][0]["extensions"]["code"] == "AGENT_RUN_REQUIRED"
    run = str(uuid4())
    data = await new_tenant.data(DRAFT, {"id": review}, **as_run(run))
    assert data["draftReviewResponse"] == {"run": {"id": run}, "review": {"id": review, "response": None}, "errors": []}
    theirs = await directory.data(DRAFT, {"id": review}, tenant="acme", **as_run(run))
    assert theirs["draftReviewResponse"]["errors"] == [{"code": "NOT_FOUND"}]
    found = await directory.data("query ($id: ID!) { review(id: $id) { id } }", {"id": review}, tenant="acme")
    assert found == {"review": None}
    found = await new_tenant.data("query ($id: ID!) { review(id: $id) { id rating } }", {"id": review})
    assert found == {"review": {"id": review, "rating": 2}}
    written = await directory.data(
        RESPOND,
        {"input": {"reviewId": review, "text": "Mine", "engine": "PLAYBOOK"}},
        tenant="acme",
        **as_run(run),
    )
    assert written["respondToReview"]["errors"] == [{"code": "NOT_FOUND"}]
