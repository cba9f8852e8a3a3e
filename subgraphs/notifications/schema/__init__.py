"""The GraphQL schema of notifications: `schema`."""

from resolvers.schema import build_schema
from subgraphs.notifications.schema.mutations import Mutation
from subgraphs.notifications.schema.query import READ, Query
from subgraphs.notifications.schema.types import Notification

__all__ = ["schema"]

schema = build_schema(query=Query, mutation=Mutation, types=[Notification], entity_scopes={"Notification": READ})
