"""What trading refuses."""

from typing import Any

from resolvers.errors import Conflict, NotFound, Refused

__all__ = [
    "BacktestNotFound",
    "BacktestTooLong",
    "CurrencyMismatch",
    "InstrumentInactive",
    "InstrumentNotFound",
    "InsufficientCash",
    "InsufficientPosition",
    "NameTaken",
    "NoMarketPrice",
    "NotEnoughBars",
    "OrderNotFound",
    "OrderNotOpen",
    "PortfolioNotFound",
    "StrategyInUse",
    "StrategyNotFound",
    "SymbolTaken",
    "TooManyOpenOrders",
    "TooManyPositions",
]


class InstrumentNotFound(NotFound):
    """There is no such instrument."""

    code = "INSTRUMENT_NOT_FOUND"


class StrategyNotFound(NotFound):
    """There is no such strategy."""

    code = "STRATEGY_NOT_FOUND"


class BacktestNotFound(NotFound):
    """There is no such backtest."""

    code = "BACKTEST_NOT_FOUND"


class PortfolioNotFound(NotFound):
    """There is no such portfolio."""

    code = "PORTFOLIO_NOT_FOUND"


class OrderNotFound(NotFound):
    """There is no such order."""

    code = "ORDER_NOT_FOUND"


class SymbolTaken(Conflict):
    """Another instrument has this symbol."""

    code = "SYMBOL_TAKEN"


class NameTaken(Conflict):
    """The name is taken."""

    code = "NAME_TAKEN"


class StrategyInUse(Conflict):
    """The strategy has backtests: archive it instead."""

    code = "STRATEGY_IN_USE"


class NotEnoughBars(Refused):
    """There are too few bars for a backtest."""

    code = "NOT_ENOUGH_BARS"


class BacktestTooLong(Refused):
    """There are more bars than one backtest takes: choose a shorter range or a longer interval."""

    code = "BACKTEST_TOO_LONG"


class InstrumentInactive(Refused):
    """The instrument is not traded any more."""

    code = "INSTRUMENT_INACTIVE"


class CurrencyMismatch(Refused):
    """The instrument is priced in another currency than the portfolio's."""

    code = "CURRENCY_MISMATCH"


class NoMarketPrice(Refused):
    """There is no price: the instrument has no bars."""

    code = "NO_MARKET_PRICE"


class InsufficientCash(Refused):
    """The portfolio has too little cash that is not set aside for open orders.

    Args:
        needed, available: amounts in the portfolio's currency.
    """

    code = "INSUFFICIENT_CASH"

    def __init__(self, needed: Any = None, available: Any = None, currency: str = "") -> None:
        text = (
            None if needed is None else f"It takes {needed:f} {currency}, and {available:f} {currency} are available."
        )
        super().__init__(text)


class InsufficientPosition(Refused):
    """The portfolio holds too little of the instrument that is not set aside for open orders."""

    code = "INSUFFICIENT_POSITION"

    def __init__(self, wanted: Any = None, available: Any = None) -> None:
        super().__init__(None if wanted is None else f"{wanted:f} are to be sold, and {available:f} are available.")


class OrderNotOpen(Refused):
    """The order is filled, cancelled or rejected already."""

    code = "ORDER_NOT_OPEN"


class TooManyOpenOrders(Refused):
    """The portfolio has as many open orders as it may have: cancel some first."""

    code = "TOO_MANY_OPEN_ORDERS"


class TooManyPositions(Refused):
    """The portfolio has traded as many instruments as it may trade: open another portfolio."""

    code = "TOO_MANY_POSITIONS"
