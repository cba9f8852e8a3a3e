"""What can be traded."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from resolvers.errors import InvalidValue
from resolvers.values import checked_currency, checked_text
from subgraphs.trading.domain.values import PRICE_PLACES, QUANTITY_PLACES, AssetKind, checked_amount

__all__ = ["Instrument", "changed", "check_price", "check_quantity", "new_instrument"]

_SYMBOL: Final = re.compile(r"[A-Z0-9][A-Z0-9.:/_-]{0,31}")


@dataclass(frozen=True, slots=True)
class Instrument:
    """A row of `trading.instruments`, without its tenant.

    Attributes:
        symbol: the tenant's only one, in capitals.
        tick_size: prices are whole multiples of it.
        lot_size: quantities are whole multiples of it.
        active: whether new orders are taken.
        revision: grows with every change of its bars; 0 while it has none.
    """

    id: UUID
    symbol: str
    name: str
    kind: AssetKind
    currency: str
    venue: str
    tick_size: Decimal
    lot_size: Decimal
    active: bool
    revision: int
    version: int
    created_at: datetime
    updated_at: datetime


def new_instrument(instrument_id: UUID, values: dict[str, Any], now: datetime) -> Instrument:
    """An instrument without bars.

    Args:
        values: by attribute: `symbol`, `name`, `kind`, `currency`, `venue`, `tick_size`, `lot_size`.

    Raises:
        InvalidValue: one of them breaks its rule.
    """
    symbol = values["symbol"].strip().upper()
    if _SYMBOL.fullmatch(symbol) is None:
        raise InvalidValue("symbol", "must be 1 to 32 letters, digits and .:/_-, and begin with a letter or digit")
    return Instrument(
        id=instrument_id,
        symbol=symbol,
        name=checked_text("name", values["name"], 200),
        kind=values["kind"],
        currency=checked_currency("currency", values["currency"]),
        venue=checked_text("venue", values["venue"], 50, least=0),
        tick_size=checked_amount("tickSize", values["tick_size"], PRICE_PLACES),
        lot_size=checked_amount("lotSize", values["lot_size"], QUANTITY_PLACES),
        active=True,
        revision=0,
        version=1,
        created_at=now,
        updated_at=now,
    )


def changed(
    instrument: Instrument, now: datetime, *, name: str | None, venue: str | None, active: bool | None
) -> Instrument:
    """The instrument with what is given changed, one version on.

    Raises:
        InvalidValue: the name is blank, or a text too long.
    """
    return replace(
        instrument,
        name=instrument.name if name is None else checked_text("name", name, 200),
        venue=instrument.venue if venue is None else checked_text("venue", venue, 50, least=0),
        active=instrument.active if active is None else active,
        version=instrument.version + 1,
        updated_at=now,
    )


def check_price(instrument: Instrument, field: str, price: Decimal) -> Decimal:
    """A price that the instrument can have.

    Raises:
        InvalidValue: not above zero, or between two ticks.
    """
    checked_amount(field, price, PRICE_PLACES)
    if price % instrument.tick_size:
        raise InvalidValue(field, f"must be a multiple of the tick size {instrument.tick_size.normalize():f}")
    return price


def check_quantity(instrument: Instrument, field: str, quantity: Decimal) -> Decimal:
    """A quantity of which the instrument can be traded.

    Raises:
        InvalidValue: not above zero, or no whole number of lots.
    """
    checked_amount(field, quantity, QUANTITY_PLACES)
    if quantity % instrument.lot_size:
        raise InvalidValue(field, f"must be a multiple of the lot size {instrument.lot_size.normalize():f}")
    return quantity
