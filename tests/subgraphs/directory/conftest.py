import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest

from resolvers.context import RequestContext
from resolvers.session import TenantSession
from subgraphs.directory.domain.listings import Listing, RawListing
from subgraphs.directory.repository import categories, listings


@pytest.fixture(scope="session")
async def directory(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    """The directory, migrated and seeded. Tests that write use tenants of their own."""
    return await start_subgraph("directory")


@dataclass(frozen=True)
class NewTenant:
    """A tenant that nobody else uses, with one category."""

    id: UUID
    category_id: UUID
    directory: Any

    @property
    def context(self) -> RequestContext:
        return RequestContext.system(self.id)

    def listing(self, **changes: Any) -> Listing:
        raw = RawListing(
            name=f"Business {uuid.uuid4().hex[:8]}",
            category_id=self.category_id,
            street="Rua Um 1",
            postal_code="1000-001",
            city="Lisboa",
            country_code="PT",
            latitude=38.7,
            longitude=-9.1,
            time_zone="Europe/Lisbon",
            language="english",
        )
        return RawListing(**{**{name: getattr(raw, name) for name in raw.__slots__}, **changes}).checked()

    async def add(self, session: TenantSession, **changes: Any) -> UUID:
        return await listings.add(session, self.id, self.listing(**changes), "Things")

    async def add_one(self, **changes: Any) -> UUID:
        async with self.directory.database.session(self.context) as session:
            return await self.add(session, **changes)

    async def data(self, query: str, variables: dict[str, Any] | None = None, **caller: Any) -> Any:
        return await self.directory.data(query, variables, tenant=self.id, **{"user": uuid.uuid4(), **caller})

    async def call(self, query: str, variables: dict[str, Any] | None = None, **caller: Any) -> Any:
        return await self.directory.call(query, variables, tenant=self.id, **{"user": uuid.uuid4(), **caller})


@pytest.fixture
async def new_tenant(directory: Any) -> NewTenant:
    tenant_id = uuid.uuid4()
    async with directory.database.session(RequestContext.system(tenant_id)) as session:
        category = await categories.add(session, tenant_id, slug="things", name="Things")
    return NewTenant(tenant_id, category.id, directory)
