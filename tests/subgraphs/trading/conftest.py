from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

INSTRUMENT = "instrument { id symbol name kind currency venue tickSize lotSize active version }"


@dataclass(frozen=True)
class Tenant:
    """A tenant that only one test knows."""

    subgraph: Any
    id: UUID

    async def data(self, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
        data: dict[str, Any] = await self.subgraph.data(query, variables, tenant=self.id)
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

    async def instrument(self, **values: Any) -> dict[str, Any]:
        """A new instrument."""
        given = {"symbol": f"S{uuid4().hex[:8]}", "name": "Share", "kind": "EQUITY", "currency": "USD", **values}
        payload = await self.done("createInstrument", INSTRUMENT, **given)
        instrument: dict[str, Any] = payload["instrument"]
        return instrument

    async def import_days(self, instrument_id: str, *rows: str, first: int = 1) -> dict[str, Any]:
        """Bars of days of January 2026 from `first` on: `open,high,low,close`. The report."""
        lines = [f"2026-01-{first + place:02},{row}" for place, row in enumerate(rows)]
        csv = "\n".join(["time,open,high,low,close", *lines])
        payload = await self.done("importBars", "report { added }", instrumentId=instrument_id, interval="DAY", csv=csv)
        report: dict[str, Any] = payload["report"]
        return report


@pytest.fixture(scope="session")
async def trading(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    """The subgraph with the demo data, which tests only read; those that write make a tenant of their own."""
    return await start_subgraph("trading")


@pytest.fixture
def tenant(trading: Any) -> Tenant:
    return Tenant(trading, uuid4())
