"""The storefront as it runs, and tenants that only one test knows."""

import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from subgraphs.storefront.seed import demo_product, demo_variant

SUPPLIER = {
    "name": "Somebody",
    "countryCode": "pt",
    "timeZone": "Europe/Lisbon",
    "cutoff": "14:00",
    "workingDays": ["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY"],
    "handlingDays": 1,
    "transitMinDays": 2,
    "transitMaxDays": 4,
}


@dataclass(frozen=True)
class Tenant:
    """A tenant that nobody else uses, and a user of it."""

    storefront: Any
    id: UUID
    user: UUID

    async def call(self, query: str, variables: dict[str, Any] | None = None, **caller: Any) -> dict[str, Any]:
        found: dict[str, Any] = await self.storefront.call(
            query, variables, **{"tenant": self.id, "user": self.user, **caller}
        )
        return found

    async def data(self, query: str, variables: dict[str, Any] | None = None, **caller: Any) -> dict[str, Any]:
        body = await self.call(query, variables, **caller)
        assert "errors" not in body, body["errors"]
        data: dict[str, Any] = body["data"]
        return data

    async def mutate(self, field: str, kind: str, selection: str, caller: Any = None, **values: Any) -> Any:
        """The payload of a mutation that takes one `input`."""
        query = (
            f"mutation ($input: {kind}!) {{ {field}(input: $input) {{ {selection} errors {{ __typename code message"
            " ... on InvalidInputError { path } } } }"
        )
        return (await self.data(query, {"input": values}, **(caller or {})))[field]

    async def supplier(self, **values: Any) -> str:
        payload = await self.mutate("addSupplier", "AddSupplierInput", "supplier { id }", **{**SUPPLIER, **values})
        assert payload["errors"] == []
        return str(payload["supplier"]["id"])

    async def offer(self, supplier_id: str, **values: Any) -> Any:
        given = {
            "supplierId": supplier_id,
            "productId": demo_product(126),
            "variantId": demo_variant(126),
            "supplierSku": uuid.uuid4().hex[:8],
            "currency": "USD",
            "unitCost": "10.00",
        }
        selection = "offer { id version landedCost { amount currency } asin supplier { name } }"
        return await self.mutate("addSupplierOffer", "AddSupplierOfferInput", selection, **{**given, **values})


@pytest.fixture(scope="session")
async def storefront(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    """The storefront with the demo data, which tests only read; those that write make a tenant of their own."""
    return await start_subgraph("storefront")


@pytest.fixture
def tenant(storefront: Any) -> Tenant:
    return Tenant(storefront, uuid.uuid4(), uuid.uuid4())
