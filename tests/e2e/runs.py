"""A client of agent-backed mutations that does not give up: what it asks for, it asks for until it is told."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import httpx

from brain.embedded.data_folder import find_data_folder
from brain.embedded.postgres import PostgresServer

from .conftest import LOG_IN, Platform

SCORE = """
mutation ($id: ID!) {
  scoreLead(input: {leadId: $id}) { run { id status } lead { id score } errors { code message } }
}
"""
RUN = """
query ($id: ID!) {
  agentRun(id: $id) {
    status phase progress error { code message }
    actions { index status argumentsHash outcome }
  }
}
"""
DECIDE = """
mutation ($input: DecideAgentActionInput!) { decideAgentAction(input: $input) { errors { code message } } }
"""
FINAL = ("SUCCEEDED", "REJECTED", "FAILED", "CANCELLED")


def database_url(platform: Platform) -> str:
    """The owner's URL of the platform's own PostgreSQL."""
    folder = find_data_folder(platform.data_dir)
    assert folder is not None
    port = folder.noted_port("postgres")
    assert port is not None
    return PostgresServer(folder.server_folder("postgres"), port, folder.secret("postgres")).url


def component_pid(platform: Platform, name: str) -> int | None:
    """Of a component, as the supervisor has noted it; None while it is away."""
    found = json.loads((platform.data_dir / "state.json").read_text())["components"].get(name, {}).get("pid")
    return None if found is None else int(found)


@dataclass
class Client:
    """Asks as demo users, and asks again where there was no answer."""

    platform: Platform
    http: httpx.AsyncClient
    patience_s: float = 120.0
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)

    async def token(self, user: str) -> str:
        known = self.tokens.get(user)
        if known is None or time.monotonic() - known[1] > 300:
            key, tenant = user.split("@")
            given = {"email": f"{key}@{tenant}.example", "password": f"demo-{tenant}-{key}"}
            data = await self.until(LOG_IN, {"input": given})
            known = self.tokens[user] = data["logIn"]["tokens"]["accessToken"], time.monotonic()
        return known[0]

    async def ask(
        self, query: str, variables: dict[str, Any], user: str | None = None, **headers: str
    ) -> httpx.Response:
        """One request, as it is answered."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if user is not None:
            sent["authorization"] = f"Bearer {await self.token(user)}"
        return await self.http.post("/graphql", json={"query": query, "variables": variables}, headers=sent)

    async def until(self, query: str, variables: dict[str, Any], user: str | None = None, **headers: str) -> Any:
        """The data of the first answer without errors."""
        deadline, last = time.monotonic() + self.patience_s, ""
        while time.monotonic() < deadline:
            try:
                response = await self.ask(query, variables, user, **headers)
                last = response.text
                body = response.json()
                if response.status_code == 200 and not body.get("errors"):
                    return body["data"]
            except (httpx.HTTPError, ValueError) as error:
                last = repr(error)
            await asyncio.sleep(0.3)
        raise AssertionError(f"no answer in {self.patience_s} s: {last}")

    async def run(self, run_id: str, user: str) -> Any:
        """The run, now."""
        return (await self.until(RUN, {"id": run_id}, user))["agentRun"]

    async def waiting(self, run_id: str, user: str) -> Any:
        """The run, once it waits for a person or has ended."""
        return await self.when(run_id, user, ("WAITING_FOR_APPROVAL", *FINAL))

    async def ended(self, run_id: str, user: str) -> Any:
        """The run, once it has ended."""
        return await self.when(run_id, user, FINAL)

    async def when(self, run_id: str, user: str, statuses: tuple[str, ...]) -> Any:
        """The run, once it is in one of these states."""
        deadline = time.monotonic() + self.patience_s
        while time.monotonic() < deadline:
            run = await self.run(run_id, user)
            if run["status"] in statuses:
                return run
            await asyncio.sleep(0.2)
        raise AssertionError(f"{run_id} is {run} after {self.patience_s} s")

    async def decide(self, run_id: str, run: Any, user: str, decision: str = "APPROVE") -> None:
        """Decide all that is proposed, until the run has it."""
        for action in run["actions"]:
            if action["status"] != "PROPOSED":
                continue
            given = {
                "runId": run_id,
                "index": action["index"],
                "decision": decision,
                "argumentsHash": action["argumentsHash"],
            }
            deadline, codes = time.monotonic() + self.patience_s, []
            while time.monotonic() < deadline:
                answer = await self.until(DECIDE, {"input": given}, user)
                codes = [error["code"] for error in answer["decideAgentAction"]["errors"]]
                if not codes or set(codes) <= {"ALREADY_DECIDED", "AGENT_RUN_OVER"}:
                    break
                await asyncio.sleep(0.3)
            else:
                raise AssertionError(f"{run_id} cannot be decided: {codes}")


async def open_leads(platform: Platform, tenant_id: object) -> list[str]:
    """Ids of leads that can be scored."""
    connection = await asyncpg.connect(database_url(platform))
    try:
        rows = await connection.fetch(
            "select l.id from crm.leads l join crm.stages s on s.id = l.stage_id"
            " where l.tenant_id = $1 and l.closed_at is null order by l.id",
            tenant_id,
        )
    finally:
        await connection.close()
    return [str(row["id"]) for row in rows]


async def scores_of(platform: Platform, run_ids: list[str]) -> dict[str, int]:
    """Run -> how many scores it has written, in the database."""
    connection = await asyncpg.connect(database_url(platform))
    try:
        rows = await connection.fetch(
            "select run_id, count(*) as n from crm.lead_scores where run_id = any($1::uuid[]) group by run_id", run_ids
        )
    finally:
        await connection.close()
    found = {str(row["run_id"]): int(row["n"]) for row in rows}
    return {run_id: found.get(run_id, 0) for run_id in run_ids}
