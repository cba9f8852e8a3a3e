"""Trading: instruments, market data, strategies, backtests, and portfolios that trade on paper.

Owns the entity `Instrument`, by `id`. Tells of
`trading.instrument_created`; listens to nothing.
"""
