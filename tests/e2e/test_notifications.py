"""A claim's code and an invitation really arrive: from the event to the provider, by the worker, through the Brain."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from .conftest import Platform
from .runs import Client
from .test_day import MailProvider, mail, until

__all__ = ["mail"]

pytestmark = pytest.mark.stack

BUSINESSES = "{ businesses(first: 40) { edges { node { id name website owner { id } } } } }"
CLAIM = """mutation ($input: ClaimBusinessInput!) { it: claimBusiness(input: $input) {
  claim { id } errors { code message } } }"""
VERIFY = """mutation ($input: VerifyBusinessClaimInput!) { it: verifyBusinessClaim(input: $input) {
  claim { state } errors { code message } } }"""
INVITE = """mutation ($input: InviteMemberInput!) { it: inviteMember(input: $input) { errors { code message } } }"""
ACCEPT = """mutation ($input: AcceptInvitationInput!) { it: acceptInvitation(input: $input) {
  user { email } errors { code message } } }"""
MINE = "{ myNotifications(first: 100, kinds: BUSINESS_CLAIMED) { edges { node { title aboutId } } } }"
LEDGER = "{ notificationDeliveries(first: 100) { edges { node { kind state address providerId errorCode } } } }"


@pytest.fixture
async def client(platform: Platform) -> AsyncIterator[Client]:
    async with httpx.AsyncClient(base_url=platform.url, timeout=60, trust_env=False) as http:
        yield Client(platform, http)


async def data(client: Client, query: str, person: str | None, **variables: Any) -> Any:
    body = (await client.ask(query, variables, person)).json()
    assert "errors" not in body, body
    return body["data"]


def text_of(message: dict[str, Any]) -> str:
    return next(part["value"] for part in message["content"] if part["type"] == "text/plain")


async def test_codes_and_invitations_arrive_and_are_good(
    platform: Platform, client: Client, mail: MailProvider
) -> None:
    nodes = [edge["node"] for edge in (await data(client, BUSINESSES, "dan@acme"))["businesses"]["edges"]]
    business = next(node for node in nodes if node["website"] and node["owner"] is None)
    host = re.sub(r"^www\.", "", httpx.URL(business["website"]).host)
    address = f"{uuid4().hex[:8]}@{host}"
    given = {"businessId": business["id"], "method": "EMAIL", "email": address}
    claim = (await data(client, CLAIM, "dan@acme", input=given))["it"]
    assert claim["errors"] == []

    async def arrived() -> bool:
        return bool(mail.to(address))

    await until(arrived, "no code arrives")
    ((tenant, message),) = mail.to(address)
    assert (tenant, message["from"]["email"]) == ("acme", "hello@acme.example")
    code = re.search(r"^\d{8}$", text_of(message), re.MULTILINE)
    assert code is not None, text_of(message)
    proof = {"id": claim["claim"]["id"], "code": code[0]}
    verified = (await data(client, VERIFY, "dan@acme", input=proof))["it"]
    assert verified == {"claim": {"state": "VERIFIED"}, "errors": []}

    async def told() -> bool:
        nodes = [edge["node"] for edge in (await data(client, MINE, "dan@acme"))["myNotifications"]["edges"]]
        return any(node["aboutId"] == business["id"] for node in nodes)

    await until(told, "the owner is not told")

    invited = f"{uuid4().hex}@people.example"
    values = {"email": invited, "name": "Eva", "role": "AGENT"}
    assert (await data(client, INVITE, "ada@globex", input=values))["it"]["errors"] == []

    async def invitation() -> bool:
        return bool(mail.to(invited))

    await until(invitation, "no invitation arrives")
    ((tenant, message),) = mail.to(invited)
    assert tenant == "globex"
    token = re.search(r"^in_\S+$", text_of(message), re.MULTILINE)
    assert token is not None, text_of(message)
    accepted = {"token": token[0], "password": f"a long one {uuid4().hex}"}
    assert (await data(client, ACCEPT, None, input=accepted))["it"] == {"user": {"email": invited}, "errors": []}

    async def sent() -> bool:
        edges = (await data(client, LEDGER, "ben@acme"))["notificationDeliveries"]["edges"]
        codes = [edge["node"] for edge in edges if edge["node"]["kind"] == "CLAIM_CODE"]
        assert not any(address in json.dumps(node) for node in codes)
        return any(node["state"] == "SENT" and (node["providerId"] or "").startswith("m-") for node in codes)

    await until(sent, "the ledger does not say that the code was sent")
    logs = platform.logs()
    assert code[0] not in logs
    assert token[0] not in logs
