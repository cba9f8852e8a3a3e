"""The GraphQL schema of content: `schema`."""

from resolvers.schema import build_schema
from resolvers.uploads import UPLOAD_SCALAR
from subgraphs.content.schema.blocks import BLOCK_TYPES
from subgraphs.content.schema.mutations import Mutation
from subgraphs.content.schema.query import Query

__all__ = ["schema"]

schema = build_schema(query=Query, mutation=Mutation, types=list(BLOCK_TYPES), scalars=UPLOAD_SCALAR)
