from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from resolvers.context import RequestContext
from subgraphs.analytics.domain.catalogue import RULES
from subgraphs.analytics.domain.rules import Observation, observe
from subgraphs.analytics.usecases.counting import count


@dataclass(frozen=True)
class Tenant:
    """A tenant that only one test knows."""

    subgraph: Any
    id: UUID

    async def data(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        data: dict[str, Any] = await self.subgraph.data(query, variables, tenant=self.id, scopes=["analytics:read"])
        return data

    async def code(self, query: str, variables: dict[str, Any] | None = None) -> str:
        """Of the one error that the query has."""
        body = await self.subgraph.call(query, variables, tenant=self.id, scopes=["analytics:read"])
        (error,) = body["errors"]
        return str(error["extensions"]["code"])

    async def count(self, *observations: Observation) -> int:
        async with self.subgraph.database.session(RequestContext.system(self.id)) as session:
            return await count(session, observations)

    def order(self, at: Any, **fields: Any) -> Observation:
        """An order of one line; `at` with its offset."""
        data = {
            "email": "ada@shop.example",
            "channel": "default",
            "lines": [{"name": "Beans", "sku": "b1", "quantity": 2, "product_id": "P"}],
            "total": "10.50",
            "currency": "EUR",
            "placed_at": str(at),
            **fields,
        }
        return self.observed("storefront.order_placed", data, at)

    def review(self, at: Any, rating: int = 4, **fields: Any) -> Observation:
        data = {"author_id": str(uuid4()), "business_name": "Café", "rating": rating, "posted_at": str(at), **fields}
        return self.observed("directory.review_posted", data, at)

    def stage(self, lead: str, at: Any, stage: str, status: str = "open") -> Observation:
        data = {"lead_id": lead, "stage_name": stage, "status": status, "entered_at": str(at)}
        return self.observed("crm.lead_entered_stage", data, at)

    def observed(self, event: str, data: dict[str, Any], at: Any) -> Observation:
        told_at = at if isinstance(at, datetime) else datetime.fromisoformat(at)
        return observe(RULES[event, 1], data, event_id=uuid4(), tenant_id=self.id, told_at=told_at)


def values(points: Sequence[dict[str, Any]]) -> list[Any]:
    return [point["value"] for point in points]


@pytest.fixture(scope="session")
async def analytics(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    """The subgraph with the demo data, which tests only read; those that write make a tenant of their own."""
    return await start_subgraph("analytics")


@pytest.fixture
def tenant(analytics: Any) -> Tenant:
    return Tenant(analytics, uuid4())
