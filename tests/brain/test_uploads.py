"""A client's files on their whole way: through the Brain to a subgraph that is served on its own, and not to others."""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
import strawberry
from sqlalchemy import text
from starlette.applications import Starlette

from brain.app import create_brain_app
from brain.config import BrainSettings
from brain.context_keys import key_set
from resolvers.app import subgraph_app
from resolvers.operation import Info
from resolvers.permissions import requires
from resolvers.schema import SubgraphSchema, build_schema
from resolvers.settings import Settings
from resolvers.uploads import UPLOAD_SCALAR, Upload, UploadLimits
from router import Composed, Subgraph, compose
from tests.server.live import serving

from .conftest import ACME, Identity

LIMITS = UploadLimits(max_files=2, max_file_bytes=3_000_000, max_total_bytes=4_000_000)
STORE = "mutation ($f: [Upload!]!) { store(files: $f) { sizes hashes tenant secondsLeft } }"


@strawberry.type
class Stored:
    sizes: list[int]
    hashes: list[str]
    tenant: str
    seconds_left: float


@strawberry.type
class Query:
    @strawberry.field
    def ok(self) -> str:
        return "ok"


@strawberry.type
class Mutation:
    @strawberry.mutation(extensions=[requires("directory:write")])
    async def store(self, info: Info, files: list[Upload]) -> Stored | None:
        contents = [await file.read() for file in files]
        return Stored(
            sizes=[len(content) for content in contents],
            hashes=[sha256(content).hexdigest() for content in contents],
            tenant=str(await info.context.session.scalar(text("select current_setting('app.tenant_id')"))),
            seconds_left=info.context.request.remaining_s() or 0,
        )


def schema() -> SubgraphSchema:
    return build_schema(query=Query, mutation=Mutation, scalars=UPLOAD_SCALAR)


@pytest.fixture
async def subgraph(identity: Identity, postgres_url: str, redis_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """A subgraph of the kit, on a port of its own; as the database's owner, for it has no tables."""
    keys = tmp_path / "directory.keys.json"
    keys.write_text(json.dumps(key_set((identity.context_secret,), "directory")))
    settings = Settings(redis_url=redis_url, context_keys_file=keys)  # type: ignore[arg-type]
    owner = postgres_url.replace("postgresql://", "postgresql+asyncpg://")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Settings, "app_url", lambda *_: owner)
        app = subgraph_app("directory", schema(), settings, uploads=LIMITS)
    async with app.router.lifespan_context(app), serving(app) as url:
        yield url


@pytest.fixture
async def app(
    subgraph: str, identity: Identity, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Starlette]:
    """The Brain."""
    monkeypatch.setenv("BRAIN_CONFIG", str(tmp_path / "brain.yaml"))
    (tmp_path / "brain.yaml").write_text("")
    composed = compose([Subgraph("directory", sdl=schema().as_str(), url="http://nowhere.invalid/")])
    assert isinstance(composed, Composed)
    (tmp_path / "supergraph.graphql").write_text(composed.supergraph_sdl)
    (tmp_path / "context.secret").write_text(identity.context_secret.line())
    app = create_brain_app(
        BrainSettings(
            supergraph=tmp_path / "supergraph.graphql",
            subgraphs_url=subgraph,
            identity_jwks_url=f"{identity.url}/identity/.well-known/jwks.json",
            redis_url=redis_url,
            context_secret_file=tmp_path / "context.secret",
            data_dir=tmp_path,
        )
    )
    async with app.router.lifespan_context(app), asyncio.timeout(60):
        yield app


@pytest.fixture
def bearer(identity: Identity) -> dict[str, str]:
    return {"authorization": f"Bearer {identity.token(scopes=['directory:write'])}"}


@pytest.fixture
async def brain(app: Starlette, bearer: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the Brain in this process: the whole request is there, whenever it is answered."""
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost:8001", headers=bearer) as client:
        yield client


async def send(client: httpx.AsyncClient, *contents: bytes, **headers: str) -> httpx.Response:
    names = [str(n) for n in range(len(contents))]
    return await client.post(
        "/graphql",
        data={
            "operations": json.dumps({"query": STORE, "variables": {"f": [None] * len(contents)}}),
            "map": json.dumps({name: [f"variables.f.{name}"] for name in names}),
        },
        files=[(name, (f"{name}.bin", content)) for name, content in zip(names, contents, strict=True)],
        headers={"graphql-require-preflight": "1", **headers},
    )


async def test_files_arrive_as_they_were_sent_for_the_callers_tenant(app: Starlette, bearer: dict[str, str]) -> None:
    """Over real connections on both sides of the Brain."""
    contents = [bytes(range(256)) * 8_000, b""]
    began = time.monotonic()
    async with serving(app) as url, httpx.AsyncClient(base_url=url, trust_env=False, headers=bearer) as client:
        stored = (await send(client, *contents)).json()["data"]["store"]
    assert stored["sizes"] == [2_048_000, 0]
    assert stored["hashes"] == [sha256(content).hexdigest() for content in contents]
    assert stored["tenant"] == ACME["id"]
    # A client may take as long as its files need, not as long as a request without: 120 s, and not 30.
    assert stored["secondsLeft"] > 100 - (time.monotonic() - began)


@pytest.mark.parametrize(
    ("contents", "message"),
    [
        ([b"x"] * 3, "2 files"),
        ([b"x" * 3_000_001], "3000000 bytes"),
        ([b"x" * 2_900_000] * 2, "4000000 bytes together"),
        ([b"x" * 9_900_000], "4000000 bytes together"),
        ([b"x"] * 11, "10 files"),  # of the Brain
    ],
)
async def test_what_is_too_much_is_told_by_whoever_does_not_take_it(
    brain: httpx.AsyncClient, contents: list[bytes], message: str
) -> None:
    (error,) = (await send(brain, *contents)).json()["errors"]
    assert error["extensions"]["code"] == "UPLOAD_TOO_LARGE"
    assert message in error["message"]


async def test_a_form_of_another_site_is_not_taken(brain: httpx.AsyncClient) -> None:
    """Without the header that a browser would have to ask for first."""
    answer = await brain.post("/graphql", data={"operations": "{}", "map": "{}"}, files={"0": b"x"})
    assert answer.json()["errors"][0]["extensions"]["code"] == "CSRF_PREVENTED"


async def test_rights_are_those_of_the_caller(brain: httpx.AsyncClient, identity: Identity) -> None:
    reader = identity.token(scopes=["directory:read"], sub=str(uuid.uuid4()))
    answer = await send(brain, b"x", authorization=f"Bearer {reader}")
    assert answer.json()["errors"][0]["extensions"] == {
        "code": "FORBIDDEN", "missingScope": "directory:write", "service": "directory",
    }  # fmt: skip
    forged = await send(brain, b"x", **{"x-brain-context": "forged"})
    assert forged.json()["data"]["store"]["sizes"] == [1]
