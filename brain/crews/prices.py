"""What calls of language models cost. The numbers are data: `prices.yaml`, or the tenant's settings."""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from brain.catalogue.yaml_source import read
from brain.crews.task import EngineChoice

__all__ = ["Price", "price_of"]

_FILE = Path(__file__).parent / "prices.yaml"
_MILLION = 1_000_000
# The same model, as it was on a day, costs the same; another word in its name can make it cost tenfold.
_EDITION = re.compile(r"-(\d{8}|\d{4}-\d{2}-\d{2}|latest)$")


@dataclass(frozen=True, slots=True)
class Price:
    """Micros per million tokens."""

    input_micros: int
    output_micros: int

    def of(self, input_tokens: int, output_tokens: int) -> int:
        """What a call costs, in micros, rounded up."""
        exact = input_tokens * self.input_micros + output_tokens * self.output_micros
        return -(-exact // _MILLION)


def price_of(choice: EngineChoice) -> Price:
    """The price of the model chosen: the tenant's own, else the file's, else that of the dearest model there is."""
    if choice.price is not None:
        return Price(*choice.price)
    prices = _prices()
    name = _EDITION.sub("", f"{choice.provider}/{choice.model}".lower())
    return prices.get(name) or prices.get(f"{choice.provider}/") or prices["*"]


@cache
def _prices() -> dict[str, Price]:
    top = read(_FILE)
    top.text("as_of")
    top.mapping("sources")
    prices = {}
    for name, section in top.sections("prices"):
        prices[name] = Price(section.integer("input"), section.integer("output"))
        section.done()
    top.done()
    return prices
