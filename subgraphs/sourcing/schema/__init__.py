"""Sourcing's part of the graph."""

from resolvers.scalars import SCALARS
from resolvers.schema import SubgraphSchema, build_schema
from subgraphs.sourcing.schema.arguments import READ
from subgraphs.sourcing.schema.mutation import Mutation
from subgraphs.sourcing.schema.query import Query

__all__ = ["schema"]

_ENTITIES = ("DropshipOrder", "SourcingCandidate", "SourcingPriceProposal")

schema: SubgraphSchema = build_schema(
    query=Query, mutation=Mutation, entity_scopes=dict.fromkeys(_ENTITIES, READ), scalars=SCALARS
)
