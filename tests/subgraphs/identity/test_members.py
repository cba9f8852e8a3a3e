import asyncio
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import jwt
import pytest

from resolvers.demo import demo_id, demo_tenant_id

ANYONE: dict[str, Any] = {"tenant": None, "user": None, "scopes": []}
INVITE = """
mutation ($input: InviteMemberInput!) {
  inviteMember(input: $input) {
    membership { id role status user { id email name } } invitationToken
    errors { code message ... on InvalidInputError { path } }
  }
}
"""
ACCEPT = """
mutation ($input: AcceptInvitationInput!) {
  acceptInvitation(input: $input) { tokens { accessToken refreshToken } user { email } errors { code } }
}
"""
CHANGE = (
    "mutation ($id: ID!, $role: Role!) { changeRole(userId: $id, role: $role) { membership { role } errors { code } } }"
)
REMOVE = "mutation ($id: ID!) { removeMember(userId: $id) { removedUserId errors { code } } }"
REFRESH = "mutation ($t: String!) { refreshTokens(refreshToken: $t) { tokens { accessToken } errors { code } } }"

LogIn = Callable[..., Awaitable[dict[str, Any]]]
MANAGER = ["identity:read", "identity:write", "crm:read", "crm:write", "directory:read", "directory:write"]


def codes(payload: dict[str, Any]) -> list[str]:
    return [error["code"] for error in payload["errors"]]


@pytest.fixture
async def tenant(admin: asyncpg.Connection) -> AsyncIterator[uuid.UUID]:
    """A tenant of its own with one owner, who is globex's ada."""
    tenant_id = uuid.uuid4()
    slug = f"t{tenant_id.hex[:10]}"
    await admin.execute(
        "insert into identity.tenants (id, slug, name, plan, locale) values ($1, $2, $2, 'starter', 'en')",
        tenant_id,
        slug,
    )
    await admin.execute(
        "insert into identity.memberships (tenant_id, user_id, role, status) values ($1, $2, 'owner', 'active')",
        tenant_id,
        demo_id("globex", "user", "ada"),
    )
    yield tenant_id
    for table in ("refresh_tokens", "login_sessions", "invitations", "memberships"):
        await admin.execute(f"delete from identity.{table} where tenant_id = $1", tenant_id)
    await admin.execute("delete from identity.tenants where id = $1", tenant_id)


async def invite(identity: Any, tenant: uuid.UUID, email: str, role: str = "AGENT", **caller: Any) -> dict[str, Any]:
    values = {"input": {"email": email, "name": "Someone New", "role": role}}
    data: dict[str, Any] = await identity.data(INVITE, values, tenant=tenant, **caller)
    return data["inviteMember"]  # type: ignore[no-any-return]


async def accept(identity: Any, token: str, password: str, **caller: Any) -> dict[str, Any]:
    values = {"input": {"token": token, "password": password}}
    data: dict[str, Any] = await identity.data(ACCEPT, values, **{**ANYONE, **caller})
    return data["acceptInvitation"]  # type: ignore[no-any-return]


async def test_an_invited_person_accepts_and_logs_in(identity: Any, tenant: uuid.UUID, log_in: LogIn) -> None:
    email = f"{uuid.uuid4().hex}@people.example"
    payload = await invite(identity, tenant, email.upper())
    assert payload["errors"] == []
    assert payload["membership"]["status"] == "INVITED"
    assert payload["membership"]["user"]["email"] == email
    assert codes(await log_in(email, "a long password")) == ["INVALID_CREDENTIALS"]
    assert codes(await accept(identity, payload["invitationToken"], "short")) == ["BAD_USER_INPUT"]
    accepted = await accept(identity, payload["invitationToken"], "a long password")
    assert accepted["errors"] == []
    assert accepted["user"] == {"email": email}
    claims = jwt.decode(accepted["tokens"]["accessToken"], options={"verify_signature": False})
    assert claims["tenant"] == str(tenant)
    assert claims["roles"] == ["agent"]
    assert (await log_in(email, "a long password"))["errors"] == []
    assert codes(await accept(identity, payload["invitationToken"], "another password")) == ["INVALID_INVITATION"]
    assert (await log_in(email, "a long password"))["errors"] == []


async def test_who_has_a_password_keeps_it_and_proves_it(identity: Any, tenant: uuid.UUID, log_in: LogIn) -> None:
    payload = await invite(identity, tenant, "cleo@acme.example")
    assert payload["membership"]["user"]["id"] == str(demo_id("acme", "user", "cleo"))
    # The name that the inviting tenant made up is not taken over.
    assert payload["membership"]["user"]["name"] == "Cleo Marsh"
    token = payload["invitationToken"]
    assert codes(await accept(identity, token, "taken over!!")) == ["INVALID_INVITATION"]
    assert codes(await accept(identity, token, "demo-acme-cleo", tenant="acme")) == ["INVALID_INVITATION"]
    assert (await accept(identity, token, "demo-acme-cleo"))["errors"] == []
    assert (await log_in("cleo@acme.example", tenant="acme"))["errors"] == []


async def test_an_invitation_is_no_way_to_guess_a_password(identity: Any, tenant: uuid.UUID) -> None:
    token = (await invite(identity, tenant, "dan@acme.example"))["invitationToken"]
    values = {"input": {"token": token, "password": "a wrong guess"}}
    for _ in range(10):
        assert codes((await identity.data(ACCEPT, values, **ANYONE))["acceptInvitation"]) == ["INVALID_INVITATION"]
    body = await identity.call(ACCEPT, values, **ANYONE)
    assert body["errors"][0]["extensions"]["code"] == "RATE_LIMITED"


async def test_nobody_is_invited_twice(identity: Any, tenant: uuid.UUID) -> None:
    email = f"{uuid.uuid4().hex}@people.example"
    assert (await invite(identity, tenant, email))["errors"] == []
    assert codes(await invite(identity, tenant, email)) == ["ALREADY_MEMBER"]


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
    body = await identity.call(INVITE, values, tenant=tenant, scopes=MANAGER)
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "identity:admin"}
    users = "query ($s: String) { users(search: $s) { edges { node { id } } } }"
    assert (await identity.data(users, {"s": "x@people"}, tenant=tenant))["users"]["edges"] == []


@pytest.mark.parametrize("scopes", [["identity:read"], ["crm:write"]])
async def test_the_missing_scope_is_named(identity: Any, scopes: list[str]) -> None:
    body = await identity.call(REMOVE, {"id": str(uuid.uuid4())}, scopes=scopes)
    assert body["data"] is None
    assert body["errors"][0]["extensions"] == {"code": "FORBIDDEN", "missingScope": "identity:admin"}
    body = await identity.call(REMOVE, {"id": str(uuid.uuid4())}, scopes=[], user=None)
    assert body["errors"][0]["extensions"] == {"code": "UNAUTHENTICATED"}


async def test_the_last_owner_stays(identity: Any, tenant: uuid.UUID) -> None:
    ada = str(demo_id("globex", "user", "ada"))
    assert codes((await identity.data(REMOVE, {"id": ada}, tenant=tenant))["removeMember"]) == ["LAST_OWNER"]
    changed = (await identity.data(CHANGE, {"id": ada, "role": "MANAGER"}, tenant=tenant))["changeRole"]
    assert codes(changed) == ["LAST_OWNER"]
    # An owner who has not accepted yet does not count.
    await invite(identity, tenant, f"{uuid.uuid4().hex}@people.example", "OWNER")
    assert codes((await identity.data(REMOVE, {"id": ada}, tenant=tenant))["removeMember"]) == ["LAST_OWNER"]


async def test_two_owners_cannot_remove_each_other_at_once(
    identity: Any, tenant: uuid.UUID, admin: asyncpg.Connection
) -> None:
    ada, ben = demo_id("globex", "user", "ada"), demo_id("globex", "user", "ben")
    for _ in range(5):
        await admin.execute(
            "insert into identity.memberships (tenant_id, user_id, role, status) values "
            "($1, $2, 'owner', 'active'), ($1, $3, 'owner', 'active') on conflict do nothing",
            tenant,
            ada,
            ben,
        )
        answers = await asyncio.gather(
            *(identity.data(REMOVE, {"id": str(user)}, tenant=tenant) for user in (ada, ben))
        )
        assert sorted(codes(answer["removeMember"]) for answer in answers) == [[], ["LAST_OWNER"]]


async def test_a_removed_member_cannot_refresh(identity: Any, tenant: uuid.UUID) -> None:
    email = f"{uuid.uuid4().hex}@people.example"
    payload = await invite(identity, tenant, email)
    tokens = (await accept(identity, payload["invitationToken"], "a long password"))["tokens"]
    user_id = payload["membership"]["user"]["id"]
    removed = (await identity.data(REMOVE, {"id": user_id}, tenant=tenant))["removeMember"]
    assert removed == {"removedUserId": user_id, "errors": []}
    refreshed = (await identity.data(REFRESH, {"t": tokens["refreshToken"]}, **ANYONE))["refreshTokens"]
    assert codes(refreshed) == ["INVALID_REFRESH_TOKEN"]
    assert codes((await identity.data(REMOVE, {"id": user_id}, tenant=tenant))["removeMember"]) == ["NOT_FOUND"]


async def test_a_new_role_comes_with_the_next_token(identity: Any, tenant: uuid.UUID) -> None:
    payload = await invite(identity, tenant, f"{uuid.uuid4().hex}@people.example")
    tokens = (await accept(identity, payload["invitationToken"], "a long password"))["tokens"]
    values = {"id": payload["membership"]["user"]["id"], "role": "VIEWER"}
    changed = (await identity.data(CHANGE, values, tenant=tenant))["changeRole"]
    assert changed == {"membership": {"role": "VIEWER"}, "errors": []}
    refreshed = (await identity.data(REFRESH, {"t": tokens["refreshToken"]}, **ANYONE))["refreshTokens"]
    claims = jwt.decode(refreshed["tokens"]["accessToken"], options={"verify_signature": False})
    assert claims["roles"] == ["viewer"]
    assert "crm:write" not in claims["scopes"]


async def test_members_of_other_tenants_are_out_of_reach(identity: Any) -> None:
    stranger = str(demo_id("globex", "user", "dan"))
    assert codes((await identity.data(REMOVE, {"id": stranger}))["removeMember"]) == ["NOT_FOUND"]
    assert codes((await identity.data(CHANGE, {"id": stranger, "role": "AGENT"}))["changeRole"]) == ["NOT_FOUND"]
    assert (await identity.data("query ($id: ID!) { user(id: $id) { id } }", {"id": stranger}))["user"] is None
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
    data = await identity.data(query, values, tenant=tenant)
    assert [codes(data[field]) for field in ("one", "two", "three")] == [[], ["BAD_USER_INPUT"], []]
    found = await identity.data(
        "query ($s: String) { users(search: $s) { edges { node { email } } } }", {"s": mark}, tenant=tenant
    )
    assert len(found["users"]["edges"]) == 2


async def test_me_and_tenant(identity: Any) -> None:
    query = "{ me { name membership { role scopes tenant { slug } } } tenant { slug plan locale channel domains } }"
    data = await identity.data(query, user="ben")
    assert data["me"] == {
        "name": "Ben Okafor",
        "membership": {"role": "MANAGER", "scopes": sorted(MANAGER), "tenant": {"slug": "acme"}},
    }
    assert data["tenant"] == {
        "slug": "acme",
        "plan": "growth",
        "locale": "en-GB",
        "channel": "acme-uk",
        "domains": ["acme.example", "acme.localhost"],
    }
    assert await identity.data("{ me { id } tenant { id } }", **ANYONE) == {"me": None, "tenant": None}


async def test_connections_walk_through_all(identity: Any, admin: asyncpg.Connection) -> None:
    query = """
    query ($first: Int, $after: String, $last: Int, $before: String) {
      users(first: $first, after: $after, last: $last, before: $before) {
        edges { cursor node { name membership { role user { id } } } }
        pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
      }
    }
    """
    names = ["Ada Lindqvist", "Ben Okafor", "Cleo Marsh", "Dan Petrov"]
    first = (await identity.data(query, {"first": 3}))["users"]
    assert [edge["node"]["name"] for edge in first["edges"]] == names[:3]
    assert first["pageInfo"]["hasNextPage"]
    second = (await identity.data(query, {"first": 3, "after": first["pageInfo"]["endCursor"]}))["users"]
    assert [edge["node"]["name"] for edge in second["edges"]] == names[3:]
    assert second["pageInfo"]["hasNextPage"] is False
    assert second["pageInfo"]["hasPreviousPage"] is True
    back = (await identity.data(query, {"last": 2, "before": second["pageInfo"]["startCursor"]}))["users"]
    assert [edge["node"]["name"] for edge in back["edges"]] == names[1:3]
    for cursor in ("nonsense", "", "WzEsIm5hbWUiLG51bGwsbnVsbF0", "é"):
        body = await identity.call(query, {"after": cursor})
        assert body["errors"][0]["extensions"]["code"] == "BAD_CURSOR", cursor
    for wrong in ({"first": -1}, {"first": 101}, {"first": 1, "last": 1}):
        body = await identity.call(query, wrong)
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    owners = "{ memberships(role: OWNER, status: ACTIVE) { edges { node { user { name } } } } }"
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
        "insert into identity.memberships (tenant_id, user_id, role, status) values ($1, $2, 'viewer', 'active')",
        [(tenant_id, user_id) for user_id in ids],
    )
    selection = "... on User { id email membership { role tenant { slug domains } } } ... on Tenant { name domains }"
    counts = {}
    try:
        for size in (1, 100):
            representations = [{"__typename": "User", "id": str(user_id)} for user_id in ids[:size]]
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
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on User { id } ... on Tenant { id } } }"
    representations = [
        {"__typename": "User", "id": str(demo_id("acme", "user", "ada"))},
        {"__typename": "Tenant", "id": str(demo_tenant_id("acme"))},
    ]
    body = await identity.call(query, {"r": representations}, scopes=["crm:read"])
    assert body["data"]["_entities"] == [None, {"id": representations[1]["id"]}]
    (error,) = body["errors"]
    assert error["path"] == ["_entities", 0]
    assert error["extensions"] == {"code": "FORBIDDEN", "missingScope": "identity:read"}
