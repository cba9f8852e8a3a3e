"""The directory's part of the graph."""

from resolvers.schema import SubgraphSchema, build_schema
from resolvers.uploads import UPLOAD_SCALAR
from subgraphs.directory.schema.categories import BusinessCategory
from subgraphs.directory.schema.mutation import Mutation
from subgraphs.directory.schema.query import Query
from subgraphs.directory.schema.types import Business, Review

__all__ = ["schema"]

schema: SubgraphSchema = build_schema(
    query=Query,
    mutation=Mutation,
    scalars=UPLOAD_SCALAR,
    types=[Business, BusinessCategory, Review],
)
