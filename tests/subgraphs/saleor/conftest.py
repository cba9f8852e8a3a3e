"""The stand-in as it runs, and callers of its shops."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest

from resolvers.demo import demo_email, demo_password
from subgraphs.saleor.seed.people import CUSTOMER_PASSWORD, app_token, customer_email
from tests.subgraphs.saleor.linked import Platform, linked
from tests.subgraphs.saleor.shop import Shop


@pytest.fixture(scope="session")
async def shops(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    """The stand-in, started."""
    return await start_subgraph("saleor")


@pytest.fixture
async def acme(shops: Any) -> Shop:
    """A shop, for anonymous callers."""
    return Shop(shops.client, "acme")


@pytest.fixture
async def globex(shops: Any) -> Shop:
    """Another tenant's shop."""
    return Shop(shops.client, "globex")


@pytest.fixture
def app(acme: Shop) -> Shop:
    """A shop, for the platform's app."""
    return acme.as_(app_token("acme"))


@pytest.fixture
async def admin(acme: Shop) -> Shop:
    """A shop, for its owner."""
    return await acme.log_in(demo_email("acme", "ada"), demo_password("acme", "ada"))


@pytest.fixture
async def customer(acme: Shop) -> Shop:
    """A shop, for its customer 6."""
    return await acme.log_in(customer_email("acme", 6), CUSTOMER_PASSWORD)


@pytest.fixture
async def platform(shops: Any) -> AsyncIterator[Platform]:
    """A router with links to the shops, and a proxy between."""
    async with linked(shops.client) as found:
        yield found
