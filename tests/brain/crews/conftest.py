import importlib
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from brain.crews.runtime.environment import prepare
from tests.brain.crews.openai_server import Provider, serving
from tests.brain.crews.world import Story


@pytest.fixture(scope="session", autouse=True)
def crewai_storage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """crewai, imported once, as a worker imports it when it starts; it warns of itself."""
    folder = tmp_path_factory.mktemp("crewai")
    prepare(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("brain.crews.runtime.assembly")
    return folder


@pytest.fixture
def story() -> Story:
    return Story()


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """A language model's provider on loopback."""
    async with serving() as running:
        yield running
