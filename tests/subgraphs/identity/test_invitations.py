"""What becomes of an invitation besides being accepted or withdrawn (`test_members`)."""

import uuid
from typing import Any

import asyncpg

from resolvers.message_worker import message_worker_id

from .people import ANYONE, OWNER, PASSWORD, accept, codes, invite

RENEW = """
mutation ($id: ID!) {
  renewInvitation(id: $id) { invitation { id isExpired expiresAt } invitationToken errors { code } }
}
"""
PREVIEW = "query ($token: String!) { invitationPreview(token: $token) { tenantName email role } }"
LIST = "{ invitations { edges { node { id isExpired invitedBy { id } } } } }"


async def test_an_invitation_is_renewed(identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection) -> None:
    email = f"{uuid.uuid4().hex}@people.example"
    first = await invite(identity, tenant, email)
    owner = {"tenant": tenant, "user": OWNER}
    late = "update identity.invitations set expires_at = now() - interval '1 day' where tenant_id = $1"
    await admin.execute(late, tenant)
    (edge,) = (await identity.data(LIST, **owner))["invitations"]["edges"]
    assert edge["node"] == {"id": first["invitation"]["id"], "isExpired": True, "invitedBy": {"id": str(OWNER)}}
    renewed = (await identity.data(RENEW, {"id": first["invitation"]["id"]}, **owner))["renewInvitation"]
    assert (renewed["errors"], renewed["invitation"]["isExpired"]) == ([], False)
    assert renewed["invitation"]["id"] == first["invitation"]["id"]
    assert codes(await accept(identity, first["invitationToken"], PASSWORD)) == ["INVALID_INVITATION"]
    accepted = await accept(identity, renewed["invitationToken"], PASSWORD)
    assert (accepted["errors"], accepted["user"]["email"]) == ([], email)
    gone = (await identity.data(RENEW, {"id": first["invitation"]["id"]}, **owner))["renewInvitation"]
    assert codes(gone) == ["NOT_FOUND"]


async def test_a_token_is_made_when_the_invitation_is_sent(
    identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection
) -> None:
    email = f"{uuid.uuid4().hex}@people.example"
    invited = await invite(identity, tenant, email)
    given = {"input": {"id": invited["invitation"]["id"]}}
    make = """mutation ($input: MakeInvitationTokenInput!) {
      makeInvitationToken(input: $input) { code address errors { code } } }"""

    def worker(of: uuid.UUID) -> dict[str, Any]:
        claims = {"run": str(message_worker_id(of))}
        return {"tenant": tenant, "user": None, "scopes": ["agents:run"], "claims": claims}

    async def made() -> Any:
        return (await identity.data(make, given, **worker(tenant)))["makeInvitationToken"]

    for caller in (worker(uuid.uuid4()), {"tenant": tenant, "user": OWNER}):
        body = await identity.call(make, given, **caller)
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    first, second = await made(), await made()
    assert (first["address"], second["address"]) == (email, email)
    told = await admin.fetch("select data::text from identity.outbox where tenant_id = $1", tenant)
    rows = await admin.fetch("select i::text from identity.invitations i where tenant_id = $1", tenant)
    for kept in (told, rows):
        assert len(kept) == 1
        assert not any(token in str(kept[0]) for token in (first["code"], second["code"], invited["invitationToken"]))
    assert (
        await admin.fetchval("select name from identity.outbox where tenant_id = $1", tenant)
        == "identity.invitation_made"
    )
    assert email not in str(told[0])
    preview = {token: (await identity.data(PREVIEW, {"token": token}, **ANYONE))["invitationPreview"]
               for token in (first["code"], second["code"], invited["invitationToken"])}  # fmt: skip
    assert [shown is None for shown in preview.values()] == [True, False, False]
    accepted = await accept(identity, second["code"], PASSWORD)
    assert (accepted["errors"], accepted["user"]["email"]) == ([], email)
    assert await made() == {"code": None, "address": None, "errors": []}
    query = "query ($ids: [ID!]!) { memberAddresses(userIds: $ids) { userId email } }"
    member = {"ids": [accepted["user"]["id"], str(uuid.uuid4())]}
    found = (await identity.data(query, member, **worker(tenant)))["memberAddresses"]
    assert found == [{"userId": accepted["user"]["id"], "email": email}]
    refused = await identity.call(query, member, tenant=tenant, user=OWNER)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_nobody_renews_what_they_could_not_give(identity: Any, tenant: uuid.UUID) -> None:
    invited = await invite(identity, tenant, f"{uuid.uuid4().hex}@people.example", "OWNER")
    values = {"id": invited["invitation"]["id"]}
    body = await identity.call(RENEW, values, tenant=tenant, user=OWNER, scopes=["identity:read", "identity:write"])
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert codes((await identity.data(RENEW, values))["renewInvitation"]) == ["NOT_FOUND"], "another tenant's"


async def test_only_a_hash_of_the_token_is_stored(identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection) -> None:
    token = (await invite(identity, tenant, f"{uuid.uuid4().hex}@people.example"))["invitationToken"]
    row = await admin.fetchrow("select * from identity.invitations where tenant_id = $1", tenant)
    assert row is not None
    assert token not in str(dict(row))
    assert len(row["token_hash"]) == 32


async def test_the_invited_person_sees_who_invites(identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection) -> None:
    invited = await invite(identity, tenant, f"{uuid.uuid4().hex}@people.example")
    token = {"token": invited["invitationToken"]}
    name = await admin.fetchval("select name from identity.tenants where id = $1", tenant)
    shown = {"tenantName": name, "email": invited["invitation"]["email"], "role": "AGENT"}
    assert (await identity.data(PREVIEW, token, **ANYONE))["invitationPreview"] == shown
    assert (await identity.data(PREVIEW, token, tenant="acme"))["invitationPreview"] is None, "elsewhere"
    assert (await identity.data(PREVIEW, {"token": "in_wrong"}, **ANYONE))["invitationPreview"] is None
    await accept(identity, invited["invitationToken"], PASSWORD)
    assert (await identity.data(PREVIEW, token, **ANYONE))["invitationPreview"] is None


async def test_two_previews_in_one_request_do_not_mix(
    identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection
) -> None:
    """A request acts for one tenant: what is of another is refused, not shown under the first one's name."""
    mine = (await invite(identity, tenant, f"{uuid.uuid4().hex}@people.example"))["invitationToken"]
    theirs = (await invite(identity, tenant, f"{uuid.uuid4().hex}@x.example", tenant="globex"))["invitationToken"]
    query = "query ($a: String!, $b: String!) { a: invitationPreview(token: $a) { tenantName } "
    query += "b: invitationPreview(token: $b) { tenantName } }"
    body = await identity.call(query, {"a": mine, "b": theirs}, **ANYONE)
    assert len([found for found in body["data"].values() if found is not None]) <= 1
    assert [error["extensions"]["code"] for error in body["errors"]] == ["FORBIDDEN"]
    await admin.execute("delete from identity.invitations where email like '%@x.example'")
