"""The catalogue of integrations and agents: a file made from the Brain's descriptions, the same for all tenants."""

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["CatalogueSettings", "integration_names", "load_catalogue"]


class CatalogueSettings(BaseSettings):
    """Where the catalogue is.

    Attributes:
        agent_catalogue_file: the JSON file (`BRAIN_AGENT_CATALOGUE_FILE`); by default that of the checkout.
    """

    model_config = SettingsConfigDict(env_prefix="BRAIN_", extra="ignore", frozen=True)

    agent_catalogue_file: Path = Path(__file__).parents[2] / "schema" / "agent-catalogue.json"


@lru_cache
def load_catalogue() -> dict[str, Any]:
    """The catalogue: `version`, `counts`, `patterns`, `integrations`, `agents`. Read once; not to be changed.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no JSON.
    """
    catalogue: dict[str, Any] = json.loads(CatalogueSettings().agent_catalogue_file.read_text())
    return catalogue


@lru_cache
def integration_names() -> frozenset[str]:
    """The names of all integrations."""
    return frozenset(integration["name"] for integration in load_catalogue()["integrations"])
