"""Reviews that are reported, hidden and shown again; hidden ones count nowhere."""

import uuid
from typing import Any

import pytest
from sqlalchemy import text

from resolvers.demo import demo_id

ERRORS = "errors { code }"
MODERATOR = {"roles": ["manager"]}


async def mutate(tenant: Any, field: str, selection: str, by: Any = None, **values: Any) -> dict[str, Any]:
    caller = {"user": by or uuid.uuid4(), "roles": values.pop("roles", [])}
    kind = field[0].upper() + field[1:] + "Input"
    query = f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ {selection} {ERRORS} }} }}"
    payload: dict[str, Any] = (await tenant.data(query, {"input": values}, **caller))[field]
    return payload


async def code_of(tenant: Any, field: str, by: Any = None, **values: Any) -> str:
    (error,) = (await mutate(tenant, field, "", by, **values))["errors"]
    code: str = error["code"]
    return code


async def review(tenant: Any, business: Any, author: Any, rating: int) -> str:
    payload = await mutate(tenant, "addReview", "review { id }", author, businessId=str(business), rating=rating)
    review_id: str = payload["review"]["id"]
    return review_id


async def shown(tenant: Any, business: Any, **caller: Any) -> tuple[Any, int, list[int]]:
    query = """query ($id: ID!) { business(id: $id) { rating { average count }
      reviews { totalCount edges { node { rating } } } } }"""
    found = (await tenant.data(query, {"id": str(business)}, **caller))["business"]
    assert found["reviews"]["totalCount"] == found["rating"]["count"]
    ratings = sorted(edge["node"]["rating"] for edge in found["reviews"]["edges"])
    return found["rating"]["average"], found["rating"]["count"], ratings


async def queue(tenant: Any) -> list[tuple[str, str]]:
    data = await tenant.data("{ reviewReports { totalCount edges { node { reason note review { id } } } } }")
    nodes = [edge["node"] for edge in data["reviewReports"]["edges"]]
    assert data["reviewReports"]["totalCount"] == len(nodes)
    return [(node["reason"], node["review"]["id"]) for node in nodes]


async def test_a_hidden_review_counts_nowhere_until_it_is_shown_again(new_tenant: Any) -> None:
    business = await new_tenant.add_one()
    author, moderator = uuid.uuid4(), uuid.uuid4()
    bad = await review(new_tenant, business, author, 1)
    await review(new_tenant, business, uuid.uuid4(), 5)
    assert await shown(new_tenant, business) == (3.0, 2, [1, 5])
    for reason in ("SPAM", "OTHER"):
        payload = await mutate(new_tenant, "reportReview", "report { reason }", reviewId=bad, reason=reason)
        assert payload == {"report": {"reason": reason}, "errors": []}
    assert await queue(new_tenant) == [("SPAM", bad), ("OTHER", bad)]
    ruling = {"reviewId": bad, "decision": "HIDE", "reason": "Advertising.", "roles": ["manager"]}
    for _ in range(2):  # deciding the same again counts once
        payload = await mutate(new_tenant, "moderateReview", "review { hiddenReason }", moderator, **ruling)
        assert payload == {"review": {"hiddenReason": "Advertising."}, "errors": []}
    assert await queue(new_tenant) == []
    assert await shown(new_tenant, business) == (5.0, 1, [5])
    by_id = "query ($id: ID!) { review(id: $id) { hiddenReason } }"
    for caller, seen in (
        ({"user": author, "scopes": ["directory:read"]}, True),
        ({"user": uuid.uuid4(), "scopes": ["directory:read"]}, False),
        ({"user": moderator}, True),
    ):
        data = await new_tenant.data(by_id, {"id": bad}, **caller)
        assert data["review"] == ({"hiddenReason": "Advertising."} if seen else None)
    # What is written to it while it is hidden counts when it is shown.
    await mutate(new_tenant, "editReview", "review { id }", author, id=bad, rating=3)
    assert await shown(new_tenant, business) == (5.0, 1, [5])
    assert await code_of(new_tenant, "reportReview", reviewId=bad, reason="SPAM") == "NOT_FOUND"
    again = {"reviewId": bad, "decision": "SHOW", "roles": ["owner"]}
    payload = await mutate(new_tenant, "moderateReview", "review { hiddenAt }", moderator, **again)
    assert payload["review"] == {"hiddenAt": None}
    assert await shown(new_tenant, business) == (4.0, 2, [3, 5])
    async with new_tenant.directory.database.session(new_tenant.context) as session:
        rows = await session.rows(text("select data from outbox where name = 'directory.review_moderated'"))
    told = sorted((row.data["is_hidden"], row.data["reports"]) for row in rows)
    assert told == [(False, 0), (True, 0), (True, 2)]


async def test_a_hidden_review_that_is_removed_takes_nothing_from_the_rating(new_tenant: Any) -> None:
    business, author = await new_tenant.add_one(), uuid.uuid4()
    bad = await review(new_tenant, business, author, 1)
    await review(new_tenant, business, uuid.uuid4(), 4)
    ruling = {"reviewId": bad, "decision": "HIDE", "reason": "Lies.", "roles": ["owner"]}
    await mutate(new_tenant, "moderateReview", "review { id }", **ruling)
    removal = "mutation ($id: ID!) { removeReview(id: $id) { removedId errors { code } } }"
    assert (await new_tenant.data(removal, {"id": bad}, user=author))["removeReview"]["errors"] == []
    assert await shown(new_tenant, business) == (4.0, 1, [4])


async def test_what_is_refused(new_tenant: Any) -> None:
    business, author, reporter = await new_tenant.add_one(), uuid.uuid4(), uuid.uuid4()
    written = await review(new_tenant, business, author, 2)
    report = {"reviewId": written, "reason": "PRIVACY", "note": "My name."}
    assert await code_of(new_tenant, "reportReview", author, **report) == "OWN_REVIEW"
    assert await code_of(new_tenant, "reportReview", reporter, **{**report, "note": "x" * 1001}) == "BAD_USER_INPUT"
    assert (await mutate(new_tenant, "reportReview", "report { note }", reporter, **report))["errors"] == []
    assert await code_of(new_tenant, "reportReview", reporter, **report) == "ALREADY_REPORTED"
    assert await code_of(new_tenant, "reportReview", reporter, **{**report, "reviewId": str(uuid.uuid4())}) == (
        "NOT_FOUND"
    )
    ruling = {"reviewId": written, "decision": "HIDE", "reason": "Private."}
    assert await code_of(new_tenant, "moderateReview", **ruling) == "NOT_A_MODERATOR"
    assert await code_of(new_tenant, "moderateReview", **{**ruling, "reason": " "}, **MODERATOR) == "BAD_USER_INPUT"
    assert await code_of(new_tenant, "moderateReview", **{**ruling, "reviewId": str(uuid.uuid4())}, **MODERATOR) == (
        "NOT_FOUND"
    )


HIDING = 'mutation { moderateReview(input: {reviewId: "x", decision: SHOW}) { errors { code } } }'


@pytest.mark.parametrize("query", ["{ reviewReports { totalCount } }", HIDING])
async def test_the_queue_is_for_moderators(directory: Any, query: str) -> None:
    refused = await directory.call(query, scopes=["directory:read"])
    assert refused["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "directory:write"}


async def test_reviews_of_others_are_neither_reported_nor_hidden(directory: Any, new_tenant: Any) -> None:
    data = await directory.data(
        "query ($id: ID!) { business(id: $id) { reviews { edges { node { id } } } } }",
        {"id": str(demo_id("acme", "business", "b001"))},
    )
    theirs = data["business"]["reviews"]["edges"][0]["node"]["id"]
    assert await code_of(new_tenant, "reportReview", reviewId=theirs, reason="SPAM") == "NOT_FOUND"
    ruling = {"reviewId": theirs, "decision": "HIDE", "reason": "Mine."}
    assert await code_of(new_tenant, "moderateReview", **ruling, **MODERATOR) == "NOT_FOUND"
