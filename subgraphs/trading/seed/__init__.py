"""Demo data for each demo tenant: three instruments with a year of days that nobody traded, strategies, a backtest,
and a portfolio."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from resolvers.context import RequestContext
from resolvers.demo import TENANTS, demo_id, demo_tenant_id
from resolvers.session import Database, TenantSession
from subgraphs.trading.domain.backtests import Terms, backtest_of, calculated
from subgraphs.trading.domain.generator import Walk, generate
from subgraphs.trading.domain.instruments import Instrument, new_instrument
from subgraphs.trading.domain.orders import OrderKind, OrderRequest, OrderSide
from subgraphs.trading.domain.strategies import (
    MeanReversion,
    Momentum,
    MovingAverageCrossover,
    Rule,
    new_strategy,
)
from subgraphs.trading.domain.values import AssetKind, BarInterval, BarSource
from subgraphs.trading.repository import backtests, bars, instruments, series, strategies
from subgraphs.trading.repository.bars import BarRange
from subgraphs.trading.usecases.broker import place_order
from subgraphs.trading.usecases.portfolios import create_portfolio

__all__ = ["FIRST_DAY", "seed"]

FIRST_DAY = datetime(2025, 1, 1, tzinfo=UTC)
_DAYS = 250
_MADE_AT = datetime(2026, 1, 5, 9, tzinfo=UTC)
_STRATEGIES: dict[str, tuple[str, Rule]] = {
    "crossover": ("Crossover 10/30", MovingAverageCrossover(10, 30)),
    "reversion": ("Back to the mean", MeanReversion(20, 1.5, 0.25)),
    "momentum": ("A month's momentum", Momentum(21, 0.02)),
}
_CURRENCIES = {"acme": "USD", "globex": "EUR"}
_INSTRUMENTS: dict[str, dict[str, Any]] = {
    "shares": {
        "symbol": "DEMO",
        "name": "Demo Industries",
        "kind": AssetKind.EQUITY,
        "lot": 1,
        "price": 100,
        "volatility": 0.25,
    },
    "fund": {
        "symbol": "DEMOX",
        "name": "Demo Index Fund",
        "kind": AssetKind.FUND,
        "lot": 1,
        "price": 50,
        "volatility": 0.14,
    },
    "coin": {
        "symbol": "COIN",
        "name": "Demo Coin",
        "kind": AssetKind.CRYPTO,
        "lot": "0.001",
        "price": 2500,
        "volatility": 0.6,
    },
}


async def seed(database: Database) -> None:
    """Writes each demo tenant's rows in one transaction, unless they were written before."""
    for slug in TENANTS:
        async with database.session(RequestContext.system(demo_tenant_id(slug))) as session:
            (known,) = await instruments.find_instruments(session, [demo_id(slug, "instrument", "shares")])
            if known is None:
                await _instruments(session, slug)
                await _strategies(session, slug)
                await _portfolio(session, slug)


async def _instruments(session: TenantSession, slug: str) -> None:
    made = {key: _instrument(slug, key) for key in _INSTRUMENTS}
    await instruments.add_missing_instruments(session, list(made.values()))
    for key, instrument in made.items():
        described = _INSTRUMENTS[key]
        walk = Walk(f"{slug}/{key}", FIRST_DAY, _DAYS, Decimal(described["price"]), 0.08, described["volatility"])
        days = generate(walk, BarInterval.DAY, instrument.kind, instrument.tick_size)
        await bars.write_bars(session, instrument.id, BarInterval.DAY, BarSource.GENERATED, 1, days, replace=False)


def _instrument(slug: str, key: str) -> Instrument:
    described = _INSTRUMENTS[key]
    values = {
        "symbol": described["symbol"],
        "name": described["name"],
        "kind": described["kind"],
        "currency": _CURRENCIES[slug],
        "venue": "Demo exchange",
        "tick_size": Decimal("0.01"),
        "lot_size": Decimal(described["lot"]),
    }
    return replace(new_instrument(demo_id(slug, "instrument", key), values, _MADE_AT), revision=1)


async def _strategies(session: TenantSession, slug: str) -> None:
    made = [
        new_strategy(demo_id(slug, "strategy", key), name, "For demonstration.", rule, _MADE_AT)
        for key, (name, rule) in _STRATEGIES.items()
    ]
    await strategies.add_missing_strategies(session, made)
    instrument_id = demo_id(slug, "instrument", "shares")
    bars_ = (await series.newest_series(session, [instrument_id], BarRange(BarInterval.DAY), _DAYS))[instrument_id]
    terms = Terms(money=10_000.0, commission_bps=10.0, slippage_bps=5.0, risk_free=0.02)
    found = calculated(made[0].rule, bars_.prices, terms, BarInterval.DAY.per_year(AssetKind.EQUITY))
    backtest, trades = backtest_of(
        demo_id(slug, "backtest", "crossover"),
        made[0],
        instrument_id,
        BarInterval.DAY,
        bars_.at,
        terms,
        found,
        demo_id(slug, "user", "ben"),
        _MADE_AT,
    )
    await backtests.add_backtest(session, backtest, trades)


async def _portfolio(session: TenantSession, slug: str) -> None:
    portfolio_id = demo_id(slug, "portfolio", "growth")
    await create_portfolio(
        session, "Growth", _CURRENCIES[slug], Decimal(10), Decimal(5), Decimal(100_000), portfolio_id=portfolio_id
    )
    request = OrderRequest(OrderSide.BUY, OrderKind.MARKET, Decimal(200), None, None, "For demonstration.")
    await place_order(
        session, portfolio_id, demo_id(slug, "instrument", "fund"), request, None, demo_id(slug, "order", "1")
    )
