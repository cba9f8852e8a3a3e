"""Agent-backed mutations under load: what dispatch costs, how soon runs are accepted, and whose turn it is.

    python -m tests.bench.agents             200 mutations at once for 10 tenants, then a backlog of one tenant
    python -m tests.bench.agents --mutations 60 --tenants 4
    python -m tests.bench.agents --unfair    the same with a Temporal that takes no turns: the control

Starts a platform of its own. Times are of the machine it runs on, and of what else runs there: compare numbers of one
run with one another. Seconds of CPU are what a part has used itself.
"""

import argparse
import asyncio
import contextlib
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import jwt
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from brain.embedded.data_folder import find_data_folder
from brain.embedded.ports import free_port
from brain.embedded.process import end_group, start
from brain.embedded.temporal import TemporalServer
from brain.jwks import key_thumbprint
from tests.e2e.conftest import Platform, started
from tests.e2e.runs import FINAL, SCORE, component_pid, database_url

_PARTS = ("brain", "subgraphs", "worker", "temporal")
SCOPES = ("agents:read", "agents:write", "crm:read", "crm:write", "directory:read")
PIPELINE = """mutation ($input: CreatePipelineInput!) {
  createPipeline(input: $input) { pipeline { id } errors { message } }
}"""
LEAD = "mutation ($input: CreateLeadInput!) { createLead(input: $input) { lead { id } errors { message } } }"
UPDATE = "mutation ($input: UpdateLeadInput!) { updateLead(input: $input) { lead { id } errors { message } } }"
STATUSES = "{ agentRuns(first: 100) { edges { node { id status error { code message } } } } }"
STAGES = [
    {"name": "New", "status": "OPEN", "probability": 20},
    {"name": "Won", "status": "WON"},
    {"name": "Lost", "status": "LOST"},
]


@dataclass
class Tenant:
    """A tenant with one user, who has a token."""

    id: str
    user: str
    token: str
    lead: str = ""


class Bench:
    """A platform with tenants."""

    def __init__(self, platform: Platform, http: httpx.AsyncClient) -> None:
        self._platform = platform
        self._http = http
        folder = find_data_folder(platform.data_dir)
        assert folder is not None
        self._key: Any = load_pem_private_key(Path(folder.path / "keys" / "identity.pem").read_bytes(), None)

    def tenant(self) -> Tenant:
        """A new one, with a user who may have leads scored."""
        now, tenant, user = int(time.time()), str(uuid.uuid4()), str(uuid.uuid4())
        claims = {
            "iss": "brain", "aud": "brain", "sub": user, "iat": now, "exp": now + 3600,
            "jti": uuid.uuid4().hex, "tenant": tenant, "tenant_slug": tenant[:8], "roles": ["agent"], "scopes": SCOPES,
        }  # fmt: skip
        headers = {"kid": key_thumbprint(self._key), "typ": "JWT"}
        return Tenant(tenant, user, jwt.encode(claims, self._key, "EdDSA", headers))

    @contextlib.contextmanager
    def cpu(self, what: str, times: int) -> Iterator[None]:
        """Print what the block has cost each part, divided by `times`."""
        before = self._cpu_s()
        yield
        spent = {name: (after - before[name]) * 1000 / times for name, after in self._cpu_s().items()}
        parts = ", ".join(f"{name} {ms:.0f}" for name, ms in spent.items())
        print(f"  ms of CPU for each {what}: {sum(spent.values()):.0f} ({parts})")

    def _cpu_s(self) -> dict[str, float]:
        """Seconds of CPU of each part but PostgreSQL, whose processes come and go."""
        tick = os.sysconf("SC_CLK_TCK")
        found = {}
        for name in _PARTS:
            pid = component_pid(self._platform, name)
            if pid is not None:
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                found[name] = (int(fields[11]) + int(fields[12])) / tick
        return found

    async def ask(self, tenant: Tenant, query: str, variables: Any, **headers: str) -> tuple[Any, float]:
        """The data, and the seconds it took."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["authorization"] = f"Bearer {tenant.token}"
        began = time.perf_counter()
        response = await self._http.post("/graphql", json={"query": query, "variables": variables}, headers=sent)
        took = time.perf_counter() - began
        body = response.json()
        assert not body.get("errors"), body
        return body["data"], took

    async def admit(self, tenants: Sequence[Tenant]) -> None:
        """Have identity know them: a run is held against what who asked may do now."""
        connection = await asyncpg.connect(database_url(self._platform))
        try:
            for tenant in tenants:
                slug = f"t{tenant.id}"
                await connection.execute(
                    "insert into identity.tenants (id, slug, name, plan, locale) values ($1, $2, $2, 'growth', 'en')",
                    tenant.id, slug,
                )  # fmt: skip
                await connection.execute(
                    "insert into identity.users (id, email, name) values ($1, $2, 'A user')",
                    tenant.user, f"user@{slug}.example",
                )  # fmt: skip
                await connection.execute(
                    "insert into identity.memberships (tenant_id, user_id, role) values ($1, $2, 'agent')",
                    tenant.id, tenant.user,
                )  # fmt: skip
        finally:
            await connection.close()

    async def prepare(self, tenant: Tenant) -> None:
        """A pipeline, and a lead in it."""
        data, _ = await self.ask(tenant, PIPELINE, {"input": {"name": "Sales", "stages": STAGES, "makeDefault": True}})
        assert not data["createPipeline"]["errors"], data
        data, _ = await self.ask(
            tenant, LEAD, {"input": {"name": "A lead", "source": "WEBSITE", "email": "a@b.example"}}
        )
        assert not data["createLead"]["errors"], data
        tenant.lead = data["createLead"]["lead"]["id"]

    async def score(self, tenant: Tenant) -> tuple[str, float]:
        """Ask for a run and wait for nothing; its id and the seconds until it was accepted."""
        headers = {"idempotency_key": uuid.uuid4().hex, "prefer": "respond-async"}
        data, took = await self.ask(tenant, SCORE, {"id": tenant.lead}, **headers)
        return data["scoreLead"]["run"]["id"], took

    async def ended(self, asked: Sequence[tuple[Tenant, str]], began: float) -> list[float]:
        """The seconds from `began` until each of these runs had succeeded; each tenant is asked once a second."""
        wanted: dict[str, set[str]] = {}
        tenants = {tenant.id: tenant for tenant, _ in asked}
        for tenant, run_id in asked:
            wanted.setdefault(tenant.id, set()).add(run_id)
        took: dict[str, float] = {}

        async def watch(tenant: Tenant, open_: set[str]) -> None:
            while open_:
                data, _ = await self.ask(tenant, STATUSES, {})
                for edge in data["agentRuns"]["edges"]:
                    run = edge["node"]
                    if run["id"] in open_ and run["status"] in FINAL:
                        assert run["status"] == "SUCCEEDED", run
                        open_.discard(run["id"])
                        took[run["id"]] = time.perf_counter() - began
                await asyncio.sleep(1)

        await asyncio.gather(*(watch(tenants[name], open_) for name, open_ in wanted.items()))
        return [took[run_id] for _, run_id in asked]


def p95(seconds: Sequence[float]) -> float:
    """95th percentile."""
    return sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * 0.95))]


def shown(seconds: Sequence[float]) -> str:
    """Median and 95th percentile in milliseconds."""
    return f"p50 {statistics.median(seconds) * 1000:.0f} ms, p95 {p95(seconds) * 1000:.0f} ms"


async def cost_of_dispatch(bench: Bench, tenant: Tenant, rounds: int) -> None:
    """A plain mutation and an agent-backed one of the same subgraph, in turns, one at a time."""
    plain: list[float] = []
    backed: list[float] = []
    for number in range(rounds):
        given = {"input": {"id": tenant.lead, "name": f"A lead {number}"}}
        plain.append((await bench.ask(tenant, UPDATE, given))[1])
        run_id, took = await bench.score(tenant)
        backed.append(took)
        await bench.ended([(tenant, run_id)], 0)
    times = statistics.median(backed) / statistics.median(plain)
    print(f"plain mutation:         {shown(plain)}")
    print(f"agent-backed, accepted: {shown(backed)}, {times:.1f} times as long")


async def all_at_once(bench: Bench, tenants: list[Tenant], mutations: int) -> None:
    """That many at the same moment, evenly over the tenants: first plain ones, then agent-backed ones."""
    owners = [tenants[number % len(tenants)] for number in range(mutations)]
    print(f"{mutations} at once for {len(tenants)} tenants")
    with bench.cpu("plain mutation", mutations):
        given = [{"input": {"id": tenant.lead, "name": f"A lead {n}"}} for n, tenant in enumerate(owners)]
        answers = (bench.ask(tenant, UPDATE, values) for tenant, values in zip(owners, given, strict=True))
        plain = [took for _, took in await asyncio.gather(*answers)]
    began = time.perf_counter()
    with bench.cpu("accepted one", mutations):
        accepted = await asyncio.gather(*(bench.score(tenant) for tenant in owners))
    backed = [took for _, took in accepted]
    times = statistics.median(backed) / statistics.median(plain)
    print(f"  plain: {shown(plain)}\n  agent-backed, accepted: {shown(backed)}, {times:.1f} times as long")
    asked = [(tenant, run_id) for tenant, (run_id, _) in zip(owners, accepted, strict=True)]
    assert len({run_id for _, run_id in asked}) == mutations
    with bench.cpu("run", mutations):
        ends = await bench.ended(asked, began)
    print(f"  all succeeded, none was lost; {max(ends):.1f} s in all, {mutations / max(ends):.1f} runs/s")
    last: dict[str, float] = {}
    for tenant, end in zip(owners, ends, strict=True):
        last[tenant.id] = max(end, last.get(tenant.id, 0))
    print(f"  tenants had their last run after {min(last.values()):.1f} to {max(last.values()):.1f} s")


async def backlog_of_one(bench: Bench, tenants: list[Tenant], backlog: int) -> None:
    """Each tenant but one asks for a run: alone, then behind a backlog of that one. How much longer do they wait?"""
    heavy, others = tenants[0], tenants[1:]

    async def one_of_each() -> list[float]:
        began = time.perf_counter()
        asked = await asyncio.gather(*(bench.score(tenant) for tenant in others))
        return await bench.ended([(tenant, run_id) for tenant, (run_id, _) in zip(others, asked, strict=True)], began)

    alone = await one_of_each()
    began = time.perf_counter()
    accepted = await asyncio.gather(*(bench.score(heavy) for _ in range(backlog)))
    late = time.perf_counter() - began
    light, ends = await asyncio.gather(one_of_each(), bench.ended([(heavy, run_id) for run_id, _ in accepted], began))
    before = sum(end < late for end in ends)
    meanwhile = sum(end < late + max(light) for end in ends) - before
    print(f"a backlog of {backlog} runs of one tenant: {max(ends):.1f} s in all, {before} done when the others came")
    print(f"  {len(others)} others, a run each, without it: ended {shown(alone)}")
    print(f"  behind it: ended {shown(light)}, {p95(light) / p95(alone):.1f} times as long")
    print(f"  meanwhile {meanwhile} of the backlog ended, {backlog - before - meanwhile} after them")


@contextlib.contextmanager
def unfair_temporal() -> Iterator[str]:
    """The address of a Temporal that hands out tasks as they came."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = TemporalServer(folder, free_port(), free_port(), fair=False)
        server.prepare()
        with (folder / "log").open("wb") as log:
            child = start(server.launch(), log)
        try:
            while not server.is_ready():
                time.sleep(0.1)
            yield server.address
        finally:
            end_group(child, server.launch())


async def measure(platform: Platform, tenants: int, mutations: int, rounds: int) -> None:
    """Everything, on one platform."""
    limits = httpx.Limits(max_connections=mutations + tenants)
    async with httpx.AsyncClient(base_url=platform.url, timeout=300, limits=limits, trust_env=False) as http:
        bench = Bench(platform, http)
        known = [bench.tenant() for _ in range(tenants)]
        await bench.admit(known)
        await asyncio.gather(*(bench.prepare(tenant) for tenant in known))
        await cost_of_dispatch(bench, known[0], rounds)
        await all_at_once(bench, known, mutations)
        await backlog_of_one(bench, known, mutations // 2)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.agents", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--tenants", type=int, default=10)
    parser.add_argument("--mutations", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=10, help="of the comparison with a plain mutation")
    parser.add_argument("--unfair", action="store_true", help="with a Temporal that takes no turns")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        settings: dict[str, str] = {}
        if options.unfair:
            settings["BRAIN_TEMPORAL_ADDRESS"] = stack.enter_context(unfair_temporal())
        platform = stack.enter_context(started(**settings))
        asyncio.run(measure(platform, options.tenants, options.mutations, options.rounds))


if __name__ == "__main__":
    main()
