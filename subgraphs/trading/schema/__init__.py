"""Trading's part of the graph."""

from resolvers.scalars import SCALARS
from resolvers.schema import SubgraphSchema, build_schema
from subgraphs.trading.schema.arguments import READ
from subgraphs.trading.schema.mutation import Mutation
from subgraphs.trading.schema.query import Query
from subgraphs.trading.schema.subscription import Subscription

__all__ = ["schema"]

_ENTITIES = ("Backtest", "Instrument", "Portfolio", "TradeOrder", "TradingStrategy")

schema: SubgraphSchema = build_schema(
    query=Query,
    mutation=Mutation,
    subscription=Subscription,
    entity_scopes=dict.fromkeys(_ENTITIES, READ),
    scalars=SCALARS,
)
