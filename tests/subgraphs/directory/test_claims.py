"""Claims of listings: who may claim, what proves it, how often it can be tried, and what an owner may do then."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from sqlalchemy import text

from resolvers.demo import demo_id
from resolvers.message_worker import message_worker_id
from subgraphs.directory.domain.claims import TOKEN_PATH

OWNER = {"scopes": ["directory:read"]}
MODERATOR = {"roles": ["manager"]}


def WORKER(tenant: Any) -> dict[str, Any]:  # noqa: N802 - as the callers beside it
    run = {"run": str(message_worker_id(tenant.id))}
    return {"user": None, "scopes": ["agents:run"], "claims": run}


CLAIM = "claim { id state method address attempts websiteToken reason history { action } }"


async def mutate(tenant: Any, field: str, selection: str, values: dict[str, Any], **caller: Any) -> Any:
    kind = {"verifyBusinessClaim": "VerifyBusinessClaim", "decideBusinessClaim": "DecideBusinessClaim"}.get(
        field, field[0].upper() + field[1:]
    )
    query = f"mutation ($input: {kind}Input!) {{ {field}(input: $input) {{ {selection} errors {{ code message }} }} }}"
    return (await tenant.data(query, {"input": values}, **caller))[field]


async def codes(tenant: Any, field: str, values: dict[str, Any], **caller: Any) -> list[str]:
    return [error["code"] for error in (await mutate(tenant, field, "", values, **caller))["errors"]]


async def claim(tenant: Any, user: Any, business: Any, method: str, **values: Any) -> Any:
    wanted = {"businessId": str(business), "method": method, **values}
    payload = await mutate(tenant, "claimBusiness", CLAIM, wanted, user=user, **OWNER)
    assert payload["errors"] == []
    return payload["claim"]


async def sent(tenant: Any) -> list[dict[str, Any]]:
    """What was asked to be sent; the last with its code, which is made as whoever sends it has it made."""
    asked = await told(tenant, "directory.claim_code_requested")
    made = await mutate(tenant, "makeClaimCode", "code address", {"id": asked[-1]["claim_id"]}, **WORKER(tenant))
    assert made["errors"] == []
    assert made["address"] == asked[-1]["address"]
    return [*asked[:-1], {**asked[-1], "code": made["code"]}]


async def told(tenant: Any, name: str) -> list[dict[str, Any]]:
    async with tenant.directory.database.session(tenant.context) as session:
        rows = await session.rows(text("select data from outbox where name = :name order by position"), {"name": name})
        return [row.data for row in rows]


async def owner_of(tenant: Any, business: Any) -> tuple[str | None, bool]:
    query = "query ($id: ID!) { business(id: $id) { owner { id } verifiedAt } }"
    found = (await tenant.data(query, {"id": str(business)}))["business"]
    return found["owner"] and found["owner"]["id"], found["verifiedAt"] is not None


@pytest.fixture
def user() -> uuid.UUID:
    return uuid.uuid4()


async def test_a_code_proves_a_claim_and_gives_the_rights_of_an_owner(new_tenant: Any, user: uuid.UUID) -> None:
    business = await new_tenant.add_one(phone="+351 21 000 111")
    reviewed = {"businessId": str(business), "rating": 2}
    review = (await mutate(new_tenant, "addReview", "review { id }", reviewed))["review"]["id"]
    respond = {"reviewId": review, "text": "We are sorry.", "publish": True}
    hours = {"businessId": str(business), "timeZone": "UTC", "openingHours": []}
    for field, values in (("respondToReview", respond), ("setOpeningHours", hours)):
        assert await codes(new_tenant, field, values, user=user, **OWNER) == ["NOT_YOUR_LISTING"]
    rival = await claim(new_tenant, uuid.uuid4(), business, "PHONE")
    found = await claim(new_tenant, user, business, "PHONE")
    assert (found["state"], found["address"]) == ("PENDING", "***111")
    _, message = await sent(new_tenant)
    assert (message["channel"], message["address"]) == ("phone", "+351 21 000 111")
    async with new_tenant.directory.database.session(new_tenant.context) as session:
        for table in ("business_claims", "business_claim_notes", "outbox", "answers"):
            kept = await session.rows(text(f"select {table}::text as row from {table}"))
            assert not any(message["code"] in row.row for row in kept), table
    proof = {"id": found["id"], "code": f"{message['code'][:4]} {message['code'][4:]}"}
    stranger = await codes(new_tenant, "verifyBusinessClaim", proof, user=uuid.uuid4(), **OWNER)
    assert stranger == ["NOT_FOUND"]
    payload = await mutate(new_tenant, "verifyBusinessClaim", CLAIM, proof, user=user, **OWNER)
    assert payload["errors"] == []
    verified = payload["claim"]
    assert verified["state"] == "VERIFIED"
    assert [note["action"] for note in verified["history"]] == ["OPENED", "CODE_SENT", "VERIFIED"]
    assert await owner_of(new_tenant, business) == (str(user), True)
    for field, values in (("respondToReview", respond), ("setOpeningHours", hours)):
        assert await codes(new_tenant, field, values, user=user, **OWNER) == []
        assert await codes(new_tenant, field, values, user=uuid.uuid4(), **OWNER) == ["NOT_YOUR_LISTING"]
    other = await new_tenant.data("query ($id: ID!) { businessClaim(id: $id) { state } }", {"id": rival["id"]})
    assert other["businessClaim"]["state"] == "SUPERSEDED"
    again = {"businessId": str(business), "method": "PHONE"}
    assert await codes(new_tenant, "claimBusiness", again, user=uuid.uuid4(), **OWNER) == ["ALREADY_OWNED"]
    (event,) = await told(new_tenant, "directory.business_claimed")
    assert (event["owner_id"], event["method"]) == (str(user), "phone")


async def test_wrong_codes_are_counted_even_many_at_once(new_tenant: Any, user: uuid.UUID) -> None:
    business = await new_tenant.add_one(phone="+351 21 000 111")
    found = await claim(new_tenant, user, business, "PHONE")
    (message,) = await sent(new_tenant)
    wrong = {"id": found["id"], "code": f"{(int(message['code']) + 1) % 10**8:08}"}
    async with asyncio.timeout(20):
        answers = await asyncio.gather(
            *(codes(new_tenant, "verifyBusinessClaim", wrong, user=user, **OWNER) for _ in range(8))
        )
    assert sorted(answers) == [["CLAIM_CLOSED"]] * 3 + [["CLAIM_NOT_PROVEN"]] * 5
    right = {"id": found["id"], "code": message["code"]}
    assert await codes(new_tenant, "verifyBusinessClaim", right, user=user, **OWNER) == ["CLAIM_CLOSED"]
    mine = await new_tenant.data(
        "{ myBusinessClaims { totalCount edges { node { state attempts history { action } } } } }", user=user, **OWNER
    )
    (edge,) = mine["myBusinessClaims"]["edges"]
    assert (edge["node"]["state"], edge["node"]["attempts"]) == ("FAILED", 5)
    assert [note["action"] for note in edge["node"]["history"]].count("CODE_WRONG") == 5
    assert await owner_of(new_tenant, business) == (None, False)


async def test_one_attempt_too_many_does_not_spoil_the_right_one_before_it(new_tenant: Any, user: uuid.UUID) -> None:
    business = await new_tenant.add_one(phone="+351 21 000 111")
    found = await claim(new_tenant, user, business, "PHONE")
    (message,) = await sent(new_tenant)
    right = {"id": found["id"], "code": message["code"]}
    wrong = {"id": found["id"], "code": f"{(int(message['code']) + 1) % 10**8:08}"}
    for _ in range(4):
        assert await codes(new_tenant, "verifyBusinessClaim", wrong, user=user, **OWNER) == ["CLAIM_NOT_PROVEN"]

    async def attempts() -> int:
        async with new_tenant.directory.database.session(new_tenant.context) as session:
            counted = text("select attempts from business_claims where id = :id")
            return int(await session.scalar(counted, {"id": uuid.UUID(found["id"])}))

    async with asyncio.timeout(20):
        async with new_tenant.directory.database.session(new_tenant.context) as session:
            await session.rows(text("select id from businesses where id = :id for update"), {"id": business})
            # The fifth is counted, and waits here to be judged.
            last = asyncio.create_task(codes(new_tenant, "verifyBusinessClaim", right, user=user, **OWNER))
            while await attempts() < 5:  # noqa: ASYNC110 - by another transaction, which tells nobody
                await asyncio.sleep(0.02)
            assert await codes(new_tenant, "verifyBusinessClaim", wrong, user=user, **OWNER) == ["CLAIM_CLOSED"]
        assert await last == []
    assert await owner_of(new_tenant, business) == (str(user), True)


async def test_an_attempt_that_nobody_judges_ends_the_claim_later(new_tenant: Any, user: uuid.UUID) -> None:
    """As after the end of the process that had counted the last one."""
    business = await new_tenant.add_one(phone="+351 21 000 111")
    found = await claim(new_tenant, user, business, "PHONE")
    (message,) = await sent(new_tenant)
    async with new_tenant.directory.database.session(new_tenant.context) as session:
        ended = "update business_claims set attempts = 5, updated_at = now() - interval '2 minutes' where id = :id"
        await session.execute(text(ended), {"id": uuid.UUID(found["id"])})
    right = {"id": found["id"], "code": message["code"]}
    assert await codes(new_tenant, "verifyBusinessClaim", right, user=user, **OWNER) == ["CLAIM_CLOSED"]
    mine = await new_tenant.data("{ myBusinessClaims { edges { node { state } } } }", user=user, **OWNER)
    assert mine["myBusinessClaims"]["edges"] == [{"node": {"state": "FAILED"}}]


async def test_a_code_is_good_for_its_time_and_until_the_next(new_tenant: Any, user: uuid.UUID) -> None:
    business = await new_tenant.add_one(website="https://www.olive.example/shop")
    wanted = {"businessId": str(business), "method": "EMAIL"}
    for email in ("me@elsewhere.example", "me@olive.example.evil.example", "x\n@olive.example", None):
        refused = await codes(new_tenant, "claimBusiness", {**wanted, "email": email}, user=user, **OWNER)
        assert refused == ["BAD_USER_INPUT"]
    found = await claim(new_tenant, user, business, "EMAIL", email="Me@OLIVE.example")
    assert found["address"] == "M***@olive.example"
    twice = await codes(new_tenant, "claimBusiness", {**wanted, "email": "a@olive.example"}, user=user, **OWNER)
    assert twice == ["ALREADY_CLAIMED"]
    resend = "mutation ($id: ID!) { resendBusinessClaimCode(id: $id) { errors { code } } }"

    async def another() -> list[str]:
        payload = (await new_tenant.data(resend, {"id": found["id"]}, user=user, **OWNER))["resendBusinessClaimCode"]
        return [error["code"] for error in payload["errors"]]

    (first,) = await sent(new_tenant)
    assert await another() == []
    _, second = await sent(new_tenant)
    assert first["code"] != second["code"]
    old = {"id": found["id"], "code": first["code"]}
    assert await codes(new_tenant, "verifyBusinessClaim", old, user=user, **OWNER) == ["CLAIM_NOT_PROVEN"]
    async with new_tenant.directory.database.session(new_tenant.context) as session:
        await session.execute(text("update business_claims set code_expires_at = now()"))
    late = {"id": found["id"], "code": second["code"]}
    assert await codes(new_tenant, "verifyBusinessClaim", late, user=user, **OWNER) == ["CLAIM_NOT_PROVEN"]
    assert [await another(), await another()] == [[], ["TOO_MANY_CLAIMS"]]


@pytest.fixture
async def website() -> AsyncIterator[tuple[str, dict[str, str]]]:
    """A real website on this machine: its address, and what stands in the file."""
    shown = {"text": ""}

    async def answer(_: web.Request) -> web.Response:
        return web.Response(text=shown["text"])

    async def elsewhere(_: web.Request) -> web.Response:
        raise web.HTTPFound(TOKEN_PATH)

    app = web.Application()
    app.router.add_get(TOKEN_PATH, answer)
    app.router.add_get("/moved" + TOKEN_PATH, elsewhere)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    yield f"http://127.0.0.1:{port}/home", shown
    await runner.cleanup()


async def test_a_token_on_the_website_proves_a_claim(
    new_tenant: Any, user: uuid.UUID, website: tuple[str, dict[str, str]]
) -> None:
    address, shown = website
    business = await new_tenant.add_one(website=address)
    found = await claim(new_tenant, user, business, "WEBSITE")
    seen = await new_tenant.data("query ($id: ID!) { businessClaim(id: $id) { websiteToken } }", {"id": found["id"]})
    assert seen == {"businessClaim": {"websiteToken": None}}
    proof = {"id": found["id"]}
    assert await codes(new_tenant, "verifyBusinessClaim", proof, user=user, **OWNER) == ["CLAIM_NOT_PROVEN"]
    for wrong in (found["websiteToken"][:-1], f"x{found['websiteToken']}", f"{found['websiteToken']}\n" + "x" * 5000):
        shown["text"] = wrong
        assert await codes(new_tenant, "verifyBusinessClaim", proof, user=user, **OWNER) == ["CLAIM_NOT_PROVEN"]
    shown["text"] = f"another-token\n {found['websiteToken']}\n"
    assert await codes(new_tenant, "verifyBusinessClaim", proof, user=user, **OWNER) == []
    assert await owner_of(new_tenant, business) == (str(user), True)


async def test_documents_are_decided_by_a_moderator_who_is_somebody_else(new_tenant: Any, user: uuid.UUID) -> None:
    business = await new_tenant.add_one()
    wanted = {"businessId": str(business), "method": "DOCUMENT"}
    assert await codes(new_tenant, "claimBusiness", wanted, user=user, **OWNER) == ["BAD_USER_INPUT"]
    for method in ("PHONE", "EMAIL", "WEBSITE"):
        refused = await codes(new_tenant, "claimBusiness", {**wanted, "method": method}, user=user, **OWNER)
        assert refused == ["CLAIM_IMPOSSIBLE"]
    assert await codes(new_tenant, "claimBusiness", {**wanted, "method": "TRANSFER"}, user=user) == ["BAD_USER_INPUT"]
    found = await claim(new_tenant, user, business, "DOCUMENT", statement="Register 4711.")
    assert await codes(new_tenant, "verifyBusinessClaim", {"id": found["id"]}, user=user, **OWNER) == ["CLAIM_CLOSED"]
    approve = {"id": found["id"], "decision": "APPROVE"}
    assert await codes(new_tenant, "decideBusinessClaim", approve) == ["NOT_A_MODERATOR"]
    assert await codes(new_tenant, "decideBusinessClaim", approve, user=user, **MODERATOR) == ["BAD_USER_INPUT"]
    assert await codes(new_tenant, "decideBusinessClaim", {**approve, "decision": "REJECT"}, **MODERATOR) == [
        "BAD_USER_INPUT"
    ]
    assert await codes(new_tenant, "decideBusinessClaim", approve, **MODERATOR) == []
    assert await codes(new_tenant, "decideBusinessClaim", approve, **MODERATOR) == ["CLAIM_CLOSED"]
    queue = "{ businessClaims(state: VERIFIED) { totalCount edges { node { id business { verifiedAt } } } } }"
    data = await new_tenant.data(queue)
    assert [edge["node"]["id"] for edge in data["businessClaims"]["edges"]] == [found["id"]]
    refused = await new_tenant.call(queue, **OWNER)
    assert refused["errors"][0]["extensions"]["missingScope"] == "directory:write"


async def test_ownership_is_transferred_revoked_and_ended_by_hand(new_tenant: Any, user: uuid.UUID) -> None:
    business, heir = await new_tenant.add_one(phone="+351 21 000 111"), uuid.uuid4()
    found = await claim(new_tenant, user, business, "PHONE")
    (message,) = await sent(new_tenant)
    proof = {"id": found["id"], "code": message["code"]}
    assert await codes(new_tenant, "verifyBusinessClaim", proof, user=user, **OWNER) == []
    gift = {"businessId": str(business), "toUserId": str(heir)}
    assert await codes(new_tenant, "transferBusiness", gift, user=heir, **OWNER) == ["NOT_YOUR_LISTING"]
    assert await codes(new_tenant, "transferBusiness", gift, user=user, **OWNER) == []
    assert await owner_of(new_tenant, business) == (str(heir), True)
    assert await codes(new_tenant, "transferBusiness", gift, user=user, **OWNER) == ["NOT_YOUR_LISTING"]
    assert await codes(new_tenant, "transferBusiness", gift, user=heir, **OWNER) == ["ALREADY_OWNED"]
    revoke = {"businessId": str(business), "reason": "A lie."}
    assert await codes(new_tenant, "revokeBusinessOwnership", revoke) == ["NOT_A_MODERATOR"]
    assert await codes(new_tenant, "revokeBusinessOwnership", revoke, **MODERATOR) == []
    assert await owner_of(new_tenant, business) == (None, False)
    assert await codes(new_tenant, "revokeBusinessOwnership", revoke, **MODERATOR) == ["CLAIM_CLOSED"]
    states = await new_tenant.data("{ businessClaims { edges { node { state method reason } } } }")
    assert [edge["node"] for edge in states["businessClaims"]["edges"]] == [
        {"state": "REVOKED", "method": "TRANSFER", "reason": "A lie."},
        {"state": "TRANSFERRED", "method": "PHONE", "reason": ""},
    ]
    ended = await told(new_tenant, "directory.ownership_ended")
    assert [(event["owner_id"], event["how"]) for event in ended] == [
        (str(user), "transferred"),
        (str(heir), "revoked"),
    ]
    # Another owner by hand has proved nothing.
    await codes(new_tenant, "claimBusiness", {"businessId": str(business), "method": "PHONE"}, user=heir, **OWNER)
    proof = {"id": (await claims_of(new_tenant, heir))[0], "code": (await sent(new_tenant))[-1]["code"]}
    assert await codes(new_tenant, "verifyBusinessClaim", proof, user=heir, **OWNER) == []
    change = {"id": str(business), "ownerId": str(user)}
    assert await codes(new_tenant, "updateBusiness", change) == []
    assert await owner_of(new_tenant, business) == (str(user), False)


async def claims_of(tenant: Any, user: uuid.UUID) -> list[str]:
    data = await tenant.data("{ myBusinessClaims { edges { node { id } } } }", user=user, **OWNER)
    return [edge["node"]["id"] for edge in data["myBusinessClaims"]["edges"]]


async def test_claims_are_bounded(new_tenant: Any, user: uuid.UUID) -> None:
    business = await new_tenant.add_one()
    wanted = {"businessId": str(business), "method": "DOCUMENT", "statement": "Mine."}
    withdraw = "mutation ($id: ID!) { withdrawBusinessClaim(id: $id) { claim { state } errors { code } } }"
    for _ in range(3):
        found = await claim(new_tenant, user, business, "DOCUMENT", statement="Mine.")
        payload = (await new_tenant.data(withdraw, {"id": found["id"]}, user=user))["withdrawBusinessClaim"]
        assert payload == {"claim": {"state": "WITHDRAWN"}, "errors": []}
    assert await codes(new_tenant, "claimBusiness", wanted, user=user) == ["TOO_MANY_CLAIMS"]
    others = [await new_tenant.add_one() for _ in range(6)]
    answers = [
        await codes(new_tenant, "claimBusiness", {**wanted, "businessId": str(each)}, user=user) for each in others
    ]
    assert answers == [[]] * 5 + [["TOO_MANY_CLAIMS"]]


async def test_claims_of_others_are_not_there(directory: Any, new_tenant: Any, user: uuid.UUID) -> None:
    business = demo_id("acme", "business", "b004")
    theirs = str(demo_id("acme", "claim", str(business)))
    look = "query ($id: ID!) { businessClaim(id: $id) { state } }"
    assert (await directory.data(look, {"id": theirs}))["businessClaim"] == {"state": "PENDING"}
    assert (await directory.data(look, {"id": theirs}, user=user, **OWNER))["businessClaim"] is None
    assert (await new_tenant.data(look, {"id": theirs}))["businessClaim"] is None
    for field, values in (
        ("claimBusiness", {"businessId": str(business), "method": "DOCUMENT", "statement": "Mine."}),
        ("verifyBusinessClaim", {"id": theirs}),
        ("decideBusinessClaim", {"id": theirs, "decision": "APPROVE"}),
        ("transferBusiness", {"businessId": str(business), "toUserId": str(user)}),
        ("revokeBusinessOwnership", {"businessId": str(business), "reason": "Mine."}),
    ):
        assert await codes(new_tenant, field, values, user=demo_id("acme", "user", "cleo"), **MODERATOR) == [
            "NOT_FOUND"
        ]


async def test_a_hundred_claims_take_as_many_statements_as_one(new_tenant: Any) -> None:
    counts = set()
    query = """{ businessClaims(first: 100) { totalCount
      edges { node { id business { name } claimant { id } history { action } } } } }"""
    for size in (1, 20):
        for _ in range(size):
            await claim(new_tenant, uuid.uuid4(), await new_tenant.add_one(), "DOCUMENT", statement="Mine.")
        with new_tenant.directory.count_statements() as statements:
            await new_tenant.data(query)
        counts.add(len(statements))
    assert counts == {4}
