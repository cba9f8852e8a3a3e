"""Trades that a crew of agents proposes, and a person approves."""

# ruff: noqa: A002 (the names of GraphQL arguments)

import strawberry

from resolvers.agent_fields import AgentPayload, AgentRisk, agent_mutation
from resolvers.errors import InvalidValue
from resolvers.ids import parse_id
from resolvers.operation import Info
from subgraphs.trading import loaders
from subgraphs.trading.domain.errors import InstrumentNotFound, PortfolioNotFound, StrategyNotFound
from subgraphs.trading.repository.instruments import find_instruments
from subgraphs.trading.schema.arguments import WRITE
from subgraphs.trading.schema.portfolios import Portfolio
from subgraphs.trading.usecases.strategies import MAX_SIGNALS

__all__ = ["ProposalMutation"]


@strawberry.input(description="For which portfolio, by which strategy.")
class ProposeTradesInput:
    portfolio_id: strawberry.ID = strawberry.field(description="Of the portfolio.")
    strategy_id: strawberry.ID = strawberry.field(description="Of the strategy whose signals are followed.")
    instrument_ids: list[strawberry.ID] = strawberry.field(
        description=f"1 to {MAX_SIGNALS} instruments, each once; no others are traded."
    )


@strawberry.type(description="Answer of `proposeTrades`. The orders that are proposed are the run's actions.")
class ProposeTradesPayload(AgentPayload):
    portfolio: Portfolio | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type
class ProposalMutation:
    @agent_mutation(
        ProposeTradesPayload,
        crew="trade_proposal",
        risk=AgentRisk.MONEY,
        wait_seconds=5,
        scope=WRITE,
        description="Let the crew `trade_proposal` propose orders by the signals of a strategy. Each is placed "
        "(`placeOrder`) once a person has approved it, who is not the one who asked.",
    )
    async def propose_trades(self, info: Info, input: ProposeTradesInput) -> ProposeTradesPayload:
        context = info.context
        portfolio = await context.load(loaders.portfolio_by_id, parse_id(input.portfolio_id, "input", "portfolioId"))
        if portfolio is None:
            raise PortfolioNotFound
        strategy_id = parse_id(input.strategy_id, "input", "strategyId")
        if await context.load(loaders.strategy_by_id, strategy_id) is None:
            raise StrategyNotFound
        ids = [parse_id(each, "input", "instrumentIds") for each in input.instrument_ids]
        if not 1 <= len(ids) <= MAX_SIGNALS or len(set(ids)) < len(ids):
            raise InvalidValue("instrumentIds", f"must be 1 to {MAX_SIGNALS}, each once")
        if None in await find_instruments(context.session, ids):
            raise InstrumentNotFound
        return ProposeTradesPayload(portfolio=Portfolio.of(portfolio))
