"""The backtesting engine: no look-ahead, and the same as a plain loop."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from resolvers.errors import InvalidValue
from subgraphs.trading.domain.backtest import Costs, simulate
from subgraphs.trading.domain.signals import Prices
from subgraphs.trading.domain.strategies import (
    Breakout,
    BuyAndHold,
    MeanReversion,
    Momentum,
    MovingAverageCrossover,
    StrategyKind,
    kind_of,
    parameters_of,
    rule_of,
)
from tests.subgraphs.trading import slow

SHORT = st.booleans()
RULES = st.one_of(
    st.tuples(st.integers(1, 5), st.integers(1, 6), SHORT).map(
        lambda made: MovingAverageCrossover(made[0], made[0] + made[1], made[2])
    ),
    st.tuples(st.integers(2, 8), st.sampled_from([0.5, 1.0, 1.5]), st.sampled_from([0.0, 0.25]), SHORT).map(
        lambda made: MeanReversion(*made)
    ),
    st.builds(Momentum, st.integers(1, 5), st.sampled_from([0.0, 0.02]), SHORT),
    st.builds(Breakout, st.integers(1, 5), st.integers(1, 8), SHORT),
    st.just(BuyAndHold()),
)


@st.composite
def bars(draw: st.DrawFn, least: int = 2) -> slow.Bars:
    """Prices in whole cents, calm or wild, with ties; a few that more than double, which ruins whoever is short."""
    steps = draw(st.lists(st.tuples(st.integers(-6, 6), st.integers(-6, 6)), min_size=least, max_size=60))
    scale = draw(st.sampled_from([0.0, 0.01, 0.2]))
    price, made = 100.0, []
    for gap, move in steps:
        opening = max(0.01, round(price * (1 + scale * gap / 6), 2))
        price = min(1e5, max(0.01, round(opening * (1 + scale * 2 * move / 6), 2)))
        made.append((opening, round(max(opening, price) + 0.01, 2), round(min(opening, price), 2), price))
    return made


def prices(made: slow.Bars) -> Prices:
    return Prices(*(np.array(column, dtype=float) for column in zip(*made, strict=True)))


@given(RULES, bars(least=3), bars(), st.data())
@settings(max_examples=80)
def test_no_future_bar_changes_a_decision_or_money_before_it(rule, made, others, data):
    now = data.draw(st.integers(0, len(made) - 2))
    future = data.draw(st.sampled_from([made[: now + 1], made[: now + 1] + others, made[: now + 1] + made[:now:-1]]))
    if len(future) < 2:
        future = future * 2
    costs = Costs(0.001, 0.002)
    one, other = (simulate(rule, prices(each), 1000.0, costs) for each in (made, future))
    until = now + 1
    assert one.decisions[:until].tolist() == other.decisions[:until].tolist()
    assert one.held[:until].tolist() == other.held[:until].tolist()
    assert one.equity[:until].tolist() == other.equity[:until].tolist()
    begun = [
        [
            (int(e), int(d), float(p), float(q))
            for e, d, p, q in zip(t.entry, t.direction, t.entry_price, t.quantity, strict=True)
            if e < until
        ]
        for t in (one.trades, other.trades)
    ]
    assert begun[0] == begun[1]


@given(RULES, bars(), st.sampled_from([0.0, 0.001, 0.1]), st.sampled_from([0.0, 0.0005, 0.05]))
@settings(max_examples=120)
def test_it_comes_to_what_a_plain_loop_comes_to(rule, made, commission, slippage):
    fast = simulate(rule, prices(made), 1000.0, Costs(commission, slippage))
    plain = slow.run(rule, made, 1000.0, commission, slippage)
    assert fast.decisions.tolist() == plain.decisions
    assert fast.ruined == plain.ruined
    np.testing.assert_allclose(fast.equity, plain.equity, rtol=1e-9, atol=1e-9)
    assert len(fast.trades) == len(plain.trades)
    for name in ("entry", "exit", "direction", "is_open"):
        assert getattr(fast.trades, name).tolist() == [getattr(trade, name) for trade in plain.trades], name
    for name in ("quantity", "entry_price", "exit_price", "profit"):
        expected = [getattr(trade, name) for trade in plain.trades]
        np.testing.assert_allclose(getattr(fast.trades, name), expected, rtol=1e-8, atol=1e-7, err_msg=name)


def test_a_trade_is_made_at_the_next_opening_with_its_costs():
    # Up at the second close: bought at the third opening, 110 and one percent; down at the fourth: sold at 90 less one.
    made = [(100, 100, 100, 100), (101, 105, 100, 105), (110, 112, 108, 112), (100, 101, 95, 96), (90, 92, 88, 91)]
    done = simulate(Momentum(1), prices([tuple(map(float, bar)) for bar in made]), 1000.0, Costs(0.02, 0.01))
    assert done.decisions.tolist() == [0, 1, 1, 0, 0]
    assert done.held.tolist() == [0, 0, 1, 1, 0]
    quantity = 1000 / (110 * 1.01 * 1.02)
    money = quantity * 90 * 0.99 * 0.98
    assert done.equity.tolist() == pytest.approx([1000, 1000, quantity * 112, quantity * 96, money])
    assert done.trades.profit.tolist() == pytest.approx([money - 1000])
    assert done.trades.exit.tolist() == [4]
    assert not done.trades.is_open[0]


def test_whoever_is_short_can_lose_everything_and_no_more():
    made = [(100, 100, 100, 100), (100, 100, 90, 90), (90, 250, 90, 250), (250, 250, 200, 200), (200, 200, 100, 100)]
    done = simulate(Momentum(1, allow_short=True), prices([tuple(map(float, bar)) for bar in made]), 1000.0, Costs())
    assert done.ruined
    assert done.equity.tolist() == [1000, 1000, 0, 0, 0]
    assert (done.trades.profit.tolist(), done.trades.exit.tolist()) == ([-1000.0], [2])


def test_constant_prices_decide_nothing():
    made = [(0.1, 0.1, 0.1, 0.1)] * 300
    for rule in (MovingAverageCrossover(7, 93, allow_short=True), MeanReversion(9, 0.1, 0.0, allow_short=True)):
        assert not simulate(rule, prices(made), 1.0, Costs()).decisions.any()


@given(RULES)
def test_rules_survive_being_stored(rule):
    assert rule_of(kind_of(rule), parameters_of(rule)) == rule
    rule.check()


def test_every_kind_has_a_rule():
    assert {
        kind_of(rule)
        for rule in (MovingAverageCrossover(1, 2), MeanReversion(2, 1, 0), Momentum(1), Breakout(1, 1), BuyAndHold())
    } == set(StrategyKind)


@pytest.mark.parametrize(
    "rule",
    [
        MovingAverageCrossover(5, 5),
        MovingAverageCrossover(0, 5),
        MovingAverageCrossover(5, 501),
        MeanReversion(1, 1, 0),
        MeanReversion(5, 1, 1),
        MeanReversion(5, float("nan"), 0),
        Momentum(0),
        Momentum(1, -0.1),
        Momentum(1, float("inf")),
        Breakout(0, 1),
        Breakout(1, 501),
    ],
)
def test_parameters_out_of_range_are_named(rule):
    with pytest.raises(InvalidValue):
        rule.check()
