"""Backtests, as the graph shows and makes them."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from collections.abc import Awaitable
from datetime import UTC, datetime
from enum import Enum
from typing import Annotated, Any, Self
from uuid import UUID

import strawberry

from resolvers.errors import BadUserInput
from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.pagination import After, Before, Connection, CountedConnection, First, Last, Window
from resolvers.permissions import requires
from subgraphs.trading import loaders
from subgraphs.trading.domain import backtests as domain
from subgraphs.trading.domain.backtests import MAX_POINTS, Terms
from subgraphs.trading.domain.metrics import thinned
from subgraphs.trading.domain.values import BarInterval
from subgraphs.trading.repository import backtests
from subgraphs.trading.repository.bars import BarRange
from subgraphs.trading.schema.arguments import INTERNAL, READ, WRITE, IdArgument, utc
from subgraphs.trading.schema.instruments import Instrument
from subgraphs.trading.schema.people import Account, user_of
from subgraphs.trading.schema.strategies import StrategyRule, TradingStrategy, rule_shown
from subgraphs.trading.usecases import backtests as usecases

__all__ = ["Backtest", "BacktestMutation", "BacktestQuery"]


@strawberry.enum(description="Which way a trade goes.")
class TradeDirection(Enum):
    LONG = strawberry.enum_value(1, description="Bought, then sold.")
    SHORT = strawberry.enum_value(-1, description="Sold, then bought.")


@strawberry.federation.type(
    tags=INTERNAL, description="How well it went. Fractions, not percent; a year has the bars that its market has."
)
class BacktestPerformance:
    total_return: float = strawberry.field(description="From the beginning to the end.")
    annualised_return: float = strawberry.field(description="The same by the year, compounded.")
    volatility: float = strawberry.field(description="Standard deviation of the bars' returns, by the year.")
    sharpe: float | None = strawberry.field(
        description="Mean return above the risk-free rate by its deviation, by the year; null if nothing varies."
    )
    sortino: float | None = strawberry.field(
        description="As `sharpe`, by the deviation of what falls short; null if nothing does."
    )
    max_drawdown: float = strawberry.field(description="The deepest fall from a height, 0 to 1.")
    win_rate: float | None = strawberry.field(description="Closed trades with a profit; null without any closed.")
    profit_factor: float | None = strawberry.field(description="Profits by losses of closed trades; null without loss.")
    exposure: float = strawberry.field(description="Share of bars with a position.")
    trade_count: int = strawberry.field(description="Closed trades.")


@strawberry.federation.type(tags=INTERNAL, description="Money at the close of a bar.")
class EquityPoint:
    at: datetime = strawberry.field(description="Opening of the bar.")
    money: float = strawberry.field(description="What it would have come to.")


@strawberry.federation.type(tags=INTERNAL, description="A trade of a backtest.")
class BacktestTrade:
    number: int = strawberry.field(description="Place among the trades, from 0.")
    direction: TradeDirection = strawberry.field(description="Which way.")
    entered_at: datetime = strawberry.field(description="Opening of the bar at which it began.")
    exited_at: datetime = strawberry.field(description="Opening of the bar at which it ended, or of the last one.")
    quantity: float = strawberry.field(description="Units.")
    entry_price: float = strawberry.field(description="With slippage.")
    exit_price: float = strawberry.field(description="With slippage; the last close of what is still open.")
    profit: float = strawberry.field(description="With all costs.")
    is_open: bool = strawberry.field(description="Whether it is still held at the end.")

    @classmethod
    def of(cls, trade: domain.BacktestTrade) -> Self:
        """As the domain has it."""
        values = {name: getattr(trade, name) for name in domain.BacktestTrade.__slots__ if name != "backtest_id"}
        return cls(**{**values, "direction": TradeDirection(trade.direction)})


@strawberry.federation.type(tags=INTERNAL, description="A page of trades, in their order.")
class BacktestTradeConnection(Connection[BacktestTrade]):
    pass


@strawberry.federation.type(
    keys=["id"], tags=INTERNAL, description="What a strategy would have done to money. An estimate, in plain numbers."
)
class Backtest:
    id: strawberry.ID = strawberry.field(description="Of the backtest.")
    rule: StrategyRule = strawberry.field(description="That the strategy had then.")
    interval: BarInterval = strawberry.field(description="Of its bars.")
    first_at: datetime = strawberry.field(description="Opening of the first bar.")
    last_at: datetime = strawberry.field(description="Opening of the last bar.")
    bars: int = strawberry.field(description="How many.")
    money: float = strawberry.field(description="At the beginning, in the instrument's currency.")
    commission_bps: float = strawberry.field(description="Of what changes hands, in hundredths of a percent.")
    slippage_bps: float = strawberry.field(description="By which prices are worse, in hundredths of a percent.")
    risk_free: float = strawberry.field(description="What money earns elsewhere in a year, as a fraction.")
    final_money: float = strawberry.field(description="At the end.")
    hold_return: float = strawberry.field(description="Total return of buying at once and holding, at these costs.")
    ruined: bool = strawberry.field(description="Whether all of the money was lost.")
    performance: BacktestPerformance = strawberry.field(description="How well it went.")
    requested_by: Account | None = strawberry.field(description="Who had it made.")
    created_at: datetime = strawberry.field(description="When it was made.")
    strategy_id: strawberry.Private[UUID]
    instrument_id: strawberry.Private[UUID]
    curve: strawberry.Private[list[list[float]]]

    @classmethod
    def of(cls, backtest: domain.Backtest) -> Self:
        """As the domain has it."""
        same = (
            "interval first_at last_at bars money commission_bps slippage_bps risk_free final_money hold_return ruined "
            "created_at strategy_id instrument_id curve"
        )
        values: dict[str, Any] = {name: getattr(backtest, name) for name in same.split()}
        return cls(
            id=wire_id(backtest.id),
            rule=rule_shown(backtest.rule),
            performance=BacktestPerformance(**backtest.performance),
            requested_by=user_of(backtest.requested_by),
            **values,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "Backtest | None":
        found = await info.context.load(loaders.backtest_by_id, parse_id(id, "id"))
        return None if found is None else cls.of(found)

    @strawberry.field(description="The strategy, as it is now.")
    async def strategy(self, info: Info) -> TradingStrategy | None:
        found = await info.context.load(loaders.strategy_by_id, self.strategy_id)
        return None if found is None else TradingStrategy.of(found)

    @strawberry.field(description="What it trades.")
    async def instrument(self, info: Info) -> Instrument | None:
        found = await info.context.load(loaders.instrument_by_id, self.instrument_id)
        return None if found is None else Instrument.of(found)

    @strawberry.field(description="Money over time, thinned so that heights and depths stay.")
    def equity_curve(
        self, points: Annotated[int, strawberry.argument(description=f"At most so many, 4 to {MAX_POINTS}.")] = 100
    ) -> list[EquityPoint]:
        if not 4 <= points <= MAX_POINTS:
            raise BadUserInput(f"`points` is from 4 to {MAX_POINTS}.", path=("points",))
        places = thinned([money for _, money in self.curve], points)
        chosen = (self.curve[place] for place in places)
        return [EquityPoint(at=datetime.fromtimestamp(at, UTC), money=money) for at, money in chosen]

    @strawberry.field(description="Its trades, in their order.")
    async def trades(
        self, info: Info, first: First = None, after: After = None, last: Last = None, before: Before = None
    ) -> BacktestTradeConnection:
        window = Window.of(backtests.BY_NUMBER, first=first, after=after, last=last, before=before)
        page = await info.context.load(loaders.trade_pages, UUID(self.id), window)
        return BacktestTradeConnection.of(page, BacktestTrade.of)


@strawberry.federation.type(tags=INTERNAL, description="A page of backtests, the newest first.")
class BacktestConnection(CountedConnection[Backtest]):
    pass


@strawberry.input(description="What to try on which bars, on which terms.")
class RunBacktestInput:
    strategy_id: strawberry.ID = strawberry.field(description="The strategy.")
    instrument_id: strawberry.ID = strawberry.field(description="What it trades.")
    interval: BarInterval = strawberry.field(default=BarInterval.DAY, description="Of which bars.")
    since: datetime | None = strawberry.field(default=None, description="Only bars that open then or later.")
    until: datetime | None = strawberry.field(default=None, description="Only bars that open before.")
    money: float = strawberry.field(default=10_000.0, description="At the beginning, from 1.")
    commission_bps: float = strawberry.field(
        default=10.0, description="Of what changes hands, in hundredths of a percent, 0 to 1000."
    )
    slippage_bps: float = strawberry.field(
        default=5.0, description="By which prices are worse than the opening, in hundredths of a percent, 0 to 1000."
    )
    risk_free: float = strawberry.field(
        default=0.0, description="What money earns elsewhere in a year, as a fraction, -1 to 1."
    )


@strawberry.input(description="What to delete.")
class DeleteBacktestInput:
    id: strawberry.ID = strawberry.field(description="Of the backtest.")


@strawberry.type(description="A backtest that was made.")
class BacktestPayload(MutationPayload):
    backtest: Backtest | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="What was deleted.")
class DeleteBacktestPayload(MutationPayload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type
class BacktestQuery:
    @strawberry.federation.field(
        tags=INTERNAL, description="The backtest with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def backtest(self, info: Info, id: IdArgument) -> Backtest | None:
        return await Backtest.resolve_reference(info, id)

    @strawberry.federation.field(
        tags=INTERNAL, description="The tenant's backtests, the newest first.", extensions=[requires(READ)]
    )
    async def backtests(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        strategy_id: Annotated[strawberry.ID | None, strawberry.argument(description="Of this strategy.")] = None,
        instrument_id: Annotated[strawberry.ID | None, strawberry.argument(description="Of this instrument.")] = None,
    ) -> BacktestConnection:
        session = info.context.session
        strategy = None if strategy_id is None else parse_id(strategy_id, "strategyId")
        instrument = None if instrument_id is None else parse_id(instrument_id, "instrumentId")
        window = Window.of(backtests.NEWEST_FIRST, first=first, after=after, last=last, before=before)
        page = await backtests.backtest_page(session, strategy, instrument, window)

        def count() -> Awaitable[int]:
            return backtests.count_backtests(session, strategy, instrument)

        return BacktestConnection.of(page, Backtest.of, count=count)


@strawberry.type
class BacktestMutation:
    @mutation(
        BacktestPayload,
        scope=WRITE,
        description="Tries a strategy on bars of the past. Decisions at a close are carried out at the next opening.",
    )
    async def run_backtest(self, info: Info, input: RunBacktestInput) -> BacktestPayload:
        wanted = BarRange(
            input.interval,
            None if input.since is None else utc(input.since),
            None if input.until is None else utc(input.until),
        )
        made = await usecases.run_backtest(
            info.context.session,
            parse_id(input.strategy_id, "input", "strategyId"),
            parse_id(input.instrument_id, "input", "instrumentId"),
            wanted,
            Terms(input.money, input.commission_bps, input.slippage_bps, input.risk_free),
        )
        return BacktestPayload(backtest=Backtest.of(made))

    @mutation(DeleteBacktestPayload, scope=WRITE, description="Deletes a backtest with its trades.")
    async def delete_backtest(self, info: Info, input: DeleteBacktestInput) -> DeleteBacktestPayload:
        backtest_id = parse_id(input.id, "input", "id")
        await usecases.delete_backtest(info.context.session, backtest_id)
        return DeleteBacktestPayload(deleted_id=wire_id(backtest_id))
