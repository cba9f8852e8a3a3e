"""Trading: instruments, market data, strategies, backtests, and portfolios that trade on paper.

Owns the entities `Instrument`, `TradingStrategy`, `Backtest`, `Portfolio` and `TradeOrder`, by `id`. Tells of
`trading.instrument_created`, `trading.backtest_finished`, and `trading.order_placed`, `_filled`
and `_rejected`; listens to nothing.
"""
