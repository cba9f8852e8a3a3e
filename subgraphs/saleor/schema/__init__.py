"""The shop's GraphQL API: `schema.graphql`, a strict subset of Saleor's, and its resolvers."""

from functools import cache
from pathlib import Path

from ariadne import ObjectType, make_executable_schema
from graphql import GraphQLSchema

from subgraphs.saleor.schema import accounts, catalogue, checkout, entities, orders, products, scalars
from subgraphs.saleor.schema.execution import guard
from subgraphs.saleor.schema.nodes import Fields

__all__ = ["SDL_FILE", "executable", "sdl"]

SDL_FILE = Path(__file__).parent / "schema.graphql"

# Federation 1 leaves these out of the SDL that a subgraph tells.
_FEDERATION = """
    directive @key(fields: String!) repeatable on OBJECT
    extend type Query {
        _entities(representations: [_Any]): [_Entity]
        _service: _Service
    }
"""


@cache
def sdl() -> str:
    """The SDL as `_service` tells it, of Federation 1."""
    return SDL_FILE.read_text()


@cache
def executable() -> GraphQLSchema:
    """The schema with its resolvers."""
    service = ObjectType("Query")
    service.set_field("_service", lambda *_: {"sdl": sdl()})
    schema = make_executable_schema(
        [sdl(), _FEDERATION],
        *catalogue.TYPES,
        *products.TYPES,
        *accounts.TYPES,
        *checkout.TYPES,
        *orders.TYPES,
        *entities.TYPES,
        *scalars.TYPES,
        service,
        Fields(),
    )
    guard(schema)
    return schema
