"""Where a variant's items come from."""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["Stock", "allocate", "available"]


@dataclass(frozen=True, slots=True)
class Stock:
    """A variant in one warehouse: how many are there, and how many of those are promised to orders."""

    id: int
    quantity: int
    allocated: int

    @property
    def free(self) -> int:
        """How many can be promised."""
        return max(0, self.quantity - self.allocated)


def available(stocks: Sequence[Stock]) -> int:
    """How many can be promised altogether."""
    return sum(stock.free for stock in stocks)


def allocate(stocks: Sequence[Stock], quantity: int) -> dict[int, int] | None:
    """How many items to take from which stock; None if there are not enough.

    The fullest warehouse comes first, so that an order is split as rarely as can be.
    """
    taken: dict[int, int] = {}
    for stock in sorted(stocks, key=lambda each: (-each.free, each.id)):
        if not quantity:
            break
        part = min(quantity, stock.free)
        if part:
            taken[stock.id] = part
            quantity -= part
    return None if quantity else taken
