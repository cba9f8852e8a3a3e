"""Who gets which variant, and what the difference between two variants is worth."""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar
from uuid import UUID

__all__ = ["LEAST_EXPECTED", "SIGNIFICANT_BELOW", "Comparison", "compared", "variant_for"]

SIGNIFICANT_BELOW: Final = 0.05
LEAST_EXPECTED: Final = 5
"""Successes and failures that each side must have had by chance for the normal distribution to be near enough."""


class _Weighted(Protocol):
    @property
    def weight(self) -> int: ...


W = TypeVar("W", bound=_Weighted)


def variant_for(campaign_id: UUID, contact_id: UUID, variants: Sequence[W]) -> W:
    """The variant that somebody gets: by a hash of campaign and contact, in the proportion of the weights.

    The same one whenever it is asked, and independent of what they got in other campaigns.

    Args:
        variants: at least one, in an order that stays.
    """
    digest = hashlib.sha256(campaign_id.bytes + contact_id.bytes).digest()
    share = int.from_bytes(digest[:8], "big") * sum(variant.weight for variant in variants) >> 64
    for variant in variants:
        share -= variant.weight
        if share < 0:
            return variant
    raise AssertionError("the share is less than the sum of the weights")


@dataclass(frozen=True, slots=True)
class Comparison:
    """A variant against the first one, the control, in one rate.

    Attributes:
        difference: of the rates, variant minus control.
        z: how many standard errors that is, if there is enough to go by.
        p_value: how often chance alone makes at least so great a difference, either way.
    """

    difference: float
    z: float | None
    p_value: float | None

    @property
    def is_significant(self) -> bool:
        """Whether chance makes it in fewer than one of twenty."""
        return self.p_value is not None and self.p_value < SIGNIFICANT_BELOW


def compared(control: tuple[int, int], variant: tuple[int, int]) -> Comparison | None:
    """The two-proportion z-test with pooled variance.

    With p1 = x1/n1, p2 = x2/n2 and p = (x1 + x2)/(n1 + n2):
    z = (p2 - p1) / sqrt(p (1 - p) (1/n1 + 1/n2)), and the p-value is erfc(|z| / sqrt 2).

    Args:
        control, variant: how many did it, of how many.

    Returns:
        None if one of the two was sent to nobody; without z and p-value if fewer than `LEAST_EXPECTED` of either would
        have done it, or not have done it, were the rates the same.
    """
    (x1, n1), (x2, n2) = control, variant
    if n1 == 0 or n2 == 0:
        return None
    difference = x2 / n2 - x1 / n1
    pooled = (x1 + x2) / (n1 + n2)
    if min(n1, n2) * min(pooled, 1 - pooled) < LEAST_EXPECTED:
        return Comparison(difference, None, None)
    z = difference / math.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n2))
    return Comparison(difference, z, math.erfc(abs(z) / math.sqrt(2)))
