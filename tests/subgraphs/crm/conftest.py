from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from resolvers.context import RequestContext
from subgraphs.crm.usecases.members import JoinedMember, note_joined

NEW_PIPELINE = """
mutation ($input: CreatePipelineInput!) {
  createPipeline(input: $input) { errors { code message } pipeline { id version stages { id name status } } }
}
"""


@dataclass(frozen=True)
class Tenant:
    """A tenant that only one test knows, with the pipeline Idea, Talk | Won, Lost."""

    crm: Any
    id: UUID
    pipeline: str
    stages: dict[str, str]

    async def data(self, query: str, variables: dict[str, Any] | None = None, **caller: Any) -> dict[str, Any]:
        data: dict[str, Any] = await self.crm.data(query, variables, tenant=self.id, **caller)
        return data

    async def mutate(self, field: str, selection: str, **values: Any) -> dict[str, Any]:
        """The payload of the mutation `field`, with its errors."""
        kind = field[0].upper() + field[1:] + "Input"
        query = (
            f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ {selection} errors {{ __typename code message"
            " ... on InvalidInputError { path } } } }"
        )
        payload: dict[str, Any] = (await self.data(query, {"input": values}))[field]
        return payload

    async def lead(self, name: str = "Ada Byron", **values: Any) -> dict[str, Any]:
        """A new lead."""
        payload = await self.mutate(
            "createLead", "lead { id version email status }", name=name, source="WEBSITE", **values
        )
        assert payload["errors"] == []
        lead: dict[str, Any] = payload["lead"]
        return lead

    async def member(self) -> str:
        """A new member of the tenant."""
        account_id = uuid4()
        async with self.crm.database.session(RequestContext.system(self.id)) as session:
            await note_joined(session, JoinedMember(account_id, datetime.now(UTC)))
        return str(account_id)

    async def contact(self, name: str = "Ada Byron", **values: Any) -> dict[str, Any]:
        """A new contact."""
        payload = await self.mutate("createContact", "contact { id version }", name=name, **values)
        assert payload["errors"] == []
        contact: dict[str, Any] = payload["contact"]
        return contact


@pytest.fixture(scope="session")
async def crm(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    """The subgraph with the demo data, which tests only read; those that write make a tenant of their own."""
    return await start_subgraph("crm")


@pytest.fixture(scope="session")
def new_tenant(crm: Any) -> Callable[[], Awaitable[Tenant]]:
    async def make() -> Tenant:
        tenant_id = uuid4()
        stages = [
            {"name": "Idea", "status": "OPEN", "probability": 10},
            {"name": "Talk", "status": "OPEN", "probability": 50},
            {"name": "Won", "status": "WON"},
            {"name": "Lost", "status": "LOST"},
        ]
        data = await crm.data(NEW_PIPELINE, {"input": {"name": "Sales", "stages": stages}}, tenant=tenant_id)
        pipeline = data["createPipeline"]["pipeline"]
        assert pipeline, data
        return Tenant(crm, tenant_id, pipeline["id"], {stage["name"]: stage["id"] for stage in pipeline["stages"]})

    return make


@pytest.fixture
async def tenant(new_tenant: Callable[[], Awaitable[Tenant]]) -> Tenant:
    return await new_tenant()
