"""A subgraph that is called directly answers 401 with a GraphQL error and nothing else."""

import asyncio
import hmac
import json
import secrets
import time
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from resolvers.context_header import TYPE
from subgraphs import CONTEXTS

REFUSAL = {"errors": [{"message": "A valid context is required.", "extensions": {"code": "UNAUTHENTICATED"}}]}
QUERIES = {
    "a query": "{ __typename }",
    "introspection": "{ __schema { types { name } } }",
    "_service": "{ _service { sdl } }",
    "_entities": '{ _entities(representations: [{__typename: "Account", id: "1"}]) { __typename } }',
    "nonsense": "}{",
}

Start = Callable[[str], Awaitable[Any]]


def refused(response: httpx.Response) -> None:
    assert response.status_code == 401
    assert response.json() == REFUSAL
    assert response.headers["content-type"] == "application/json"


def tokens(subgraph: Any) -> dict[str, str]:
    """What is wrong -> a header with that."""
    sign, name, now = subgraph.sign, subgraph.name, int(time.time())
    other = next(context for context in CONTEXTS if context != name)
    claims = jwt.decode(sign(name), options={"verify_signature": False})
    head, payload, signature = sign(name).split(".")
    return {
        "expired": sign(name, claims={"iat": now - 60, "exp": now - 30}),
        "from the future": sign(name, claims={"iat": now + 60, "exp": now + 90}),
        "valid for too long": sign(name, claims={"exp": now + 3600}),
        "another audience": sign(name, claims={"aud": other}),
        "several audiences": sign(name, claims={"aud": [name, other]}),
        "another issuer": sign(name, claims={"iss": "someone"}),
        "alg none": jwt.encode(claims, None, algorithm="none", headers={"kid": "test", "typ": TYPE}),
        "alg none in other letters": f"{_head('nOnE')}.{payload}.",
        "EdDSA": sign(name, key=Ed25519PrivateKey.generate(), algorithm="EdDSA"),
        "HS512": _by_hand(payload, sign.key_for(name), "HS512", "sha512"),
        "HS512 by name": f"{_head('HS512')}.{payload}.{signature}",
        "a foreign key": sign(name, key=secrets.token_bytes(32)),
        "the key of another subgraph": sign(name, key=sign.key_for(other)),
        "a context of another subgraph": sign(other),
        "an empty key": _by_hand(payload, b""),
        "an unknown kid": sign(name, header={"kid": "another"}),
        "no kid": f"{_encode({'alg': 'HS256', 'typ': TYPE})}.{payload}.{signature}",
        "a kid that is no text": f"{_encode({'alg': 'HS256', 'typ': TYPE, 'kid': 1})}.{payload}.{signature}",
        "another type": sign(name, header={"typ": "JWT"}),
        "no signature": f"{head}.{payload}.",
        "another payload": f"{head}.{_encode({'iss': 'brain', 'aud': name})}.{signature}",
        "no jti": sign(name, claims={"jti": None}),
        "a short jti": sign(name, claims={"jti": "1"}),
        "a tenant that is no uuid": sign(name, claims={"tenant": "acme"}),
        "scopes as a text": sign(name, claims={"scopes": "internal"}),
        "nothing": "",
        "garbage": "x.y.z",
        "too long": "x" * 10_000,
    }


def _head(algorithm: str) -> str:
    return _encode({"alg": algorithm, "typ": TYPE, "kid": "test"})


def _encode(value: dict[str, Any]) -> str:
    return jwt.utils.base64url_encode(json.dumps(value).encode()).decode()


def _by_hand(payload: str, key: bytes, algorithm: str = "HS256", digest: str = "sha256") -> str:
    """A token that PyJWT does not make with such a key."""
    signed = f"{_head(algorithm)}.{payload}"
    return f"{signed}.{jwt.utils.base64url_encode(hmac.digest(key, signed.encode(), digest)).decode()}"


@pytest.mark.parametrize("context", CONTEXTS)
@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
async def test_without_a_header(context: str, query: str, start_subgraph: Start) -> None:
    subgraph = await start_subgraph(context)
    url = f"/{context}/graphql"
    refused(await subgraph.client.post(url, json={"query": query}))
    refused(await subgraph.client.get(url, params={"query": query}))
    refused(await subgraph.client.post(url, content=b"not json"))


@pytest.mark.parametrize("context", CONTEXTS)
async def test_with_a_wrong_header(context: str, start_subgraph: Start) -> None:
    subgraph = await start_subgraph(context)
    for why, token in tokens(subgraph).items():
        response = await subgraph.client.post(
            f"/{context}/graphql", json={"query": "{ __typename }"}, headers={"x-brain-context": token}
        )
        assert (why, response.status_code, response.json()) == (why, 401, REFUSAL)


@pytest.mark.parametrize("context", CONTEXTS)
async def test_a_header_works_once(context: str, start_subgraph: Start) -> None:
    subgraph = await start_subgraph(context)
    headers = {"x-brain-context": subgraph.sign(context)}
    url, body = f"/{context}/graphql", {"query": "{ __typename }"}
    assert (await subgraph.client.post(url, json=body, headers=headers)).json() == {"data": {"__typename": "Query"}}
    refused(await subgraph.client.post(url, json=body, headers=headers))


@pytest.mark.parametrize("context", CONTEXTS)
async def test_two_headers_are_none(context: str, start_subgraph: Start) -> None:
    subgraph = await start_subgraph(context)
    headers = [("x-brain-context", subgraph.sign(context)), ("X-Brain-Context", subgraph.sign(context))]
    refused(await subgraph.client.post(f"/{context}/graphql", json={"query": "{ __typename }"}, headers=headers))


@pytest.mark.parametrize("context", CONTEXTS)
async def test_a_header_that_is_replayed_at_the_same_time_works_once(context: str, start_subgraph: Start) -> None:
    subgraph = await start_subgraph(context)
    headers = {"x-brain-context": subgraph.sign(context)}
    answers = await asyncio.gather(
        *(
            subgraph.client.post(f"/{context}/graphql", json={"query": "{ __typename }"}, headers=headers)
            for _ in range(8)
        )
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 7


@pytest.mark.parametrize("context", CONTEXTS)
async def test_only_the_operation_endpoint_and_health_exist(context: str, start_subgraph: Start) -> None:
    subgraph = await start_subgraph(context)
    assert (await subgraph.client.get(f"/{context}/health")).json() == {"status": "ok"}
    for path in ("/", "/graphql", f"/{context}", f"/{context}/", f"/{context}/graphql/"):
        response = await subgraph.client.post(path, json={"query": "{ __typename }"})
        assert response.status_code in {307, 401, 404}, path
        assert "data" not in response.text


@pytest.mark.parametrize("context", CONTEXTS)
async def test_a_passed_deadline(context: str, start_subgraph: Start) -> None:
    subgraph = await start_subgraph(context)
    body = await subgraph.call("{ _service { sdl } }", deadline_s=-1)
    assert body["errors"][0]["extensions"]["code"] == "DEADLINE_EXCEEDED"


@pytest.mark.parametrize("context", CONTEXTS)
async def test_broken_requests_are_the_callers_fault(context: str, start_subgraph: Start) -> None:
    subgraph = await start_subgraph(context)
    deep = "{ " + "a { " * 5000 + "b" + " }" * 5000 + " }"
    bodies: list[bytes] = [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"query": 1}',
        b'{"query": "{ __typename }", "variables": []}',
        b'{"query": "{ __typename }", "operationName": 7}',
        b'[{"query": "{ __typename }"}]',
        b"[" * 100_000,
        json.dumps({"query": deep}).encode(),
        json.dumps({"query": "{ " + "a " * 50_000 + "}"}).encode(),
        json.dumps({"query": "subscription { a }"}).encode(),
    ]
    for body in bodies:
        response = await subgraph.client.post(
            f"/{context}/graphql",
            content=body,
            headers={"content-type": "application/json", "x-brain-context": subgraph.sign(context)},
        )
        assert response.status_code < 500, body[:60]
        answer = response.json()
        assert "errors" in answer, (body[:60], answer)
        assert answer["errors"][0]["extensions"]["code"] in {
            "BAD_REQUEST",
            "GRAPHQL_PARSE_FAILED",
            "GRAPHQL_VALIDATION_FAILED",
        }, body[:60]
        assert answer.get("data") is None
    unknown = uuid.uuid4().hex
    for representation in ({"__typename": unknown}, {"id": unknown}, {}, {"__typename": "Query"}, {"__typename": 1}):
        body = await subgraph.call(
            "query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }", {"r": [representation]}
        )
        assert body["data"] == {"_entities": [None]}
        assert body["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
