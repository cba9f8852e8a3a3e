"""The GraphQL schema of campaigns: `schema`."""

from resolvers.schema import build_schema
from subgraphs.campaigns.schema.mutations import Mutation
from subgraphs.campaigns.schema.query import READ, Query

__all__ = ["schema"]

schema = build_schema(query=Query, mutation=Mutation, entity_scopes={"Campaign": READ, "Segment": READ})
