"""crewai for tests: imported once in a session, with a folder of its own, as a worker imports it."""

import importlib
import warnings
from pathlib import Path

import pytest

from brain.crews.runtime.environment import prepare

__all__ = ["crewai_folder"]

_FOLDER: list[Path] = []


def crewai_folder(factory: pytest.TempPathFactory) -> Path:
    """Where it writes; imports it at the first call. It warns of itself."""
    if not _FOLDER:
        folder = factory.mktemp("crewai")
        prepare(folder)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            importlib.import_module("brain.crews.runtime.assembly")
        _FOLDER.append(folder)
    return _FOLDER[0]
