"""What a checkout costs right now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from resolvers.session import TenantSession
from subgraphs.saleor.domain.money import ZERO, rounded
from subgraphs.saleor.domain.prices import PricedLine, Totals, Voucher, is_applicable, totals
from subgraphs.saleor.repository import catalogue, checkouts

__all__ = ["Priced", "checkout_prices", "price"]


@dataclass(frozen=True, slots=True)
class Priced:
    """A checkout's prices.

    Attributes:
        lines: in the order of the checkout's, those of variants that the channel does not sell any more left out.
        unavailable: the latter.
        gross: of the lines, before the voucher.
        voucher: what is applied, or None.
    """

    totals: Totals
    lines: tuple[Row[Any], ...]
    unavailable: tuple[Row[Any], ...]
    gross: Decimal
    shipping_method: Row[Any] | None
    voucher: Voucher | None


async def price(session: TenantSession, checkout: Row[Any], channel: Row[Any], lines: Sequence[Row[Any]]) -> Priced:
    """The prices of a checkout with these lines."""
    listings = await catalogue.variant_prices(session, channel.id, [line.variant_id for line in lines])
    sold = tuple(line for line in lines if line.variant_id in listings)
    priced = []
    for line in sold:
        listing = listings[line.variant_id]
        unit = listing.price if listing.discounted_price is None else listing.discounted_price
        priced.append(
            PricedLine(rounded(unit, channel.currency), rounded(listing.price, channel.currency), line.quantity)
        )
    method = None
    if checkout.shipping_method_id is not None:
        offered = await checkouts.shipping_methods_of(session, channel.id)
        method = next((each for each in offered if each.id == checkout.shipping_method_id), None)
    voucher = None
    gross = sum((each.unit * each.quantity for each in priced), ZERO)
    if checkout.voucher_code is not None:
        voucher = await checkouts.voucher(session, channel.id, checkout.voucher_code)
        if voucher is not None and not is_applicable(voucher, gross, datetime.now(UTC)):
            voucher = None
    shipping: Decimal = ZERO if method is None else rounded(method.price, channel.currency)
    return Priced(
        totals=totals(priced, shipping, voucher, channel.tax_percent, channel.currency),
        lines=sold,
        unavailable=tuple(line for line in lines if line.variant_id not in listings),
        gross=gross,
        shipping_method=method,
        voucher=voucher,
    )


async def checkout_prices(session: TenantSession, ids: Sequence[UUID]) -> list[Priced]:
    """The prices of checkouts, of which there are few in one query: a batch function."""
    rows = await checkouts.checkouts_by_id(session, ids)
    lines = await checkouts.lines_of(session, ids)
    channels = {row.id: row for row in await catalogue.all_channels(session)}
    return [await price(session, rows[key], channels[rows[key].channel_id], lines.get(key, [])) for key in ids]
