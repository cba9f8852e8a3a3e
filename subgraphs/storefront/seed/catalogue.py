"""The demo shops' kinds of products, and who supplies them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time
from decimal import Decimal
from typing import Any

FIRST_PRODUCT = 126
FLAVOURS = {
    "acme": ("Meadow", "Harbour", "Ember", "Granite", "Aurora"),
    "globex": ("Signal", "Cobalt", "Maple", "Vector", "Lumen"),
}
CHANNELS = {"default-channel": ("USD", Decimal(1)), "channel-pln": ("PLN", Decimal("4.05"))}
"""Currencies of the channels, and how their prices relate to those below."""

UNPUBLISHED = {139: "default-channel", 140: "channel-pln"}
"""Products that the shops do not show in a channel."""


@dataclass(frozen=True, slots=True)
class Kind:
    """Five products that differ by their flavour.

    Attributes:
        price: in the default channel.
        variants: how many each has.
        supplier: key in `SUPPLIERS`; None for what is digital.
        cost_share: of the price, what the supplier asks.
    """

    name: str
    price: Decimal
    variants: int
    supplier: str | None
    cost_share: Decimal
    text: str


KINDS = (
    Kind("T-shirt", Decimal("20.00"), 2, "porto", Decimal("0.42"), "Soft cotton, cut straight, made to be washed."),
    Kind("Hoodie", Decimal("45.50"), 2, "porto", Decimal("0.48"), "Brushed inside, with a pocket that holds a book."),
    Kind("Sneakers", Decimal("79.90"), 2, "porto", Decimal("0.55"), "A light sole and laces that stay tied."),
    Kind("Mug", Decimal("12.25"), 2, "leipzig", Decimal("0.35"), "Stoneware for a third of a litre, dishwasher safe."),
    Kind(
        "Juice", Decimal("1.99"), 1, "leipzig", Decimal("0.60"), "Pressed fruit, nothing added, in a returnable bottle."
    ),
    Kind("Coffee", Decimal("8.49"), 1, "leipzig", Decimal("0.52"), "Whole beans, roasted on Mondays."),
    Kind("Cushion", Decimal("24.00"), 2, "porto", Decimal("0.44"), "Linen outside, wool inside."),
    Kind("Audiobook", Decimal("9.95"), 1, None, Decimal(0), "Six hours, read by the author."),
)

_WEEK = [0, 1, 2, 3, 4]
SUPPLIERS: dict[str, dict[str, Any]] = {
    "porto": {
        "name": "Fios do Porto",
        "country_code": "PT",
        "time_zone": "Europe/Lisbon",
        "cutoff": time(14, 0),
        "working_days": _WEEK,
        "handling_days": 1,
        "transit_min_days": 2,
        "transit_max_days": 4,
    },
    "leipzig": {
        "name": "Hof und Handel Leipzig",
        "country_code": "DE",
        "time_zone": "Europe/Berlin",
        "cutoff": time(11, 30),
        "working_days": [*_WEEK, 5],
        "handling_days": 0,
        "transit_min_days": 1,
        "transit_max_days": 3,
    },
    "far": {
        "name": "Pearl Delta Trading",
        "country_code": "CN",
        "time_zone": "Asia/Shanghai",
        "cutoff": time(17, 0),
        "working_days": [*_WEEK, 5],
        "handling_days": 3,
        "transit_min_days": 12,
        "transit_max_days": 25,
    },
}

QUESTIONS = (
    "How long does the {name} last if I use it every day?",
    "Where does the {name} come from?",
    "Is there a larger {name}?",
)
ANSWERS = (
    "Years, if you follow the care label. Should it fail within two, we replace it.",
    "The supplier is named on the label; we visit them once a year.",
)
