"""The GraphQL schema of `identity`."""

from resolvers.schema import SubgraphSchema, build_schema
from subgraphs.identity.schema.mutations import Mutation
from subgraphs.identity.schema.queries import Query
from subgraphs.identity.schema.types import Account, Tenant

__all__ = ["identity_schema"]


def identity_schema() -> SubgraphSchema:
    """The schema, federation v2.11."""
    return build_schema(
        query=Query,
        mutation=Mutation,
        types=[Tenant, Account],
        entity_scopes={"Account": "identity:read"},
    )
