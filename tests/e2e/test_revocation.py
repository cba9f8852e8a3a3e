"""Who is removed, demoted or revoked is refused with the credential they still hold, at the next request."""

from typing import Any

import jwt
import pytest

from .conftest import Platform, codes

pytestmark = pytest.mark.stack

VIEWER = "{ viewer { id membership { role } } }"
CHANGE = """mutation ($id: ID!, $role: Role!) {
  changeRole(userId: $id, role: $role) { membership { role } errors { code } } }"""


def bearer(credential: str) -> dict[str, Any]:
    return {"authorization": f"Bearer {credential}", "accept": "application/graphql-response+json"}


def test_a_changed_role_ends_the_tokens_that_are_out(platform: Platform) -> None:
    tokens = platform.log_in("dan@globex")
    me = platform.data(VIEWER, **bearer(tokens["accessToken"]))["viewer"]
    for role in ("AGENT", "VIEWER"):
        changed = platform.data(CHANGE, {"id": me["id"], "role": role}, user="ada@globex")["changeRole"]
        assert changed == {"membership": {"role": role}, "errors": []}
        response = platform.ask(VIEWER, **bearer(tokens["accessToken"]))
        assert (response.status_code, codes(response)) == (401, ["UNAUTHENTICATED"])
        query = """mutation ($t: String!) {
          refreshTokens(refreshToken: $t) { tokens { accessToken refreshToken } errors { code } } }"""
        tokens = platform.data(query, {"t": tokens["refreshToken"]})["refreshTokens"]["tokens"]
        assert platform.data(VIEWER, **bearer(tokens["accessToken"]))["viewer"]["membership"]["role"] == role
    platform.tokens.pop("dan@globex", None)  # which ended with the others


def test_a_removed_member_is_refused_and_what_points_at_them_says_so(platform: Platform) -> None:
    invite = """mutation ($input: InviteMemberInput!) { inviteMember(input: $input) { invitationToken } }"""
    given = {"email": "eve@people.example", "name": "Eve", "role": "AGENT"}
    invited = platform.data(invite, {"input": given}, user="ada@globex")["inviteMember"]["invitationToken"]
    accept = """mutation ($input: AcceptInvitationInput!) {
      acceptInvitation(input: $input) { tokens { accessToken } errors { code } } }"""
    accepted = platform.data(accept, {"input": {"token": invited, "password": "a long password"}})
    token = accepted["acceptInvitation"]["tokens"]["accessToken"]
    eve = jwt.decode(token, options={"verify_signature": False})["sub"]
    create = "mutation ($input: CreateLeadInput!) { createLead(input: $input) { lead { id } errors { code } } }"
    lead = platform.data(
        create, {"input": {"name": "L", "source": "WEBSITE", "assigneeId": eve}}, **bearer(token)
    )["createLead"]["lead"]["id"]  # fmt: skip
    read = "query ($id: ID!) { lead(id: $id) { name assignee { id name } } }"
    seen = platform.data(read, {"id": lead}, user="ada@globex")
    assert seen["lead"] == {"name": "L", "assignee": {"id": eve, "name": "Eve"}}
    remove = "mutation ($id: ID!) { removeMember(userId: $id) { errors { code } } }"
    assert platform.data(remove, {"id": eve}, user="ada@globex")["removeMember"]["errors"] == []
    assert platform.ask(read, {"id": lead}, **bearer(token)).status_code == 401
    # As the description of `assignee` says.
    body = platform.ask(read, {"id": lead}, user="ada@globex").json()
    assert body["data"]["lead"] == {"name": "L", "assignee": None}
    assert body["errors"]
    only_id = platform.data("query ($id: ID!) { lead(id: $id) { assignee { id } } }", {"id": lead}, user="ada@globex")
    assert only_id["lead"] == {"assignee": {"id": eve}}
    delete = "mutation ($input: DeleteLeadInput!) { deleteLead(input: $input) { errors { code } } }"
    assert platform.data(delete, {"input": {"id": lead}}, user="ada@globex")["deleteLead"]["errors"] == []


def test_a_revoked_key_is_refused_at_once(platform: Platform) -> None:
    create = """mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { key apiKey { id } } }"""
    made = platform.data(create, {"input": {"name": "K", "scopes": ["directory:read"]}}, user="ada@globex")
    key, key_id = made["createApiKey"]["key"], made["createApiKey"]["apiKey"]["id"]
    assert platform.data("{ __typename }", **bearer(key))
    revoke = "mutation ($id: ID!) { revokeApiKey(id: $id) { errors { code } } }"
    assert platform.data(revoke, {"id": key_id}, user="ada@globex")["revokeApiKey"]["errors"] == []
    response = platform.ask("{ __typename }", **bearer(key))
    assert (response.status_code, codes(response)) == (401, ["UNAUTHENTICATED"])
