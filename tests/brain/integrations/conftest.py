"""Crews of integrations with the connector and the contract server."""

from tests.brain.catalogue.conftest import clock, make_connector, server, stored
from tests.brain.crews.conftest import crewai_storage, provider, story

__all__ = ["clock", "crewai_storage", "make_connector", "provider", "server", "stored", "story"]
