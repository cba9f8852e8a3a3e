"""What tenants, the signed context and policies cost a request: `python -m tests.bench.brain`.

The generic router and the Brain serve one of the rig's queries in one process, in turns: whole requests, from the bytes
that a client's connection reads to those that it writes, but without sockets. Subgraphs are recorded answers behind the
router's own HTTP client, Redis is real. Figures are processor time per request; compare them within one run only. The
rig must lie beside the checkout (`../shared/bench`).
"""

import argparse
import asyncio
import contextlib
import cProfile
import gc
import os
import pstats
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import jwt
import orjson
import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from graphql import graphql_sync
from redis.asyncio import Redis
from uvicorn.server import ServerState

from brain.caller import Caller
from brain.context_header import ContextSigner
from brain.context_keys import new_secret
from brain.embedded.ports import free_port
from brain.embedded.redis import RedisServer
from brain.hooks import PARTNER_VIEW, BrainHooks
from brain.jwks import key_thumbprint, public_jwk
from brain.mark_watch import MarkWatch
from brain.policy import Tenant
from brain.revocation import MARKS, Revocations
from brain.tenancy import TenantResolver
from brain.tokens import AccessTokens, SigningKeys
from router import RouterApp, RouterConfig, configure_logging, create_app, load_supergraph
from router.composition.contracts import Contract
from router.executor.http_client import pool as pool_module
from router.executor.http_client.connection import Connection
from router.hooks import RouterHooks
from router.server.http1 import LaneProtocol, fast_protocol
from router.server.serving import server_settings, tune
from tests.bench.data import RIG, Recorded, load_scenario
from tests.conftest import serve

TENANT = Tenant(str(uuid.uuid4()), "acme", "growth", "en-GB", "uk")
USER = str(uuid.uuid4())
API_KEY = "bk_abcdefgh_secret"


class Subgraphs:
    """The other end of the router's connections: answers each request as a subgraph did the first time."""

    def __init__(self, answers: Recorded) -> None:
        self.answers = answers
        self.known: dict[tuple[bytes, bytes], bytes] = {}

    async def connection(self, pool: Any) -> Connection:
        """Takes the place of `Pool._new_connection`."""
        connection = Connection(pool, pool._known, pool._limits.answer_bytes)
        connection.connection_made(_Upstream(self, connection))  # type: ignore[arg-type]
        return connection

    def answer(self, request: bytes) -> bytes:
        head, _, body = request.partition(b"\r\n\r\n")
        path = head.split(b" ", 2)[1]
        known = self.known.get((path, body))
        if known is None:
            asked = orjson.loads(body)
            schema = self.answers.schemas[path.decode().rpartition("/")[2]]
            result = graphql_sync(schema, asked["query"], self.answers.root, variable_values=asked.get("variables"))
            text = orjson.dumps({"data": result.data})
            known = (
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % len(text) + text
            )
            self.known[path, body] = known
        return known


class _Transport:
    """What a protocol asks of a transport besides writing."""

    def is_closing(self) -> bool:
        return False

    def get_extra_info(self, name: str, default: object = None) -> object:
        return ("127.0.0.1", 1) if name.endswith("name") else default

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def abort(self) -> None: ...

    def close(self) -> None: ...


class _Upstream(_Transport):
    def __init__(self, subgraphs: Subgraphs, connection: Connection) -> None:
        self.subgraphs, self.connection = subgraphs, connection
        self.loop = asyncio.get_running_loop()

    def write(self, data: bytes) -> None:
        self.loop.call_soon(self.connection.data_received, self.subgraphs.answer(bytes(data)))

    def writelines(self, parts: list[bytes]) -> None:
        self.write(b"".join(parts))


class Client(_Transport):
    """One client's connection: sends the same request again and again."""

    def __init__(self, app: RouterApp, query: str, headers: Mapping[str, str]) -> None:
        body = orjson.dumps({"query": query})
        lines = {"host": "127.0.0.1:4000", "content-type": "application/json", "accept": "application/json", **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        self.request = f"POST /graphql HTTP/1.1\r\n{head}content-length: {len(body)}\r\n\r\n".encode() + body
        self.loop = asyncio.get_running_loop()
        self.got: list[bytes] = []
        self.answered: asyncio.Future[None] = self.loop.create_future()
        protocol = fast_protocol(app)
        self.line: LaneProtocol = protocol(server_settings(app, app, None), ServerState(), {}, self.loop)
        self.line.connection_made(self)  # type: ignore[arg-type]

    def write(self, data: bytes) -> None:
        self.writelines([data])

    def writelines(self, parts: list[bytes]) -> None:
        self.got.extend(parts)
        if not self.answered.done():
            self.answered.set_result(None)

    async def ask(self) -> int:
        """One request; the processor time of this process meanwhile, in nanoseconds."""
        self.got.clear()
        self.answered = self.loop.create_future()
        start = time.process_time_ns()
        self.line.data_received(self.request)
        await self.answered
        return time.process_time_ns() - start

    def body(self) -> Any:
        return orjson.loads(b"".join(self.got).partition(b"\r\n\r\n")[2])


class Identity:
    """What the Brain asks identity, answered at once: how long it takes is not the question here."""

    def __init__(self) -> None:
        self.key = Ed25519PrivateKey.generate()

    async def tenant_by_domain(self, _: str) -> Tenant | None:
        return TENANT

    async def authenticate_api_key(self, _: str) -> Caller | None:
        scopes = ("crm:read", "directory:read")
        return Caller(TENANT.id, "acme", None, (), scopes, "growth", "en-GB", "uk", "api_key")

    async def jwks(self) -> Mapping[str, Any]:
        return {"keys": [public_jwk(self.key.public_key())]}

    def token(self) -> str:
        now = int(time.time())
        claims = {
            "iss": "brain", "aud": "brain", "sub": USER, "tenant": TENANT.id, "tenant_slug": "acme",
            "roles": ["owner"], "scopes": ["crm:read", "crm:write", "directory:read"], "plan": "growth",
            "locale": "en-GB", "channel": "uk", "iat": now, "exp": now + 900, "jti": uuid.uuid4().hex,
        }  # fmt: skip
        return jwt.encode(claims, self.key, algorithm="EdDSA", headers={"kid": key_thumbprint(self.key)})


@contextlib.contextmanager
def redis_url() -> Iterator[str]:
    """A Redis of our own."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), free_port(), "bench", durable=False)
        server.prepare()
        for _ in serve(server.launch(), Path(folder) / "log", lambda _pid: server.is_ready()):
            yield server.url


@dataclass(slots=True)
class Rig:
    """The generic router and the Brain, serving one scenario, and clients of both."""

    expected: dict[str, Any]
    clients: dict[tuple[str, str], Client]

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, name: str, url: str) -> AsyncIterator[Self]:
        scenario = load_scenario(name)
        subgraphs = Subgraphs(scenario.answers)
        original = pool_module.Pool._new_connection

        async def connection(pool: Any) -> Connection:
            return await subgraphs.connection(pool)

        pool_module.Pool._new_connection = connection  # type: ignore[method-assign]
        identity = Identity()
        redis: Redis = Redis.from_url(url)
        query = (RIG / name / "query.graphql").read_text()
        sdl = (RIG / name / "supergraph.graphql").read_text()
        try:
            async with contextlib.AsyncExitStack() as stack:

                async def app(hooks: RouterHooks | None, access_log: str) -> RouterApp:
                    config = RouterConfig.model_validate({"telemetry": {"access_log": access_log}})
                    views = {PARTNER_VIEW: Contract(PARTNER_VIEW)} if hooks else {}
                    made = create_app(load_supergraph(sdl), config=config, hooks=hooks, views=views)
                    await stack.enter_async_context(made.lifespan())
                    return made

                marks = MarkWatch(redis, MARKS)
                await stack.enter_async_context(marks.running())
                await marks.listening()
                revocations = Revocations(redis, marks)
                tokens = AccessTokens(SigningKeys(identity.jwks), "brain", revocations)
                resolver = TenantResolver(identity, tokens, revocations)  # type: ignore[arg-type]
                hooks = BrainHooks(resolver, ContextSigner(new_secret()), request_timeout_s=60)
                quiet, plain, brain = await app(None, "errors"), await app(None, "all"), await app(hooks, "all")
                tune(brain)
                token = {"authorization": f"Bearer {identity.token()}"}
                requests = {
                    "anonymous": {},
                    "anonymous, tenant's host": {"host": "acme.localhost"},
                    "access token": token,
                    "access token, tenant's host": {**token, "host": "acme.localhost"},
                    "API key": {"x-api-key": API_KEY},
                }
                clients = {
                    (label, served): Client(app, query, headers)
                    for label, headers in requests.items()
                    for served, app in (("quiet", quiet), ("router", plain), ("brain", brain))
                }
                yield cls(scenario.expected, clients)
        finally:
            pool_module.Pool._new_connection = original  # type: ignore[method-assign]
            await redis.aclose()


async def measure(name: str, url: str, rounds: int, profiled: str | None) -> None:
    async with Rig.running(name, url) as rig:
        for label, client in rig.clients.items():
            for _ in range(30):
                await client.ask()
            assert client.body() == rig.expected, label
        if profiled is not None:
            with cProfile.Profile() as profiler:
                for _ in range(1000):
                    await rig.clients[profiled, "brain"].ask()
            pstats.Stats(profiler).sort_stats("tottime").print_stats(45)
            return
        gc.collect()
        gc.freeze()
        times: dict[tuple[str, str], list[float]] = {key: [] for key in rig.clients}
        for _ in range(rounds):
            for key, client in rig.clients.items():
                # Of some requests the median: what else runs on the machine shows in single ones.
                times[key].append(statistics.median([await client.ask() for _ in range(20)]) / 1e3)
        print(f"{name}: processor time per request in us, medians of {rounds} rounds of 20 requests in turns")
        print(f"  {'request':<30} router, no access log   router    Brain   ratio")
        for label in dict.fromkeys(label for label, _ in times):
            quiet, router, brain = (times[label, served] for served in ("quiet", "router", "brain"))
            ratio = statistics.median(one / other for one, other in zip(brain, router, strict=True))
            shown = [f"{statistics.median(each):9.1f}" for each in (quiet, router, brain)]
            print(f"  {label:<30} {shown[0]:>21}{shown[1]}{shown[2]}   {ratio:.2f}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.brain", description=__doc__)
    parser.add_argument("scenarios", nargs="*", default=["entity"], help="of the rig: bench, entity, small")
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--profile", metavar="REQUEST", help="show where the time of one kind of request goes")
    options = parser.parse_args()
    if not RIG.exists():
        print("The benchmark rig (../shared/bench) is not on this machine.", file=sys.stderr)
        return 1
    with redis_url() as url, Path(os.devnull).open("w") as nowhere:
        configure_logging("info", nowhere)
        for name in options.scenarios:
            uvloop.run(measure(name, url, options.rounds, options.profile))
    return 0


if __name__ == "__main__":
    sys.exit(main())
