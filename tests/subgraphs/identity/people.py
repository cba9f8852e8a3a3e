"""Tenants and people of their own for tests of identity."""

import uuid
from typing import Any

from resolvers.demo import demo_id

ANYONE: dict[str, Any] = {"tenant": None, "user": None, "scopes": []}
OWNER = demo_id("globex", "user", "ada")
INVITE = """
mutation ($input: InviteMemberInput!) {
  inviteMember(input: $input) {
    invitation { id email name role expiresAt } invitationToken
    errors { code message ... on InvalidInputError { path } }
  }
}
"""
ACCEPT = """
mutation ($input: AcceptInvitationInput!) {
  acceptInvitation(input: $input) { tokens { accessToken refreshToken } user { id email name } errors { code } }
}
"""
PASSWORD = "a long password"


def codes(payload: dict[str, Any]) -> list[str]:
    """Of a payload's errors."""
    return [error["code"] for error in payload["errors"]]


async def invite(identity: Any, by: uuid.UUID, email: str, role: str = "AGENT", **caller: Any) -> dict[str, Any]:
    """The payload of an invitation by the tenant's owner."""
    values = {"input": {"email": email, "name": "Someone New", "role": role}}
    data: dict[str, Any] = await identity.data(INVITE, values, **{"tenant": by, "user": OWNER, **caller})
    return data["inviteMember"]  # type: ignore[no-any-return]


async def accept(identity: Any, token: str, password: str, **caller: Any) -> dict[str, Any]:
    """The payload of an acceptance by nobody in particular."""
    values = {"input": {"token": token, "password": password}}
    data: dict[str, Any] = await identity.data(ACCEPT, values, **{**ANYONE, **caller})
    return data["acceptInvitation"]  # type: ignore[no-any-return]


async def join(identity: Any, tenant: uuid.UUID, role: str = "AGENT") -> tuple[str, dict[str, Any]]:
    """A new member: the user's id and tokens."""
    invited = await invite(identity, tenant, f"{uuid.uuid4().hex}@people.example", role)
    accepted = await accept(identity, invited["invitationToken"], PASSWORD)
    assert accepted["errors"] == []
    return accepted["user"]["id"], accepted["tokens"]
