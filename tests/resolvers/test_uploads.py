"""Files in requests to a subgraph: what is taken, what is refused, and that nobody unknown sends a byte."""

import asyncio
import base64
import json
import secrets
import time
import uuid
from collections.abc import AsyncIterator
from hashlib import sha256
from typing import Any

import httpx
import jwt
import pytest
import strawberry
from starlette.datastructures import UploadFile

from resolvers import uploads
from resolvers.app import Subgraph, subgraph_app
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.schema import build_schema
from resolvers.settings import Settings
from resolvers.uploads import UPLOAD_SCALAR, Upload, UploadLimits

KEY = secrets.token_bytes(32)
TENANT = str(uuid.uuid4())
LIMITS = UploadLimits(max_files=3, max_file_bytes=5_000, max_total_bytes=9_000)
STORE = "mutation ($f: [Upload!]!, $n: String) { store(files: $f, note: $n) { files errors { code } } }"

runs: list[int] = []


@strawberry.type
class StorePayload(MutationPayload):
    files: list[str] | None = None


@strawberry.input
class Page:
    title: str
    file: Upload | None = None


async def told(file: UploadFile) -> str:
    content = await file.read()
    return f"{file.filename} {file.content_type} {len(content)} {sha256(content).hexdigest()[:8]}"


@strawberry.type
class Query:
    @strawberry.field
    def ok(self) -> str:
        return "ok"


@strawberry.type
class Mutation:
    @mutation(StorePayload, scope="scratch:write")
    async def store(self, info: Info, files: list[Upload], note: str | None = None) -> StorePayload:
        runs.append(len(files))
        return StorePayload(files=[await told(file) for file in files])

    @mutation(StorePayload)
    async def pages(self, info: Info, pages: list[Page]) -> StorePayload:
        return StorePayload(
            files=[f"{page.title}: {await told(page.file) if page.file is not None else 'none'}" for page in pages]
        )


def expected(name: str, content: bytes) -> str:
    return f"{name} image/png {len(content)} {sha256(content).hexdigest()[:8]}"


def header(**claims: Any) -> str:
    now = int(time.time())
    told = {"iss": "brain", "aud": "scratch", "iat": now, "exp": now + 30, "jti": uuid.uuid4().hex}
    caller = {"tenant": TENANT, "sub": None, "roles": [], "scopes": ["scratch:write"], "plan": None, "locale": None}
    rest = {"channel": None, "rid": "r", "run": None, "deadline": int(time.time() * 1000) + 20_000}
    return jwt.encode(
        {**told, **caller, **rest, **claims}, KEY, algorithm="HS256", headers={"kid": "k", "typ": "brain-context+jwt"}
    )


@pytest.fixture(scope="module")
def own(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    keys = tmp_path_factory.mktemp("uploads") / "keys.json"
    jwk = {"kty": "oct", "alg": "HS256", "kid": "k", "k": base64.urlsafe_b64encode(KEY).decode()}
    keys.write_text(json.dumps({"keys": [jwk]}))
    return settings.model_copy(update={"context_keys_file": keys})


def schema() -> Any:
    return build_schema(query=Query, mutation=Mutation, scalars=UPLOAD_SCALAR)


@pytest.fixture(scope="module")
async def app(own: Settings) -> AsyncIterator[Subgraph]:
    app = subgraph_app("scratch", schema(), own, uploads=LIMITS)
    async with app.router.lifespan_context(app):
        yield app


def client_of(app: Subgraph) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://subgraph.test")


@pytest.fixture
async def client(app: Subgraph) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(app) as client:
        yield client


async def send(
    client: httpx.AsyncClient,
    *contents: bytes,
    operations: Any = None,
    places: Any = None,
    claims: dict[str, Any] | None = None,
    **headers: str,
) -> httpx.Response:
    """A multipart request with a file for each of `contents`, named by its index."""
    if operations is None:
        operations = {"query": STORE, "variables": {"f": [None] * len(contents)}}
    if places is None:
        places = {str(n): [f"variables.f.{n}"] for n in range(len(contents))}
    files = [(str(n), (f"{n}.png", content, "image/png")) for n, content in enumerate(contents)]
    return await client.post(
        "/scratch/graphql",
        data={"operations": json.dumps(operations), "map": json.dumps(places)},
        files=files or [("none", ("none.png", b"", "image/png"))],
        headers={"x-brain-context": header(**(claims or {})), **headers},
    )


async def test_files_come_where_the_map_says(client: httpx.AsyncClient) -> None:
    one, two = secrets.token_bytes(5_000), b"\r\n--boundary\r\n"
    answer = await send(client, one, two)
    assert answer.json() == {
        "data": {"store": {"files": [expected("0.png", one), expected("1.png", two)], "errors": []}}
    }
    query = "mutation ($p: [Page!]!) { pages(pages: $p) { files } }"
    pages = [{"title": "a", "file": None}, {"title": "b"}, {"title": "c", "file": None}]
    answer = await send(
        client,
        two,
        operations={"query": query, "variables": {"p": pages}},
        places={"0": ["variables.p.0.file", "variables.p.2.file"]},
    )
    files = answer.json()["data"]["pages"]["files"]
    assert files[1] == "b: none"
    assert files[0] == f"a: {expected('0.png', two)}"


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ([b"x"] * 4, "3 files"),
        ([b"x"] * 40, "3 files"),
        ([b"x" * 5_001], "A file may have 5000 bytes"),
        ([b"x" * 4_000] * 3, "9000 bytes together"),
        ([b"x" * 3_000_000], "9000 bytes together"),
    ],
)
async def test_limits(client: httpx.AsyncClient, contents: list[bytes], message: str) -> None:
    runs.clear()
    answer = await send(client, *contents)
    (error,) = answer.json()["errors"]
    assert (answer.status_code, error["extensions"]["code"]) == (413, "UPLOAD_TOO_LARGE")
    assert message in error["message"]
    assert runs == []


async def test_what_is_too_much_is_not_read_to_its_end(app: Subgraph) -> None:
    """However much comes, no more is kept than what a request may have; the rest is let pass for a while."""
    sent = 0

    async def receive() -> dict[str, Any]:
        nonlocal sent
        sent += 1_000_000
        head = b'--b\r\ncontent-disposition: form-data; name="0"; filename="x"\r\n\r\n' if sent == 1_000_000 else b""
        return {"type": "http.request", "body": head + b"x" * 1_000_000, "more_body": True}

    answers: list[Any] = []

    async def collect(message: Any) -> None:
        answers.append(message)

    named = [(b"content-type", b"multipart/form-data; boundary=b"), (b"x-brain-context", header().encode())]
    scope = {"type": "http", "method": "POST", "path": "/scratch/graphql", "headers": named, "query_string": b""}
    async with asyncio.timeout(20):
        await app(scope, receive, collect)
    assert answers[0]["status"] == 413
    assert sent < 45_000_000


@pytest.mark.parametrize("claims", [{"aud": "other"}, {"exp": 1}, {"iss": "me"}])
async def test_nothing_is_read_of_who_is_not_known(app: Subgraph, claims: dict[str, Any]) -> None:
    async def receive() -> dict[str, Any]:
        raise AssertionError("the body was read")

    answers: list[Any] = []

    async def collect(message: Any) -> None:
        answers.append(message)

    named = [(b"content-type", b"multipart/form-data; boundary=b"), (b"x-brain-context", header(**claims).encode())]
    scope = {"type": "http", "method": "POST", "path": "/scratch/graphql", "headers": named, "query_string": b""}
    await app(scope, receive, collect)
    assert answers[0]["status"] == 401


VARIABLES = {"f": [None, "text"], "n": None}


@pytest.mark.parametrize(
    ("operations", "places"),
    [
        ([{"query": STORE}], {"0": ["variables.f.0"]}),
        ("text", {"0": ["variables.f.0"]}),
        ({"query": STORE, "variables": VARIABLES}, []),
        ({"query": STORE, "variables": VARIABLES}, {"0": "variables.f.0"}),
        ({"query": STORE, "variables": VARIABLES}, {"0": []}),
        ({"query": STORE, "variables": VARIABLES}, {"0": [7]}),
        ({"query": STORE, "variables": VARIABLES}, {"0": ["variables.f.1"]}),
        ({"query": STORE, "variables": VARIABLES}, {"0": ["variables.f.2"]}),
        ({"query": STORE, "variables": VARIABLES}, {"0": ["variables.f.-1"]}),
        ({"query": STORE, "variables": VARIABLES}, {"0": ["variables.f.²"]}),
        ({"query": STORE, "variables": VARIABLES}, {"0": ["variables.g"]}),
        ({"query": STORE, "variables": VARIABLES}, {"0": ["variables"]}),
        ({"query": None, "variables": VARIABLES}, {"0": ["query"]}),
        ({"query": STORE, "variables": VARIABLES}, {"1": ["variables.f.0"]}),
        ({"query": STORE, "variables": VARIABLES}, {"operations": ["variables.f.0"]}),
        ({"query": STORE, "variables": None}, {"0": ["variables.f.0"]}),
        ({"query": STORE, "variables": VARIABLES, "operationName": 7}, {"0": ["variables.f.0"]}),
    ],
)
async def test_a_wrong_form_is_refused(client: httpx.AsyncClient, operations: Any, places: Any) -> None:
    runs.clear()
    answer = await send(client, b"x", operations=operations, places=places)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")
    assert runs == []


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"no border"),
        ("multipart/form-data; boundary=b", b"--b\r\ncontent-disposition: form-data\r\n\r\nx\r\n--b--\r\n"),
        ("multipart/form-data; boundary=b", b""),
    ],
)
async def test_what_is_no_form_is_refused(client: httpx.AsyncClient, content_type: str, body: bytes) -> None:
    named = {"content-type": content_type, "x-brain-context": header()}
    answer = await client.post("/scratch/graphql", content=body, headers=named)
    assert (answer.status_code, answer.json()["errors"][0]["extensions"]["code"]) == (400, "BAD_REQUEST")


async def test_a_file_is_no_text_and_no_literal(client: httpx.AsyncClient) -> None:
    for query, variables in ((STORE, {"f": ["text"]}), ('mutation { store(files: ["text"]) { files } }', {})):
        answer = await client.post(
            "/scratch/graphql",
            json={"query": query, "variables": variables},
            headers={"x-brain-context": header()},
        )
        (error,) = answer.json()["errors"]
        assert error["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"
        assert "multipart request" in error["message"]


async def test_scopes_hold_for_requests_with_files(client: httpx.AsyncClient) -> None:
    answer = await send(client, b"x", claims={"scopes": ["scratch:read"]})
    assert answer.json()["errors"][0]["extensions"]["missingScope"] == "scratch:write"


async def test_who_takes_no_files_says_so(own: Settings) -> None:
    app = subgraph_app("scratch", schema(), own)
    async with app.router.lifespan_context(app), client_of(app) as client:
        answer = await send(client, b"x")
        assert answer.status_code == 415
        assert "takes no files" in answer.json()["errors"][0]["message"]


async def test_the_files_are_part_of_what_is_done_once(client: httpx.AsyncClient) -> None:
    """The same request under the same key is answered from memory; with other files it is another request."""
    runs.clear()
    claims = {"key": uuid.uuid4().hex}
    first, again = [await send(client, b"one", claims=claims) for _ in range(2)]
    assert first.json() == again.json() == {"data": {"store": {"files": [expected("0.png", b"one")], "errors": []}}}
    assert runs == [1]
    other = await send(client, b"two", claims=claims)
    assert other.json()["errors"][0]["extensions"]["code"] == "IDEMPOTENCY_KEY_REUSED"
    assert runs == [1]


async def test_temporary_files_are_closed(client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    forms = []
    read = uploads._form

    async def remembered(request: Any, limits: UploadLimits) -> Any:
        forms.append(await read(request, limits))
        return forms[-1]

    monkeypatch.setattr(uploads, "_form", remembered)
    await send(client, b"x")
    await send(client, b"x", places={"0": ["variables.nowhere"]})
    await send(client, b"x", operations={"query": "{ nope }", "variables": {"f": [None]}})
    files = [value for form in forms for value in form.values() if isinstance(value, UploadFile)]
    assert len(files) == 3
    assert all(file.file.closed for file in files)
