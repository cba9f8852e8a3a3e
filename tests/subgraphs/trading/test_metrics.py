"""Performance: by hand, and by a second formula."""

import math
import statistics
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from subgraphs.trading.domain.metrics import performance, thinned


def test_a_curve_by_hand():
    # Returns: +10 %, -10 %, 0, +20 %. 100 -> 110 -> 99 -> 99 -> 118.8.
    found = performance(100.0, np.array([110.0, 99.0, 99.0, 118.8]), np.array([10.0, -11.0, 19.8]), 3, 4)
    assert found.total_return == pytest.approx(0.188)
    assert found.annualised_return == pytest.approx(0.188)
    # Mean 5 %; deviations 5, -15, -5, 15: squares 25 + 225 + 25 + 225 = 500, by 3.
    assert found.volatility == pytest.approx(math.sqrt(0.05 / 3) * 2)
    assert found.sharpe == pytest.approx(0.05 / math.sqrt(0.05 / 3) * 2)
    # Falls short once, by 10 %: sqrt(0.01 / 4) = 5 %.
    assert found.sortino == pytest.approx(2.0)
    assert found.max_drawdown == pytest.approx(0.1)
    assert found.win_rate == pytest.approx(2 / 3)
    assert found.profit_factor == pytest.approx(29.8 / 11)
    assert (found.exposure, found.trade_count) == (0.75, 3)


def test_the_risk_free_rate_counts_and_years_are_compounded():
    found = performance(100.0, np.array([101.0, 102.01]), np.zeros(0), 2, 12, risk_free=0.06)
    assert found.annualised_return == pytest.approx(1.01**12 - 1)
    assert found.sharpe is None  # always one percent: nothing varies
    assert found.sortino is None
    assert (found.win_rate, found.profit_factor) == (None, None)
    short = performance(100.0, np.array([101.0, 101.0]), np.zeros(0), 0, 12, risk_free=0.06)
    # Above half a percent a month by half a percent, then below by as much: on average nothing.
    assert short.sharpe == pytest.approx(0.0, abs=1e-12)


def test_ruin_is_minus_one():
    found = performance(100.0, np.array([50.0, 0.0, 0.0]), np.array([-100.0]), 2, 252)
    assert (found.total_return, found.annualised_return, found.max_drawdown) == (-1, -1, 1)
    assert (found.win_rate, found.profit_factor) == (0, 0)


CURVES = st.lists(st.floats(1, 1e6), min_size=2, max_size=40)


@given(CURVES, st.floats(0, 0.1))
def test_a_second_formula_agrees(curve, risk_free):
    found = performance(curve[0], np.array(curve[1:]), np.zeros(0), 0, 252, risk_free)
    returns = [b / a - 1 for a, b in pairwise(curve)]
    assert found.total_return == pytest.approx(math.prod(1 + each for each in returns) - 1, rel=1e-6, abs=1e-8)
    drawdown = max(1 - after / before for place, before in enumerate(curve) for after in curve[place:])
    assert found.max_drawdown == pytest.approx(drawdown, abs=1e-12)
    if found.annualised_return < 1e9:
        logs = math.log(curve[-1] / curve[0]) / len(returns)
        assert found.annualised_return == pytest.approx(math.expm1(252 * logs), rel=1e-6, abs=1e-8)
    if len(returns) > 1:
        deviation = statistics.stdev(returns)
        assert found.volatility == pytest.approx(deviation * math.sqrt(252), rel=1e-9, abs=1e-9)
        excess = statistics.fmean(returns) - risk_free / 252
        if found.sharpe is not None and deviation > 1e-9:
            assert found.sharpe == pytest.approx(math.sqrt(252) * excess / deviation, rel=1e-6, abs=1e-6)
        short = [min(0.0, each - risk_free / 252) for each in returns]
        if found.sortino is not None:
            down = math.sqrt(math.fsum(each * each for each in short) / len(short))
            assert found.sortino == pytest.approx(math.sqrt(252) * excess / down, rel=1e-6, abs=1e-6)


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=300), st.integers(4, 60))
def test_a_thinned_curve_keeps_ends_and_extremes(values, most):
    curve = np.array(values)
    places = thinned(curve, most)
    assert len(places) <= max(most, 4)
    assert places == sorted(set(places))
    assert {places[0], places[-1]} == {0, len(values) - 1}
    shown = curve[places]
    assert (shown.min(), shown.max()) == (curve.min(), curve.max())
