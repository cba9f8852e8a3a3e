"""The GraphQL schema of crm: `schema`."""

from resolvers.schema import build_schema
from subgraphs.crm.schema.mutations import Mutation
from subgraphs.crm.schema.query import READ, Query
from subgraphs.crm.schema.references import Account, Business

__all__ = ["schema"]

schema = build_schema(
    query=Query,
    mutation=Mutation,
    types=[Account, Business],
    entity_scopes=dict.fromkeys(("Lead", "Contact", "CrmTask", "Account", "Business"), READ),
)
