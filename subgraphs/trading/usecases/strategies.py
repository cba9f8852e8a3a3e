"""Making and changing strategies, and what they say now."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID, uuid4

from resolvers.errors import check_version
from resolvers.session import TenantSession
from subgraphs.trading.domain.errors import StrategyNotFound
from subgraphs.trading.domain.signals import decide
from subgraphs.trading.domain.strategies import Rule, Strategy, changed_strategy, new_strategy
from subgraphs.trading.domain.values import BarInterval
from subgraphs.trading.repository import series, strategies
from subgraphs.trading.repository.bars import BarRange

__all__ = ["MAX_SIGNALS", "Signal", "create_strategy", "delete_strategy", "signals_of", "update_strategy"]

MAX_SIGNALS: Final = 20
_LOOK_BACK: Final = 1500


@dataclass(frozen=True, slots=True)
class Signal:
    """What a strategy holds of an instrument after its newest bar.

    Attributes:
        decision: 1 long, 0 nothing, -1 short; None without bars.
        at: opening of the newest bar.
        changed_at: opening of the bar at whose close it decided so; None if it did so at all that were looked at.
    """

    instrument_id: UUID
    decision: int | None
    at: datetime | None
    changed_at: datetime | None


async def create_strategy(session: TenantSession, name: str, description: str, rule: Rule) -> Strategy:
    """A new one."""
    strategy = new_strategy(uuid4(), name, description, rule, datetime.now(UTC))
    await strategies.add_strategy(session, strategy)
    return strategy


async def update_strategy(
    session: TenantSession, strategy_id: UUID, expected_version: int | None, **changes: Any
) -> Strategy:
    """The strategy with another name, description or rule, or put away."""
    strategy = await _locked(session, strategy_id, expected_version)
    strategy = changed_strategy(strategy, datetime.now(UTC), **changes)
    await strategies.change_strategy(session, strategy)
    return strategy


async def delete_strategy(session: TenantSession, strategy_id: UUID, expected_version: int | None) -> None:
    """Deletes one without backtests."""
    await _locked(session, strategy_id, expected_version)
    await strategies.remove_strategy(session, strategy_id)


async def signals_of(
    session: TenantSession, strategy_id: UUID, instrument_ids: Sequence[UUID], interval: BarInterval
) -> list[Signal]:
    """What a strategy says of instruments by their newest bars; two statements for all."""
    (strategy,) = await strategies.find_strategies(session, [strategy_id])
    if strategy is None:
        raise StrategyNotFound
    found = await series.newest_series(session, instrument_ids, BarRange(interval), _LOOK_BACK)
    rule = strategy.rule
    return await asyncio.to_thread(
        lambda: [_signal(rule, instrument_id, found[instrument_id]) for instrument_id in instrument_ids]
    )


def _signal(rule: Rule, instrument_id: UUID, bars: series.Series) -> Signal:
    if not len(bars):
        return Signal(instrument_id, None, None, None)
    decisions = decide(rule, bars.prices).tolist()
    same = 0
    while same < len(decisions) and decisions[-1 - same] == decisions[-1]:
        same += 1
    changed_at = None if same == len(decisions) else bars.at[len(decisions) - same]
    return Signal(instrument_id, decisions[-1], bars.at[-1], changed_at)


async def _locked(session: TenantSession, strategy_id: UUID, expected_version: int | None) -> Strategy:
    strategy = await strategies.strategy_for_update(session, strategy_id)
    if strategy is None:
        raise StrategyNotFound
    check_version(strategy.version, expected_version)
    return strategy
