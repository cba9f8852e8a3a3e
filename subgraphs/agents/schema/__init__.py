"""The GraphQL schema of agents: `schema`."""

import strawberry

from resolvers.schema import build_schema
from subgraphs.agents.schema.catalogue import CatalogueMutation, CatalogueQuery
from subgraphs.agents.schema.crew_list import CrewQuery
from subgraphs.agents.schema.crews import CrewMutation
from subgraphs.agents.schema.documents import DocumentMutation, DocumentQuery
from subgraphs.agents.schema.inputs import SCALARS
from subgraphs.agents.schema.integrations import IntegrationMutation
from subgraphs.agents.schema.internal import InternalMutation
from subgraphs.agents.schema.mutations import PublicMutation
from subgraphs.agents.schema.query import READ, RunQuery
from subgraphs.agents.schema.schedules import ScheduleMutation, ScheduleQuery
from subgraphs.agents.schema.secrets import SecretMutation, SecretQuery
from subgraphs.agents.schema.standing import StandingQuery
from subgraphs.agents.schema.subscription import Subscription

__all__ = ["schema"]


@strawberry.type
class Query(RunQuery, CrewQuery, DocumentQuery, CatalogueQuery, ScheduleQuery, SecretQuery, StandingQuery):
    pass


@strawberry.type
class Mutation(
    PublicMutation,
    CrewMutation,
    IntegrationMutation,
    DocumentMutation,
    CatalogueMutation,
    ScheduleMutation,
    SecretMutation,
    InternalMutation,
):
    pass


schema = build_schema(
    query=Query, mutation=Mutation, subscription=Subscription, entity_scopes={"AgentRun": READ}, scalars=SCALARS
)
