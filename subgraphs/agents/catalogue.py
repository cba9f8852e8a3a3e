"""The catalogue of integrations and agents: a file made from the Brain's descriptions, the same for all tenants."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

__all__ = ["integration_names", "integration_of", "load_catalogue"]


_PLACE = Path("schema") / "agent-catalogue.json"


@lru_cache
def load_catalogue() -> dict[str, Any]:
    """The catalogue: `version`, `counts`, `patterns`, `integrations`, `agents`. Read once; not to be changed.

    It lies in the checkout; where this package is installed without one, below the working folder, as in the image.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no JSON.
    """
    beside = Path(__file__).parents[2] / _PLACE
    catalogue: dict[str, Any] = json.loads((beside if beside.is_file() else _PLACE).read_text())
    return catalogue


@lru_cache
def _integrations() -> dict[str, dict[str, Any]]:
    return {integration["name"]: integration for integration in load_catalogue()["integrations"]}


def integration_names() -> frozenset[str]:
    """The names of all integrations."""
    return frozenset(_integrations())


def integration_of(name: str) -> dict[str, Any] | None:
    """The entry of an integration; None if there is none. Not to be changed."""
    return _integrations().get(name)
