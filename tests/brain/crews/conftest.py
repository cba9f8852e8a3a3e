from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.brain.crews.loaded import crewai_folder
from tests.brain.crews.openai_server import Provider, serving
from tests.brain.crews.world import Story


@pytest.fixture(scope="session", autouse=True)
def crewai_storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """crewai, imported once."""
    return crewai_folder(tmp_path_factory)


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """A language model's provider on loopback."""
    async with serving() as running:
        yield running
