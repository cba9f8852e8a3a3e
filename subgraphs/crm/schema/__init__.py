"""The GraphQL schema of crm: `schema`."""

from resolvers.schema import build_schema
from subgraphs.crm.schema.mutations import Mutation
from subgraphs.crm.schema.query import READ, Query
from subgraphs.crm.schema.types import Business, User

__all__ = ["schema"]

schema = build_schema(
    query=Query,
    mutation=Mutation,
    types=[User, Business],
    entity_scopes=dict.fromkeys(("Lead", "Contact", "User", "Business"), READ),
)
