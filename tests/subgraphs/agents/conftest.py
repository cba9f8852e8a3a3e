from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import text

from brain.embedded.temporal import TemporalServer
from resolvers.context import RequestContext
from subgraphs.agents.app import create_app
from subgraphs.agents.workflows import TemporalSettings

OPEN = """
mutation ($input: OpenAgentRunInput!) {
  openAgentRun(input: $input) {
    isNew workflowId workflowInput refusal { code message } errors { code message }
    run { id status phase dryRun cost { budgetMicros reservedMicros spentMicros } }
  }
}
"""


@dataclass(frozen=True)
class Tenant:
    """A tenant that only one test knows, called for as the Brain, as a run's workflow, or as people."""

    agents: Any
    id: UUID = field(default_factory=uuid4)
    ada: UUID = field(default_factory=uuid4)
    ben: UUID = field(default_factory=uuid4)

    async def data(self, query: str, variables: dict[str, Any] | None = None, **caller: Any) -> dict[str, Any]:
        data: dict[str, Any] = await self.agents.data(
            query, variables, **{"tenant": self.id, "user": self.ada, **caller}
        )
        return data

    async def told(self, name: str) -> list[dict[str, Any]]:
        """What other contexts were told under this name, the first first."""
        async with self.agents.database.session(RequestContext.system(self.id)) as session:
            told = text("select data from outbox where name = :name order by position")
            return [row.data for row in await session.rows(told, {"name": name})]

    async def mutate(
        self, name: str, selection: str, /, caller: dict[str, Any] | None = None, **values: Any
    ) -> dict[str, Any]:
        """The payload of the mutation `name`, with its errors; by default as the Brain."""
        kind = {"recordAgentLlmCall": "LlmCall"}.get(name, name[0].upper() + name[1:]) + "Input"
        query = f"mutation ($input: {kind}!) {{ {name}(input: $input) {{ {selection} errors {{ code message }} }} }}"
        data = await self.data(query, {"input": values}, **(caller or {"scopes": ["internal"]}))
        return data[name]

    async def open(self, key: str = "", **values: Any) -> dict[str, Any]:
        """The payload of opening a run."""
        user = values.pop("user", self.ada)
        given = {
            "crew": "lead_scoring",
            "subgraph": "crm",
            "field": "scoreLead",
            "key": key or uuid4().hex,
            "risk": "WRITE",
            "arguments": {"leadId": "l1"},
            **values,
        }
        data = await self.data(OPEN, {"input": given}, scopes=["internal"], user=user)
        payload: dict[str, Any] = data["openAgentRun"]
        assert payload["errors"] == []
        return payload

    async def run(self, **values: Any) -> str:
        """The id of a new run."""
        run_id: str = (await self.open(**values))["run"]["id"]
        return run_id

    def workflow(self, run_id: str) -> dict[str, Any]:
        """As the run's own workflow, in good standing."""
        return {"scopes": ["agents:run", "agents:act"], "claims": {"run": run_id}}


@pytest.fixture(scope="session")
async def agents(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    """The subgraph with the demo data, which tests only read; those that write take a tenant of their own."""
    return await start_subgraph("agents")


@pytest.fixture
def tenant(agents: Any) -> Tenant:
    return Tenant(agents)


@pytest.fixture(scope="session")
async def with_temporal(agents: Any, temporal: TemporalServer) -> AsyncIterator[Any]:
    """The same subgraph with a real Temporal behind it."""
    app = create_app(agents.settings, TemporalSettings(temporal_address=temporal.address))
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://subgraph.test") as client:
            yield replace(agents, app=app, client=client)
