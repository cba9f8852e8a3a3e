"""The GraphQL schema of gaming: `schema`."""

from resolvers.schema import build_schema
from subgraphs.gaming.schema.mutations import Mutation
from subgraphs.gaming.schema.query import Query
from subgraphs.gaming.schema.subscription import Subscription
from subgraphs.gaming.schema.tags import READ
from subgraphs.gaming.schema.types import Account

__all__ = ["schema"]

schema = build_schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    types=[Account],
    entity_scopes=dict.fromkeys(
        ("Account", "Achievement", "Game", "GameSession", "Player", "Season", "Tournament", "TournamentMatch"), READ
    ),
)
