"""The root of what can be changed."""

import strawberry

from subgraphs.trading.schema.backtests import BacktestMutation
from subgraphs.trading.schema.broker import BrokerMutation
from subgraphs.trading.schema.market_data import MarketDataMutation
from subgraphs.trading.schema.proposals import ProposalMutation
from subgraphs.trading.schema.strategies import StrategyMutation

__all__ = ["Mutation"]


@strawberry.type
class Mutation(MarketDataMutation, StrategyMutation, BacktestMutation, BrokerMutation, ProposalMutation):
    pass
