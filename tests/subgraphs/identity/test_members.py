import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import jwt
import pytest

from resolvers.demo import demo_id, demo_tenant_id
from subgraphs.identity.domain import ROLE_SCOPES, Role
from subgraphs.identity.repository import credentials as credential_rows
from subgraphs.identity.repository import invitations as invitation_rows
from subgraphs.identity.tokens import hash_secret

from .people import ACCEPT, ANYONE, INVITE, OWNER, accept, codes, invite, join

CHANGE = (
    "mutation ($id: ID!, $role: Role!) { changeRole(userId: $id, role: $role) { membership { role } errors { code } } }"
)
REMOVE = "mutation ($id: ID!) { removeMember(userId: $id) { removedUserId errors { code } } }"
REFRESH = (
    "mutation ($t: String!) { refreshTokens(refreshToken: $t) { tokens { accessToken refreshToken } errors { code } } }"
)

WITHDRAW = "mutation ($id: ID!) { withdrawInvitation(id: $id) { withdrawnInvitationId errors { code } } }"
INVITATIONS = "{ invitations { edges { node { id email } } } }"

LogIn = Callable[..., Awaitable[dict[str, Any]]]
MANAGER = sorted(ROLE_SCOPES[Role.MANAGER])


def claims_of(payload: dict[str, Any]) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(payload["tokens"]["accessToken"], options={"verify_signature": False})
    return claims


async def test_an_invited_person_accepts_and_logs_in(identity: Any, tenant: uuid.UUID, log_in: LogIn) -> None:
    email = f"{uuid.uuid4().hex}@people.example"
    payload = await invite(identity, tenant, email.upper())
    assert payload["errors"] == []
    invitation = payload["invitation"]
    assert (invitation["email"], invitation["name"], invitation["role"]) == (email, "Someone New", "AGENT")
    assert codes(await log_in(email, "a long password")) == ["INVALID_CREDENTIALS"]
    assert codes(await accept(identity, payload["invitationToken"], "short")) == ["BAD_USER_INPUT"]
    assert codes(await accept(identity, payload["invitationToken"], "a long password", tenant="acme")) == [
        "INVALID_INVITATION"
    ]
    accepted = await accept(identity, payload["invitationToken"], "a long password")
    assert accepted["errors"] == []
    assert (accepted["user"]["email"], accepted["user"]["name"]) == (email, "Someone New")
    claims = claims_of(accepted)
    assert claims["tenant"] == str(tenant)
    assert claims["roles"] == ["agent"]
    assert (await log_in(email, "a long password"))["errors"] == []


async def test_an_invitation_is_good_once(identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection) -> None:
    token = (await invite(identity, tenant, f"{uuid.uuid4().hex}@people.example"))["invitationToken"]
    answers = await asyncio.gather(*(accept(identity, token, f"a long password {i}") for i in range(3)))
    assert sorted(codes(answer) for answer in answers) == [[], ["INVALID_INVITATION"], ["INVALID_INVITATION"]]
    assert codes(await accept(identity, token, "another password")) == ["INVALID_INVITATION"]
    assert await admin.fetchval("select count(*) from identity.memberships where tenant_id = $1", tenant) == 2


async def test_an_invitation_expires_and_gives_way_to_another(
    identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection
) -> None:
    email = f"{uuid.uuid4().hex}@people.example"
    late = (await invite(identity, tenant, email))["invitationToken"]
    await admin.execute(
        "update identity.invitations set expires_at = now() - interval '1 second' where tenant_id = $1", tenant
    )
    assert codes(await accept(identity, late, "a long password")) == ["INVALID_INVITATION"]
    again = await invite(identity, tenant, email)
    assert again["errors"] == []
    assert codes(await accept(identity, late, "a long password")) == ["INVALID_INVITATION"]
    assert (await accept(identity, again["invitationToken"], "a long password"))["errors"] == []


@pytest.mark.parametrize("condition", ["accepted_at = now()", "expires_at = now() - interval '1 second'"])
async def test_no_account_is_made_for_an_invitation_that_is_not_open(
    identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection, condition: str
) -> None:
    """The database's own function checks it too, whatever the application does."""
    token = (await invite(identity, tenant, f"{uuid.uuid4().hex}@people.example"))["invitationToken"]
    await admin.execute(f"update identity.invitations set {condition} where tenant_id = $1", tenant)
    async with identity.database.session(identity.context(None)) as session:
        assert await credential_rows.create_account(session, hash_secret(token), "x") is None
        await session.assume_tenant(tenant)
        assert await invitation_rows.lock_invitation(session, hash_secret(token)) is None


async def test_an_invitation_shows_nobody_and_gives_no_access(identity: Any, tenant: uuid.UUID) -> None:
    """globex's ben has an account; the inviting tenant learns nothing of it, not even that it is there."""
    known = (await invite(identity, tenant, "ben@globex.example"))["invitation"]
    unknown = (await invite(identity, tenant, f"{uuid.uuid4().hex}@people.example"))["invitation"]
    assert known["name"] == unknown["name"] == "Someone New"
    ben = str(demo_id("globex", "user", "ben"))
    caller = {"tenant": tenant, "user": OWNER}
    query = 'query ($id: ID!) { account(id: $id) { id } accounts(search: "ben@globex") { edges { node { id } } } }'
    assert await identity.data(query, {"id": ben}, **caller) == {"account": None, "accounts": {"edges": []}}
    assert await identity.entities([{"__typename": "Account", "id": ben}], "... on Account { name }", **caller) == [
        None
    ]


async def test_a_known_password_links_the_account(identity: Any, tenant: uuid.UUID, log_in: LogIn) -> None:
    token = (await invite(identity, tenant, "cleo@acme.example"))["invitationToken"]
    accepted = await accept(identity, token, "demo-acme-cleo")
    cleo = str(demo_id("acme", "user", "cleo"))
    # The name that the inviting tenant made up is not taken over.
    assert accepted["user"] == {"id": cleo, "email": "cleo@acme.example", "name": "Cleo Marsh"}
    assert codes(await log_in("cleo@acme.example")) == ["TENANT_REQUIRED"]
    assert (await log_in("cleo@acme.example", tenant="acme"))["errors"] == []


async def test_no_tenant_can_set_anothers_password_or_keep_its_invitee_out(
    identity: Any, tenant: uuid.UUID, log_in: LogIn
) -> None:
    victim = f"{uuid.uuid4().hex}@people.example"
    theirs = await identity.data(
        INVITE, {"input": {"email": victim, "name": "Vic", "role": "AGENT"}}, tenant="globex", user=OWNER
    )
    mine = await invite(identity, tenant, victim)
    taken = await accept(identity, mine["invitationToken"], "the attacker's own")
    assert claims_of(taken)["tenant"] == str(tenant)
    assert codes(await log_in(victim, "the attacker's own", "globex")) == ["INVALID_CREDENTIALS"]
    accepted = await accept(identity, theirs["inviteMember"]["invitationToken"], "the victim's own")
    assert accepted["errors"] == []
    assert accepted["user"]["id"] != taken["user"]["id"]
    assert accepted["user"]["name"] == "Vic"
    payload = await log_in(victim, "the victim's own")
    assert claims_of(payload)["tenant_slug"] == "globex"
    assert claims_of(await log_in(victim, "the attacker's own"))["tenant"] == str(tenant)


async def test_squatting_an_address_does_not_lock_its_owner_out(
    identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection, log_in: LogIn
) -> None:
    """More accounts with the address than are looked at, all older: who names the tenant gets in."""
    email = f"{uuid.uuid4().hex}@people.example"
    token = (await invite(identity, tenant, email))["invitationToken"]
    assert (await accept(identity, token, "a long password"))["errors"] == []
    slug = await admin.fetchval("select slug from identity.tenants where id = $1", tenant)
    ids = [uuid.uuid4() for _ in range(6)]
    await admin.executemany(
        "insert into identity.users (id, email, name, created_at) values ($1, $2, 'S', now() - interval '1 day')",
        [(user_id, email) for user_id in ids],
    )
    await admin.executemany(
        "insert into identity.credentials (user_id, password_hash) values ($1, 'x')", [(user_id,) for user_id in ids]
    )
    # Accounts that belong nowhere come last.
    assert (await log_in(email, "a long password"))["errors"] == []
    await admin.executemany(
        "insert into identity.memberships (tenant_id, user_id, role) values ($1, $2, 'viewer')",
        [(demo_tenant_id("globex"), user_id) for user_id in ids],
    )
    try:
        assert codes(await log_in(email, "a long password")) == ["INVALID_CREDENTIALS"]
        assert (await log_in(email, "a long password", slug))["errors"] == []
    finally:
        await admin.execute("delete from identity.memberships where user_id = any($1)", ids)
        await admin.execute("delete from identity.users where id = any($1)", ids)


async def test_invitations_are_no_way_to_guess_a_password(identity: Any, tenant: uuid.UUID) -> None:
    """Each guess costs an invitation, makes a new account, and counts as a log-in that failed."""
    for number in range(11):
        token = (await invite(identity, tenant, "dan@acme.example"))["invitationToken"]
        body = await identity.call(ACCEPT, {"input": {"token": token, "password": f"wrong guess {number}"}}, **ANYONE)
        if number == 10:
            assert body["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
        else:
            user_id = body["data"]["acceptInvitation"]["user"]["id"]
            assert user_id != str(demo_id("acme", "user", "dan"))
            removed = await identity.data(REMOVE, {"id": user_id}, tenant=tenant, user=OWNER)
            assert codes(removed["removeMember"]) == []


async def test_nobody_is_invited_twice(identity: Any, tenant: uuid.UUID) -> None:
    email = f"{uuid.uuid4().hex}@people.example"
    answers = await asyncio.gather(*(invite(identity, tenant, email) for _ in range(3)))
    assert sorted(codes(answer) for answer in answers) == [[], ["ALREADY_MEMBER"], ["ALREADY_MEMBER"]]
    assert codes(await invite(identity, tenant, "ada@globex.example")) == ["ALREADY_MEMBER"]


async def test_an_invitation_can_be_withdrawn(identity: Any, tenant: uuid.UUID) -> None:
    payload = await invite(identity, tenant, f"{uuid.uuid4().hex}@people.example", "OWNER")
    key = payload["invitation"]["id"]
    caller = {"tenant": tenant, "user": OWNER}
    assert [edge["node"]["id"] for edge in (await identity.data(INVITATIONS, **caller))["invitations"]["edges"]] == [
        key
    ]
    assert codes((await identity.data(WITHDRAW, {"id": key}))["withdrawInvitation"]) == ["NOT_FOUND"], "acme's ada"
    body = await identity.call(WITHDRAW, {"id": key}, **caller, scopes=MANAGER)
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "agents:admin"}
    done = (await identity.data(WITHDRAW, {"id": key}, **caller))["withdrawInvitation"]
    assert done == {"withdrawnInvitationId": key, "errors": []}
    assert (await identity.data(INVITATIONS, **caller))["invitations"]["edges"] == []
    assert codes(await accept(identity, payload["invitationToken"], "a long password")) == ["INVALID_INVITATION"]
    assert codes((await identity.data(WITHDRAW, {"id": key}, **caller))["withdrawInvitation"]) == ["NOT_FOUND"]


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b", "a b@c.example", "a@b.example\n", "a@" + "b" * 300 + ".example"]
)
async def test_wrong_input_names_its_place(identity: Any, tenant: uuid.UUID, email: str) -> None:
    payload = await invite(identity, tenant, email)
    if email == "a@b.example\n":  # trimmed
        assert payload["errors"] == []
        return
    (error,) = payload["errors"]
    assert error["code"] == "BAD_USER_INPUT"
    assert error["path"] == ["input", "email"]


async def test_nobody_gives_away_more_than_they_hold(identity: Any, tenant: uuid.UUID) -> None:
    values = {"input": {"email": "x@people.example", "name": "X", "role": "OWNER"}}
    body = await identity.call(INVITE, values, tenant=tenant, user=OWNER, scopes=MANAGER)
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "agents:admin"}
    assert (await identity.data(INVITATIONS, tenant=tenant))["invitations"]["edges"] == []


@pytest.mark.parametrize("scopes", [["identity:read"], ["crm:write"]])
async def test_the_missing_scope_is_named(identity: Any, scopes: list[str]) -> None:
    body = await identity.call(REMOVE, {"id": str(uuid.uuid4())}, scopes=scopes)
    assert body["data"] is None
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "identity:write"}
    body = await identity.call(REMOVE, {"id": str(uuid.uuid4())}, scopes=[], user=None)
    assert body["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_the_last_owner_stays(identity: Any, tenant: uuid.UUID) -> None:
    ada, caller = str(OWNER), {"tenant": tenant, "user": OWNER}
    assert codes((await identity.data(REMOVE, {"id": ada}, **caller))["removeMember"]) == ["LAST_OWNER"]
    changed = (await identity.data(CHANGE, {"id": ada, "role": "MANAGER"}, **caller))["changeRole"]
    assert codes(changed) == ["LAST_OWNER"]
    # An owner who has not accepted yet does not count.
    await invite(identity, tenant, f"{uuid.uuid4().hex}@people.example", "OWNER")
    assert codes((await identity.data(REMOVE, {"id": ada}, **caller))["removeMember"]) == ["LAST_OWNER"]


async def test_two_owners_cannot_leave_at_once(identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection) -> None:
    ada, ben = OWNER, demo_id("globex", "user", "ben")
    insert = (
        "insert into identity.memberships (tenant_id, user_id, role) values "
        "($1, $2, 'owner'), ($1, $3, 'owner') on conflict do nothing"
    )
    for _ in range(5):
        await admin.execute(insert, tenant, ada, ben)
        answers = await asyncio.gather(
            *(identity.data(REMOVE, {"id": str(user)}, tenant=tenant, user=user) for user in (ada, ben))
        )
        assert sorted(codes(answer["removeMember"]) for answer in answers) == [[], ["LAST_OWNER"]]
        # Each removes the other: who is gone by then may not.
        await admin.execute(insert, tenant, ada, ben)
        bodies = await asyncio.gather(
            identity.call(REMOVE, {"id": str(ada)}, tenant=tenant, user=ben),
            identity.call(REMOVE, {"id": str(ben)}, tenant=tenant, user=ada),
        )
        (refused,) = [body for body in bodies if "errors" in body]
        assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"


async def test_a_removed_member_is_out_at_once(identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection) -> None:
    user_id, tokens = await join(identity, tenant)
    removed = (await identity.data(REMOVE, {"id": user_id}, tenant=tenant, user=OWNER))["removeMember"]
    assert removed == {"removedUserId": user_id, "errors": []}
    refreshed = (await identity.data(REFRESH, {"t": tokens["refreshToken"]}, **ANYONE))["refreshTokens"]
    assert codes(refreshed) == ["INVALID_REFRESH_TOKEN"]
    reason = "select revoke_reason from identity.login_sessions where user_id = $1"
    assert await admin.fetchval(reason, uuid.UUID(user_id)) == "removed"
    await check_mark(identity, tenant, user_id, tokens)
    again = (await identity.data(REMOVE, {"id": user_id}, tenant=tenant, user=OWNER))["removeMember"]
    assert codes(again) == ["NOT_FOUND"]


async def check_mark(identity: Any, tenant: uuid.UUID, user_id: str, tokens: dict[str, Any]) -> None:
    """The Brain refuses tokens issued at or before the mark, which lives as long as they do."""
    key = f"identity:revoked:{tenant}:{user_id}"
    assert int(await identity.app.redis.get(key)) >= claims_of({"tokens": tokens})["iat"]
    assert 900 < await identity.app.redis.ttl(key) <= 960


async def test_a_new_role_bites_at_once(identity: Any, tenant: uuid.UUID) -> None:
    user_id, tokens = await join(identity, tenant)
    for role in ("VIEWER", "AGENT"):
        changed = (await identity.data(CHANGE, {"id": user_id, "role": role}, tenant=tenant, user=OWNER))["changeRole"]
        assert changed == {"membership": {"role": role}, "errors": []}
        await check_mark(identity, tenant, user_id, tokens)
        payload = (await identity.data(REFRESH, {"t": tokens["refreshToken"]}, **ANYONE))["refreshTokens"]
        claims, tokens = claims_of(payload), payload["tokens"]
        assert claims["roles"] == [role.lower()]
        assert ("crm:write" in claims["scopes"]) is (role == "AGENT")
        # Even within the same second, what is issued after the change is good.
        mark = int(await identity.app.redis.get(f"identity:revoked:{tenant}:{user_id}"))
        assert mark < claims["iat"] <= time.time() + 4


@pytest.mark.parametrize("role", [None, "MANAGER", "VIEWER"])
async def test_an_old_token_does_not_outlive_the_role(
    identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection, role: str | None
) -> None:
    """Scopes of an owner in the credential, another role or none in the tenant."""
    user_id, _ = await join(identity, tenant, "OWNER")
    if role is None:
        await identity.data(REMOVE, {"id": user_id}, tenant=tenant, user=OWNER)
    else:
        await identity.data(CHANGE, {"id": user_id, "role": role}, tenant=tenant, user=OWNER)
    invitation = (await invite(identity, tenant, f"{uuid.uuid4().hex}@people.example"))["invitation"]["id"]
    new = {"input": {"email": f"{uuid.uuid4().hex}@people.example", "name": "N", "role": "OWNER"}}
    key = {"input": {"name": "K", "scopes": ["crm:read"]}}
    for query, values in (
        (INVITE, new),
        (CHANGE, {"id": str(OWNER), "role": "VIEWER"}),
        (REMOVE, {"id": str(OWNER)}),
        ("mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key } }", key),
        ("mutation ($id: ID!) { revokeApiKey(id: $id) { errors { code } } }", {"id": str(uuid.uuid4())}),
        *(() if role == "MANAGER" else ((WITHDRAW, {"id": invitation}),)),
    ):
        body = await identity.call(query, values, tenant=tenant, user=uuid.UUID(user_id))
        assert body["data"] is None, query
        assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN", query
    kept = "select role from identity.memberships where user_id = $1 and tenant_id = $2"
    assert await admin.fetchval(kept, OWNER, tenant) == "owner"


@pytest.mark.parametrize("field", ["memberships", "invitations", "accounts"])
async def test_reading_people_needs_the_scope(identity: Any, field: str) -> None:
    body = await identity.call(f"{{ {field} {{ edges {{ node {{ id }} }} }} }}", scopes=["crm:read"])
    assert body["data"] is None
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "identity:read"}


async def test_a_read_after_a_write_of_one_operation_is_fresh(identity: Any, tenant: uuid.UUID) -> None:
    user_id, _ = await join(identity, tenant)
    query = """
    mutation ($id: ID!) {
      one: changeRole(userId: $id, role: VIEWER) { membership { user { membership { role } } } }
      two: changeRole(userId: $id, role: MANAGER) { membership { user { membership { role } } } }
    }
    """
    data = await identity.data(query, {"id": user_id}, tenant=tenant, user=OWNER)
    roles = [data[field]["membership"]["user"]["membership"]["role"] for field in ("one", "two")]
    assert roles == ["VIEWER", "MANAGER"]


async def test_members_of_other_tenants_are_out_of_reach(identity: Any) -> None:
    stranger = str(demo_id("globex", "user", "dan"))
    assert codes((await identity.data(REMOVE, {"id": stranger}))["removeMember"]) == ["NOT_FOUND"]
    assert codes((await identity.data(CHANGE, {"id": stranger, "role": "AGENT"}))["changeRole"]) == ["NOT_FOUND"]
    assert (await identity.data("query ($id: ID!) { account(id: $id) { id } }", {"id": stranger}))["account"] is None
    assert codes((await identity.data(REMOVE, {"id": "nonsense"}))["removeMember"]) == ["BAD_USER_INPUT"]


async def test_each_mutation_field_is_undone_by_itself(identity: Any, tenant: uuid.UUID) -> None:
    query = """
    mutation ($a: InviteMemberInput!, $b: InviteMemberInput!, $c: InviteMemberInput!) {
      one: inviteMember(input: $a) { errors { code } }
      two: inviteMember(input: $b) { errors { code } }
      three: inviteMember(input: $c) { errors { code } }
    }
    """
    mark = uuid.uuid4().hex
    values = {
        name: {"email": email, "name": "N", "role": "AGENT"}
        for name, email in (("a", f"1.{mark}@p.example"), ("b", "wrong"), ("c", f"3.{mark}@p.example"))
    }
    data = await identity.data(query, values, tenant=tenant, user=OWNER)
    assert [codes(data[field]) for field in ("one", "two", "three")] == [[], ["BAD_USER_INPUT"], []]
    found = await identity.data(INVITATIONS, tenant=tenant)
    assert {edge["node"]["email"][0] for edge in found["invitations"]["edges"]} == {"1", "3"}


async def test_me_and_tenant(identity: Any) -> None:
    query = "{ viewer { name membership { role scopes tenant { slug } } } tenant { slug plan locale channel domains } }"
    data = await identity.data(query, user="ben")
    assert data["viewer"] == {
        "name": "Ben Okafor",
        "membership": {"role": "MANAGER", "scopes": sorted(MANAGER), "tenant": {"slug": "acme"}},
    }
    assert data["tenant"] == {
        "slug": "acme",
        "plan": "growth",
        "locale": "en-GB",
        "channel": "default-channel",
        "domains": ["acme.example", "acme.localhost"],
    }
    assert await identity.data("{ viewer { id } tenant { id } }", **ANYONE) == {"viewer": None, "tenant": None}


async def test_connections_walk_through_all(identity: Any, admin: asyncpg.Connection) -> None:
    query = """
    query ($first: Int, $after: String, $last: Int, $before: String) {
      accounts(first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { name membership { role user { id } } } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
    """
    names = ["Ada Lindqvist", "Ben Okafor", "Cleo Marsh", "Dan Petrov"]
    first = (await identity.data(query, {"first": 3}))["accounts"]
    assert [edge["node"]["name"] for edge in first["edges"]] == names[:3]
    assert first["pageInfo"]["hasNextPage"]
    second = (await identity.data(query, {"first": 3, "after": first["pageInfo"]["endCursor"]}))["accounts"]
    assert [edge["node"]["name"] for edge in second["edges"]] == names[3:]
    assert second["pageInfo"]["hasNextPage"] is False
    assert second["pageInfo"]["hasPreviousPage"] is True
    back = (await identity.data(query, {"last": 2, "before": second["pageInfo"]["startCursor"]}))["accounts"]
    assert [edge["node"]["name"] for edge in back["edges"]] == names[1:3]
    for cursor in ("nonsense", "", "WzEsIm5hbWUiLG51bGwsbnVsbF0", "é"):
        body = await identity.call(query, {"after": cursor})
        assert body["errors"][0]["extensions"]["code"] == "BAD_CURSOR", cursor
    for wrong in ({"first": -1}, {"first": 101}, {"first": 1, "last": 1}):
        body = await identity.call(query, wrong)
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    owners = "{ memberships(role: OWNER) { edges { node { user { name } } } } }"
    data = await identity.data(owners)
    assert [edge["node"]["user"]["name"] for edge in data["memberships"]["edges"]] == ["Ada Lindqvist"]


async def test_a_hundred_entities_take_a_constant_number_of_statements(
    identity: Any, admin: asyncpg.Connection
) -> None:
    tenant_id = demo_tenant_id("globex")
    ids = [uuid.uuid4() for _ in range(100)]
    await admin.executemany(
        "insert into identity.users (id, email, name) values ($1, $2, 'N')",
        [(user_id, f"{user_id.hex}@many.example") for user_id in ids],
    )
    await admin.executemany(
        "insert into identity.memberships (tenant_id, user_id, role) values ($1, $2, 'viewer')",
        [(tenant_id, user_id) for user_id in ids],
    )
    selection = "... on Account { id email membership { role tenant { slug domains } } } ... on Tenant { name domains }"
    counts = {}
    try:
        for size in (1, 100):
            representations = [{"__typename": "Account", "id": str(user_id)} for user_id in ids[:size]]
            representations.append({"__typename": "Tenant", "id": str(tenant_id)})
            with identity.count_statements() as statements:
                found = await identity.entities(representations, selection, tenant="globex")
            assert [entity["id"] for entity in found[:-1]] == [str(user_id) for user_id in ids[:size]]
            assert found[-1]["name"] == "Globex Travel"
            counts[size] = len(statements)
        assert counts[100] == counts[1] <= 5
        # Another tenant sees none of them.
        assert await identity.entities(representations, selection, tenant="acme") == [None] * 101
    finally:
        await admin.execute("delete from identity.memberships where user_id = any($1)", ids)
        await admin.execute("delete from identity.users where id = any($1)", ids)


async def test_user_references_need_the_scope(identity: Any) -> None:
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Account { id } ... on Tenant { id } } }"
    representations = [
        {"__typename": "Account", "id": str(demo_id("acme", "user", "ada"))},
        {"__typename": "Tenant", "id": str(demo_tenant_id("acme"))},
    ]
    body = await identity.call(query, {"r": representations}, scopes=["crm:read"])
    assert body["data"]["_entities"] == [None, {"id": representations[1]["id"]}]
    (error,) = body["errors"]
    assert error["path"] == ["_entities", 0]
    assert error["extensions"] == {"code": "FORBIDDEN", "missingScope": "identity:read"}


async def test_what_a_member_may_do_now_is_for_the_brain_alone(identity):
    query = "query ($id: ID!) { memberScopes(userId: $id) }"
    ben, nobody = str(demo_id("acme", "user", "ben")), str(uuid.uuid4())
    found = await identity.data(query, {"id": ben}, scopes=["internal"])
    assert set(found["memberScopes"]) == ROLE_SCOPES[Role.MANAGER]
    assert (await identity.data(query, {"id": nobody}, scopes=["internal"]))["memberScopes"] is None
    elsewhere = str(demo_id("globex", "user", "ben"))
    assert (await identity.data(query, {"id": elsewhere}, scopes=["internal"]))["memberScopes"] is None
    body = await identity.call(query, {"id": ben}, scopes=["identity:admin", "identity:read"])
    assert body["errors"][0]["extensions"]["code"] == "FORBIDDEN"
