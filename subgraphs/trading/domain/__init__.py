"""The rules of trading: instruments, bars, strategies, backtests, orders. Python and NumPy; nothing is read here."""
