from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from resolvers.context import RequestContext
from subgraphs.campaigns.usecases import telling
from subgraphs.campaigns.usecases.telling import ChangedContact
from tests.subgraphs.conftest import ALL_SCOPES

CAMPAIGN = "campaign { id status version recipients sendAt failureCode }"
KINDS = {
    "deleteCampaign": "CampaignIdInput",
    "planCampaign": "CampaignIdInput",
    "withdrawCampaign": "CampaignIdInput",
    "cancelCampaign": "CampaignIdInput",
    "unsubscribeFromCampaigns": "UnsubscribeInput",
}


@dataclass(frozen=True)
class Tenant:
    """A tenant that only one test knows."""

    subgraph: Any
    id: UUID

    async def data(self, query: str, variables: dict[str, Any] | None = None, **caller: Any) -> dict[str, Any]:
        data: dict[str, Any] = await self.subgraph.data(query, variables, tenant=self.id, **caller)
        return data

    async def mutate(self, field: str, selection: str, run: UUID | None = None, **values: Any) -> dict[str, Any]:
        """The payload of the mutation `field`, with its errors; on behalf of `run`."""
        kind = KINDS.get(field, field[0].upper() + field[1:] + "Input")
        query = f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ {selection} errors {{ code message }} }} }}"
        caller = {} if run is None else {"claims": {"run": str(run)}, "scopes": [*ALL_SCOPES, "agents:run"]}
        payload: dict[str, Any] = (await self.data(query, {"input": values}, **caller))[field]
        return payload

    async def done(self, field: str, selection: str, run: UUID | None = None, **values: Any) -> dict[str, Any]:
        """The payload of a mutation that is not refused."""
        payload = await self.mutate(field, selection, run, **values)
        assert payload["errors"] == []
        return payload

    def session(self) -> Any:
        """A transaction of the tenant's."""
        return self.subgraph.database.session(RequestContext.system(self.id))

    async def people(self, *addresses: str | None, **values: Any) -> list[UUID]:
        """Contacts, as crm tells of them."""
        ids = [uuid4() for _ in addresses]
        async with self.session() as session:
            for number, (contact_id, email) in enumerate(zip(ids, addresses, strict=True)):
                named = {"name": f"Person {number}", "company": None, "job_title": None, **values}
                made = datetime(2026, 1, 1, tzinfo=UTC)
                await telling.note_contact(
                    session, ChangedContact(contact_id, email=email, version=1, created_at=made, **named)
                )
        return ids

    async def segment(self, source: str = "email is set") -> str:
        """A segment's id."""
        payload = await self.done("createSegment", "segment { id }", name=f"Segment {uuid4()}", filter=source)
        return str(payload["segment"]["id"])

    async def campaign(self, source: str = "email is set", *weights: int, **values: Any) -> str:
        """The id of a draft that is complete."""
        given = {
            "name": f"Campaign {uuid4()}",
            "sender": "news@acme.example",
            "unsubscribeUrl": "https://acme.example/unsubscribe",
            "segmentId": await self.segment(source),
            **values,
        }
        made = await self.done("createCampaign", "campaign { id }", **given)
        campaign_id = str(made["campaign"]["id"])
        for number, weight in enumerate(weights or (1,)):
            await self.done(
                "addCampaignVariant",
                "variant { id }",
                campaignId=campaign_id,
                name=f"V{number}",
                subject="For {{ contact.firstName }}",
                body="Hello {{ contact.name }}. {{ unsubscribeUrl }}",
                weight=weight,
            )
        return campaign_id


@pytest.fixture(scope="session")
async def campaigns(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    """The subgraph with the demo data, which tests only read; those that write make a tenant of their own."""
    return await start_subgraph("campaigns")


@pytest.fixture
def tenant(campaigns: Any) -> Tenant:
    return Tenant(campaigns, uuid4())
