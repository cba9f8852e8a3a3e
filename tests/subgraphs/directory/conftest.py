from collections.abc import Awaitable, Callable
from typing import Any

import pytest


@pytest.fixture(scope="session")
async def directory(start_subgraph: Callable[[str], Awaitable[Any]]) -> Any:
    """The directory, migrated and seeded. Tests that write use rows of their own."""
    return await start_subgraph("directory")
