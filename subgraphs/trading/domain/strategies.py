"""Strategies as data: a kind, and parameters of that kind. What they decide is in `signals`.

All look at the bars that have closed, and say at each close what to hold from the next opening on: all of the money
long, all of it short (if `allow_short`), or nothing.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from enum import Enum
from typing import Any, Final
from uuid import UUID

from resolvers.errors import InvalidValue
from resolvers.values import checked_text

__all__ = [
    "Breakout",
    "BuyAndHold",
    "MeanReversion",
    "Momentum",
    "MovingAverageCrossover",
    "Rule",
    "Strategy",
    "StrategyKind",
    "changed_strategy",
    "kind_of",
    "new_strategy",
    "parameters_of",
    "rule_of",
]

LONGEST_WINDOW: Final = 500


class StrategyKind(Enum):
    """What a strategy goes by."""

    MOVING_AVERAGE_CROSSOVER = "ma_crossover"
    MEAN_REVERSION = "mean_reversion"
    MOMENTUM = "momentum"
    BREAKOUT = "breakout"
    BUY_AND_HOLD = "buy_and_hold"


@dataclass(frozen=True, slots=True)
class MovingAverageCrossover:
    """Long while the mean of the last `fast` closes is above that of the last `slow`; short while it is below."""

    fast: int
    slow: int
    allow_short: bool = False

    def check(self) -> None:
        """Raises: InvalidValue."""
        _whole("fast", self.fast, 1, LONGEST_WINDOW)
        _whole("slow", self.slow, 2, LONGEST_WINDOW)
        if self.fast >= self.slow:
            raise InvalidValue("fast", "must be less than slow")


@dataclass(frozen=True, slots=True)
class MeanReversion:
    """Bets on the way back to the mean of the last `window` closes.

    Long from when the close is `entry` standard deviations below it until it is less than `exit` below; short the
    other way round.
    """

    window: int
    entry: float
    exit: float
    allow_short: bool = False

    def check(self) -> None:
        """Raises: InvalidValue."""
        _whole("window", self.window, 2, LONGEST_WINDOW)
        _real("entry", self.entry, 0, 10)
        _real("exit", self.exit, 0, 10)
        if self.exit >= self.entry:
            raise InvalidValue("exit", "must be less than entry")


@dataclass(frozen=True, slots=True)
class Momentum:
    """Long while the close is more than `threshold` (a fraction) above that of `lookback` bars before; short below."""

    lookback: int
    threshold: float = 0.0
    allow_short: bool = False

    def check(self) -> None:
        """Raises: InvalidValue."""
        _whole("lookback", self.lookback, 1, LONGEST_WINDOW)
        _real("threshold", self.threshold, 0, 10)


@dataclass(frozen=True, slots=True)
class Breakout:
    """Long from a close above the highs of the `entry_window` bars before, to one below the lows of `exit_window`.

    Short the other way round.
    """

    entry_window: int
    exit_window: int
    allow_short: bool = False

    def check(self) -> None:
        """Raises: InvalidValue."""
        _whole("entryWindow", self.entry_window, 1, LONGEST_WINDOW)
        _whole("exitWindow", self.exit_window, 1, LONGEST_WINDOW)


@dataclass(frozen=True, slots=True)
class BuyAndHold:
    """Long from the first bar on: what others are measured by."""

    allow_short: bool = False

    def check(self) -> None:
        """Nothing can be wrong."""


Rule = MovingAverageCrossover | MeanReversion | Momentum | Breakout | BuyAndHold

_KINDS: Final[dict[StrategyKind, type[Rule]]] = {
    StrategyKind.MOVING_AVERAGE_CROSSOVER: MovingAverageCrossover,
    StrategyKind.MEAN_REVERSION: MeanReversion,
    StrategyKind.MOMENTUM: Momentum,
    StrategyKind.BREAKOUT: Breakout,
    StrategyKind.BUY_AND_HOLD: BuyAndHold,
}


def kind_of(rule: Rule) -> StrategyKind:
    """Of which kind a rule is."""
    return next(kind for kind, cls in _KINDS.items() if cls is type(rule))


def parameters_of(rule: Rule) -> dict[str, Any]:
    """As they are stored."""
    return asdict(rule)


def rule_of(kind: StrategyKind, parameters: Mapping[str, Any]) -> Rule:
    """A rule from how it is stored."""
    cls = _KINDS[kind]
    return cls(**{field.name: parameters[field.name] for field in fields(cls) if field.name in parameters})


@dataclass(frozen=True, slots=True)
class Strategy:
    """A row of `trading.strategies`, without its tenant.

    Attributes:
        name: the tenant's only one, whatever its case.
        archived: not offered any more; its backtests stay.
    """

    id: UUID
    name: str
    description: str
    kind: StrategyKind
    parameters: Mapping[str, Any]
    archived: bool
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def rule(self) -> Rule:
        """What it goes by."""
        return rule_of(self.kind, self.parameters)


def new_strategy(strategy_id: UUID, name: str, description: str, rule: Rule, now: datetime) -> Strategy:
    """A strategy at version 1.

    Raises:
        InvalidValue: a text or a parameter breaks its rule.
    """
    rule.check()
    return Strategy(
        id=strategy_id,
        name=checked_text("name", name, 100),
        description=checked_text("description", description, 2000, least=0),
        kind=kind_of(rule),
        parameters=parameters_of(rule),
        archived=False,
        version=1,
        created_at=now,
        updated_at=now,
    )


def changed_strategy(
    strategy: Strategy,
    now: datetime,
    *,
    name: str | None,
    description: str | None,
    rule: Rule | None,
    archived: bool | None,
) -> Strategy:
    """The strategy with what is given changed, one version on. Backtests keep the rule that they were made with.

    Raises:
        InvalidValue: a text or a parameter breaks its rule.
    """
    if rule is not None:
        rule.check()
        strategy = replace(strategy, kind=kind_of(rule), parameters=parameters_of(rule))
    return replace(
        strategy,
        name=strategy.name if name is None else checked_text("name", name, 100),
        description=strategy.description
        if description is None
        else checked_text("description", description, 2000, least=0),
        archived=strategy.archived if archived is None else archived,
        version=strategy.version + 1,
        updated_at=now,
    )


def _whole(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise InvalidValue(name, f"must be from {least} to {most}")


def _real(name: str, value: float, least: float, most: float) -> None:
    if not math.isfinite(value) or not least <= value <= most:
        raise InvalidValue(name, f"must be from {least:g} to {most:g}")
