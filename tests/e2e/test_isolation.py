"""One tenant tries to reach the other in every way there is; nobody gets in without a credential."""

import base64
import json
import re
import time
import uuid
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from brain.caller import Caller
from brain.context_header import CONTEXT_HEADER, ContextSigner

from .conftest import Platform, codes, pretty

pytestmark = pytest.mark.stack

MINE = "{ businesses(first: 2) { edges { node { id name } } } leads(first: 2) { edges { node { id } } } }"
GRAPHQL = {"accept": "application/graphql-response+json"}
"""With this the status tells, too."""


@pytest.fixture(scope="module")
def theirs(platform: Platform) -> dict[str, str]:
    """Ids and a cursor of globex, for acme to try."""
    data = platform.data(
        """{ viewer { id }
             businesses(first: 5) { pageInfo { endCursor } edges { node { id } } }
             leads(first: 5) { pageInfo { endCursor } edges { node { id version } } }
             contacts(first: 1) { edges { node { id } } } }""",
        user="ada@globex",
    )
    return {
        "user": data["viewer"]["id"],
        "business": data["businesses"]["edges"][0]["node"]["id"],
        "lead": data["leads"]["edges"][0]["node"]["id"],
        "contact": data["contacts"]["edges"][0]["node"]["id"],
        "business cursor": data["businesses"]["pageInfo"]["endCursor"],
        "lead cursor": data["leads"]["pageInfo"]["endCursor"],
        "tenant": jwt.decode(platform.token("ada@globex"), options={"verify_signature": False})["tenant"],
    }


def refused(response: httpx.Response, status: int, code: str) -> None:
    assert (response.status_code, codes(response)) == (status, [code]), response.text
    assert "data" not in response.json()


# ---- naming the other tenant ----------------------------------------------------------------------------------------


def test_header_and_host_of_the_other_tenant(platform: Platform, theirs: dict[str, str]) -> None:
    for headers in (
        {"x_tenant": "globex"},
        {"x_tenant": theirs["tenant"]},
        {"host": "globex.localhost"},
        {"host": "acme.localhost", "x_tenant": "globex"},
    ):
        refused(platform.ask(MINE, user="ada@acme", **headers, **GRAPHQL), 403, "TENANT_MISMATCH")
    agreed = platform.data(MINE, user="ada@acme", host="acme.localhost", x_tenant="acme")
    assert agreed["businesses"]["edges"]
    refused(platform.ask(MINE, x_tenant="globex", **GRAPHQL), 403, "FORBIDDEN")


def test_host_alone_opens_nothing(platform: Platform) -> None:
    response = platform.ask(MINE, host="globex.localhost")
    assert codes(response)
    assert not response.json().get("data")


def test_ids_of_the_other_tenant_are_nobodys(platform: Platform, theirs: dict[str, str]) -> None:
    query = """query ($business: ID!, $lead: ID!, $contact: ID!) {
        business(id: $business) { id name } lead(id: $lead) { id name } contact(id: $contact) { id name }
        reviews(businessId: $business) { edges { node { id } } } }"""
    variables = {name: theirs[name] for name in ("business", "lead", "contact")}
    ours = platform.data(query, variables, user="ada@acme")
    assert (ours["business"], ours["lead"], ours["contact"]) == (None, None, None)
    assert ours["reviews"] is None or ours["reviews"]["edges"] == []
    control = platform.data(query, variables, user="ada@globex")
    assert all(control[name] for name in ("business", "lead", "contact")), "the same ids are good for their owner"


def test_entities_cannot_be_asked_for_directly(platform: Platform, theirs: dict[str, str]) -> None:
    response = platform.ask(
        "query ($of: [_Any!]!) { _entities(representations: $of) { __typename } }",
        {"of": [{"__typename": "Business", "id": theirs["business"]}]},
        user="ada@acme",
    )
    assert set(codes(response)) == {"GRAPHQL_VALIDATION_FAILED"}


def test_writing_over_the_other_tenants_rows(platform: Platform, theirs: dict[str, str]) -> None:
    read = "query ($id: ID!) { lead(id: $id) { name version } }"
    before = platform.data(read, {"id": theirs["lead"]}, user="ada@globex")
    update = """mutation ($input: UpdateLeadInput!) {
        updateLead(input: $input) { lead { id name } errors { code message } } }"""
    tried = platform.data(update, {"input": {"id": theirs["lead"], "name": "Stolen"}}, user="ada@acme")["updateLead"]
    assert tried["lead"] is None
    assert [error["code"] for error in tried["errors"]] == ["LEAD_NOT_FOUND"]
    assert platform.data(read, {"id": theirs["lead"]}, user="ada@globex") == before


def test_pointing_a_row_of_ours_at_theirs_shows_nothing(platform: Platform, theirs: dict[str, str]) -> None:
    """An id of theirs in a row of ours must not be a way to read what it names."""
    created = platform.ask(
        """mutation ($input: CreateLeadInput!) {
             createLead(input: $input) {
               lead { id business { name owner { name email } } assignee { name email } } errors { code } } }""",
        {"input": {"name": "Spy", "source": "WEBSITE", "businessId": theirs["business"], "assigneeId": theirs["user"]}},
        user="ada@acme",
    )
    assert "globex" not in created.text
    payload = created.json()["data"]["createLead"]
    assert payload["lead"] or payload["errors"], "taken or refused, but understood"
    lead = payload["lead"]
    if lead is not None:
        assert not (lead["business"] or {}).get("name")
        assert not (lead["assignee"] or {}).get("email")
        gone = platform.data(
            "mutation ($input: DeleteLeadInput!) { deleteLead(input: $input) { errors { code } } }",
            {"input": {"id": lead["id"]}},
            user="ada@acme",
        )
        assert gone["deleteLead"]["errors"] == []


def test_cursors_of_the_other_tenant(platform: Platform, theirs: dict[str, str]) -> None:
    query = "query ($after: String) { businesses(first: 100, after: $after) { edges { node { id } } } }"
    response = platform.ask(query, {"after": theirs["business cursor"]}, user="ada@acme")
    if codes(response):
        assert set(codes(response)) == {"BAD_USER_INPUT"}
    else:
        found = {edge["node"]["id"] for edge in response.json()["data"]["businesses"]["edges"]}
        foreign = platform.data(query, {"after": None}, user="ada@globex")["businesses"]["edges"]
        assert not found & {edge["node"]["id"] for edge in foreign}


# ---- credentials that are not good ----------------------------------------------------------------------------------


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims_of(token: str) -> dict[str, Any]:
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def resigned(platform: Platform, key_name: str, token: str, **claims: Any) -> str:
    key = load_pem_private_key((platform.data_dir / "keys" / f"{key_name}.pem").read_bytes(), None)
    return jwt.encode(
        claims_of(token) | claims, key, algorithm="EdDSA", headers={"kid": jwt.get_unverified_header(token)["kid"]}
    )


def test_tokens_that_are_not_good(platform: Platform, theirs: dict[str, str]) -> None:
    token = platform.token("ada@acme")
    header, claims, signature = token.split(".")
    now = int(time.time())
    control = resigned(platform, "identity", token, iat=now, exp=now + 60)
    assert platform.ask(MINE, authorization=f"Bearer {control}").status_code == 200, "the attack itself is sound"
    attempts = {
        "other tenant in the claims": f"{header}.{part(claims_of(token) | {'tenant': theirs['tenant']})}.{signature}",
        "no algorithm": f"{part(jwt.get_unverified_header(token) | {'alg': 'none'})}.{claims}.",
        "expired": resigned(platform, "identity", token, iat=now - 1000, exp=now - 100),
        "for another audience": resigned(platform, "identity", token, aud="crm"),
        "from another issuer": resigned(platform, "identity", token, iss="somebody"),
        "signed with the worker's key": resigned(platform, "worker", token),
        "no token": "nonsense",
    }
    for name, attempt in attempts.items():
        response = platform.ask(MINE, authorization=f"Bearer {attempt}", **GRAPHQL)
        assert (response.status_code, codes(response)) == (401, ["UNAUTHENTICATED"]), name
        assert response.headers["www-authenticate"].startswith("Bearer"), name
    assert platform.ask(MINE, authorization="Bearer nonsense").status_code == 401, "also for plain JSON clients"


def test_api_key_is_for_its_own_tenant(platform: Platform) -> None:
    created = platform.data(
        """mutation ($input: CreateApiKeyInput!) {
             createApiKey(input: $input) { key errors { code message } } }""",
        {"input": {"name": f"partner {uuid.uuid4().hex[:8]}", "scopes": ["directory:read"]}},
        user="ada@acme",
    )["createApiKey"]
    assert created["errors"] == [], pretty(created)
    key = created["key"]
    query = "{ businesses(first: 100) { edges { node { id } } } }"
    for headers in ({"x_api_key": key}, {"authorization": f"Bearer {key}"}):
        assert platform.data(query, **headers) == platform.data(query, user="ada@acme")
        refused(platform.ask(query, **headers, x_tenant="globex", **GRAPHQL), 403, "TENANT_MISMATCH")
        refused(platform.ask(query, **headers, host="globex.localhost", **GRAPHQL), 403, "TENANT_MISMATCH")
        assert set(codes(platform.ask("{ leads(first: 1) { totalCount } }", **headers))) == {"FORBIDDEN"}
    refused(platform.ask(query, x_api_key=key[:-1] + "x", **GRAPHQL), 401, "UNAUTHENTICATED")
    assert key not in platform.logs()


# ---- past the Brain -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def subgraphs(platform: Platform) -> str:
    state = json.loads((platform.data_dir / "state.json").read_text())
    match = re.search(r"http://[\d.:]+", state["components"]["subgraphs"]["address"])
    assert match
    return match[0]


@pytest.fixture
def signer(platform: Platform) -> ContextSigner:
    return ContextSigner.from_file(platform.data_dir / "keys" / "context.secret")


def context_for(signer: ContextSigner, audience: str, tenant: str, **options: Any) -> str:
    caller = Caller(tenant_id=tenant, scopes=("crm:read", "directory:read", "internal"))
    deadline_ms = int((time.time() + 10) * 1000)
    return signer.sign(caller, audience, request_id="attack", deadline_ms=deadline_ms, **options)


@pytest.mark.parametrize("name", ["identity", "crm", "directory"])
@pytest.mark.parametrize("query", ["{ __typename }", "{ _service { sdl } }", "{ __schema { types { name } } }", "{"])
def test_subgraphs_answer_nobody_but_the_brain(subgraphs: str, name: str, query: str) -> None:
    url = f"{subgraphs}/{name}/graphql"
    for headers in ({}, {CONTEXT_HEADER: "x"}, {"authorization": "Bearer x"}):
        for response in (
            httpx.post(url, json={"query": query}, headers=headers),
            httpx.get(url, params={"query": query}, headers=headers),
        ):
            assert response.status_code == 401, response.text
            body = response.json()
            assert set(body) == {"errors"}
            assert [error["extensions"] for error in body["errors"]] == [{"code": "UNAUTHENTICATED"}]
            assert "query" not in response.text


def test_a_context_is_good_once_for_one_subgraph_and_not_for_long(
    platform: Platform, subgraphs: str, signer: ContextSigner, theirs: dict[str, str]
) -> None:
    def call(name: str, context: str) -> int:
        return httpx.post(
            f"{subgraphs}/{name}/graphql", json={"query": "{ __typename }"}, headers={CONTEXT_HEADER: context}
        ).status_code

    context = context_for(signer, "crm", theirs["tenant"])
    assert call("directory", context) == 401
    keys = json.loads((platform.data_dir / "keys" / "directory" / "context.keys.json").read_text())["keys"]
    claims = jwt.decode(context, options={"verify_signature": False})
    header = jwt.get_unverified_header(context)
    by_directory = jwt.encode(claims, jwt.PyJWK.from_dict(keys[0]).key, algorithm="HS256", headers=header)
    assert call("crm", by_directory) == 401
    assert call("crm", context) == 200
    assert call("crm", context) == 401
    assert call("crm", context_for(signer, "crm", theirs["tenant"], now_s=time.time() - 60)) == 401


def test_a_clients_context_is_ignored(platform: Platform, signer: ContextSigner, theirs: dict[str, str]) -> None:
    for audience in ("crm", "directory"):
        context = context_for(signer, audience, theirs["tenant"])
        anonymous = platform.ask(MINE, x_brain_context=context)
        assert codes(anonymous)
        assert not anonymous.json().get("data")
        as_acme = platform.data(MINE, user="ada@acme", x_brain_context=context)
        assert as_acme == platform.data(MINE, user="ada@acme")


# ---- what is left behind --------------------------------------------------------------------------------------------


def test_logs_name_the_tenant_and_hold_no_secret(platform: Platform) -> None:
    tokens = platform.log_in("ben@acme")
    platform.data(MINE, authorization=f"Bearer {tokens['accessToken']}", x_request_id="request-of-ben-0001")
    time.sleep(0.3)
    lines = [line for line in platform.logs().splitlines() if "request-of-ben-0001" in line]
    access = [json.loads(line) for line in lines if '"router.access"' in line]
    assert [line["tenant"] for line in access] == ["acme"]
    for line in (platform.data_dir / "logs" / "brain.log").read_text().splitlines():
        assert {"time", "level", "message"} <= json.loads(line).keys()
    logs = platform.logs()
    secrets = [tokens["accessToken"], tokens["refreshToken"], "demo-acme-ben", platform.token("ada@acme")]
    keys = platform.data_dir / "keys"
    secrets += [path.read_text().splitlines()[1] for path in keys.glob("*.pem")]
    secrets += (keys / "context.secret").read_text().split()
    secrets += [key["k"] for path in keys.glob("*/context.keys.json") for key in json.loads(path.read_text())["keys"]]
    for secret in secrets:
        assert secret not in logs
