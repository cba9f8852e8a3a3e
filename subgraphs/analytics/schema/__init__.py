"""The GraphQL schema of analytics: `schema`."""

from resolvers.scalars import SCALARS
from resolvers.schema import build_schema
from subgraphs.analytics.schema.arguments import READ
from subgraphs.analytics.schema.dashboards import Mutation
from subgraphs.analytics.schema.query import Query

__all__ = ["schema"]

schema = build_schema(query=Query, mutation=Mutation, entity_scopes={"Metric": READ}, scalars=SCALARS)
