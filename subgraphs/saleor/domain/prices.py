"""What a checkout costs: lines, shipping, a voucher, tax."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from subgraphs.saleor.domain.money import ZERO, TaxedMoney, rounded, split, taxed

__all__ = ["LineTotal", "PricedLine", "Totals", "Voucher", "discount_of", "is_applicable", "totals"]


@dataclass(frozen=True, slots=True)
class PricedLine:
    """So many of one variant.

    Attributes:
        unit: gross price of one, after reductions of the product itself.
        undiscounted_unit: before those.
    """

    unit: Decimal
    undiscounted_unit: Decimal
    quantity: int


@dataclass(frozen=True, slots=True)
class Voucher:
    """A voucher as it is in one channel.

    Attributes:
        kind: ENTIRE_ORDER or SHIPPING.
        value_kind: FIXED or PERCENTAGE.
        value: an amount in the channel's currency, or percent.
        min_spent: least subtotal, or None.
        usage_limit: how many orders may use it, or None.
        used: how many have.
        ends_at: the first moment at which it does not hold any more, or None.
    """

    code: str
    kind: str
    value_kind: str
    value: Decimal
    min_spent: Decimal | None
    usage_limit: int | None
    used: int
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class LineTotal:
    """A line's prices, its share of the voucher's discount taken off."""

    unit: TaxedMoney
    undiscounted_unit: Decimal
    total: TaxedMoney
    undiscounted_total: Decimal


@dataclass(frozen=True, slots=True)
class Totals:
    """`total = subtotal + shipping`; `subtotal` and `shipping` are after the voucher's discount."""

    lines: tuple[LineTotal, ...]
    subtotal: TaxedMoney
    shipping: TaxedMoney
    undiscounted_shipping: Decimal
    total: TaxedMoney
    discount: Decimal


def is_applicable(voucher: Voucher, subtotal: Decimal, now: datetime) -> bool:
    """Whether a checkout may use a voucher now.

    Args:
        subtotal: of its lines, before the voucher.
    """
    return (
        voucher.starts_at <= now
        and (voucher.ends_at is None or now < voucher.ends_at)
        and (voucher.usage_limit is None or voucher.used < voucher.usage_limit)
        and (voucher.min_spent is None or subtotal >= voucher.min_spent)
    )


def discount_of(voucher: Voucher, amount: Decimal, currency: str) -> Decimal:
    """What a voucher takes off an amount: never more than the amount, never less than nothing."""
    off = amount * voucher.value / 100 if voucher.value_kind == "PERCENTAGE" else voucher.value
    return max(ZERO, min(rounded(off, currency), amount))


def totals(
    lines: Sequence[PricedLine],
    shipping: Decimal,
    voucher: Voucher | None,
    tax_percent: Decimal,
    currency: str,
) -> Totals:
    """Prices of a checkout.

    Args:
        shipping: gross price of the delivery, in whole smallest units, as the lines' prices are.
        voucher: one that is applicable, or None.
    """
    gross = [line.unit * line.quantity for line in lines]
    shares, off_shipping = [ZERO] * len(gross), ZERO
    if voucher is not None and voucher.kind == "SHIPPING":
        off_shipping = discount_of(voucher, shipping, currency)
    elif voucher is not None:
        shares = split(discount_of(voucher, sum(gross, ZERO), currency), gross, currency)
    found = []
    for line, whole, share in zip(lines, gross, shares, strict=True):
        total = taxed(whole - share, tax_percent, currency)
        found.append(
            LineTotal(
                unit=taxed((whole - share) / line.quantity, tax_percent, currency),
                undiscounted_unit=line.undiscounted_unit,
                total=total,
                undiscounted_total=line.undiscounted_unit * line.quantity,
            )
        )
    delivery = taxed(shipping - off_shipping, tax_percent, currency)
    subtotal = _sum([line.total for line in found], currency)
    return Totals(
        lines=tuple(found),
        subtotal=subtotal,
        shipping=delivery,
        undiscounted_shipping=shipping,
        total=_sum([subtotal, delivery], currency),
        discount=sum(shares, off_shipping),
    )


def _sum(prices: Sequence[TaxedMoney], currency: str) -> TaxedMoney:
    net, gross = sum((each.net for each in prices), ZERO), sum((each.gross for each in prices), ZERO)
    return TaxedMoney(rounded(net, currency), rounded(gross, currency), currency)
