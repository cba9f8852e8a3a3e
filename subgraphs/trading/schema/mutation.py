"""The root of what can be changed."""

import strawberry

from subgraphs.trading.schema.market_data import MarketDataMutation

__all__ = ["Mutation"]


@strawberry.type
class Mutation(MarketDataMutation):
    pass
