"""Strategies and what they say now, as the graph shows and takes them."""

# ruff: noqa: A002 (the names of GraphQL arguments)

from collections.abc import Awaitable
from datetime import datetime
from enum import Enum
from typing import Annotated, Self
from uuid import UUID

import strawberry

from resolvers.errors import BadUserInput, InvalidValue
from resolvers.ids import parse_id, wire_id
from resolvers.mutations import MutationPayload, mutation
from resolvers.operation import Info
from resolvers.pagination import After, Before, CountedConnection, First, Last, Window
from resolvers.permissions import requires
from subgraphs.trading import loaders
from subgraphs.trading.domain import strategies as domain
from subgraphs.trading.domain.strategies import StrategyKind
from subgraphs.trading.domain.values import BarInterval
from subgraphs.trading.repository import strategies
from subgraphs.trading.schema.arguments import INTERNAL, READ, WRITE, ExpectedVersion, IdArgument
from subgraphs.trading.schema.instruments import Instrument
from subgraphs.trading.usecases import strategies as usecases
from subgraphs.trading.usecases.strategies import MAX_SIGNALS, Signal

__all__ = ["StrategyMutation", "StrategyQuery", "StrategyRule", "TradingStrategy", "rule_shown"]

strawberry.enum(StrategyKind, description="What a strategy goes by.")

_SHORT = "Whether it also sells what it does not have."


@strawberry.enum(description="What a strategy holds.")
class TradingSignalKind(Enum):
    LONG = strawberry.enum_value(1, description="All of the money is in it.")
    FLAT = strawberry.enum_value(0, description="Nothing.")
    SHORT = strawberry.enum_value(-1, description="It is sold without being had.")


@strawberry.federation.type(
    tags=INTERNAL, description="Long while the mean of the last `fast` closes is above that of the last `slow`."
)
class MovingAverageCrossoverRule:
    fast: int = strawberry.field(description="Closes in the shorter mean.")
    slow: int = strawberry.field(description="Closes in the longer mean.")
    allow_short: bool = strawberry.field(description=_SHORT)


@strawberry.federation.type(
    tags=INTERNAL,
    description="Long from `entry` standard deviations below the mean of the last `window` closes to `exit` below it.",
)
class MeanReversionRule:
    window: int = strawberry.field(description="Closes in the mean.")
    entry: float = strawberry.field(description="Standard deviations at which it begins.")
    exit: float = strawberry.field(description="Standard deviations at which it ends.")
    allow_short: bool = strawberry.field(description=_SHORT)


@strawberry.federation.type(
    tags=INTERNAL, description="Long while the close is more than `threshold` above that of `lookback` bars before."
)
class MomentumRule:
    lookback: int = strawberry.field(description="Bars to look back.")
    threshold: float = strawberry.field(description="As a fraction: 0.02 is two percent.")
    allow_short: bool = strawberry.field(description=_SHORT)


@strawberry.federation.type(
    tags=INTERNAL,
    description="Long from a close above the highs of `entryWindow` bars to one below the lows of `exitWindow`.",
)
class BreakoutRule:
    entry_window: int = strawberry.field(description="Bars whose highs are to be passed.")
    exit_window: int = strawberry.field(description="Bars whose lows end it.")
    allow_short: bool = strawberry.field(description=_SHORT)


@strawberry.federation.type(tags=INTERNAL, description="Long from the first bar on.")
class BuyAndHoldRule:
    allow_short: bool = strawberry.field(description="Always false: it only buys.")


StrategyRule = Annotated[
    MovingAverageCrossoverRule | MeanReversionRule | MomentumRule | BreakoutRule | BuyAndHoldRule,
    strawberry.federation.union("StrategyRule", tags=list(INTERNAL), description="What a strategy goes by."),
]


def rule_shown(
    rule: domain.Rule,
) -> MovingAverageCrossoverRule | MeanReversionRule | MomentumRule | BreakoutRule | BuyAndHoldRule:
    """As the graph shows it."""
    values = domain.parameters_of(rule)
    match rule:
        case domain.MovingAverageCrossover():
            return MovingAverageCrossoverRule(**values)
        case domain.MeanReversion():
            return MeanReversionRule(**values)
        case domain.Momentum():
            return MomentumRule(**values)
        case domain.Breakout():
            return BreakoutRule(**values)
        case domain.BuyAndHold():
            return BuyAndHoldRule(**values)


@strawberry.federation.type(keys=["id"], tags=INTERNAL, description="When to hold something, as data.")
class TradingStrategy:
    id: strawberry.ID = strawberry.field(description="Of the strategy.")
    name: str = strawberry.field(description="Unique in the tenant, whatever its case.")
    description: str = strawberry.field(description="What it is for; may be empty.")
    kind: StrategyKind = strawberry.field(description="What it goes by.")
    rule: StrategyRule = strawberry.field(description="With its parameters.")
    archived: bool = strawberry.field(description="Whether it is put away.")
    version: int = strawberry.field(description="Counts changes; for expectedVersion.")
    created_at: datetime = strawberry.field(description="When it was made.")
    updated_at: datetime = strawberry.field(description="When it last changed.")

    @classmethod
    def of(cls, strategy: domain.Strategy) -> Self:
        """As the domain has it."""
        return cls(
            id=wire_id(strategy.id),
            name=strategy.name,
            description=strategy.description,
            kind=strategy.kind,
            rule=rule_shown(strategy.rule),
            archived=strategy.archived,
            version=strategy.version,
            created_at=strategy.created_at,
            updated_at=strategy.updated_at,
        )

    @classmethod
    async def resolve_reference(cls, info: Info, id: strawberry.ID) -> "TradingStrategy | None":
        found = await info.context.load(loaders.strategy_by_id, parse_id(id, "id"))
        return None if found is None else cls.of(found)


@strawberry.federation.type(tags=INTERNAL, description="A page of strategies.")
class TradingStrategyConnection(CountedConnection[TradingStrategy]):
    pass


@strawberry.federation.type(tags=INTERNAL, description="What a strategy says of an instrument by its newest bar.")
class TradingSignal:
    kind: TradingSignalKind | None = strawberry.field(
        description="What it holds from the next opening on; null without bars."
    )
    at: datetime | None = strawberry.field(description="Opening of the newest bar.")
    changed_at: datetime | None = strawberry.field(
        description="Opening of the bar at whose close it decided so; null if longer ago than the last 1,500 bars."
    )
    instrument_id: strawberry.Private[UUID]

    @classmethod
    def of(cls, signal: Signal) -> Self:
        """As the use case has it."""
        kind = None if signal.decision is None else TradingSignalKind(signal.decision)
        return cls(kind=kind, at=signal.at, changed_at=signal.changed_at, instrument_id=signal.instrument_id)

    @strawberry.field(description="Of which it says so; null if the tenant has no such instrument.")
    async def instrument(self, info: Info) -> Instrument | None:
        found = await info.context.load(loaders.instrument_by_id, self.instrument_id)
        return None if found is None else Instrument.of(found)


@strawberry.input(description="Long while the mean of the last `fast` closes is above that of the last `slow`.")
class MovingAverageCrossoverInput:
    fast: int = strawberry.field(description="1 to 500 closes, fewer than `slow`.")
    slow: int = strawberry.field(description="2 to 500 closes.")
    allow_short: bool = strawberry.field(default=False, description="Short while it is below.")


@strawberry.input(description="Bets on the way back to the mean of the last `window` closes.")
class MeanReversionInput:
    window: int = strawberry.field(description="2 to 500 closes.")
    entry: float = strawberry.field(description="Standard deviations at which it begins, above `exit`, at most 10.")
    exit: float = strawberry.field(default=0.0, description="Standard deviations at which it ends, from 0.")
    allow_short: bool = strawberry.field(default=False, description="Short above the mean.")


@strawberry.input(description="Long while the close is more than `threshold` above that of `lookback` bars before.")
class MomentumInput:
    lookback: int = strawberry.field(description="1 to 500 bars.")
    threshold: float = strawberry.field(default=0.0, description="A fraction from 0 to 10: 0.02 is two percent.")
    allow_short: bool = strawberry.field(default=False, description="Short while it is as much below.")


@strawberry.input(description="Long from a close above the highs of the last bars to one below their lows.")
class BreakoutInput:
    entry_window: int = strawberry.field(description="1 to 500 bars whose highs are to be passed.")
    exit_window: int = strawberry.field(description="1 to 500 bars whose lows end it.")
    allow_short: bool = strawberry.field(default=False, description="Short the other way round.")


@strawberry.input(description="Long from the first bar on.")
class BuyAndHoldInput:
    allow_short: bool = strawberry.field(default=False, description="Has no meaning: it only buys.")


@strawberry.input(description="What a strategy goes by: exactly one of these.")
class StrategyRuleInput:
    moving_average_crossover: MovingAverageCrossoverInput | None = strawberry.field(
        default=None, description="Two means of closes."
    )
    mean_reversion: MeanReversionInput | None = strawberry.field(default=None, description="Back to the mean.")
    momentum: MomentumInput | None = strawberry.field(default=None, description="What rises goes on rising.")
    breakout: BreakoutInput | None = strawberry.field(default=None, description="Out of the range of late.")
    buy_and_hold: BuyAndHoldInput | None = strawberry.field(default=None, description="What others are measured by.")

    def to_domain(self) -> domain.Rule:
        given = [each for each in vars(self).values() if each is not None]
        if len(given) != 1:
            raise InvalidValue("rule", "must have exactly one of its fields")
        match given[0]:
            case MovingAverageCrossoverInput() as rule:
                return domain.MovingAverageCrossover(**vars(rule))
            case MeanReversionInput() as rule:
                return domain.MeanReversion(**vars(rule))
            case MomentumInput() as rule:
                return domain.Momentum(**vars(rule))
            case BreakoutInput() as rule:
                return domain.Breakout(**vars(rule))
        return domain.BuyAndHold()


@strawberry.input(description="A new strategy.")
class CreateTradingStrategyInput:
    name: str = strawberry.field(description="1 to 100 characters, free in the tenant.")
    description: str = strawberry.field(default="", description="At most 2,000 characters.")
    rule: StrategyRuleInput = strawberry.field(description="What it goes by.")


@strawberry.input(description="Changes; what is left out stays. Backtests keep the rule that they were made with.")
class UpdateTradingStrategyInput:
    id: strawberry.ID = strawberry.field(description="Of the strategy.")
    name: str | None = strawberry.field(default=None, description="1 to 100 characters, free in the tenant.")
    description: str | None = strawberry.field(default=None, description="At most 2,000 characters.")
    rule: StrategyRuleInput | None = strawberry.field(default=None, description="Another one.")
    archived: bool | None = strawberry.field(default=None, description="Whether it is put away.")
    expected_version: int | None = strawberry.field(default=None, description=ExpectedVersion)


@strawberry.input(description="What to delete.")
class DeleteTradingStrategyInput:
    id: strawberry.ID = strawberry.field(description="Of the strategy; it must have no backtests.")
    expected_version: int | None = strawberry.field(default=None, description=ExpectedVersion)


@strawberry.type(description="A strategy as the mutation left it.")
class TradingStrategyPayload(MutationPayload):
    strategy: TradingStrategy | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type(description="What was deleted.")
class DeleteTradingStrategyPayload(MutationPayload):
    deleted_id: strawberry.ID | None = strawberry.field(default=None, description="Null if the mutation was refused.")


@strawberry.type
class StrategyQuery:
    @strawberry.federation.field(
        tags=INTERNAL, description="The strategy with this id, if the tenant has it.", extensions=[requires(READ)]
    )
    async def trading_strategy(self, info: Info, id: IdArgument) -> TradingStrategy | None:
        return await TradingStrategy.resolve_reference(info, id)

    @strawberry.federation.field(
        tags=INTERNAL, description="The tenant's strategies, by name.", extensions=[requires(READ)]
    )
    async def trading_strategies(
        self,
        info: Info,
        first: First = None,
        after: After = None,
        last: Last = None,
        before: Before = None,
        archived: Annotated[bool, strawberry.argument(description="Those that are put away, too.")] = False,
    ) -> TradingStrategyConnection:
        session = info.context.session
        window = Window.of(strategies.BY_NAME, first=first, after=after, last=last, before=before)
        page = await strategies.strategy_page(session, window, archived=archived)

        def count() -> Awaitable[int]:
            return strategies.count_strategies(session, archived=archived)

        return TradingStrategyConnection.of(page, TradingStrategy.of, count=count)

    @strawberry.federation.field(
        tags=INTERNAL,
        description="What a strategy says of instruments by their newest bars, in the order of the ids.",
        extensions=[requires(READ)],
    )
    async def trading_signals(
        self,
        info: Info,
        strategy_id: Annotated[strawberry.ID, strawberry.argument(description="Of the strategy.")],
        instrument_ids: Annotated[
            list[strawberry.ID], strawberry.argument(description=f"At most {MAX_SIGNALS} instruments, each once.")
        ],
        interval: Annotated[BarInterval, strawberry.argument(description="Of which bars.")] = BarInterval.DAY,
    ) -> list[TradingSignal]:
        ids = [parse_id(each, "instrumentIds") for each in instrument_ids]
        if len(ids) > MAX_SIGNALS or len(set(ids)) < len(ids):
            raise BadUserInput(f"Give at most {MAX_SIGNALS} instruments, each once.", path=("instrumentIds",))
        strategy = parse_id(strategy_id, "strategyId")
        found = await usecases.signals_of(info.context.session, strategy, ids, interval)
        return [TradingSignal.of(signal) for signal in found]


@strawberry.type
class StrategyMutation:
    @mutation(TradingStrategyPayload, scope=WRITE, description="Makes a strategy.")
    async def create_trading_strategy(self, info: Info, input: CreateTradingStrategyInput) -> TradingStrategyPayload:
        made = await usecases.create_strategy(
            info.context.session, input.name, input.description, input.rule.to_domain()
        )
        return TradingStrategyPayload(strategy=TradingStrategy.of(made))

    @mutation(TradingStrategyPayload, scope=WRITE, description="Changes a strategy, or puts it away.")
    async def update_trading_strategy(self, info: Info, input: UpdateTradingStrategyInput) -> TradingStrategyPayload:
        changed = await usecases.update_strategy(
            info.context.session,
            parse_id(input.id, "input", "id"),
            input.expected_version,
            name=input.name,
            description=input.description,
            rule=None if input.rule is None else input.rule.to_domain(),
            archived=input.archived,
        )
        return TradingStrategyPayload(strategy=TradingStrategy.of(changed))

    @mutation(DeleteTradingStrategyPayload, scope=WRITE, description="Deletes a strategy without backtests.")
    async def delete_trading_strategy(
        self, info: Info, input: DeleteTradingStrategyInput
    ) -> DeleteTradingStrategyPayload:
        strategy_id = parse_id(input.id, "input", "id")
        await usecases.delete_strategy(info.context.session, strategy_id, input.expected_version)
        return DeleteTradingStrategyPayload(deleted_id=wire_id(strategy_id))
