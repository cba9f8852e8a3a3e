from base64 import b64encode
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from resolvers.context import RequestContext

DE = "A1PA6795UKMFR9"
CANDIDATE = """id asin status title currency unitPrice shippingPrice inStock offerCount marginPercent note version
  productId variantId sku sellingPrice sellingCurrency findings { aspect verdict note } evaluation { id }"""
COSTS = {
    "currency": "EUR",
    "sellingPrice": "29.99",
    "purchaseCurrency": "EUR",
    "purchasePrice": "12.00",
    "shippingCost": "1.00",
    "salesTaxPercent": "19",
    "dutyPercent": "3.2",
    "importTaxPercent": "19",
    "fulfilmentFee": "2.50",
    "returnsPercent": "3",
}


def variant(number: int) -> str:
    """The shop's id of a variant."""
    return b64encode(f"ProductVariant:{number}".encode()).decode()


PRODUCT = "UHJvZHVjdDox"
V1, V2 = variant(1), variant(2)


@dataclass(frozen=True)
class Tenant:
    """A tenant that only one test knows."""

    subgraph: Any
    id: UUID

    async def data(self, query: str, variables: dict[str, Any] | None = None, **caller: Any) -> dict[str, Any]:
        data: dict[str, Any] = await self.subgraph.data(query, variables, tenant=self.id, **caller)
        return data

    async def mutate(self, field: str, selection: str, **values: Any) -> dict[str, Any]:
        """The payload of the mutation `field`, with its errors."""
        kind = field[0].upper() + field[1:] + "Input"
        shown = f"{selection} errors {{ code ... on InvalidInputError {{ path }} }}"
        query = f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ {shown} }} }}"
        payload: dict[str, Any] = (await self.data(query, {"input": values}))[field]
        return payload

    async def done(self, field: str, selection: str, **values: Any) -> dict[str, Any]:
        """As `mutate`, of what is not refused."""
        payload = await self.mutate(field, selection, **values)
        assert payload["errors"] == []
        return payload

    async def refused(self, field: str, **values: Any) -> str:
        """The code of why it is refused."""
        payload = await self.mutate(field, "__typename", **values)
        (error,) = payload["errors"]
        code: str = error["code"]
        return code

    async def found(self, asin: str = "B000000001", price: str | None = "12.00", **values: Any) -> dict[str, Any]:
        """A new candidate."""
        product = {"asin": asin, "title": f"Product {asin}", "unitPrice": price, **values}
        payload = await self.done(
            "recordSourcingCandidates", f"candidates {{ {CANDIDATE} }}", marketplaceId=DE, products=[product]
        )
        candidate: dict[str, Any] = payload["candidates"][0]
        return candidate

    async def evaluated(self, asin: str = "B000000001", **costs: Any) -> dict[str, Any]:
        """A candidate with an evaluation."""
        found = await self.found(asin)
        payload = await self.done(
            "evaluateSourcingCandidate",
            f"candidate {{ {CANDIDATE} }}",
            candidateId=found["id"],
            costs={**COSTS, **costs},
        )
        candidate: dict[str, Any] = payload["candidate"]
        return candidate

    async def approved(self, asin: str = "B000000001", **costs: Any) -> dict[str, Any]:
        """A candidate that is approved."""
        found = await self.evaluated(asin, **costs)
        payload = await self.done(
            "approveSourcingCandidate",
            f"candidate {{ {CANDIDATE} }}",
            candidateId=found["id"],
            evaluationId=found["evaluation"]["id"],
            note="It sells.",
        )
        candidate: dict[str, Any] = payload["candidate"]
        return candidate

    async def listed(self, asin: str = "B000000001", variant: str = V1, **costs: Any) -> dict[str, Any]:
        """A candidate that is sold."""
        found = await self.approved(asin, **costs)
        payload = await self.done(
            "listSourcingCandidate",
            f"candidate {{ {CANDIDATE} }}",
            candidateId=found["id"],
            productId=PRODUCT,
            variantId=variant,
            sku=f"sku-{variant}",
        )
        candidate: dict[str, Any] = payload["candidate"]
        return candidate

    async def seen(self, **prices: str | None) -> dict[str, Any]:
        """What a marketplace asks now, by ASIN."""
        return await self.done(
            "recordSourcingSupply",
            f"seen changed {{ {CANDIDATE} }} proposals {{ id currentPrice proposedPrice reason version }}",
            marketplaceId=DE,
            observations=[{"asin": asin, "unitPrice": price} for asin, price in prices.items()],
        )

    async def told(self) -> list[Any]:
        """Name and data of the events that others are told of, in order."""
        async with self.subgraph.database.session(RequestContext.system(self.id)) as session:
            rows = await session.rows(text("select name, data from outbox order by position"))
        return [(row.name.partition(".")[2], row.data) for row in rows]


@pytest.fixture(scope="session")
async def sourcing(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    """The subgraph with the demo data, which tests only read; those that write make a tenant of their own."""
    return await start_subgraph("sourcing")


@pytest.fixture
def tenant(sourcing: Any) -> Tenant:
    return Tenant(sourcing, uuid4())
