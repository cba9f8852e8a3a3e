"""A backtest in plain loops, bar by bar, with an account of cash and units: what the fast one is held against."""

import math
from dataclasses import dataclass
from statistics import fmean, pstdev

from subgraphs.trading.domain.signals import TOLERANCE
from subgraphs.trading.domain.strategies import (
    Breakout,
    BuyAndHold,
    MeanReversion,
    Momentum,
    MovingAverageCrossover,
    Rule,
)

Bars = list[tuple[float, float, float, float]]
"""Open, high, low, close."""


@dataclass
class Trade:
    entry: int
    direction: int
    quantity: float
    entry_price: float
    money: float
    exit: int = -1
    exit_price: float = math.nan
    profit: float = math.nan
    is_open: bool = True


@dataclass
class Slow:
    decisions: list[int]
    equity: list[float]
    trades: list[Trade]
    ruined: bool = False


def decisions_of(rule: Rule, bars: Bars) -> list[int]:
    """Told one bar after another: it cannot look ahead."""
    made: list[int] = []
    seen: Bars = []
    state = 0
    for bar in bars:
        seen.append(bar)
        state = next_state(rule, seen, state)
        made.append(state)
    return made


def next_state(rule: Rule, seen: Bars, state: int) -> int:
    if isinstance(rule, BuyAndHold):
        return 1
    if isinstance(rule, Breakout):
        return broken_out(rule, seen, state)
    if isinstance(rule, MeanReversion):
        return reverted(rule, [bar[3] for bar in seen], state)
    ahead, edge = lead_of(rule, [bar[3] for bar in seen])
    if ahead > edge:
        return 1
    return -1 if rule.allow_short and ahead < -edge else 0


def lead_of(rule: MovingAverageCrossover | Momentum, closes: list[float]) -> tuple[float, float]:
    """By how much it is ahead, and how much is needed."""
    if isinstance(rule, MovingAverageCrossover):
        if len(closes) < rule.slow:
            return 0.0, 0.0
        slow = fmean(closes[-rule.slow :])
        return fmean(closes[-rule.fast :]) - slow, TOLERANCE * slow
    if len(closes) <= rule.lookback:
        return 0.0, 0.0
    return closes[-1] / closes[-1 - rule.lookback] - 1, rule.threshold + TOLERANCE


def reverted(rule: MeanReversion, closes: list[float], state: int) -> int:
    if len(closes) < rule.window:
        return 0
    mean, deviation = fmean(closes[-rule.window :]), pstdev(closes[-rule.window :])
    slack = TOLERANCE * mean
    if deviation <= slack:
        return state
    away, far, near = closes[-1] - mean, rule.entry * deviation + slack, rule.exit * deviation - slack
    if away < -far:
        return 1
    if away > far:
        return -1 if rule.allow_short else 0
    if (state == 1 and away >= -near) or (state == -1 and away <= near):
        return 0
    return state


def broken_out(rule: Breakout, seen: Bars, state: int) -> int:
    close = seen[-1][3]

    def above(window: int) -> bool:
        return len(seen) > window and close > max(bar[1] for bar in seen[-1 - window : -1])

    def below(window: int) -> bool:
        return len(seen) > window and close < min(bar[2] for bar in seen[-1 - window : -1])

    if above(rule.entry_window):
        return 1
    if below(rule.entry_window) and rule.allow_short:
        return -1
    if (state == 1 and below(rule.exit_window)) or (state == -1 and above(rule.exit_window)):
        return 0
    return state


def run(rule: Rule, bars: Bars, money: float, commission: float, slippage: float) -> Slow:
    result = Slow(decisions_of(rule, bars), [], [])
    cash, units = money, 0.0
    trade: Trade | None = None
    wanted = 0
    for place, (opening, _, _, close) in enumerate(bars):
        if result.ruined:
            result.equity.append(0.0)
            continue
        now = 0 if trade is None else trade.direction
        if wanted != now:
            if trade is not None:
                price = opening * (1 - now * slippage)
                cash += units * price - abs(units) * price * commission
                units = 0.0
                close_trade(trade, place, price, cash)
                trade = None
                if cash <= 0:
                    ruin(result, result.trades[-1])
                    continue
            if wanted != 0:
                price = opening * (1 + wanted * slippage)
                quantity = cash / (price * (1 + commission)) if wanted > 0 else cash / price
                trade = Trade(place, wanted, quantity, price, cash)
                result.trades.append(trade)
                units = wanted * quantity
                cash -= units * price + quantity * price * commission
        worth = cash + units * close
        if worth <= 0 and trade is not None:
            close_trade(trade, place, close, worth)
            ruin(result, trade)
            trade = None
            continue
        result.equity.append(worth)
        wanted = result.decisions[place]
    if trade is not None:
        close_trade(trade, len(bars) - 1, bars[-1][3], result.equity[-1])
        trade.is_open = True
    return result


def close_trade(trade: Trade, place: int, price: float, money: float) -> None:
    trade.exit, trade.exit_price, trade.profit, trade.is_open = place, price, money - trade.money, False


def ruin(result: Slow, trade: Trade) -> None:
    result.ruined = True
    trade.profit = -trade.money
    result.equity.append(0.0)
