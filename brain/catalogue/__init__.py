"""The catalogue: which integrations and agents there are, as data; and one connector that talks to all of them."""

from brain.catalogue.descriptors import Agent, Catalogue, Integration, Operation, Risk
from brain.catalogue.loader import CatalogueError, load_catalogue

__all__ = ["Agent", "Catalogue", "CatalogueError", "Integration", "Operation", "Risk", "load_catalogue"]
