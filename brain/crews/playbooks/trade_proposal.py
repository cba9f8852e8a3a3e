"""Orders that bring a portfolio to what a strategy says.

| the signal | the portfolio | order |
|---|---|---|
| LONG | holds nothing of it | buy for a tenth of its equity, or the cash that is left if that is less |
| anything else | holds some | sell all |

Limits are half a percent beyond the newest close, in whole ticks, so that what a person approves cannot become much
dearer meanwhile. What has an open order, is not active, is priced in another currency or has no bars is left alone.
"""

from collections.abc import Iterator, Mapping
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from typing import Any, Final

from brain.crews.errors import SubjectMissing
from brain.crews.playbooks.steps import Call, Given, Playbook

__all__ = ["propose"]

SHARE: Final = Decimal("0.1")
BEYOND: Final = Decimal("0.005")
_BASIS_POINT: Final = Decimal("0.0001")


def propose(given: Given) -> Playbook:  # noqa: ARG001 - all playbooks take it
    """The orders, in the order of the signals."""
    portfolio = (yield Call("read_portfolio")).get("portfolio")
    if portfolio is None:
        raise SubjectMissing("There is no such portfolio.")
    signals = (yield Call("read_signals")).get("tradingSignals") or []
    orders = list(_orders(portfolio, signals))
    bought = sum(1 for order in orders if order["side"] == "BUY")
    summary = f"Buy {bought} and sell {len(orders) - bought} of {len(signals)} instruments." if orders else _NOTHING
    return {"summary": summary, "orders": orders}


_NOTHING: Final = "The portfolio is as the strategy wants it: nothing is to be done."


def _orders(portfolio: Mapping[str, Any], signals: list[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    held = {node["instrument"]["id"]: Decimal(node["quantity"]) for node in _nodes(portfolio["positions"])}
    busy = {node["instrument"]["id"] for node in _nodes(portfolio["orders"])}
    cash = Decimal(portfolio["availableCash"])
    # Amount and commission of an order are rounded to coins, each by less than one.
    fee = 1 + Decimal(portfolio["commissionBps"]) * _BASIS_POINT
    share = Decimal(portfolio["valuation"]["equity"]) * SHARE
    for signal in signals:
        instrument = signal.get("instrument")
        if instrument is None or instrument["id"] in busy or not _tradable(instrument, portfolio):
            continue
        close, tick = Decimal(instrument["newestBar"]["close"]), Decimal(instrument["tickSize"])
        quantity = held.get(instrument["id"], Decimal(0))
        if signal["kind"] == "LONG" and not quantity:
            limit = _whole(close * (1 + BEYOND), tick, ROUND_UP)
            quantity = _whole((min(share, cash) - 2) / (limit * fee), Decimal(instrument["lotSize"]), ROUND_DOWN)
            if quantity > 0:
                cash -= limit * fee * quantity + 2
                yield _order(instrument, "BUY", quantity, limit, f"{instrument['symbol']}: the strategy is long of it")
        elif signal["kind"] in ("FLAT", "SHORT") and quantity:
            limit = max(tick, _whole(close * (1 - BEYOND), tick, ROUND_DOWN))
            yield _order(instrument, "SELL", quantity, limit, f"{instrument['symbol']}: the strategy is out of it")


def _tradable(instrument: Mapping[str, Any], portfolio: Mapping[str, Any]) -> bool:
    priced = instrument.get("newestBar") is not None and instrument["currency"] == portfolio["currency"]
    return bool(priced and instrument["active"])


def _order(instrument: Mapping[str, Any], side: str, quantity: Decimal, limit: Decimal, reason: str) -> dict[str, Any]:
    return {
        "instrumentId": instrument["id"],
        "side": side,
        "quantity": _text(quantity),
        "limitPrice": _text(limit),
        "reason": f"{reason} at {_text(Decimal(instrument['newestBar']['close']))} {instrument['currency']}.",
    }


def _whole(number: Decimal, step: Decimal, rounding: str) -> Decimal:
    return (number / step).quantize(Decimal(1), rounding) * step


def _text(number: Decimal) -> str:
    return format(number.normalize(), "f")


def _nodes(connection: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [edge["node"] for edge in connection["edges"]]
