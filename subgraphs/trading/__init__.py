"""Trading: instruments, market data, strategies, backtests, and portfolios that trade on paper.

Owns the entities `Instrument`, `TradingStrategy` and `Backtest`, by `id`. Tells of
`trading.instrument_created` and `trading.backtest_finished`; listens to nothing.
"""
